// Writeback basics: section 5.2 of the conformance list, rows named as there.
//
// Goal: what is written back becomes clean, and nothing else does: not what was written since the
// writeback began, by calls or in a mapping. Method: a pager that writes back only when the test
// says so.

import MappedAccess
import Support
import Testing

@testable import VMCore

@Suite("Writeback basics")
struct WritebackTests {
    @Test("NoQueryOnClone", arguments: [true, false])
    func noQueryOnClone(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2, trapDirty: trapDirty)
            try pager.supply(vmo, 0, 2)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            let clone = try vmo.child(.clone, pages: 2)
            #expect(throws: Status.invalidArgs) { try pager.expectDirtyRanges(clone, []) }
            try pager.expectDirtyRanges(vmo, [.data(0)])

            #expect(clone.startWrite(1).wait() == nil)
            #expect(try clone.contents(0, 2) == [.written, .written])
            #expect(try vmo.contents(0, 2) == [.written, .supplied])
            #expect(throws: Status.invalidArgs) { try pager.expectDirtyRanges(clone, []) }
            try pager.expectDirtyRanges(vmo, [.data(0)])

            #expect(throws: Status.invalidArgs) { try pager.begin(clone, 0, 2) }
            #expect(throws: Status.invalidArgs) { try pager.end(clone, 0, 2) }
            try pager.expectDirtyRanges(vmo, [.data(0)])
        }
    }

    @Test("SimpleWriteback", arguments: [true, false])
    func simpleWriteback(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.begin(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.written])

            let thread = vmo.startWrite(0, byte: 0xCD)
            if trapDirty { try pager.answerDirty(vmo, 0) }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.holds(0xCD, 0))
        }
    }

    @Test("DirtyDuringWriteback")
    func dirtyDuringWriteback() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            try pager.write(vmo, 0, trapDirty: true)
            try pager.begin(vmo, 0)
            let first = vmo.startWrite(0, byte: 0xCD)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            // The writer still waits for its page.
            try vmo.waitForBlocked()
            #expect(!first.isOver)
            #expect(try vmo.contents(0, 1) == [.written])
            try pager.dirty(vmo, 0)
            #expect(first.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.holds(0xCD, 0))

            try pager.begin(vmo, 0)
            let second = vmo.startWrite(0)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.dirty(vmo, 0)
            #expect(second.wait() == nil)
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [.written])
        }
    }

    @Test(
        "WritebackWithMapping",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd")
    )
    func writebackWithMapping() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            let mapping = try TestMapping(vmo, pages: 1)
            try pager.store(mapping, 0, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.begin(vmo, 0)
            let failing = mapping.startStore(0)
            pager.expectDirty(vmo, 0)
            try pager.fail(vmo, 0)
            #expect(failing.wait() == .io)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.storedOverSupplied])

            try pager.store(mapping, 0, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [.storedOverSupplied])
        }
    }

    @Test("CannotOverwriteZeroPage", arguments: [true, false])
    func cannotOverwriteZeroPage(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supplyZeros(vmo, 0)
            #expect(try vmo.contents(0, 1) == [.zeros])
            try pager.supply(vmo, 0)
            #expect(try vmo.contents(0, 1) == [.zeros])
            #expect(try vmo.committedPages == 0)
            try pager.expectDirtyRanges(vmo, [])

            try pager.write(vmo, 0, trapDirty: trapDirty)
            #expect(try vmo.committedPages == 1)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.supply(vmo, 0)
            #expect(try vmo.contents(0, 1) == [.written])
        }
    }

    @Test("SimpleDirtyNoTrap", arguments: Access.available)
    func simpleDirtyNoTrap(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: false)
            try pager.supply(vmo, 0)
            let view = try TestView(vmo, pages: 1, access)
            #expect(vmo.startWrite(0).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.begin(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])

            #expect(view.startWrite(0).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.begin(vmo, 0)
            // Written since the writeback began: it does not end for this page.
            #expect(view.startWrite(0).wait() == nil)
            try pager.end(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            try pager.writeBack(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.written])
        }
    }

    @Test("DirtyNoTrapRandomOffsets", arguments: UInt64(1)...8)
    func dirtyNoTrapRandomOffsets(seed: UInt64) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 40, trapDirty: false)
            let contents = try pager.supplyMix(vmo, 40, seed: seed)
            #expect(try vmo.committedPages == UInt64(contents.count { $0 == .supplied }))
            try pager.expectDirtyRanges(vmo, [])
            #expect(vmo.startWrite(0, 40).wait() == nil)
            #expect(try vmo.committedPages == 40)
            try pager.expectDirtyRanges(vmo, [.data(0, 40)])
            #expect(try vmo.holds(0xAB, 0, 40))
        }
    }

    @Test(
        "DirtyAfterMapProtect",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd"),
        arguments: [true, false]
    )
    func dirtyAfterMapProtect(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, trapDirty: trapDirty)
            try pager.supply(vmo, 0)
            let mapping = try TestMapping(vmo, pages: 1, isWritable: false)
            #expect(mapping.startLoad(0).wait() == nil)
            try mapping.protect(isWritable: true)
            try pager.expectDirtyRanges(vmo, [])
            try pager.store(mapping, 0, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [.storedOverSupplied])

            // The same again with a page that was writable before its writeback.
            try mapping.protect(isWritable: false)
            try pager.writeBack(vmo, 0)
            try mapping.protect(isWritable: true)
            try pager.expectDirtyRanges(vmo, [])
            try pager.store(mapping, 0, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0)])
        }
    }
}
