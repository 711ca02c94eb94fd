internal import Support

/// Everything about a VMO that changes: the state behind its lock.
///
/// The operations are extensions in the files of the operations (`VirtualMemoryObject+Write.swift`
/// and so on). They collect frames that lost their page in `freed` and ask for a wake-up in
/// `needsWake`; `VirtualMemoryObject.mutate` does both when the operation is over.
struct VMOState: PlaceableState {
    let arena: FrameArena
    let statistics: PagerStatistics
    /// Whether the pager is asked before a page becomes Dirty.
    let traps: Bool
    /// The size in pages.
    var sizePages: UInt64
    /// The size of the content in bytes: at most the VMO's size.
    var streamSize: UInt64
    var table = PageTable()
    /// Zeros that the pager is to write back.
    var zeros = ZeroIntervalSet()
    /// Zeros beyond the stream size; no page is in both sets.
    var untracked = ZeroIntervalSet()
    /// READ requests: absent pages that the pager is asked for.
    var reads: PageRequestTracker
    /// DIRTY requests: pages that the pager is asked to make Dirty.
    var dirties: PageRequestTracker
    /// Pages held in place.
    var pins = PinCounts()
    /// Whether the pager is gone: what is absent can no longer be had.
    var isDetached = false
    var clones = CloneList()
    /// Whether a shrink has not told all clones yet; no change of size may begin meanwhile.
    var isCuttingClones = false
    /// Where the pages of mapped parts lie.
    var placement = FramePlacement()
    /// Who shows the pages in mappings.
    weak var observer: (any MappingObserver)?
    /// Slots that became Empty while a source works.
    var emptied = EmptiedLog()
    /// Whether content or size changed since the pager last asked.
    var isModified = false
    /// Whether the VMO was discarded: it has no content any more.
    var isDiscarded = false
    /// Where eviction goes on: a leaf number.
    var evictionHand: UInt64 = 0

    var freed = FrameRunList()
    var needsWake = false
    /// AwaitingClean pages that became Dirty, not yet in the statistics.
    var redirtied = 0

    init(
        arena: FrameArena,
        statistics: PagerStatistics,
        sizePages: UInt64,
        streamSize: UInt64,
        queue: PageRequestQueue?,
        traps: Bool
    ) {
        self.arena = arena
        self.statistics = statistics
        self.traps = traps
        self.sizePages = sizePages
        self.streamSize = streamSize
        reads = PageRequestTracker(.read, queue: queue)
        dirties = PageRequestTracker(.dirty, queue: queue)
    }

    /// A run of slots of one kind; `leaf` and the bits `from ..< to` where there is a leaf.
    struct Run {
        var kind: ExtentKind
        var end: UInt64
        var leaf: LeafReference?
        var from = 0
    }

    var counts: PageCounts {
        var counts = PageCounts()
        counts.resident = table.residentCount
        counts.dirty = table.dirtyCount
        counts.awaitingClean = table.awaitingCleanCount
        counts.dirtyZero = zeros.pageCount
        return counts
    }

    /// The run of slots of one kind that starts at `page`.
    ///
    /// It ends at `limit` or earlier, at a leaf's end too, so the next run may be of the same kind.
    @inline(__always)
    mutating func run(at page: UInt64, limit: UInt64) -> Run {
        let index = page / UInt64(leafPages)
        guard let leaf = table.leaf(index) else {
            let next = table.nextLeaf(atOrAfter: index + 1, .present)?.fields.base
            return gap(at: page, limit: min(limit, next ?? limit), leaf: nil, from: 0)
        }
        let base = leaf.fields.base
        let from = Int(page - base)
        let to = Int(min(UInt64(leafPages), limit - base))
        if leaf.fields.resident[from] {
            let end = leaf.fields.resident.firstZero(from, to)
            return Run(kind: .data, end: base + UInt64(end), leaf: leaf, from: from)
        }
        if leaf.fields.marker[from] {
            let end = leaf.fields.marker.firstZero(from, to)
            return Run(kind: .marker, end: base + UInt64(end), leaf: leaf, from: from)
        }
        let end = leaf.fields.firstPresent(from, to)
        return gap(at: page, limit: base + UInt64(end), leaf: leaf, from: from)
    }

    @inline(__always)
    private func gap(at page: UInt64, limit: UInt64, leaf: LeafReference?, from: Int) -> Run {
        var limit = limit
        if let interval = zeros.first(endingAfter: page) {
            if interval.start <= page {
                return Run(kind: .dirtyZero, end: min(limit, interval.end), leaf: leaf, from: from)
            }
            limit = min(limit, interval.start)
        }
        if let interval = untracked.first(endingAfter: page) {
            if interval.start <= page {
                let end = min(limit, interval.end)
                return Run(kind: .untrackedZero, end: end, leaf: leaf, from: from)
            }
            limit = min(limit, interval.start)
        }
        return Run(kind: .absent, end: limit, leaf: leaf, from: from)
    }

    /// Checks that `pages` lies in the VMO and that there still is a VMO.
    func check(_ pages: PageRange) throws(Status) {
        guard pages.end <= sizePages else { throw .outOfRange }
        guard !isDiscarded else { throw .badState }
    }

    /// Counts Empty slots that were filled, and remembers to wake who waited for them.
    mutating func resolveReads(_ pages: PageRange) {
        if reads.resolve(pages) { needsWake = true }
    }

    /// Counts every slot of `pages` that is not a Dirty page as one that somebody need no longer
    /// wait to see Dirty.
    mutating func resolveDirties(in pages: PageRange) {
        for part in dirties.outstanding(in: pages) {
            var page = part.start
            while page < part.end {
                let run = run(at: page, limit: part.end)
                let dirtyEnd = dirtyPrefixEnd(run, at: page)
                if dirtyEnd == page {
                    let end = undirtyPrefixEnd(run, at: page)
                    if dirties.resolve(PageRange(page, end)) { needsWake = true }
                    page = end
                } else {
                    page = dirtyEnd
                }
            }
        }
    }

    /// The end of the Dirty pages with which `run`, which starts at `page`, begins.
    func dirtyPrefixEnd(_ run: Run, at page: UInt64) -> UInt64 {
        guard run.kind == .data, let leaf = run.leaf else { return page }
        let to = run.from + Int(run.end - page)
        return page + UInt64(leaf.fields.dirty.firstZero(run.from, to) - run.from)
    }

    /// The end of the slots that are not Dirty pages with which `run` begins.
    func undirtyPrefixEnd(_ run: Run, at page: UInt64) -> UInt64 {
        guard run.kind == .data, let leaf = run.leaf else { return run.end }
        let to = run.from + Int(run.end - page)
        return page + UInt64(leaf.fields.dirty.firstOne(run.from, to) - run.from)
    }

    /// Puts frames behind slots of one leaf that have none.
    ///
    /// The only way in which a frame comes into the table.
    mutating func install(_ run: FrameRun, at page: UInt64, isDirty: Bool) {
        table.install(placed(run, at: page), at: page, isDirty: isDirty)
    }

    /// Puts Dirty frames behind pages of one leaf that have none; they leave their zero interval.
    mutating func installDirty(_ run: FrameRun, at page: UInt64) {
        let pages = PageRange(start: page, count: UInt64(run.count))
        zeros.remove(pages)
        untracked.remove(pages)
        install(run, at: page, isDirty: true)
    }
}
