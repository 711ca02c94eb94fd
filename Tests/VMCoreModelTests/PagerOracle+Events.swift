import Support
import VMCore

// What the pager does, and what never waits: ZIRCON.md 3.2, 3.7, 3.9, 3.10 and 3.11.
extension PagerOracle {
    /// Whether the pages lie in the VMO.
    func check(_ range: Range<UInt64>) -> Outcome? {
        range.upperBound > size ? .failure(.outOfRange) : nil
    }

    /// Supply; nil stands for a page that was never written.
    mutating func supply(_ range: Range<UInt64>, _ contents: [[UInt8]?]) -> Outcome {
        if let failure = check(range) { return failure }
        if range.isEmpty { return .success }
        if isDetached { return .failure(.badState) }
        for (page, units) in zip(range, contents) where slot(page) == .empty {
            if let units {
                pages[page] = Page(state: .clean, units: units)
            } else {
                markers.insert(page)
            }
            resolve(.read, page..<(page + 1))
        }
        return .success
    }

    mutating func opDirty(_ range: Range<UInt64>) -> Outcome {
        guard traps else { return .failure(.notSupported) }
        guard range.lowerBound <= size else { return .failure(.outOfRange) }
        var failure = check(range)
        if failure == nil, isDetached { failure = .failure(.badState) }
        if failure == nil, range.contains(where: { slot($0) == .empty }) {
            failure = .failure(.notFound)
        }
        for page in range where page < size && slot(page) != .page(.dirty) {
            resolve(.dirty, page..<(page + 1))
        }
        if let failure { return failure }
        for page in range { makeDirty(page) }
        return .success
    }

    mutating func fail(_ range: Range<UInt64>, _ status: Status) -> Outcome {
        if let failure = check(range) { return failure }
        if isDetached { return .failure(.badState) }
        failRequests(range, status)
        return .success
    }

    mutating func beginWriteback(_ range: Range<UInt64>, isZero: Bool) -> Outcome {
        if let failure = check(range) { return failure }
        for page in range where !isZero && slot(page) == .page(.dirty) && !isPinned(page) {
            pages[page]?.state = .awaitingClean
        }
        for index in intervals.indices
        where intervals[index].isDirty && range.contains(intervals[index].start) {
            let length = min(range.upperBound, intervals[index].end) - intervals[index].start
            let before = intervals[index].awaitingCleanLength
            intervals[index].awaitingCleanLength = max(before, length)
        }
        return .success
    }

    mutating func endWriteback(_ range: Range<UInt64>) -> Outcome {
        if let failure = check(range) { return failure }
        for page in range where slot(page) == .page(.awaitingClean) {
            pages[page]?.state = .clean
        }
        var cleanEnd = range.lowerBound
        for (index, interval) in intervals.enumerated()
        where interval.isDirty && range.contains(interval.start) {
            cleanEnd = max(cleanEnd, interval.start + interval.awaitingCleanLength)
            let cut = max(interval.start, min(cleanEnd, interval.end, range.upperBound))
            let removed = cut - interval.start
            intervals[index].start = cut
            intervals[index].awaitingCleanLength -= min(removed, interval.awaitingCleanLength)
        }
        intervals.removeAll { $0.start >= $0.end }
        return .success
    }

    mutating func resize(_ newSize: UInt64, streamSize newStreamSize: UInt64) -> Outcome {
        if pins.keys.contains(where: { $0 >= newSize }) { return .failure(.badState) }
        isModified = true
        streamSize = newStreamSize
        if newSize > size {
            addZeros(size..<newSize, isDirty: true)
            size = newSize
            return .success
        }
        for page in newSize..<size {
            let one = page..<(page + 1)
            if slot(page) == .empty { resolve(.read, one) }
            if slot(page) != .page(.dirty) { resolve(.dirty, one) }
            pages[page] = nil
            markers.remove(page)
        }
        intervals.removeAll { $0.start >= newSize }
        if let last = intervals.indices.last {
            intervals[last].end = min(intervals[last].end, newSize)
        }
        size = newSize
        return .success
    }

    mutating func detach() {
        if isDetached { return }
        isDetached = true
        markers = []
        dropClean()
        completeAllRequests()
    }

    mutating func evict() {
        dropClean()
    }

    private mutating func dropClean() {
        for (page, value) in pages where value.state == .clean && !isPinned(page) {
            pages[page] = nil
        }
    }

    /// The pager reads `count` packets; nil where there is none.
    mutating func readPackets(_ count: Int) -> [Packet] {
        let taken = Array(packets.prefix(count))
        packets.removeFirst(taken.count)
        return taken
    }
}
