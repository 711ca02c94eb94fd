public import Support

extension VirtualMemoryObject: PinHolder {
    /// Holds pages in place, after a page-in, and for writing after they became Dirty.
    ///
    /// May block in the pager. Pages that a failed pin made Dirty stay Dirty.
    ///
    /// Source: what `zx_bti_pin` does to a VMO; Linux programs have no device to pin for.
    ///
    /// - Throws: `outOfRange`, `badState` if detached, what the pager answers, `noMemory`.
    public func pin(_ pages: PageRange, forWrite: Bool) throws(Status) -> PagePin {
        guard pages.end <= size / pageSize else { throw .outOfRange }
        var page = pages.start
        do throws(Status) {
            while page < pages.end {
                let start = page
                page = try access { (state: inout VMOState) throws(Status) in
                    try state.check(pages)
                    let step = try state.makePinnable(at: start, end: pages.end, forWrite)
                    if case .ready(let end) = step { state.pins.add(PageRange(start, end)) }
                    return step
                }
            }
        } catch {
            unpin(PageRange(pages.start, page))
            throw error
        }
        if forWrite, !pages.isEmpty { state.withLock { state in state.isModified = true } }
        return PagePin(self, pages)
    }

    func unpin(_ pages: PageRange) {
        state.withLock { state in state.pins.remove(pages) }
    }
}

extension VMOState {
    fileprivate mutating func makePinnable(
        at page: UInt64,
        end: UInt64,
        _ forWrite: Bool
    ) throws(Status) -> AccessStep {
        if forWrite { return try makeWritable(at: page, end: end, requestEnd: end) }
        let run = run(at: page, limit: end)
        switch run.kind {
        case .absent:
            return .wait(try requestPages(from: page, limit: end))
        case .data:
            return .ready(end: run.end)
        case .marker:
            return installZeros(at: page, isDirty: false)
        case .dirtyZero, .untrackedZero:
            if traps { return .wait(try requestDirty(from: page, limit: end)) }
            return installZeros(at: page, isDirty: true)
        }
    }
}
