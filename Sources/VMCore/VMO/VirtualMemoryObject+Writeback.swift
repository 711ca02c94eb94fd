public import Support

extension VirtualMemoryObject {
    /// Begins a writeback: Dirty pages in the range become AwaitingClean, and zero intervals that
    /// start in the range are marked up to its end.
    ///
    /// With `isZero` no Page changes: the caller is about to write zeros, and what was written
    /// since it asked must stay dirty. A zero interval that starts before the range is ignored.
    ///
    /// Source: `ZX_PAGER_OP_WRITEBACK_BEGIN`.
    ///
    /// - Throws: `outOfRange`.
    public func beginWriteback(_ pages: PageRange, isZero: Bool) throws(Status) {
        try mutate { (state: inout VMOState) throws(Status) in
            guard pages.end <= state.sizePages else { throw .outOfRange }
            state.zeros.beginWriteback(pages)
            if !isZero { state.table.beginWriteback(pages) }
        }
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
            state.zeros.endWriteback(pages)
            state.table.endWriteback(pages)
        }
    }
}
