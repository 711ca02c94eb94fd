public import Support

/// Pages that get zeroed frames in one hold of the lock at most: about 5 us.
///
/// Doubling it makes others wait twice as long; halving it takes the lock twice as often.
private let zeroedPagesMax: UInt64 = 32

extension UntrackedVMO {
    /// Gives every page of the range a frame.
    ///
    /// May block in the source of the VMO at the root; a shrink meanwhile is no failure.
    ///
    /// Source: `ZX_VMO_OP_COMMIT`.
    ///
    /// - Throws: `outOfRange`, `noMemory` (some pages may have frames then), what the source
    ///   throws.
    public func commit(_ pages: PageRange) throws(Status) {
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(pages)
        }
        try populate(pages, of: pages, isTrimmed: true)
    }

    /// Takes the frames of `pages` away: they read as zeros.
    ///
    /// Source: `ZX_VMO_OP_DECOMMIT`.
    ///
    /// - Throws: `outOfRange`, `notSupported` for a clone, `badState` if a page is pinned.
    public func decommit(_ pages: PageRange) throws(Status) {
        try mutate { (state: inout UntrackedState) throws(Status) in
            try state.check(pages)
            guard state.parent == nil else { throw .notSupported }
            guard state.pins.first(in: pages) == nil else { throw .badState }
            state.clear(pages)
        }
    }

    /// Gets the pages of the VMO at the root in that the range shows.
    ///
    /// A shrink meanwhile is no failure.
    ///
    /// Source: `ZX_VMO_OP_PREFETCH`.
    ///
    /// - Throws: `outOfRange`, what the source throws.
    public func prefetch(_ pages: PageRange) throws(Status) {
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(pages)
        }
        var page = pages.start
        while let look = nextLook(from: page, to: pages.end) {
            try unsafe look.withBytes { _ in }
            page = look.page + 1
        }
    }

    /// Gets the pages of the VMO at the root in that the range shows, as far as it can.
    ///
    /// Source: `ZX_VMO_OP_ALWAYS_NEED`.
    public func alwaysNeed(_ pages: PageRange) {
        var page = pages.start
        while let look = nextLook(from: page, to: pages.end) {
            try? unsafe look.withBytes { _ in }
            page = look.page + 1
        }
    }

    /// Does nothing: no page of such a VMO can be had again, so none is evicted, and the pages of
    /// the VMO at the root are for its own handles to judge.
    ///
    /// Source: `ZX_VMO_OP_DONT_NEED`.
    public func dontNeed(_ pages: PageRange) {}

    /// The first page in `page ..< end` that shows the parent.
    private func nextLook(from page: UInt64, to end: UInt64) -> ParentLink.Look? {
        state.withLock { state in
            var page = page
            let end = min(end, state.sizePages)
            while page < end {
                let run = state.run(at: page, limit: end)
                if run.kind == .parent { return state.look(at: page, requestEnd: run.end) }
                page = run.end
            }
            return nil
        }
    }

    /// Gives every page of `pages` a frame with the bytes that it reads as.
    ///
    /// Requests for pages of the VMO at the root reach to the end of `whole`, the pages of the
    /// operation that this is a part of, but over `requestPagesMax` pages at most. `isTrimmed` says
    /// what a shrink is that cuts `whole`: nothing, or a failure.
    ///
    /// - Throws: `outOfRange`, `noMemory`, `badState` if `isWanted` says no, what the source
    ///   throws.
    func populate(
        _ pages: PageRange,
        of whole: PageRange,
        requestPagesMax: UInt64 = .max,
        isTrimmed: Bool = false,
        isWanted: () -> Bool = { true }
    ) throws(Status) {
        var page = pages.start
        while page < pages.end {
            let look = try mutate {
                (state: inout UntrackedState) throws(Status) -> ParentLink.Look? in
                if !isTrimmed { try state.check(whole) }
                let end = min(pages.end, state.sizePages)
                // Cut off meanwhile: there is nothing left to do.
                guard page < end else {
                    page = pages.end
                    return nil
                }
                return try state.populate(&page, end, of: whole, requestPagesMax)
            }
            if let look { try fork(look, isWanted) }
        }
    }

    /// Copies a page of the parent, unless the page has ceased to show it meanwhile.
    private func fork(_ look: ParentLink.Look, _ isWanted: () -> Bool) throws(Status) {
        var frames = arena.take(1)
        guard let copy = frames.runs.first else { throw .noMemory }
        try unsafe look.withBytes(isWanted: isWanted) { bytes in
            if let bytes = unsafe bytes {
                // SAFETY: the parent's bytes are valid during this call; they are a page.
                unsafe arena.copy(bytes, into: copy, at: 0)
            } else {
                arena.zero(copy)
            }
        }
        mutate { state in
            guard state.showsParent(look.page), let frame = frames.takeOne() else { return }
            state.install(FrameRun(start: frame, count: 1), at: look.page)
        }
    }
}

extension UntrackedState {
    /// Moves `page` over pages that have frames and over zeros, which get some, towards `end`;
    /// returns a look at the parent where it met one.
    fileprivate mutating func populate(
        _ page: inout UInt64,
        _ end: UInt64,
        of whole: PageRange,
        _ requestPagesMax: UInt64
    ) throws(Status) -> ParentLink.Look? {
        var zeroedPages: UInt64 = 0
        while page < end, zeroedPages < zeroedPagesMax {
            let run = run(at: page, limit: end)
            switch run.kind {
            case .own:
                page = run.end
            case .zero:
                let start = page
                try fillZeros(&page, min(run.end, page + zeroedPagesMax - zeroedPages))
                zeroedPages += page - start
            case .parent:
                let limit = page + min(whole.end - page, requestPagesMax)
                return look(at: page, requestEnd: self.run(at: page, limit: limit).end)
            }
        }
        return nil
    }

    /// Puts zeroed frames behind the zeros `page ..< end` and moves `page` behind them.
    private mutating func fillZeros(_ page: inout UInt64, _ end: UInt64) throws(Status) {
        var frames = arena.take(Int(end - page))
        if frames.count == 0 { throw .noMemory }
        while page < end {
            let room = min(end - page, UInt64(leafPages) - page % UInt64(leafPages))
            guard let run = frames.takeContiguous(Int(room)) else { return }
            arena.zero(run)
            install(run, at: page)
            page += UInt64(run.count)
        }
    }
}
