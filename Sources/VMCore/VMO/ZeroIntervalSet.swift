internal import Support

/// The zero intervals of a VMO, in order, never overlapping and never touching.
///
/// Kept in sorted chunks of at most 256 intervals, so that a change among 100,000 of them moves
/// a few kilobytes and a search looks at two short arrays.
///
/// Lock: that of the VMO.
struct ZeroIntervalSet {
    /// A place among the intervals: of one, or behind the last.
    struct Position {
        fileprivate var chunk = 0
        fileprivate var index = 0
    }

    /// Intervals in a chunk at most.
    ///
    /// Doubling it doubles what an insertion moves (6 KiB); halving it doubles the array of chunks.
    static let chunkCountMax = 256

    /// No chunk is empty.
    private var chunks: ContiguousArray<ContiguousArray<ZeroInterval>> = []

    /// Pages in all intervals.
    private(set) var pageCount = 0
    /// The number of intervals.
    private(set) var count = 0

    /// Where the last query ended, perhaps before a change: the next one often begins there.
    var hint = Position()

    var isEmpty: Bool { count == 0 }

    /// The interval at `position`; nil behind the last.
    @inline(__always)
    subscript(position: Position) -> ZeroInterval? {
        position.chunk < chunks.count ? chunks[position.chunk][position.index] : nil
    }

    /// The place after `position`, which is that of an interval.
    @inline(__always)
    func position(after position: Position) -> Position {
        if position.index + 1 < chunks[position.chunk].count {
            return Position(chunk: position.chunk, index: position.index + 1)
        }
        return Position(chunk: position.chunk + 1, index: 0)
    }

