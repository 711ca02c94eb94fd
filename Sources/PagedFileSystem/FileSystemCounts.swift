public import Support

/// Counts of what applications did, monotonic from the mount on, and gauges of what they hold.
public final class FileSystemCounts: Sendable {
    /// Bytes written by applications.
    public let writtenBytes = Counter()
    /// Open files and directories.
    public let openFiles = Counter()
    /// Backing files that the daemon has open.
    public let backingFiles = Counter()

    init() {}
}
