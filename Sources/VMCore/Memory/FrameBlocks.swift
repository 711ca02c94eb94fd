/// Frames in a block, and pages of a VMO that have their places in one: 2 MiB.
///
/// Half as many would make twice as many pieces of a mapping; twice as many would cut more frames
/// off for a mapping of one page.
let blockPages = 512

/// The blocks of an arena: `blockPages` frames each, cut off from the end of its frames.
///
/// They are taken from the end downwards. What is given back at the lower end joins the other
/// frames again.
struct FrameBlocks {
    /// The first frame that is cut off.
    private(set) var start: Int
    /// Frames behind `start` that are in no block in use; ascending, with something between them,
    /// and between `start` and the first.
    private var free: [Range<Int>] = []

    init(frameCount: Int) {
        start = frameCount
    }

    /// Takes `count` blocks that lie together, all behind frame `floor`; nil if there is no room.
    mutating func take(_ count: Int, above floor: Int) -> FrameRun? {
        precondition(count > 0, "taking \(count) blocks")
        let size = count * blockPages
        if let index = free.firstIndex(where: { alignedEnd($0) - size >= $0.lowerBound }) {
            let range = free[index]
            let end = alignedEnd(range)
            let parts = [range.lowerBound..<(end - size), end..<range.upperBound]
            free.replaceSubrange(index...index, with: parts.filter { !$0.isEmpty })
            return FrameRun(start: UInt32(end - size), count: UInt32(size))
        }
        guard start - size >= 0 else { return nil }
        let first = (start - size) / blockPages * blockPages
        guard first >= floor else { return nil }
        if first + size < start { free.insert((first + size)..<start, at: 0) }
        start = first
        return FrameRun(start: UInt32(first), count: UInt32(size))
    }

    /// Gives blocks back.
    mutating func release(_ run: FrameRun) {
        var range = Int(run.start)..<Int(run.end)
        let index = free.firstIndex { $0.lowerBound >= range.lowerBound } ?? free.count
        precondition(
            range.lowerBound >= start
                && (index == 0 || free[index - 1].upperBound <= range.lowerBound)
                && (index == free.count || range.upperBound <= free[index].lowerBound),
            "frames \(run) are in no block in use"
        )
        var merged = index..<index
        if index > 0, free[index - 1].upperBound == range.lowerBound {
            merged = (index - 1)..<index
            range = free[index - 1].lowerBound..<range.upperBound
        }
        if index < free.count, free[index].lowerBound == range.upperBound {
            merged = merged.lowerBound..<(index + 1)
            range = range.lowerBound..<free[index].upperBound
        }
        free.replaceSubrange(merged, with: range.lowerBound == start ? [] : [range])
        if range.lowerBound == start { start = range.upperBound }
    }

    private func alignedEnd(_ range: Range<Int>) -> Int {
        range.upperBound / blockPages * blockPages
    }
}
