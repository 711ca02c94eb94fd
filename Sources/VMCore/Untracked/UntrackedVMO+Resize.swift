public import Support

extension UntrackedVMO {
    /// Changes the size to `bytes`, rounded up to pages, and the size of the content to `bytes`.
    ///
    /// What is beyond goes, and the clones never see it again; new pages are zeros. Then the rest
    /// of the last page is zeroed, which may block in the source of the VMO at the root, and a
    /// failure of that is ignored.
    ///
    /// Source: `zx_vmo_set_size`, after the checks of the handle.
    ///
    /// - Throws: `outOfRange` above `sizeMax`, `unavailable` if the VMO is not resizable,
    ///   `badState` if a page beyond is pinned, `invalidArgs` if a page of a clone would lie beyond
    ///   all that the VMO at the root can have.
    public func setSize(_ bytes: UInt64) throws(Status) {
        guard bytes <= Self.sizeMax else { throw .outOfRange }
        guard isResizable else { throw .unavailable }
        let sizePages = pageCount(coveringBytes: bytes)
        _ = state.wait { state -> Void? in
            guard !state.isResizing else { return nil }
            state.isResizing = true
            return ()
        }
        defer {
            state.withLock { state in state.isResizing = false }
            state.wakeAll()
        }
        let clones = try mutate { (state: inout UntrackedState) throws(Status) -> [UntrackedVMO] in
            let isShrink = sizePages < state.sizePages
            try state.resize(to: sizePages)
            state.streamSize = bytes
            return isShrink ? state.clones.alive : []
        }
        for clone in clones { clone.parentShrank(to: sizePages) }
        let rest = ByteRange(bytes, sizePages * pageSize)
        if !rest.isEmpty { try? zero(rest) }
    }

    /// The size of the content in bytes.
    ///
    /// Source: `zx_vmo_get_stream_size`.
    public var streamSize: UInt64 {
        state.withLock { state in state.streamSize }
    }

    /// Sets the size of the content; what lies beyond the smaller of the old and the new one
    /// becomes zeros.
    ///
    /// May block in the source of the VMO at the root. Does nothing if it is the size already, and
    /// a failure changes no size.
    ///
    /// Source: `zx_vmo_set_stream_size`.
    ///
    /// - Throws: `outOfRange` above the size of the VMO, what `zero` throws.
    public func setStreamSize(_ bytes: UInt64) throws(Status) {
        let old = streamSize
        guard bytes != old else { return }
        let size = size
        guard bytes <= size else { throw .outOfRange }
        try zero(ByteRange(min(bytes, old), size))
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(PageRange(0, pageCount(coveringBytes: bytes)))
            state.streamSize = bytes
        }
    }

    /// Hides from this clone the pages that its parent has lost, for good; the parent has `pages`
    /// pages left.
    ///
    /// Called with no lock held.
    func parentShrank(to pages: UInt64) {
        state.withLock { state in
            if let parent = state.parent {
                state.cutParent(at: parent.limit(ofParentPages: pages))
            }
        }
    }
}

extension UntrackedState {
    fileprivate mutating func resize(to newPages: UInt64) throws(Status) {
        if newPages < sizePages {
            let cut = PageRange(newPages, sizePages)
            guard pins.first(in: cut) == nil else { throw .badState }
            clear(cut)
            cutParent(at: newPages)
        } else if let parent {
            // As in Zircon: every page has its place on the VMO at the root.
            guard ByteRange(offset: parent.rootOffset, length: newPages * pageSize) != nil else {
                throw .invalidArgs
            }
        }
        sizePages = newPages
    }
}
