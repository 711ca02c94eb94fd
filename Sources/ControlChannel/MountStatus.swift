/// The state and the counters of one mount: the document of `status --json`.
///
/// Counters are monotonic from mount; the others are what was so at some recent moment.
public struct MountStatus: Hashable, Codable, Sendable {
    /// Where the tree is seen.
    public var mountpoint: String
    /// The directory that holds it.
    public var backing: String
    /// The daemon's process.
    public var pid: Int32
    /// The daemon's version.
    public var version: String
    /// The unit of dirty tracking in bytes.
    public var pageSize: UInt64 = 4096

    /// Memory in use for pages, in bytes.
    public var memoryBytes: UInt64 = 0
    /// The most that `memory=` allows for pages, in bytes.
    public var memoryLimitBytes: UInt64 = 0
    /// The most that the daemon takes beyond `memoryLimitBytes`, whatever the file sizes.
    public var overheadLimitBytes: UInt64 = 0
    /// Bytes of pages that are in memory, clean and dirty.
    public var residentBytes: UInt64 = 0
    /// Bytes of dirty pages that hold data.
    public var dirtyBytes: UInt64 = 0
    /// Bytes of dirty zero ranges.
    public var dirtyZeroBytes: UInt64 = 0
    /// Bytes that are being written back now.
    public var writebackBytes: UInt64 = 0
    /// Dirty bytes at which background writeback starts.
    public var dirtyBackgroundBytes: UInt64 = 0
    /// Dirty bytes at which writers wait.
    public var dirtyBytesLimit: UInt64 = 0
    /// Whether background writeback is suspended.
    public var frozen: Bool = false
    /// VMOs that exist, one for each regular file in use.
    public var vmos: UInt64 = 0
    /// Open files as the kernel counts them.
    public var openFiles: UInt64 = 0

    /// Counter: bytes that applications wrote.
    public var writtenBytes: UInt64 = 0
    /// Counter: bytes of data written to the backing directory.
    public var flushedBytes: UInt64 = 0
    /// Counter: runs of data written to the backing directory.
    public var flushedRuns: UInt64 = 0
    /// Counter: zero bytes that needed no I/O.
    public var zeroBytesSkipped: UInt64 = 0
    /// Counter: bytes punched out of backing files.
    public var holePunchedBytes: UInt64 = 0
    /// Counter: pages that were written again while their writeback was under way.
    public var redirtiedPages: UInt64 = 0
    /// Counter: page requests for reading.
    public var pageRequestsRead: UInt64 = 0
    /// Counter: page requests for making pages dirty.
    public var pageRequestsDirty: UInt64 = 0
    /// Counter: bytes read from the backing directory into pages.
    public var suppliedBytes: UInt64 = 0
    /// Counter: clean pages given up to stay within the memory limit.
    public var evictedPages: UInt64 = 0
    /// Counter: time that writers were made to wait.
    public var throttledMilliseconds: UInt64 = 0
    /// Counter: writebacks that failed.
    public var writebackErrors: UInt64 = 0
    /// Counter: trace events that a subscriber was too slow to receive.
    public var traceDropped: UInt64 = 0

    /// The files with dirty pages.
    public var files: [FileStatus] = []

    /// Makes the status of a mount with nothing in it; the caller fills in the rest.
    public init(mountpoint: String, backing: String, pid: Int32, version: String) {
        self.mountpoint = mountpoint
        self.backing = backing
        self.pid = pid
        self.version = version
    }

    private enum CodingKeys: String, CodingKey {
        case mountpoint, backing, pid, version, frozen, vmos, files
        case pageSize = "page_size"
        case memoryBytes = "memory_bytes"
        case memoryLimitBytes = "memory_limit_bytes"
        case overheadLimitBytes = "overhead_limit_bytes"
        case residentBytes = "resident_bytes"
        case dirtyBytes = "dirty_bytes"
        case dirtyZeroBytes = "dirty_zero_bytes"
        case writebackBytes = "writeback_bytes"
        case dirtyBackgroundBytes = "dirty_background_bytes"
        case dirtyBytesLimit = "dirty_bytes_limit"
        case openFiles = "open_files"
        case writtenBytes = "written_bytes"
        case flushedBytes = "flushed_bytes"
        case flushedRuns = "flushed_runs"
        case zeroBytesSkipped = "zero_bytes_skipped"
        case holePunchedBytes = "hole_punched_bytes"
        case redirtiedPages = "redirtied_pages"
        case pageRequestsRead = "page_requests_read"
        case pageRequestsDirty = "page_requests_dirty"
        case suppliedBytes = "supplied_bytes"
        case evictedPages = "evicted_pages"
        case throttledMilliseconds = "throttled_milliseconds"
        case writebackErrors = "writeback_errors"
        case traceDropped = "trace_dropped"
    }
}
