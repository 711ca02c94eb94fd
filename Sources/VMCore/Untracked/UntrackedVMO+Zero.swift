public import Support

extension UntrackedVMO {
    /// Makes bytes zeros: whole pages give their frames back, the pages at the two ends are written
    /// unless they read as zeros already.
    ///
    /// Whole pages of a clone are zeroed without a look at the parent, which is hidden there from
    /// then on; a page at an end that shows the parent is copied first, and may block in the source
    /// of the VMO at the root. Pinned pages keep their frames.
    ///
    /// Source: `ZX_VMO_OP_ZERO`.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile; `noMemory`, what the source
    ///   throws for a page at an end.
    public func zero(_ bytes: ByteRange) throws(Status) {
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(bytes.pagesRoundedOutward)
        }
        guard !bytes.isEmpty else { return }
        let whole = bytes.pagesRoundedInward
        if bytes.start / pageSize == (bytes.end - 1) / pageSize, whole.isEmpty {
            try zeroPart(bytes)
            return
        }
        if bytes.start % pageSize != 0 {
            try zeroPart(ByteRange(bytes.start, whole.bytes.start))
        }
        if bytes.end % pageSize != 0 {
            try zeroPart(ByteRange(whole.bytes.end, bytes.end))
        }
        guard !whole.isEmpty else { return }
        try mutate { (state: inout UntrackedState) throws(Status) in
            try state.check(whole)
            state.zero(whole)
        }
    }

    /// Zeroes part of one page.
    private func zeroPart(_ bytes: ByteRange) throws(Status) {
        let pages = bytes.pagesRoundedOutward
        while true {
            let kind = try state.withLock {
                (state: inout UntrackedState) throws(Status) -> UntrackedState.Kind in
                try state.check(pages)
                let run = state.run(at: pages.start, limit: pages.end)
                state.forEachFrameRun(of: run, bytes) { part, frames, offset in
                    arena.zero(frames, from: Int(offset), to: Int(offset + part.count))
                }
                return run.kind
            }
            guard kind == .parent else { return }
            try populate(pages, of: pages)
        }
    }
}

extension UntrackedState {
    /// Makes whole pages zeros.
    fileprivate mutating func zero(_ pages: PageRange) {
        var page = pages.start
        while let pinned = pins.first(in: PageRange(page, pages.end)) {
            clear(PageRange(page, pinned))
            let run = run(at: pinned, limit: pinned + 1)
            forEachFrameRun(of: run, PageRange(pinned, pinned + 1).bytes) { _, frames, _ in
                arena.zero(frames)
            }
            page = pinned + 1
        }
        clear(PageRange(page, pages.end))
    }
}
