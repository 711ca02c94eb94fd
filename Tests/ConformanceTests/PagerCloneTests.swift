// Clones: the rows of section 5.9 of the conformance list about them, named as there.
//
// Goal: what a clone has not copied it asks the root's pager for, and what the root has lost it
// never sees again. Method: reads, commits and resizes on both sides of the relation.

import Support
import Testing

@testable import VMCore

@Suite("Clones")
struct PagerCloneTests {
    @Test("CloneReadFromCloneTest", arguments: Access.available)
    func cloneReadFromCloneTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let clone = try vmo.child(.clone, offset: 1, pages: 1)
            let thread = try clone.startRead(0, via: access)
            pager.expectRead(vmo, 1)
            try pager.supply(vmo, 1)
            #expect(thread.wait() == nil)
            #expect(try vmo.holdsPattern(1), "the page is the root's")
            #expect(try clone.read(0) == UserPager.pattern(key: vmo.key, 1, 1))
            // What a mapping shows is the clone's own; such a clone may copy a page at any time.
            #expect(try clone.committedPages == (access == .mapping ? 1 : 0))
        }
    }

    @Test("CloneReadFromParentTest", arguments: Access.available)
    func cloneReadFromParentTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let clone = try vmo.child(.clone, pages: 1)
            let thread = try vmo.startRead(0, via: access)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try clone.holdsPattern(0))
        }
    }

    @Test("CloneSimultaneousReadTest", arguments: Access.available)
    func cloneSimultaneousReadTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let clone = try vmo.child(.clone, pages: 1)
            let threads = [
                try vmo.startRead(0, via: access), try clone.startRead(0, via: access),
            ]
            try vmo.waitForBlocked(2)
            pager.expectRead(vmo, 0)
            pager.expectNoRequests()
            try pager.supply(vmo, 0)
            for thread in threads { #expect(thread.wait() == nil) }
        }
    }

    @Test("CloneSimultaneousChildReadTest", arguments: Access.available)
    func cloneSimultaneousChildReadTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let clones = [try vmo.child(.clone, pages: 1), try vmo.child(.clone, pages: 1)]
            let threads = try clones.map { try $0.startRead(0, via: access) }
            try vmo.waitForBlocked(2)
            pager.expectRead(vmo, 0)
            pager.expectNoRequests()
            try pager.supply(vmo, 0)
            for thread in threads { #expect(thread.wait() == nil) }
        }
    }

    @Test("CloneWriteToCloneTest", arguments: Access.available)
    func cloneWriteToCloneTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let clone = try vmo.child(.clone, pages: 1)
            let thread = try clone.startWrite(0, via: access)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try clone.isWritten(0))
            #expect(try vmo.holdsPattern(0))
            #expect(try clone.committedPages == 1)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try !pager.takeModified(vmo))
        }
    }

    @Test("CloneWriteToParentTest", arguments: Access.available)
    func cloneWriteToParentTest(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let clone = try vmo.child(.clone, pages: 1)
            let thread = try vmo.startWrite(0, via: access)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            pager.expectDirty(vmo, 0)
            try pager.dirty(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try clone.isWritten(0), "what is not copied is shown as it is")
            try clone.write(0, byte: 0x12)
            try vmo.write(0, byte: 0x34)
            #expect(try clone.holds(0x12, 0))
            #expect(try vmo.holds(0x34, 0))
        }
    }

    @Test("CloneCommitTest")
    func cloneCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let clone = try vmo.child(.clone, pages: 32)
            let thread = clone.startCommit(0, 32)
            pager.expectRead(vmo, 0, 32)
            try pager.supply(vmo, 0, 32)
            #expect(thread.wait() == nil)
            #expect(try clone.committedPages == 32)
            #expect(try vmo.committedPages == 32)
            #expect(try clone.holdsPattern(0, 32))
        }
    }

    @Test("CloneChainCommitTest")
    func cloneChainCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let middle = try vmo.child(.clone, pages: 32)
            let writer = middle.startWrite(16)
            pager.expectRead(vmo, 16)
            try pager.supply(vmo, 16)
            #expect(writer.wait() == nil)
            let clone = try middle.child(.clone, pages: 32)

            let thread = clone.startCommit(0, 32)
            pager.expectRead(vmo, 0, 16)
            pager.expectNoRequests()
            try pager.supply(vmo, 0, 16)
            pager.expectRead(vmo, 17, 15)
            try pager.supply(vmo, 17, 15)
            #expect(thread.wait() == nil)
            #expect(try clone.committedPages == 32)
            #expect(try middle.committedPages == 1)
            #expect(try clone.holdsPattern(0, 16))
            #expect(try clone.holds(0xAB, 16))
            #expect(try clone.holdsPattern(17, 15))
        }
    }

    @Test("CloneSplitCommitTest")
    func cloneSplitCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let clone = try vmo.child(.clone, pages: 32)
            try pager.supply(vmo, 16)
            let thread = clone.startCommit(0, 32)
            pager.expectRead(vmo, 0, 16)
            pager.expectNoRequests()
            try pager.supply(vmo, 0, 16)
            pager.expectRead(vmo, 17, 15)
            try pager.supply(vmo, 17, 15)
            #expect(thread.wait() == nil)
            #expect(try clone.committedPages == 32)
            #expect(try clone.holdsPattern(0, 32))
        }
    }

    @Test("CloneResizeCloneHazard", arguments: Access.available)
    func cloneResizeCloneHazard(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            let clone = try vmo.child(.resizableClone, pages: 2)
            let reader = try PageReader(clone, pages: 2, via: access)
            #expect(reader.read(1) == vmo.key + 512)
            try clone.resize(1)
            #expect(reader.read(1) == nil)
            #expect(reader.read(0) == vmo.key)
            try clone.resize(2)
            #expect(reader.read(1) == 0, "what was cut off stays out of sight")
            #expect(try vmo.holdsPattern(0, 2))
        }
    }

    @Test("CloneResizeParentOK", arguments: Access.available)
    func cloneResizeParentOK(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            let clone = try vmo.child(.clone, pages: 2)
            let reader = try PageReader(clone, pages: 2, via: access)
            #expect(reader.read(0) == vmo.key)
            try vmo.resize(1)
            #expect(reader.read(0) == vmo.key)
            #expect(reader.read(1) == 0)
            let blocked = try pager.makeVMO(pages: 2)
            let blockedClone = try blocked.child(.clone, pages: 2)
            let thread = TestThread { () throws(Status) in
                if try !blockedClone.holds(0, 1) { throw .ioDataIntegrity }
            }
            pager.expectRead(blocked, 1)
            try blocked.resize(1)
            #expect(thread.wait() == nil)
        }
    }

    @Test("CloneShrinkGrowParent", arguments: [true, false])
    func cloneShrinkGrowParent(isSupplied: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 4, trapDirty: false)
            try pager.supply(vmo, 0, isSupplied ? 4 : 2)
            let whole = try vmo.child(.clone, pages: 4)
            let tail = try vmo.child(.clone, offset: 2, pages: 2)
            let ofClone = try whole.child(.clone, pages: 4)
            if isSupplied { try tail.write(1, byte: 0x12) }

            try vmo.resize(2)
            try vmo.resize(4)
            try vmo.write(3)
            #expect(try vmo.holds(0, 2))
            #expect(try vmo.holds(0xAB, 3))
            for clone in [whole, ofClone] {
                #expect(try clone.holdsPattern(0, 2))
                #expect(try clone.holds(0, 2, 2))
            }
            #expect(try tail.holds(0, 0))
            #expect(try tail.holds(isSupplied ? 0x12 : 0, 1))
            try pager.expectDirtyRanges(vmo, [.zero(2), .data(3)])
        }
    }
}

/// Reads words of a VMO, by calls or by loads in one mapping.
private struct PageReader {
    private let vmo: TestVMO
    private let mapping: TestMapping?

    init(_ vmo: TestVMO, pages: UInt64, via access: Access) throws(Status) {
        self.vmo = vmo
        mapping =
            access == .mapping
            ? try TestMapping(vmo, pages: pages, isWritable: false) : nil
    }

    /// The first word of a page; nil if that is out of range.
    func read(_ page: UInt64) -> UInt64? {
        do throws(Status) {
            if let mapping { return UInt64(try mapping.load(page)) }
            return try vmo.firstWord(page)
        } catch {
            #expect(error == .outOfRange)
            return nil
        }
    }
}

extension ChildOptions {
    /// `ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE` with `ZX_VMO_CHILD_RESIZABLE`.
    fileprivate static let resizableClone = ChildOptions(rawValue: 1 << 4 | 1 << 2)
}
