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
    /// - Throws: `outOfRange`, `badState` if detached or discarded, `notFound` if a slot is Empty,
    ///   `noMemory` if the frames do not suffice. Who waits for the pages to become Dirty then
    ///   wakes, and asks again for what it needs.
    public func opDirty(_ pages: PageRange, frames: inout FrameBatch) throws(Status) {
        precondition(frames.arena === pager.arena, "frames of another arena")
        try mutate { (state: inout VMOState) throws(Status) in
            do throws(Status) {
                guard try state.framesToDirty(pages) <= frames.count else { throw .noMemory }
            } catch {
                state.wakeDirtyWaiters(in: pages)
                throw error
            }
            state.dirty(pages, from: &frames)
        }
    }

    /// How many frames `opDirty` would need now; 0 where it would throw.
    func framesToDirty(_ pages: PageRange) -> Int {
        state.withLock { state in (try? state.framesToDirty(pages)) ?? 0 }
    }

    /// Wakes who waits for pages of the range to become Dirty, which they did not.
    func wakeDirtyWaiters(in pages: PageRange) {
        mutate { state in state.wakeDirtyWaiters(in: pages) }
    }
}

extension VMOState {
    fileprivate mutating func wakeDirtyWaiters(in pages: PageRange) {
        resolveDirties(in: pages.clamped(to: PageRange(0, sizePages)))
    }

    fileprivate mutating func framesToDirty(_ pages: PageRange) throws(Status) -> Int {
        try check(pages)
        guard !isDetached else { throw .badState }
        var count: UInt64 = 0
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            switch run.kind {
            case .absent: throw .notFound
            case .marker, .dirtyZero, .untrackedZero: count += run.end - page
            case .data: break
            }
            page = run.end
        }
        return Int(count)
    }

    /// Makes pages Dirty, none of which is Empty.
    fileprivate mutating func dirty(_ pages: PageRange, from frames: inout FrameBatch) {
        resolveDirties(in: pages)
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
    }
}
