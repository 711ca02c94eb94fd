/// What the writeback of one path did: an entry of `flush --json`.
public struct FlushReport: Hashable, Codable, Sendable {
    /// The path below the mountpoint; empty for the whole mount.
    public var path: String
    /// Files that had something to write.
    public var files: UInt64
    /// Bytes of data written to the backing directory.
    public var bytes: UInt64
    /// Runs of data written to the backing directory.
    public var runs: UInt64
    /// Holes punched or kept instead of writing zeros.
    public var holes: UInt64
    /// What could not be written; empty on success.
    public var errors: [FileError]

    /// Reports on `path`.
    public init(
        path: String,
        files: UInt64 = 0,
        bytes: UInt64 = 0,
        runs: UInt64 = 0,
        holes: UInt64 = 0,
        errors: [FileError] = []
    ) {
        self.path = path
        self.files = files
        self.bytes = bytes
        self.runs = runs
        self.holes = holes
        self.errors = errors
    }
}
