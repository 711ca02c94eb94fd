// The calls on pagers with bad arguments, and the buffers of queries: section 5.8 of the
// conformance list, rows named as there.
//
// Goal: the first of the wrong things decides. Method: one wrong thing at a time, and pairs where
// the order shows.

import Support
import Testing

@testable import VMCore

@Suite("Invalid calls")
struct InvalidCallTests {
    private static let operations: [PagerOperation] = [
        .fail, .dirty, .writebackBegin, .writebackEnd,
    ]

    @Test("InvalidPagerOpRange", arguments: operations)
    func invalidPagerOpRange(operation: PagerOperation) throws {
        try withPager { pager in
            let table = pager.table
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            let call = OpRange(pager, operation.rawValue, vmo)

            call.expect(.badHandle) { $0.pager = .invalid }
            call.expect(.badHandle) { $0.vmo = .invalid }
            call.expect(.wrongType) { $0.pager = vmo.handle }
            call.expect(.wrongType) { $0.vmo = pager.port }
            let readOnly = try vmo.duplicate(rights: [.read])
            call.expect(.accessDenied) { $0.vmo = readOnly.handle }
            let powerless = try table.replace(
                table.pagerCreate(options: 0),
                rights: Rights.pagerDefault.subtracting(.manageVMO)
            )
            call.expect(.accessDenied) { $0.pager = powerless }

            let other = try table.pagerCreate(options: 0)
            call.expect(.invalidArgs) { $0.pager = other }
            let plain = try table.vmoCreate(size: pageSize, options: 0)
            call.expect(.invalidArgs) { $0.vmo = plain }
            let clone = try vmo.child(.clone, pages: 1)
            call.expect(.invalidArgs) { $0.vmo = clone.handle }
            let reference = try vmo.child(.reference, pages: 0)
            call.expect(.invalidArgs) { $0.vmo = reference.handle }

            call.expect(.invalidArgs) { $0.offset = 1 }
            call.expect(.invalidArgs) { $0.length = 1 }
            call.expect(.invalidArgs) { ($0.pager, $0.offset) = (.invalid, pageSize / 2) }
            call.expect(.outOfRange) { $0.offset = 3 * pageSize }
            call.expect(.outOfRange) { $0.length = 3 * pageSize }
            call.expect(.outOfRange) { ($0.offset, $0.length) = (pageSize, 2 * pageSize) }
            call.expect(.outOfRange) { ($0.offset, $0.length) = (pageSize, 0 &- pageSize) }
            try call.expectSuccess { ($0.offset, $0.length) = (2 * pageSize, 0) }
            try pager.expectDirtyRanges(vmo, [])
        }
    }

