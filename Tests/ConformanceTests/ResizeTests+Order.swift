// Resize and zero ranges, third part: five dirty ranges, in whichever order their writebacks begin
// and end.

import Support
import Testing

@testable import VMCore

extension ResizeTests {
    @Test("ResizeWritebackSequential", arguments: [true, false])
    func resizeWritebackSequential(trapDirty: Bool) throws {
        try withPager { pager in
            let five = try FiveRanges(pager, trapDirty: trapDirty)
            try five.begin(inOrder)
            try five.end(inOrder)
            try five.expectClean()
        }
    }

    @Test("WritebackCombined", arguments: [true, false])
    func writebackCombined(trapDirty: Bool) throws {
        try withPager { pager in
            let five = try FiveRanges(pager, trapDirty: trapDirty)
            try five.beginAll()
            try five.endAll()
            try five.expectClean()
        }
    }

    @Test("WritebackOutOfOrder", arguments: [true, false])
    func writebackOutOfOrder(trapDirty: Bool) throws {
        try withPager { pager in
            let five = try FiveRanges(pager, trapDirty: trapDirty)
            try five.begin(outOfOrder)
            try five.end(outOfOrder)
            try five.expectClean()
        }
    }

    @Test("WritebackOutOfOrderCombinedEnd", arguments: [true, false])
    func writebackOutOfOrderCombinedEnd(trapDirty: Bool) throws {
        try withPager { pager in
            let five = try FiveRanges(pager, trapDirty: trapDirty)
            try five.begin(outOfOrder)
            try five.endAll()
            try five.expectClean()
        }
    }

    @Test("WritebackOutOfOrderCombinedBegin", arguments: [true, false])
    func writebackOutOfOrderCombinedBegin(trapDirty: Bool) throws {
        try withPager { pager in
            let five = try FiveRanges(pager, trapDirty: trapDirty)
            try five.beginAll()
            try five.end(outOfOrder)
            try five.expectClean()
        }
    }
}

private let inOrder = [0, 1, 2, 3, 4]
private let outOfOrder = [3, 0, 2, 1, 4]

/// A VMO of ten pages with five dirty ranges: two pages of zeros and two of data in turn.
private struct FiveRanges {
    let pager: UserPager
    let vmo: TestVMO
    let ranges: [DirtyRange] = [.zero(0, 2), .data(2, 2), .zero(4, 2), .data(6, 2), .zero(8, 2)]

    init(_ pager: UserPager, trapDirty: Bool) throws {
        self.pager = pager
        vmo = try pager.makeZeroVMO(pages: 10, trapDirty: trapDirty)
        try pager.write(vmo, 2, 2, trapDirty: trapDirty)
        try pager.write(vmo, 6, 2, trapDirty: trapDirty)
        try pager.expectDirtyRanges(vmo, ranges)
    }

    /// Begins one writeback of all of them.
    func beginAll() throws {
        try pager.begin(vmo, 0, 10)
        try pager.expectDirtyRanges(vmo, ranges)
    }

    /// Ends the writeback of all of them at once.
    func endAll() throws {
        try pager.end(vmo, 0, 10)
    }

    /// Begins the writebacks of ranges, each by itself and as the query gave it.
    func begin(_ indices: [Int]) throws {
        for range in indices.map({ ranges[$0] }) {
            let isZero = range.options == DirtyRange.isZero
            try pager.begin(
                vmo,
                range.offset / pageSize,
                range.length / pageSize,
                isZero: isZero
            )
        }
        try pager.expectDirtyRanges(vmo, ranges)
    }

    /// Ends the writebacks of ranges; each end cleans its own range alone.
    func end(_ indices: [Int]) throws {
        var left = ranges
        for range in indices.map({ ranges[$0] }) {
            try pager.end(vmo, range.offset / pageSize, range.length / pageSize)
            left.removeAll { $0 == range }
            try pager.expectDirtyRanges(vmo, left)
        }
    }

    /// Checks that nothing is dirty, and that the data is still there.
    func expectClean() throws {
        try pager.expectDirtyRanges(vmo, [])
        #expect(try vmo.committedPages == 4)
        #expect(try vmo.contents(2, 2) == [.written, .written])
        #expect(try vmo.contents(6, 2) == [.written, .written])
    }
}
