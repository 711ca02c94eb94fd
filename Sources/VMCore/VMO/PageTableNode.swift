/// An inner node of the page table: 64 children, each a node or, on level 1, a leaf, and what is
/// known about each of them.
struct PageTableNode: ~Copyable {
    /// Children that exist.
    private(set) var present: UInt64 = 0
    /// Children with a Dirty or AwaitingClean page somewhere below.
    private(set) var reported: UInt64 = 0
    /// Children with a Clean page somewhere below.
    private(set) var clean: UInt64 = 0
    private var children = InlineArray<64, TableReference?>(repeating: nil)

    /// The child in `slot`, if there is one.
    @inline(__always)
    func child(_ slot: Int) -> TableReference? { children[slot] }

    /// Puts a child in `slot`, or takes it away.
    mutating func setChild(_ slot: Int, _ child: TableReference?) {
        children[slot] = child
        let bit = UInt64(1) << UInt64(slot)
        if child == nil {
            present &= ~bit
            note(slot, LeafSummary())
        } else {
            present |= bit
        }
    }

    /// Notes what is known about child `slot`.
    mutating func note(_ slot: Int, _ summary: LeafSummary) {
        let bit = UInt64(1) << UInt64(slot)
        if summary.hasReported { reported |= bit } else { reported &= ~bit }
        if summary.hasClean { clean |= bit } else { clean &= ~bit }
    }

    /// What is known about all children together.
    var summary: LeafSummary { LeafSummary(hasReported: reported != 0, hasClean: clean != 0) }
}
