// Zeroing: section 5.4 of the conformance list, rows named as there.
//
// Goal: whole pages become dirty zeros without any request and without memory; what is zeros
// already stays as it is; only pages that are zeroed in part or pinned are written as by anybody.
// Method: a pager that answers only when the test says so.

import Support
import Testing

@testable import VMCore

@Suite("Zeroing")
struct OpZeroTests {
    @Test("OpZero")
    func opZero() throws {
        try withPager { pager in
            try zeroCleanAndEmpty(pager, trapDirty: false)
        }
    }

    @Test("OpZeroTrapDirty")
    func opZeroTrapDirty() throws {
        try withPager { pager in
            try zeroCleanAndEmpty(pager, trapDirty: true)
        }
    }

    private func zeroCleanAndEmpty(_ pager: UserPager, trapDirty: Bool) throws {
        let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
        try pager.supply(vmo, 0)
        #expect(vmo.startZero(0, 2).wait() == nil)
        try pager.expectDirtyRanges(vmo, [.zero(0, 2)])
        #expect(try vmo.committedPages == 0)
        #expect(try vmo.holds(0, 0, 2))
        pager.expectNoRequests()

        try vmo.resize(3)
        try pager.expectDirtyRanges(vmo, [.zero(0, 3)])
        #expect(vmo.startZero(2).wait() == nil)
        try pager.expectDirtyRanges(vmo, [.zero(0, 3)])
        #expect(try vmo.committedPages == 0)
        #expect(try vmo.holds(0, 0, 3))
        pager.expectNoRequests()
    }

