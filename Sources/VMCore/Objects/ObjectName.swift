/// The name of an object, for people who look for it: up to 31 bytes of any encoding.
///
/// Source: `ZX_PROP_NAME`.
public struct ObjectName: Hashable, Sendable {
    /// The bytes that a name takes in C, with the NUL at its end at least.
    ///
    /// Source: `ZX_MAX_NAME_LEN`.
    public static let bufferSize = 32

    /// The name without a NUL.
    public let bytes: [UInt8]

    /// Takes the bytes up to the first NUL, and of them as many as fit.
    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes.prefix(Self.bufferSize - 1).prefix { $0 != 0 })
    }

    /// Takes the UTF-8 of `text` in the same way.
    public init(_ text: String) {
        self.init(text.utf8)
    }

    /// The name as it lies in C: `bufferSize` bytes, NUL after the name.
    public var padded: [UInt8] {
        bytes + repeatElement(0, count: Self.bufferSize - bytes.count)
    }
}
