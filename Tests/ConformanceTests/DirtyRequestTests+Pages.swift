// Dirty requests, second part: requests that fail, pages of zeros, commit and mappings of pages
// that are there.

import MappedAccess
import Support
import Testing

@testable import VMCore

extension DirtyRequestTests {
    @Test("FailDirtyRequests", arguments: Access.available)
    func failDirtyRequests(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            let view = try TestView(vmo, pages: 1, access)
            let thread = view.startWrite(0)
            pager.expectDirty(vmo, 0)
            try pager.fail(vmo, 0)
            #expect(thread.wait() == .io)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.supplied])
            pager.expectNoRequests()

            // The failure is not remembered.
            let retry = view.startWrite(0)
            try pager.answerDirty(vmo, 0)
            #expect(retry.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [access.written(over: .supplied)])
        }
    }

    @Test("DirtyRequestsForZeroPages", arguments: Access.available)
    func dirtyRequestsForZeroPages(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supplyZeros(vmo, 0)
            #expect(try vmo.committedPages == 0)
            let thread = try vmo.startWrite(0, via: access)
            pager.expectDirty(vmo, 0)
            #expect(try vmo.committedPages == 0)
            try pager.expectDirtyRanges(vmo, [])
            try pager.dirty(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 1)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [access.written(over: .zeros)])
        }
    }

    @Test("DirtyZeroAndNonZeroPages", arguments: UInt64(1)...8)
    func dirtyZeroAndNonZeroPages(seed: UInt64) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 20)
            let contents = try pager.supplyMix(vmo, 20, seed: seed)
            #expect(try vmo.committedPages == UInt64(contents.count { $0 == .supplied }))
            try pager.expectDirtyRanges(vmo, [])
            try pager.dirty(vmo, 0, 20)
            #expect(try vmo.committedPages == 20)
            try pager.expectDirtyRanges(vmo, [.data(0, 20)])
            #expect(try vmo.contents(0, 20) == contents)
        }
    }

    @Test("FailDirtyRequestsForZeroPages", arguments: Access.available)
    func failDirtyRequestsForZeroPages(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supplyZeros(vmo, 0)
            let thread = try vmo.startWrite(0, via: access)
            pager.expectDirty(vmo, 0)
            try pager.fail(vmo, 0)
            #expect(thread.wait() == .io)
            #expect(try vmo.committedPages == 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.zeros])
        }
    }

    @Test("DirtyRequestsForZeroRanges", arguments: UInt64(1)...8)
    func dirtyRequestsForZeroRanges(seed: UInt64) throws {
        try withPager { pager in
            let zeros = try pager.makeVMO(pages: 2)
            try pager.supplyZeros(zeros, 0, 2)
            try pager.expectOneDirtyRequest(zeros, 2)

            let both = try pager.makeVMO(pages: 2)
            try pager.supplyZeros(both, 0)
            try pager.supply(both, 1)
            try pager.expectOneDirtyRequest(both, 2)

            let mix = try pager.makeVMO(pages: 40)
            _ = try pager.supplyMix(mix, 40, seed: seed)
            try pager.expectOneDirtyRequest(mix, 40)

            let gap = try pager.makeVMO(pages: 4)
            try pager.supplyZeros(gap, 0)
            try pager.supply(gap, 1)
            let thread = gap.startWrite(0, 4)
            try pager.answerDirty(gap, 0, 2)
            try pager.answerRead(gap, 2, 2)
            try pager.answerDirty(gap, 2, 2)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(gap, [.data(0, 4)])
            #expect(try gap.holds(0xAB, 0, 4))
        }
    }

    @Test("NoDirtyRequestsOnCommit")
    func noDirtyRequestsOnCommit() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 5)
            try pager.supply(vmo, 0, 2)
            let thread = vmo.startCommit(0, 5)
            try pager.answerRead(vmo, 2, 3)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 5)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.holdsPattern(0, 5))
        }
    }

    @Test(
        "NoDirtyRequestsOnMapRange",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd")
    )
    func noDirtyRequestsOnMapRange() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.supply(vmo, 0, 2)
            let mapping = try TestMapping(vmo, pages: 2, mapsRange: true)
            pager.expectNoRequests()
            try pager.expectDirtyRanges(vmo, [])
            let thread = mapping.startStore(0, 2)
            try pager.answerDirty(vmo, 0)
            try pager.answerDirty(vmo, 1)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try vmo.contents(0, 2) == [.storedOverSupplied, .storedOverSupplied])
        }
    }

    @Test(
        "NoDirtyRequestsMapExistingDirty",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd")
    )
    func noDirtyRequestsMapExistingDirty() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            try pager.dirty(vmo, 0)
            let mapping = try TestMapping(vmo, pages: 1, mapsRange: true)
            #expect(mapping.startStore(0).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [.storedOverSupplied])
        }
    }
}

extension UserPager {
    /// Writes all `count` pages of a VMO, and expects one DIRTY request for all of them.
    fileprivate func expectOneDirtyRequest(_ vmo: TestVMO, _ count: UInt64) throws {
        let thread = vmo.startWrite(0, count)
        expectDirty(vmo, 0, count)
        try expectDirtyRanges(vmo, [])
        try dirty(vmo, 0, count)
        #expect(thread.wait() == nil)
        #expect(try vmo.committedPages == count)
        try expectDirtyRanges(vmo, [.data(0, count)])
        #expect(try vmo.holds(0xAB, 0, count))
        expectNoRequests()
    }
}
