// Bitmaps inside the leaves of the page table.
//
// This is one of the few files with raw pointers.

/// The number of pages that one leaf of the page table covers.
let leafPages = 512

/// One bit for each page of a leaf: a view of eight words of the leaf's memory.
///
/// A view, not a value: the optimizer copies an inline array of eight words whole before it looks
/// at one of them.
@safe
struct PageBits {
    /// Words in a bitmap.
    static let wordCount = leafPages / 64

    // SAFETY: `wordCount` initialised words of a leaf, live as long as the leaf.
    private let words: UnsafeMutablePointer<UInt64>

    @inline(__always)
    init(words: UnsafeMutablePointer<UInt64>) {
        unsafe self.words = unsafe words
    }

    /// The bits of 64 pages.
    @inline(__always)
    subscript(word word: Int) -> UInt64 {
        assert(word >= 0 && word < Self.wordCount)
        // SAFETY: callers pass the word of a bit below `leafPages`; the mask keeps any other
        // inside the bitmap.
        return unsafe words[word & (Self.wordCount - 1)]
    }

    // Methods rather than a setter: with ThreadSanitizer the compiler (6.3) fails on a nonmutating
    // setter of a value that a computed property returns.

    /// Sets the bits of `mask` in a word.
    @inline(__always)
    func set(mask: UInt64, inWord word: Int) {
        // SAFETY: as in the subscript.
        unsafe words[word & (Self.wordCount - 1)] |= mask
    }

    /// Clears the bits of `mask` in a word.
    @inline(__always)
    func clear(mask: UInt64, inWord word: Int) {
        // SAFETY: as in the subscript.
        unsafe words[word & (Self.wordCount - 1)] &= ~mask
    }

    @inline(__always)
    subscript(index: Int) -> Bool { self[word: index >> 6] >> UInt64(index & 63) & 1 != 0 }

    /// Sets the bits `from ..< to`.
    @inline(__always)
    func set(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in set(mask: mask, inWord: word) }
    }

    /// Clears the bits `from ..< to`.
    @inline(__always)
    func clear(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in clear(mask: mask, inWord: word) }
    }

    /// How many of the bits `from ..< to` are set.
    @inline(__always)
    func count(_ from: Int, _ to: Int) -> Int {
        var count = 0
        forEachWord(from, to) { word, mask in count += (self[word: word] & mask).nonzeroBitCount }
        return count
    }

    /// The first bit of `from ..< to` that is set; `to` if none is.
    @inline(__always)
    func firstOne(_ from: Int, _ to: Int) -> Int { firstBit(from, to) { self[word: $0] } }

    /// The first bit of `from ..< to` that is clear; `to` if none is.
    @inline(__always)
    func firstZero(_ from: Int, _ to: Int) -> Int { firstBit(from, to) { ~self[word: $0] } }
}
