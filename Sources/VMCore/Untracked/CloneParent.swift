public import Support

/// What a copy-on-write clone reads the pages through that it has not copied yet.
public protocol CloneParent: AnyObject, Sendable {
    /// The size in bytes, a multiple of the page size.
    var size: UInt64 { get }

    /// Gives the bytes of page `page` to `body`, or nil where it reads as zeros.
    ///
    /// An absent page is got from its source first; a request made for it reaches up to page
    /// `requestEnd` at most. It gives up with `badState` when `isWanted` says no, which it asks
    /// before each request and again after `interruptWait`. `body` runs under a VMO's lock, so it
    /// copies and returns; it may run more than once, and what it was given last counts.
    ///
    /// - Throws: `outOfRange` if there is no such page (any more), what the source throws.
    func withPage(
        _ page: UInt64,
        requestEnd: UInt64,
        isWanted: () -> Bool,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) throws(Status)

    /// Makes a thread that waits for a page, by its `pthread_t`, look again.
    func interruptWait(of thread: UInt)

    /// Keeps `clone`, without a hold on its life, to tell it of each shrink from now on.
    ///
    /// A shrink calls `clone.parentShrank`, with no lock held, before any grow after it.
    func addClone(_ clone: UntrackedVMO)
}
