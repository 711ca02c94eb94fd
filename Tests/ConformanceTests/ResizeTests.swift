// Resize and zero ranges: section 5.3 of the conformance list, rows named as there.
//
// Goal: the pages that a resize adds are dirty zeros without any request; what a shrink cuts off is
// gone, also for who waits; and a writeback cleans exactly what its begin covered. Method: a pager
// that answers and writes back only when the test says so.

import MappedAccess
import Support
import Testing

@testable import VMCore

@Suite("Resize and zero ranges")
struct ResizeTests {
    @Test("ResizeSupplyZero", arguments: [true, false])
    func resizeSupplyZero(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 3, trapDirty: trapDirty)
            let thread = vmo.startRead(0, expecting: [.supplied, .zeros, .zeros])
            #expect(thread.wait() == nil)
            pager.expectNoRequests()
            try pager.supply(vmo, 1, 2)
            #expect(try vmo.contents(0, 3) == [.supplied, .zeros, .zeros])
            #expect(try vmo.committedPages == 1)
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])

            try pager.write(vmo, 1, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(1), .zero(2)])
            #expect(try vmo.contents(0, 3) == [.supplied, .written, .zeros])
            #expect(try vmo.committedPages == 2)
        }
    }

    @Test("ResizeDirtyRequest")
    func resizeDirtyRequest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.supply(vmo, 0, 2)
            try vmo.resize(3)
            try pager.expectDirtyRanges(vmo, [.zero(2)])
            // One request for the clean page and the page that was added.
            try pager.write(vmo, 1, 2, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.data(1, 2)])

            try vmo.resize(6)
            try pager.write(vmo, 4, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.data(1, 2), .zero(3), .data(4), .zero(5)])
            #expect(
                try vmo.contents(0, 6) == [.supplied, .written, .written, .zeros, .written, .zeros]
            )

            try vmo.resize(8)
            try pager.expectDirtyRanges(vmo, [.data(1, 2), .zero(3), .data(4), .zero(5, 3)])
            let thread = vmo.startWrite(0, 8)
            try pager.answerDirty(vmo, 0)
            try pager.answerDirty(vmo, 3)
            try pager.answerDirty(vmo, 5, 3)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(0, 8)])
            #expect(try vmo.holds(0xAB, 0, 8))
        }
    }

    @Test("ResizeWriteback", arguments: [true, false])
    func resizeWriteback(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 3, trapDirty: trapDirty)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            let ranges: [DirtyRange] = [.data(0), .zero(1), .data(2)]
            try pager.expectDirtyRanges(vmo, ranges)
            #expect(try vmo.contents(0, 3) == [.written, .zeros, .written])
            try pager.begin(vmo, 0, 3)
            try pager.expectDirtyRanges(vmo, ranges)
            try pager.end(vmo, 0, 3)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 2)
            pager.expectNoRequests()

            // The zeros are the pager's now.
            let thread = vmo.startRead(0, expecting: [.written, .supplied, .written])
            try pager.answerRead(vmo, 1)
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("ResizeWithOutstandingDirtyRequests")
    func resizeWithOutstandingDirtyRequests() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 3)
            try pager.supplyZeros(vmo, 0)
            try pager.supply(vmo, 1)
            try vmo.resize(4)
            try pager.expectDirtyRanges(vmo, [.zero(3)])
            // A Marker, a page, an absent page and a page that the resize added.
            let threads = (0..<4).map { page in vmo.startWrite(UInt64(page)) }
            pager.expectDirty(vmo, 0)
            pager.expectDirty(vmo, 1)
            pager.expectRead(vmo, 2)
            pager.expectDirty(vmo, 3)
            try vmo.resize(0)
            for thread in threads { #expect(thread.wait() == .outOfRange) }
            for page: UInt64 in 0..<4 {
                #expect(throws: Status.outOfRange) { try pager.dirty(vmo, page) }
                #expect(throws: Status.outOfRange) { try pager.supply(vmo, page) }
            }
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
            pager.expectNoRequests()

            // What comes back by a grow is zeros.
            try vmo.resize(4)
            try pager.expectDirtyRanges(vmo, [.zero(0, 4)])
            #expect(try vmo.holds(0, 0, 4))
        }
    }

    @Test("ResizeWritebackWithOutstandingDirtyRequests")
    func resizeWritebackWithOutstandingDirtyRequests() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.supply(vmo, 1)
            try vmo.resize(5)
            try pager.write(vmo, 4, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.zero(2, 2), .data(4)])
            try pager.begin(vmo, 2, 3)
            // An absent page; a clean and a zero page; a zero page and one being written back.
            let threads = [vmo.startWrite(0), vmo.startWrite(1, 2), vmo.startWrite(3, 2)]
            pager.expectRead(vmo, 0)
            pager.expectDirty(vmo, 1, 2)
            pager.expectDirty(vmo, 3, 2)
            try pager.expectDirtyRanges(vmo, [.zero(2, 2), .data(4)])
            try vmo.resize(0)
            for thread in threads { #expect(thread.wait() == .outOfRange) }
            #expect(throws: Status.outOfRange) { try pager.end(vmo, 2, 3) }
            #expect(throws: Status.outOfRange) { try pager.supply(vmo, 0) }
            #expect(throws: Status.outOfRange) { try pager.dirty(vmo, 1, 2) }
            #expect(throws: Status.outOfRange) { try pager.dirty(vmo, 3, 2) }
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("ResizeWritebackNewDirtyRequestsInterleaved")
    func resizeWritebackNewDirtyRequestsInterleaved() throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 2, trapDirty: true)
            try pager.write(vmo, 0, trapDirty: true)
            let ranges: [DirtyRange] = [.data(0), .zero(1)]
            try pager.expectDirtyRanges(vmo, ranges)
            try pager.begin(vmo, 0, 2)
            let threads = [vmo.startWrite(1), vmo.startWrite(0)]
            pager.expectDirty(vmo, 1)
            pager.expectDirty(vmo, 0)
            try pager.expectDirtyRanges(vmo, ranges)
            try pager.dirty(vmo, 1)
            try pager.dirty(vmo, 0)
            for thread in threads { #expect(thread.wait() == nil) }
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            try pager.end(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try vmo.contents(0, 2) == [.written, .written])
            #expect(vmo.startWrite(0, 2, byte: 0xCD).wait() == nil)
            #expect(try vmo.holds(0xCD, 0, 2))
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
        }
    }

    @Test("ResizeWritebackNewDirtyRequests")
    func resizeWritebackNewDirtyRequests() throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 2, trapDirty: true)
            try pager.write(vmo, 0, trapDirty: true)
            try pager.writeBack(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [])
            // What was zeros has to come from the pager now.
            let zeros = vmo.startWrite(1)
            try pager.answerRead(vmo, 1)
            try pager.answerDirty(vmo, 1)
            #expect(zeros.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(1)])
            #expect(try vmo.contents(0, 2) == [.written, .written])
            try pager.write(vmo, 0, trapDirty: true)
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
        }
    }

    @Test("ResizeWritebackIntersectingResize", arguments: [true, false])
    func resizeWritebackIntersectingResize(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 3, isZero: true)
            try vmo.resize(3)
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])
            #expect(throws: Status.outOfRange) { try pager.end(vmo, 1, 3) }
            try pager.expectDirtyRanges(vmo, [.zero(1, 2)])
            try pager.end(vmo, 1, 2)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.supplied])

            for newSize: UInt64 in [1, 0] {
                let other = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
                try pager.begin(other, 1, 3, isZero: true)
                try other.resize(newSize)
                try pager.expectDirtyRanges(other, [])
                #expect(throws: Status.outOfRange) { try pager.end(other, 1, 3) }
                try pager.expectDirtyRanges(other, [])
                #expect(try other.contents(0, newSize).allSatisfy { $0 == .supplied })
            }
        }
    }

    @Test("ResizeWritebackNonIntersectingResize", arguments: [true, false])
    func resizeWritebackNonIntersectingResize(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 6, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 2, isZero: true)
            try vmo.resize(4)
            try pager.expectDirtyRanges(vmo, [.zero(1, 3)])
            try pager.end(vmo, 1, 2)
            try pager.expectDirtyRanges(vmo, [.zero(3)])

            let other = try pager.makeGrownVMO(pages: 6, trapDirty: trapDirty)
            try pager.begin(other, 1, 2, isZero: true)
            try other.resize(3)
            try pager.expectDirtyRanges(other, [.zero(1, 2)])
            try pager.end(other, 1, 2)
            try pager.expectDirtyRanges(other, [])
        }
    }

    @Test(
        "ResizeWritebackWithMapping",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd"),
        arguments: [true, false]
    )
    func resizeWritebackWithMapping(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 2, trapDirty: trapDirty)
            let mapping = try TestMapping(vmo, pages: 2)
            for page: UInt64 in 0..<2 { try pager.store(mapping, page, trapDirty: trapDirty) }
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try vmo.contents(0, 2) == [.storedOverSupplied, .storedOverZeros])
            try pager.writeBack(vmo, 0, 2)
            try pager.expectDirtyRanges(vmo, [])
            for page: UInt64 in 0..<2 { try pager.store(mapping, page, trapDirty: trapDirty) }
            try pager.expectDirtyRanges(vmo, [.data(0, 2)])
            #expect(try vmo.contents(0, 2) == [.storedOverSupplied, .storedOverZeros])
        }
    }

    @Test(
        "ResizeWritebackInterleavedWriteWithMapping",
        .enabled(if: Access.isMappingSupported, "the kernel forbids userfaultfd"),
        arguments: [true, false]
    )
    func resizeWritebackInterleavedWriteWithMapping(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 6, trapDirty: trapDirty)
            let mapping = try TestMapping(vmo, pages: 6)
            // The gaps are shown as zeros too.
            #expect(mapping.startLoad(1, 5).wait() == nil)
            try pager.begin(vmo, 1, 5, isZero: true)
            try pager.store(mapping, 2, trapDirty: trapDirty)
            try pager.store(mapping, 4, trapDirty: trapDirty)
            let ranges: [DirtyRange] = [.zero(1), .data(2), .zero(3), .data(4), .zero(5)]
            try pager.expectDirtyRanges(vmo, ranges)
            #expect(mapping.startStore(2).wait() == nil)
            #expect(mapping.startStore(4).wait() == nil)
            try pager.expectDirtyRanges(vmo, ranges)
            pager.expectNoRequests()
            try pager.end(vmo, 1, 5)
            try pager.expectDirtyRanges(vmo, [.data(2), .data(4)])

            let thread = mapping.startStore(3)
            try pager.answerRead(vmo, 3)
            if trapDirty { try pager.answerDirty(vmo, 3) }
            #expect(thread.wait() == nil)
            try pager.expectDirtyRanges(vmo, [.data(2, 3)])
            #expect(
                try vmo.contents(2, 3) == [.storedOverZeros, .storedOverSupplied, .storedOverZeros]
            )

            // So does a load, although the mapping showed zeros there.
            let reading = mapping.startLoad(5)
            try pager.answerRead(vmo, 5)
            #expect(reading.wait() == nil)
            #expect(try vmo.contents(5, 1) == [.supplied])
            try pager.expectDirtyRanges(vmo, [.data(2, 3)])
        }
    }
}
