// READ requests and who waits for them: the rows of section 5.9 of the conformance list that read,
// named as there.
//
// Goal: one packet for what several threads need, in the order in which they came, gone when it is
// no longer needed. Method: threads that are known to wait, and the packets that lie in the port.

import Support
import Testing

@testable import VMCore

@Suite("Page requests")
struct PagerRequestTests {
    @Test("EarlySupplyTest", arguments: Access.available)
    func earlySupplyTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let early = try vmo.startRead(0, via: access)
            try vmo.waitForBlocked()
            try pager.supply(vmo, 0)
            #expect(early.wait() == nil)

            let late = try vmo.startRead(1, via: access)
            try pager.expectNext(.read, vmo, 1)
            try pager.supply(vmo, 1)
            #expect(late.wait() == nil)
            #expect(try vmo.holdsPattern(0, 2))
        }
    }

    @Test("SequentialMultipageTest", arguments: Access.available)
    func sequentialMultipageTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let thread = try vmo.startRead(0, 32, via: access)
            switch access {
            case .calls:
                pager.expectRead(vmo, 0, 32)
                try pager.supply(vmo, 0, 32)
            case .mapping:
                for page: UInt64 in 0..<32 {
                    pager.expectRead(vmo, page)
                    try pager.supply(vmo, page)
                }
            }
            #expect(thread.wait() == nil)
            #expect(try vmo.holdsPattern(0, 32))
        }
    }

    @Test("ConcurrentOverlappingAccessTest", arguments: Access.available)
    func concurrentOverlappingAccessTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let threads = try (0..<32).map { _ in try vmo.startRead(0, via: access) }
            if access == .calls { try vmo.waitForBlocked(32) }
            pager.expectRead(vmo, 0)
            pager.expectNoRequests()
            try pager.supply(vmo, 0)
            for thread in threads { #expect(thread.wait() == nil) }
        }
    }

    @Test("OverlapSupplyTest")
    func overlapSupplyTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 3)
            let thread = vmo.startRead(0, 2)
            pager.expectRead(vmo, 0, 2)
            try pager.supply(vmo, 0, 1)
            try pager.supply(vmo, 0, [UInt8](repeating: 0x11, count: 2 * Int(pageSize)))
            #expect(thread.wait() == nil)
            #expect(try vmo.holdsPattern(0))
            #expect(try vmo.holds(0x11, 1))
            try pager.supply(vmo, 0, 3)
            #expect(try vmo.holdsPattern(0))
            #expect(try vmo.holds(0x11, 1))
            #expect(try vmo.holdsPattern(2))
        }
    }

    @Test("ManyRequestTest", arguments: Access.available)
    func manyRequestTest(access: Access) throws {
        try withPager { pager in
            let count = 257
            let vmo = try pager.makeVMO(pages: UInt64(count))
            var threads: [TestThread] = []
            for page in 0..<UInt64(count) {
                threads.append(try vmo.startRead(page, via: access))
                try vmo.waitForBlocked(threads.count)
            }
            for page in 0..<UInt64(count) { try pager.expectNext(.read, vmo, page) }
            try pager.supply(vmo, 0, UInt64(count))
            for thread in threads { #expect(thread.wait() == nil) }
        }
    }

    @Test("ReadResizeTest", arguments: Access.available)
    func readResizeTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let thread = try vmo.startRead(1, via: access)
            pager.expectRead(vmo, 1)
            try vmo.resize(1)
            #expect(thread.wait() == .outOfRange)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("SuspendReadTest")
    func suspendReadTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let thread = InterruptibleThread { () throws(Status) in _ = try vmo.read(0) }
            try expectNewRequestAfterInterrupt(of: thread, pager, vmo, pages: 1)
        }
    }

    @Test("SuspendCommitTest")
    func suspendCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 4)
            let thread = InterruptibleThread { () throws(Status) in try vmo.commit(0, 4) }
            try expectNewRequestAfterInterrupt(of: thread, pager, vmo, pages: 4)
        }
    }

    private func expectNewRequestAfterInterrupt(
        of thread: InterruptibleThread,
        _ pager: UserPager,
        _ vmo: TestVMO,
        pages: UInt64
    ) throws {
        pager.expectRead(vmo, 0, pages)
        try thread.interruptWait(in: vmo)
        pager.expectRead(vmo, 0, pages)

        // A packet that nobody has read is withdrawn, and so there is one, not two.
        try thread.interruptWait(in: vmo)
        try vmo.waitForBlocked()
        try thread.interruptWait(in: vmo)
        try vmo.waitForBlocked()
        pager.expectRead(vmo, 0, pages)
        pager.expectNoRequests()

        // A request for which somebody else waits goes on for him, and the thread joins him.
        let other = vmo.startRead(0, pages)
        try vmo.waitForBlocked(2)
        try thread.interruptWait(in: vmo)
        try vmo.waitForBlocked(2)
        pager.expectNoRequests()
        try pager.supply(vmo, 0, pages)
        #expect(thread.wait() == nil)
        #expect(other.wait() == nil)
    }
}
