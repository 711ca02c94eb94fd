public import Support

/// What a mapping needs of the VMO that it shows.
///
/// Byte and page positions are the VMO's own; of a slice or a reference they are those of the VMO
/// at its root.
///
/// Thread safety: any thread.
public protocol MappableMemory: AnyObject, Sendable {
    /// Where the frames of its pages come from.
    var arena: FrameArena { get }

    /// Gives `pages` places of their own, in which their frames lie from now on, and returns them
    /// with the observer that hears of what becomes of the pages: the one that there is already,
    /// or else what `makeObserver` makes.
    ///
    /// The pages may lie beyond the VMO's size. The observer is kept weakly.
    ///
    /// - Throws: `noMemory` if the arena has no room, `notSupported` for a VMO whose pages are
    ///   leased.
    func place(
        _ pages: PageRange,
        observer makeObserver: () -> any MappingObserver
    ) throws(Status) -> (parts: [PlacedPages], observer: any MappingObserver)

    /// Makes a page accessible to a load or store in a mapping: what is absent is requested, and
    /// for a store the page is made Dirty.
    ///
    /// May block in the pager. `install` is called once, under the VMO's lock, with the frame to
    /// show (writable only for a store), or nil for zeros without a frame. It gives up with
    /// `badState` when `isWanted` says no, which it asks again after `interruptWait`.
    ///
    /// Source: a page fault in Zircon; a store sets `modified`.
    ///
    /// - Throws: `outOfRange`, `badState` if detached, what the pager answers, `noMemory`.
    func fault(
        _ page: UInt64,
        isWrite: Bool,
        isWanted: () -> Bool,
        install: (_ frame: UInt32?) -> Void
    ) throws(Status)

    /// Makes a thread that waits for pages, by its `pthread_t`, look at them again.
    func interruptWait(of thread: UInt)

    /// Calls `body`, under the VMO's lock, with each run of the pages that have a frame.
    func forEachResident(_ pages: PageRange, _ body: (PageRange) -> Void)

    /// Gives pages frames; source: `ZX_VMO_OP_COMMIT`.
    func commit(_ pages: PageRange) throws(Status)
    /// Takes the frames of pages away; source: `ZX_VMO_OP_DECOMMIT`.
    func decommit(_ pages: PageRange) throws(Status)
    /// Requests absent pages; source: `ZX_VMO_OP_PREFETCH`.
    func prefetch(_ pages: PageRange) throws(Status)
    /// Requests absent pages as far as possible; source: `ZX_VMO_OP_ALWAYS_NEED`.
    func alwaysNeed(_ pages: PageRange)
    /// Makes Clean pages the first to be evicted; source: `ZX_VMO_OP_DONT_NEED`.
    func dontNeed(_ pages: PageRange)
}
