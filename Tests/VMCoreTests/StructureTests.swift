// The structures under a VMO by themselves: states, bitmaps, intervals, the table, eviction.

import Support
import Testing

@testable import VMCore

@Suite("Structures")
struct StructureTests {
    @Test(
        "the bitmaps move a page as the state table says",
        arguments: DirtyState.allCases,
        DirtyState.Event.allCases
    )
    func stateMatrix(state: DirtyState, event: DirtyState.Event) {
        let leaf = LeafReference.allocate(index: 0)
        defer { leaf.destroy() }
        leaf.fields.install(FrameRun(start: 3, count: 1), at: 40, isDirty: state != .clean)
        if state == .awaitingClean { _ = leaf.fields.beginWriteback(0, 64) }
        switch event {
        case .write, .opDirty: _ = leaf.fields.makeDirty(40, 41)
        case .beginWriteback: _ = leaf.fields.beginWriteback(32, 64)
        case .endWriteback: _ = leaf.fields.endWriteback(32, 64)
        }
        let after: DirtyState =
            leaf.fields.dirty[40]
            ? .dirty : leaf.fields.awaitingClean[40] ? .awaitingClean : .clean
        #expect(after == state.after(event))
        #expect(leaf.fields.reported.count(0, 64) == (after.isReported ? 1 : 0))
    }

    @Test("intervals do the same in chunks as in one list", arguments: 1...6 as ClosedRange<UInt64>)
    func intervals(seed: UInt64) {
        var random = seed
        func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        var set = ZeroIntervalSet()
        var pages = Set<UInt64>()
        for step in 0..<6000 {
            let start = next(20_000)
            let range = PageRange(start, start + 1 + next(step % 50 == 0 ? 3000 : 3))
            if next(5) > 0, step % 1000 < 900 {
                set.add(range)
                pages.formUnion(range.start..<range.end)
            } else {
                set.remove(range)
                pages.subtract(range.start..<range.end)
            }
        }
        #expect(set.isWellFormed, "seed \(seed)")
        #expect(set.pageCount == pages.count, "seed \(seed)")
        #expect(set.all.flatMap { Array($0.start..<$0.end) } == pages.sorted(), "seed \(seed)")
        for page in stride(from: UInt64(0), to: 20_000, by: 7) {
            let found = set.first(endingAfter: page)
            #expect(found == set.all.first { $0.end > page }, "seed \(seed)")
        }
    }

    @Test("a hundred thousand intervals are begun and ended at once")
    func manyIntervals() {
        var set = ZeroIntervalSet()
        for index in 0..<UInt64(100_000) { set.add(PageRange(start: index * 2, count: 1)) }
        #expect(set.count == 100_000)
        #expect(set.beginWriteback(PageRange(2, 199_999)).count == 99_999)
        set.endWriteback(PageRange(0, 199_999))
        #expect(set.all == [ZeroInterval(start: 0, end: 1)])
        #expect(set.isWellFormed)
    }

