// The frame arena: runs, memory behind frames, pins.

import Support
import SystemPackage
import Testing

@testable import VMCore

@Suite("Frame arena")
struct ArenaTests {
    @Test("an arena hands out every frame once, and takes them back at the end of the batch")
    func takeAll() throws {
        let arena = try FrameArena(frameCount: 1000)
        do {
            let batch = arena.take(700)
            #expect(batch.runs == [FrameRun(start: 0, count: 700)])
            let rest = arena.take(700)
            #expect(rest.count == 300)
            #expect(arena.freeCount == 0)
            #expect(arena.take(1).count == 0)
            #expect(arena.take(0).runs == [])
        }
        #expect(arena.freeCount == 1000)
        #expect(arena.touchedCount == 1000)
    }

    @Test("freed frames are handed out again before untouched ones, in runs as long as possible")
    func prefersTouched() throws {
        let arena = try FrameArena(frameCount: 4096)
        let first = arena.take(256).runs
        #expect(arena.take(256).runs == first)
        #expect(arena.touchedCount == 256)
        let larger = arena.take(300)
        #expect(larger.count == 300)
        #expect(arena.touchedCount == 300)
        #expect(larger.runs.count == 1)
    }

    @Test("prefault puts memory behind free frames, which take prefers")
    func prefault() throws {
        let arena = try FrameArena(frameCount: 256)
        #expect(arena.prefault(100) == 100)
        #expect(arena.prefaultedFreeCount == 100)
        #expect(arena.freeCount == 256)
        let batch = arena.take(100)
        #expect(arena.prefaultedFreeCount == 0)
        #expect(arena.touchedCount == 100)
        #expect(batch.count == 100)
        #expect(arena.prefault(1000) == 156)
        #expect(arena.prefault(1) == 0)
    }

    @Test("a small request takes a run that fits rather than pieces")
    func fits() throws {
        let arena = try FrameArena(frameCount: 256)
        var batch = arena.take(256)
        var pieces: [UInt32] = []
        var run = FrameRun(start: 0, count: 0)
        for index in 0..<UInt32(256) {
            let frame = batch.takeOne() ?? 0
            if index < 64 ? index % 2 == 0 : index >= 128 && index < 140 { pieces.append(frame) }
            if index == 128 { run = FrameRun(start: frame, count: 12) }
        }
        arena.release(pieces.map { FrameRun(start: $0, count: 1) })
        let fitting = arena.take(10)
        #expect(fitting.runs.count == 1)
        #expect(fitting.runs[0].start == run.start)
    }

    @Test(
        "random takes and releases keep every frame in one place",
        arguments: 1...8 as ClosedRange<UInt64>
    )
    func random(seed: UInt64) throws {
        var random = seed
        func next(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % bound
        }
        var map = FrameMap(frameCount: 700)
        var held: [FrameRun] = []
        for _ in 0..<2000 {
            if next(3) > 0 {
                var list = FrameRunList()
                map.take(next(150), into: &list)
                held += list.runs
            } else if !held.isEmpty {
                var run = held.remove(at: next(held.count))
                if run.count > 1, next(2) == 0 {
                    let kept = FrameRun(start: run.start, count: run.count / 2)
                    held.append(kept)
                    run = FrameRun(start: kept.end, count: run.count - kept.count)
                }
                map.release(run)
            }
            let frames = held.flatMap { Array($0.start..<$0.end) }
            #expect(Set(frames).count == frames.count, "seed \(seed)")
            #expect(map.freeCount == 700 - frames.count, "seed \(seed)")
            #expect(frames.allSatisfy { !map.isFree($0) }, "seed \(seed)")
        }
    }

    @Test("a run list gives its frames back in order, across runs")
    func runList() {
        var list = FrameRunList()
        list.append(FrameRun(start: 5, count: 2))
        list.append(FrameRun(start: 7, count: 1))
        list.append(FrameRun(start: 1, count: 2))
        #expect(list.runs == [FrameRun(start: 5, count: 3), FrameRun(start: 1, count: 2)])
        #expect(list.removeFirst(2) == FrameRun(start: 5, count: 2))
        #expect(list.removeFirst(5) == FrameRun(start: 7, count: 1))
        #expect(list.frameCount == 2)
        list.append(FrameRun(start: 3, count: 1))
        #expect(list.removeFirst(9) == FrameRun(start: 1, count: 3))
        #expect(list.removeFirst(1) == nil)
        #expect(list.runs == [])
    }

    @Test("an arena that no address space could hold is an error")
    func tooLarge() {
        #expect(throws: Errno.self) {
            var arenas: [FrameArena] = []
            // 16 TiB each; 47 bits of address space hold seven.
            for _ in 0..<16 { arenas.append(try FrameArena(frameCount: Int(UInt32.max))) }
        }
    }
}

@Suite("Leases")
struct LeaseTests {
    @Test("a lease keeps its bytes while the page is written, zeroed, evicted and cut off")
    func snapshot() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 5)
        try vmo.fill(PageRange(0, 4), with: 7)
        try vmo.beginWriteback(PageRange(3, 4), isZero: false)
        try vmo.endWriteback(PageRange(3, 4))
        do {
            let lease = try vmo.leaseForRead(PageRange(0, 4))
            try vmo.write([1, 2, 3], at: 10)
            _ = try vmo.zero(PageRange(1, 2))
            #expect(vmo.evictClean(1) == 0)
            _ = try vmo.resize(to: 2 * pageSize)
            for segment in lease.segments {
                guard let frames = segment.frames else {
                    Issue.record("zeros in \(segment)")
                    continue
                }
                // SAFETY: the lease pins the frames.
                let bytes = unsafe Array(fixture.arena.bytes(of: frames))
                #expect(bytes.allSatisfy { $0 == 7 })
            }
            #expect(fixture.arena.freeCount == fixture.arena.frameCount - 5)
            #expect(try vmo.read(PageRange(0, 1))[9..<14] == [7, 1, 2, 3, 7])
        }
        #expect(fixture.arena.freeCount == fixture.arena.frameCount - 1)
        #expect(!fixture.arena.hasPins)
    }

    @Test("neighbouring frames and neighbouring zeros are one segment each")
    func merges() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1030)
        try vmo.supplyZeros(PageRange(0, 4))
        _ = try vmo.zero(PageRange(4, 8))
        try vmo.fill(PageRange(8, 1030), with: 1, absentPages: .blank)
        let lease = try vmo.leaseForRead(PageRange(0, 1030))
        #expect(lease.segments.map(\.pages) == [PageRange(0, 8), PageRange(8, 1030)])
        #expect(lease.segments.map { $0.frames == nil } == [true, false])
    }

    @Test("a write to a leased page without frames to spare stops there")
    func noFrames() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 2)
        try vmo.fill(PageRange(0, 2), with: 1)
        let lease = try vmo.leaseForRead(PageRange(1, 2))
        var frames = fixture.arena.take(0)
        let bytes = [UInt8](repeating: 2, count: 8192)
        let result = try unsafe bytes.withUnsafeBytes { buffer throws(Status) in
            // SAFETY: the buffer lives for the call.
            try unsafe vmo.write(buffer, at: 0, frames: &frames, absentPages: .read)
        }
        #expect(result.byteCount == 4096)
        #expect(result.failure == nil)
        #expect(lease.segments.count == 1)
    }
}
