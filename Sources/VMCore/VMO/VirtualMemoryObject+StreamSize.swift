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
    /// Pages beyond that are pinned stay, and are written with zeros. May block in the pager for
    /// those and for a page that is zeroed in part; a failure changes no size.
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
        _ = try access { (state: inout VMOState) throws(Status) in
            guard last <= state.sizePages else { throw .outOfRange }
            let beyond = PageRange(last, state.sizePages)
            let step = try state.zeroPinned(in: beyond)
            guard case .ready = step else { return step }
            state.streamSize = size
            for part in state.pins.unpinned(in: beyond) { state.untrack(part) }
            return step
        }
    }
}

extension VMOState {
    /// Writes zeros to the pinned pages of the range.
    fileprivate mutating func zeroPinned(in pages: PageRange) throws(Status) -> AccessStep {
        var rest = pages
        while let pinned = pins.first(in: rest) {
            let step = try writeZeros(PageRange(start: pinned, count: 1).bytes)
            guard case .ready = step else { return step }
            rest.start = pinned + 1
        }
        return .ready(end: pages.end)
    }

    /// Makes the pages, none of them pinned, zeros that nobody writes back.
    fileprivate mutating func untrack(_ pages: PageRange) {
        resolveAbsent(in: pages)
        zeros.remove(pages)
        _ = table.remove(pages, alsoMarkers: true, into: &freed)
        untracked.add(pages)
        observer?.revokeAll(pages)
    }
}
