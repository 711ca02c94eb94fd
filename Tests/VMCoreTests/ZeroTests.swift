// OP_ZERO. Named after the tests of Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

@Suite("Zeroing")
struct ZeroTests {
    private func pages(_ start: UInt64, _ end: UInt64) -> PageRange { PageRange(start, end) }

    @Test("OpZero: zeroing clean, absent and grown pages asks nothing and makes one zero range")
    func opZero() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 2)
        _ = try vmo.read(pages(0, 1))
        _ = try vmo.resize(to: 3 * pageSize)
        let result = try vmo.zero(pages(0, 3))
        #expect(result == .init(dirtyDataPagesDropped: 0, pagesZeroed: 2))
        #expect(try vmo.dirtyRanges() == [.zero(0, 3)])
        #expect(vmo.counts.resident == 0)
        #expect(fixture.source.requests == [pages(0, 1)])
    }

    @Test("OpZeroDecommit: zeroing frees pages in every state")
    func opZeroDecommit() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 3)
        _ = try vmo.read(pages(0, 1))
        try vmo.fill(pages(1, 3), with: 1)
        try vmo.beginWriteback(pages(2, 3), isZero: false)
        let result = try vmo.zero(pages(0, 3))
        #expect(result == .init(dirtyDataPagesDropped: 2, pagesZeroed: 3))
        #expect(try vmo.dirtyRanges() == [.zero(0, 3)])
        #expect(fixture.arena.freeCount == fixture.arena.frameCount)
    }

    @Test("OpZeroPartialPage: part of a page is a write, and a page that reads zero stays zero")
    func opZeroPartialPage() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        _ = try vmo.resize(to: 2 * pageSize)
        try vmo.zero(ByteRange(10, 4096 + 100))
        #expect(try vmo.dirtyRanges() == [.data(0, 1), .zero(1, 1)])
        let bytes = try vmo.read(pages(0, 2))
        #expect(bytes[10...].allSatisfy { $0 == 0 })
        #expect(bytes[..<8].contains { $0 != 0 })
        #expect(fixture.source.requests == [pages(0, 1)])
    }

    @Test("OpZeroExpandsTail: zeroing the absent page before the tail merges into one range")
    func opZeroExpandsTail() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 2)
        _ = try vmo.resize(to: 3 * pageSize)
        try vmo.zero(ByteRange(4096, 8192))
        #expect(try vmo.dirtyRanges() == [.zero(1, 2)])
        #expect(fixture.source.requests == [])
    }

    @Test("OpZeroWriteback: zeroing the page before a begun interval forgets its writeback")
    func opZeroWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        _ = try vmo.resize(to: 2 * pageSize)
        try vmo.beginWriteback(pages(1, 2), isZero: true)
        _ = try vmo.zero(pages(0, 1))
        try vmo.endWriteback(pages(1, 2))
        #expect(try vmo.dirtyRanges() == [.zero(0, 2)])
        try vmo.beginWriteback(pages(0, 2), isZero: true)
        try vmo.endWriteback(pages(0, 2))
        #expect(try vmo.dirtyRanges() == [])
    }

    @Test("OpZeroWithMarkers: zeroing markers changes nothing but the modified flag")
    func opZeroWithMarkers() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 2)
        try vmo.supplyZeros(pages(0, 2))
        #expect(try vmo.zero(pages(0, 2)) == .init())
        #expect(try vmo.dirtyRanges() == [])
        #expect(vmo.takeModified(reset: true))
    }

    @Test("zeroing the tail of a page touches only a resident page")
    func zeroResidentTail() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 3)
        #expect(!vmo.zeroResidentTail(ByteRange(100, 4096)))
        #expect(fixture.source.requests == [])
        let before = try vmo.read(pages(0, 1))
        #expect(vmo.zeroResidentTail(ByteRange(100, 4096)))
        #expect(!vmo.zeroResidentTail(ByteRange(50, 4096)))
        let after = try vmo.read(pages(0, 1))
        #expect(after[..<50] == before[..<50])
        #expect(after[50...].allSatisfy { $0 == 0 })
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(!vmo.zeroResidentTail(ByteRange(3 * 4096, 3 * 4096 + 5)))
    }
}
