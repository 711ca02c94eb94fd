import Foundation
import Support
import Synchronization
import Testing

// The lock: exclusion, waiting with and without a deadline, and the order of ranks.
struct GuardedTests {
    private let clock = MonotonicClock()

    @Test("no update of many threads is lost")
    func exclusion() {
        let count = Guarded(0, rank: .leaf)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<10_000 { count.withLock { $0 += 1 } }
        }
        #expect(count.withLock { $0 } == 80_000)
    }

    @Test("an error from inside comes out, and the lock is free again")
    func errors() {
        let value = Guarded(1, rank: .leaf)
        #expect(throws: Status.badState) {
            try value.withLock { value throws(Status) in
                value = 2
                throw .badState
            }
        }
        #expect(value.withLock { $0 } == 2)
        #expect(throws: Status.noSpace) {
            try value.wait { value throws(Status) -> Int? in throw .noSpace }
        }
        #expect(value.withLock { $0 } == 2)
    }

    @Test("a wait that has what it waits for does not wait")
    func immediate() {
        let value = Guarded(5, rank: .leaf)
        #expect(value.wait(until: 0) { $0 } == 5)
        #expect(value.wait { $0 } == 5)
    }

    @Test("a waiter is woken and sees the new state")
    func wake() {
        let value = Guarded<Int?>(nil, rank: .leaf)
        let isWaiting = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            isWaiting.wait()
            value.withLock { $0 = 7 }
            value.wakeAll()
        }
        var looks = 0
        let result = value.wait { value -> Int? in
            looks += 1
            if looks == 1 { isWaiting.signal() }
            return value
        }
        #expect(result == 7)
        #expect(looks >= 2)
    }

    @Test("one waiter is woken for each thing that it can take")
    func wakeOne() {
        let things = Guarded(0, rank: .leaf)
        let taken = DispatchGroup()
        for _ in 0..<4 {
            taken.enter()
            Thread.detachNewThread {
                _ = things.wait { things -> Void? in
                    if things == 0 { return nil }
                    things -= 1
                    return ()
                }
                taken.leave()
            }
        }
        for _ in 0..<4 {
            things.withLock { $0 += 1 }
            things.wakeOne()
        }
        taken.wait()
        #expect(things.withLock { $0 } == 0)
    }

    @Test("all waiters are woken by one call")
    func wakeEveryone() {
        let state = Guarded((waiting: 0, isOpen: false), rank: .leaf)
        let done = DispatchGroup()
        for _ in 0..<4 {
            done.enter()
            // A thread each: a pool might start fewer than wait.
            Thread.detachNewThread {
                var isCounted = false
                _ = state.wait { state -> Void? in
                    if !isCounted { state.waiting += 1 }
                    isCounted = true
                    if state.waiting == 4 { state.isOpen = true }
                    return state.isOpen ? () : nil
                }
                state.wakeAll()
                done.leave()
            }
        }
        done.wait()
        #expect(state.withLock { $0.waiting } == 4)
    }

    @Test("a wait ends at its deadline and not before")
    func deadline() {
        let value = Guarded<Int?>(nil, rank: .leaf)
        let deadline = clock.now + 20_000_000
        #expect(value.wait(until: deadline) { $0 } == nil)
        #expect(clock.now >= deadline)
    }

    @Test("a deadline that has passed still looks once")
    func pastDeadline() {
        let value = Guarded<Int?>(nil, rank: .leaf)
        var looks = 0
        let result = value.wait(until: 1) { value -> Int? in
            looks += 1
            // What came in while the lock was free counts, however late.
            return looks == 2 ? 9 : nil
        }
        #expect(result == 9)
    }

    @Test("the lock is free while waiting")
    func freeWhileWaiting() {
        let value = Guarded(0, rank: .leaf)
        let isWaiting = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            _ = value.wait { value -> Void? in
                if value == 0 { isWaiting.signal() }
                return value == 3 ? () : nil
            }
            isDone.signal()
        }
        isWaiting.wait()
        for _ in 0..<3 {
            value.withLock { $0 += 1 }
            value.wakeAll()
        }
        isDone.wait()
        #expect(value.withLock { $0 } == 3)
    }

    @Test("locks of rising rank nest, and a rank can be taken again once it is free")
    func order() {
        let ranks: [LockRank] = [
            .namespace, .inode, .writebackQueue, .pager, .vmo, .arena, .handles,
            .pageRequests, .signals, .port, .budget, .ledger, .control, .trace, .leaf,
        ]
        #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0.rawValue < $1.rawValue })
        let locks = ranks.map { Guarded(0, rank: $0) }
        for (outer, inner) in zip(locks, locks.dropFirst()) {
            outer.withLock { _ in inner.withLock { $0 += 1 } }
            outer.withLock { $0 += 1 }
        }
        let twice = [Int](repeating: 2, count: ranks.count - 2)
        #expect(locks.map { lock in lock.withLock { $0 } } == [1] + twice + [1])
    }

    #if DEBUG
        @Test("taking a lock of a lower or the same rank traps in a debug build")
        func inversion() async {
            await #expect(processExitsWith: .failure) {
                let low = Guarded(0, rank: .inode)
                let high = Guarded(0, rank: .vmo)
                high.withLock { _ in low.withLock { $0 += 1 } }
            }
            await #expect(processExitsWith: .failure) {
                let first = Guarded(0, rank: .vmo)
                let second = Guarded(0, rank: .vmo)
                first.withLock { _ in second.withLock { $0 += 1 } }
            }
            await #expect(processExitsWith: .failure) {
                let lock = Guarded(0, rank: .vmo)
                lock.withLock { _ in lock.withLock { $0 += 1 } }
            }
            await #expect(processExitsWith: .failure) {
                let low = Guarded(0, rank: .inode)
                let high = Guarded(0, rank: .vmo)
                high.withLock { _ in _ = low.wait(until: 1) { $0 } }
            }
        }
    #endif

    @Test("ranks are kept for each thread by itself")
    func threads() {
        let high = Guarded(0, rank: .leaf)
        let low = Guarded(0, rank: .namespace)
        let isDone = DispatchSemaphore(value: 0)
        high.withLock { _ in
            Thread.detachNewThread {
                low.withLock { $0 += 1 }
                isDone.signal()
            }
            isDone.wait()
        }
        #expect(low.withLock { $0 } == 1)
    }
}
