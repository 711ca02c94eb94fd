public import Support

extension VirtualMemoryObject {
    /// Reports the dirty ranges that touch a window, ascending and disjoint.
    ///
    /// The window is rounded outward to pages and ranges are cut to it. Neighbouring Dirty and
    /// AwaitingClean pages are one range, neighbouring dirty zeros are one range, and the two never
    /// merge. At most `capacity` ranges are returned; with `countingAvailable` the rest is counted.
    /// To go on, ask again from the end of the last range.
    ///
    /// One consistent moment; changes nothing. About 20 ns a range, whatever the size of the VMO.
    ///
    /// Source: `zx_pager_query_dirty_ranges`.
    ///
    /// - Throws: `outOfRange` if the window does not lie in the VMO as given.
    public func queryDirtyRanges(
        offset: UInt64,
        length: UInt64,
        capacity: Int,
        countingAvailable: Bool
    ) throws(Status) -> DirtyQuery {
        try state.withLock { (state: inout VMOState) throws(Status) -> DirtyQuery in
            let size = state.sizePages * pageSize
            guard offset <= size, length <= size - offset else { throw .outOfRange }
            return state.queryDirtyRanges(
                in: ByteRange(offset, offset + length).pagesRoundedOutward,
                capacity: max(capacity, 0),
                countingAvailable: countingAvailable
            )
        }
    }

    /// How many pages of the range a write would need space for: every one that is not a Dirty or
    /// AwaitingClean Page.
    public func pagesNeedingSpace(in pages: PageRange) -> Int {
        state.withLock { state in Int(pages.count) - state.table.reportedCount(in: pages) }
    }
}

extension VMOState {
    fileprivate mutating func queryDirtyRanges(
        in window: PageRange,
        capacity: Int,
        countingAvailable: Bool
    ) -> DirtyQuery {
        var ranges: [DirtyRange] = []
        if window.isEmpty { return DirtyQuery(ranges: ranges, avail: countingAvailable ? 0 : nil) }
        ranges.reserveCapacity(
            min(capacity, table.dirtyCount + table.awaitingCleanCount + zeros.count)
        )
        var found = 0
        var next = window.start
        var data = table.nextReportedRun(from: &next, to: window.end)
        var position = zeros.firstEnding(after: window.start)
        var zero = zeros[position]
        while found < capacity || countingAvailable {
            let range: DirtyRange
            if let run = data, run.start < zero?.start ?? .max {
                range = DirtyRange(offset: run.start * pageSize, length: run.count * pageSize)
                data = table.nextReportedRun(from: &next, to: window.end)
            } else if let interval = zero, interval.start < window.end {
                let start = max(interval.start, window.start)
                let end = min(interval.end, window.end)
                range = DirtyRange(
                    offset: start * pageSize,
                    length: (end - start) * pageSize,
                    options: DirtyRange.isZero
                )
                position = zeros.position(after: position)
                zero = zeros[position]
            } else {
                break
            }
            if found < capacity { ranges.append(range) }
            found += 1
        }
        return DirtyQuery(ranges: ranges, avail: countingAvailable ? found : nil)
    }
}
