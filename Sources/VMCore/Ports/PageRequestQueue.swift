internal import DequeModule
internal import Support

/// The page-request packets of one VMO on their way to its pager.
///
/// At most one of them lies in the port; the others wait here, in the order in which they were
/// sent, and the next one goes into the port when a reader takes the one before it or its request
/// ends first. So no VMO can fill a port.
///
///     open -> completing [complete]   requests are withdrawn, COMPLETE is the last packet
///     open, completing -> closed [close]   everything is withdrawn, nothing follows
///
/// A queue does not keep its port alive. Without the port, or once its last handle is closed, a
/// packet counts as delivered and is never answered.
///
/// Thread safety: any thread. Lock: `LockRank.pageRequests`, so it may be used under a VMO's lock;
/// the port's lock is taken under it.
///
/// Source: `PagerProxy` of Zircon's kernel.
final class PageRequestQueue: Sendable {
    private struct Request {
        /// Nil for COMPLETE.
        let id: UInt64?
        let packet: PortPacket
    }

    private struct State {
        /// What is not in the port yet.
        var waiting: Deque<Request> = []
        /// The request whose packet went into the port last, until `packetTaken`, and the port's
        /// ticket for it.
        var inPort: (id: UInt64?, ticket: UInt64)?
        /// Whether COMPLETE was sent, or will not be.
        var isEnded = false
    }

    private let key: UInt64
    private weak let port: Port?
    private let state = Guarded(State(), rank: .pageRequests)

    /// Makes a queue whose packets go to `port` with `key`.
    init(port: Port, key: UInt64) {
        self.port = port
        self.key = key
    }

    /// Asks the pager for `pages`; `id` names the request to `withdraw`.
    func send(_ command: PageRequestCommand, _ pages: PageRange, id: UInt64) {
        let packet = PortPacket.pageRequest(
            key: key,
            command: command,
            offset: pages.bytes.start,
            length: pages.bytes.count
        )
        state.withLock { state in
            if state.isEnded { return }
            state.waiting.append(Request(id: id, packet: packet))
            deliverNext(&state)
        }
    }

    /// Takes a request back: if no reader has it yet, none will ever see it.
    func withdraw(id: UInt64) {
        state.withLock { state in
            if state.inPort?.id == id {
                withdrawPacket(&state)
                deliverNext(&state)
            } else if let index = state.waiting.firstIndex(where: { $0.id == id }) {
                state.waiting.remove(at: index)
            }
        }
    }

    /// Takes every request back and sends COMPLETE, after which nothing follows.
    func complete() {
        state.withLock { state in
            if state.isEnded { return }
            withdrawEverything(&state)
            let packet = PortPacket.pageRequest(key: key, command: .complete)
            state.waiting.append(Request(id: nil, packet: packet))
            deliverNext(&state)
        }
    }

    /// Takes everything back, also a COMPLETE that nobody has read; nothing follows.
    func close() {
        state.withLock { state in withdrawEverything(&state) }
    }

    /// The packet in the port was taken out of it.
    ///
    /// Called by the port, with no lock held.
    func packetTaken() {
        state.withLock { state in
            state.inPort = nil
            deliverNext(&state)
        }
    }

    private func deliverNext(_ state: inout State) {
        guard state.inPort == nil, let next = state.waiting.popFirst() else { return }
        state.inPort = (next.id, port?.deliver(next.packet, from: self) ?? 0)
    }

    /// Takes the packet back if it still lies in the port.
    ///
    /// If not, its reader is about to call `packetTaken`.
    private func withdrawPacket(_ state: inout State) {
        guard let ticket = state.inPort?.ticket else { return }
        if port?.withdraw(ticket) == true { state.inPort = nil }
    }

    private func withdrawEverything(_ state: inout State) {
        state.isEnded = true
        state.waiting.removeAll()
        withdrawPacket(&state)
    }
}
