public import Support
public import VMCore

/// A file as writeback sees it: a VMO with dirty pages and a place to put them.
///
/// Thread safety: any thread may call; the calls that write are made only behind `gate`.
public protocol WritebackTarget: AnyObject, Sendable {
    /// The pages.
    var vmo: VirtualMemoryObject { get }
    /// The truncate lock of the file.
    var gate: TicketGate { get }
    /// The path for messages and events; empty where it has none any more.
    var label: String { get }
    /// Whether anybody could read the data later: false once the last name and the last open file
    /// are on their way out. Such data is written only to win memory back. Asked under a lock, so
    /// it must take none.
    var isWorthKeeping: Bool { get }

    /// Writes the leased pages to where they belong, cut at the size of the file, which must be
    /// read now, after BEGIN. Returns the bytes written.
    func write(_ lease: borrowing PageLease) throws(FlushFailure) -> UInt64
    /// Makes the pages read as zeros in the backing file. Returns the bytes deallocated.
    func makeZero(_ pages: PageRange) throws(FlushFailure) -> UInt64
    /// Called when the pager loop has taken the file from its queue: the next write that dirties a
    /// page must queue it again.
    func willFlushInBackground()
    /// Called after the writes and before END: pages are about to become clean or absent, so
    /// page-ins that read the backing file before this moment must read it again.
    func willEndWriteback()
    /// Gives the backing file the size and times that the file has in the mount; for a sync, times
    /// may wait if nobody set them by hand.
    func writeAttributes(isSync: Bool) throws(FlushFailure)
    /// The outcome of a flush, for the open files that must hear of an error.
    func flushDidEnd(_ failure: FlushFailure?)
}
