public import Support

extension VirtualMemoryObject {
    /// Leases pages to read from; absent ones are requested from the source first.
    ///
    /// Zeros of any kind are segments without frames. May block in the source.
    ///
    /// Preconditions:
    /// - The VMO was never mapped: a store in a mapping does not ask for leases.
    ///
    /// - Throws: `outOfRange` if `pages` does not lie in the VMO (any more), `badState` if the VMO
    ///   is discarded, or what the source throws.
    public func leaseForRead(_ pages: PageRange) throws(Status) -> PageLease {
        var lease = PageLease([], arena: pager.arena)
        var page = pages.start
        // Pages leased once stay leased while the rest is got in, so each round makes progress
        // however short of memory the arena is.
        while true {
            var segments: [PageLease.Segment] = []
            let admission = try mutate {
                (state: inout VMOState) throws(Status) -> PageRequestTracker.Admission? in
                try state.check(pages)
                return try state.lease(&page, pages.end, into: &segments)
            }
            lease.append(contentsOf: segments)
            guard let admission else { return lease }
            try complete(admission)
        }
    }

    /// Leases exactly the AwaitingClean pages of the range: what to write between the begin and the
    /// end of a writeback.
    ///
    /// Pages in other states, and pages beyond the size, are left out.
    ///
    /// Preconditions:
    /// - The VMO was never mapped: a store in a mapping does not ask for leases.
    public func leaseAwaitingClean(_ pages: PageRange) -> PageLease {
        var segments: [PageLease.Segment] = []
        state.withLock { state in
            precondition(state.placement.isEmpty, "a lease of pages that may be mapped")
            var page = pages.start
            while let part = state.table.nextSegment(from: page, to: pages.end, .reported) {
                page = part.end
                part.leaf.fields.appendAwaitingClean(part, to: &segments)
            }
            if !segments.isEmpty { pager.arena.pin(segments[...]) }
        }
        return PageLease(segments, arena: pager.arena)
    }
}

extension VMOState {
    /// Pins the pages from `page` on and moves `page` behind them; returns a request if it met an
    /// absent one before `end`.
    fileprivate mutating func lease(
        _ page: inout UInt64,
        _ end: UInt64,
        into segments: inout [PageLease.Segment]
    ) throws(Status) -> PageRequestTracker.Admission? {
        precondition(placement.isEmpty, "a lease of pages that may be mapped")
        var admission: PageRequestTracker.Admission?
        while page < end {
            let run = run(at: page, limit: end)
            switch run.kind {
            case .absent:
                admission = try requestPages(from: page, limit: end)
            case .dirtyZero, .untrackedZero, .marker:
                segments.append(merging: .init(pages: PageRange(page, run.end), frames: nil))
            case .data:
                guard let leaf = run.leaf else { break }
                let to = run.from + Int(run.end - page)
                leaf.fields.markReferenced(run.from, to)
                leaf.fields.appendSegments(run.from, to, to: &segments)
            }
            if admission != nil { break }
            page = run.end
        }
        if segments.contains(where: { $0.frames != nil }) { arena.pin(segments[...]) }
        return admission
    }
}

extension Leaf {
    /// Adds the resident pages `from ..< to` to `segments`.
    borrowing func appendSegments(
        _ from: Int,
        _ to: Int,
        to segments: inout [PageLease.Segment]
    ) {
        var index = from
        while index < to {
            let frames = frameRun(index, to)
            let pages = PageRange(start: base + UInt64(index), count: UInt64(frames.count))
            segments.append(merging: .init(pages: pages, frames: frames))
            index += Int(frames.count)
        }
    }

    /// Adds the AwaitingClean pages of `part` to `segments`.
    fileprivate borrowing func appendAwaitingClean(
        _ part: PageTable.Segment,
        to segments: inout [PageLease.Segment]
    ) {
        var index = awaitingClean.firstOne(part.from, part.to)
        while index < part.to {
            let end = awaitingClean.firstZero(index, part.to)
            appendSegments(index, end, to: &segments)
            index = awaitingClean.firstOne(end, part.to)
        }
    }
}
