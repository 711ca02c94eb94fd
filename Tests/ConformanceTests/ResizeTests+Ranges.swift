// Resize and zero ranges, second part: which dirty ranges a writeback cleans.

import Support
import TestSupport
import Testing

@testable import VMCore

extension ResizeTests {
    @Test("ResizeWritebackIntersectingWrite", arguments: [true, false])
    func resizeWritebackIntersectingWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 3, isZero: true)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2), .zero(3)])
            try pager.end(vmo, 1, 3)
            try pager.expectDirtyRanges(vmo, [.data(2)])
            try pager.writeBack(vmo, 2)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(2, 1) == [.written])
        }
    }

    @Test("ResizeWritebackNonIntersectingWrite", arguments: [true, false])
    func resizeWritebackNonIntersectingWrite(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 5, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 2, isZero: true)
            try pager.write(vmo, 0, trapDirty: trapDirty)
            try pager.write(vmo, 3, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.data(0), .zero(1, 2), .data(3), .zero(4)])
            try pager.end(vmo, 1, 2)
            try pager.expectDirtyRanges(vmo, [.data(0), .data(3), .zero(4)])
            #expect(try vmo.contents(3, 2) == [.written, .zeros])
            try pager.writeBack(vmo, 0, 5)
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test(
        "ResizeWritebackIntersectingRandomWrites",
        arguments: [true, false],
        UInt64(1)...8
    )
    func resizeWritebackIntersectingRandomWrites(trapDirty: Bool, seed: UInt64) throws {
        try withPager { pager in
            let vmo = try pager.makeZeroVMO(pages: 40, trapDirty: trapDirty)
            try pager.begin(vmo, 0, 40, isZero: true)
            let isWritten = try pager.writeAtRandom(vmo, 40, trapDirty: trapDirty, seed: seed)
            try pager.expectDirtyRanges(vmo, ranges(isWritten) { _ in true })
            try pager.end(vmo, 0, 40)
            try pager.expectDirtyRanges(vmo, ranges(isWritten) { _ in false })
            try vmo.expectWritten(isWritten)
        }
    }

    @Test(
        "ResizePartialWritebackIntersectingRandomWrites",
        arguments: [true, false],
        UInt64(1)...8
    )
    func resizePartialWritebackIntersectingRandomWrites(trapDirty: Bool, seed: UInt64) throws {
        try withPager { pager in
            let vmo = try pager.makeZeroVMO(pages: 40, trapDirty: trapDirty)
            try pager.begin(vmo, 0, 20, isZero: true)
            let isWritten = try pager.writeAtRandom(vmo, 40, trapDirty: trapDirty, seed: seed)
            try pager.expectDirtyRanges(vmo, ranges(isWritten) { _ in true })
            try pager.end(vmo, 0, 20)
            try pager.expectDirtyRanges(vmo, ranges(isWritten) { page in page >= 20 })
            try vmo.expectWritten(isWritten)
        }
    }

    @Test("ResizeWritebackAfterGap", arguments: [true, false])
    func resizeWritebackAfterGap(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 3, trapDirty: trapDirty)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2)])
            try pager.writeBack(vmo, 2)
            try pager.expectDirtyRanges(vmo, [.zero(1)])
            #expect(try vmo.contents(0, 3) == [.supplied, .zeros, .written])
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2)])
        }
    }

    @Test("ResizeWritebackMulipleGaps", arguments: [true, false])
    func resizeWritebackMulipleGaps(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 6, trapDirty: trapDirty)
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.write(vmo, 4, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2), .zero(3), .data(4), .zero(5)])
            try pager.begin(vmo, 1, 5)
            // One request for a page of zeros and a page that is being written back.
            try pager.write(vmo, 3, 2, trapDirty: trapDirty)
            try pager.expectDirtyRanges(vmo, [.zero(1), .data(2, 3), .zero(5)])
            try pager.end(vmo, 1, 5)
            try pager.expectDirtyRanges(vmo, [.data(3, 2)])
            #expect(try vmo.contents(2, 3) == [.written, .written, .written])
        }
    }

    @Test("ResizeWritebackPartialEnd", arguments: [true, false])
    func resizeWritebackPartialEnd(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 3, isZero: true)
            try pager.expectDirtyRanges(vmo, [.zero(1, 3)])
            try pager.end(vmo, 1)
            try pager.expectDirtyRanges(vmo, [.zero(2, 2)])
            try pager.end(vmo, 2)
            try pager.expectDirtyRanges(vmo, [.zero(3)])
            try pager.end(vmo, 3)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.supplied])
        }
    }

    @Test("ResizeWritebackRepeated", arguments: [true, false])
    func resizeWritebackRepeated(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 3, isZero: true)
            try pager.begin(vmo, 1, 2, isZero: true)
            try pager.expectDirtyRanges(vmo, [.zero(1, 3)])
            try pager.end(vmo, 1, 3)
            try pager.expectDirtyRanges(vmo, [])

            try vmo.resize(8)
            try pager.expectDirtyRanges(vmo, [.zero(4, 4)])
            try pager.end(vmo, 4, 4)
            try pager.expectDirtyRanges(vmo, [.zero(4, 4)])

            try pager.begin(vmo, 4, 2, isZero: true)
            try pager.begin(vmo, 6, 2, isZero: true)
            try pager.end(vmo, 4, 2)
            try pager.expectDirtyRanges(vmo, [.zero(6, 2)])
            try pager.end(vmo, 6, 2)
            try pager.expectDirtyRanges(vmo, [.zero(6, 2)])

            try pager.begin(vmo, 6, 2, isZero: true)
            try pager.end(vmo, 6, 2)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(0, 1) == [.supplied])
        }
    }

    @Test("ResizeWritebackDirtyAfterQuery", arguments: [true, false])
    func resizeWritebackDirtyAfterQuery(trapDirty: Bool) throws {
        try withPager { pager in
            let vmo = try pager.makeGrownVMO(pages: 4, trapDirty: trapDirty)
            // The pager has asked, and been told of three pages of zeros.
            try pager.write(vmo, 2, trapDirty: trapDirty)
            try pager.begin(vmo, 1, 3, isZero: true)
            try pager.end(vmo, 1, 3)
            try pager.expectDirtyRanges(vmo, [.data(2)])
            #expect(try vmo.contents(2, 1) == [.written])
            try pager.writeBack(vmo, 2)
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.contents(2, 1) == [.written])
        }
    }
}

