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
