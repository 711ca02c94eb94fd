// Goal: oldest first, and failing files neither lost nor in the way. Method: a queue by hand.

import Support
import Testing
import VMCore

@testable import Writeback

@Suite("Flush queue")
struct FlushQueueTests {
    private func label(_ entry: FlushQueue.Entry?) -> String? { entry?.target.label }

    @Test("files come out by the time of their first dirty page")
    func order() throws {
        var queue = FlushQueue()
        for (name, time) in [("b", 20), ("c", 30), ("a", 10)] {
            queue.add(try MemoryTarget(name), dirtySince: UInt64(time))
        }
        #expect(queue.oldest == 10)
        for expected in ["a", "b", "c", nil] {
            let entry = queue.popOldest()
            #expect(label(entry) == expected)
        }
    }

    @Test("a failing file waits apart, twice as long each time up to the largest wait")
    func backOff() throws {
        var queue = FlushQueue()
        queue.add(try MemoryTarget("a"), dirtySince: 5)
        var now: UInt64 = 1000
        var wait = FlushQueue.retryNanosecondsMin
        for _ in 0..<12 {
            let popped = queue.popOldest()
            let entry = try #require(popped)
            #expect(entry.dirtySince == 5)
            queue.addFailed(entry, now: now)
            let due = queue.revive(now: now + wait - 1)
            #expect(due == now + wait)
            #expect(queue.count == 0)
            let nothing = queue.revive(now: now + wait)
            #expect(nothing == nil)
            #expect(queue.count == 1)
            now += wait
            wait = min(wait * 2, FlushQueue.retryNanosecondsMax)
        }
    }
}
