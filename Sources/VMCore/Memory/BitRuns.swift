/// The bits of `from ..< to` that lie in word number `word`, as a mask for that word.
///
/// Preconditions:
/// - `from < to`, and the run shares a bit with the word.
@inline(__always)
func wordMask(_ word: Int, _ from: Int, _ to: Int) -> UInt64 {
    let low = max(from - word << 6, 0)
    let high = min(to - word << 6, 64)
    return (~0 << UInt64(low)) & (~0 >> UInt64(64 - high))
}

/// The first bit set in `from ..< to` of a bitmap whose words `word` gives; `to` if none is.
@inline(__always)
func firstBit(_ from: Int, _ to: Int, _ word: (Int) -> UInt64) -> Int {
    var index = from
    while index < to {
        let bits = word(index >> 6) & (~0 << UInt64(index & 63))
        if bits != 0 { return min(to, index & ~63 + bits.trailingZeroBitCount) }
        index = index & ~63 + 64
    }
    return to
}

/// Calls `body` with each word that `from ..< to` touches and the mask of the run in it.
@inline(__always)
func forEachWord(_ from: Int, _ to: Int, _ body: (Int, UInt64) -> Void) {
    var index = from
    while index < to {
        let word = index >> 6
        body(word, wordMask(word, from, to))
        index = (word + 1) << 6
    }
}
