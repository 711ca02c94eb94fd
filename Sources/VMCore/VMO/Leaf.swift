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

    // SAFETY: `wordCount` words right behind this leaf in the same block (`LeafReference`).
    private let words: UnsafeMutablePointer<UInt64>

    /// Words that a leaf needs for its five bitmaps.
    static let wordCount = 5 * PageBits.wordCount

    // What a dirty query looks at comes first, next to the counts.
    @inline(__always) var dirty: PageBits { bits(0) }
    @inline(__always) var awaitingClean: PageBits { bits(1) }
    @inline(__always) var resident: PageBits { bits(2) }
    @inline(__always) var marker: PageBits { bits(3) }
    /// Pages used since the eviction hand last passed (second chance).
    @inline(__always) var referenced: PageBits { bits(4) }

    @inline(__always)
    private func bits(_ number: Int) -> PageBits {
        // SAFETY: `number` is below 5.
        unsafe PageBits(words: words + number * PageBits.wordCount)
    }

    private(set) var residentCount: UInt16 = 0
    private(set) var dirtyCount: UInt16 = 0
    private(set) var awaitingCleanCount: UInt16 = 0
    private(set) var markerCount: UInt16 = 0

    /// What the nodes above believe about this leaf.
    var summary = LeafSummary()

    /// Frame numbers of the first pages, as many as needed; a small file does not pay for 512.
    // SAFETY: empty or initialised memory that this leaf owns and frees in `deinit`.
    private var frames: UnsafeMutableBufferPointer<UInt32>

    /// Makes an empty leaf with its bitmaps in `words`, which are zero.
    init(index: UInt64, words: UnsafeMutablePointer<UInt64>) {
        self.index = index
        unsafe self.words = unsafe words
        unsafe frames = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    deinit {
        unsafe frames.deallocate()
    }

    /// The first page of the leaf.
    @inline(__always) var base: UInt64 { index * UInt64(leafPages) }

    /// Whether no slot of the leaf is a Page or a Marker.
    var isEmpty: Bool { residentCount == 0 && markerCount == 0 }

    /// Pages that a query reports.
    @inline(__always) var reportedCount: Int { Int(dirtyCount) + Int(awaitingCleanCount) }

    /// What the nodes above should believe about this leaf.
    var actualSummary: LeafSummary {
        LeafSummary(
            hasReported: reportedCount > 0,
            hasClean: Int(residentCount) > reportedCount
        )
    }

    /// The frame of page `index`, which must be resident.
    @inline(__always)
    func frame(_ index: Int) -> UInt32 {
        assert(resident[index], "page \(index) of leaf \(self.index) has no frame")
        unsafe precondition(index < frames.count)
        // SAFETY: in bounds by the check above.
        return unsafe frames[index]
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
        unsafe precondition(resident[index] && index < frames.count)
        // SAFETY: in bounds by the check above.
        unsafe frames[index] = frame
    }

    /// The first page of `from ..< to` that a query reports; `to` if none.
    @inline(__always)
    func firstReported(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { dirty[word: $0] | awaitingClean[word: $0] }
    }

    /// The first page of `from ..< to` that a query does not report; `to` if none.
    @inline(__always)
    func firstUnreported(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { ~(dirty[word: $0] | awaitingClean[word: $0]) }
    }

    /// The first Page or Marker of `from ..< to`; `to` if none.
    @inline(__always)
    func firstPresent(_ from: Int, _ to: Int) -> Int {
        firstBit(from, to) { resident[word: $0] | marker[word: $0] }
    }

    /// Puts frames behind slots that have none, from page `from` on; Markers are replaced.
    mutating func install(_ run: FrameRun, at from: Int, isDirty: Bool) {
        let to = from + Int(run.count)
        assert(resident.count(from, to) == 0, "a page of \(from)..<\(to) is resident")
        reserveFrames(to)
        for offset in 0..<Int(run.count) {
            // SAFETY: `reserveFrames` made room for `to` numbers.
            unsafe frames[from + offset] = run.start + UInt32(offset)
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
            let bits = dirty[word: word] & mask
            dirty.clear(mask: bits, inWord: word)
            awaitingClean.set(mask: bits, inWord: word)
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
            let bits = awaitingClean[word: word] & mask
            awaitingClean.clear(mask: bits, inWord: word)
            moved += bits.nonzeroBitCount
        }
        awaitingCleanCount -= UInt16(moved)
        return moved
    }

    /// Notes that resident pages were used.
    @inline(__always)
    mutating func markReferenced(_ from: Int, _ to: Int) {
        forEachWord(from, to) { word, mask in
            referenced.set(mask: mask & resident[word: word], inWord: word)
        }
    }

    /// Forgets that pages were used.
    mutating func clearReferenced(_ from: Int, _ to: Int) {
        referenced.clear(from, to)
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
        let reported = dirty[word: word] | awaitingClean[word: word]
        let clean = resident[word: word] & ~reported
        let victims = clean & ~referenced[word: word]
        referenced.clear(mask: clean, inWord: word)
        return victims
    }

    private mutating func reserveFrames(_ count: Int) {
        guard unsafe count > frames.count else { return }
        let capacity = count <= 8 ? 8 : count <= 64 ? 64 : leafPages
        let larger = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: capacity)
        unsafe larger.initialize(repeating: 0)
        for index in unsafe frames.indices {
            // SAFETY: the new memory holds more numbers than the old.
            unsafe larger[index] = unsafe frames[index]
        }
        unsafe frames.deallocate()
        unsafe frames = unsafe larger
    }
}

/// What the nodes above a leaf know about it.
struct LeafSummary: Equatable {
    /// Some page is Dirty or AwaitingClean.
    var hasReported = false
    /// Some page is Clean.
    var hasClean = false
}
