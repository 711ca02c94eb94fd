// Ports: order, limits and deadlines, and what becomes of packets when a port ends.

import Glibc
import Support
import Testing

@testable import VMCore

@Suite("Ports")
struct PortTests {
    private let port = Port()

    private func next() throws(Status) -> PortPacket { try port.wait(until: 0) }

    @Test("a packet has the layout of zx_port_packet_t")
    func layout() {
        #expect(MemoryLayout<PortPacket>.size == 48)
        #expect(MemoryLayout<PortPacket>.stride == 48)
        #expect(MemoryLayout<PortPacket>.offset(of: \.key) == 0)
        #expect(MemoryLayout<PortPacket>.offset(of: \.type) == 8)
        #expect(MemoryLayout<PortPacket>.offset(of: \.status) == 12)
        #expect(MemoryLayout<PortPacket>.offset(of: \.payload) == 16)
        #expect(MemoryLayout<PacketPayload>.size == 32)
        #expect(MemoryLayout<PacketPayload>.offset(of: \.word3) == 24)
    }

    @Test("a page request has its fields where zx_packet_page_request_t has them")
    func pageRequestPacket() throws {
        let packet = PortPacket.pageRequest(key: 7, command: .dirty, offset: 4096, length: 8192)
        #expect(
            packet
                == PortPacket(key: 7, type: 9, status: 0, payload: PacketPayload(2, 4096, 8192, 0))
        )
        let request = try #require(packet.pageRequest)
        #expect(request == (.dirty, 4096, 8192))
        // Flags and reserved bits are none of the reader's business.
        let flagged = PortPacket(key: 7, type: 9, payload: PacketPayload(0xff00_0001))
        #expect(try #require(flagged.pageRequest) == (.complete, 0, 0))
        #expect(PortPacket(key: 7, type: 9, payload: PacketPayload(3)).pageRequest == nil)
        #expect(PortPacket(key: 7, type: 0, payload: PacketPayload(2)).pageRequest == nil)
    }

    @Test("user packets come out as they went in, with their type set")
    func userPackets() throws {
        let sent = (0..<100 as Range<UInt64>).map { number in
            PortPacket(
                key: number % 3,
                type: 9,
                status: Int32(number) - 50,
                payload: PacketPayload(number, .max, 0, ~number)
            )
        }
        for packet in sent { try port.queue(packet) }
        for packet in sent {
            let expected = PortPacket.user(
                key: packet.key,
                status: packet.status,
                payload: packet.payload
            )
            #expect(try next() == expected)
        }
        #expect(throws: Status.timedOut) { try next() }
    }

    @Test(
        "a deadline in the past only looks",
        arguments: [.min, -1, 0, 1] as [Int64]
    )
    func poll(deadline: Int64) throws {
        #expect(throws: Status.timedOut) { try port.wait(until: deadline) }
        try port.queue(.user(key: 3))
        #expect(try port.wait(until: deadline).key == 3)
        #expect(throws: Status.timedOut) { try port.wait(until: deadline) }
    }

    @Test("a deadline that passes ends the wait")
    func deadline() {
        let clock = MonotonicClock()
        let deadline = clock.now + 2_000_000
        #expect(throws: Status.timedOut) { try port.wait(until: Int64(deadline)) }
        #expect(clock.now >= deadline)
    }

    @Test("a wait for ever ends with a packet of another thread")
    func infinite() throws {
        let port = port
        let answers = Port()
        let reader = WorkerThread("reader") {
            while let packet = try? port.wait(until: .max), packet.key != 0 {
                try? answers.queue(packet)
            }
        }
        for key in 1...100 as ClosedRange<UInt64> {
            try port.queue(.user(key: key))
            #expect(try answers.wait(until: .max).key == key)
        }
        try port.queue(.user(key: 0))
        reader.join()
    }

    @Test("too many user packets are refused, until one is read or cancelled")
    func limit() throws {
        for number in 0...UInt64(Port.userPacketsMax) {
            try port.queue(.user(key: number))
        }
        #expect(throws: Status.shouldWait) { try port.queue(.user(key: 0)) }
        #expect(try next().key == 0)
        try port.queue(.user(key: 0))
        #expect(throws: Status.shouldWait) { try port.queue(.user(key: 0)) }
        try port.cancel(key: 5)
        try port.queue(.user(key: 0))
        #expect(throws: Status.shouldWait) { try port.queue(.user(key: 0)) }
        // Page requests are not counted, and not refused.
        let requests = PageRequestQueue(port: port, key: 1 << 40)
        requests.send(.read, PageRange(0, 1), id: 1)
        try port.cancel(key: 1 << 40)
        #expect(throws: Status.shouldWait) { try port.queue(.user(key: 0)) }
    }

    @Test("cancel takes every packet with a key, and says if there was none")
    func cancel() throws {
        #expect(throws: Status.notFound) { try port.cancel(key: 1) }
        for key in [1, 2, 1, 3, 1] as [UInt64] { try port.queue(.user(key: key)) }
        try port.cancel(key: 1)
        #expect(throws: Status.notFound) { try port.cancel(key: 1) }
        #expect(try next().key == 2)
        #expect(throws: Status.notFound) { try port.cancel(key: 2) }
        #expect(try next().key == 3)
        #expect(throws: Status.timedOut) { try next() }
    }

    @Test("with the last handle the packets go, and later ones are not delivered")
    func lastHandle() throws {
        try port.queue(.user(key: 1))
        let requests = PageRequestQueue(port: port, key: 2)
        requests.send(.read, PageRange(0, 1), id: 1)
        requests.send(.read, PageRange(1, 2), id: 2)
        port.lastHandleClosed()
        requests.send(.read, PageRange(2, 3), id: 3)
        requests.withdraw(id: 1)
        requests.complete()
        #expect(throws: Status.badHandle) { try port.queue(.user(key: 1)) }
        #expect(throws: Status.timedOut) { try next() }
        #expect(throws: Status.notFound) { try port.cancel(key: 2) }
    }

    @Test("many threads read what many threads send, each packet once and in its sender's order")
    func stress() {
        let stress = PortStress()
        stress.run()
        for sender in 0..<PortStress.senderCount {
            let seen = stress.seen.withLock { $0[sender] }
            #expect(seen.sorted() == Array(0..<PortStress.packetCount), "sender \(sender)")
        }
        #expect(stress.disorder.value == 0)
        #expect(throws: Status.timedOut) { try stress.port.wait(until: 0) }
    }
}

