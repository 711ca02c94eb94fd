// Supplying from auxiliary VMOs: the rows of section 5.9 of the conformance list about it, named
// as there.
//
// Goal: pages are moved, never copied over what is there, and each wrong argument is refused in
// Zircon's order. Method: one wrong thing at a time, then the content on both sides.

import Support
import Testing

@testable import VMCore

@Suite("Supply calls")
struct SupplyCallTests {
    @Test("InvalidPagerSupplyPages")
    func invalidPagerSupplyPages() throws {
        try withPager { pager in
            let table = pager.table
            let vmo = try pager.makeVMO(pages: 2)
            let call = SupplyPages(pager, vmo, aux: try pager.makeAux(pages: 2))

            call.expect(.invalidArgs) { $0.offset = 1 }
            call.expect(.invalidArgs) { $0.length = 1 }
            call.expect(.invalidArgs) { $0.auxOffset = 1 }
            call.expect(.invalidArgs) { ($0.pager, $0.auxOffset) = (.invalid, 1) }
            call.expect(.badHandle) { $0.pager = .invalid }
            call.expect(.badHandle) { $0.vmo = .invalid }
            call.expect(.badHandle) { $0.aux = .invalid }
            call.expect(.wrongType) { $0.pager = vmo.handle }
            call.expect(.wrongType) { $0.vmo = pager.port }
            call.expect(.wrongType) { $0.aux = pager.port }
            let powerless = try table.replace(
                table.pagerCreate(options: 0),
                rights: Rights.pagerDefault.subtracting(.manageVMO)
            )
            call.expect(.accessDenied) { $0.pager = powerless }
            let readOnly = try vmo.duplicate(rights: .read)
            call.expect(.accessDenied) { $0.vmo = readOnly.handle }
            for right: Rights in [.read, .write] {
                let other = try table.duplicate(call.aux, rights: right)
                call.expect(.accessDenied) { $0.aux = other }
            }

            let other = try table.pagerCreate(options: 0)
            call.expect(.invalidArgs) { $0.pager = other }
            call.expect(.invalidArgs) { ($0.pager, $0.aux) = (other, .invalid) }
            let plain = try table.vmoCreate(size: 2 * pageSize, options: 0)
            call.expect(.invalidArgs) { $0.vmo = plain }
            call.expect(.invalidArgs) { ($0.vmo, $0.aux) = (plain, .invalid) }
            let clone = try vmo.child(.clone, pages: 1)
            call.expect(.invalidArgs) { $0.vmo = clone.handle }

            call.expect(.outOfRange) { $0.auxOffset = 2 * pageSize }
            call.expect(.outOfRange) { ($0.length, $0.auxOffset) = (2 * pageSize, pageSize) }
            call.expect(.notSupported) { $0.aux = vmo.handle }
            let aux = TestVMO(table: table, handle: call.aux, key: 0)
            #expect(try aux.holdsPattern(0, 2), "nothing was taken so far")
            try pager.expectDirtyRanges(vmo, [])
            #expect(try vmo.committedPages == 0)
        }
    }

    @Test("InvalidPagerSupplyPages: after the pages were taken")
    func failedSupply() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            let late = try pager.makeAux(pages: 2)
            let beyond = SupplyPages(pager, vmo, aux: late)
            beyond.expect(.outOfRange) { ($0.offset, $0.length) = (pageSize, 2 * pageSize) }
            #expect(try TestVMO(table: pager.table, handle: late, key: 0).holds(0, 0, 2))
            #expect(try vmo.committedPages == 0)

            let pinned = TestVMO(table: pager.table, handle: try pager.makeAux(pages: 2), key: 0)
            let pin = try pinned.pin(1, forWrite: false)
            let ofPinned = SupplyPages(pager, vmo, aux: pinned.handle)
            ofPinned.expect(.badState) { $0.length = 2 * pageSize }
            #expect(try pinned.holdsPattern(0, 2))
            try pin.unpin()

            try pager.detachAndExpectComplete(vmo)
            ofPinned.expect(.badState) { $0.length = 2 * pageSize }
            #expect(try pinned.holds(0, 0, 2))
            try ofPinned.call { $0.length = 0 }
        }
    }

    @Test("MappedSupplyPages", arguments: Access.available)
    func mappedSupplyPages(access: Access) throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1)
            let aux = TestVMO(table: pager.table, handle: try pager.makeAux(pages: 1), key: 0)
            let mapping = access == .mapping ? try TestMapping(aux, pages: 1) : nil
            if let mapping {
                #expect(try mapping.load(0) == 0)
                try mapping.store(0, 7)
            } else {
                try aux.writeWord(7)
            }
            try SupplyPages(pager, vmo, aux: aux.handle).call { _ in }
            #expect(try vmo.firstWord(0) == 7)
            if let mapping { #expect(try mapping.load(0) == 0) }
            #expect(try aux.holds(0, 0))
            if let mapping { try mapping.store(0, 8) } else { try aux.writeWord(8) }
            #expect(try vmo.firstWord(0) == 7, "the page has left the auxiliary VMO for good")
        }
    }

    @Test("PinnedSupplyPages")
    func pinnedSupplyPages() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 2)
            try pager.supply(vmo, 0)
            let pin = try vmo.pin(0, forWrite: false)
            try pager.supply(vmo, 0, [UInt8](repeating: 0x11, count: 2 * Int(pageSize)))
            #expect(try vmo.holdsPattern(0))
            #expect(try vmo.holds(0x11, 1))
            try pin.unpin()
        }
    }
}

extension UserPager {
    /// Makes an auxiliary VMO full of the pattern of key 0.
    fileprivate func makeAux(pages: UInt64) throws(Status) -> Handle {
        let aux = try table.vmoCreate(size: pages * pageSize, options: 0)
        try table.vmoWrite(aux, offset: 0, bytes: UserPager.pattern(key: 0, 0, pages))
        return aux
    }
}

extension TestVMO {
    fileprivate func writeWord(_ value: UInt64) throws(Status) {
        let bytes = unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) }
        try table.vmoWrite(handle, offset: 0, bytes: bytes)
    }
}

/// One call of `zx_pager_supply_pages`, right in all but what a test changes.
private struct SupplyPages {
    let table: HandleTable
    var pager: Handle
    var vmo: Handle
    var offset: UInt64 = 0
    var length = pageSize
    var aux: Handle
    var auxOffset: UInt64 = 0

    init(_ pager: UserPager, _ vmo: TestVMO, aux: Handle) {
        table = pager.table
        self.pager = pager.pager
        self.vmo = vmo.handle
        self.aux = aux
    }

    func call(_ change: (inout SupplyPages) -> Void) throws(Status) {
        var call = self
        change(&call)
        try table.pagerSupplyPages(
            call.pager,
            call.vmo,
            offset: call.offset,
            length: call.length,
            auxVMO: call.aux,
            auxOffset: call.auxOffset
        )
    }

    func expect(
        _ status: Status,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout SupplyPages) -> Void
    ) {
        #expect(throws: status, sourceLocation: sourceLocation) { try call(change) }
    }
}
