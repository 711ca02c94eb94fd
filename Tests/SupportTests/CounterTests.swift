import Dispatch
import Support
import Testing

// Counters and clocks.
struct CounterTests {
    @Test("a counter is raised, lowered and set")
    func counts() {
        let counter = Counter(5)
        #expect(counter.value == 5)
        #expect(counter.add(3) == 8)
        #expect(counter.add(-10) == -2)
        counter.set(7)
        #expect(counter.value == 7)
        #expect(Counter().value == 0)
    }

    @Test("no step of many threads is lost")
    func threads() {
        let counter = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            for _ in 0..<10_000 { counter.add(worker.isMultiple(of: 2) ? 3 : -1) }
        }
        #expect(counter.value == 4 * 10_000 * 2)
    }

    @Test("the monotonic clock never goes back, and the wall clock is in this century")
    func clocks() {
        let clock = MonotonicClock()
        var last = clock.now
        for _ in 0..<10_000 {
            let now = clock.now
            #expect(now >= last)
            last = now
        }
        let year2020: UInt64 = 1_577_836_800_000_000_000
        #expect(wallClockNanoseconds() > year2020)
    }

    @Test("pages have 4096 bytes and files at most 2^63 - 1")
    func units() {
        #expect(pageSize == 4096)
        #expect(fileSizeMax == 9_223_372_036_854_775_807)
    }
}
