/// A file with pages that are not yet in the backing directory: an entry of `status --json`.
public struct FileStatus: Hashable, Codable, Sendable {
    /// The path below the mountpoint.
    public var path: String
    /// Bytes of dirty pages that hold data.
    public var dirtyBytes: UInt64
    /// Bytes of dirty zero ranges, which take no memory.
    public var dirtyZeroBytes: UInt64
    /// Bytes that are being written back now.
    public var writebackBytes: UInt64
    /// How long ago the oldest of the dirty pages became dirty.
    public var oldestDirtyMilliseconds: UInt64
    /// Why the last writeback failed; nil while there is nothing to say.
    public var error: FileError?

    /// Describes the file at `path` below the mountpoint.
    public init(
        path: String,
        dirtyBytes: UInt64,
        dirtyZeroBytes: UInt64,
        writebackBytes: UInt64,
        oldestDirtyMilliseconds: UInt64,
        error: FileError? = nil
    ) {
        self.path = path
        self.dirtyBytes = dirtyBytes
        self.dirtyZeroBytes = dirtyZeroBytes
        self.writebackBytes = writebackBytes
        self.oldestDirtyMilliseconds = oldestDirtyMilliseconds
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case path
        case dirtyBytes = "dirty_bytes"
        case dirtyZeroBytes = "dirty_zero_bytes"
        case writebackBytes = "writeback_bytes"
        case oldestDirtyMilliseconds = "oldest_dirty_milliseconds"
        case error
    }

    /// Writes every key, `error` as null where there is none, so that readers meet one shape.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(dirtyBytes, forKey: .dirtyBytes)
        try container.encode(dirtyZeroBytes, forKey: .dirtyZeroBytes)
        try container.encode(writebackBytes, forKey: .writebackBytes)
        try container.encode(oldestDirtyMilliseconds, forKey: .oldestDirtyMilliseconds)
        try container.encode(error, forKey: .error)
    }
}
