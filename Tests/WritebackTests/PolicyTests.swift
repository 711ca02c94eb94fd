// Goal: the pure decisions of writeback. Method: tables.

import Support
import Testing
import VMCore

@testable import Writeback

@Suite("Policy")
struct PolicyTests {
    private func range(_ start: UInt64, _ count: UInt64, zero: Bool = false) -> DirtyRange {
        DirtyRange(
            offset: start * pageSize,
            length: count * pageSize,
            options: zero ? DirtyRange.isZero : 0
        )
    }

    private func item(_ start: UInt64, _ count: UInt64, zero: Bool = false) -> FlushPlanner.Item {
        FlushPlanner.Item(pages: PageRange(start: start, count: count), isZero: zero)
    }

    @Test("nothing dirty plans nothing")
    func empty() {
        #expect(FlushPlanner.plan([]).isEmpty)
    }

    @Test("small ranges of both kinds make one round in order")
    func oneRound() {
        let plan = FlushPlanner.plan([range(0, 1), range(1, 3, zero: true), range(4, 2)])
        #expect(plan == [item(0, 1), item(1, 3, zero: true), item(4, 2)])
    }

    @Test("a data range is cut where the round is full, and nothing after it is taken")
    func cut() {
        let room = FlushPlanner.roundBytesMax / pageSize
        let plan = FlushPlanner.plan([range(0, room - 1), range(room, 10), range(room + 20, 1)])
        #expect(plan == [item(0, room - 1), item(room, 1)])
    }

    @Test("a round that is exactly full takes zero ranges that follow, but no more data")
    func exactlyFull() {
        let room = FlushPlanner.roundBytesMax / pageSize
        let ranges = [range(0, room), range(room, 1 << 40, zero: true), range(1 << 41, 1)]
        #expect(FlushPlanner.plan(ranges) == [item(0, room), item(room, 1 << 40, zero: true)])
    }

    @Test("writers go on freely, then slower, then stop")
    func throttle() {
        func verdict(_ dirty: UInt64) -> Throttle {
            Throttle.verdict(dirty: dirty, background: 100, limit: 200)
        }
        #expect(verdict(0) == .none)
        #expect(verdict(150) == .none)
        #expect(verdict(175) == .delay(nanoseconds: Throttle.delayNanosecondsMax / 4))
        guard case .delay(let nearLimit) = verdict(199) else {
            Issue.record("no delay just below the limit")
            return
        }
        #expect(nearLimit > Throttle.delayNanosecondsMax / 2)
        #expect(verdict(200) == .stop)
        #expect(verdict(.max) == .stop)
    }

    @Test("equal limits leave no room for delays")
    func equalLimits() {
        #expect(Throttle.verdict(dirty: 99, background: 100, limit: 100) == .none)
        #expect(Throttle.verdict(dirty: 100, background: 100, limit: 100) == .stop)
    }

    @Test("limits that are not given follow from the memory, in their order")
    func defaults() {
        let limits = WritebackLimits(memoryBytes: 1 << 30)
        #expect(limits.dirtyBackgroundBytes == 256 << 20)
        #expect(limits.dirtyBytes == 768 << 20)
        #expect(limits.dirtyExpireNanoseconds == 30_000_000_000)
        #expect(limits.writebackIntervalNanoseconds == 5_000_000_000)
        let low = WritebackLimits(memoryBytes: 1 << 30, dirtyBytes: 1 << 20)
        #expect(low.dirtyBackgroundBytes == 1 << 20)
        let high = WritebackLimits(memoryBytes: 1 << 30, dirtyBackgroundBytes: 900 << 20)
        #expect(high.dirtyBytes == 900 << 20)
    }
}
