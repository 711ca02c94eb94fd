internal import Support

/// The outstanding requests of one type of one VMO: what overlaps, who waits, when one is done.
///
/// Requests never overlap. Completion is counted, as in Zircon: each event takes the number of
/// pages that it resolved off the requests that it overlaps, and at zero all waiters wake. A
/// waiter then looks at its pages again from scratch, so a wake-up is only a hint.
///
/// Lock: that of the VMO.
struct PageRequestTracker {
    /// What a thread that needs pages does next.
    enum Admission {
        /// Ask the source for the request's pages, then call `finish`.
        case ask(PageRequest)
        /// Wait for the request of another thread.
        case wait(PageRequest)
    }

    /// Ascending.
    ///
    /// As many as threads wait in sources: few.
    private var outstanding: [PageRequest] = []

    var isEmpty: Bool { outstanding.isEmpty }

    /// Requests that some thread besides the asking one waits for.
    var waitedForCount: Int { outstanding.count { $0.hasWaiters } }

    /// Admits a request for `pages`, none of which is there.
    ///
    /// Where an outstanding request covers the first page, the new one waits for that; where one
    /// starts further on, the new one is cut there.
    mutating func admit(_ pages: PageRange) -> Admission {
        let index =
            outstanding.firstIndex { $0.pages.end > pages.start } ?? outstanding.count
        var asked = pages
        if index < outstanding.count {
            let other = outstanding[index]
            if other.pages.start <= pages.start {
                other.hasWaiters = true
                return .wait(other)
            }
            asked.end = min(asked.end, other.pages.start)
        }
        let request = PageRequest(asked)
        outstanding.insert(request, at: index)
        return .ask(request)
    }

    /// Counts `pages` as resolved; returns whether a request with waiters is done.
    mutating func resolve(_ pages: PageRange) -> Bool {
        guard !outstanding.isEmpty else { return false }
        return complete { request in
            let overlap = pages.clamped(to: request.pages).count
            request.pendingCount -= min(request.pendingCount, overlap)
            return request.pendingCount == 0 ? .resolved : nil
        }
    }

    /// Fails every request that overlaps `pages`; returns whether one had waiters.
    mutating func fail(_ pages: PageRange, _ status: Status) -> Bool {
        complete { request in request.pages.overlaps(pages) ? .failed(status) : nil }
    }

    /// Wakes everybody for another look; returns whether there was anybody.
    mutating func resolveAll() -> Bool {
        complete { _ in .resolved }
    }

    /// Ends a request whose source has returned; returns whether it had waiters.
    mutating func finish(_ request: PageRequest, _ outcome: PageRequest.Outcome) -> Bool {
        guard request.outcome == nil else { return false }
        return complete { other in other === request ? outcome : nil }
    }

    /// The parts of `pages` that are outstanding.
    func outstanding(in pages: PageRange) -> [PageRange] {
        outstanding.map { pages.clamped(to: $0.pages) }.filter { !$0.isEmpty }
    }

    private mutating func complete(
        _ outcome: (PageRequest) -> PageRequest.Outcome?
    ) -> Bool {
        var hadWaiters = false
        outstanding.removeAll { request in
            guard let result = outcome(request) else { return false }
            request.outcome = result
            hadWaiters = hadWaiters || request.hasWaiters
            return true
        }
        return hadWaiters
    }
}
