// The page requests of a VMO on their way through a port: one packet at a time, in order, not
// after they were withdrawn, and COMPLETE last.

import Glibc
import Support
import Testing

@testable import VMCore

@Suite("Page-request queues")
struct PageRequestQueueTests {
    private let port = Port()
    private let requests: PageRequestQueue

    init() {
        requests = PageRequestQueue(port: port, key: 5)
    }

    /// What is read next: command and first page, or nil if nothing is there.
    private func next() -> [UInt64]? {
        guard let packet = try? port.wait(until: 0) else { return nil }
        guard let request = packet.pageRequest else { return [packet.key] }
        return [UInt64(request.command.rawValue), request.offset / pageSize]
    }

    private func send(_ pages: Range<UInt64>, by requests: PageRequestQueue? = nil) {
        for page in pages {
            (requests ?? self.requests).send(.read, PageRange(page, page + 1), id: page)
        }
    }

    private let complete = [1, 0] as [UInt64]

    @Test("a request becomes a packet with the key, in bytes")
    func packet() throws {
        requests.send(.read, PageRange(1, 4), id: 1)
        requests.send(.dirty, PageRange(2, 3), id: 2)
        #expect(
            try port.wait(until: 0)
                == .pageRequest(key: 5, command: .read, offset: 4096, length: 12288)
        )
        #expect(
            try port.wait(until: 0)
                == .pageRequest(key: 5, command: .dirty, offset: 8192, length: 4096)
        )
        requests.complete()
        #expect(
            try port.wait(until: 0)
                == PortPacket(key: 5, type: 9, status: 0, payload: PacketPayload(1, 0, 0, 0))
        )
    }

    @Test("one packet of a VMO lies in the port, so that others get their turn")
    func onePacket() throws {
        send(0..<3)
        try port.queue(.user(key: 99))
        let others = PageRequestQueue(port: port, key: 6)
        send(7..<9, by: others)
        #expect(next() == [0, 0])
        #expect(next() == [99])
        #expect(next() == [0, 7])
        #expect(next() == [0, 1])
        #expect(next() == [0, 8])
        #expect(next() == [0, 2])
        #expect(next() == nil)
        send(3..<4)
        #expect(next() == [0, 3])
    }

    @Test("a request withdrawn before it was read is never seen", arguments: 0...3 as ClosedRange)
    func withdraw(id: UInt64) {
        send(0..<4)
        requests.withdraw(id: id)
        for page in 0..<4 as Range<UInt64> where page != id { #expect(next() == [0, page]) }
        #expect(next() == nil)
        send(4..<5)
        #expect(next() == [0, 4])
    }

    @Test("the packet after a withdrawn one goes to the end of the port")
    func withdrawPlace() throws {
        send(0..<2)
        try port.queue(.user(key: 99))
        requests.withdraw(id: 0)
        #expect(next() == [99])
        #expect(next() == [0, 1])
    }

    @Test("withdrawing what was read, or never sent, changes nothing")
    func withdrawLate() {
        send(0..<2)
        #expect(next() == [0, 0])
        requests.withdraw(id: 0)
        requests.withdraw(id: 77)
        #expect(next() == [0, 1])
        requests.withdraw(id: 1)
        #expect(next() == nil)
    }

    @Test("COMPLETE is sent once, is last, and takes all others back")
    func completeWithdraws() {
        send(0..<3)
        requests.complete()
        requests.complete()
        send(3..<5)
        requests.withdraw(id: 0)
        #expect(next() == complete)
        requests.complete()
        send(5..<6)
        #expect(next() == nil)
    }

    @Test("COMPLETE follows at once on a packet that was read")
    func completeAfterRead() {
        send(0..<2)
        #expect(next() == [0, 0])
        requests.complete()
        #expect(next() == complete)
        #expect(next() == nil)
    }

    @Test("a closed queue takes everything back and says nothing, not even COMPLETE")
    func close() {
        send(0..<2)
        requests.close()
        requests.complete()
        requests.close()
        send(2..<3)
        #expect(next() == nil)
    }

    @Test("closing takes an unread COMPLETE back")
    func closeAfterComplete() {
        requests.complete()
        requests.close()
        requests.complete()
        #expect(next() == nil)
    }

    @Test("COMPLETE is delivered after its queue is gone, and the queue goes with it")
    func outlived() {
        var short: PageRequestQueue? = PageRequestQueue(port: port, key: 6)
        weak let observed = short
        send(0..<1, by: short)
        short?.complete()
        short = nil
        #expect(observed != nil)
        #expect(next() == complete)
        #expect(observed == nil)
    }

    @Test("a port that ends with a packet takes the queue of a VMO that is gone with it")
    func portEnds() {
        var port: Port? = Port()
        weak let observedPort = port
        var short = port.map { PageRequestQueue(port: $0, key: 6) }
        weak let observed = short
        send(0..<2, by: short)
        short?.complete()
        short = nil
        #expect(observed != nil)
        port?.lastHandleClosed()
        #expect(observed == nil)
        let requests = port.map { PageRequestQueue(port: $0, key: 7) }
        port = nil
        #expect(observedPort == nil)
        // Nobody will read these.
        send(0..<2, by: requests)
        requests?.complete()
    }

    @Test("a cancelled page request is as good as read")
    func cancelKey() throws {
        send(0..<2)
        try port.cancel(key: 5)
        #expect(next() == [0, 1])
        #expect(throws: Status.notFound) { try port.cancel(key: 5) }
        send(2..<3)
        #expect(next() == [0, 2])
    }

    @Test("requests may be sent and withdrawn under a VMO's lock")
    func ranks() {
        let vmo = Guarded(0, rank: .vmo)
        vmo.withLock { _ in
            send(0..<2)
            requests.withdraw(id: 0)
            requests.complete()
            requests.close()
        }
        #expect(next() == nil)
    }

    @Test("under threads each request is read or withdrawn, in order, and COMPLETE comes once")
    func stress() {
        for round in 0..<20 {
            let stress = RequestStress()
            stress.run()
            #expect(stress.completions.value == RequestStress.queueCount, "round \(round)")
            #expect(stress.disorder.value == 0, "round \(round)")
            #expect(stress.lost.value == 0, "round \(round)")
            #expect(throws: Status.timedOut) { try stress.port.wait(until: 0) }
        }
    }
}

