public import Support

extension UntrackedVMO: CloneParent {
    /// Gives the bytes of page `page` to `body`, or nil where it reads as zeros.
    ///
    /// Zeros are also what lies beyond the size. `body` runs under the lock of this VMO or of one
    /// behind it, and may run more than once; what it was given last counts.
    ///
    /// - Throws: `badState` if `isWanted` says no, what the source of the VMO at the root throws.
    public func withPage(
        _ page: UInt64,
        requestEnd: UInt64,
        isWanted: () -> Bool,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) throws(Status) {
        while true {
            let look = state.withLock { state -> ParentLink.Look? in
                guard page < state.sizePages else {
                    body(nil)
                    return nil
                }
                let run = state.run(at: page, limit: max(requestEnd, page + 1))
                switch run.kind {
                case .own:
                    let bytes = PageRange(page, page + 1).bytes
                    state.forEachFrameRun(of: run, bytes) { _, frames, _ in
                        let frame = FrameRun(start: frames.start, count: 1)
                        // SAFETY: the frame is the VMO's, whose lock is held while `body` runs.
                        unsafe body(UnsafeRawBufferPointer(arena.bytes(of: frame)))
                    }
                    return nil
                case .zero:
                    body(nil)
                    return nil
                case .parent:
                    return state.look(at: page, requestEnd: run.end)
                }
            }
            guard let look else { return }
            try unsafe look.withBytes(isWanted: isWanted, body)
            if state.withLock({ state in state.showsParent(page) }) { return }
        }
    }

    /// Makes a thread that waits for a page of the VMO at the root look again.
    public func interruptWait(of thread: UInt) {
        let link = state.withLock { state in state.parent }
        link?.parent.interruptWait(of: thread)
    }

    /// Keeps `clone`, without a hold on its life, to tell it of each shrink from now on.
    public func addClone(_ clone: UntrackedVMO) {
        // Let go after the lock.
        let others = state.withLock { state in state.clones.add(clone) }
        _ = others.count
    }

    /// Makes a clone of `size` bytes, rounded up to pages, that begins at byte `offset`.
    ///
    /// Where no pager-backed VMO is at the root, each kind is a full snapshot, with a copy of the
    /// pages that exist in the range, made in one hold of the lock: about 0.2 ms a MiB. So is
    /// `snapshotModified` of a clone, except that it gets the parent of this clone for its own.
    ///
    /// - Throws: `notSupported` for a snapshot in a tree with a pager-backed root, and for a copy
    ///   of a slice; `invalidArgs` if a page would lie beyond all that the VMO at the root can
    ///   have; `badState` if a page of this VMO is pinned and pages must be copied; `noMemory`.
    func makeClone(
        _ kind: CloneKind,
        offset: UInt64,
        size: UInt64,
        isResizable: Bool,
        ofSlice: Bool
    ) throws(Status) -> UntrackedVMO {
        let link = state.withLock { state in state.parent }
        if link != nil, kind == .snapshot { throw .notSupported }
        let (rootOffset, overflow) = (link?.rootOffset ?? 0).addingReportingOverflow(offset)
        guard !overflow, ByteRange(offset: rootOffset, length: size) != nil else {
            throw .invalidArgs
        }
        if link != nil, kind == .snapshotAtLeastOnWrite {
            return UntrackedVMO(
                cloneOf: self,
                offset: offset,
                rootOffset: rootOffset,
                size: size,
                isResizable: isResizable,
                arena: arena
            )
        }
        guard !ofSlice else { throw .notSupported }
        let clone: UntrackedVMO
        if let link {
            clone = UntrackedVMO(
                cloneOf: link.parent,
                offset: link.offset * pageSize + offset,
                rootOffset: rootOffset,
                size: size,
                isResizable: isResizable,
                arena: arena
            )
        } else {
            clone = try UntrackedVMO(size: size, isResizable: isResizable, arena: arena)
        }
        let first = offset / pageSize
        let window = PageRange(start: first, count: pageCount(coveringBytes: size))
        var limit: UInt64 = 0
        let copies = try state.withLock {
            (state: inout UntrackedState) throws(Status) -> [SupplyRun] in
            guard state.pins.isEmpty else { throw .badState }
            limit = max(state.parent?.limit ?? 0, first) - first
            return try state.copies(of: window)
        }
        clone.state.withLock { state in state.adopt(copies, from: first, limit: limit) }
        return clone
    }

    /// Makes a clone that shows `parent` from byte `offset` on.
    convenience init(
        cloneOf parent: any CloneParent,
        offset: UInt64,
        rootOffset: UInt64,
        size: UInt64,
        isResizable: Bool,
        arena: FrameArena
    ) {
        let sizePages = pageCount(coveringBytes: size)
        self.init(
            sizePages: sizePages,
            streamSize: size,
            isResizable: isResizable,
            arena: arena,
            parent: ParentLink(
                parent: parent,
                offset: offset / pageSize,
                rootOffset: rootOffset,
                limit: sizePages
            )
        )
        // In this order, so that a shrink comes either before the look at the size or to the clone.
        parent.addClone(self)
        parentShrank(to: parent.size / pageSize)
    }
}