extension UserPager {
    /// Writes to every page that the seed picks, one by one, ascending; returns which those are.
    ///
    /// Ascending, because the mark of a writeback goes with the start of an interval: it would be
    /// lost if the first part of one that is split already were written away.
    fileprivate func writeAtRandom(
        _ vmo: TestVMO,
        _ count: Int,
        trapDirty: Bool,
        seed: UInt64
    ) throws -> [Bool] {
        var random = SeededGenerator(seed: seed)
        let isWritten = (0..<count).map { _ in Bool.random(using: &random) }
        for page in 0..<count where isWritten[page] {
            try write(vmo, UInt64(page), trapDirty: trapDirty)
        }
        return isWritten
    }
}

extension TestVMO {
    /// Checks that the pages that were written hold what was written, and no other has memory.
    fileprivate func expectWritten(_ isWritten: [Bool]) throws {
        #expect(try committedPages == UInt64(isWritten.count { $0 }))
        for page in isWritten.indices where isWritten[page] {
            #expect(try contents(UInt64(page), 1) == [.written], "page \(page)")
        }
    }
}

/// The dirty ranges if the pages that were written are dirty, and of the others, which hold zeros,
/// those that `isDirtyZero` names.
private func ranges(_ isWritten: [Bool], isDirtyZero: (Int) -> Bool) -> [DirtyRange] {
    var ranges: [DirtyRange] = []
    for page in isWritten.indices where isWritten[page] || isDirtyZero(page) {
        let range: DirtyRange = isWritten[page] ? .data(UInt64(page)) : .zero(UInt64(page))
        if let last = ranges.last, last.options == range.options,
            last.offset + last.length == range.offset
        {
            ranges[ranges.count - 1].length += range.length
        } else {
            ranges.append(range)
        }
    }
    return ranges
}
