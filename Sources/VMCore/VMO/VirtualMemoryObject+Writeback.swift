public import Support

extension VirtualMemoryObject {
    /// Begins a writeback: Dirty pages in the range become AwaitingClean, and zero intervals that
    /// start in the range are marked up to its end.
    ///
    /// With `isZero` no Page changes: the caller is about to write zeros, and what was written
    /// since it asked must stay dirty. A zero interval that starts before the range is ignored.
    ///
    /// Returns the zeros of the range whose writeback it began. Also where a query said data, pages
    /// may have been zeroed since, and the end cleans those too: whoever ends the writeback has
    /// written zeros there, and the pages of `leaseAwaitingClean` after that.
    ///
    /// Source: `ZX_PAGER_OP_WRITEBACK_BEGIN`.
    ///
    /// - Throws: `outOfRange`.
    @discardableResult
    public func beginWriteback(_ pages: PageRange, isZero: Bool) throws(Status) -> [PageRange] {
        try mutate { (state: inout VMOState) throws(Status) -> [PageRange] in
            guard pages.end <= state.sizePages else { throw .outOfRange }
            if !isZero {
                // A page that is pinned may be written by its device at any time: it stays Dirty.
                for part in state.pins.unpinned(in: pages) { state.table.beginWriteback(part) }
                state.observer?.revokeWrite(pages)
            }
            return state.zeros.beginWriteback(pages)
        }
    }

    /// Forgets that writeback of the zero intervals that start in the range was begun; Pages stay
    /// AwaitingClean, which is harmless.
    ///
    /// Ours, beyond Zircon, where an error between begin and end needs no call. There the mark of
    /// an interval may outlive the failure and be longer than the interval; zeros that join the
    /// interval during a later writeback, after the pager has written their page as data, are then
    /// cleaned by its end although the store has no zeros there. A pager that calls this after a
    /// failure does not lose them.
    public func abandonZeroWriteback(_ pages: PageRange) {
        state.withLock { $0.zeros.abandonWriteback(pages) }
    }

    /// Ends a writeback: AwaitingClean pages in the range become Clean, and the marked part of zero
    /// intervals that start in the range becomes Empty.
    ///
    /// What was written since the begin stays Dirty.
    ///
    /// Source: `ZX_PAGER_OP_WRITEBACK_END`.
    ///
    /// - Throws: `outOfRange`.
    public func endWriteback(_ pages: PageRange) throws(Status) {
        try mutate { (state: inout VMOState) throws(Status) in
            guard pages.end <= state.sizePages else { throw .outOfRange }
            let zeroPages = state.zeros.pageCount
            let mapped = state.observer == nil ? [] : state.zeroRuns(in: pages)
            state.zeros.endWriteback(pages)
            if state.zeros.pageCount < zeroPages { state.emptied.note(pages) }
            state.table.endWriteback(pages)
            for run in mapped { state.revokeAbsent(in: run) }
        }
    }
}

extension VMOState {
    /// The dirty zeros in the range.
    fileprivate func zeroRuns(in pages: PageRange) -> [PageRange] {
        var runs: [PageRange] = []
        var position = zeros.firstEnding(after: pages.start)
        while let interval = zeros[position], interval.start < pages.end {
            runs.append(PageRange(interval.start, interval.end).clamped(to: pages))
            position = zeros.position(after: position)
        }
        return runs
    }

    /// Makes mappings ask again for the Empty slots of the range, which they show as zeros.
    fileprivate mutating func revokeAbsent(in pages: PageRange) {
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            if run.kind == .absent { observer?.revokeAll(PageRange(page, run.end)) }
            page = run.end
        }
    }
}