    @Test("OpZeroTail", arguments: [true, false])
    func opZeroTail(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            try vmo.resize(3)
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])
            try pager.begin(vmo, 1, 2, isZero: true)
            #expect(vmo.startZero(1, 2).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])
            #expect(try vmo.committedPages == 1)
            #expect(try vmo.contents(0, 3) == [.supplied, .zeros, .zeros])
            // The writeback that was begun goes on as if nothing had happened.
            try pager.end(vmo, 1, 2)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("OpZeroDecommit", arguments: [true, false])
    func opZeroDecommit(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            try vmo.resize(3)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2)])
            #expect(try vmo.committedPages == 2)
            #expect(vmo.startZero(0, 3).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(0, 3)])
            #expect(try vmo.committedPages == 0)
            #expect(try vmo.holds(0, 0, 3))
        }
    }

    @Test("OpZeroClone", arguments: [true, false])
    func opZeroClone(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try pager.supply(vmo, 0)

            // A page that the parent has, one that it has not, and one of the clone's own.
            let present = try vmo.child(.clone, pages: 1)
            #expect(present.startZero(0).wait() == nil)
            let absent = try vmo.child(.clone, offset: 1, pages: 1)
            #expect(absent.startZero(0).wait() == nil)
            let forked = try vmo.child(.clone, pages: 1)
            #expect(forked.startWrite(0).wait() == nil)
            #expect(try forked.contents(0, 1) == [.written])
            #expect(forked.startZero(0).wait() == nil)
            pager.expectNoRequests()
            for clone in [present, absent, forked] {
                #expect(clone.startRead(0, expecting: [.zeros]).wait() == nil)
            }

            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 1)
            pager.expectNoRequests()
            let thread = vmo.startRead(0, expecting: [.supplied, .supplied])
            try pager.answerRead(vmo, 1)
            #expect(thread.wait() == nil)
            for clone in [present, absent, forked] { #expect(try clone.holds(0, 0)) }
        }
    }

    @Test("OpZeroResize", arguments: [true, false])
    func opZeroResize(trapDirty: Bool) throws {
        try withPager { pager in
            let half = pageSize / 2
            let head = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            let headThread = head.startZeroBytes(ByteRange(pageSize + half, 2 * pageSize))
            pager.expectRead(head, 1)
            try head.resize(1)
            #expect(headThread.wait() == .outOfRange)
            try pager.expectDirtyRanges(head, [])

            let tail = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            let tailThread = tail.startZeroBytes(ByteRange(0, pageSize + half))
            pager.expectRead(tail, 1)
            try tail.resize(1)
            #expect(tailThread.wait() == .outOfRange)
            try pager.expectDirtyRanges(tail, [])
            #expect(try tail.committedPages == 0)
        }
    }

    @Test("OpZeroPartialPage", arguments: [true, false])
    func opZeroPartialPage(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            try vmo.resize(2)
            let thread = vmo.startZeroBytes(ByteRange(100, 200))
            if trapDirty { try pager.answerDirty(vmo, 0) }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0), .zero(1)])
            var bytes = UserPager.pattern(key: vmo.key, 0, 1)
            bytes.replaceSubrange(100..<200, with: [UInt8](repeating: 0, count: 100))
            #expect(try vmo.readPresent(0) == bytes)
            #expect(try vmo.committedPages == 1)

            let half = pageSize / 2
            #expect(vmo.startZeroBytes(ByteRange(half, pageSize + half)).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0), .zero(1)])
            bytes.replaceSubrange(Int(half)..., with: [UInt8](repeating: 0, count: Int(half)))
            #expect(try vmo.readPresent(0) == bytes)
            #expect(try vmo.contents(1, 1) == [.zeros])
            #expect(try vmo.committedPages == 1)
        }
    }

    @Test("OpZeroExpandsTail", arguments: [true, false])
    func opZeroExpandsTail(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try vmo.resize(3)
            try pager.expectDirtyRanges(vmo, [.zero(2)])
            #expect(vmo.startZero(1).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])
            #expect(try vmo.committedPages == 0)
            pager.expectNoRequests()

            let half = pageSize / 2
            let thread = vmo.startZeroBytes(ByteRange(half, 2 * pageSize))
            try pager.answerRead(vmo, 0)
            if trapDirty { try pager.answerDirty(vmo, 0) }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0), .zero(1, 2)])
            let start = UserPager.pattern(key: vmo.key, 0, 1).prefix(Int(half))
            #expect(try vmo.readPresent(0) == start + [UInt8](repeating: 0, count: Int(half)))
            #expect(try vmo.contents(1, 2) == [.zeros, .zeros])
            #expect(try vmo.committedPages == 1)
        }
    }

    @Test("OpZeroWriteback", arguments: [true, false])
    func opZeroWriteback(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            try vmo.resize(2)
            try pager.begin(vmo, 1, isZero: true)
            #expect(vmo.startZero(0).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(0, 2)])
            // The range begins at another page now, for which no writeback was begun.
            try pager.end(vmo, 1)
            try pager.expectDirtyRanges(vmo, [.zero(0, 2)])
            try pager.end(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [.zero(0, 2)])
            #expect(try vmo.holds(0, 0, 2))

            try pager.begin(vmo, 0, 2, isZero: true)
            try pager.end(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("OpZeroWithMarkers", arguments: [true, false])
    func opZeroWithMarkers(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 3, trapDirty: trapDirty)
            try pager.supplyZeros(vmo, 0, 3)
            #expect(vmo.startZero(0, 3).wait() == nil)
            try pager.expectDirtyRanges(vmo, [])
            #expect(vmo.startZeroBytes(ByteRange(100, 2 * pageSize + 100)).wait() == nil)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
            #expect(try vmo.holds(0, 0, 3))
        }
    }

    @Test("OpZeroPinned", arguments: [true, false])
    func opZeroPinned(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 4, trapDirty: trapDirty)
            try pager.supply(vmo, 0, 4)
            let pin = try vmo.pin(1, forWrite: false)
            let thread = vmo.startZero(0, 4)
            if trapDirty { try pager.answerDirty(vmo, 1) }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(0), .data(1), .zero(2, 2)])
            #expect(try vmo.committedPages == 1)
            #expect(try vmo.holds(0, 0, 4))
            try pin.unpin()
            try pager.expectDirtyRanges(vmo, [.zero(0), .data(1), .zero(2, 2)])
        }
    }

    @Test("OpZeroUnblocksReadRequest", arguments: [true, false])
    func opZeroUnblocksReadRequest(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            let thread = vmo.startRead(0, expecting: [.zeros])
            pager.expectRead(vmo, 0)
            #expect(vmo.startZero(0).wait() == nil)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(0)])
            #expect(try vmo.committedPages == 0)
        }
    }
}
