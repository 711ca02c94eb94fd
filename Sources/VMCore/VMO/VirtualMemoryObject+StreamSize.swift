public import Support

extension VirtualMemoryObject {
    /// The size of the content in bytes, which may end inside a page.
    ///
    /// Source: `zx_vmo_get_stream_size`.
    public var streamSize: UInt64 {
        state.withLock { state in state.streamSize }
    }

    /// Changes the size of the content: bytes between the old and the new end, up to the end of the
    /// new last page, become zeros, and pages beyond become untracked zeros.
    ///
    /// May block in the pager for a page that is zeroed in part; a failure changes no size.
    ///
    /// Source: `zx_vmo_set_stream_size`.
    ///
    /// - Throws: `outOfRange` above the VMO's size, what the pager answers.
    public func setStreamSize(_ size: UInt64) throws(Status) {
        let (old, sizePages) = state.withLock { state in (state.streamSize, state.sizePages) }
        if size == old { return }
        guard size <= sizePages * pageSize else { throw .outOfRange }
        let last = pageCount(coveringBytes: size)
        let start = min(old, size)
        if start < last * pageSize { try zero(ByteRange(start, last * pageSize)) }
        try mutate { (state: inout VMOState) throws(Status) in
            guard last <= state.sizePages else { throw .outOfRange }
            state.streamSize = size
            state.untrack(PageRange(last, state.sizePages))
        }
    }
}

extension VMOState {
    /// Makes the pages zeros that nobody writes back.
    fileprivate mutating func untrack(_ pages: PageRange) {
        guard !pages.isEmpty else { return }
        resolveDirties(in: pages)
        resolveAbsent(in: pages)
        zeros.remove(pages)
        _ = table.remove(pages, alsoMarkers: true, into: &freed)
        untracked.add(pages)
        observer?.revokeAll(pages)
    }
}
