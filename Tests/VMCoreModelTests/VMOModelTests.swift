// Random sequences of operations on a VMO and on a model of it that is written straight from the
// contract; after each step everything that can be asked is compared.

import Support
import Testing

@testable import VMCore

@Suite("VMO against its model")
struct VMOModelTests {
    @Test("a small VMO does what the model does", arguments: 1...40 as ClosedRange<UInt64>)
    func small(seed: UInt64) throws {
        try run(seed: seed, size: 40, places: [0])
    }

    @Test("a VMO over a leaf boundary does what the model does", arguments: 101...130)
    func leafBoundary(seed: UInt64) throws {
        try run(seed: seed, size: 1040, places: [490, 1010])
    }

    @Test("a huge sparse VMO does what the model does", arguments: 201...240)
    func hugeSparse(seed: UInt64) throws {
        let places: [UInt64] = [
            0, 500, 32_760, 2_097_140, 1 << 27, 1 << 38 - 40, (1 << 51) - 200,
        ]
        try run(seed: seed, size: (1 << 51), places: places)
    }

    private func run(seed: UInt64, size: UInt64, places: [UInt64]) throws {
        weak var pager: Pager?
        let arena: FrameArena
        let statistics: PagerStatistics
        do {
            let run = try ModelRun(seed: seed, size: size, places: places)
            pager = run.pager
            arena = run.arena
            statistics = run.pager.statistics
            for _ in 0..<300 {
                try run.doOperation()
                try run.compare()
            }
        }
        #expect(pager == nil)
        #expect(arena.freeCount == arena.frameCount)
        #expect(!arena.hasPins)
        #expect(statistics.residentPages.value == 0)
        #expect(statistics.dirtyPages.value == 0)
        #expect(statistics.awaitingCleanPages.value == 0)
        #expect(statistics.dirtyZeroPages.value == 0)
        #expect(statistics.vmoCount.value == 0)
    }
}

extension ModelRun {
    /// Compares everything that can be asked of the VMO with the model.
    func compare() throws {
        let faults = vmo.checkInvariants()
        #expect(faults == [], context)
        #expect(vmo.counts == change { $0.counts }, context)
        #expect(pager.statistics.residentPages.value == vmo.counts.resident, context)
        #expect(pager.statistics.dirtyPages.value == vmo.counts.dirty, context)
        #expect(pager.statistics.awaitingCleanPages.value == vmo.counts.awaitingClean, context)
        #expect(pager.statistics.dirtyZeroPages.value == vmo.counts.dirtyZero, context)
        let size = change { $0.size }
        try compareQuery(0..<size)
        let window = pickPages(30)
        try compareQuery(window)
        let needing = vmo.pagesNeedingSpace(in: PageRange(window))
        let reported = change { model in
            window.count { page in model.pages[page].map { $0.state != .clean } ?? false }
        }
        #expect(needing == window.count - reported, context)
        for page in window {
            let expected: ExtentKind =
                switch change({ $0.slot(page) }) {
                case .empty: .absent
                case .marker: .marker
                case .page: .data
                case .zero: .dirtyZero
                }
            #expect(vmo.extent(at: page).kind == expected, "page \(page), \(context)")
        }
        let reset = pick(2) == 0
        #expect(vmo.takeModified(reset: reset) == change { $0.isModified }, context)
        if reset { change { $0.isModified = false } }
        if let lease, pick(8) == 0 {
            #expect(lease.isUnchanged, context)
            self.lease = nil
        }
        if step % 50 == 0 {
            lease = nil
            #expect(arena.freeCount == arena.frameCount - vmo.counts.resident, context)
        }
    }

    /// Compares a query, whole and in pieces of a tiny buffer.
    private func compareQuery(_ window: Range<UInt64>) throws {
        let expected = change { $0.dirtyRanges(window) }
        let offset = window.lowerBound * pageSize
        let end = window.upperBound * pageSize
        let whole = try vmo.queryDirtyRanges(
            offset: offset,
            length: end - offset,
            capacity: 1 << 20,
            countingAvailable: true
        )
        #expect(whole.ranges == expected, context)
        #expect(whole.avail == expected.count, context)
        let capacity = Int(1 + pick(3))
        var collected: [DirtyRange] = []
        var position = offset
        while true {
            let part = try vmo.queryDirtyRanges(
                offset: position,
                length: end - position,
                capacity: capacity,
                countingAvailable: true
            )
            collected += part.ranges
            #expect(part.avail == expected.count - collected.count + part.ranges.count, context)
            guard let last = part.ranges.last, part.ranges.count < part.avail ?? 0 else { break }
            #expect(part.ranges.count == capacity, context)
            position = last.offset + last.length
        }
        #expect(collected == expected, context)
    }
}
