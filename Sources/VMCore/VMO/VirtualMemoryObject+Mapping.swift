public import Support

extension VirtualMemoryObject: MappableMemory {
    /// Gives pages places of their own, as `MappableMemory` says.
    ///
    /// VMOs with a source in this process are not supported: their pages are leased.
    public func place(
        _ pages: PageRange,
        observer makeObserver: () -> any MappingObserver
    ) throws(Status) -> (parts: [PlacedPages], observer: any MappingObserver) {
        guard provider.queue != nil else { throw .notSupported }
        return try mutate { (state: inout VMOState) throws(Status) in
            try state.place(pages, makeObserver)
        }
    }

    /// Calls `body`, under the lock, with each run of the pages that have a frame.
    public func forEachResident(_ pages: PageRange, _ body: (PageRange) -> Void) {
        state.withLock { state in state.table.forEachResident(pages, body) }
    }
}

extension PageTable {
    /// Calls `body` with each run of pages in the range that have a frame, at most a leaf long.
    mutating func forEachResident(_ pages: PageRange, _ body: (PageRange) -> Void) {
        var page = pages.start
        while let part = nextSegment(from: page, to: pages.end, .present) {
            page = part.end
            var index = part.leaf.fields.resident.firstOne(part.from, part.to)
            while index < part.to {
                let end = part.leaf.fields.resident.firstZero(index, part.to)
                body(PageRange(part.page(index), part.page(end)))
                index = part.leaf.fields.resident.firstOne(end, part.to)
            }
        }
    }
}
