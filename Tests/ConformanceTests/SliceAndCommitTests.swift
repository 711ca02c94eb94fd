// Slices, commits and races: section 5.8 of the conformance list, rows named as there; its calls
// with bad arguments are in InvalidCallTests.swift.
//
// Goal: a slice is the VMO itself, a commit asks as a read does (and more where zeros become data),
// and an answer that comes late finds what has become of the page. Method: a second event between
// a request and its answer.

import Support
import Testing

@testable import VMCore

@Suite("Slices, commits and races")
struct SliceAndCommitTests {
    @Test("SliceWrite", arguments: [true, false], Access.available)
    func sliceWrite(trapDirty: Bool, access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, trapDirty: trapDirty, options: [])
            let slice = try vmo.child(.slice, offset: 1, pages: 1)
            let thread = try slice.startWrite(0, via: access)
            if trapDirty {
                pager.expectDirty(vmo, 1)
                try pager.dirty(vmo, 1)
            }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            #expect(try pager.takeModified(vmo))
            #expect(try vmo.isWritten(1))
            #expect(try slice.isWritten(0))
            #expect(try vmo.holdsPattern(0))
            pager.expectNoPagerCalls(slice)

            try pager.writeBack(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [])
            let absent = try pager.makeVMO(pages: 2, trapDirty: trapDirty, options: [])
            let absentSlice = try absent.child(.slice, offset: 1, pages: 1)
            let reader = try absentSlice.startRead(0, via: access)
            pager.expectRead(absent, 1)
            try pager.supply(absent, 1)
            #expect(reader.wait() == nil)
            try pager.expectDirtyRanges(absent, [])
        }
    }

    @Test("SliceOpZero", arguments: [true, false])
    func sliceOpZero(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, trapDirty: trapDirty, options: [])
            let slice = try vmo.child(.slice, offset: 1, pages: 1)
            try slice.zero(0)
            try pager.expectDirtyRanges(vmo, [.zero(1)])
            #expect(try pager.takeModified(vmo))
            #expect(try vmo.holds(0, 1))
            #expect(try slice.holds(0, 0))
            #expect(try vmo.holdsPattern(0))
            #expect(try vmo.committedPages == 1)
            pager.expectNoPagerCalls(slice)
        }
    }

    @Test("CommitResizeRace", arguments: [true, false])
    func commitResizeRace(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            let thread = vmo.startCommit(0, 2)
            pager.expectRead(vmo, 1)
            try vmo.resize(1)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 1)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("DirtyLargeRange")
    func dirtyLargeRange() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 100)
            try pager.supplyZeros(vmo, 0, 100)
            try vmo.resize(200)
            try pager.expectDirtyRanges(vmo, [.zero(100, 100)])
            #expect(try vmo.committedPages == 0)
            try pager.dirty(vmo, 0, 200)
            #expect(try vmo.committedPages == 200)
            try pager.expectDirtyRanges(vmo, [.data(0, 200)])
            #expect(try vmo.holds(0, 0, 200))
        }
    }

    @Test("NoDirtyOnCommit", arguments: [true, false])
    func noDirtyOnCommit(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            let mixed = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try pager.supply(mixed, 0)
            try pager.supplyZeros(mixed, 1)
            #expect(try mixed.committedPages == 1)
            try vmo.commit(0)
            try mixed.commit(0, 2)
            #expect(try vmo.committedPages == 1)
            #expect(try mixed.committedPages == 2)
            for committed in [vmo, mixed] {
                try pager.expectDirtyRanges(committed, [])
                #expect(try !pager.takeModified(committed))
            }
            #expect(try mixed.holdsPattern(0))
            #expect(try mixed.holds(0, 1))
        }
    }

    @Test("CommitExtendedTail", arguments: [true, false])
    func commitExtendedTail(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try vmo.resize(2)
            try pager.expectDirtyRanges(vmo, [.zero(1)])
            #expect(try pager.takeModified(vmo))
            let thread = vmo.startCommit(0, 2)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            if trapDirty {
                pager.expectDirty(vmo, 1)
                try pager.expectDirtyRanges(vmo, [.zero(1)])
                try pager.dirty(vmo, 1)
            }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            #expect(try vmo.committedPages == 2)
            #expect(try vmo.holdsPattern(0))
            #expect(try vmo.holds(0, 1))
            #expect(try !pager.takeModified(vmo))
        }
    }

    @Test("CommitExtendedTail: the request goes on over clean pages", arguments: [true, false])
    func commitOverCleanPages(isPin: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 4)
            try vmo.zero(0)
            try pager.dirty(vmo, 3)
            let thread =
                isPin
                ? TestThread { () throws(Status) in try vmo.pin(0, 4, forWrite: false).unpin() }
                : vmo.startCommit(0, 4)
            pager.expectDirty(vmo, 0, 3)
            try pager.dirty(vmo, 0, 3)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0, 4)])
        }
    }

    @Test("DelayedDirtyNotFound")
    func delayedDirtyNotFound() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            try vmo.resize(2)
            let thread = vmo.startWrite(1)
            pager.expectDirty(vmo, 1)
            try pager.expectDirtyRanges(vmo, [.zero(1)])
            try pager.begin(vmo, 1, isZero: true)
            try pager.end(vmo, 1)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.blockedThreads == 1)
            try pager.finishDelayedWrite(thread, vmo, 1)
        }
    }

    @Test("DelayedReadZeroRange")
    func delayedReadZeroRange() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let thread = TestThread { () throws(Status) in
                if try !vmo.holds(0, 0) { throw .ioDataIntegrity }
            }
            pager.expectRead(vmo, 0)
            try vmo.zero(0)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.zero(0)])
            try pager.begin(vmo, 0, isZero: true)
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("DelayedDirtyZeroRange")
    func delayedDirtyZeroRange() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let thread = vmo.startWrite(0)
            pager.expectDirty(vmo, 0)
            try vmo.zero(0)
            try pager.expectDirtyRanges(vmo, [.zero(0)])
            #expect(try vmo.blockedThreads == 1)
            try pager.begin(vmo, 0, isZero: true)
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.blockedThreads == 1)
            try pager.finishDelayedWrite(thread, vmo, 0)
        }
    }

    @Test("ChildAttributedCounts")
    func childAttributedCounts() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            try pager.write(vmo, 0, trapDirty: true)
            let clone = try vmo.child(.clone, pages: 2)
            #expect(try clone.holds(0xAB, 0))
            #expect(try clone.holdsPattern(1))
            #expect(try vmo.committedPages == 2)
            #expect(try clone.committedPages == 0)

            try vmo.close()
            #expect(try clone.holds(0xAB, 0))
            #expect(try clone.holdsPattern(1))
            pager.expectNoRequests()
            try clone.close()
            pager.expect(.complete, vmo)
        }
    }
}

extension UserPager {
    /// Gives the pages that a writer waits for to be Dirty too late: they are Empty again.
    fileprivate func finishDelayedWrite(
        _ thread: TestThread,
        _ vmo: TestVMO,
        _ page: UInt64
    ) throws {
        #expect(throws: Status.notFound) { try dirty(vmo, page) }
        expectRead(vmo, page)
        try supply(vmo, page)
        expectDirty(vmo, page)
        try expectDirtyRanges(vmo, [])
        try dirty(vmo, page)
        #expect(thread.wait() == nil)
        try expectDirtyRanges(vmo, [.data(page)])
        #expect(try vmo.holds(0xAB, page))
    }
}
