// Growing, shrinking and the writeback of the zero ranges that come from it. Named after the tests
// of Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

@Suite("Resize and zero ranges")
struct ResizeTests {
    private func pages(_ start: UInt64, _ end: UInt64) -> PageRange { PageRange(start, end) }

    private func makeGrown(_ fixture: Fixture, _ count: UInt64) throws -> VirtualMemoryObject {
        let vmo = try fixture.makeVMO(pages: 0)
        _ = try vmo.resize(to: count * pageSize)
        return vmo
    }

    @Test("ResizeSupplyZero: grown pages read as zeros unasked, and a supply there does nothing")
    func resizeSupplyZero() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        _ = try vmo.resize(to: 3 * pageSize)
        #expect(try vmo.read(pages(1, 3)) == [UInt8](repeating: 0, count: 8192))
        try vmo.supply(pages(1, 3), from: fixture.source.patternFrames(pages(1, 3), fixture.arena))
        #expect(try vmo.read(pages(1, 3)) == [UInt8](repeating: 0, count: 8192))
        #expect(fixture.source.requests == [])
        try vmo.fill(pages(1, 2), with: 4)
        #expect(try vmo.dirtyRanges() == [.data(1, 1), .zero(2, 1)])
    }

    @Test("ResizeWriteback: data and zeros side by side are three ranges, and one writeback")
    func resizeWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        try vmo.fill(pages(0, 1), with: 1)
        _ = try vmo.resize(to: 3 * pageSize)
        try vmo.fill(pages(2, 3), with: 2)
        #expect(try vmo.dirtyRanges() == [.data(0, 1), .zero(1, 1), .data(2, 1)])
        try vmo.beginWriteback(pages(0, 3), isZero: false)
        #expect(try vmo.dirtyRanges() == [.data(0, 1), .zero(1, 1), .data(2, 1)])
        try vmo.endWriteback(pages(0, 3))
        #expect(try vmo.dirtyRanges() == [])
        #expect(vmo.extent(at: 1).kind == .absent)
    }

    @Test("ResizeWritebackIntersectingWrite: only a page written meanwhile stays dirty")
    func intersectingWrite() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 4)
        try vmo.beginWriteback(pages(0, 4), isZero: true)
        try vmo.fill(pages(2, 3), with: 1)
        try vmo.endWriteback(pages(0, 4))
        #expect(try vmo.dirtyRanges() == [.data(2, 1)])
    }

    @Test("an end over only the right part of a split interval cleans nothing")
    func endOverRightFragment() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 4)
        try vmo.beginWriteback(pages(0, 4), isZero: true)
        try vmo.fill(pages(1, 2), with: 1)
        try vmo.endWriteback(pages(2, 4))
        #expect(try vmo.dirtyRanges() == [.zero(0, 1), .data(1, 1), .zero(2, 2)])
    }

    @Test("ResizeWritebackIntersectingResize: an end beyond the new size fails whole")
    func intersectingResize() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 4)
        try vmo.beginWriteback(pages(0, 4), isZero: true)
        _ = try vmo.resize(to: 2 * pageSize)
        #expect(throws: Status.outOfRange) { try vmo.endWriteback(pages(0, 4)) }
        #expect(try vmo.dirtyRanges() == [.zero(0, 2)])
        try vmo.endWriteback(pages(0, 2))
        #expect(try vmo.dirtyRanges() == [])
    }

    @Test("a writeback longer than the interval covers what a grow adds to it")
    func lengthSurvivesShrinkAndGrow() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 4)
        try vmo.beginWriteback(pages(0, 4), isZero: true)
        _ = try vmo.resize(to: 2 * pageSize)
        _ = try vmo.resize(to: 6 * pageSize)
        try vmo.endWriteback(pages(0, 6))
        #expect(try vmo.dirtyRanges() == [.zero(4, 2)])
    }

    @Test("ResizeWritebackPartialEnd: a zero range is cleaned from the front in steps")
    func partialEnd() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 5)
        try vmo.beginWriteback(pages(0, 5), isZero: true)
        try vmo.endWriteback(pages(0, 2))
        #expect(try vmo.dirtyRanges() == [.zero(2, 3)])
        try vmo.endWriteback(pages(2, 3))
        #expect(try vmo.dirtyRanges() == [.zero(3, 2)])
        try vmo.endWriteback(pages(3, 5))
        #expect(try vmo.dirtyRanges() == [])
    }

    @Test("ResizeWritebackRepeated: a begin inside an interval is ignored, until it is its start")
    func repeated() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 4)
        try vmo.endWriteback(pages(0, 4))
        #expect(try vmo.dirtyRanges() == [.zero(0, 4)])
        try vmo.beginWriteback(pages(0, 2), isZero: true)
        try vmo.beginWriteback(pages(0, 1), isZero: true)
        try vmo.beginWriteback(pages(2, 4), isZero: true)
        try vmo.endWriteback(pages(0, 2))
        #expect(try vmo.dirtyRanges() == [.zero(2, 2)])
        try vmo.endWriteback(pages(2, 4))
        #expect(try vmo.dirtyRanges() == [.zero(2, 2)])
        try vmo.beginWriteback(pages(2, 4), isZero: true)
        try vmo.endWriteback(pages(2, 4))
        #expect(try vmo.dirtyRanges() == [])
    }

    @Test("ResizeWritebackDirtyAfterQuery: a zero writeback leaves a page written since alone")
    func dirtyAfterQuery() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 1)
        #expect(try vmo.dirtyRanges() == [.zero(0, 1)])
        try vmo.fill(pages(0, 1), with: 1)
        try vmo.beginWriteback(pages(0, 1), isZero: true)
        try vmo.endWriteback(pages(0, 1))
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
    }

    @Test("ResizeWritebackMulipleGaps: a write over a gap and a begun page leaves only itself")
    func multipleGaps() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, 7)
        try vmo.fill(pages(2, 3), with: 1)
        try vmo.fill(pages(4, 5), with: 1)
        try vmo.beginWriteback(pages(0, 7), isZero: false)
        try vmo.fill(pages(3, 5), with: 2)
        try vmo.endWriteback(pages(0, 7))
        #expect(try vmo.dirtyRanges() == [.data(3, 2)])
    }

    @Test("a shrink drops dirty pages, says how many, and a grow never brings them back")
    func shrinkDrops() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 6)
        try vmo.fill(pages(0, 6), with: 1)
        try vmo.beginWriteback(pages(4, 5), isZero: false)
        #expect(try vmo.resize(to: 3 * pageSize) == 3)
        _ = try vmo.resize(to: 6 * pageSize)
        #expect(try vmo.read(pages(3, 6)) == [UInt8](repeating: 0, count: 3 * 4096))
        #expect(try vmo.dirtyRanges() == [.data(0, 3), .zero(3, 3)])
        #expect(fixture.arena.freeCount == fixture.arena.frameCount - 3)
    }

    @Test("a size is refused that is not pages, too large, or where resizing is not allowed")
    func refusals() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        #expect(throws: Status.invalidArgs) { try vmo.resize(to: 100) }
        #expect(throws: Status.outOfRange) { try vmo.resize(to: .max - 4095) }
        let fixed = try fixture.makeVMO(pages: 1, options: [])
        #expect(throws: Status.unavailable) { try fixed.resize(to: 0) }
    }

    @Test("a VMO of the largest size grows, is written at its end and flushed")
    func largestSize() throws {
        let fixture = try Fixture()
        let vmo = try makeGrown(fixture, VirtualMemoryObject.sizeMax / pageSize)
        let last = VirtualMemoryObject.sizeMax / pageSize - 1
        try vmo.fill(pages(last, last + 1), with: 1)
        #expect(try vmo.dirtyRanges() == [.zero(0, last), .data(last, 1)])
        try vmo.beginWriteback(pages(0, last + 1), isZero: false)
        try vmo.endWriteback(pages(0, last + 1))
        #expect(try vmo.dirtyRanges() == [])
        #expect(vmo.checkInvariants() == [])
    }
}
