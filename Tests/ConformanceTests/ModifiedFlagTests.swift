// The modified flag: section 5.6 of the conformance list, rows named as there.
//
// Goal: it says whether content or size may have changed since it was last reset, whatever became
// of the pages. Method: one event at a time, then a query with reset.

import MappedAccess
import Support
import Testing

@testable import VMCore

@Suite("Modified flag")
struct ModifiedFlagTests {
    @Test("ModifiedOnVmoWrite", arguments: [true, false])
    func modifiedOnVmoWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try !pager.takeModified(vmo))
            if trapDirty {
                try pager.dirty(vmo, 0)
                try pager.expectDirtyRanges(vmo, [.data(0)])
                #expect(try !pager.takeModified(vmo))
            }
            try vmo.write(0)
            #expect(try pager.takeModified(vmo))
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.begin(vmo, 0)
            try pager.end(vmo, 0)
            #expect(try !pager.takeModified(vmo), "a writeback modifies nothing")
        }
    }

    @Test(
        "ModifiedOnMappingWrite",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd"),
        arguments: [true, false]
    )
    func modifiedOnMappingWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])

            let thread = try vmo.startWrite(0, via: .mapping)
            #expect(thread.wait() == nil)
            #expect(try pager.takeModified(vmo))
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
        }
    }

    @Test("ModifiedOnResize", arguments: [true, false])
    func modifiedOnResize(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try !pager.takeModified(vmo))
            try vmo.resize(0)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
            try vmo.resize(2)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.zero(0, 2)])
            try vmo.resize(2)
            #expect(try pager.takeModified(vmo), "also by a resize to the same size")
        }
    }

    @Test("ModifiedOnOpZero", arguments: [true, false])
    func modifiedOnOpZero(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try !pager.takeModified(vmo))
            try vmo.zero(0)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.zero(0)])
        }
    }

    @Test("NotModifiedOnVmoRead", arguments: [true, false])
    func notModifiedOnVmoRead(trapDirty: Bool) throws {
        try expectNotModifiedByRead(trapDirty: trapDirty, via: .calls)
    }

    @Test(
        "NotModifiedOnMappingRead",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd"),
        arguments: [true, false]
    )
    func notModifiedOnMappingRead(trapDirty: Bool) throws {
        try expectNotModifiedByRead(trapDirty: trapDirty, via: .mapping)
    }

    private func expectNotModifiedByRead(trapDirty: Bool, via access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            let thread = try vmo.startRead(0, via: access)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("NotModifiedOnFailedDirtyRequest", arguments: Access.available)
    func notModifiedOnFailedDirtyRequest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            let thread = try vmo.startWrite(0, via: access)
            pager.expectDirty(vmo, 0)
            try pager.fail(vmo, 0)
            #expect(thread.wait() == .io)
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.holdsPattern(0))
        }
    }

    @Test("NotModifiedOnFailedVmoWrite", arguments: [true, false])
    func notModifiedOnFailedVmoWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            let thread = vmo.startWrite(0, readablePages: 0)
            if trapDirty {
                pager.expectDirty(vmo, 0)
                try pager.dirty(vmo, 0)
            }
            #expect(thread.wait() == .notFound)
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.holdsPattern(0))
        }
    }

    @Test("NotModifiedOnFailedResize", arguments: [true, false])
    func notModifiedOnFailedResize(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, trapDirty: trapDirty)
            let pin = try vmo.pin(1, forWrite: false)
            #expect(throws: Status.badState) { try vmo.resize(1) }
            #expect(try !pager.takeModified(vmo))
            #expect(try vmo.table.vmoGetSize(vmo.handle) == 2 * pageSize)
            #expect(try vmo.holdsPattern(0, 2))

            try pin.unpin()
            try vmo.resize(1)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("ModifiedOnPartialVmoWrite", arguments: [true, false])
    func modifiedOnPartialVmoWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, trapDirty: trapDirty)
            let thread = vmo.startWrite(0, 2, readablePages: 1)
            if trapDirty {
                pager.expectDirty(vmo, 0, 2)
                try pager.dirty(vmo, 0, 2)
            }
            #expect(thread.wait() == .notFound)
            #expect(try pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try vmo.holds(0xAB, 0))
            #expect(try vmo.holdsPattern(1))
            guard trapDirty else { return }

            let other = try pager.makeSuppliedVMO(pages: 2)
            try pager.dirty(other, 0)
            let refused = other.startWrite(0, 2)
            pager.expectDirty(other, 1)
            try pager.fail(other, 1)
            #expect(refused.wait() == .io)
            #expect(try pager.takeModified(other))
            try pager.expectDirtyRanges(other, [.data(0)])
            #expect(try other.holds(0xAB, 0))
            #expect(try other.holdsPattern(1))
        }
    }

    @Test("NotModifiedCloneWrite", arguments: [true, false])
    func notModifiedCloneWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            let clone = try vmo.child(.clone, pages: 1)
            try clone.write(0)
            #expect(try clone.holds(0xAB, 0))
            #expect(try vmo.holdsPattern(0))
            #expect(try !pager.takeModified(vmo))
            pager.expectNoPagerCalls(clone)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("ModifiedNoReset", arguments: [true, false])
    func modifiedNoReset(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
            #expect(try !pager.isModified(vmo))
            try pager.write(vmo, 0, trapDirty: trapDirty)
            #expect(try pager.isModified(vmo))
            #expect(try pager.isModified(vmo))
            #expect(try pager.takeModified(vmo))
            #expect(try !pager.isModified(vmo))
        }
    }
}

extension TestVMO {
    /// Starts a thread that writes pages out of memory of which only `readablePages` can be read.
    fileprivate func startWrite(
        _ page: UInt64,
        _ count: UInt64 = 1,
        readablePages: UInt64
    ) -> TestThread {
        TestThread { () throws(Status) in
            var left = Int(readablePages * pageSize)
            try unsafe table.vmoWrite(handle, offset: page * pageSize, length: count * pageSize) {
                buffer in
                let readable = min(buffer.count, left)
                left -= readable
                // SAFETY: `readable` bytes lie in the buffer, which lives for the call.
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<readable])
                    .initializeMemory(as: UInt8.self, repeating: 0xAB)
                return readable
            }
        }
    }
}
