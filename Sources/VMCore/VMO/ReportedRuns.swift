internal import Support

/// The maximal runs of Dirty and AwaitingClean pages of a page table in a window, in order.
///
/// The table must not change meanwhile.
struct ReportedRuns {
    private let end: UInt64
    private var leaves: LeafWalk
    /// The first page of the current leaf, and its reported pages that are still to come.
    private var base: UInt64 = 0
    private var rest: UInt64 = 0

    /// Begins before the first run; about `expected` of them are wanted.
    @inline(__always)
    init(_ table: borrowing PageTable, in window: PageRange, expected: Int) {
        end = window.end
        leaves = LeafWalk(
            table.root,
            from: window.start / UInt64(leafPages),
            expected: expected
        )
        if step(), window.start > base { rest &= ~0 << (window.start - base) }
    }

    /// Goes on to the next leaf; false if there is none.
    @inline(__always)
    private mutating func step() -> Bool {
        guard let leaf = leaves.next() else { return false }
        base = leaf.fields.base
        rest = leaf.fields.reported.word
        if base < end, end - base >= UInt64(leafPages) { return true }
        rest = base < end ? rest & ~(~0 << (end - base)) : 0
        return base < end
    }

    /// The next run.
    @inline(__always)
    mutating func next() -> PageRange? {
        while rest == 0 { guard step() else { return nil } }
        let first = UInt64(rest.trailingZeroBitCount)
        // The lowest bits that are set one after the other.
        let carried = rest &+ (1 << first)
        let last = carried == 0 ? UInt64(leafPages) : UInt64(carried.trailingZeroBitCount)
        var run = PageRange(base + first, base + last)
        rest &= carried
        // A run that reaches a leaf's end goes on where the next one starts with a bit.
        while run.end == base + UInt64(leafPages), step() {
            guard base == run.end, rest & 1 != 0 else { break }
            let count = UInt64((~rest).trailingZeroBitCount)
            run.end += count
            rest &= rest &+ 1
        }
        return run
    }
}
