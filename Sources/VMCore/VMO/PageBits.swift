/// The number of pages that one leaf of the page table covers: as many as a word has bits.
///
/// One leaf is one cache line then, and a query of a scattered page loads no more than that. Twice
/// as many would take two lines, half as many as much memory for the bits of half the pages.
let leafPages = 64

/// One bit for each page of a leaf.
struct PageBits: Equatable {
    /// The bits; bit 0 is the leaf's first page.
    private(set) var word: UInt64

    init(_ word: UInt64 = 0) { self.word = word }

    var isEmpty: Bool { word == 0 }

    @inline(__always)
    subscript(index: Int) -> Bool { word >> UInt64(index) & 1 != 0 }

    /// The bits `from ..< to`, set.
    @inline(__always)
    static func mask(_ from: Int, _ to: Int) -> UInt64 {
        (~0 << UInt64(from)) & (~0 >> UInt64(leafPages - to))
    }

    /// Sets the bits of `mask`.
    @inline(__always)
    mutating func set(_ mask: UInt64) { word |= mask }

    /// Clears the bits of `mask`.
    @inline(__always)
    mutating func clear(_ mask: UInt64) { word &= ~mask }

    @inline(__always)
    func union(_ other: PageBits) -> PageBits { PageBits(word | other.word) }

    /// How many of the bits `from ..< to` are set.
    @inline(__always)
    func count(_ from: Int, _ to: Int) -> Int { (word & Self.mask(from, to)).nonzeroBitCount }

    /// The first bit of `from ..< to` that is set; `to` if none is.
    @inline(__always)
    func firstOne(_ from: Int, _ to: Int) -> Int {
        min((word & (~0 << UInt64(from))).trailingZeroBitCount, to)
    }

    /// The first bit of `from ..< to` that is clear; `to` if none is.
    @inline(__always)
    func firstZero(_ from: Int, _ to: Int) -> Int { PageBits(~word).firstOne(from, to) }
}
