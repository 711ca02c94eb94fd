public import SystemPackage

/// Data of one file that could not be written to the backing directory.
public struct FileError: Hashable, Codable, Sendable {
    /// The path below the mountpoint.
    public var file: String
    /// The error number.
    public var errno: Int32
    /// What the error number means.
    public var message: String
    /// The first byte that was not written.
    public var offset: UInt64
    /// The number of bytes that were not written; 0 where the failed call was about the whole file.
    public var length: UInt64

    /// Says that `length` bytes of `file` from `offset` met `error`.
    public init(file: String, error: Errno, offset: UInt64, length: UInt64) {
        self.file = file
        self.errno = error.rawValue
        self.message = error.description
        self.offset = offset
        self.length = length
    }
}

extension FileError {
    /// What happened to which bytes, without the file's name.
    public var rangeDescription: String {
        // Numbers from a peer may be anything, so the end is not worked out with `+`.
        length == 0 ? message : "bytes [\(offset),\(offset &+ length)): \(message)"
    }
}
