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
        let targets = try ["b", "c", "a"].map { try MemoryTarget($0) }
        for (target, time) in zip(targets, [20, 30, 10]) {
            queue.add(target, dirtySince: UInt64(time))
        }
        #expect(queue.oldest == 10)
        for expected in ["a", "b", "c", nil] {
            let entry = queue.popOldest()
            #expect(label(entry) == expected)
        }
        withExtendedLifetime(targets) {}
    }

    @Test("a file that is gone is kept by nobody, and its place is passed over")
    func gone() throws {
        var queue = FlushQueue()
        let kept = try MemoryTarget("kept")
        var removed: MemoryTarget? = try MemoryTarget("removed")
        weak let witness = removed
        queue.add(try #require(removed), dirtySince: 1)
        queue.add(kept, dirtySince: 2)
        queue.add(try #require(removed), dirtySince: 3)
        removed = nil
        #expect(witness == nil)
        let due = queue.revive(now: 10)
        #expect(due == nil)
        #expect(queue.oldest == 2)
        let entry = queue.popOldest()
        #expect(label(entry) == "kept")
        let nothing = queue.popOldest()
        #expect(label(nothing) == nil)
        #expect(queue.count == 0)
    }

    @Test("a failing file waits apart, twice as long each time up to the largest wait")
    func backOff() throws {
        var queue = FlushQueue()
        let target = try MemoryTarget("a")
        queue.add(target, dirtySince: 5)
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
        withExtendedLifetime(target) {}
    }
}
