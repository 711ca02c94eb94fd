/// Which dirty ranges of which file are asked for.
public struct DirtyQuery: Hashable, Codable, Sendable {
    /// The file.
    public var file: FileReference
    /// The first byte of the part that is asked about, a multiple of the page size.
    public var offset: UInt64
    /// The bytes of that part, a multiple of the page size; nil for the rest of the file.
    public var length: UInt64?
    /// The most ranges to return; nil for all.
    public var limit: UInt64?

    /// Asks for the dirty ranges of `file`.
    public init(
        file: FileReference,
        offset: UInt64 = 0,
        length: UInt64? = nil,
        limit: UInt64? = nil
    ) {
        self.file = file
        self.offset = offset
        self.length = length
        self.limit = limit
    }
}
