import Support
import TestSupport
import Testing

@testable import VMCore

extension UserPager {
    /// Waits for exactly this READ request, and supplies the pattern.
    func answerRead(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws(Status) {
        expectRead(vmo, page, count, sourceLocation: sourceLocation)
        try supply(vmo, page, count)
    }

    /// Waits for exactly this DIRTY request, and makes its pages Dirty.
    func answerDirty(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws(Status) {
        expectDirty(vmo, page, count, sourceLocation: sourceLocation)
        try dirty(vmo, page, count)
    }

    /// Stores into a page that is present and not Dirty, and allows it if the VMO asks.
    func store(
        _ mapping: TestMapping,
        _ page: UInt64,
        trapDirty: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let thread = mapping.startStore(page)
        if trapDirty { try answerDirty(mapping.vmo, page, sourceLocation: sourceLocation) }
        #expect(thread.wait() == nil, sourceLocation: sourceLocation)
    }

    /// Makes a VMO of `pages` pages: page 0 is supplied, a resize added those from 1 on.
    func makeGrownVMO(pages: UInt64, trapDirty: Bool) throws -> TestVMO {
        let vmo = try makeSuppliedVMO(pages: 1, trapDirty: trapDirty)
        try vmo.resize(pages)
        try expectDirtyRanges(vmo, [.zero(1, pages - 1)])
        return vmo
    }

    /// Makes a VMO of `pages` pages, all of which a resize added.
    func makeZeroVMO(pages: UInt64, trapDirty: Bool) throws -> TestVMO {
        let vmo = try makeVMO(pages: 0, trapDirty: trapDirty)
        try vmo.resize(pages)
        try expectDirtyRanges(vmo, [.zero(0, pages)])
        return vmo
    }

    /// Supplies each page with zeros or data, as the seed has it; returns what they then hold.
    func supplyMix(_ vmo: TestVMO, _ count: UInt64, seed: UInt64) throws -> [PageContent] {
        var random = SeededGenerator(seed: seed)
        return try (0..<count).map { page in
            let isZero = Bool.random(using: &random)
            try isZero ? supplyZeros(vmo, page) : supply(vmo, page)
            return isZero ? .zeros : .supplied
        }
    }
}
