public import Support

/// What the VMOs of one pager hold and have done; any thread may read it at any time.
///
/// The gauges (up to `vmoCount`) are kept by the operations that change the pages and are zero
/// when the last VMO is gone. The others only grow.
public final class PagerStatistics: Sendable {
    /// Pages with a frame.
    public let residentPages = Counter()
    /// Resident pages in state Dirty.
    public let dirtyPages = Counter()
    /// Resident pages in state AwaitingClean.
    public let awaitingCleanPages = Counter()
    /// Dirty zero pages, which have no frame.
    public let dirtyZeroPages = Counter()
    /// VMOs alive.
    public let vmoCount = Counter()

    /// Empty slots filled by the source, with data or with zeros.
    public let suppliedPages = Counter()
    /// Clean pages evicted.
    public let evictedPages = Counter()
    /// Pages that went from AwaitingClean back to Dirty.
    public let redirtiedPages = Counter()
    /// Requests made to sources for absent pages.
    public let readRequests = Counter()
    /// Runs of pages that a write made dirty.
    public let dirtyRequests = Counter()

    init() {}

    /// Adds the difference between two snapshots of one VMO to the gauges.
    func add(_ after: PageCounts, minus before: PageCounts) {
        change(residentPages, by: after.resident - before.resident)
        change(dirtyPages, by: after.dirty - before.dirty)
        change(awaitingCleanPages, by: after.awaitingClean - before.awaitingClean)
        change(dirtyZeroPages, by: after.dirtyZero - before.dirtyZero)
    }

    private func change(_ gauge: borrowing Counter, by amount: Int) {
        if amount != 0 { gauge.add(amount) }
    }
}
