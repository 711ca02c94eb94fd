internal import Support

/// Everything about a VMO that changes: the state behind its lock.
///
/// The operations are extensions in the files of the operations (`VirtualMemoryObject+Write.swift`
/// and so on). They collect frames that lost their page in `freed` and ask for a wake-up in
/// `needsWake`; `VirtualMemoryObject.mutate` does both when the operation is over.
struct VMOState {
    let arena: FrameArena
    /// The size in pages.
    var sizePages: UInt64
    var table = PageTable()
    var zeros = ZeroIntervalSet()
    /// READ requests: pages that a source is asked for.
    var reads = PageRequestTracker()
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

    init(arena: FrameArena, sizePages: UInt64) {
        self.arena = arena
        self.sizePages = sizePages
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
        if leaf.fields.markerCount > 0, leaf.fields.marker[from] {
            let end = leaf.fields.marker.firstZero(from, to)
            return Run(kind: .marker, end: base + UInt64(end), leaf: leaf, from: from)
        }
        let end = leaf.fields.firstPresent(from, to)
        return gap(at: page, limit: base + UInt64(end), leaf: leaf, from: from)
    }

    @inline(__always)
    private func gap(at page: UInt64, limit: UInt64, leaf: LeafReference?, from: Int) -> Run {
        guard let interval = zeros.first(endingAfter: page) else {
            return Run(kind: .absent, end: limit, leaf: leaf, from: from)
        }
        if interval.start <= page {
            return Run(kind: .dirtyZero, end: min(limit, interval.end), leaf: leaf, from: from)
        }
        return Run(kind: .absent, end: min(limit, interval.start), leaf: leaf, from: from)
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
}
