// An inner node of the page table.
//
// This is one of the few files with raw pointers.

/// An inner node of the page table: 64 children, each a node or, on level 1, a leaf, and what is
/// known about each of them.
@safe
struct PageTableNode: ~Copyable {
    /// Children of a node: as many as a word has bits.
    static let childCount = 64

    /// Children that exist.
    private(set) var present: UInt64 = 0
    /// Children with a Dirty or AwaitingClean page somewhere below.
    private(set) var reported: UInt64 = 0
    /// Children with a Clean page somewhere below.
    private(set) var clean: UInt64 = 0
    // SAFETY: `childCount` references right behind this node in the same block (`NodeReference`).
    private let children: UnsafeMutablePointer<TableReference?>

    /// Makes a node with its children in `children`, which are nil.
    init(children: UnsafeMutablePointer<TableReference?>) {
        unsafe self.children = unsafe children
    }

    /// The child in `slot`, if there is one.
    @inline(__always)
    func child(_ slot: Int) -> TableReference? {
        // SAFETY: the mask keeps any slot inside.
        unsafe children[slot & (Self.childCount - 1)]
    }

    /// Puts a child in `slot`, or takes it away.
    mutating func setChild(_ slot: Int, _ child: TableReference?) {
        // SAFETY: the mask keeps any slot inside.
        unsafe children[slot & (Self.childCount - 1)] = child
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
