internal import Support

extension PageTable {
    /// How many pages of the range are Dirty or AwaitingClean.
    mutating func reportedCount(in pages: PageRange) -> Int {
        var count = 0
        var page = pages.start
        while let segment = nextSegment(from: page, to: pages.end, .reported) {
            page = segment.end
            count += segment.leaf.fields.dirty.count(segment.from, segment.to)
            count += segment.leaf.fields.awaitingClean.count(segment.from, segment.to)
        }
        return count
    }
}
