public import Support

extension UntrackedVMO: MappableMemory {
    /// Gives pages places of their own, as `MappableMemory` says.
    public func place(
        _ pages: PageRange,
        observer makeObserver: () -> any MappingObserver
    ) throws(Status) -> (parts: [PlacedPages], observer: any MappingObserver) {
        try mutate { (state: inout UntrackedState) throws(Status) in
            try state.place(pages, makeObserver)
        }
    }

    /// Makes a page accessible to a load or store in a mapping, as `MappableMemory` says.
    ///
    /// A page that shows the parent becomes the VMO's own also for a load: what a mapping shows has
    /// to have a frame of this VMO, and the kinds of clones that have a parent may copy a page at
    /// any time. May block in the source of the VMO at the root.
    ///
    /// - Throws: `outOfRange`, `noMemory`, `badState` if `isWanted` says no, what the source
    ///   throws.
    public func fault(
        _ page: UInt64,
        isWrite: Bool,
        isWanted: () -> Bool,
        install: (UInt32?) -> Void
    ) throws(Status) {
        let pages = PageRange(page, page + 1)
        while true {
            let isDone = try state.withLock {
                (state: inout UntrackedState) throws(Status) -> Bool in
                guard isWanted() else { throw .badState }
                try state.check(pages)
                let run = state.run(at: page, limit: page + 1)
                if run.kind == .zero, !isWrite {
                    install(nil)
                    return true
                }
                state.forEachFrameRun(of: run, pages.bytes) { _, frames, _ in
                    install(frames.start)
                }
                return run.kind == .own
            }
            if isDone { return }
            try populate(pages, of: pages, isWanted: isWanted)
        }
    }

    /// Calls `body`, under the lock, with each run of the pages that have a frame.
    public func forEachResident(_ pages: PageRange, _ body: (PageRange) -> Void) {
        state.withLock { state in state.table.forEachResident(pages, body) }
    }
}
