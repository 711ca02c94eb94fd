import Support
import Synchronization
import Testing

@testable import ControlChannel

/// The ring: what subscribers receive, what they lose, and that the two add up.
@Suite("The trace ring")
struct TraceRingTests {
    private func event(_ offset: Int) -> PageEvent {
        PageEvent(.dirty, file: "f", offset: UInt64(offset), length: 4096)
    }

    private func drain(_ subscription: TraceSubscription) -> (offsets: [UInt64], dropped: UInt64) {
        var offsets: [UInt64] = []
        var dropped: UInt64 = 0
        while let batch = subscription.next(countMax: 3, until: 0), !batch.events.isEmpty {
            offsets += batch.events.map(\.offset)
            dropped += batch.droppedBefore
        }
        return (offsets, dropped)
    }

    @Test("nothing is kept while nobody listens")
    func nobodyListens() {
        let ring = TraceRing(capacity: 4)
        #expect(!ring.isListening)
        ring.emit(event(1))
        let subscription = ring.subscribe()
        #expect(ring.isListening)
        #expect(drain(subscription).offsets.isEmpty)
    }

    @Test("every subscriber receives all events since it came, in order")
    func order() {
        let ring = TraceRing(capacity: 16)
        let early = ring.subscribe()
        ring.emit(event(1))
        let late = ring.subscribe()
        for offset in 2...5 { ring.emit(event(offset)) }
        #expect(drain(early).offsets == [1, 2, 3, 4, 5])
        #expect(drain(late).offsets == [2, 3, 4, 5])
        #expect(ring.droppedEvents == 0)
    }

    @Test("a subscriber that falls behind loses the oldest events and learns how many")
    func drops() {
        let ring = TraceRing(capacity: 4)
        let slow = ring.subscribe()
        let quick = ring.subscribe()
        var received: [UInt64] = []
        for offset in 0..<10 {
            ring.emit(event(offset))
            received += drain(quick).offsets
        }
        #expect(received == Array(0..<10))
        let (offsets, dropped) = drain(slow)
        #expect(offsets == [6, 7, 8, 9])
        #expect(dropped == 6)
        #expect(ring.droppedEvents == 6)
    }

    @Test("the ring forgets a subscriber that is gone, and starts afresh for the next")
    func unsubscribing() {
        let ring = TraceRing(capacity: 4)
        for round in 0..<3 {
            let subscription = ring.subscribe()
            for offset in 0..<(3 + round) { ring.emit(event(offset)) }
            #expect(drain(subscription).offsets.count == min(3 + round, 4))
        }
        #expect(!ring.isListening)
        #expect(ring.droppedEvents == 1)
    }

    @Test("a closed ring gives what it has and then ends")
    func closing() {
        let ring = TraceRing(capacity: 4)
        let subscription = ring.subscribe()
        ring.emit(event(1))
        ring.close()
        ring.emit(event(2))
        #expect(subscription.next()?.events.map(\.offset) == [1])
        #expect(subscription.next() == nil)
    }

    @Test("a deadline that passes gives an empty batch")
    func deadline() {
        let ring = TraceRing(capacity: 4)
        let subscription = ring.subscribe()
        let batch = subscription.next(until: MonotonicClock().now + 1_000_000)
        #expect(batch?.events.isEmpty == true)
        #expect(batch?.droppedBefore == 0)
    }

    @Test("with many writers and readers at once, received and dropped add up for each reader")
    func concurrency() async {
        let ring = TraceRing(capacity: 64)
        let writerCount = 4
        let eventsEach = 5000
        let subscriptions = (0..<3).map { _ in ring.subscribe() }
        let totals = await withTaskGroup(of: UInt64.self, returning: [UInt64].self) { group in
            for subscription in subscriptions {
                group.addTask {
                    await onThread {
                        var total: UInt64 = 0
                        while let batch = subscription.next() {
                            total += UInt64(batch.events.count) + batch.droppedBefore
                        }
                        return total
                    }
                }
            }
            await withTaskGroup(of: Void.self) { writers in
                for _ in 0..<writerCount {
                    writers.addTask {
                        await onThread { for offset in 0..<eventsEach { ring.emit(event(offset)) } }
                    }
                }
            }
            ring.close()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(totals == Array(repeating: UInt64(writerCount * eventsEach), count: 3))
    }
}

/// Runs blocking work on a thread of its own, so that the test's thread pool stays free.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        do {
            try startDetachedThread { continuation.resume(returning: body()) }
        } catch {
            fatalError("no thread for a test: \(error)")
        }
    }
}
