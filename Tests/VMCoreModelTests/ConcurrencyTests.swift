// Threads on one VMO that is larger than its arena: writers that own regions and check them,
// readers, a writeback loop with a backing store, an evictor, and a thread that resizes the tail.
//
// Goal: no write is lost or torn, whatever the interleaving; every page a reader leases is of one
// piece. Method: each page holds 512 copies of one number, which only its owner chooses.

import Glibc
import Support
import Testing

@testable import VMCore

/// The store behind the VMO: the number of each page.
private final class StampStore: PageSource {
    private let stamps: Guarded<[UInt64]>

    init(pageCount: Int) {
        stamps = Guarded([UInt64](repeating: 0, count: pageCount), rank: .leaf)
    }

    func set(_ page: UInt64, _ stamp: UInt64) {
        stamps.withLock { $0[Int(page)] = stamp }
    }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        // Reads ahead, as far as the arena allows.
        let end = min(pages.end + 8, vmo.size / pageSize)
        let wanted = PageRange(pages.start, max(end, pages.end))
        while true {
            let batch = vmo.pager.arena.take(Int(wanted.count))
            if batch.count < Int(wanted.count) {
                _ = vmo.pager.reclaim(Int(wanted.count) - batch.count)
                continue
            }
            var page = wanted.start
            for run in batch.runs {
                for frame in run.start..<run.end {
                    let stamp = stamps.withLock { $0[Int(page)] }
                    vmo.pager.arena.fill(frame, with: stamp)
                    page += 1
                }
            }
            // What was read may grow old here, as under slow storage.
            for _ in 0..<20 { sched_yield() }
            do throws(Status) {
                try vmo.supply(wanted, from: batch)
            } catch {
                // The VMO shrank under the read-ahead; the asker looks at its own pages again.
                guard error == .outOfRange, pages.end <= vmo.size / pageSize else { throw error }
                continue
            }
            return
        }
    }
}

extension FrameArena {
    fileprivate func fill(_ frame: UInt32, with stamp: UInt64) {
        // SAFETY: the caller holds the frame; frames are aligned for words.
        let words = unsafe bytes(of: FrameRun(start: frame, count: 1)).bindMemory(to: UInt64.self)
        for index in words.indices { unsafe words[index] = stamp }
    }

    /// The number that a leased frame holds; nil if it is torn.
    fileprivate func stamp(_ frame: UInt32) -> UInt64? {
        // SAFETY: as above.
        let words = unsafe bytes(of: FrameRun(start: frame, count: 1)).bindMemory(to: UInt64.self)
        let first = unsafe words[0]
        for index in words.indices where unsafe words[index] != first { return nil }
        return first
    }
}

/// What the threads share.
private final class Stress: Sendable {
    static let regionPages: UInt64 = 96
    static let writerCount: UInt64 = 3
    static let tailPages: UInt64 = 64

    let arena: FrameArena
    let pager: Pager
    let store: StampStore
    let vmo: VirtualMemoryObject
    let writersLeft = Counter(Int(Stress.writerCount) + 1)
    let faults = Guarded<[String]>([], rank: .leaf)

    var fixedPages: UInt64 { Stress.regionPages * Stress.writerCount }

    init() throws {
        // Leases of all threads together hold 240 pages at most; below that they could wait for
        // each other's frames for ever.
        arena = try FrameArena(frameCount: 400)
        pager = Pager(arena: arena)
        store = StampStore(pageCount: 1024)
        let pages = Stress.regionPages * Stress.writerCount + Stress.tailPages
        vmo = try pager.createVMO(size: pages * pageSize, options: .resizable, source: store)
    }

    var isOver: Bool { writersLeft.value == 0 }

    func fail(_ fault: String) {
        faults.withLock { $0.append(fault) }
    }

    /// The number of each page, through a lease.
    func stamps(_ pages: PageRange) throws(Status) -> [UInt64?] {
        let lease = try vmo.leaseForRead(pages)
        var stamps: [UInt64?] = []
        for segment in lease.segments {
            for offset in 0..<segment.pages.count {
                stamps.append(segment.frames.map { $0.start + UInt32(offset) }.map(stamp) ?? 0)
            }
        }
        return stamps
    }

    private func stamp(_ frame: UInt32) -> UInt64? { arena.stamp(frame) }

    /// Writes pages full of `stamp`, waiting for memory as a file system's writer does.
    func write(_ pages: PageRange, stamp: UInt64, absentPages: AbsentPages) throws(Status) {
        let words = [UInt64](repeating: stamp, count: Int(pages.count) * 512)
        var done = 0
        while done < words.count * 8 {
            var frames = arena.take(Int(pages.count))
            var outcome: Result<Int, Status> = .success(0)
            unsafe words.withUnsafeBytes { buffer in
                do throws(Status) {
                    // SAFETY: the buffer lives for the call.
                    let result = try unsafe vmo.write(
                        UnsafeRawBufferPointer(rebasing: buffer[done...]),
                        at: pages.start * pageSize + UInt64(done),
                        frames: &frames,
                        absentPages: absentPages
                    )
                    outcome = result.failure.map { .failure($0) } ?? .success(result.byteCount)
                } catch {
                    outcome = .failure(error)
                }
            }
            let count = try outcome.get()
            done += count
            if count == 0 { _ = pager.reclaim(Int(pages.count)) }
        }
    }

