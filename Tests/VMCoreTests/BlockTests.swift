// Blocks of the frame arena, and VMOs whose pages lie in them: nobody maps anything here.

import Support
import SystemPackage
import TestSupport
import Testing

@testable import VMCore

@Suite("Frame blocks")
struct BlockTests {
    @Test("blocks come from beyond the frames that are handed out in runs, while there are any")
    func separateRuns() throws {
        let arena = try FrameArena.sparse(frameCountMax: 4 * blockPages, runFramesMax: 100)
        #expect(arena.freeCount == 100)
        let blocks = try #require(arena.takeBlocks(3))
        #expect(arena.freeCount == 100)
        let last = try #require(arena.takeBlocks(1))
        #expect(arena.freeCount == 0)
        arena.releaseBlocks(blocks)
        arena.releaseBlocks(last)
        #expect(arena.freeCount == 100)
        #expect(arena.take(200).count == 100)
    }

    @Test("blocks come from the end, whole and aligned, and what comes back joins the others")
    func blocks() throws {
        let arena = try FrameArena(frameCount: 5000)
        let first = try #require(arena.takeBlocks(1))
        #expect(first == FrameRun(start: 4096, count: 512))
        #expect(arena.freeCount == 4096)
        let second = try #require(arena.takeBlocks(2))
        #expect(second == FrameRun(start: 3072, count: 1024))
        arena.releaseBlocks(first)
        // What lies behind the second block is used again first.
        #expect(arena.takeBlocks(1) == first)
        #expect(arena.takeBlocks(7) == nil)
        let rest = arena.take(5000)
        #expect(rest.count == 3072)
        #expect(arena.takeBlocks(1) == nil)
        arena.releaseBlocks(first)
        #expect(arena.freeCount == 0)
        arena.releaseBlocks(second)
        #expect(arena.freeCount == 1928)
        #expect(arena.take(5000).count == 1928)
    }

    @Test(
        "random blocks never overlap, and all come back",
        arguments: 1...10 as ClosedRange<UInt64>
    )
    func random(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        var map = FrameMap(frameCount: 40 * blockPages + 77)
        var held: [FrameRun] = []
        var taken = FrameRunList()
        map.take(5 * blockPages, into: &taken)
        for _ in 0..<500 {
            if Bool.random(using: &numbers), !held.isEmpty {
                map.releaseBlocks(held.remove(at: .random(in: held.indices, using: &numbers)))
            } else if let run = map.takeBlocks(.random(in: 1...6, using: &numbers)) {
                #expect(Int(run.start) % blockPages == 0)
                #expect(Int(run.start) >= 5 * blockPages)
                #expect(held.allSatisfy { $0.end <= run.start || run.end <= $0.start })
                held.append(run)
            }
            let lowest = held.map { Int($0.start) }.min() ?? 40 * blockPages + 77
            #expect(map.frameCount == lowest, "seed \(seed)")
        }
        for run in held { map.releaseBlocks(run) }
        #expect(map.frameCount == 40 * blockPages + 77)
    }

    @Test("an arena is as large as the process may have one")
    func sparse() throws {
        let arena = try FrameArena.sparse(frameCountMax: 1 << 28)
        #expect(arena.frameCount >= 1 << 20)
        #expect(arena.touchedCount == 0)
    }

    @Test(
        "places: each leaf has one, wherever pages are asked for",
        arguments: 1...10 as ClosedRange<UInt64>
    )
    func placement(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        var placement = FramePlacement()
        var model: [UInt64: UInt32] = [:]
        var nextFrame: UInt32 = 0
        for _ in 0..<100 {
            let start = UInt64.random(in: 0..<40_000, using: &numbers)
            let pages = PageRange(start: start, count: .random(in: 0..<5000, using: &numbers))
            for gap in placement.gaps(in: pages) {
                #expect(gap.start % 512 == 0 && gap.end % 512 == 0 && !gap.isEmpty)
                let run = FrameRun(start: nextFrame, count: UInt32(gap.count))
                nextFrame += run.count + 512
                placement.add(gap, run)
                for leaf in gap.start / 512..<gap.end / 512 {
                    #expect(model[leaf] == nil, "seed \(seed)")
                    model[leaf] = run.start + UInt32(leaf * 512 - gap.start)
                }
            }
            let parts = placement.parts(in: pages)
            #expect(parts.reduce(0) { $0 + $1.pages.count } == pages.count)
            for part in parts {
                #expect(part.frames.start == placement.frame(for: part.pages.start))
            }
            for _ in 0..<20 {
                let page = UInt64.random(in: 0..<50_000, using: &numbers)
                let expected = model[page / 512].map { $0 + UInt32(page % 512) }
                #expect(placement.frame(for: page) == expected, "seed \(seed)")
            }
        }
    }

    @Test("pages move into their places with their bytes, and new ones are put there")
    func places() throws {
        let arena = try FrameArena(frameCount: 4096)
        let vmo = try UntrackedVMO(pages: 1000, arena: arena)
        try vmo.fill(PageRange(0, 3), with: 5)
        try vmo.fill(PageRange(700, 702), with: 6)
        let observer = RecordingObserver()
        let place = try vmo.place(PageRange(1, 600)) { observer }
        #expect(place.observer === observer)
        #expect(place.parts.map(\.pages) == [PageRange(1, 600)])
        #expect(arena.freeCount == 4096 - 1024)
        try vmo.fill(PageRange(600, 601), with: 7)
        #expect(try vmo.firstBytes(PageRange(0, 3)) == [5, 5, 5])
        #expect(try vmo.firstBytes(PageRange(600, 601)) == [7])
        #expect(try vmo.firstBytes(PageRange(700, 702)) == [6, 6])
        let start = try #require(place.parts.first?.start)
        for page in [1, 2, 600, 701] as [UInt64] {
            var frame: UInt32?
            try vmo.fault(page, isWrite: false, isWanted: { true }) { frame = $0 }
            #expect(frame == start + UInt32(page - 1))
        }
        #expect(arena.freeCount == 4096 - 1024)
        // Another part of it has its place already; the pages taken away come as copies.
        #expect(try vmo.place(PageRange(700, 701)) { RecordingObserver() }.observer === observer)
        let taken = try vmo.takePages(PageRange(0, 2))
        #expect(taken.compactMap { $0.frames?.end }.allSatisfy { $0 <= 3072 })
        arena.release(taken)
        #expect(try vmo.firstBytes(PageRange(0, 3)) == [0, 0, 5])
        #expect(vmo.checkInvariants() == [])
        #expect(throws: Status.noMemory) { _ = try vmo.place(PageRange(1024, 5000)) { observer } }
    }

    @Test("frames and blocks of a placed VMO come back at its end")
    func comeBack() throws {
        let arena = try FrameArena(frameCount: 4096)
        do {
            let vmo = try UntrackedVMO(pages: 10, arena: arena)
            try vmo.fill(PageRange(0, 10), with: 1)
            _ = try vmo.place(PageRange(0, 10)) { RecordingObserver() }
            #expect(arena.freeCount == 3584)
        }
        #expect(arena.freeCount == 4096)
    }
}
