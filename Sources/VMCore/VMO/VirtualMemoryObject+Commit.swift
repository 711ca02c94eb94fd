public import Support

extension VirtualMemoryObject {
    /// Makes pages resident: absent ones are requested, Markers become Clean pages of zeros, dirty
    /// zeros Dirty pages (which the pager of a trapping VMO is asked for first).
    ///
    /// May block in the pager. What a shrink cuts off meanwhile is left out.
    ///
    /// Source: `ZX_VMO_OP_COMMIT`. That untracked zeros become Dirty too is read off the kernel's
    /// code alone.
    ///
    /// - Throws: `outOfRange`, `badState` if detached, what the pager answers, `noMemory`.
    public func commit(_ pages: PageRange) throws(Status) {
        try forEachRun(in: pages) { (state, page, end) throws(Status) in
            let run = state.run(at: page, limit: end)
            switch run.kind {
            case .absent:
                return .wait(try state.requestPages(from: page, limit: end))
            case .data:
                return .ready(end: run.end)
            case .marker:
                return state.installZeros(at: page, isDirty: false)
            case .dirtyZero, .untrackedZero:
                if state.traps { return .wait(try state.requestDirty(from: page, limit: end)) }
                return state.installZeros(at: page, isDirty: true)
            }
        }
    }

    /// Requests absent pages and waits for them.
    ///
    /// Source: `ZX_VMO_OP_PREFETCH`.
    ///
    /// - Throws: `outOfRange`, `badState` if detached, what the pager answers.
    public func prefetch(_ pages: PageRange) throws(Status) {
        try forEachRun(in: pages) { (state, page, end) throws(Status) in
            let run = state.run(at: page, limit: end)
            if run.kind == .absent {
                return .wait(try state.requestPages(from: page, limit: end))
            }
            return .ready(end: run.end)
        }
    }

    /// Requests absent pages, and notes all as just used; what cannot be had is left out.
    ///
    /// Source: `ZX_VMO_OP_ALWAYS_NEED`.
    public func alwaysNeed(_ pages: PageRange) {
        try? prefetch(pages)
        markReferenced(pages, true)
    }

    /// Makes the Clean pages of the range the first to be evicted.
    ///
    /// Source: `ZX_VMO_OP_DONT_NEED`.
    public func dontNeed(_ pages: PageRange) {
        markReferenced(pages, false)
    }

    private func markReferenced(_ pages: PageRange, _ isReferenced: Bool) {
        state.withLock { state in
            var page = pages.start
            while let part = state.table.nextSegment(from: page, to: pages.end, .present) {
                page = part.end
                if isReferenced {
                    part.leaf.fields.markReferenced(part.from, part.to)
                } else {
                    part.leaf.fields.clearReferenced(part.from, part.to)
                }
            }
        }
    }

    /// Calls `step` with the pages that are left until none is, of those that the VMO still has.
    private func forEachRun(
        in pages: PageRange,
        _ step: (inout VMOState, UInt64, UInt64) throws(Status) -> AccessStep
    ) throws(Status) {
        guard pages.end <= size / pageSize else { throw .outOfRange }
        var page = pages.start
        while page < pages.end {
            let start = page
            page = try access { (state: inout VMOState) throws(Status) in
                let end = min(pages.end, state.sizePages)
                return start < end ? try step(&state, start, end) : .ready(end: pages.end)
            }
        }
    }
}