    @Test("a begin says which zeros it covers, also where data was expected")
    func beginReturnsZeros() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 8)
        try vmo.fill(PageRange(0, 8), with: 1)
        _ = try vmo.zero(PageRange(2, 4))
        _ = try vmo.zero(PageRange(6, 8))
        #expect(try vmo.beginWriteback(PageRange(3, 7), isZero: false) == [PageRange(6, 7)])
        try vmo.endWriteback(PageRange(3, 7))
        #expect(try vmo.dirtyRanges() == [.data(0, 2), .zero(2, 2), .zero(7, 1)])
    }

    @Test("leaves come and go, and an empty table holds nothing")
    func leavesComeAndGo() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1 << 50)
        for exponent in stride(from: UInt64(0), to: 50, by: 7) {
            try vmo.fill(PageRange(start: 1 << exponent, count: 1), with: 1, absentPages: .blank)
            #expect(vmo.checkInvariants() == [])
        }
        try vmo.beginWriteback(PageRange(0, 1 << 50), isZero: false)
        try vmo.endWriteback(PageRange(0, 1 << 50))
        #expect(vmo.evictClean(100) == 8)
        #expect(vmo.checkInvariants() == [])
        vmo.state.withLock { state in
            #expect(state.table.root == nil)
            #expect(state.table.markerLeafCount == 0)
        }
    }

    @Test("a scan through a huge hole keeps a bounded number of markers")
    func markersAreBounded() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1 << 40)
        fixture.source.supplyZeros(true)
        for index in 0..<UInt64(9000) {
            let lease = try vmo.leaseForRead(PageRange(start: index << 20, count: 1))
            #expect(lease.segments.count == 1)
        }
        vmo.state.withLock { state in #expect(state.table.markerLeafCount <= 8192) }
        try vmo.supplyZeros(PageRange(0, 1 << 40))
        #expect(vmo.extent(at: 0).kind == .marker)
        vmo.state.withLock { state in #expect(state.table.markerLeafCount <= 8192) }
        #expect(vmo.checkInvariants() == [])
    }

    @Test("eviction takes pages that were not used since its last round, and only clean ones")
    func secondChance() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 12)
        let frames = fixture.source.patternFrames(PageRange(0, 12), fixture.arena)
        try vmo.supply(PageRange(0, 12), from: frames)
        _ = try vmo.read(PageRange(0, 4))
        try vmo.write([1], at: 11 * 4096)
        #expect(vmo.evictClean(7) == 7)
        #expect(vmo.extent(at: 0) == (.data, 4))
        #expect(vmo.extent(at: 4) == (.absent, 11))
        #expect(vmo.extent(at: 11) == (.data, 12))
        #expect(vmo.evictClean(100) == 4)
        #expect(vmo.counts.resident == 1)
        #expect(fixture.pager.statistics.evictedPages.value == 11)
    }

    @Test("reclaim takes from all VMOs of the pager in turn")
    func reclaim() throws {
        let fixture = try Fixture()
        let vmos = try (0..<100).map { _ in try fixture.makeVMO(pages: 10) }
        for vmo in vmos { _ = try vmo.read(PageRange(0, 10)) }
        #expect(fixture.pager.reclaim(400) >= 400)
        #expect(fixture.pager.statistics.residentPages.value <= 600)
        #expect(fixture.pager.reclaim(10_000) == fixture.pager.statistics.evictedPages.value - 400)
        #expect(fixture.arena.freeCount == fixture.arena.frameCount)
    }

    @Test("a discarded VMO holds nothing and refuses everything")
    func discard() throws {
        let fixture = try Fixture()
        do {
            let vmo = try fixture.makeVMO(pages: 10)
            try vmo.fill(PageRange(0, 4), with: 1)
            _ = try vmo.zero(PageRange(5, 9))
            let lease = try vmo.leaseForRead(PageRange(0, 2))
            vmo.discard()
            #expect(vmo.counts == PageCounts())
            #expect(try vmo.dirtyRanges() == [])
            #expect(fixture.arena.freeCount == fixture.arena.frameCount - 2)
            #expect(throws: Status.badState) { try vmo.read(PageRange(0, 1)) }
            #expect(throws: Status.badState) { try vmo.write([1], at: 0) }
            #expect(throws: Status.badState) { try vmo.zero(PageRange(0, 1)) }
            #expect(lease.segments.count == 1)
        }
        #expect(fixture.isAtRest)
    }

    @Test("a supply needs as many frames as pages, in its own VMO's bounds")
    func supplyErrors() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 4)
        #expect(throws: Status.invalidArgs) {
            try vmo.supply(PageRange(0, 3), from: fixture.arena.take(2))
        }
        #expect(throws: Status.outOfRange) {
            try vmo.supply(PageRange(3, 5), from: fixture.arena.take(2))
        }
        #expect(fixture.arena.freeCount == fixture.arena.frameCount)
        try vmo.fill(PageRange(1, 2), with: 9, absentPages: .blank)
        let frames = fixture.source.patternFrames(PageRange(0, 3), fixture.arena)
        try vmo.supply(PageRange(0, 3), from: frames)
        #expect(try vmo.read(PageRange(1, 2)) == [UInt8](repeating: 9, count: 4096))
        #expect(fixture.arena.freeCount == fixture.arena.frameCount - 3)
        #expect(fixture.source.requests == [])
    }

    @Test("an unaligned query is rounded outward, and one of length zero too")
    func queryRounding() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 4)
        try vmo.fill(PageRange(0, 4), with: 1)
        func query(_ offset: UInt64, _ length: UInt64) throws(Status) -> [DirtyRange] {
            try vmo.queryDirtyRanges(
                offset: offset,
                length: length,
                capacity: 9,
                countingAvailable: false
            ).ranges
        }
        #expect(try query(4097, 4096) == [.data(1, 2)])
        #expect(try query(4096, 0) == [])
        #expect(try query(4097, 0) == [.data(1, 1)])
        #expect(try query(16384, 0) == [])
    }
}
