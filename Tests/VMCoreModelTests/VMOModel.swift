import Support
import VMCore

/// What a VMO should be, written straight from ZIRCON.md section 3 and as slowly as it reads: a
/// dictionary of pages and a list of zero intervals, changed one page at a time.
struct VMOModel {
    enum State {
        case clean
        case dirty
        case awaitingClean
    }

    struct Page {
        var state: State
        var bytes: [UInt8]
    }

    struct Interval {
        var start: UInt64
        var end: UInt64
        var awaitingCleanLength: UInt64
    }

    enum Slot: Equatable {
        case empty
        case marker
        case page
        case zero
    }

    var size: UInt64
    var pages: [UInt64: Page] = [:]
    var markers: Set<UInt64> = []
    var intervals: [Interval] = []
    var isModified = false
    /// What the pager has; a page that is missing here has its pattern.
    var backing: [UInt64: [UInt8]] = [:]

    static let zeros = [UInt8](repeating: 0, count: Int(pageSize))

    init(size: UInt64) {
        self.size = size
    }

    func slot(_ page: UInt64) -> Slot {
        if pages[page] != nil { return .page }
        if markers.contains(page) { return .marker }
        return intervals.contains { $0.start <= page && page < $0.end } ? .zero : .empty
    }

    /// What the pager would supply.
    func backingBytes(_ page: UInt64) -> [UInt8] {
        backing[page] ?? [UInt8](repeating: UInt8(truncatingIfNeeded: page &* 7 | 1), count: 4096)
    }

    /// What a read of a page that is not Empty gives.
    func bytes(_ page: UInt64) -> [UInt8] { pages[page]?.bytes ?? Self.zeros }

    /// 3.2 and 3.4: the pager answers a READ request with what it has, zeros as a Marker.
    mutating func pageIn(_ page: UInt64) {
        guard slot(page) == .empty else { return }
        let bytes = backingBytes(page)
        if bytes == Self.zeros {
            markers.insert(page)
        } else {
            pages[page] = Page(state: .clean, bytes: bytes)
        }
    }

    /// 3.5: the slot is made Dirty, then `change` writes.
    mutating func write(_ page: UInt64, isBlank: Bool, _ change: (inout [UInt8]) -> Void) {
        if slot(page) == .empty, !isBlank { pageIn(page) }
        var bytes = bytes(page)
        change(&bytes)
        takeOutOfIntervals(page)
        markers.remove(page)
        pages[page] = Page(state: .dirty, bytes: bytes)
        isModified = true
    }

    /// 3.7, OP_DIRTY: whether it succeeds.
    mutating func opDirty(_ range: Range<UInt64>) -> Bool {
        if range.contains(where: { slot($0) == .empty }) { return false }
        for page in range {
            let bytes = bytes(page)
            takeOutOfIntervals(page)
            markers.remove(page)
            pages[page] = Page(state: .dirty, bytes: bytes)
        }
        return true
    }

    /// 3.8, whole pages.
    mutating func zero(_ range: Range<UInt64>) {
        for page in range {
            isModified = true
            switch slot(page) {
            case .empty, .page:
                pages[page] = nil
                addToIntervals(page..<page + 1)
            case .marker, .zero:
                break
            }
        }
    }

    /// 3.8, part of a page.
    mutating func zeroPart(_ page: UInt64, _ range: Range<Int>) {
        pageIn(page)
        guard slot(page) == .page else { return }
        write(page, isBlank: false) { bytes in
            for index in range { bytes[index] = 0 }
        }
    }

    /// 3.9.
    mutating func resize(_ newSize: UInt64) {
        isModified = true
        if newSize > size {
            addToIntervals(size..<newSize)
        } else {
            pages = pages.filter { $0.key < newSize }
            markers = markers.filter { $0 < newSize }
            intervals.removeAll { $0.start >= newSize }
            if let last = intervals.indices.last {
                intervals[last].end = min(intervals[last].end, newSize)
            }
        }
        size = newSize
    }

