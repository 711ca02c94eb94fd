/// The number of pages that one leaf of the page table covers.
let leafPages = 512

/// One bit for each page of a leaf.
struct PageBits {
    var words: InlineArray<8, UInt64> = .init(repeating: 0)

    @inline(__always)
    subscript(index: Int) -> Bool { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }

    /// Sets the bits `from ..< to`.
    @inline(__always)
    mutating func set(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in words[word] |= mask }
    }

    /// Clears the bits `from ..< to`.
    @inline(__always)
    mutating func clear(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in words[word] &= ~mask }
    }

    /// How many of the bits `from ..< to` are set.
    @inline(__always)
    func count(_ from: Int, _ to: Int) -> Int {
        var count = 0
        forEachWord(from, to) { word, mask in count += (words[word] & mask).nonzeroBitCount }
        return count
    }

    /// The first bit of `from ..< to` that is set; `to` if none is.
    @inline(__always)
    func firstOne(_ from: Int, _ to: Int) -> Int { firstBit(from, to) { words[$0] } }

    /// The first bit of `from ..< to` that is clear; `to` if none is.
    @inline(__always)
    func firstZero(_ from: Int, _ to: Int) -> Int { firstBit(from, to) { ~words[$0] } }
}
