internal import Support

/// Everything about an `UntrackedVMO` that changes: the state behind its lock.
///
/// Operations collect frames that lost their page in `freed`; `UntrackedVMO.mutate` gives them back
/// when the operation is over.
///
/// Invariants: a zero interval lies below the limit of the parent, and holds no page; pinned pages
/// have frames.
struct UntrackedState: PlaceableState {
    let arena: FrameArena
    /// The size in pages.
    var sizePages: UInt64
    /// The size of the content in bytes.
    ///
    /// Source: `zx_vmo_get_stream_size`.
    var streamSize: UInt64
    /// The pages of the VMO's own; to the table all of them are Clean.
    var table = PageTable()
    /// Zeros that hide pages of the parent: intervals, so that a clone of any size can be zeroed.
    private(set) var zeros = ZeroIntervalSet()
    /// Nil for a VMO of its own, whose other pages are zeros.
    private(set) var parent: ParentLink?
    /// Pages that may not go.
    var pins = PinCounts()
    var clones = CloneList()
    /// Where the pages of mapped parts lie.
    var placement = FramePlacement()
    /// Who shows the pages in mappings.
    weak var observer: (any MappingObserver)?
    /// Whether a change of size is under way: the next one waits, so that the clones learn of a
    /// shrink before a grow.
    var isResizing = false

    var freed = FrameRunList()

    init(arena: FrameArena, sizePages: UInt64, streamSize: UInt64, parent: ParentLink?) {
        self.arena = arena
        self.sizePages = sizePages
        self.streamSize = streamSize
        self.parent = parent
    }

    /// Where the bytes of a page come from.
    enum Kind {
        /// A page of the VMO's own.
        case own
        /// Zeros, with no page.
        case zero
        /// The parent.
        case parent
    }

    /// A run of pages of one kind; the next run may be of the same kind.
    struct Run {
        var kind: Kind
        var end: UInt64
        /// Where the pages are, if they are the VMO's own: from bit `from` of `leaf` on.
        var leaf: LeafReference?
        var from = 0
    }

    /// The run that starts at `page` and ends at `limit` at most.
    mutating func run(at page: UInt64, limit: UInt64) -> Run {
        var gapEnd = limit
        var start = page
        while let part = table.nextSegment(from: start, to: limit, .present) {
            let first = part.leaf.fields.firstPresent(part.from, part.to)
            if first < part.to {
                gapEnd = part.page(first)
                if gapEnd > page { break }
                let end = part.leaf.fields.resident.firstZero(first, part.to)
                return Run(kind: .own, end: part.page(end), leaf: part.leaf, from: first)
            }
            start = part.end
        }
        guard let parent, page < parent.limit else { return Run(kind: .zero, end: gapEnd) }
        let end = min(gapEnd, parent.limit)
        guard let interval = zeros.first(endingAfter: page) else {
            return Run(kind: .parent, end: end)
        }
        return interval.start <= page
            ? Run(kind: .zero, end: min(end, interval.end))
            : Run(kind: .parent, end: min(end, interval.start))
    }

    /// Whether `page` shows the parent.
    mutating func showsParent(_ page: UInt64) -> Bool {
        page < sizePages && run(at: page, limit: page + 1).kind == .parent
    }

    /// A look at the parent for the first page of a run that shows it.
    func look(at page: UInt64, requestEnd: UInt64) -> ParentLink.Look? {
        parent.map { ParentLink.Look(link: $0, page: page, requestEnd: requestEnd) }
    }

    /// Checks that `pages` lies in the VMO.
    func check(_ pages: PageRange) throws(Status) {
        guard pages.end <= sizePages else { throw .outOfRange }
    }

    /// Puts frames behind pages of one leaf that have none.
    ///
    /// The only way in which a frame comes into the table.
    mutating func install(_ run: FrameRun, at page: UInt64) {
        zeros.remove(PageRange(start: page, count: UInt64(run.count)))
        table.install(placed(run, at: page), at: page, isDirty: false)
    }

    /// Makes `pages`, none of them pinned, zeros without a page.
    ///
    /// The only way in which a frame leaves the table.
    mutating func clear(_ pages: PageRange) {
        _ = table.remove(pages, alsoMarkers: false, into: &freed)
        if let parent { zeros.add(pages.clamped(to: PageRange(0, parent.limit))) }
        observer?.revokeAll(pages)
    }

    /// Hides the parent from page `limit` on, for good.
    mutating func cutParent(at limit: UInt64) {
        guard let old = parent?.limit, limit < old else { return }
        zeros.remove(PageRange(limit, old))
        parent?.limit = limit
    }

    /// Takes the frames that lost their page since the last call.
    mutating func takeFreed() -> FrameRunList {
        defer { freed = FrameRunList() }
        return freed
    }

    /// Drops every page; for the end of the VMO.
    mutating func dropEverything() {
        _ = table.remove(PageRange(0, sizePages), alsoMarkers: false, into: &freed)
        table.removeAll()
    }
}
