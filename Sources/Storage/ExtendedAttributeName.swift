/// The name of an extended attribute, with its namespace: `user.comment`.
///
/// Unlike a `FileName` it may hold `/`.
public struct ExtendedAttributeName: Sendable, Hashable {
    private let string: ByteString

    /// Makes a name of the bytes, or nil if one of them is NUL or there are none.
    public init?(bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, let string = ByteString(bytes) else { return nil }
        self.string = string
    }

    /// Makes a name of the UTF-8 bytes of `string`, or nil if it holds NUL or is empty.
    public init?(_ string: String) {
        self.init(bytes: string.utf8)
    }

    /// Makes a name of the NUL-terminated bytes at `cString`, or nil if there are none.
    public init?(cString: UnsafePointer<CChar>) {
        // SAFETY: the caller gives a C string; the bytes are copied before this returns.
        unsafe self.init(bytes: cStringBytes(at: cString))
    }

    /// The bytes, without a terminator.
    public var bytes: ArraySlice<UInt8> { string.bytes }

    /// Calls `body` with the name as a C string, valid only inside `body`.
    public func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe string.withCString(body)
    }
}

extension ExtendedAttributeName: ExpressibleByStringLiteral {
    /// Makes a name of a literal, which must be one.
    public init(stringLiteral literal: String) {
        guard let name = ExtendedAttributeName(literal) else {
            preconditionFailure("\"\(literal)\" cannot name an extended attribute")
        }
        self = name
    }
}

extension ExtendedAttributeName: CustomStringConvertible {
    /// The name for a message: what is not UTF-8 is replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
