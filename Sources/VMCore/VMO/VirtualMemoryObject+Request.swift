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
            outcome = state.wait { _ in request.outcome } ?? .resolved
        }
        if case .failed(let status) = outcome { throw status }
    }

    private func ask(_ request: PageRequest) -> PageRequest.Outcome {
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

    /// Ends every page request that overlaps `pages`, whole, with `status`; no page changes.
    ///
    /// Source: `ZX_PAGER_OP_FAIL`.
    ///
    /// - Throws: `outOfRange`, `badState` if discarded.
    public func failRequests(_ pages: PageRange, status: Status) throws(Status) {
        try mutate { (state: inout VMOState) throws(Status) in
            try state.check(pages)
            if state.reads.fail(pages, status) { state.needsWake = true }
        }
    }
}

extension VMOState {
    /// Admits a request for the Empty slots from `page` on, to `limit` at most.
    mutating func requestPages(
        from page: UInt64,
        limit: UInt64
    ) -> PageRequestTracker.Admission {
        var end = page
        while end < limit {
            let next = run(at: end, limit: limit)
            guard next.kind == .absent else { break }
            end = next.end
        }
        return reads.admit(PageRange(page, end))
    }

    mutating func finish(_ request: PageRequest, _ outcome: PageRequest.Outcome) {
        if reads.finish(request, outcome) { needsWake = true }
    }
}
