/// The name of an entry in a directory: any bytes but NUL and `/`, and at least one.
///
/// `.` and `..` are names, and directories list them, but no `StoreNode` call takes them. A name
/// that is too long is the backing file system's to refuse.
public struct FileName: Sendable, Hashable {
    private let string: ByteString

    /// Makes a name of the bytes, or nil if they cannot be one.
    public init?(bytes: some Collection<UInt8>) {
        let slash = UInt8(ascii: "/")
        guard !bytes.isEmpty, !bytes.contains(slash), let string = ByteString(bytes) else {
            return nil
        }
        self.string = string
    }

    /// Makes a name of the UTF-8 bytes of `string`, or nil if they cannot be one.
    public init?(_ string: String) {
        self.init(bytes: string.utf8)
    }

    /// Makes a name of the NUL-terminated bytes at `cString`, or nil if they cannot be one.
    public init?(cString: UnsafePointer<CChar>) {
        // SAFETY: the caller gives a C string; the bytes are copied before this returns.
        unsafe self.init(bytes: cStringBytes(at: cString))
    }

    /// The bytes, without a terminator.
    public var bytes: ArraySlice<UInt8> { string.bytes }

    /// The number of bytes.
    public var byteCount: Int { string.bytes.count }

    /// `..`, the directory above.
    static let parent: FileName = ".."
    /// The directory itself.
    static let itself: FileName = "."

    /// Whether this is `.` or `..`.
    public var isDotOrDotDot: Bool {
        let dot = UInt8(ascii: ".")
        return byteCount <= 2 && bytes.allSatisfy { $0 == dot }
    }

    /// Whether this is `.`.
    public var isDot: Bool { byteCount == 1 && isDotOrDotDot }

    /// Calls `body` with the name as a C string, valid only inside `body`.
    public func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe string.withCString(body)
    }
}

extension FileName: ExpressibleByStringLiteral {
    /// Makes a name of a literal, which must be one.
    public init(stringLiteral literal: String) {
        guard let name = FileName(literal) else {
            preconditionFailure("\"\(literal)\" cannot be a file name")
        }
        self = name
    }
}

extension FileName: CustomStringConvertible {
    /// The name for a message: what is not UTF-8 is replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
