// One leaf of the page table, and the frame numbers behind it.
//
// This is one of the few files with raw pointers.

internal import Support

/// The slots of 64 pages of a VMO, in one cache line.
///
/// A slot is, by its bits: Page (`resident`, with a frame; Dirty if `dirty`, AwaitingClean if
/// `awaitingClean`, else Clean), Marker (`marker`: zeros that the pager supplied), or neither:
/// Empty, or part of a zero interval, which `ZeroIntervalSet` knows.
///
/// Invariants: `dirty` and `awaitingClean` are disjoint and within `resident`; `marker` and
/// `resident` are disjoint; `referenced` is within `resident`.
@safe
struct Leaf: ~Copyable {
    /// The leaf covers pages `index * 64 ..< (index + 1) * 64`.
    let index: UInt64

    private(set) var dirty = PageBits()
    private(set) var awaitingClean = PageBits()
    private(set) var resident = PageBits()
    private(set) var marker = PageBits()
    /// Pages used since the eviction hand last passed (second chance).
    private(set) var referenced = PageBits()

    /// Frame numbers of the pages `frameStart ..< frameEnd`, which include all resident ones.
    // SAFETY: memory for that many numbers, which this leaf owns and frees in `deinit`; nil for
    // none.
    private var frames: UnsafeMutablePointer<UInt32>?
    private var frameStart: UInt8 = 0
    private var frameEnd: UInt8 = 0

    /// What the nodes above believe about this leaf.
    var summary = LeafSummary()

    /// Makes an empty leaf.
    init(index: UInt64) {
        self.index = index
        unsafe frames = nil
    }

    deinit {
        unsafe frames?.deallocate()
    }

    /// The first page of the leaf.
    @inline(__always) var base: UInt64 { index * UInt64(leafPages) }

    /// Whether no slot of the leaf is a Page or a Marker.
    @inline(__always) var isEmpty: Bool { resident.isEmpty && marker.isEmpty }

    /// The pages that a query reports.
    @inline(__always) var reported: PageBits { dirty.union(awaitingClean) }

    /// What the nodes above should believe about this leaf.
    @inline(__always) var actualSummary: LeafSummary {
        LeafSummary(hasReported: !reported.isEmpty, hasClean: reported != resident)
    }

    /// The frame of page `index`, which must be resident.
    @inline(__always)
    func frame(_ index: Int) -> UInt32 {
        assert(resident[index], "page \(index) of leaf \(self.index) has no frame")
        // SAFETY: in bounds by the check.
        return unsafe frames.unsafelyUnwrapped[frameSlot(index)]
    }

    /// Where in `frames` the number of page `index` is; traps if it is not there.
    @inline(__always)
    private func frameSlot(_ index: Int) -> Int {
        precondition(index >= frameStart && index < frameEnd)
        return index - Int(frameStart)
    }

    /// The contiguous frames of the resident pages from `from` on, up to page `to` at most.
    @inline(__always)
    func frameRun(_ from: Int, _ to: Int) -> FrameRun {
        let first = frame(from)
        let end = resident.firstZero(from, to)
        var count = 1
        while from + count < end, frame(from + count) == first &+ UInt32(count) { count += 1 }
        return FrameRun(start: first, count: UInt32(count))
    }

    /// Gives a resident page another frame.
    mutating func replaceFrame(_ index: Int, with frame: UInt32) {
        precondition(resident[index])
        // SAFETY: in bounds by the check in `frameSlot`.
        unsafe frames.unsafelyUnwrapped[frameSlot(index)] = frame
    }

    /// The first Page or Marker of `from ..< to`; `to` if none.
    @inline(__always)
    func firstPresent(_ from: Int, _ to: Int) -> Int {
        resident.union(marker).firstOne(from, to)
    }

    /// Puts frames behind slots that have none, from page `from` on; Markers are replaced.
    mutating func install(_ run: FrameRun, at from: Int, isDirty: Bool) {
        let to = from + Int(run.count)
        let mask = PageBits.mask(from, to)
        assert(resident.word & mask == 0, "a page of \(from)..<\(to) is resident")
        reserveFrames(from, to)
        for offset in 0..<Int(run.count) {
            // SAFETY: `reserveFrames` made room for the numbers of these pages.
            unsafe frames.unsafelyUnwrapped[frameSlot(from + offset)] = run.start + UInt32(offset)
        }
        resident.set(mask)
        if isDirty { dirty.set(mask) }
        marker.clear(mask)
    }

