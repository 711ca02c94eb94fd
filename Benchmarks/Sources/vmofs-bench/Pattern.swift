/// Data and orders that look random and are the same in every run.
enum Pattern {
    /// Bytes none of whose pages is zero or like another.
    static func block(_ byteCount: Int) -> [UInt8] {
        var generator = Generator(state: 1)
        return (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 56) }
    }

    /// Page-aligned offsets below a file's size, in random order; pages may repeat.
    static func pageOffsets(_ count: Int, within byteCount: Int) -> [Int] {
        var generator = Generator(state: 2)
        return (0..<count).map { _ in
            Int.random(in: 0..<byteCount / Bench.pageBytes, using: &generator) * Bench.pageBytes
        }
    }

    /// SplitMix64: small, fast and seeded.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