    func runWriter(_ index: UInt64, seed: UInt64) {
        defer { writersLeft.add(-1) }
        var random = SplitMix(state: seed &* 31 &+ index)
        let base = index * Stress.regionPages
        var expected = [UInt64](repeating: 0, count: Int(Stress.regionPages))
        do throws(Status) {
            for step in 1...UInt64(200) {
                let from = UInt64.random(in: 0..<Stress.regionPages, using: &random)
                let to = min(from + UInt64.random(in: 1...40, using: &random), Stress.regionPages)
                let pages = PageRange(base + from, base + to)
                let choice = UInt64.random(in: 0..<8, using: &random)
                let stamp = choice == 0 ? 0 : index << 32 | step
                if choice < 6 {
                    if choice == 0 {
                        _ = try vmo.zero(pages)
                    } else {
                        try write(pages, stamp: stamp, absentPages: choice < 4 ? .blank : .read)
                    }
                    for page in from..<to { expected[Int(page)] = stamp }
                }
                let seen = try stamps(pages)
                let wanted = expected[Int(from)..<Int(to)].map { $0 as UInt64? }
                if seen != wanted { fail("writer \(index), step \(step): \(seen), not \(wanted)") }
            }
        } catch {
            fail("writer \(index): \(error)")
        }
    }

    /// Shrinks and grows the tail, which no writer uses, and checks that it comes back as zeros.
    func runResizer(seed: UInt64) {
        defer { writersLeft.add(-1) }
        var random = SplitMix(state: seed)
        do throws(Status) {
            for step in 1...UInt64(100) {
                let cut = fixedPages + UInt64.random(in: 0..<Stress.tailPages, using: &random)
                let full = fixedPages + Stress.tailPages
                let tail = PageRange(cut, full)
                try write(tail, stamp: 1 << 40 | step, absentPages: .blank)
                _ = try vmo.resize(to: cut * pageSize)
                _ = try vmo.resize(to: full * pageSize)
                let seen = try stamps(tail)
                if seen.contains(where: { $0 != 0 }) { fail("a grow brought back \(seen)") }
            }
        } catch {
            fail("resizer: \(error)")
        }
    }

    func runReader(seed: UInt64) {
        var random = SplitMix(state: seed &* 17)
        while !isOver {
            let from = UInt64.random(in: 0..<fixedPages, using: &random)
            let to = min(from + UInt64.random(in: 1...24, using: &random), fixedPages)
            do throws(Status) {
                if try stamps(PageRange(from, to)).contains(nil) { fail("a page is torn") }
            } catch {
                fail("reader: \(error)")
            }
        }
    }

    func runEvictor() {
        while !isOver { _ = vmo.evictClean(16) }
    }

    func runWriteback() {
        while !isOver { flush() }
        flush()
    }

    /// Writes everything dirty back, in pieces.
    private func flush() {
        var offset: UInt64 = 0
        while let ranges = try? vmo.queryDirtyRanges(
            offset: offset,
            length: max(vmo.size, offset) - offset,
            capacity: 3,
            countingAvailable: false
        ).ranges, let last = ranges.last {
            for range in ranges {
                let start = range.offset / pageSize
                let pages = PageRange(start: start, count: range.length / pageSize)
                // A shrink may come in between at any point; the next flush sees the rest.
                try? writeBack(pages, isZero: range.options == DirtyRange.isZero)
            }
            offset = last.offset + last.length
        }
    }

    private func writeBack(_ pages: PageRange, isZero: Bool) throws(Status) {
        // Pages that were data when the query saw them may be zeros by now.
        for zeros in try vmo.beginWriteback(pages, isZero: isZero) {
            for page in zeros.start..<zeros.end { store.set(page, 0) }
        }
        if !isZero {
            let lease = vmo.leaseAwaitingClean(pages)
            for segment in lease.segments {
                guard let frames = segment.frames else { continue }
                for offset in 0..<segment.pages.count {
                    guard let stamp = stamp(frames.start + UInt32(offset)) else {
                        fail("a page under writeback is torn")
                        continue
                    }
                    store.set(segment.pages.start + offset, stamp)
                }
            }
        }
        try vmo.endWriteback(pages)
    }
}

@Suite("Concurrency")
struct ConcurrencyTests {
    @Test("no write is lost or torn under writeback, eviction and resizes", arguments: 1...4)
    func stress(seed: UInt64) throws {
        let arena: FrameArena
        let statistics: PagerStatistics
        do {
            let stress = try Stress()
            arena = stress.arena
            statistics = stress.pager.statistics
            var threads = (0..<Stress.writerCount).map { index in
                WorkerThread("writer") { stress.runWriter(index, seed: seed) }
            }
            threads.append(WorkerThread("resizer") { stress.runResizer(seed: seed) })
            threads.append(WorkerThread("reader") { stress.runReader(seed: seed) })
            threads.append(WorkerThread("evictor") { stress.runEvictor() })
            threads.append(WorkerThread("writeback") { stress.runWriteback() })
            for thread in threads { thread.join() }
            #expect(stress.faults.withLock { $0 } == [], "seed \(seed)")
            #expect(stress.vmo.checkInvariants() == [], "seed \(seed)")
            #expect(arena.freeCount == arena.frameCount - stress.vmo.counts.resident)
        }
        #expect(arena.freeCount == arena.frameCount)
        #expect(!arena.hasPins)
        #expect(statistics.residentPages.value == 0)
        #expect(statistics.dirtyPages.value == 0)
        #expect(statistics.awaitingCleanPages.value == 0)
        #expect(statistics.dirtyZeroPages.value == 0)
        #expect(statistics.vmoCount.value == 0)
    }
}
