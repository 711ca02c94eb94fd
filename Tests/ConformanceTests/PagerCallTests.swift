// The other calls of a pager: the rows of section 5.9 of the conformance list about their
// arguments and about auxiliary VMOs, named as there.
//
// Goal: the first of the wrong things decides, and what a failed call has done already is as in
// Zircon. Method: one wrong thing at a time, and pairs where the order shows.

import Support
import Testing

@testable import VMCore

@Suite("Pager calls")
struct PagerCallTests {
    @Test("InvalidPagerCreate")
    func invalidPagerCreate() throws {
        try withPager { pager in
            let table = pager.table
            for options: UInt32 in [1, .max] {
                #expect(throws: Status.invalidArgs) { try table.pagerCreate(options: options) }
            }
            let info = try table.basicInfo(pager.pager)
            #expect(info.type == .pager)
            #expect(info.rights == .pagerDefault)
            #expect(throws: Status.accessDenied) {
                try table.duplicate(pager.pager, rights: .sameRights)
            }
        }
    }

    @Test("InvalidPagerCreateVmo")
    func invalidPagerCreateVmo() throws {
        try withPager { pager in
            let call = CreateVMO(pager)
            call.expect(.badHandle) { $0.pager = .invalid }
            call.expect(.badHandle) { $0.port = .invalid }
            call.expect(.wrongType) { $0.pager = pager.port }
            call.expect(.wrongType) { $0.port = pager.pager }
            let powerless = try pager.table.replace(
                pager.table.pagerCreate(options: 0),
                rights: Rights.pagerDefault.subtracting(.attachVMO)
            )
            call.expect(.accessDenied) { $0.pager = powerless }
            let readOnly = try pager.table.duplicate(pager.port, rights: .read)
            call.expect(.accessDenied) { $0.port = readOnly }
            call.expect(.badHandle) { ($0.pager, $0.port) = (.invalid, readOnly) }

            let unbounded = VMOOptions([.resizable, .unbounded]).rawValue
            call.expect(.invalidArgs) { $0.options = unbounded }
            call.expect(.invalidArgs) { ($0.options, $0.size) = (unbounded, .max) }
            call.expect(.outOfRange) { $0.size = .max }
            call.expect(.outOfRange) { $0.size = 0 &- pageSize }
            call.expect(.invalidArgs) { $0.options = 1 << 2 }
            call.expect(.invalidArgs) { $0.options = 1 << 7 }
            call.expect(.outOfRange) { ($0.options, $0.size) = (1 << 7, .max) }
            call.expect(.invalidArgs) { $0.options = .max }
            call.expect(.invalidArgs) { ($0.options, $0.size) = (.max, .max) }
        }
    }

    @Test("InvalidPagerCreateVmo: what is legal")
    func legalPagerCreateVmo() throws {
        try withPager { pager in
            let table = pager.table
            let call = CreateVMO(pager)
            let empty = try call.make { $0.size = 0 }
            #expect(try table.vmoGetSize(empty) == 0)
            let odd = try call.make { $0.size = pageSize + 1 }
            #expect(try table.vmoGetSize(odd) == 2 * pageSize)
            #expect(try table.vmoGetStreamSize(odd) == pageSize + 1)
            #expect(try table.basicInfo(odd).rights == .vmoDefault)
            let resizable = try call.make { $0.options = VMOOptions.resizable.rawValue }
            #expect(try table.basicInfo(resizable).rights == [.vmoDefault, .resize])
            for vmo in [empty, odd, resizable] {
                let made = TestVMO(table: table, handle: vmo, key: 0)
                #expect(try !pager.isModified(made))
                try pager.expectDirtyRanges(made, [])
                #expect(try made.committedPages == 0)
            }
        }
    }

    @Test("InvalidPagerDetachVmo")
    func invalidPagerDetachVmo() throws {
        try withPager { pager in
            let table = pager.table
            let vmo = try pager.makeVMO(pages: 1)
            func expect(
                _ status: Status,
                pager pagerHandle: Handle? = nil,
                vmo vmoHandle: Handle? = nil,
                sourceLocation: SourceLocation = #_sourceLocation
            ) {
                #expect(throws: status, sourceLocation: sourceLocation) {
                    try table.pagerDetachVMO(pagerHandle ?? pager.pager, vmoHandle ?? vmo.handle)
                }
            }
            expect(.badHandle, pager: .invalid)
            expect(.badHandle, vmo: .invalid)
            expect(.wrongType, pager: vmo.handle)
            expect(.wrongType, vmo: pager.pager)
            for right: Rights in [.attachVMO, .manageVMO] {
                let powerless = try table.replace(
                    table.pagerCreate(options: 0),
                    rights: Rights.pagerDefault.subtracting(right)
                )
                expect(.accessDenied, pager: powerless)
            }
            expect(.accessDenied, vmo: try vmo.duplicate(rights: .read).handle)
            expect(.invalidArgs, pager: try table.pagerCreate(options: 0))
            expect(.invalidArgs, vmo: try table.vmoCreate(size: pageSize, options: 0))
            expect(.invalidArgs, vmo: try vmo.child(.clone, pages: 1).handle)
            expect(.invalidArgs, vmo: try vmo.child(.reference, pages: 0).handle)

            let reader = vmo.startRead(0)
            pager.expectRead(vmo, 0)
            try pager.supply(vmo, 0)
            #expect(reader.wait() == nil, "nothing was detached so far")
        }
    }

    @Test("ResizeNonresizableVmo")
    func resizeNonresizableVmo() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 2, options: [])
            for pages: UInt64 in [0, 1, 2, 3] {
                #expect(throws: Status.unavailable) { try vmo.resize(pages) }
            }
            #expect(try vmo.table.vmoGetSize(vmo.handle) == 2 * pageSize)
            #expect(try vmo.holdsPattern(0, 2))
            #expect(try !pager.takeModified(vmo))
            try pager.expectDirtyRanges(vmo, [])
        }
    }
}

/// One call of `zx_pager_create_vmo`, right in all but what a test changes.
private struct CreateVMO {
    let table: HandleTable
    var pager: Handle
    var options: UInt32 = 0
    var port: Handle
    var size = pageSize

    init(_ pager: UserPager) {
        table = pager.table
        self.pager = pager.pager
        port = pager.port
    }

    func make(_ change: (inout CreateVMO) -> Void) throws(Status) -> Handle {
        var call = self
        change(&call)
        return try table.pagerCreateVMO(
            call.pager,
            options: call.options,
            port: call.port,
            key: 0,
            size: call.size
        )
    }

    func expect(
        _ status: Status,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout CreateVMO) -> Void
    ) {
        #expect(throws: status, sourceLocation: sourceLocation) { try make(change) }
    }
}
