internal import Support

extension UntrackedVMO {
    /// Moves the frames of `pages` out, for a pager that supplies them; the pages read as zeros
    /// then.
    ///
    /// Returns runs that cover the range, in order, with frames that the caller owns, or nil where
    /// the pages were zeros without a page. Pages that show the parent are copied first; that may
    /// block in the source of the VMO at the root. Does nothing for no pages.
    ///
    /// Source: the auxiliary VMO of `zx_pager_supply_pages`.
    ///
    /// - Throws: `outOfRange`, `badState` if a page is pinned; for a clone `noMemory` and what the
    ///   source throws. The frames stay where they are then.
    func takePages(_ pages: PageRange) throws(Status) -> [SupplyRun] {
        guard !pages.isEmpty else { return [] }
        while true {
            var runs: [SupplyRun] = []
            let shown = try mutate {
                (state: inout UntrackedState) throws(Status) -> UInt64? in
                try state.check(pages)
                guard state.pins.first(in: pages) == nil else { throw .badState }
                return try state.take(pages, into: &runs)
            }
            guard let shown else { return runs }
            try populate(PageRange(shown, shown + 1), of: pages)
        }
    }
}

extension UntrackedState {
    /// Takes the frames of `pages`; returns the first page that shows the parent, if one does, and
    /// takes nothing.
    fileprivate mutating func take(
        _ pages: PageRange,
        into runs: inout [SupplyRun]
    ) throws(Status) -> UInt64? {
        runs = content(of: pages)
        var end = pages.start
        for run in runs where run.pages.start == end { end = run.pages.end }
        guard end == pages.end else { return end }
        // A frame that has its place in a mapping cannot leave it.
        let isPlaced = !placement.isEmpty
        if isPlaced { runs = try copies(of: pages) }
        clear(pages)
        // Otherwise they have a new owner.
        if !isPlaced { _ = takeFreed() }
        return nil
    }
}
