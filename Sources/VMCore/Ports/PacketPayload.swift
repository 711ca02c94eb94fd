/// The 32 bytes of a port packet that its type gives a meaning to, as four words.
public struct PacketPayload: Hashable, Sendable, BitwiseCopyable {
    /// Bytes 0 to 7, the first of them in the lowest bits.
    public var word0: UInt64
    /// Bytes 8 to 15.
    public var word1: UInt64
    /// Bytes 16 to 23.
    public var word2: UInt64
    /// Bytes 24 to 31.
    public var word3: UInt64

    /// Makes a payload, of zeros where nothing is given.
    public init(
        _ word0: UInt64 = 0,
        _ word1: UInt64 = 0,
        _ word2: UInt64 = 0,
        _ word3: UInt64 = 0
    ) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }
}