    /// 3.7, WRITEBACK_BEGIN.
    mutating func beginWriteback(_ range: Range<UInt64>, isZero: Bool) {
        if !isZero {
            for (page, value) in pages where range.contains(page) && value.state == .dirty {
                pages[page]?.state = .awaitingClean
            }
        }
        for index in intervals.indices where range.contains(intervals[index].start) {
            let length = min(range.upperBound, intervals[index].end) - intervals[index].start
            intervals[index].awaitingCleanLength = max(
                intervals[index].awaitingCleanLength,
                length
            )
        }
    }

    /// 3.7, WRITEBACK_END.
    mutating func endWriteback(_ range: Range<UInt64>) {
        for (page, value) in pages where range.contains(page) && value.state == .awaitingClean {
            pages[page]?.state = .clean
            backing[page] = value.bytes
        }
        var cleanEnd = range.lowerBound
        var kept: [Interval] = []
        for interval in intervals {
            guard range.contains(interval.start) else {
                kept.append(interval)
                continue
            }
            cleanEnd = max(cleanEnd, interval.start + interval.awaitingCleanLength)
            let cut = max(interval.start, min(cleanEnd, interval.end, range.upperBound))
            // Only the start of a very long run is ever looked at.
            for page in interval.start..<min(cut, interval.start + 4096) {
                backing[page] = Self.zeros
            }
            let removed = cut - interval.start
            if cut < interval.end {
                let length = interval.awaitingCleanLength
                kept.append(
                    Interval(
                        start: cut,
                        end: interval.end,
                        awaitingCleanLength: length > removed ? length - removed : 0
                    )
                )
            }
        }
        intervals = kept
    }

    /// 3.1: "add" rows.
    private mutating func addToIntervals(_ range: Range<UInt64>) {
        let left = intervals.firstIndex { $0.end == range.lowerBound }
        let right = intervals.firstIndex { $0.start == range.upperBound }
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
            intervals.insert(
                Interval(start: range.lowerBound, end: range.upperBound, awaitingCleanLength: 0),
                at: index
            )
        }
    }

    /// 3.1: "take out" rows.
    private mutating func takeOutOfIntervals(_ page: UInt64) {
        guard let index = intervals.firstIndex(where: { $0.start <= page && page < $0.end })
        else { return }
        let interval = intervals[index]
        let length = interval.awaitingCleanLength
        if interval.start == page {
            if interval.end == page + 1 {
                intervals.remove(at: index)
            } else {
                intervals[index].start = page + 1
                intervals[index].awaitingCleanLength = length > 0 ? length - 1 : 0
            }
            return
        }
        intervals[index].end = page
        if page + 1 < interval.end {
            intervals.insert(
                Interval(start: page + 1, end: interval.end, awaitingCleanLength: 0),
                at: index + 1
            )
        }
    }

    /// 4.2 and 4.3: what a query of `window` reports.
    func dirtyRanges(_ window: Range<UInt64>) -> [DirtyRange] {
        var runs: [(start: UInt64, end: UInt64, isZero: Bool)] = []
        for page in pages.keys.sorted() {
            guard let value = pages[page], value.state != .clean else { continue }
            if let last = runs.last, last.end == page {
                runs[runs.count - 1].end = page + 1
            } else {
                runs.append((page, page + 1, false))
            }
        }
        runs += intervals.map { ($0.start, $0.end, true) }
        runs.sort { $0.start < $1.start }
        return runs.compactMap { run in
            let start = max(run.start, window.lowerBound)
            let end = min(run.end, window.upperBound)
            guard start < end else { return nil }
            return DirtyRange(
                offset: start * pageSize,
                length: (end - start) * pageSize,
                options: run.isZero ? DirtyRange.isZero : 0
            )
        }
    }

    var counts: PageCounts {
        var counts = PageCounts()
        counts.resident = pages.count
        counts.dirty = pages.values.count { $0.state == .dirty }
        counts.awaitingClean = pages.values.count { $0.state == .awaitingClean }
        counts.dirtyZero = intervals.reduce(0) { $0 + Int($1.end - $1.start) }
        return counts
    }
}
