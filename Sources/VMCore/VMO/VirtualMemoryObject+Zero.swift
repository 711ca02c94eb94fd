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
        return mutate { state in
            guard pages.end <= state.sizePages else { return false }
            let run = state.run(at: pages.start, limit: pages.end)
            guard run.kind == .data, let leaf = run.leaf else { return false }
            return state.zeroInPlace(bytes, leaf, run.from)
        }
    }

    /// Makes any bytes zeros: whole pages without a request, the pages at the two ends by a write
    /// of zeros unless they read as zeros already.
    ///
    /// Pages that are pinned stay where they are and are written too. May block in the pager.
    ///
    /// Source: `ZX_VMO_OP_ZERO`.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile; `badState` if discarded; what the
    ///   pager answers for a page that is written.
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
        var page = whole.start
        while page < whole.end {
            let start = page
            page = try access { (state: inout VMOState) throws(Status) in
                try state.check(whole)
                let pinned = state.pins.first(in: PageRange(start, whole.end)) ?? whole.end
                guard pinned == start else {
                    state.isModified = true
                    _ = state.zero(PageRange(start, pinned))
                    return .ready(end: pinned)
                }
                return try state.writeZeros(PageRange(start: start, count: 1).bytes)
            }
        }
    }

    /// Zeroes part of one page, which is read in first if it is absent.
    private func zeroPart(_ bytes: ByteRange) throws(Status) {
        _ = try access { (state: inout VMOState) throws(Status) in
            try state.check(bytes.pagesRoundedOutward)
            return try state.writeZeros(bytes)
        }
    }
}

extension VMOState {
    /// Writes zeros to bytes of one page, unless it reads as zeros.
    mutating func writeZeros(_ bytes: ByteRange) throws(Status) -> AccessStep {
        let pages = bytes.pagesRoundedOutward
        let run = run(at: pages.start, limit: pages.end)
        switch run.kind {
        case .absent:
            return .wait(try requestPages(from: pages.start, limit: pages.end))
        case .marker, .dirtyZero, .untrackedZero:
            break
        case .data:
            guard let leaf = run.leaf else { break }
            if traps, !leaf.fields.dirty[run.from] {
                return .wait(try requestDirty(from: pages.start, limit: pages.end))
            }
            _ = zeroInPlace(bytes, leaf, run.from)
        }
        return .ready(end: pages.end)
    }

    /// Zeroes bytes of a resident page, which becomes Dirty; returns whether it was Clean.
    fileprivate mutating func zeroInPlace(
        _ bytes: ByteRange,
        _ leaf: LeafReference,
        _ index: Int
    ) -> Bool {
        // With a lease open the page gets a frame of its own; without memory for that the holder
        // of the lease may see these zeros early, as an ordinary reader would.
        var spare = FrameBatch(FrameRunList(), arena: arena)
        if arena.isPinned(leaf.fields.frame(index)) { spare = arena.take(1) }
        _ = unshare(leaf, index, bytes, from: &spare)
        let moved = table.makeDirty(leaf, index, index + 1)
        redirtied += moved.awaitingClean
        isModified = true
        let start = Int(bytes.start - (leaf.fields.base + UInt64(index)) * pageSize)
        arena.zero(
            FrameRun(start: leaf.fields.frame(index), count: 1),
            from: start,
            to: start + Int(bytes.count)
        )
        return moved.clean > 0
    }

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
                observer?.revokeAll(part)
            case .absent:
                zeros.add(part)
                resolveReads(part)
            case .untrackedZero:
                trackZeros(part)
            case .marker, .dirtyZero:
                break
            }
            page = run.end
        }
        result.pagesZeroed = zeros.pageCount - zerosBefore
        return result
    }

    /// Makes untracked zeros dirty ones, unless `part` lies strictly inside an interval of them: as
    /// Zircon's code has it, those stay as they are.
    private mutating func trackZeros(_ part: PageRange) {
        guard let interval = untracked.first(endingAfter: part.start),
            part.start == interval.start || part.end == interval.end
        else { return }
        untracked.remove(part)
        zeros.add(part)
    }
}
