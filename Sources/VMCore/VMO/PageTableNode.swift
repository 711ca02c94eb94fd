/// An inner node of the page table: up to 64 children, each a node or a leaf, and what is known
/// about each of them.
///
/// Child `slot` is or covers the leaves `firstLeaf + slot << shift ..< firstLeaf + (slot + 1) <<
/// shift`. A node has two children or more. `NodeReference` has the children themselves: a node
/// with few has little room, and they lie together there, in the order of their slots.
struct PageTableNode {
    /// Children of a node at most: as many as a word has bits.
    static let childCountMax = 64
    /// The bits of a leaf's number that choose a child.
    static let slotBits: UInt64 = 6

    /// The number of the first leaf that the node covers; a multiple of what it covers.
    let firstLeaf: UInt64
    /// Children that exist.
    var present: UInt64 = 0
    /// Children with a Dirty or AwaitingClean page somewhere below.
    private(set) var reported: UInt64 = 0
    /// Children with a Clean page somewhere below.
    private(set) var clean: UInt64 = 0
    /// Bits of a leaf's number below those that choose a child; a multiple of `slotBits`.
    private let shiftBits: UInt8
    /// How many children there is room for.
    let capacity: UInt8

    /// Makes a node without children, with room for `capacity` of them.
    init(firstLeaf: UInt64, shift: UInt64, capacity: Int) {
        self.firstLeaf = firstLeaf
        shiftBits = UInt8(shift)
        self.capacity = UInt8(capacity)
    }

    /// A node like `other` with room for `capacity` children.
    init(_ other: PageTableNode, capacity: Int) {
        self.init(firstLeaf: other.firstLeaf, shift: other.shift, capacity: capacity)
        (present, reported, clean) = (other.present, other.reported, other.clean)
    }

    @inline(__always) var shift: UInt64 { UInt64(shiftBits) }

    /// Whether the node covers leaf `index`, whether or not it exists.
    @inline(__always)
    func covers(_ index: UInt64) -> Bool {
        (index ^ firstLeaf) >> (shift + Self.slotBits) == 0
    }

    /// The slot of leaf `index`, which the node covers.
    @inline(__always)
    func slot(_ index: UInt64) -> Int { Int(index >> shift) & (Self.childCountMax - 1) }

    @inline(__always)
    func has(_ slot: Int) -> Bool { present >> UInt64(slot) & 1 != 0 }

    /// Where the child in `slot` is, or would be put, among the children.
    @inline(__always)
    func place(_ slot: Int) -> Int {
        // Where there is room for all of them, each has its own place, which costs no count.
        hasPlaceForAll ? slot : (present & ~(~0 << UInt64(slot))).nonzeroBitCount
    }

    /// Whether each slot has its own place.
    @inline(__always) var hasPlaceForAll: Bool { capacity == Self.childCountMax }

    /// Slots that a walk over reported children goes through: where children lie together, all, to
    /// keep count of their places.
    @inline(__always) var visitable: UInt64 { hasPlaceForAll ? reported : present }

    /// Notes what is known about child `slot`.
    @inline(__always)
    mutating func note(_ slot: Int, _ summary: LeafSummary) {
        let bit = UInt64(1) << UInt64(slot)
        if summary.hasReported { reported |= bit } else { reported &= ~bit }
        if summary.hasClean { clean |= bit } else { clean &= ~bit }
    }

    /// What is known about all children together.
    @inline(__always)
    var summary: LeafSummary { LeafSummary(hasReported: reported != 0, hasClean: clean != 0) }
}
