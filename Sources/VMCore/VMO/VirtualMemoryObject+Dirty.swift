public import Support

extension VirtualMemoryObject {
    /// Makes pages Dirty without writing: Pages as they are, Markers and dirty zeros as new Pages
    /// full of zeros with frames from `frames`.
    ///
    /// All or nothing; does not set `modified`.
    ///
    /// Preconditions:
    /// - The frames come from the pager's arena.
    ///
    /// Source: `ZX_PAGER_OP_DIRTY`.
    ///
    /// - Throws: `outOfRange`, `badState` if discarded, `notFound` if a slot is Empty, `noMemory`
    ///   if the frames do not suffice.
    public func opDirty(_ pages: PageRange, frames: inout FrameBatch) throws(Status) {
        precondition(frames.arena === pager.arena, "frames of another arena")
        let redirtied = try mutate { (state: inout VMOState) throws(Status) -> Int in
            guard try state.framesToDirty(pages) <= frames.count else { throw .noMemory }
            return state.dirty(pages, from: &frames)
        }
        if redirtied > 0 { pager.statistics.redirtiedPages.add(redirtied) }
    }

    /// How many frames `opDirty` would need now.
    ///
    /// - Throws: as `opDirty`, without `noMemory`.
    func framesToDirty(_ pages: PageRange) throws(Status) -> Int {
        try state.withLock { (state: inout VMOState) throws(Status) -> Int in
            try state.framesToDirty(pages)
        }
    }
}

extension VMOState {
    fileprivate mutating func framesToDirty(_ pages: PageRange) throws(Status) -> Int {
        try check(pages)
        var count: UInt64 = 0
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            switch run.kind {
            case .absent: throw .notFound
            case .marker, .dirtyZero: count += run.end - page
            case .data: break
            }
            page = run.end
        }
        return Int(count)
    }

    /// Makes pages Dirty, none of which is Empty; returns how many were AwaitingClean.
    fileprivate mutating func dirty(_ pages: PageRange, from frames: inout FrameBatch) -> Int {
        var redirtied = 0
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            if run.kind == .data, let leaf = run.leaf {
                let to = run.from + Int(run.end - page)
                redirtied += table.makeDirty(leaf, run.from, to).awaitingClean
                page = run.end
                continue
            }
            let room = min(run.end - page, UInt64(leafPages) - page % UInt64(leafPages))
            guard let taken = frames.takeContiguous(Int(room)) else { break }
            arena.zero(taken)
            installDirty(taken, at: page)
            page += UInt64(taken.count)
        }
        return redirtied
    }
}
