import Support
import VMCore

/// What a VMO with its pager at a port should be, written straight from ZIRCON.md section 3: slots,
/// zero intervals, page requests, packets, and the calls that wait for them.
///
/// A value: where the order in which threads go on is open, `settled` gives every outcome. Content
/// is kept in units of an eighth of a page, each of which holds one byte value.
struct PagerOracle: Hashable {
    static let unitsPerPage = 8
    static let unitBytes = pageSize / UInt64(unitsPerPage)
    static let zeros = [UInt8](repeating: 0, count: unitsPerPage)

    enum State {
        case clean
        case dirty
        case awaitingClean
    }

    struct Page: Hashable {
        var state: State
        var units: [UInt8]
    }

    /// A run of zeros that no page holds; those that are not dirty are untracked.
    struct Interval: Hashable {
        var start: UInt64
        var end: UInt64
        var isDirty: Bool
        var awaitingCleanLength: UInt64 = 0
    }

    enum Slot: Hashable {
        case empty
        case marker
        case page(State)
        case dirtyZero
        case untracked
    }

    /// Whether the VMO is made with `ZX_VMO_TRAP_DIRTY`.
    let traps: Bool
    /// In pages.
    var size: UInt64
    /// In units.
    var streamSize: UInt64
    var pages: [UInt64: Page] = [:]
    var markers: Set<UInt64> = []
    /// Ascending.
    var intervals: [Interval] = []
    var pins: [UInt64: Int] = [:]
    var isModified = false
    var isDetached = false

    var requests: Set<Request> = []
    /// What the pager has not read, the packet in the port first.
    var packets: [Packet] = []
    var calls: [Int: Call] = [:]
    /// The calls that have been woken and look again.
    var runnable: Set<Int> = []

    init(traps: Bool, size: UInt64) {
        self.traps = traps
        self.size = size
        streamSize = size * UInt64(Self.unitsPerPage)
    }

    func slot(_ page: UInt64) -> Slot {
        if let page = pages[page] { return .page(page.state) }
        if markers.contains(page) { return .marker }
        guard let index = interval(of: page) else { return .empty }
        return intervals[index].isDirty ? .dirtyZero : .untracked
    }

    /// What a read gives of a page that is not Empty.
    func units(_ page: UInt64) -> [UInt8] { pages[page]?.units ?? Self.zeros }

    func interval(of page: UInt64) -> Int? {
        intervals.firstIndex { $0.start <= page && page < $0.end }
    }

    func isPinned(_ page: UInt64) -> Bool { pins[page] != nil }

    /// Makes a page that is not Empty Dirty, with the content that it has.
    mutating func makeDirty(_ page: UInt64) {
        let units = units(page)
        markers.remove(page)
        takeOutOfIntervals(page)
        pages[page] = Page(state: .dirty, units: units)
    }

    // MARK: Zero intervals (3.1)

    /// The rows "add".
    mutating func addZeros(_ range: Range<UInt64>, isDirty: Bool) {
        guard !range.isEmpty else { return }
        let left = intervals.firstIndex { $0.end == range.lowerBound && $0.isDirty == isDirty }
        let right = intervals.firstIndex { $0.start == range.upperBound && $0.isDirty == isDirty }
        switch (left, right) {
        case (let left?, let right?):
            intervals[left].end = intervals[right].end
            intervals.remove(at: right)
        case (let left?, nil):
            intervals[left].end = range.upperBound
        case (nil, let right?):
            intervals[right].start = range.lowerBound
            intervals[right].awaitingCleanLength = 0
        case (nil, nil):
            let index =
                intervals.firstIndex { $0.start > range.lowerBound } ?? intervals.endIndex
            let interval = Interval(
                start: range.lowerBound,
                end: range.upperBound,
                isDirty: isDirty
            )
            intervals.insert(interval, at: index)
        }
    }

    /// The rows "take out".
    mutating func takeOutOfIntervals(_ page: UInt64) {
        guard let index = interval(of: page) else { return }
        let interval = intervals[index]
        if interval.start == page {
            intervals[index].start += 1
            intervals[index].awaitingCleanLength -= min(1, interval.awaitingCleanLength)
            if interval.end == page + 1 { intervals.remove(at: index) }
            return
        }
        intervals[index].end = page
        if page + 1 < interval.end {
            let right = Interval(start: page + 1, end: interval.end, isDirty: interval.isDirty)
            intervals.insert(right, at: index + 1)
        }
    }

    // MARK: Queries (4.2, 4.3)

    /// The dirty ranges of the whole VMO.
    var dirtyRanges: [DirtyRange] {
        var ranges: [DirtyRange] = []
        for page in 0..<size {
            let options: UInt64
            switch slot(page) {
            case .page(.dirty), .page(.awaitingClean): options = 0
            case .dirtyZero: options = DirtyRange.isZero
            default: continue
            }
            let offset = page * pageSize
            if let last = ranges.last, last.offset + last.length == offset,
                last.options == options
            {
                ranges[ranges.count - 1].length += pageSize
            } else {
                ranges.append(DirtyRange(offset: offset, length: pageSize, options: options))
            }
        }
        return ranges
    }
}
