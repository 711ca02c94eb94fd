// The modified flag. Named after the tests of Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

@Suite("Modified flag")
struct ModifiedTests {
    private let one = PageRange(0, 1)

    @Test("ModifiedOnVmoWrite, ModifiedNoReset: a write sets it, and only a reset clears it")
    func write() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        #expect(!vmo.takeModified(reset: false))
        try vmo.write([1], at: 0)
        #expect(vmo.takeModified(reset: false))
        #expect(vmo.takeModified(reset: true))
        #expect(!vmo.takeModified(reset: true))
        try vmo.write([1], at: 0)
        #expect(vmo.takeModified(reset: true))
    }

    @Test("ModifiedOnResize: a shrink, a grow and a resize to the same size set it")
    func resize() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        for size in [0, 4096, 4096] as [UInt64] {
            _ = try vmo.resize(to: size)
            #expect(vmo.takeModified(reset: true))
        }
    }

    @Test("ModifiedOnOpZero: zeroing sets it")
    func zero() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        _ = try vmo.zero(one)
        #expect(vmo.takeModified(reset: true))
    }

    @Test("NotModifiedOnVmoRead: reads, supplies and writeback do not set it")
    func read() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 1)
        _ = try vmo.read(one)
        try vmo.beginWriteback(one, isZero: false)
        try vmo.endWriteback(one)
        #expect(!vmo.takeModified(reset: false))
    }

    @Test("a write that fails before its first byte does not set it, a partial one does")
    func failedWrite() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 2)
        fixture.source.fail(with: .io)
        #expect(throws: Status.io) { try vmo.write([1], at: 0) }
        #expect(!vmo.takeModified(reset: true))
        fixture.source.fail(with: nil)
        _ = try vmo.read(one)
        fixture.source.fail(with: .noSpace)
        #expect(throws: Status.noSpace) { try vmo.fill(PageRange(0, 2), with: 1) }
        #expect(vmo.takeModified(reset: true))
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
    }
}
