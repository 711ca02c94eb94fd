internal import Glibc
public import Support

extension VirtualMemoryObject {
    /// Gets pages in that are Empty: asks the source, or waits for a thread that does.
    ///
    /// That it returns says only that it is worth looking again.
    ///
    /// Lock: none; it blocks.
    ///
    /// - Throws: what the source threw; `badState` if it returned without supplying anything.
    func complete(_ admission: PageRequestTracker.Admission) throws(Status) {
        let outcome: PageRequest.Outcome
        switch admission {
        case .ask(let request):
            outcome = ask(request)
        case .wait(let request):
            outcome = state.wait { _ in request.outcomeForThisThread } ?? .resolved
        }
        if case .failed(let status) = outcome { throw status }
    }

    private func ask(_ request: PageRequest) -> PageRequest.Outcome {
        guard case .source(let source) = provider else { return .failed(.badState) }
        pager.statistics.readRequests.add(1)
        state.withLock { state in state.emptied.beginCall() }
        var failure: Status?
        do throws(Status) {
            try source.readPages(request.pages, of: self)
        } catch {
            failure = error
        }
        return mutate { state in
            state.emptied.endCall()
            if let failure {
                state.finish(request, .failed(failure))
            } else if request.pendingCount == request.pages.count {
                // Nothing came, and nothing was said: a broken source must not be asked for ever.
                state.finish(request, .failed(.badState))
            } else {
                state.finish(request, .resolved)
            }
            return request.outcome ?? .resolved
        }
    }

    /// Ends every page request, READ and DIRTY, that overlaps `pages`, whole, with `status`; no
    /// page changes.
    ///
    /// Source: `ZX_PAGER_OP_FAIL`.
    ///
    /// - Throws: `outOfRange`, `badState` if detached or discarded.
    public func failRequests(_ pages: PageRange, status: Status) throws(Status) {
        try mutate { (state: inout VMOState) throws(Status) in
            try state.check(pages)
            guard !state.isDetached else { throw .badState }
            if state.reads.fail(pages, status) { state.needsWake = true }
            if state.dirties.fail(pages, status) { state.needsWake = true }
        }
    }

    /// Makes a thread that waits for pages, by its `pthread_t`, give up its request and look at
    /// them again, which makes a new request where they still are missing.
    ///
    /// A request that others wait for too goes on for them; else it is withdrawn.
    ///
    /// Ours, in place of the suspension of a thread, which Linux does not have.
    public func interruptWait(of thread: UInt) {
        mutate { state in
            if state.reads.interrupt(thread) { state.needsWake = true }
            if state.dirties.interrupt(thread) { state.needsWake = true }
        }
    }

    /// How many threads wait for pages; for tests.
    var waitingThreadCount: Int {
        state.withLock { state in state.reads.waiterCount + state.dirties.waiterCount }
    }
}

extension VMOState {
    /// Admits a READ request for the Empty slots from `page` on, to `limit` at most.
    ///
    /// - Throws: `badState` if detached.
    mutating func requestPages(
        from page: UInt64,
        limit: UInt64
    ) throws(Status) -> PageRequestTracker.Admission {
        guard !isDetached else { throw .badState }
        var end = page
        while end < limit {
            let next = run(at: end, limit: limit)
            guard next.kind == .absent else { break }
            end = next.end
        }
        return reads.admit(PageRange(page, end))
    }

    /// Admits a DIRTY request for the slots from `page` on, to `limit` at most, that are neither
    /// Empty nor Dirty pages.
    ///
    /// - Throws: `badState` if detached.
    mutating func requestDirty(
        from page: UInt64,
        limit: UInt64
    ) throws(Status) -> PageRequestTracker.Admission {
        guard !isDetached else { throw .badState }
        var end = page
        while end < limit {
            let next = run(at: end, limit: limit)
            guard next.kind != .absent else { break }
            let undirtyEnd = undirtyPrefixEnd(next, at: end)
            end = undirtyEnd
            guard undirtyEnd == next.end else { break }
        }
        return dirties.admit(PageRange(page, end))
    }

    mutating func finish(_ request: PageRequest, _ outcome: PageRequest.Outcome) {
        if reads.finish(request, outcome) { needsWake = true }
    }

    /// Wakes everybody who waits for pages: they look again at what became of the VMO.
    mutating func wakeAllWaiters() {
        if reads.resolveAll() { needsWake = true }
        if dirties.resolveAll() { needsWake = true }
    }
}
