public import Support

extension UntrackedVMO: PinHolder {
    /// Holds pages in place, after they got frames.
    ///
    /// May block in the source of the VMO at the root. Whether it is for writing makes no
    /// difference here.
    ///
    /// Source: what `zx_bti_pin` does to a VMO; Linux programs have no device to pin for.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile; `noMemory`, what the source
    ///   throws.
    public func pin(_ pages: PageRange, forWrite: Bool) throws(Status) -> PagePin {
        var isHeld = false
        repeat {
            try populate(pages, of: pages)
            try state.withLock { (state: inout UntrackedState) throws(Status) in
                try state.check(pages)
                // Somebody may have taken a frame away meanwhile.
                guard state.isOwn(pages) else { return }
                state.pins.add(pages)
                isHeld = true
            }
        } while !isHeld
        return PagePin(self, pages)
    }

    func unpin(_ pages: PageRange) {
        state.withLock { state in state.pins.remove(pages) }
    }

    /// Makes a page accessible to a load or store in a mapping.
    ///
    /// A page that shows the parent becomes the VMO's own also for a load: what a mapping shows has
    /// to have a frame of this VMO, and the kinds of clones that have a parent may copy a page at
    /// any time. May block in the source of the VMO at the root. `install` is called once, under
    /// the VMO's lock, with the frame to show, or nil for zeros without a frame (for a load only).
    ///
    /// Source: a page fault in Zircon.
    ///
    /// - Throws: `outOfRange`, `noMemory`, what the source throws.
    public func fault(
        _ page: UInt64,
        isWrite: Bool,
        install: (UInt32?) -> Void
    ) throws(Status) {
        let pages = PageRange(page, page + 1)
        while true {
            let isDone = try state.withLock {
                (state: inout UntrackedState) throws(Status) -> Bool in
                try state.check(pages)
                let run = state.run(at: page, limit: page + 1)
                if run.kind == .zero, !isWrite {
                    install(nil)
                    return true
                }
                state.forEachFrameRun(of: run, pages.bytes) { _, frames, _ in
                    install(frames.start)
                }
                return run.kind == .own
            }
            if isDone { return }
            try populate(pages, of: pages)
        }
    }
}

extension UntrackedState {
    /// Whether all pages of the range have frames.
    fileprivate mutating func isOwn(_ pages: PageRange) -> Bool {
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            guard run.kind == .own else { return false }
            page = run.end
        }
        return true
    }
}
