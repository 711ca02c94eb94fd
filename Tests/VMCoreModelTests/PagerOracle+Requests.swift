import Support
import VMCore

// Page requests and their packets: ZIRCON.md 3.3 and 3.6.
extension PagerOracle {
    struct Request: Hashable {
        let command: PageRequestCommand
        let start: UInt64
        let end: UInt64
        var pendingCount: UInt64
        var waiters: Set<Int>

        init(_ command: PageRequestCommand, _ start: UInt64, _ end: UInt64, waiter: Int) {
            self.command = command
            self.start = start
            self.end = end
            pendingCount = end - start
            waiters = [waiter]
        }

        var packet: Packet { Packet(command: command, start: start, end: end) }

        func overlap(_ range: Range<UInt64>) -> UInt64 {
            UInt64(range.clamped(to: start..<end).count)
        }
    }

    struct Packet: Hashable {
        let command: PageRequestCommand
        var start: UInt64 = 0
        var end: UInt64 = 0
    }

    /// A call needs `page ..< end`: the table of overlaps.
    ///
    /// Returns false if there is no pager any more.
    mutating func request(
        _ command: PageRequestCommand,
        _ page: UInt64,
        _ end: UInt64,
        for call: Int
    ) -> Bool {
        if isDetached { return false }
        var end = (page..<end).first { !isWanted($0, command) } ?? end
        let outstanding = requests.filter { $0.command == command && $0.end > page }
        if let first = outstanding.min(by: { $0.end < $1.end }) {
            if first.start <= page {
                requests.remove(first)
                var joined = first
                joined.waiters.insert(call)
                requests.insert(joined)
                return true
            }
            end = min(end, first.start)
        }
        let request = Request(command, page, end, waiter: call)
        requests.insert(request)
        packets.append(request.packet)
        return true
    }

    /// Where a proposal goes on.
    private func isWanted(_ page: UInt64, _ command: PageRequestCommand) -> Bool {
        switch (command, slot(page)) {
        case (.read, .empty): true
        case (.dirty, .empty), (.dirty, .page(.dirty)): false
        case (.dirty, _): true
        default: false
        }
    }

    /// The counting rule.
    mutating func resolve(_ command: PageRequestCommand, _ range: Range<UInt64>) {
        for request in requests where request.command == command {
            let overlap = request.overlap(range)
            guard overlap > 0 else { continue }
            requests.remove(request)
            var rest = request
            rest.pendingCount -= min(rest.pendingCount, overlap)
            if rest.pendingCount == 0 { wake(rest) } else { requests.insert(rest) }
        }
    }

    /// FAIL: every request that overlaps, whole.
    mutating func failRequests(_ range: Range<UInt64>, _ status: Status) {
        for request in requests where request.overlap(range) > 0 {
            requests.remove(request)
            wake(request)
            for waiter in request.waiters { calls[waiter]?.failure = status }
        }
    }

    /// Detach: everybody looks again, and one COMPLETE is the last packet.
    mutating func completeAllRequests() {
        for request in requests { wake(request) }
        requests = []
        packets = [Packet(command: .complete)]
    }

    /// A thread gives up its request, which others may inherit.
    mutating func interrupt(_ call: Int) {
        for request in requests where request.waiters.contains(call) {
            requests.remove(request)
            var rest = request
            rest.waiters.remove(call)
            runnable.insert(call)
            if rest.waiters.isEmpty { wake(rest) } else { requests.insert(rest) }
        }
    }

    private mutating func wake(_ request: Request) {
        runnable.formUnion(request.waiters)
        packets.removeAll { $0 == request.packet }
    }
}
