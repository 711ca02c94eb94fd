internal import Support

extension VirtualMemoryObject {
    /// Parts the VMO from its pager: who waits for pages fails, Clean pages and Markers are
    /// dropped, and the last packet is sent.
    ///
    /// What is dirty stays, and can still be queried and written back. A second call does nothing.
    ///
    /// Source: `zx_pager_detach_vmo`.
    public func detach() {
        mutate { state in
            guard !state.isDetached else { return }
            state.isDetached = true
            state.dropClean()
            state.wakeAllWaiters()
        }
        provider.queue?.complete()
    }

    /// Parts the VMO from a pager that nobody can use any more: as `detach`, but the pages stay and
    /// no packet is sent.
    ///
    /// Source: the last `zx_handle_close` of a pager.
    func pagerClosed() {
        mutate { state in
            state.isDetached = true
            state.wakeAllWaiters()
        }
        provider.queue?.close()
    }
}

extension VMOState {
    /// Makes Markers and Clean pages Empty, except those that are pinned.
    fileprivate mutating func dropClean() {
        var page: UInt64 = 0
        while let part = table.nextSegment(from: page, to: sizePages, .present) {
            page = part.end
            let doomed = part.leaf.fields.unreportedRuns(part.from, part.to)
            let base = part.leaf.fields.base
            for run in doomed {
                let pages = PageRange(base + UInt64(run.lowerBound), base + UInt64(run.upperBound))
                for unpinned in pins.unpinned(in: pages) {
                    _ = table.remove(unpinned, alsoMarkers: true, into: &freed)
                    observer?.revokeAll(unpinned)
                }
            }
        }
    }
}

extension Leaf {
    /// The runs of `from ..< to` that no query reports.
    fileprivate borrowing func unreportedRuns(_ from: Int, _ to: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var index = reported.firstZero(from, to)
        while index < to {
            let end = reported.firstOne(index, to)
            runs.append(index..<end)
            index = reported.firstZero(end, to)
        }
        return runs
    }
}