    /// Makes resident pages Dirty (a write or OP_DIRTY); returns how many were Clean and how many
    /// AwaitingClean.
    @inline(__always)
    mutating func makeDirty(_ from: Int, _ to: Int) -> (clean: Int, awaitingClean: Int) {
        let mask = PageBits.mask(from, to)
        let added = mask & ~dirty.word
        if added == 0 { return (0, 0) }
        let awaiting = (awaitingClean.word & mask).nonzeroBitCount
        awaitingClean.clear(mask)
        dirty.set(mask)
        return (added.nonzeroBitCount - awaiting, awaiting)
    }

    /// Dirty pages become AwaitingClean; returns how many.
    mutating func beginWriteback(_ from: Int, _ to: Int) -> Int {
        let moved = dirty.word & PageBits.mask(from, to)
        dirty.clear(moved)
        awaitingClean.set(moved)
        return moved.nonzeroBitCount
    }

    /// AwaitingClean pages become Clean; returns how many.
    mutating func endWriteback(_ from: Int, _ to: Int) -> Int {
        let moved = awaitingClean.word & PageBits.mask(from, to)
        awaitingClean.clear(moved)
        return moved.nonzeroBitCount
    }

    /// Notes that resident pages were used.
    @inline(__always)
    mutating func markReferenced(_ from: Int, _ to: Int) {
        referenced.set(resident.word & PageBits.mask(from, to))
    }

    /// Forgets that pages were used.
    mutating func clearReferenced(_ from: Int, _ to: Int) {
        referenced.clear(PageBits.mask(from, to))
    }

    /// Makes Empty slots Markers.
    mutating func addMarkers(_ from: Int, _ to: Int) {
        assert(firstPresent(from, to) == to, "a slot of \(from)..<\(to) is not empty")
        marker.set(PageBits.mask(from, to))
    }

    /// Takes Markers away.
    mutating func removeMarkers(_ from: Int, _ to: Int) {
        marker.clear(PageBits.mask(from, to))
    }

    /// Takes resident pages away and adds their frames to `freed`.
    mutating func removePages(
        _ from: Int,
        _ to: Int,
        into freed: inout FrameRunList
    ) -> (resident: Int, dirty: Int, awaitingClean: Int) {
        var page = resident.firstOne(from, to)
        while page < to {
            let run = frameRun(page, to)
            freed.append(run)
            page = resident.firstOne(page + Int(run.count), to)
        }
        let removed = (
            resident: resident.count(from, to), dirty: dirty.count(from, to),
            awaitingClean: awaitingClean.count(from, to)
        )
        let mask = PageBits.mask(from, to)
        resident.clear(mask)
        dirty.clear(mask)
        awaitingClean.clear(mask)
        referenced.clear(mask)
        return removed
    }

    /// One step of the eviction hand: takes the references of the clean pages away and returns the
    /// clean pages that had none.
    mutating func passHand() -> PageBits {
        let clean = resident.word & ~reported.word
        let victims = clean & ~referenced.word
        referenced.clear(clean)
        return PageBits(victims)
    }

    /// Makes room for the frame numbers of the pages `from ..< to`.
    ///
    /// A leaf with pages in one place takes a few numbers, any other one all 64.
    private mutating func reserveFrames(_ from: Int, _ to: Int) {
        guard from < frameStart || to > frameEnd else { return }
        let isFirst = unsafe frames == nil
        let start = isFirst ? from & ~7 : 0
        let end = isFirst ? (to + 7) & ~7 : leafPages
        let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: end - start)
        // SAFETY: the new memory holds the numbers `start ..< end`, the old ones among them.
        unsafe larger.initialize(repeating: 0, count: end - start)
        if let frames = unsafe frames {
            unsafe (larger + Int(frameStart)).update(
                from: frames,
                count: Int(frameEnd - frameStart)
            )
            unsafe frames.deallocate()
        }
        unsafe frames = unsafe larger
        frameStart = UInt8(start)
        frameEnd = UInt8(end)
    }
}

/// What the nodes above a leaf know about it.
struct LeafSummary: Equatable {
    /// Some page is Dirty or AwaitingClean.
    var hasReported = false
    /// Some page is Clean.
    var hasClean = false
}
