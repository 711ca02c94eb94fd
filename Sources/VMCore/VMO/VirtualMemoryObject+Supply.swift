public import Support

/// Leaves without a resident page that a VMO keeps at most for the sake of Markers (320 bytes
/// each).
///
/// Zircon keeps all Markers; here they are dropped beyond this, since a source in this process can
/// be asked again and again gives zeros. Half of it would make a scan through a hole of more than 1
/// GiB forget what it supplied sooner; doubling it doubles what a scan through a huge sparse file
/// costs in memory (640 KiB).
private let markerLeafCountMax = 1024

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
    /// - Throws: `outOfRange` (nothing is supplied), `badState` if discarded, `invalidArgs` if
    ///   there are fewer frames than pages.
    public func supply(_ pages: PageRange, from frames: consuming FrameBatch) throws(Status) {
        precondition(frames.arena === pager.arena, "frames of another arena")
        guard UInt64(frames.count) >= pages.count else { throw .invalidArgs }
        let filled = try mutate { (state: inout VMOState) throws(Status) -> Int in
            try state.check(pages)
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
            try state.check(pages)
            return state.supplyZeros(pages)
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
                    table.install(taken, at: page, isDirty: false)
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
        let pagesMax = UInt64(markerLeafCountMax / 2 * leafPages)
        let limit = min(pages.end, pages.start + pagesMax)
        var filled = 0
        var page = pages.start
        while page < limit {
            let leafEnd = (page / UInt64(leafPages) + 1) * UInt64(leafPages)
            let (part, isEmpty) = suppliable(from: page, limit: min(limit, leafEnd))
            if isEmpty {
                table.addMarkers(part)
                resolveReads(part)
                filled += Int(part.count)
            }
            page = part.end
        }
        if table.markerLeafCount > markerLeafCountMax {
            table.dropMarkerLeaves(
                downTo: markerLeafCountMax / 2,
                keeping: PageRange(pages.start, limit)
            )
        }
        return filled
    }
}
