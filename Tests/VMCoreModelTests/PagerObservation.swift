import Support
import VMCore

/// Everything that can be seen of a VMO with a pager at a port while nobody is at work on it.
struct PagerObservation: Hashable {
    /// A run of zeros as the core keeps it: dirty, with how much of it is under writeback.
    struct Interval: Hashable {
        let start: UInt64
        let end: UInt64
        let isDirty: Bool
        let awaitingCleanLength: UInt64
    }

    var slots: [PagerOracle.Slot] = []
    var intervals: [Interval] = []
    /// The content of pages that are not Empty, in units; nil for an Empty one.
    var contents: [[UInt8]?] = []
    var dirtyRanges: [DirtyRange] = []
    var committedPages = 0
    var streamSize: UInt64 = 0
    var isModified = false
    /// What each call has come to; nil for those that wait.
    var calls: [Int: PagerOracle.Outcome?] = [:]
    /// The packets that the pager has read since it was last looked.
    var packets: [PagerOracle.Packet] = []

    /// What differs from `other`.
    func difference(from other: PagerObservation) -> String {
        var parts: [String] = []
        func compare<Value: Equatable>(_ name: String, _ path: KeyPath<Self, Value>) {
            let (mine, its) = (self[keyPath: path], other[keyPath: path])
            if mine != its { parts.append("\(name): \(mine), not \(its)") }
        }
        compare("slots", \.slots)
        compare("intervals", \.intervals)
        compare("contents", \.contents)
        compare("dirty ranges", \.dirtyRanges)
        compare("committed pages", \.committedPages)
        compare("stream size", \.streamSize)
        compare("modified", \.isModified)
        compare("calls", \.calls)
        compare("packets", \.packets)
        return parts.joined(separator: "\n")
    }
}

extension PagerOracle {
    /// What should be seen, of packets `packets`.
    func observation(packets: [Packet]) -> PagerObservation {
        var seen = PagerObservation()
        seen.slots = (0..<size).map { slot($0) }
        seen.contents = (0..<size).map { slot($0) == .empty ? nil : units($0) }
        seen.intervals = intervals.map { interval in
            PagerObservation.Interval(
                start: interval.start,
                end: interval.end,
                isDirty: interval.isDirty,
                awaitingCleanLength: interval.awaitingCleanLength
            )
        }
        seen.dirtyRanges = dirtyRanges
        seen.committedPages = pages.count
        seen.streamSize = streamSize
        seen.isModified = isModified
        seen.calls = calls.mapValues(\.outcome)
        seen.packets = packets
        return seen
    }
}
