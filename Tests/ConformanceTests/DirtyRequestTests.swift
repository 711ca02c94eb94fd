// Dirty requests: section 5.1 of the conformance list, rows named as there.
//
// Goal: a write asks the pager before it makes a page Dirty, exactly when and for exactly the pages
// that Zircon asks for. Method: a pager that answers packets only when the test says so.

import MappedAccess
import Support
import TestSupport
import Testing

@testable import VMCore

@Suite("Dirty requests")
struct DirtyRequestTests {
    @Test("SimpleTrapDirty", arguments: Access.available)
    func simpleTrapDirty(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let thread = try vmo.startWrite(0, via: access)
            try pager.answerRead(vmo, 0)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            try pager.dirty(vmo, 0)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [access.written(over: .supplied)])
            pager.expectNoRequests()

            let untrapped = try pager.makeVMO(pages: 1, trapDirty: false)
            let second = try untrapped.startWrite(0, via: access)
            try pager.answerRead(untrapped, 0)
            #expect(second.wait() == nil)
            try pager.expectDirtyRanges(untrapped, [.data(0)])
            #expect(try untrapped.contents(0, 1) == [access.written(over: .supplied)])
            pager.expectNoRequests()

            #expect(throws: Status.invalidArgs) {
                try pager.table.vmoCreate(size: pageSize, options: VMOOptions.trapDirty.rawValue)
            }
        }
    }

    @Test("OpDirtyNoWrite")
    func opDirtyNoWrite() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            try pager.dirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [.supplied])
        }
    }

    @Test("DirtyRequestsOnVmoWrite")
    func dirtyRequestsOnVmoWrite() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 20)
            try pager.supply(vmo, 0, 20)
            for page in singlePages { try pager.write(vmo, page, trapDirty: true) }
            try pager.write(vmo, 11, 5, trapDirty: true)
            try expectWritten(vmo, as: .written, pager)
        }
    }

    /// The pages that a test writes one by one, before it writes [11, 16) at once.
    private var singlePages: [UInt64] { [0, 2, 3, 4, 6, 8] }

    /// Checks that exactly those pages are dirty, and hold `content`.
    private func expectWritten(
        _ vmo: TestVMO,
        as content: PageContent,
        _ pager: UserPager
    ) throws {
        let ranges: [DirtyRange] = [.data(0), .data(2, 3), .data(6), .data(8), .data(11, 5)]
        try pager.expectDirtyRanges(vmo, ranges)
        var contents = [PageContent](repeating: .supplied, count: 20)
        for page in singlePages + Array(11..<16) { contents[Int(page)] = content }
        #expect(try vmo.contents(0, 20) == contents)
    }

    @Test(
        "DirtyRequestsViaMapping",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd")
    )
    func dirtyRequestsViaMapping() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 20)
            try pager.supply(vmo, 0, 20)
            let mapping = try TestMapping(vmo, pages: 20)
            for page in singlePages { try pager.store(mapping, page, trapDirty: true) }
            // The first store asks for its page alone, and the answer covers those that follow.
            let thread = mapping.startStore(11, 5)
            pager.expectDirty(vmo, 11)
            try pager.dirty(vmo, 11, 5)
            #expect(thread.wait() == nil)
            try expectWritten(vmo, as: .storedOverSupplied, pager)
        }
    }

    @Test("NoDirtyRequestsOnRead", arguments: Access.available)
    func noDirtyRequestsOnRead(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let first = try vmo.startRead(0, via: access)
            try pager.answerRead(vmo, 0)
            #expect(first.wait() == nil)
            try pager.supply(vmo, 1)
            let second = try vmo.startRead(0, 2, via: access)
            #expect(second.wait() == nil)
            #expect(try vmo.contents(0, 2) == [.supplied, .supplied])
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("DirtyRequestsRepeatedWrites", arguments: Access.available)
    func dirtyRequestsRepeatedWrites(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            try pager.supply(vmo, 0)
            let view = try TestView(vmo, pages: 1, access)
            let first = view.startWrite(0)
            try pager.answerDirty(vmo, 0)
            #expect(first.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(view.startWrite(0).wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [access.written(over: .supplied)])
        }
    }

    @Test("DirtyRequestsOnWriteAfterRead", arguments: Access.available)
    func dirtyRequestsOnWriteAfterRead(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let view = try TestView(vmo, pages: 1, access)
            let reading = view.startRead(0)
            try pager.answerRead(vmo, 0)
            #expect(reading.wait() == nil)
            try pager.expectDirtyRanges(vmo, [])
            let writing = view.startWrite(0)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, [])
            try pager.dirty(vmo, 0)
            #expect(writing.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0)])
            #expect(try vmo.contents(0, 1) == [access.written(over: .supplied)])
        }
    }

    @Test("NoDirtyRequestsForClones")
    func noDirtyRequestsForClones() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 3)
            let clone = try vmo.child(.clone, pages: 3)
            let thread = clone.startWrite(0, 3)
            try pager.answerRead(vmo, 0, 3)
            #expect(thread.wait() == nil)
            #expect(try clone.contents(0, 3) == [.written, .written, .written])
            #expect(try vmo.contents(0, 3) == [.supplied, .supplied, .supplied])
            try pager.expectDirtyRanges(vmo, [])
            pager.expectNoRequests()

            let writing = vmo.startWrite(0, 3, byte: 0xCD)
            try pager.answerDirty(vmo, 0, 3)
            #expect(writing.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0, 3)])
            #expect(try vmo.holds(0xCD, 0, 3))
            #expect(try clone.contents(0, 3) == [.written, .written, .written])
        }
    }

    @Test("DirtyRequestsOverlap")
    func dirtyRequestsOverlap() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 20)
            try pager.supply(vmo, 0, 20)
            let first = vmo.startWrite(4, 5)
            pager.expectDirty(vmo, 4, 5)
            let second = vmo.startWrite(2, 7)
            try pager.answerDirty(vmo, 2, 2)
            // It has come to page 4, and waits for the request of the first.
            try vmo.waitForBlocked(2)
            pager.expectNoRequests()
            try pager.dirty(vmo, 4, 5)
            #expect(first.wait() == nil)
            #expect(second.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(2, 7)])

            let third = vmo.startWrite(11, 5)
            pager.expectDirty(vmo, 11, 5)
            let fourth = vmo.startWrite(15, 4)
            try vmo.waitForBlocked(2)
            pager.expectNoRequests()
            try pager.dirty(vmo, 11, 5)
            #expect(third.wait() == nil)
            try pager.answerDirty(vmo, 16, 3)
            #expect(fourth.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(2, 7), .data(11, 8)])
            var contents = [PageContent](repeating: .supplied, count: 20)
            for page in Array(2..<9) + Array(11..<19) { contents[page] = .written }
            #expect(try vmo.contents(0, 20) == contents)
        }
    }

    @Test("DirtyRequestsRandomOffsets", arguments: UInt64(1)...8)
    func dirtyRequestsRandomOffsets(seed: UInt64) throws {
        try withPager { pager in
            enum Slot: CaseIterable { case empty, clean, dirty }
            var random = SeededGenerator(seed: seed)
            var slots = (0..<40).map { _ in Slot.allCases.randomElement(using: &random)! }
            let vmo = try pager.makeVMO(pages: 40)
            for (page, slot) in slots.enumerated() where slot != .empty {
                try pager.supply(vmo, UInt64(page))
                if slot == .dirty { try pager.dirty(vmo, UInt64(page)) }
            }
            let thread = vmo.startWrite(0, 40)
            while let start = slots.firstIndex(where: { $0 != .dirty }) {
                let slot = slots[start]
                let end = slots[start...].firstIndex { $0 != slot } ?? slots.count
                if slot == .empty {
                    try pager.answerRead(vmo, UInt64(start), UInt64(end - start))
                } else {
                    try pager.answerDirty(vmo, UInt64(start), UInt64(end - start))
                }
                for page in start..<end { slots[page] = slot == .empty ? .clean : .dirty }
            }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0, 40)])
            #expect(try vmo.holds(0xAB, 0, 40))
        }
    }
}
