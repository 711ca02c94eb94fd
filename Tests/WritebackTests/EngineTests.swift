// Goal: the pager loop flushes what is due, nothing while frozen, and no failing file holds up
// another. Method: the engine on targets in memory; tests wait for events, never for time.

import Support
import Synchronization
import SystemPackage
import TestSupport
import Testing
import VMCore

@testable import Writeback

@Suite("Pager loop")
struct EngineTests {
    private let pager: Pager

    init() throws {
        pager = Pager(arena: try FrameArena(frameCount: 512))
    }

    private func engine(
        expire: UInt64 = 0,
        background: UInt64 = 1 << 20,
        limit: UInt64 = 1 << 20
    ) -> WritebackEngine {
        WritebackEngine(
            pager: pager,
            limits: WritebackLimits(
                memoryBytes: 2 << 20,
                dirtyBackgroundBytes: background,
                dirtyBytes: limit,
                dirtyExpireNanoseconds: expire,
                writebackIntervalNanoseconds: 1_000_000
            )
        )
    }

    private func waitForFlush(of target: MemoryTarget, count: Int = 1) {
        while target.state.withLock({ $0.flushCount }) < count { yield() }
    }

    private func yield() {
        let nothing = Guarded((), rank: .leaf)
        _ = nothing.wait(until: MonotonicClock().now + 200_000) { _ -> Bool? in nil }
    }

    @Test("an expired file is flushed without anybody asking")
    func expired() throws {
        let engine = engine()
        engine.start()
        defer { engine.stop() }
        let target = try MemoryTarget("a", pager: pager)
        try target.fill(PageRange(0, 3), with: 9)
        engine.enqueue(target)
        waitForFlush(of: target)
        #expect(target.byte(ofPage: 2) == 9)
        #expect(engine.statistics.flushedBytes.value == 3 * Int(pageSize))
        #expect(engine.dirtyBytes == 0)
    }

    @Test("a young file below the background limit stays dirty; above it, it is flushed")
    func background() throws {
        let engine = engine(expire: 1 << 60, background: 8 * pageSize)
        let target = try MemoryTarget("a", pager: pager)
        try target.fill(PageRange(0, 3), with: 9)
        engine.enqueue(target)
        engine.start()
        defer { engine.stop() }
        try target.fill(PageRange(10, 20), with: 9)
        try engine.admitWriter(label: "")
        waitForFlush(of: target)
        #expect(engine.dirtyBytes == 0)
    }

    @Test("while frozen nothing is flushed but by request; after the thaw it is")
    func frozen() throws {
        let engine = engine()
        engine.setFrozen(true)
        engine.start()
        defer { engine.stop() }
        let first = try MemoryTarget("a", pager: pager)
        let second = try MemoryTarget("b", pager: pager)
        for target in [first, second] {
            try target.fill(PageRange(0, 1), with: 1)
            engine.enqueue(target)
        }
        #expect(try engine.flush(first).writtenBytes == pageSize)
        for _ in 0..<20 { yield() }
        #expect(second.state.withLock { $0.flushCount } == 0)
        engine.setFrozen(false)
        waitForFlush(of: second)
        #expect(engine.dirtyBytes == 0)
    }

    @Test("a file that cannot be written is tried again and holds up no other")
    func failing() throws {
        let engine = engine()
        engine.start()
        defer { engine.stop() }
        let bad = try MemoryTarget("bad", pager: pager)
        let good = try MemoryTarget("good", pager: pager)
        bad.state.withLock { $0.failures = [.ioError] }
        for target in [bad, good] {
            try target.fill(PageRange(0, 1), with: 1)
            engine.enqueue(target)
        }
        waitForFlush(of: good)
        waitForFlush(of: bad, count: 2)
        #expect(bad.byte(ofPage: 0) == 1)
        #expect(engine.statistics.writebackErrors.value == 1)
    }

    @Test("a file that nobody can read later is written only under pressure")
    func notWorthKeeping() throws {
        let engine = engine(background: 8 * pageSize)
        engine.start()
        defer { engine.stop() }
        let target = try MemoryTarget("a", pager: pager)
        target.isKept.store(false, ordering: .relaxed)
        try target.fill(PageRange(0, 3), with: 1)
        engine.enqueue(target)
        for _ in 0..<20 { yield() }
        #expect(target.state.withLock { $0.flushCount } == 0)
        try target.fill(PageRange(10, 20), with: 1)
        waitForFlush(of: target)
    }

    @Test("a writer at the limit waits for writeback")
    func limit() throws {
        let engine = engine(expire: 1 << 60, background: 4 * pageSize, limit: 8 * pageSize)
        let target = try MemoryTarget("a", pager: pager)
        try target.fill(PageRange(0, 8), with: 1)
        engine.enqueue(target)
        let isAdmitted = Atomic(false)
        let writer = WorkerThread("writer") {
            #expect(throws: Never.self) { try engine.admitWriter(label: "a") }
            isAdmitted.store(true, ordering: .relaxed)
        }
        for _ in 0..<20 { yield() }
        let wasAdmittedEarly = isAdmitted.load(ordering: .relaxed)
        #expect(!wasAdmittedEarly)
        engine.start()
        defer { engine.stop() }
        writer.join()
        #expect(engine.dirtyBytes == 0)
        #expect(engine.statistics.throttledNanoseconds.value > 0)
    }

    @Test("frames come from evicted clean pages, and from writeback when all are dirty")
    func frames() throws {
        let engine = engine(expire: 1 << 60)
        engine.start()
        defer { engine.stop() }
        let target = try MemoryTarget("a", pager: pager, pageCount: 512)
        try target.fill(PageRange(0, 512), with: 1)
        engine.enqueue(target)
        let batch = try engine.acquireFrames(10)
        #expect(batch.count > 0)
        #expect(target.byte(ofPage: 511) == 1)
    }

    @Test("whoever looks for frames while the last round ends finds what it leaves clean")
    func framesOfTheLastRound() throws {
        let engine = engine(expire: 1 << 60, background: 4 * pageSize, limit: 1024 * pageSize)
        engine.start()
        defer { engine.stop() }
        var pauses = SeededGenerator(seed: 8)
        for round in 0..<2000 {
            let target = try MemoryTarget("\(round)", pager: pager, pageCount: 512)
            try target.fill(PageRange(0, 512), with: 1)
            engine.enqueue(target)
            // The loop looks every millisecond.
            let begin = MonotonicClock().now + pauses.next() % 1_500_000
            while MonotonicClock().now < begin {}
            #expect(try engine.acquireFrames(10).count > 0)
            target.vmo.discard()
        }
    }

    @Test("a shortage of memory starts writeback although it is frozen")
    func shortWhileFrozen() throws {
        let engine = engine(expire: 1 << 60)
        engine.setFrozen(true)
        engine.start()
        defer { engine.stop() }
        let target = try MemoryTarget("a", pager: pager, pageCount: 512)
        try target.fill(PageRange(0, 512), with: 1)
        engine.enqueue(target)
        #expect(try engine.acquireFrames(10).count > 0)
    }

    @Test("the gate lets one thread in at a time, in the order of arrival")
    func gate() {
        let gate = TicketGate()
        let inside = Counter()
        let passed = Counter()
        let threads = (0..<4).map { index in
            WorkerThread("gate-\(index)") {
                for _ in 0..<500 {
                    gate.withGate {
                        #expect(inside.add(1) == 1)
                        inside.add(-1)
                        passed.add(1)
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(passed.value == 2000)
    }
}
