public import SystemPackage

/// What the control server asks of the mount it speaks for; the composition root implements it.
///
/// Thread safety: called from many connection threads at once. Every call may block.
public protocol InspectionProvider: Sendable {
    /// The state, the counters and the files with dirty pages.
    func status() -> MountStatus

    /// The dirty ranges of one file, as `zx_pager_query_dirty_ranges` returns them.
    ///
    /// `offset` and `length` of the query are whole pages. The ranges may be of any size, so the
    /// kernel's own dirty pages should have been handed over before.
    ///
    /// - Throws: `ENOENT` if there is no such file, `EISDIR` or `EINVAL` if it is not a regular
    ///   file, `EINVAL` if the part lies outside the VMO.
    func dirtyRanges(_ query: DirtyQuery) throws(Errno) -> DirtyReport

    /// The files at or below `directory` (a directory, the root, or a file itself) that some
    /// process holds open for writing, as paths below the mountpoint.
    ///
    /// The client makes the kernel hand over the dirty pages of each.
    func filesOpenForWriting(under directory: FileReference) -> [PathBytes]

    /// Writes back each file, subtree or mount, syncs it, and reports one by one in the same order.
    func flush(_ references: [FileReference]) -> [FlushReport]

    /// Suspends background writeback; fsync and flush still work.
    func freeze()

    /// Resumes background writeback.
    func thaw()

    /// Writes back everything and syncs the backing file system, frozen or not.
    ///
    /// Calls `progress` at the start and then a few times a second on the calling thread. Ends
    /// early, with what is left, once `progress` returns false.
    func drain(progress: (DrainProgress) -> Bool) -> DrainResult

    /// Unmounts and makes the daemon end; returns once the mount is gone from the mount table.
    ///
    /// The daemon ends on its own after that, with its control server.
    ///
    /// - Throws: `EBUSY` if a process uses the mount, which then goes on as before.
    func requestUnmount() throws(Errno)

    /// Where events go and subscribers take them from.
    var traceRing: TraceRing { get }
}