    @Test("InvalidPagerOpRange: operations and data")
    func invalidOperationsAndData() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 1)
            for unknown: UInt32 in [0, 5, .max] {
                OpRange(pager, unknown, vmo).expect(.notSupported) { $0.data = 0 }
                OpRange(pager, unknown, vmo).expect(.notSupported) { $0.data = 1 }
            }
            let fail = OpRange(pager, PagerOperation.fail.rawValue, vmo)
            let codes: [Status] = [.io, .ioDataIntegrity, .badState, .noSpace, .bufferTooSmall]
            for code in codes { try fail.expectSuccess { $0.data = code.data } }
            let internalError = Status(rawValue: -1)
            for code in [internalError, .notSupported, .noMemory, .outOfRange, .notFound] {
                fail.expect(.invalidArgs) { $0.data = code.data }
            }
            for data: UInt64 in [0, 100, 0x11_FFFF_FFFF, 0xFFFF_FFD8] {
                fail.expect(.invalidArgs) { $0.data = data }
            }
            fail.expect(.invalidArgs) { ($0.data, $0.offset) = (0, 4 * pageSize) }

            let dirty = OpRange(pager, PagerOperation.dirty.rawValue, vmo)
            dirty.expect(.invalidArgs) { $0.data = 1 }
            let begin = OpRange(pager, PagerOperation.writebackBegin.rawValue, vmo)
            begin.expect(.invalidArgs) { $0.data = 2 }
            try begin.expectSuccess { $0.data = DirtyRange.isZero }
            let end = OpRange(pager, PagerOperation.writebackEnd.rawValue, vmo)
            end.expect(.invalidArgs) { $0.data = 1 }

            let absent = try pager.makeVMO(pages: 1)
            #expect(throws: Status.notFound) { try pager.dirty(absent, 0) }
            let untrapped = try pager.makeSuppliedVMO(pages: 1, trapDirty: false)
            #expect(throws: Status.notSupported) { try pager.dirty(untrapped, 0) }
            #expect(throws: Status.notSupported) { try pager.dirty(untrapped, 0, 0) }
            #expect(throws: Status.notSupported) { try pager.dirty(untrapped, 5) }
            #expect(throws: Status.invalidArgs) {
                try OpRange(pager, PagerOperation.dirty.rawValue, untrapped)
                    .call { $0.data = 1 }
            }
            for each in [vmo, absent, untrapped] { try pager.expectDirtyRanges(each, []) }
        }
    }

    @Test("InvalidQuery")
    func invalidQuery() throws {
        try withPager { pager in
            let table = pager.table
            let vmo = try pager.makeSuppliedVMO(pages: 2)
            try pager.dirty(vmo, 0)
            func expect(
                _ status: Status,
                pager pagerHandle: Handle,
                vmo vmoHandle: Handle,
                sourceLocation: SourceLocation = #_sourceLocation
            ) {
                #expect(throws: status, sourceLocation: sourceLocation) {
                    try table.query(pagerHandle, vmoHandle, offset: 0, length: pageSize)
                }
                #expect(throws: status, sourceLocation: sourceLocation) {
                    try table.pagerQueryVMOStats(pagerHandle, vmoHandle, options: 0, bufferSize: 4)
                }
            }
            expect(.badHandle, pager: .invalid, vmo: vmo.handle)
            expect(.badHandle, pager: pager.pager, vmo: .invalid)
            expect(.wrongType, pager: vmo.handle, vmo: vmo.handle)
            expect(.wrongType, pager: pager.pager, vmo: pager.port)
            let writeOnly = try vmo.duplicate(rights: [.write])
            expect(.accessDenied, pager: pager.pager, vmo: writeOnly.handle)
            let powerless = try table.replace(
                table.pagerCreate(options: 0),
                rights: Rights.pagerDefault.subtracting(.manageVMO)
            )
            expect(.accessDenied, pager: powerless, vmo: vmo.handle)
            let other = try table.pagerCreate(options: 0)
            expect(.invalidArgs, pager: other, vmo: vmo.handle)
            let plain = try table.vmoCreate(size: pageSize, options: 0)
            expect(.invalidArgs, pager: pager.pager, vmo: plain)

            for range in [(2 * pageSize, 1), (3 * pageSize, 0), (1, 2 * pageSize), (1, .max)] {
                #expect(throws: Status.outOfRange) {
                    try table.query(pager.pager, vmo.handle, offset: range.0, length: range.1)
                }
            }
            for (options, size, status) in [
                (100, 4, Status.invalidArgs), (2, 4, .invalidArgs), (0, 0, .bufferTooSmall),
                (0, 3, .bufferTooSmall), (100, 3, .bufferTooSmall),
            ] as [(UInt32, Int, Status)] {
                #expect(throws: status) {
                    try table.pagerQueryVMOStats(
                        pager.pager,
                        vmo.handle,
                        options: options,
                        bufferSize: size
                    )
                }
            }
        }
    }

    @Test("QueryEarlyTermination")
    func queryEarlyTermination() throws {
        try withPager { pager in
            let vmo = try pager.makeSuppliedVMO(pages: 3)
            try pager.dirty(vmo, 0)
            try pager.dirty(vmo, 2)
            func query(_ pages: UInt64, room: Int, counting: Bool) throws -> [Int?] {
                let query = try pager.table.query(
                    pager.pager,
                    vmo.handle,
                    offset: 0,
                    length: pages * pageSize,
                    room: room,
                    counting: counting
                )
                return [query.ranges.count, query.avail]
            }
            #expect(try query(1, room: 0, counting: false) == [0, nil])
            #expect(try query(1, room: 0, counting: true) == [0, 1])
            #expect(try query(3, room: 0, counting: true) == [0, 2])
            #expect(try query(3, room: 1, counting: false) == [1, nil])
            #expect(try query(3, room: 1, counting: true) == [1, 2])
            #expect(try query(3, room: 2, counting: false) == [2, nil])
            #expect(try query(3, room: 2, counting: true) == [2, 2])
        }
    }

    @Test("Unbounded")
    func unbounded() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 1, options: .unbounded)
            try pager.supply(vmo, 0)
            #expect(try vmo.table.vmoGetSize(vmo.handle) > 1 << 50)
            #expect(try vmo.holds(0, 1, 2))
            try pager.expectDirtyRanges(vmo, [])
            #expect(throws: Status.invalidArgs) {
                try pager.makeVMO(pages: 1, options: [.unbounded, .resizable])
            }
        }
    }
}

/// One call of `zx_pager_op_range`, right in all but what a test changes.
private struct OpRange {
    let table: HandleTable
    let operation: UInt32
    var pager: Handle
    var vmo: Handle
    var offset: UInt64 = 0
    var length = pageSize
    var data: UInt64

    init(_ pager: UserPager, _ operation: UInt32, _ vmo: TestVMO) {
        table = pager.table
        self.operation = operation
        self.pager = pager.pager
        self.vmo = vmo.handle
        data = operation == PagerOperation.fail.rawValue ? Status.io.data : 0
    }

    func call(_ change: (inout OpRange) -> Void) throws(Status) {
        var call = self
        change(&call)
        try table.pagerOpRange(
            call.pager,
            operation,
            call.vmo,
            offset: call.offset,
            length: call.length,
            data: call.data
        )
    }

    func expect(
        _ status: Status,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout OpRange) -> Void
    ) {
        #expect(throws: status, sourceLocation: sourceLocation) { try call(change) }
    }

    func expectSuccess(_ change: (inout OpRange) -> Void) throws {
        try call(change)
    }
}

extension Status {
    /// How a pager gives the status to `ZX_PAGER_OP_FAIL`.
    fileprivate var data: UInt64 { UInt64(bitPattern: Int64(rawValue)) }
}

extension HandleTable {
    /// Queries with room for `room` ranges.
    @discardableResult
    fileprivate func query(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        room: Int = 0,
        counting: Bool = true
    ) throws(Status) -> DirtyQuery {
        try pagerQueryDirtyRanges(
            pager,
            vmo,
            offset: offset,
            length: length,
            capacity: room,
            countingAvailable: counting
        )
    }
}
