public import Support

extension VirtualMemoryObject {
    /// What zeroing did.
    public struct ZeroResult: Hashable, Sendable {
        /// Pages in state Dirty or AwaitingClean whose frames were dropped.
        public var dirtyDataPagesDropped = 0
        /// Pages that became dirty zeros.
        public var pagesZeroed = 0
    }

    /// Makes whole pages zeros, without any request: Pages are freed, they and Empty slots become
    /// dirty zeros; Markers and dirty zeros stay.
    ///
    /// Source: `ZX_VMO_OP_ZERO`.
    ///
    /// - Throws: `outOfRange`, `badState` if discarded.
    public func zero(_ pages: PageRange) throws(Status) -> ZeroResult {
        try mutate { (state: inout VMOState) throws(Status) -> ZeroResult in
            try state.check(pages)
            if !pages.isEmpty { state.isModified = true }
            return state.zero(pages)
        }
    }

    /// Zeroes bytes inside one page if that is a resident Page, which becomes Dirty; does nothing
    /// if the page is absent or zero or beyond the size.
    ///
    /// Returns whether the page was Clean.
    ///
    /// Preconditions:
    /// - The bytes lie in one page.
    public func zeroResidentTail(_ bytes: ByteRange) -> Bool {
        guard !bytes.isEmpty else { return false }
        let pages = bytes.pagesRoundedOutward
        precondition(pages.count == 1, "\(bytes) is not inside one page")
        var redirtied = 0
        let wasClean = mutate { state in
            guard pages.end <= state.sizePages else { return false }
            let run = state.run(at: pages.start, limit: pages.end)
            guard run.kind == .data, let leaf = run.leaf else { return false }
            // With a lease open the page gets a frame of its own; without memory for that the
            // holder of the lease may see these zeros early, as an ordinary reader would.
            var spare = FrameBatch(FrameRunList(), arena: state.arena)
            if state.arena.isPinned(leaf.fields.frame(run.from)) { spare = state.arena.take(1) }
            _ = state.unshare(leaf, run.from, bytes, from: &spare)
            let moved = state.table.makeDirty(leaf, run.from, run.from + 1)
            redirtied = moved.awaitingClean
            state.isModified = true
            let start = Int(bytes.start - pages.start * pageSize)
            state.arena.zero(
                FrameRun(start: leaf.fields.frame(run.from), count: 1),
                from: start,
                to: start + Int(bytes.count)
            )
            return moved.clean > 0
        }
        if redirtied > 0 { pager.statistics.redirtiedPages.add(redirtied) }
        return wasClean
    }

    /// Makes any bytes zeros: whole pages as `zero`, the pages at the two ends by a write of zeros
    /// unless they read as zeros already.
    ///
    /// May block in the source.
    ///
    /// Source: `ZX_VMO_OP_ZERO`.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile; `badState` if discarded; what the
    ///   source throws for a page at an end.
    public func zero(_ bytes: ByteRange) throws(Status) {
        guard bytes.end <= size else { throw .outOfRange }
        guard !bytes.isEmpty else { return }
        let whole = bytes.pagesRoundedInward
        if bytes.start / pageSize == (bytes.end - 1) / pageSize, whole.isEmpty {
            try zeroPart(bytes)
            return
        }
        if bytes.start % pageSize != 0 {
            try zeroPart(ByteRange(bytes.start, whole.bytes.start))
        }
        if bytes.end % pageSize != 0 {
            try zeroPart(ByteRange(bytes.end - bytes.end % pageSize, bytes.end))
        }
        if !whole.isEmpty { _ = try zero(whole) }
    }

    /// Zeroes part of one page, which is read in first if it is absent.
    private func zeroPart(_ bytes: ByteRange) throws(Status) {
        let pages = bytes.pagesRoundedOutward
        while true {
            let admission = try mutate {
                (state: inout VMOState) throws(Status) -> PageRequestTracker.Admission? in
                try state.check(pages)
                let run = state.run(at: pages.start, limit: pages.end)
                return run.kind == .absent
                    ? state.requestPages(from: pages.start, limit: pages.end) : nil
            }
            guard let admission else { break }
            try complete(admission)
        }
        _ = zeroResidentTail(bytes)
    }
}

extension VMOState {
    fileprivate mutating func zero(_ pages: PageRange) -> VirtualMemoryObject.ZeroResult {
        var result = VirtualMemoryObject.ZeroResult()
        let zerosBefore = zeros.pageCount
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            let part = PageRange(page, run.end)
            switch run.kind {
            case .data:
                result.dirtyDataPagesDropped += table.remove(
                    part,
                    alsoMarkers: false,
                    into: &freed
                )
                zeros.add(part)
            case .absent:
                zeros.add(part)
                resolveReads(part)
            case .marker, .dirtyZero:
                break
            }
            page = run.end
        }
        result.pagesZeroed = zeros.pageCount - zerosBefore
        return result
    }
}
