internal import Support

extension PageTable {
    /// The first maximal run of Dirty and AwaitingClean pages in `page ..< end`; moves `page` to
    /// where the search for the next one goes on.
    @inline(__always)
    mutating func nextReportedRun(from page: inout UInt64, to end: UInt64) -> PageRange? {
        while let segment = nextSegment(from: page, to: end, .reported) {
            let leaf = segment.leaf
            let first = leaf.fields.firstReported(segment.from, segment.to)
            guard first < segment.to else {
                page = segment.end
                continue
            }
            let last = leaf.fields.firstUnreported(first, segment.to)
            var run = PageRange(segment.page(first), segment.page(last))
            if last == leafPages { extend(&run, to: end) }
            // A leaf that has nothing else need not be searched again.
            let isAlone = last - first == leaf.fields.reportedCount
            page = max(run.end, isAlone ? segment.end : 0)
            return run
        }
        return nil
    }

    /// Lengthens a run that ends where a leaf ends.
    private mutating func extend(_ run: inout PageRange, to end: UInt64) {
        while run.end < end, let leaf = leaf(run.end / UInt64(leafPages)) {
            let limit = Int(min(UInt64(leafPages), end - run.end))
            let last = leaf.fields.firstUnreported(0, limit)
            run.end += UInt64(last)
            if last < leafPages { return }
        }
    }

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
