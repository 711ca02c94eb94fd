public import Support

/// Leaves without a resident page that a VMO keeps at most for the sake of Markers (80 bytes
/// each).
///
/// Zircon keeps all Markers; here they are dropped beyond this, since a source in this process can
/// be asked again and again gives zeros. Half of it would make a scan through a hole of more than 1
/// GiB forget what it supplied sooner; doubling it doubles what a scan through a huge sparse file
/// costs in memory (640 KiB).
private let markerLeafCountMax = 8192

extension VirtualMemoryObject {
    /// Puts frames behind Empty slots; what is in any other slot stays.
    ///
    /// The pages take the frames of the batch in order, first page first frame; frames of slots
    /// that were not Empty, and surplus ones, are freed. Wakes who waits for the pages. Pages that
    /// nobody asked for may be supplied too.
    ///
    /// Preconditions:
    /// - The frames come from the pager's arena.
    ///
    /// Source: `zx_pager_supply_pages`.
    ///
    /// - Throws: `outOfRange` (nothing is supplied), `badState` if detached or discarded,
    ///   `invalidArgs` if there are fewer frames than pages.
    public func supply(_ pages: PageRange, from frames: consuming FrameBatch) throws(Status) {
        precondition(frames.arena === pager.arena, "frames of another arena")
        guard UInt64(frames.count) >= pages.count else { throw .invalidArgs }
        let filled = try mutate { (state: inout VMOState) throws(Status) -> Int in
            try state.checkSupply(pages)
            return state.supply(pages, from: &frames)
        }
        pager.statistics.suppliedPages.add(filled)
    }

    /// Makes Empty slots zeros that the source vouches for (Markers, which take no memory of their
    /// own); what is in any other slot stays.
    ///
    /// Of a very long run only the first 1 GiB is marked. Wakes who waits for the pages.
    ///
    /// - Throws: `outOfRange` (nothing is supplied), `badState` if discarded.
    public func supplyZeros(_ pages: PageRange) throws(Status) {
        let filled = try mutate { (state: inout VMOState) throws(Status) -> Int in
            try state.checkSupply(pages)
            let countMax = UInt64(markerLeafCountMax / 2 * leafPages)
            let pages = PageRange(start: pages.start, count: min(pages.count, countMax))
            let filled = state.supplyZeros(pages)
            state.limitMarkers(keeping: pages)
            return filled
        }
        pager.statistics.suppliedPages.add(filled)
    }

    /// Puts what was taken from an auxiliary VMO into Empty slots from page `start` on: frames
    /// become Clean pages, runs without frames Markers; what is in any other slot stays.
    ///
    /// Owns the frames from the call on, also if it throws.
    ///
    /// Source: `zx_pager_supply_pages`.
    ///
    /// - Throws: `outOfRange` (nothing is supplied), `badState` if detached.
    func supply(_ runs: [SupplyRun], at start: UInt64) throws(Status) {
        var position = start
        for run in runs { position += run.pages.count }
        let pages = PageRange(start, position)
        let filled = try mutate { (state: inout VMOState) throws(Status) -> Int in
            do throws(Status) {
                try state.checkSupply(pages)
            } catch {
                for run in runs { if let frames = run.frames { state.freed.append(frames) } }
                throw error
            }
            var filled = 0
            var page = start
            for run in runs {
                let target = PageRange(start: page, count: run.pages.count)
                page = target.end
                if let frames = run.frames {
                    var list = FrameRunList()
                    list.append(frames)
                    var batch = FrameBatch(list, arena: state.arena)
                    filled += state.supply(target, from: &batch)
                } else {
                    filled += state.supplyZeros(target)
                }
            }
            return filled
        }
        pager.statistics.suppliedPages.add(filled)
    }
}

extension VMOState {
    /// The run of slots from `page` on that a supply fills, or leaves as they are.
    ///
    /// It leaves Empty ones too where what the source has may be out of date; who waits for those
    /// wakes and asks again.
    private mutating func suppliable(
        from page: UInt64,
        limit: UInt64
    ) -> (part: PageRange, isEmpty: Bool) {
        let run = run(at: page, limit: limit)
        guard run.kind == .absent else { return (PageRange(page, run.end), false) }
        let (isStale, end) = emptied.isStale(page, to: run.end)
        let part = PageRange(page, end)
        if isStale { resolveReads(part) }
        return (part, !isStale)
    }

    fileprivate mutating func supply(_ pages: PageRange, from frames: inout FrameBatch) -> Int {
        var filled = 0
        var page = pages.start
        while page < pages.end {
            let (part, isEmpty) = suppliable(from: page, limit: pages.end)
            let start = page
            while page < part.end {
                // A run of frames may end earlier, and a leaf does.
                let room = min(part.end - page, UInt64(leafPages) - page % UInt64(leafPages))
                guard let taken = frames.takeContiguous(Int(room)) else { return filled }
                if isEmpty {
                    install(taken, at: page, isDirty: false)
                } else {
                    freed.append(taken)
                }
                page += UInt64(taken.count)
            }
            if isEmpty {
                filled += Int(page - start)
                resolveReads(PageRange(start, page))
            }
        }
        return filled
    }

    fileprivate mutating func supplyZeros(_ pages: PageRange) -> Int {
        var filled = 0
        var page = pages.start
        while page < pages.end {
            let leafEnd = (page / UInt64(leafPages) + 1) * UInt64(leafPages)
            let (part, isEmpty) = suppliable(from: page, limit: min(pages.end, leafEnd))
            if isEmpty {
                table.addMarkers(part)
                resolveReads(part)
                filled += Int(part.count)
            }
            page = part.end
        }
        return filled
    }

    /// Drops Markers beyond `markerLeafCountMax` that a source can give again, outside `pages`.
    fileprivate mutating func limitMarkers(keeping pages: PageRange) {
        guard table.markerLeafCount > markerLeafCountMax, !reads.isQueued else { return }
        table.dropMarkerLeaves(downTo: markerLeafCountMax / 2, keeping: pages)
    }

    fileprivate func checkSupply(_ pages: PageRange) throws(Status) {
        try check(pages)
        guard !isDetached else { throw .badState }
    }
}
