// Pinning: section 5.7 of the conformance list, rows named as there.
//
// Goal: a page that is held for a device stays where it is; one that a device may write to stays
// Dirty. Method: `vmoPin` stands for `zx_bti_pin`: pins before, during and after a writeback.

import Support
import Testing

@testable import VMCore

@Suite("Pinning")
struct PinningTests {
    @Test("PinForRead", arguments: [true, false])
    func pinForRead(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            let pin = try vmo.pin(0, forWrite: false)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try !pager.takeModified(vmo))
            try pin.unpin()
            try pager.expectDirtyRanges(vmo, [])
            #expect(try !pager.takeModified(vmo))
        }
    }

    @Test("PinForWrite", arguments: [true, false])
    func pinForWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try !pager.takeModified(vmo))
            let pin = try pager.pinForWrite(vmo, 0, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try pager.takeModified(vmo))
            try pin.unpin()
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.holdsPattern(0))
        }
    }

    @Test("PinnedWriteback", arguments: [true, false])
    func pinnedWriteback(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            let pin = try pager.pinForWrite(vmo, 0, trapDirty: trapDirty)
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])

            try pin.unpin()
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("ReadPinAwaitingClean", arguments: [true, false])
    func readPinAwaitingClean(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            #expect(try pager.takeModified(vmo))
            try pager.begin(vmo, 0)
            let pin = try vmo.pin(0, forWrite: false)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try !pager.takeModified(vmo))
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            try pin.unpin()
        }
    }

    @Test("WritePinAwaitingClean", arguments: [true, false])
    func writePinAwaitingClean(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            #expect(try pager.takeModified(vmo))
            try pager.begin(vmo, 0)
            let pin = try pager.pinForWrite(vmo, 0, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try pager.takeModified(vmo))
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pin.unpin()
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("DelayedPinAwaitingClean")
    func delayedPinAwaitingClean() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            try pager.write(vmo, 0, trapDirty: true)
            #expect(try pager.takeModified(vmo))
            try pager.begin(vmo, 0)
            let thread = vmo.startWritePin(0)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.blockedThreads == 1)

            try pager.dirty(vmo, 0)
            let pin = try #require(thread.wait().pin)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try pager.takeModified(vmo))
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pin.unpin()
        }
    }

    @Test("FailedPinAwaitingClean", arguments: [true, false])
    func failedPinAwaitingClean(failsBeforeTheEnd: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            try pager.write(vmo, 0, trapDirty: true)
            #expect(try pager.takeModified(vmo))
            try pager.begin(vmo, 0)
            let thread = vmo.startWritePin(0)
            pager.expectDirty(vmo, 0)
            if failsBeforeTheEnd {
                try pager.fail(vmo, 0)
                #expect(thread.wait().failure == .io)
                try pager.expectDirtyRanges(vmo, [.data(0)])
            }
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            if !failsBeforeTheEnd {
                try pager.fail(vmo, 0)
                #expect(thread.wait().failure == .io)
                try pager.expectDirtyRanges(vmo, [])
            }
            #expect(try !pager.takeModified(vmo))
        }
    }

    @Test("DirtyAfterPin")
    func dirtyAfterPin() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let pin = try pager.pinForWrite(vmo, 0, trapDirty: true)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])

            try vmo.write(0)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pin.unpin()
        }
    }

    @Test("PinAfterDirty")
    func pinAfterDirty() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            try pager.write(vmo, 0, trapDirty: true)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])

            let pin = try vmo.pin(0, forWrite: true)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pin.unpin()
        }
    }

    @Test("PinForWriteUnpopulated", arguments: [true, false])
    func pinForWriteUnpopulated(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            let thread = vmo.startWritePin(0, 2)
            if trapDirty {
                try pager.expectNext(.dirty, vmo, 0)
                try pager.dirty(vmo, 0)
            }
            try pager.expectNext(.read, vmo, 1)
            try pager.supply(vmo, 1)
            if trapDirty {
                try pager.expectNext(.dirty, vmo, 1)
                try pager.dirty(vmo, 1)
            }
            let pin = try #require(thread.wait().pin)
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try pager.takeModified(vmo))
            try pin.unpin()
        }
    }

    @Test("NotModifiedFailedPinWrite")
    func notModifiedFailedPinWrite() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let thread = vmo.startWritePin(0)
            pager.expectDirty(vmo, 0)
            try pager.fail(vmo, 0)
            #expect(thread.wait().failure == .io)
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
            try vmo.resize(0)
        }
    }

    @Test("NotModifiedPartialFailedPinWrite")
    func notModifiedPartialFailedPinWrite() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            let thread = vmo.startWritePin(0, 2)
            pager.expectDirty(vmo, 0, 2)
            try pager.dirty(vmo, 0)
            #expect(try vmo.blockedThreads == 1)
            try pager.fail(vmo, 1)
            #expect(thread.wait().failure == .io)
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("SlicePinWrite", arguments: [true, false])
    func slicePinWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, trapDirty: trapDirty, options: [])
            let slice = try vmo.child(.slice, offset: 1, pages: 1)
            let thread = slice.startWritePin(0)
            if trapDirty {
                pager.expectDirty(vmo, 1)
                try pager.dirty(vmo, 1)
            }
            let pin = try #require(thread.wait().pin)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            #expect(try pager.takeModified(vmo))
            pager.expectNoPagerCalls(slice)
            try pager.writeBack(vmo, 1)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            try pin.unpin()
            try pager.writeBack(vmo, 1)
            try pager.expectDirtyRanges(vmo, [])
        }
    }
}
