internal import Glibc
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
        /// Wait for the request: another thread asks, or a packet does.
        case wait(PageRequest)
    }

    private let command: PageRequestCommand
    /// Where requests become packets; nil if the thread that asks calls a source.
    private let queue: PageRequestQueue?
    private var lastID: UInt64 = 0

    /// Ascending.
    ///
    /// As many as threads wait: few.
    private var outstanding: [PageRequest] = []

    init(_ command: PageRequestCommand, queue: PageRequestQueue?) {
        self.command = command
        self.queue = queue
    }

    var isEmpty: Bool { outstanding.isEmpty }
    /// Whether requests become packets.
    var isQueued: Bool { queue != nil }

    /// Requests that some thread besides the asking one waits for.
    var waitedForCount: Int { outstanding.count { !$0.waiters.isEmpty } }
    /// Threads that wait for requests.
    var waiterCount: Int { outstanding.reduce(0) { $0 + $1.waiters.count } }

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
                other.waiters.append(pthread_self())
                return .wait(other)
            }
            asked.end = min(asked.end, other.pages.start)
        }
        // One queue carries both commands: their numbers must differ.
        lastID += 2
        let request = PageRequest(id: lastID | UInt64(command == .dirty ? 1 : 0), asked)
        outstanding.insert(request, at: index)
        guard let queue else { return .ask(request) }
        request.waiters.append(pthread_self())
        queue.send(command, asked, id: request.id)
        return .wait(request)
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
        if pages.isEmpty { return false }
        return complete { request in request.pages.overlaps(pages) ? .failed(status) : nil }
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

    /// Makes `thread` give up its requests, those that nobody else waits for altogether; returns
    /// whether it had any.
    ///
    /// If others wait, one of them inherits the request without a new packet.
    mutating func interrupt(_ thread: pthread_t) -> Bool {
        var isWaiting = false
        for request in outstanding where request.waiters.contains(thread) {
            request.waiters.removeAll { $0 == thread }
            isWaiting = true
        }
        guard isWaiting, queue != nil else { return isWaiting }
        _ = complete { request in request.waiters.isEmpty ? .resolved : nil }
        return true
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
            hadWaiters = hadWaiters || !request.waiters.isEmpty
            queue?.withdraw(id: request.id)
            return true
        }
        return hadWaiters
    }
}
