// Threads on one VMO whose pager is at a port: writers that own regions and check them, readers,
// threads that pin, resize the tail and evict, two threads that answer packets (and refuse some),
// a writeback loop with a store, and a detach while the writers write.
//
// Goal: no write is lost or torn, whatever the interleaving, and nobody waits for ever. Method:
// each page holds 512 copies of one number, which only its owner chooses.

import Glibc
import Support
import Testing

@testable import VMCore

@Suite("Concurrency at a port")
struct PortConcurrencyTests {
    @Test(
        "no write is lost or torn, up to the detach and after it",
        arguments: [true, false],
        1...2
    )
    func stress(traps: Bool, seed: UInt64) throws {
        let arena: FrameArena
        do {
            let stress = try PortStress(traps: traps)
            arena = stress.arena
            try run(stress, seed: seed)
            #expect(stress.allFaults == [], "seed \(seed)")
            #expect(stress.object.checkInvariants() == [], "seed \(seed)")
            #expect(stress.object.waitingThreadCount == 0)
        }
        #expect(arena.freeCount == arena.frameCount)
        #expect(!arena.hasPins)
    }

    private func run(_ stress: PortStress, seed: UInt64) throws {
        let pagers = (0..<2).map { index in
            WorkerThread("pager") { stress.runPager(seed: seed &* 7 &+ index) }
        }
        let writers = (0..<PortStress.writerCount).map { index in RegionWriter(index, seed: seed) }
        stress.workersLeft.set(writers.count + 1)
        stress.writersLeft.set(writers.count)
        let helpers = [
            WorkerThread("resizer") { stress.runResizer(seed: seed) },
            WorkerThread("reader") { stress.runReader(seed: seed) },
            WorkerThread("pinner") { stress.runPinner(seed: seed) },
            WorkerThread("evictor") { stress.runEvictor() },
        ]
        let writeback = WorkerThread("writeback") { stress.runWriteback() }
        let threads = writers.map { writer in WorkerThread("writer") { writer.run(stress) } }
        for helper in helpers { helper.join() }

        // The writers are at work, and the writeback: what was written must come out of it.
        try stress.table.pagerDetachVMO(stress.pager, stress.vmo)
        stress.isDetached.set(1)
        for thread in threads + pagers + [writeback] { thread.join() }
        stress.flush()
        let left = try stress.object.queryDirtyRanges(
            offset: 0,
            length: stress.object.size,
            capacity: 8,
            countingAvailable: true
        )
        #expect(left.avail == 0, "seed \(seed): \(left.ranges)")
        for writer in writers { writer.checkStore(stress) }
    }
}

/// The owner of a region, and what it has written there.
private final class RegionWriter: Sendable {
    private struct Page {
        /// What the last write that succeeded has written.
        var stamp: UInt64 = 0
        /// What a write that failed may have written.
        var attempt: UInt64?
    }

    private static let stepsBeforeDetach: UInt64 = 400

    private let base: UInt64
    private let index: UInt64
    private let seed: UInt64
    private let pages: Guarded<[Page]>

    init(_ index: UInt64, seed: UInt64) {
        base = index * PortStress.regionPages
        self.index = index
        self.seed = seed
        pages = Guarded([Page](repeating: Page(), count: Int(PortStress.regionPages)), rank: .leaf)
    }

    /// Writes, zeroes and checks until the pager is gone.
    func run(_ stress: PortStress) {
        defer { stress.writersLeft.add(-1) }
        var random = SplitMix(state: seed &* 31 &+ index)
        var step: UInt64 = 0
        do throws(Status) {
            while stress.isDetached.value == 0 {
                step += 1
                try doStep(step, stress, &random)
                if step == Self.stepsBeforeDetach { stress.workersLeft.add(-1) }
            }
        } catch {
            if error == .badState, step > Self.stepsBeforeDetach { return }
            stress.fail("writer \(index), step \(step): \(error)")
            if step <= Self.stepsBeforeDetach { stress.workersLeft.add(-1) }
        }
    }