/// Threads that send numbered packets through one port and threads that read them.
private final class PortStress: Sendable {
    static let senderCount = 4
    static let readerCount = 4
    static let packetCount = 4000 as UInt64
    /// What a reader stops at.
    static let stopKey = UInt64.max

    let port = Port()
    /// The numbers read of each sender.
    let seen = Guarded([[UInt64]](repeating: [], count: senderCount), rank: .leaf)
    /// How often a reader got a packet of some sender after a later one.
    let disorder = Counter()

    func run() {
        let readers = (0..<Self.readerCount).map { _ in WorkerThread("reader") { self.read() } }
        let senders = (0..<Self.senderCount).map { sender in
            WorkerThread("sender") { self.send(sender) }
        }
        for sender in senders { sender.join() }
        for _ in readers { queue(.user(key: Self.stopKey)) }
        for reader in readers { reader.join() }
    }

    private func send(_ sender: Int) {
        for number in 0..<Self.packetCount {
            queue(.user(key: UInt64(sender), payload: PacketPayload(number)))
        }
    }

    /// Queues a packet as soon as there is room.
    private func queue(_ packet: PortPacket) {
        while (try? port.queue(packet)) == nil { sched_yield() }
    }

    private func read() {
        var seen = [[UInt64]](repeating: [], count: Self.senderCount)
        // Every second wait has a deadline, so that both kinds of waiters are woken.
        var isPolling = false
        while true {
            isPolling.toggle()
            guard let packet = try? port.wait(until: isPolling ? 0 : .max) else { continue }
            if packet.key == Self.stopKey { break }
            let number = packet.payload.word0
            if let last = seen[Int(packet.key)].last, last > number { disorder.add(1) }
            seen[Int(packet.key)].append(number)
        }
        self.seen.withLock { all in
            for sender in seen.indices { all[sender] += seen[sender] }
        }
    }
}
