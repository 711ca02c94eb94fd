// The end of a VMO, of its pager and of their port: the rows of section 5.9 of the conformance
// list about detaching and closing, named as there.
//
// Goal: nobody waits for ever for a pager that is gone, and the pager learns of the end by one
// packet. Method: each end while somebody waits, before and after the pager has read the packet.

import Support
import Testing

@testable import VMCore

@Suite("Detach and close")
struct PagerDetachTests {
    @Test("DetachPageCompleteTest")
    func detachPageCompleteTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.detach(vmo)
            pager.expect(.complete, vmo)
            try pager.detach(vmo)
            try vmo.close()
        }
    }

    @Test("ClosePageCompleteTest")
    func closePageCompleteTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let other = try vmo.duplicate()
            try vmo.close()
            pager.expectNoRequests()
            try other.close()
            pager.expect(.complete, vmo)
        }
    }

    @Test("DecommitOnDetachTest")
    func decommitOnDetachTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let clone = try vmo.child(.clone, pages: 2)
            try pager.supply(vmo, 0)
            #expect(try clone.holdsPattern(0))
            try pager.detachAndExpectComplete(vmo)
            for gone in [vmo, clone] {
                #expect(throws: Status.badState) { try gone.read(0) }
                #expect(throws: Status.badState) { try gone.read(1) }
            }
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("CloneDetachTest")
    func cloneDetachTest() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 3)
            let clone = try vmo.child(.clone, pages: 3)
            try clone.write(1)
            try pager.detachAndExpectComplete(vmo)
            #expect(throws: Status.badState) { try clone.read(0) }
            #expect(try clone.holds(0xAB, 1))
            #expect(throws: Status.badState) { try clone.read(2) }
            for page: UInt64 in 0..<3 {
                #expect(throws: Status.badState) { try vmo.read(page) }
            }
            #expect(throws: Status.badState) { try clone.write(2) }
        }
    }

    @Test("DetachNonMappingAccess")
    func detachNonMappingAccess() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let thread = vmo.startRead(0, 2)
            pager.expectRead(vmo, 0, 2)
            try pager.supply(vmo, 0)
            #expect(try vmo.blockedThreads == 1)
            try pager.detachAndExpectComplete(vmo)
            #expect(thread.wait() == .badState)
        }
    }

    /// When the pager ends: before it has read the packet, or after.
    enum Moment: CaseIterable, Sendable {
        case early
        case late
    }

    @Test("ReadCloseInterruptLateTest", arguments: Access.available)
    func readCloseInterruptLateTest(access: Access) throws {
        try interruptByClose(.late, via: access)
    }

    @Test("ReadCloseInterruptEarlyTest", arguments: Access.available)
    func readCloseInterruptEarlyTest(access: Access) throws {
        try interruptByClose(.early, via: access)
    }

    @Test("ReadDetachInterruptLateTest", arguments: Access.available)
    func readDetachInterruptLateTest(access: Access) throws {
        try interruptByDetach(.late, via: access)
    }

    @Test("ReadDetachInterruptEarlyTest", arguments: Access.available)
    func readDetachInterruptEarlyTest(access: Access) throws {
        try interruptByDetach(.early, via: access)
    }

    private func interruptByClose(_ moment: Moment, via access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let thread = try vmo.startRead(0, via: access)
            try vmo.waitForBlocked()
            if moment == .late { pager.expectRead(vmo, 0) }
            try pager.table.close(pager.pager)
            #expect(thread.wait() == .badState)
        }
    }

    private func interruptByDetach(_ moment: Moment, via access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let thread = try vmo.startRead(0, via: access)
            try vmo.waitForBlocked()
            if moment == .late { pager.expectRead(vmo, 0) }
            try pager.detachAndExpectComplete(vmo)
            #expect(thread.wait() == .badState)
        }
    }

    @Test("ClosePagerTest")
    func closePagerTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.supply(vmo, 1)
            let thread = vmo.startRead(0)
            pager.expectRead(vmo, 0)
            try pager.table.close(pager.pager)
            #expect(thread.wait() == .badState)
            #expect(try vmo.holdsPattern(1))
            #expect(throws: Status.badState) { try vmo.read(0) }
            #expect(throws: Status.badHandle) { try pager.supply(vmo, 0) }
            try vmo.close()
        }
    }

    @Test("ClosePortTest")
    func closePortTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.table.close(pager.port)
            let supplied = vmo.startRead(1)
            try vmo.waitForBlocked()
            try pager.supply(vmo, 1)
            #expect(supplied.wait() == nil)
            #expect(try vmo.holdsPattern(1))

            let detached = vmo.startRead(0)
            try vmo.waitForBlocked()
            try pager.detach(vmo)
            #expect(detached.wait() == .badState)
        }
    }
}
