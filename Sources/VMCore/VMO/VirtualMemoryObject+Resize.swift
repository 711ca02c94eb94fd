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
    ///   multiple of the page size, `outOfRange` above `sizeMax`, `badState` if discarded.
    public func resize(to size: UInt64) throws(Status) -> Int {
        guard options.contains(.resizable) else { throw .unavailable }
        guard size % pageSize == 0 else { throw .invalidArgs }
        guard size <= Self.sizeMax else { throw .outOfRange }
        return try mutate { (state: inout VMOState) throws(Status) -> Int in
            guard !state.isDiscarded else { throw .badState }
            state.isModified = true
            return state.resize(to: size / pageSize)
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
        zeros.remove(cut)
        let dropped = table.remove(cut, alsoMarkers: true, into: &freed)
        sizePages = newSize
        return dropped
    }

    /// Counts the Empty slots of `cut` as resolved: who waits for them looks again and finds the
    /// size changed.
    ///
    /// Slots that are not Empty were never part of what is missing.
    private mutating func resolveAbsent(in cut: PageRange) {
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
