internal import Glibc

/// The space and the limits of the backing file system, as `statvfs` gives them.
public struct FileSystemStatistics: Sendable, Hashable {
    /// The preferred size of I/O in bytes.
    public var blockSize: UInt64
    /// The unit of the three block counts, in bytes.
    public var fragmentSize: UInt64
    /// All blocks.
    public var blocks: UInt64
    /// Blocks that are free.
    public var blocksFree: UInt64
    /// Free blocks that a user without privilege may take.
    public var blocksAvailable: UInt64
    /// All inodes; 0 where the file system makes them as needed.
    public var files: UInt64
    /// Inodes that are free.
    public var filesFree: UInt64
    /// Free inodes that a user without privilege may take.
    public var filesAvailable: UInt64
    /// The file system's own id.
    public var identifier: UInt64
    /// The mount flags (`ST_RDONLY` and so on).
    public var flags: UInt64
    /// The longest name in bytes.
    public var nameBytesMax: UInt64

    /// Makes statistics of a file system without any space, to be filled in.
    public init() {
        blockSize = 4096
        fragmentSize = 4096
        blocks = 0
        blocksFree = 0
        blocksAvailable = 0
        files = 0
        filesFree = 0
        filesAvailable = 0
        identifier = 0
        flags = 0
        nameBytesMax = 255
    }

    init(_ status: statvfs) {
        blockSize = UInt64(status.f_bsize)
        fragmentSize = UInt64(status.f_frsize)
        blocks = UInt64(status.f_blocks)
        blocksFree = UInt64(status.f_bfree)
        blocksAvailable = UInt64(status.f_bavail)
        files = UInt64(status.f_files)
        filesFree = UInt64(status.f_ffree)
        filesAvailable = UInt64(status.f_favail)
        identifier = UInt64(status.f_fsid)
        flags = UInt64(status.f_flag)
        nameBytesMax = UInt64(status.f_namemax)
    }

    /// Bytes that a user without privilege may still take.
    public var bytesAvailable: UInt64 {
        let (bytes, overflow) = blocksAvailable.multipliedReportingOverflow(by: fragmentSize)
        return overflow ? .max : bytes
    }
}
