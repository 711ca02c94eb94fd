// One leaf of the page table, and the frame numbers behind it.
//
// This is one of the few files with raw pointers.

internal import Support

/// The slots of 512 pages of a VMO.
///
/// A slot is, by its bits: Page (`resident`, with a frame; Dirty if `dirty`, AwaitingClean if
/// `awaitingClean`, else Clean), Marker (`marker`: zeros that the pager supplied), or neither:
/// Empty, or part of a zero interval, which `ZeroIntervalSet` knows.
///
/// Invariants: `dirty` and `awaitingClean` are disjoint and within `resident`; `marker` and
/// `resident` are disjoint; `referenced` is within `resident`; each count is that of its bitmap.
@safe
struct Leaf: ~Copyable {
    /// The leaf covers pages `index * 512 ..< (index + 1) * 512`.
    let index: UInt64

    private(set) var resident = PageBits()
    private(set) var dirty = PageBits()
    private(set) var awaitingClean = PageBits()
    private(set) var marker = PageBits()
    /// Pages used since the eviction hand last passed (second chance).
    private(set) var referenced = PageBits()

    private(set) var residentCount: UInt16 = 0
    private(set) var dirtyCount: UInt16 = 0
    private(set) var awaitingCleanCount: UInt16 = 0
    private(set) var markerCount: UInt16 = 0

    /// What the nodes above believe about this leaf.
    var summary = LeafSummary()

    /// Frame numbers of pages below `frameCapacity`; a small file does not pay for 512 of them.
    // SAFETY: nil or `frameCapacity` initialised numbers; owned by this leaf, freed in `deinit`.
    private var frames: UnsafeMutablePointer<UInt32>?
    private var frameCapacity = 0

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
    var isEmpty: Bool { residentCount == 0 && markerCount == 0 }

    /// What the nodes above should believe about this leaf.
    var actualSummary: LeafSummary {
        let reported = dirtyCount + awaitingCleanCount
        return LeafSummary(hasReported: reported > 0, hasClean: residentCount > reported)
    }

    /// The frame of page `index`, which must be resident.
    @inline(__always)
    func frame(_ index: Int) -> UInt32 {
        assert(resident[index], "page \(index) of leaf \(self.index) has no frame")
        precondition(index < frameCapacity)
        // SAFETY: in bounds by the check above.
        return unsafe frames.unsafelyUnwrapped[index]
    }

    /// The contiguous frames of the resident pages from `from` on, up to page `to` at most.
    @inline(__always)
    func frameRun(_ from: Int, _ to: Int) -> FrameRun {
        let first = frame(from)
        var count = 1
        while from + count < to, resident[from + count],
            frame(from + count) == first &+ UInt32(count)
        {
            count += 1
        }
        return FrameRun(start: first, count: UInt32(count))
    }

    /// Gives a resident page another frame.
    mutating func replaceFrame(_ index: Int, with frame: UInt32) {
        precondition(resident[index] && index < frameCapacity)
        // SAFETY: in bounds by the check above.
        unsafe frames.unsafelyUnwrapped[index] = frame
    }

    /// The first page of `from ..< to` that a query reports; `to` if none.
    @inline(__always)
    func firstReported(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { dirty.words[$0] | awaitingClean.words[$0] }
    }

    /// The first page of `from ..< to` that a query does not report; `to` if none.
    @inline(__always)
    func firstUnreported(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { ~(dirty.words[$0] | awaitingClean.words[$0]) }
    }

    /// The first Page or Marker of `from ..< to`; `to` if none.
    @inline(__always)
    func firstPresent(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { resident.words[$0] | marker.words[$0] }
    }

    /// Puts frames behind slots that have none, from page `from` on; Markers are replaced.
    mutating func install(_ run: FrameRun, at from: Int, isDirty: Bool) {
        let to = from + Int(run.count)
        assert(resident.count(from, to) == 0, "a page of \(from)..<\(to) is resident")
        reserveFrames(to)
        for offset in 0..<Int(run.count) {
            // SAFETY: `reserveFrames` made room for `to` numbers.
            unsafe frames.unsafelyUnwrapped[from + offset] = run.start + UInt32(offset)
        }
        resident.set(from, to)
        residentCount += UInt16(run.count)
        if isDirty {
            dirty.set(from, to)
            dirtyCount += UInt16(run.count)
        }
        if markerCount > 0 {
            markerCount -= UInt16(marker.count(from, to))
            marker.clear(from, to)
        }
    }

