// Writeback by one thread: which states pages go through, and what a query says about them. Named
// after the tests of Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

@Suite("Writeback")
struct WritebackTests {
    private func pages(_ start: UInt64, _ end: UInt64) -> PageRange { PageRange(start, end) }

    @Test("SimpleWriteback: begun pages stay dirty until the end, then are clean and resident")
    func simpleWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 4)
        try vmo.fill(pages(0, 1), with: 1)
        #expect(fixture.source.requests == [pages(0, 1)])
        try vmo.beginWriteback(pages(0, 1), isZero: false)
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        try vmo.endWriteback(pages(0, 1))
        #expect(try vmo.dirtyRanges() == [])
        #expect(try vmo.read(pages(0, 1)) == [UInt8](repeating: 1, count: 4096))
        try vmo.fill(pages(0, 1), with: 2)
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(vmo.checkInvariants() == [])
    }

    @Test("DirtyDuringWriteback: a page written between begin and end stays dirty")
    func dirtyDuringWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        try vmo.fill(pages(0, 1), with: 1)
        try vmo.beginWriteback(pages(0, 1), isZero: false)
        try vmo.write([5], at: 7)
        #expect(fixture.pager.statistics.redirtiedPages.value == 1)
        try vmo.endWriteback(pages(0, 1))
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(vmo.counts.dirty == 1)
    }

    @Test("DirtyDuringWriteback: OP_DIRTY between begin and end keeps the page dirty")
    func opDirtyDuringWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        try vmo.fill(pages(0, 1), with: 1)
        try vmo.beginWriteback(pages(0, 1), isZero: false)
        var frames = fixture.arena.take(0)
        try vmo.opDirty(pages(0, 1), frames: &frames)
        try vmo.endWriteback(pages(0, 1))
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
    }

    @Test("CannotOverwriteZeroPage: a supply leaves a marker alone, and a write replaces it")
    func cannotOverwriteZeroPage() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        try vmo.supplyZeros(pages(0, 1))
        try vmo.supply(pages(0, 1), from: fixture.source.patternFrames(pages(0, 1), fixture.arena))
        #expect(try vmo.read(pages(0, 1)) == [UInt8](repeating: 0, count: 4096))
        #expect(vmo.counts.resident == 0)
        try vmo.write([9], at: 1)
        #expect(try vmo.read(pages(0, 1))[0..<3] == [0, 9, 0])
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(fixture.source.requests == [])
    }

    @Test("DirtyNoTrapRandomOffsets: one write over markers and pages makes one range")
    func dirtyNoTrapRandomOffsets() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 12)
        for page in stride(from: UInt64(0), to: 12, by: 3) {
            try vmo.supplyZeros(pages(page, page + 2))
        }
        try vmo.fill(pages(0, 12), with: 3)
        #expect(try vmo.dirtyRanges() == [.data(0, 12)])
        #expect(vmo.counts.resident == 12)
        #expect(fixture.source.requests == [2, 5, 8, 11].map { pages($0, $0 + 1) })
        #expect(fixture.pager.statistics.dirtyRequests.value <= 12)
    }

    @Test("OpDirtyNoWrite: OP_DIRTY on a clean page makes it dirty with unchanged content")
    func opDirtyNoWrite() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        let before = try vmo.read(pages(0, 1))
        var frames = fixture.arena.take(0)
        try vmo.opDirty(pages(0, 1), frames: &frames)
        #expect(try vmo.read(pages(0, 1)) == before)
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(!vmo.takeModified(reset: false))
    }

    @Test("DirtyLargeRange: OP_DIRTY over markers and grown pages commits all of them")
    func dirtyLargeRange() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 100)
        try vmo.supplyZeros(pages(0, 100))
        _ = try vmo.resize(to: 200 * pageSize)
        var few = fixture.arena.take(199)
        #expect(throws: Status.noMemory) {
            try vmo.opDirty(pages(0, 200), frames: &few)
        }
        #expect(vmo.counts.resident == 0)
        var frames = fixture.arena.take(200)
        try vmo.opDirty(pages(0, 200), frames: &frames)
        #expect(vmo.counts.resident == 200)
        #expect(try vmo.dirtyRanges() == [.data(0, 200)])
    }

    @Test("a writeback leases exactly what it has begun")
    func leaseAwaitingClean() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 10)
        try vmo.fill(pages(1, 3), with: 1)
        try vmo.fill(pages(4, 8), with: 2)
        try vmo.beginWriteback(pages(2, 7), isZero: false)
        try vmo.fill(pages(5, 6), with: 3)
        let lease = vmo.leaseAwaitingClean(pages(0, 10))
        var leased: [UInt64] = []
        for segment in lease.segments {
            #expect(segment.frames?.count == UInt32(segment.pages.count))
            leased += segment.pages.start..<segment.pages.end
        }
        #expect(leased == [2, 4, 6])
    }

    @Test("WritebackCombined, OutOfOrder: any order of begins and ends over five ranges cleans all")
    func writebackOrders() throws {
        for (begins, ends) in [
            ([0..<5], [0..<5]), ([0..<1, 1..<2, 2..<3, 3..<4, 4..<5], [0..<5]),
            ([3..<4, 0..<1, 2..<3, 1..<2, 4..<5], [3..<4, 0..<1, 2..<3, 1..<2, 4..<5]),
            ([0..<5], [3..<4, 0..<1, 2..<3, 1..<2, 4..<5]),
        ] as [([Range<UInt64>], [Range<UInt64>])] {
            let fixture = try Fixture()
            let vmo = try fixture.makeVMO(pages: 0)
            _ = try vmo.resize(to: 5 * pageSize)
            try vmo.fill(pages(1, 2), with: 1)
            try vmo.fill(pages(3, 4), with: 1)
            let expected: [DirtyRange] = [
                .zero(0, 1), .data(1, 1), .zero(2, 1), .data(3, 1), .zero(4, 1),
            ]
            #expect(try vmo.dirtyRanges() == expected)
            for range in begins {
                let isZero = range.count == 1 && range.lowerBound % 2 == 0
                try vmo.beginWriteback(pages(range.lowerBound, range.upperBound), isZero: isZero)
            }
            for range in ends { try vmo.endWriteback(pages(range.lowerBound, range.upperBound)) }
            #expect(try vmo.dirtyRanges() == [])
        }
    }
}
