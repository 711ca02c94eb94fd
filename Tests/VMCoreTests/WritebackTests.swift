// Writeback by one thread: which states pages go through, and what a query says about them. Named
// after the tests of Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

@Suite("Writeback")
struct WritebackTests {
    @Test("SimpleWriteback: begun pages stay dirty until the end, then are clean and resident")
    func simpleWriteback() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 4)
        try vmo.fill(PageRange(0, 1), with: 1)
        #expect(fixture.source.requests == [PageRange(0, 1)])
        try vmo.beginWriteback(PageRange(0, 1), isZero: false)
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        try vmo.endWriteback(PageRange(0, 1))
        #expect(try vmo.dirtyRanges() == [])
        #expect(try vmo.read(PageRange(0, 1)) == [UInt8](repeating: 1, count: 4096))
        try vmo.fill(PageRange(0, 1), with: 2)
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        #expect(vmo.checkInvariants() == [])
    }
}
