// Detach: section 5.5 of the conformance list, rows named as there.
//
// Goal: a VMO without its pager keeps what the pager does not have, and can give it up by
// writeback. Method: each state before the detach, each access after it.

import Support
import Testing

@testable import VMCore

@Suite("Detach")
struct DetachTests {
    @Test("WritebackDirtyPagesAfterDetach", arguments: [true, false])
    func writebackDirtyPagesAfterDetach(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            try pager.detachAndExpectComplete(vmo)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.holds(0xAB, 0))

            try pager.begin(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.holds(0xAB, 0), "a page that becomes clean later stays")
            #expect(try vmo.committedPages == 1)
        }
    }

    @Test("WritebackResizedRangeAfterDetach", arguments: [true, false])
    func writebackResizedRangeAfterDetach(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            try vmo.resize(4)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            let ranges: [DirtyRange] = [.zero(1), .data(2), .zero(3)]
            try pager.expectDirtyRanges(vmo, ranges)
            try pager.detachAndExpectComplete(vmo)
            try pager.expectDirtyRanges(vmo, ranges)
            #expect(try vmo.holds(0, 1))
            #expect(try vmo.holds(0xAB, 2))

            try pager.begin(vmo, 0, 4)
            try pager.expectDirtyRanges(vmo, ranges)
            try pager.end(vmo, 0, 4)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.holds(0xAB, 2))
            #expect(throws: Status.badState, "the zeros are the pager's now") { try vmo.read(1) }
        }
    }

    @Test("DecommitCleanOnDetach", arguments: [true, false])
    func decommitCleanOnDetach(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try vmo.committedPages == 1)
            try pager.detachAndExpectComplete(vmo)
            #expect(try vmo.committedPages == 0)
            #expect(throws: Status.badState) { try vmo.read(0) }
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("NoDirtyRequestsAfterDetach", arguments: Access.available)
    func noDirtyRequestsAfterDetach(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            try pager.write(vmo, 1, trapDirty: true, via: access)
            try pager.begin(vmo, 1)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            try pager.detachAndExpectComplete(vmo)

            let toClean = try vmo.startWrite(0, via: access)
            #expect(toClean.wait() == .badState)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            let toAwaitingClean = try vmo.startWrite(1, via: access)
            #expect(toAwaitingClean.wait() == .badState)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            #expect(try vmo.isWritten(1))

            try pager.end(vmo, 1)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("DetachWithPendingDirtyRequest", arguments: Access.available)
    func detachWithPendingDirtyRequest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let thread = try vmo.startWrite(0, via: access)
            pager.expectDirty(vmo, 0)
            try pager.detachAndExpectComplete(vmo)
            #expect(thread.wait() == .badState)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("ResolveDirtyRequestAfterDetach")
    func resolveDirtyRequestAfterDetach() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let thread = vmo.startWrite(0)
            pager.expectDirty(vmo, 0)
            try pager.detachAndExpectComplete(vmo)
            #expect(thread.wait() == .badState)
            #expect(throws: Status.badState) { try pager.fail(vmo, 0) }
            #expect(throws: Status.badState) { try pager.dirty(vmo, 0) }
            try pager.expectDirtyRanges(vmo, [])
        }
    }
}
