// Random sequences of sends, withdrawals and ends on page-request queues of one port, compared
// with lists that say what a reader must see.

import Support
import Testing

@testable import VMCore

/// What the port and its queues must do, in lists.
private struct PortModel {
    enum Entry: Equatable {
        case user(UInt64)
        /// A request's page, which is its id too; nil for COMPLETE.
        case request(queue: Int, page: UInt64?)

        /// The packet as a reader sees it; a queue's key is its index.
        var packet: PortPacket {
            switch self {
            case .user(let key): .user(key: key)
            case .request(let queue, let page?):
                .pageRequest(
                    key: UInt64(queue),
                    command: .read,
                    offset: page * pageSize,
                    length: pageSize
                )
            case .request(let queue, nil):
                .pageRequest(key: UInt64(queue), command: .complete)
            }
        }
    }

    private(set) var port: [Entry] = []
    private var waiting: [[UInt64?]]
    private var isEnded: [Bool]

    init(queueCount: Int) {
        waiting = Array(repeating: [], count: queueCount)
        isEnded = Array(repeating: false, count: queueCount)
    }

    mutating func queue(_ key: UInt64) { port.append(.user(key)) }

    mutating func send(_ page: UInt64, by queue: Int) {
        if isEnded[queue] { return }
        waiting[queue].append(page)
        refill()
    }

    mutating func withdraw(_ page: UInt64, from queue: Int) {
        port.removeAll { $0 == .request(queue: queue, page: page) }
        waiting[queue].removeAll { $0 == page }
        refill()
    }

    mutating func complete(_ queue: Int) {
        if isEnded[queue] { return }
        close(queue)
        waiting[queue] = [nil]
        refill()
    }

    mutating func close(_ queue: Int) {
        isEnded[queue] = true
        port.removeAll { $0.isRequest(of: queue) }
        waiting[queue] = []
    }

    mutating func read() -> Entry? {
        if port.isEmpty { return nil }
        defer { refill() }
        return port.removeFirst()
    }

    mutating func cancel(key: UInt64) -> Bool {
        let before = port.count
        port.removeAll { $0.packet.key == key }
        defer { refill() }
        return port.count < before
    }

    /// Gives each queue that has no packet in the port its next one.
    private mutating func refill() {
        for queue in waiting.indices where !waiting[queue].isEmpty {
            if port.contains(where: { $0.isRequest(of: queue) }) { continue }
            port.append(.request(queue: queue, page: waiting[queue].removeFirst()))
        }
    }
}

extension PortModel.Entry {
    func isRequest(of queue: Int) -> Bool {
        if case .request(queue, _) = self { true } else { false }
    }
}

@Suite("Page-request queues against their model")
struct PageRequestModelTests {
    private static let queueCount = 3
    /// The key of programs' packets; the others are the queues'.
    private static let userKey: UInt64 = 3

    @Test("readers see what the model says", arguments: 1...60 as ClosedRange<UInt64>)
    func run(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let port = Port()
        let queues = (0..<Self.queueCount).map { PageRequestQueue(port: port, key: UInt64($0)) }
        var model = PortModel(queueCount: Self.queueCount)
        var sent: [UInt64] = [0, 0, 0]
        for step in 0..<400 {
            let context: Comment = "seed \(seed), step \(step)"
            let queue = Int.random(in: 0..<Self.queueCount, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<35:
                sent[queue] += 1
                queues[queue].send(.read, PageRange(start: sent[queue], count: 1), id: sent[queue])
                model.send(sent[queue], by: queue)
            case 35..<55:
                // One of the last few, read or not.
                let page = sent[queue] &- UInt64.random(in: 0..<5, using: &random)
                queues[queue].withdraw(id: page)
                model.withdraw(page, from: queue)
            case 55..<60:
                try port.queue(.user(key: Self.userKey))
                model.queue(Self.userKey)
            case 60..<64:
                let key = UInt64.random(in: 0...Self.userKey, using: &random)
                let wasThere = (try? port.cancel(key: key)) != nil
                #expect(wasThere == model.cancel(key: key), context)
            case 64 where step > 200:
                queues[queue].complete()
                model.complete(queue)
            case 65 where step > 300:
                queues[queue].close()
                model.close(queue)
            default:
                let packet = try? port.wait(until: 0)
                #expect(packet == model.read()?.packet, context)
            }
        }
        for index in queues.indices {
            queues[index].complete()
            model.complete(index)
        }
        while let entry = model.read() {
            #expect(try port.wait(until: 0) == entry.packet, "seed \(seed), at the end")
        }
        #expect(throws: Status.timedOut) { try port.wait(until: 0) }
    }
}