    /// Makes resident pages Dirty (a write or OP_DIRTY); returns how many were Clean and how many
    /// AwaitingClean.
    mutating func makeDirty(_ from: Int, _ to: Int) -> (clean: Int, awaitingClean: Int) {
        let known = dirty.count(from, to)
        let awaiting = awaitingCleanCount == 0 ? 0 : awaitingClean.count(from, to)
        if awaiting > 0 { awaitingClean.clear(from, to) }
        let added = to - from - known
        if added > 0 { dirty.set(from, to) }
        dirtyCount += UInt16(added)
        awaitingCleanCount -= UInt16(awaiting)
        return (added - awaiting, awaiting)
    }

    /// Dirty pages become AwaitingClean; returns how many.
    mutating func beginWriteback(_ from: Int, _ to: Int) -> Int {
        var moved = 0
        forEachWord(from, to) { word, mask in
            let bits = dirty.words[word] & mask
            dirty.words[word] &= ~bits
            awaitingClean.words[word] |= bits
            moved += bits.nonzeroBitCount
        }
        dirtyCount -= UInt16(moved)
        awaitingCleanCount += UInt16(moved)
        return moved
    }

    /// AwaitingClean pages become Clean; returns how many.
    mutating func endWriteback(_ from: Int, _ to: Int) -> Int {
        var moved = 0
        forEachWord(from, to) { word, mask in
            let bits = awaitingClean.words[word] & mask
            awaitingClean.words[word] &= ~bits
            moved += bits.nonzeroBitCount
        }
        awaitingCleanCount -= UInt16(moved)
        return moved
    }

    /// Notes that resident pages were used.
    @inline(__always)
    mutating func markReferenced(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in
            referenced.words[word] |= mask & resident.words[word]
        }
    }

    /// Makes Empty slots Markers.
    mutating func addMarkers(_ from: Int, _ to: Int) {
        assert(firstPresent(from, to) == to, "a slot of \(from)..<\(to) is not empty")
        marker.set(from, to)
        markerCount += UInt16(to - from)
    }

    /// Takes Markers away.
    mutating func removeMarkers(_ from: Int, _ to: Int) {
        guard markerCount > 0 else { return }
        markerCount -= UInt16(marker.count(from, to))
        marker.clear(from, to)
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
        resident.clear(from, to)
        dirty.clear(from, to)
        awaitingClean.clear(from, to)
        referenced.clear(from, to)
        residentCount -= UInt16(removed.resident)
        dirtyCount -= UInt16(removed.dirty)
        awaitingCleanCount -= UInt16(removed.awaitingClean)
        return removed
    }

    /// One step of the eviction hand over word `word`: takes the references of the clean pages
    /// away and returns the clean pages that had none.
    mutating func passHand(_ word: Int) -> UInt64 {
        let reported = dirty.words[word] | awaitingClean.words[word]
        let clean = resident.words[word] & ~reported
        let victims = clean & ~referenced.words[word]
        referenced.words[word] &= ~clean
        return victims
    }

    private mutating func reserveFrames(_ count: Int) {
        guard count > frameCapacity else { return }
        let capacity = count <= 8 ? 8 : count <= 64 ? 64 : leafPages
        let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        unsafe larger.initialize(repeating: 0, count: capacity)
        if let old = unsafe frames {
            // SAFETY: the old array holds `frameCapacity` numbers, fewer than the new one.
            unsafe larger.update(from: old, count: frameCapacity)
            unsafe old.deallocate()
        }
        unsafe frames = larger
        frameCapacity = capacity
    }
}

/// What the nodes above a leaf know about it.
struct LeafSummary: Equatable {
    /// Some page is Dirty or AwaitingClean.
    var hasReported = false
    /// Some page is Clean.
    var hasClean = false
}
