/// The knobs of writeback, with Linux's names (`Documentation/admin-guide/sysctl/vm.rst`).
public struct WritebackLimits: Sendable {
    /// Bytes of page memory that the mount may hold at most (`memory=`).
    public var memoryBytes: UInt64
    /// Dirty bytes at which the pager loop begins to write back (`dirty_background_bytes`).
    public var dirtyBackgroundBytes: UInt64
    /// Dirty bytes at which writers wait for writeback (`dirty_bytes`).
    public var dirtyBytes: UInt64
    /// Nanoseconds after which a dirty page must be written back (`dirty_expire`).
    public var dirtyExpireNanoseconds: UInt64
    /// Nanoseconds between two looks of the pager loop at the age of pages (`writeback_interval`).
    public var writebackIntervalNanoseconds: UInt64

    /// Makes limits for a budget of `memoryBytes`; what is not given takes its default.
    ///
    /// Writeback starts at a quarter of the memory and writers wait at three quarters: the gap is
    /// what a burst may use while the disk works, and the last quarter keeps reads going when
    /// everything else is dirty. The times are Linux's defaults, 30 s and 5 s.
    public init(
        memoryBytes: UInt64,
        dirtyBackgroundBytes: UInt64? = nil,
        dirtyBytes: UInt64? = nil,
        dirtyExpireNanoseconds: UInt64? = nil,
        writebackIntervalNanoseconds: UInt64? = nil
    ) {
        let dirty = dirtyBytes ?? max(memoryBytes / 4 * 3, dirtyBackgroundBytes ?? 0)
        self.memoryBytes = memoryBytes
        self.dirtyBytes = min(dirty, memoryBytes)
        self.dirtyBackgroundBytes = dirtyBackgroundBytes ?? min(memoryBytes / 4, self.dirtyBytes)
        self.dirtyExpireNanoseconds = dirtyExpireNanoseconds ?? 30_000_000_000
        self.writebackIntervalNanoseconds = writebackIntervalNanoseconds ?? 5_000_000_000
    }
}