/// VMOs that send, withdraw and complete, and threads that read one port.
private final class RequestStress: Sendable {
    static let queueCount = 3
    static let readerCount = 3
    static let requestCount = 200 as UInt64
    static let stopKey = UInt64.max

    let port = Port()
    let completions = Counter()
    /// How often a reader got a request of some queue after a later one, or after COMPLETE.
    let disorder = Counter()
    /// Requests that were neither read nor withdrawn, or read twice.
    let lost = Counter()
    private let queues: [PageRequestQueue]
    /// What was read of each queue.
    private let read = Guarded([Set<UInt64>](repeating: [], count: queueCount), rank: .leaf)

    init() {
        let port = port
        queues = (0..<Self.queueCount).map { PageRequestQueue(port: port, key: UInt64($0)) }
    }

    func run() {
        let readers = (0..<Self.readerCount).map { _ in WorkerThread("reader") { self.readAll() } }
        let senders = queues.indices.map { index in WorkerThread("sender") { self.send(index) } }
        for sender in senders { sender.join() }
        while completions.value < Self.queueCount { sched_yield() }
        for _ in readers { try? port.queue(.user(key: Self.stopKey)) }
        for reader in readers { reader.join() }
    }

    /// Sends requests; withdraws every third, which a reader may have got first, and waits until
    /// the others were read.
    private func send(_ index: Int) {
        for number in 0..<Self.requestCount {
            queues[index].send(.read, PageRange(number, number + 1), id: number)
            if number % 3 == 0 { queues[index].withdraw(id: number) }
        }
        _ = read.wait { read -> Void? in
            let wanted = (0..<Self.requestCount).filter { $0 % 3 != 0 }
            return read[index].isSuperset(of: wanted) ? () : nil
        }
        // These are taken back, those that are not read at once.
        for number in Self.requestCount..<Self.requestCount + 5 {
            queues[index].send(.read, PageRange(number, number + 1), id: number)
        }
        queues[index].complete()
    }

    private func readAll() {
        var next = [UInt64](repeating: 0, count: Self.queueCount)
        while let packet = try? port.wait(until: .max), let request = packet.pageRequest {
            let index = Int(packet.key)
            let number = request.command == .complete ? .max : request.offset / pageSize
            if number < next[index] { disorder.add(1) }
            if request.command == .complete {
                next[index] = .max
                completions.add(1)
                continue
            }
            next[index] = number + 1
            read.withLock { read in
                if !read[index].insert(number).inserted { lost.add(1) }
            }
            read.wakeAll()
        }
    }
}
