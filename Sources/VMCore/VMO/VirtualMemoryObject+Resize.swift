public import Support

extension VirtualMemoryObject {
    /// Changes the size.
    ///
    /// A shrink drops the pages beyond, dirty or not, and returns how many Dirty and AwaitingClean
    /// ones those were; a grow adds dirty zeros.
    ///
    /// Sets `modified`, also where the size stays the same.
    ///
    /// Source: `zx_vmo_set_size`.
    ///
    /// - Throws: `unavailable` if the VMO is not resizable, `invalidArgs` if `size` is not a
    ///   multiple of the page size, `outOfRange` above `sizeMax`, `badState` if discarded or if a
    ///   page to be cut off is pinned (nothing changes then).
    public func resize(to size: UInt64) throws(Status) -> Int {
        guard options.contains(.resizable) else { throw .unavailable }
        guard size % pageSize == 0 else { throw .invalidArgs }
        guard size <= Self.sizeMax else { throw .outOfRange }
        return try resize(to: size, streamSize: size)
    }

    /// Changes the size to `size` bytes, rounded up to pages, and zeroes the rest of the last page.
    ///
    /// May block in the pager for that rest; a failure of zeroing it is ignored.
    ///
    /// Source: `zx_vmo_set_size`.
    ///
    /// - Throws: `outOfRange` above `sizeMax`, `unavailable` if the VMO is not resizable,
    ///   `badState` if a page to be cut off is pinned (nothing changes then).
    public func setSize(_ size: UInt64) throws(Status) {
        guard size <= Self.sizeMax else { throw .outOfRange }
        guard options.contains(.resizable) else { throw .unavailable }
        let rounded = pageCount(coveringBytes: size) * pageSize
        _ = try resize(to: rounded, streamSize: size)
        if size < rounded { try? zero(ByteRange(size, rounded)) }
    }

    private func resize(to size: UInt64, streamSize: UInt64) throws(Status) -> Int {
        let pages = size / pageSize
        while true {
            var clones: [UntrackedVMO] = []
            let dropped = try mutate { (state: inout VMOState) throws(Status) -> Int? in
                guard !state.isDiscarded else { throw .badState }
                if state.isCuttingClones { return nil }
                let cut = PageRange(pages, max(pages, state.sizePages))
                guard state.pins.first(in: cut) == nil else { throw .badState }
                state.isModified = true
                state.streamSize = streamSize
                if !cut.isEmpty { clones = state.clones.alive }
                state.isCuttingClones = !clones.isEmpty
                return state.resize(to: pages)
            }
            guard let dropped else {
                // The clones must learn of a shrink before the VMO can grow again.
                _ = self.state.wait { state in state.isCuttingClones ? nil : () }
                continue
            }
            if !clones.isEmpty {
                for clone in clones { clone.parentShrank(to: pages) }
                mutate { state in
                    state.isCuttingClones = false
                    state.needsWake = true
                }
            }
            return dropped
        }
    }
}

extension VMOState {
    fileprivate mutating func resize(to newSize: UInt64) -> Int {
        let oldSize = sizePages
        guard newSize < oldSize else {
            sizePages = newSize
            zeros.add(PageRange(oldSize, newSize))
            return 0
        }
        let cut = PageRange(newSize, oldSize)
        resolveAbsent(in: cut)
        resolveDirties(in: cut)
        zeros.remove(cut)
        untracked.remove(cut)
        let dropped = table.remove(cut, alsoMarkers: true, into: &freed)
        observer?.revokeAll(cut)
        sizePages = newSize
        return dropped
    }

    /// Counts the Empty slots of `cut` as resolved: who waits for them looks again and finds the
    /// size changed.
    ///
    /// Slots that are not Empty were never part of what is missing.
    mutating func resolveAbsent(in cut: PageRange) {
        for part in reads.outstanding(in: cut) {
            var page = part.start
            while page < part.end {
                let run = run(at: page, limit: part.end)
                if run.kind == .absent { resolveReads(PageRange(page, run.end)) }
                page = run.end
            }
        }
    }
}
