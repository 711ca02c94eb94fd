internal import Support

/// A door that one thread at a time passes, in the order of arrival, and may hold across I/O.
///
/// Every file has one, its *truncate lock*: a round of writeback and a shrink of the file exclude
/// each other. It is not a `Guarded`, which must never be held while I/O is under way; and it is
/// fair, so that a long flush that passes it again and again does not starve a truncate.
///
/// Thread safety: any thread. Not recursive. Takes no other lock while it waits.
public final class TicketGate: Sendable {
    private struct Tickets {
        var next: UInt64 = 0
        var serving: UInt64 = 0
    }

    private let tickets = Guarded(Tickets(), rank: .leaf)

    /// Makes an open gate.
    public init() {}

    /// Waits for the gate, runs `body` behind it, and leaves it, also when `body` throws.
    public func withGate<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        enter()
        defer { leave() }
        return try body()
    }

    private func enter() {
        let mine = tickets.withLock { tickets in
            defer { tickets.next += 1 }
            return tickets.next
        }
        _ = tickets.wait { tickets in tickets.serving == mine ? true : nil }
    }

    private func leave() {
        let isAwaited = tickets.withLock { tickets in
            tickets.serving += 1
            return tickets.next != tickets.serving
        }
        if isAwaited { tickets.wakeAll() }
    }
}