    /// The place of the first interval that ends after `page`.
    func firstEnding(after page: UInt64) -> Position {
        if hint.chunk < chunks.count, hint.index > 0, hint.index < chunks[hint.chunk].count,
            chunks[hint.chunk][hint.index].end > page,
            chunks[hint.chunk][hint.index - 1].end <= page
        {
            return hint
        }
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle][chunks[middle].count - 1].end > page {
                high = middle
            } else {
                low = middle + 1
            }
        }
        guard low < chunks.count else { return Position(chunk: low, index: 0) }
        let chunk = low
        low = 0
        high = chunks[chunk].count - 1
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle].end > page { high = middle } else { low = middle + 1 }
        }
        return Position(chunk: chunk, index: low)
    }

    /// The first interval that ends after `page`, whether it holds `page` or lies beyond.
    @inline(__always)
    func first(endingAfter page: UInt64) -> ZeroInterval? {
        isEmpty ? nil : self[firstEnding(after: page)]
    }

    /// The place of the first interval that starts at or after `page`.
    private func firstStarting(atOrAfter page: UInt64) -> Position {
        let position = firstEnding(after: page)
        if let interval = self[position], interval.start < page {
            return self.position(after: position)
        }
        return position
    }

    /// Makes the pages dirty zeros.
    ///
    /// Those that are keep their place in the interval; the new ones merge with their neighbours.
    ///
    /// The interval on the left keeps its start and so its writeback; one on the right gets a new
    /// start, and its writeback is forgotten.
    mutating func add(_ pages: PageRange) {
        guard !pages.isEmpty else { return }
        // An interval that ends exactly where the pages start is a neighbour too.
        let position = firstEnding(after: pages.start == 0 ? 0 : pages.start - 1)
        var merged = ZeroInterval(start: pages.start, end: pages.end)
        if let first = self[position], first.start <= pages.start {
            merged.awaitingCleanLength = first.awaitingCleanLength
        }
        var absorbedCount = 0
        var next = position
        while let interval = self[next], interval.start <= pages.end {
            merged.start = min(merged.start, interval.start)
            merged.end = max(merged.end, interval.end)
            pageCount -= Int(interval.end - interval.start)
            absorbedCount += 1
            next = self.position(after: next)
        }
        pageCount += Int(merged.end - merged.start)
        guard absorbedCount > 0 else {
            insert(merged, at: position)
            return
        }
        chunks[position.chunk][position.index] = merged
        remove(absorbedCount - 1, from: self.position(after: position))
    }

    /// Takes pages out (written, dropped, or cut off).
    ///
    /// What is left on the left keeps its writeback, untrimmed. What is left on the right of pages
    /// taken from the very start keeps the rest of it, else none.
    mutating func remove(_ pages: PageRange) {
        guard !isEmpty, !pages.isEmpty else { return }
        var position = firstEnding(after: pages.start)
        if let interval = self[position], interval.start < pages.start {
            chunks[position.chunk][position.index].end = pages.start
            pageCount -= Int(interval.end - pages.start)
            position = self.position(after: position)
            if interval.end > pages.end {
                pageCount += Int(interval.end - pages.end)
                insert(ZeroInterval(start: pages.end, end: interval.end), at: position)
                return
            }
        }
        var goneCount = 0
        var next = position
        while let interval = self[next], interval.end <= pages.end {
            pageCount -= Int(interval.end - interval.start)
            goneCount += 1
            next = self.position(after: next)
        }
        if let interval = self[next], interval.start < pages.end {
            chunks[next.chunk][next.index] = interval.cut(to: pages.end)
            pageCount -= Int(pages.end - interval.start)
        }
        remove(goneCount, from: position)
    }

    /// Begins a writeback of the intervals that start in `pages`, each up to the end of `pages`;
    /// returns those parts.
    ///
    /// An interval that starts before is not touched.
    mutating func beginWriteback(_ pages: PageRange) -> [PageRange] {
        guard !isEmpty else { return [] }
        var begun: [PageRange] = []
        var position = firstStarting(atOrAfter: pages.start)
        while let interval = self[position], interval.start < pages.end {
            let length = min(pages.end, interval.end) - interval.start
            if length > interval.awaitingCleanLength {
                chunks[position.chunk][position.index].awaitingCleanLength = length
            }
            begun.append(PageRange(start: interval.start, count: length))
            position = self.position(after: position)
        }
        return begun
    }

    /// Forgets that a writeback of the intervals that start in `pages` was begun.
    mutating func abandonWriteback(_ pages: PageRange) {
        guard !isEmpty else { return }
        var position = firstStarting(atOrAfter: pages.start)
        while let interval = self[position], interval.start < pages.end {
            chunks[position.chunk][position.index].awaitingCleanLength = 0
            position = self.position(after: position)
        }
    }

    /// Ends the writeback of the intervals that start in `pages`: what was begun becomes Empty.
    ///
    /// How far a writeback reaches is carried over from one interval to the next, so that both
    /// halves of an interval that a write split are cleaned.
    mutating func endWriteback(_ pages: PageRange) {
        guard !isEmpty else { return }
        let start = firstStarting(atOrAfter: pages.start)
        var cleanEnd = pages.start
        var chunk = start.chunk
        var isDone = false
        while chunk < chunks.count, !isDone {
            let first = chunk == start.chunk ? start.index : 0
            var kept = first
            var index = first
            while index < chunks[chunk].count {
                let interval = chunks[chunk][index]
                guard interval.start < pages.end else {
                    isDone = true
                    break
                }
                cleanEnd = max(cleanEnd, interval.start + interval.awaitingCleanLength)
                let cut = min(cleanEnd, interval.end, pages.end)
                index += 1
                if cut > interval.start { pageCount -= Int(cut - interval.start) }
                if cut < interval.end {
                    chunks[chunk][kept] = cut > interval.start ? interval.cut(to: cut) : interval
                    kept += 1
                }
            }
            count -= index - kept
            chunks[chunk].removeSubrange(kept..<index)
            chunk += 1
        }
        dropEmptyChunks(start.chunk, chunk)
    }

    /// Takes every interval out.
    mutating func removeAll() {
        self = ZeroIntervalSet()
    }

    private mutating func insert(_ interval: ZeroInterval, at position: Position) {
        if isEmpty {
            chunks.append([interval])
            pageCount = Int(interval.end - interval.start)
            count = 1
            return
        }
        // Behind the last interval means: at the end of the last chunk.
        var chunk = position.chunk
        var index = position.index
        if chunk == chunks.count {
            chunk -= 1
            index = chunks[chunk].count
        }
        chunks[chunk].insert(interval, at: index)
        count += 1
        if chunks[chunk].count > Self.chunkCountMax {
            let half = chunks[chunk].count / 2
            chunks.insert(ContiguousArray(chunks[chunk][half...]), at: chunk + 1)
            chunks[chunk].removeSubrange(half...)
        }
    }

    private mutating func remove(_ goneCount: Int, from position: Position) {
        guard goneCount > 0 else { return }
        count -= goneCount
        var remaining = goneCount
        var chunk = position.chunk
        var index = position.index
        while remaining > 0 {
            let taken = min(remaining, chunks[chunk].count - index)
            chunks[chunk].removeSubrange(index..<(index + taken))
            remaining -= taken
            chunk += 1
            index = 0
        }
        dropEmptyChunks(position.chunk, chunk)
    }

    /// Drops the empty ones of chunks `from ..< to` and joins the rest with a small neighbour.
    private mutating func dropEmptyChunks(_ from: Int, _ to: Int) {
        let to = min(to, chunks.count)
        guard from < to else { return }
        var kept = from
        for chunk in from..<to where !chunks[chunk].isEmpty {
            if chunk != kept { chunks.swapAt(chunk, kept) }
            kept += 1
        }
        chunks.removeSubrange(kept..<to)
        let left = max(from - 1, 0)
        if left + 1 < chunks.count,
            chunks[left].count + chunks[left + 1].count <= Self.chunkCountMax / 2
        {
            chunks[left].append(contentsOf: chunks[left + 1])
            chunks.remove(at: left + 1)
        }
    }

    /// All intervals, for tests and invariant checks.
    var all: [ZeroInterval] { chunks.flatMap { $0 } }

    /// Whether every chunk is within its bounds.
    var isWellFormed: Bool {
        chunks.allSatisfy { !$0.isEmpty && $0.count <= Self.chunkCountMax }
            && chunks.reduce(0) { $0 + $1.count } == count
    }
}

extension ZeroInterval {
    /// The interval without the pages before `newStart`, which lies inside.
    func cut(to newStart: UInt64) -> ZeroInterval {
        let removed = newStart - start
        return ZeroInterval(
            start: newStart,
            end: end,
            awaitingCleanLength: awaitingCleanLength > removed ? awaitingCleanLength - removed : 0
        )
    }
}
