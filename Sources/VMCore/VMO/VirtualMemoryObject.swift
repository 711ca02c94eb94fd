internal import Support

/// A pager-backed VMO: pages that a source supplies when they are first needed, whose changes it
/// is told about by dirty ranges and takes over by writeback.
///
/// A slot of the VMO is Empty, a Marker (zeros from the source), a Page (Clean, Dirty or
/// AwaitingClean) or dirty zeros. `ZeroIntervalSet` has the dirty zeros, `PageTable` the rest.
///
/// Thread safety: any thread. Each call takes the VMO's lock; none holds it while a source works
/// or for longer than it takes to copy `writePieceBytes`.
public final class VirtualMemoryObject: Sendable {
    /// The largest size in bytes: page numbers up to it, and one leaf more, fit the page table.
    public static let sizeMax = UInt64.max - UInt64(leafPages) * pageSize + 1

    /// How the VMO was made.
    public let options: VMOOptions
    /// The pager that made it.
    public let pager: Pager

    let provider: PageProvider
    let state: Guarded<VMOState>
    /// Its place in the pager's list.
    let registration: Int

    init(
        sizePages: UInt64,
        streamSize: UInt64,
        options: VMOOptions,
        provider: PageProvider,
        pager: Pager,
        registration: Int
    ) {
        self.options = options
        self.provider = provider
        self.pager = pager
        self.registration = registration
        var state = VMOState(
            arena: pager.arena,
            statistics: pager.statistics,
            sizePages: sizePages,
            streamSize: streamSize,
            queue: provider.queue,
            traps: options.contains(.trapDirty) && provider.queue != nil
        )
        if options.contains(.unbounded) {
            state.untracked.add(PageRange(pageCount(coveringBytes: streamSize), sizePages))
        }
        self.state = Guarded(state, rank: .vmo)
        pager.statistics.vmoCount.add(1)
    }

    deinit {
        let placement = mutate { state in
            state.dropEverything()
            return state.placement
        }
        // Nothing shows them any more: a mapping would keep the VMO.
        for part in placement.parts { arena.releaseBlocks(part.frames) }
        provider.queue?.complete()
        pager.unregister(registration)
        pager.statistics.vmoCount.add(-1)
    }

    /// Where the frames of its pages come from: the pager's arena.
    public var arena: FrameArena { pager.arena }

    /// The size in bytes, a multiple of the page size.
    public var size: UInt64 {
        state.withLock { state in state.sizePages } * pageSize
    }

    /// How many pages are in which state, at one moment.
    public var counts: PageCounts {
        state.withLock { state in state.counts }
    }

    /// Runs a change of the VMO, then frees the frames that it dropped, keeps the pager's gauges
    /// and wakes waiters.
    @inline(__always)
    func mutate<Result, Failure: Error>(
        _ body: (inout VMOState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { (state: inout VMOState) throws(Failure) -> Result in
            let before = state.counts
            defer { finish(&state, before) }
            return try body(&state)
        }
    }

    private func finish(_ state: inout VMOState, _ before: PageCounts) {
        pager.statistics.add(state.counts, minus: before)
        if !state.freed.isEmpty {
            pager.arena.release(state.freed)
            state.freed = FrameRunList()
        }
        if state.redirtied > 0 {
            pager.statistics.redirtiedPages.add(state.redirtied)
            state.redirtied = 0
        }
        if state.needsWake {
            state.needsWake = false
            self.state.wakeAll()
        }
    }

    /// Whether content or size changed since this was last reset, whatever became of the pages.
    ///
    /// Source: `zx_pager_query_vmo_stats`, `ZX_PAGER_VMO_STATS_MODIFIED`.
    public func takeModified(reset: Bool) -> Bool {
        state.withLock { state in
            let isModified = state.isModified
            if reset { state.isModified = false }
            return isModified
        }
    }

    /// Drops everything without writeback, for a file that was deleted: the gauges forget it and
    /// its frames are free (leased ones when their leases end).
    ///
    /// Reads and writes then throw `badState`.
    public func discard() {
        mutate { state in
            state.dropEverything()
            state.isDiscarded = true
        }
    }

    /// The kind of the run of slots that starts at `page`, and the page after its end, which is at
    /// most the VMO's size.
    ///
    /// At the size and beyond: `absent`, ending where it starts.
    public func extent(at page: UInt64) -> (kind: ExtentKind, end: UInt64) {
        state.withLock { state in
            guard page < state.sizePages else { return (.absent, page) }
            let first = state.run(at: page, limit: state.sizePages)
            var end = first.end
            while end < state.sizePages {
                let next = state.run(at: end, limit: state.sizePages)
                guard next.kind == first.kind else { break }
                end = next.end
            }
            return (first.kind, end)
        }
    }
}

extension VMOState {
    /// Makes every slot Empty.
    mutating func dropEverything() {
        let all = PageRange(0, sizePages)
        _ = table.remove(all, alsoMarkers: true, into: &freed)
        table.removeAll()
        zeros.removeAll()
        untracked.removeAll()
        wakeAllWaiters()
    }
}