    private func doStep(
        _ step: UInt64,
        _ stress: PortStress,
        _ random: inout SplitMix
    ) throws(Status) {
        let from = UInt64.random(in: 0..<PortStress.regionPages, using: &random)
        let to = min(from + UInt64.random(in: 1...20, using: &random), PortStress.regionPages)
        let range = (base + from)..<(base + to)
        let choice = UInt64.random(in: 0..<8, using: &random)
        let stamp = choice == 0 ? 0 : index << 32 | step
        if choice < 6 {
            pages.withLock { pages in
                for page in from..<to { pages[Int(page)].attempt = stamp }
            }
            if choice == 0 {
                try stress.zero(range)
            } else {
                try stress.write(range, stamp: stamp)
            }
            pages.withLock { pages in
                for page in from..<to { pages[Int(page)] = Page(stamp: stamp) }
            }
        }
        let seen = try stress.read(range)
        let wanted = pages.withLock { pages in
            pages[Int(from)..<Int(to)].map { $0.stamp as UInt64? }
        }
        if seen != wanted { stress.fail("writer \(index), step \(step): \(seen), not \(wanted)") }
    }

    /// Checks that the store has what was written.
    func checkStore(_ stress: PortStress) {
        for (number, page) in pages.withLock({ $0 }).enumerated() {
            let stored = stress.stored(base + UInt64(number))
            if stored != page.stamp, stored != page.attempt {
                stress.fail("page \(base + UInt64(number)) is stored as \(stored), not \(page)")
            }
        }
    }
}

extension PortStress {
    private var isOver: Bool { workersLeft.value == 0 }

    /// Shrinks and grows the tail, which no writer uses, and checks that it comes back as zeros.
    fileprivate func runResizer(seed: UInt64) {
        defer { workersLeft.add(-1) }
        var random = SplitMix(state: seed)
        do throws(Status) {
            for step in 1...UInt64(150) {
                let full = fixedPages + Self.tailPages
                let cut = fixedPages + UInt64.random(in: 0..<Self.tailPages, using: &random)
                try write(cut..<full, stamp: 1 << 40 | step)
                try table.vmoSetSize(vmo, cut * pageSize)
                try table.vmoSetSize(vmo, full * pageSize)
                let seen = try read(cut..<full)
                if seen.contains(where: { $0 != 0 }) { fail("a grow brought back \(seen)") }
            }
        } catch {
            fail("resizer: \(error)")
        }
    }

    fileprivate func runReader(seed: UInt64) {
        var random = SplitMix(state: seed &* 17)
        while !isOver {
            let from = UInt64.random(in: 0..<fixedPages, using: &random)
            let to = min(from + UInt64.random(in: 1...24, using: &random), fixedPages)
            do throws(Status) {
                if try read(from..<to).contains(nil) { fail("a page is torn") }
            } catch {
                fail("reader: \(error)")
            }
        }
    }

    /// Holds pages in place for a moment, half of the time as if a device wrote to them.
    fileprivate func runPinner(seed: UInt64) {
        var random = SplitMix(state: seed &* 19)
        while !isOver {
            let from = UInt64.random(in: 0..<(fixedPages - 4), using: &random)
            let options: UInt32 = Bool.random(using: &random) ? 1 : 2
            do throws(Status) {
                try retrying { () throws(Status) in
                    let pin = try table.vmoPin(
                        vmo,
                        options: options,
                        offset: from * pageSize,
                        size: 4 * pageSize
                    )
                    try table.pmtUnpin(pin)
                }
            } catch {
                fail("pinner: \(error)")
            }
        }
    }

    fileprivate func runEvictor() {
        while !isOver {
            _ = object.evictClean(16)
            sched_yield()
        }
    }

    fileprivate func runWriteback() {
        while writersLeft.value > 0 { flush() }
    }
}
