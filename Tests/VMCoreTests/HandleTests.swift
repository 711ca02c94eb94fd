// Handles, rights and the order of error checks of the pager calls. Named after the tests of
// Zircon's pager-writeback.cc.

import Support
import Testing

@testable import VMCore

/// A pager and VMOs behind handles, and handles of every wrong kind.
private struct HandleFixture {
    let table: HandleTable
    let arena: FrameArena
    let source = PatternSource()
    let pager: Handle
    let vmo: Handle
    let otherPager: Handle
    let otherVMO: Handle

    init(options: VMOOptions = [.resizable, .trapDirty]) throws {
        arena = try FrameArena(frameCount: 256)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        otherPager = try table.pagerCreate(options: 0)
        vmo = try table.pagerCreateVMO(
            pager,
            options: options.rawValue,
            source: source,
            size: 2 * pageSize
        )
        otherVMO = try table.pagerCreateVMO(
            otherPager,
            options: options.rawValue,
            source: source,
            size: 2 * pageSize
        )
    }

    /// The object behind `vmo`.
    func object() throws -> VirtualMemoryObject {
        let dispatcher = try table.object(vmo, VMODispatcher.self, rights: [])
        guard case .paged(let vmo) = dispatcher.content else { throw Status.wrongType }
        return vmo
    }

    /// A handle to the same object as `handle` with only `rights`.
    func restricted(_ handle: Handle, _ rights: Rights) throws -> Handle {
        table.insert(try table.object(handle, rights: []), rights: rights)
    }

    func query(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64 = 0,
        length: UInt64 = 4096,
        capacity: Int = 0,
        countingAvailable: Bool = true
    ) throws(Status) -> DirtyQuery {
        try table.pagerQueryDirtyRanges(
            pager,
            vmo,
            offset: offset,
            length: length,
            capacity: capacity,
            countingAvailable: countingAvailable
        )
    }
}

@Suite("Handles and pager calls")
struct HandleTests {
    @Test("default rights are Zircon's numbers")
    func defaultRights() throws {
        #expect(Rights.pagerDefault.rawValue == 0x0180_8002)
        #expect(Rights.portDefault.rawValue == 0x800F)
        #expect(Rights.vmoDefault.rawValue == 0xD0EF)
        let fixture = try HandleFixture()
        #expect(throws: Status.accessDenied) {
            try fixture.table.duplicate(fixture.pager, rights: .sameRights)
        }
        #expect(fixture.vmo.rawValue & 3 == 3)
        _ = try fixture.table.object(fixture.vmo, VMODispatcher.self, rights: .resize)
        let fixed = try HandleFixture(options: [])
        #expect(throws: Status.accessDenied) {
            try fixed.table.object(fixed.vmo, VMODispatcher.self, rights: .resize)
        }
    }

    @Test("a duplicate has the same or fewer rights, and a closed handle is dead")
    func duplicateAndClose() throws {
        let fixture = try HandleFixture()
        let copy = try fixture.table.duplicate(fixture.vmo, rights: [.read, .duplicate])
        #expect(throws: Status.invalidArgs) {
            try fixture.table.duplicate(copy, rights: [.read, .write])
        }
        try fixture.table.close(copy)
        #expect(throws: Status.badHandle) { try fixture.table.close(copy) }
        #expect(throws: Status.badHandle) {
            try fixture.table.duplicate(copy, rights: .sameRights)
        }
        #expect(fixture.table.count == 4)
    }

    @Test("the objects of closed handles give everything back")
    func closeFreesObjects() throws {
        let fixture = try HandleFixture()
        try fixture.object().fill(PageRange(0, 2), with: 1)
        #expect(fixture.arena.freeCount == fixture.arena.frameCount - 2)
        for handle in [fixture.vmo, fixture.pager, fixture.otherVMO, fixture.otherPager] {
            try fixture.table.close(handle)
        }
        #expect(fixture.arena.freeCount == fixture.arena.frameCount)
        #expect(fixture.table.count == 0)
    }

    @Test("InvalidPagerCreateVmo: options, size and rights are checked in order")
    func createVMO() throws {
        let fixture = try HandleFixture()
        let table = fixture.table
        func create(_ pager: Handle, _ options: UInt32, _ size: UInt64) throws(Status) {
            _ = try table.pagerCreateVMO(
                pager,
                options: options,
                source: fixture.source,
                size: size
            )
        }
        #expect(throws: Status.invalidArgs) { try table.pagerCreate(options: 1) }
        #expect(throws: Status.badHandle) { try create(.invalid, 0, 0) }
        #expect(throws: Status.wrongType) { try create(fixture.vmo, 0, 0) }
        let weak = try fixture.restricted(fixture.pager, .manageVMO)
        #expect(throws: Status.accessDenied) { try create(weak, 0, 0) }
        #expect(throws: Status.invalidArgs) { try create(fixture.pager, ~0, 0) }
        #expect(throws: Status.outOfRange) { try create(fixture.pager, 1 << 20, .max) }
        #expect(throws: Status.invalidArgs) { try create(fixture.pager, 1 << 2, 0) }
        try create(fixture.pager, 0x2 | 0x8, 5)
    }

    @Test("InvalidPagerOpRange: alignment, then handles from left to right, then the koid")
    func opRangeHandles() throws {
        let fixture = try HandleFixture()
        let table = fixture.table
        for operation in 0...5 as ClosedRange<UInt32> {
            func apply(
                _ pager: Handle,
                _ vmo: Handle,
                _ offset: UInt64 = 0,
                _ length: UInt64 = 4096
            ) throws(Status) {
                try table.pagerOpRange(
                    pager,
                    operation,
                    vmo,
                    offset: offset,
                    length: length,
                    data: 0
                )
            }
            #expect(throws: Status.invalidArgs) { try apply(.invalid, .invalid, 1) }
            #expect(throws: Status.invalidArgs) { try apply(.invalid, .invalid, 0, 1) }
            #expect(throws: Status.badHandle) { try apply(.invalid, fixture.vmo) }
            #expect(throws: Status.wrongType) { try apply(fixture.vmo, .invalid) }
            let weakPager = try fixture.restricted(fixture.pager, .attachVMO)
            #expect(throws: Status.accessDenied) { try apply(weakPager, .invalid) }
            #expect(throws: Status.badHandle) { try apply(fixture.pager, .invalid) }
            #expect(throws: Status.wrongType) { try apply(fixture.pager, fixture.otherPager) }
            let readOnly = try fixture.restricted(fixture.vmo, .read)
            #expect(throws: Status.accessDenied) { try apply(fixture.pager, readOnly) }
            #expect(throws: Status.invalidArgs) { try apply(fixture.pager, fixture.otherVMO) }
        }
    }

    @Test("InvalidPagerOpRange: each operation's own checks, in order")
    func opRangeOperations() throws {
        let fixture = try HandleFixture()
        func apply(
            _ operation: UInt32,
            data: UInt64 = 0,
            offset: UInt64 = 0,
            length: UInt64 = 4096
        ) throws(Status) {
            try fixture.table.pagerOpRange(
                fixture.pager,
                operation,
                fixture.vmo,
                offset: offset,
                length: length,
                data: data
            )
        }
        let far = 4096 * 16 as UInt64
        #expect(throws: Status.notSupported) { try apply(0, data: 7, offset: far) }
        #expect(throws: Status.notSupported) { try apply(5) }
        let io = UInt64(bitPattern: -40)
        for data in [0x11_FFFF_FFFF, 100, UInt64(bitPattern: -1), UInt64(bitPattern: -4), 0] {
            #expect(throws: Status.invalidArgs) { try apply(1, data: data, offset: far) }
        }
        #expect(throws: Status.outOfRange) { try apply(1, data: io, offset: far) }
        for code in [-40, -42, -20, -54, -15] as [Int64] {
            try apply(1, data: UInt64(bitPattern: code))
        }
        #expect(throws: Status.invalidArgs) { try apply(2, data: 1, offset: far) }
        #expect(throws: Status.outOfRange) {
            try apply(2, offset: far, length: 0 &- 4096)
        }
        #expect(throws: Status.outOfRange) { try apply(2, offset: far) }
        #expect(throws: Status.notFound) { try apply(2) }
        try apply(2, length: 0)
        #expect(throws: Status.invalidArgs) { try apply(3, data: 2, offset: far) }
        #expect(throws: Status.outOfRange) { try apply(3, data: 1, offset: far) }
        try apply(3, data: 1)
        #expect(throws: Status.invalidArgs) { try apply(4, data: 1, offset: far) }
        #expect(throws: Status.outOfRange) { try apply(4, length: far) }
        try apply(4, offset: 8192, length: 0)
        let plain = try HandleFixture(options: .resizable)
        #expect(throws: Status.notSupported) {
            try plain.table.pagerOpRange(
                plain.pager,
                2,
                plain.vmo,
                offset: far,
                length: 0,
                data: 0
            )
        }
    }

    @Test("op_range drives a whole writeback, and OP_DIRTY gets frames for markers and zeros")
    func opRangeWriteback() throws {
        let fixture = try HandleFixture()
        let vmo = try fixture.object()
        try vmo.supplyZeros(PageRange(0, 2))
        try fixture.table.vmoSetSize(fixture.vmo, 4 * pageSize)
        func apply(_ operation: UInt32) throws(Status) {
            try fixture.table.pagerOpRange(
                fixture.pager,
                operation,
                fixture.vmo,
                offset: 0,
                length: 4 * pageSize,
                data: 0
            )
        }
        try apply(2)
        #expect(try vmo.dirtyRanges() == [.data(0, 4)])
        try apply(3)
        #expect(vmo.counts.awaitingClean == 4)
        try apply(4)
        #expect(try vmo.dirtyRanges() == [])
        try fixture.table.vmoSetSize(fixture.vmo, 4096 * pageSize)
        try vmo.supplyZeros(PageRange(0, 4))
        #expect(throws: Status.noMemory) {
            try fixture.table.pagerOpRange(
                fixture.pager,
                2,
                fixture.vmo,
                offset: 0,
                length: 4096 * pageSize,
                data: 0
            )
        }
        #expect(vmo.counts.dirty == 0)
    }

    @Test("InvalidPagerSupplyPages: alignment, handles, koid, range")
    func supply() throws {
        let fixture = try HandleFixture()
        func supply(
            _ pager: Handle,
            _ vmo: Handle,
            _ offset: UInt64 = 0,
            _ length: UInt64 = 4096
        ) throws(Status) {
            try fixture.table.pagerSupplyPages(
                pager,
                vmo,
                offset: offset,
                length: length,
                frames: fixture.arena.take(Int(length / pageSize))
            )
        }
        #expect(throws: Status.invalidArgs) { try supply(.invalid, .invalid, 5) }
        #expect(throws: Status.badHandle) { try supply(.invalid, .invalid) }
        #expect(throws: Status.wrongType) { try supply(fixture.pager, fixture.pager) }
        #expect(throws: Status.invalidArgs) { try supply(fixture.pager, fixture.otherVMO) }
        #expect(throws: Status.outOfRange) { try supply(fixture.pager, fixture.vmo, 0, 3 * 4096) }
        try supply(fixture.pager, fixture.vmo, 8192, 0)
        try supply(fixture.pager, fixture.vmo, 4096)
        #expect(try fixture.object().extent(at: 0) == (.absent, 1))
        #expect(try fixture.object().counts.resident == 1)
        #expect(fixture.arena.freeCount == fixture.arena.frameCount - 1)
    }

    @Test("InvalidQuery: both queries check handles, koid, range and buffers in order")
    func invalidQuery() throws {
        let fixture = try HandleFixture()
        #expect(throws: Status.badHandle) { try fixture.query(.invalid, fixture.vmo) }
        #expect(throws: Status.wrongType) { try fixture.query(fixture.vmo, .invalid) }
        let weakPager = try fixture.restricted(fixture.pager, .attachVMO)
        #expect(throws: Status.accessDenied) { try fixture.query(weakPager, .invalid) }
        #expect(throws: Status.badHandle) { try fixture.query(fixture.pager, .invalid) }
        let writeOnly = try fixture.restricted(fixture.vmo, .write)
        #expect(throws: Status.accessDenied) { try fixture.query(fixture.pager, writeOnly) }
        #expect(throws: Status.invalidArgs) { try fixture.query(fixture.pager, fixture.otherVMO) }
        #expect(throws: Status.outOfRange) {
            try fixture.query(fixture.pager, fixture.vmo, offset: 8193, length: 0)
        }
        #expect(throws: Status.outOfRange) {
            try fixture.query(fixture.pager, fixture.vmo, offset: 4096, length: .max)
        }
        #expect(throws: Status.outOfRange) {
            try fixture.query(fixture.pager, fixture.vmo, length: 8193)
        }
        #expect(try fixture.query(fixture.pager, fixture.vmo, capacity: 2).avail == 0)
        try fixture.object().fill(PageRange(0, 1), with: 1)
        #expect(try fixture.query(fixture.pager, fixture.vmo, capacity: 0).avail == 1)
        func stats(_ vmo: Handle, _ options: UInt32, _ size: Int) throws(Status) -> UInt32 {
            try fixture.table.pagerQueryVMOStats(
                fixture.pager,
                vmo,
                options: options,
                bufferSize: size
            )
        }
        #expect(throws: Status.accessDenied) { try stats(writeOnly, 0, 4) }
        #expect(throws: Status.invalidArgs) { try stats(fixture.otherVMO, 0, 4) }
        #expect(throws: Status.bufferTooSmall) { try stats(fixture.vmo, 100, 0) }
        #expect(throws: Status.invalidArgs) { try stats(fixture.vmo, 100, 4) }
        #expect(try stats(fixture.vmo, 0, 4) == 1)
        #expect(try stats(fixture.vmo, 1, 4) == 1)
        #expect(try stats(fixture.vmo, 1, 4) == 0)
    }

    @Test("QueryEarlyTermination: what fits is returned, and avail counts everything")
    func queryEarlyTermination() throws {
        let fixture = try HandleFixture()
        let vmo = try fixture.object()
        try fixture.table.vmoSetSize(fixture.vmo, 3 * pageSize)
        try vmo.fill(PageRange(0, 1), with: 1)
        try vmo.supplyZeros(PageRange(1, 2))
        func query(_ capacity: Int, _ counts: Bool) throws(Status) -> DirtyQuery {
            try fixture.query(
                fixture.pager,
                fixture.vmo,
                length: 3 * pageSize,
                capacity: capacity,
                countingAvailable: counts
            )
        }
        let all: [DirtyRange] = [.data(0, 1), .zero(2, 1)]
        #expect(try query(0, true) == DirtyQuery(ranges: [], avail: 2))
        #expect(try query(1, false) == DirtyQuery(ranges: [all[0]], avail: nil))
        #expect(try query(1, true) == DirtyQuery(ranges: [all[0]], avail: 2))
        #expect(try query(2, true) == DirtyQuery(ranges: all, avail: 2))
        #expect(try query(.max, false) == DirtyQuery(ranges: all, avail: nil))
    }

    @Test("ResizeNonresizableVmo: set_size checks rights, size and resizability in order")
    func setSize() throws {
        let fixture = try HandleFixture()
        let table = fixture.table
        let readOnly = try fixture.restricted(fixture.vmo, [.read, .resize])
        #expect(throws: Status.accessDenied) { try table.vmoSetSize(readOnly, .max) }
        let fixedSize = try fixture.restricted(fixture.vmo, [.write])
        #expect(throws: Status.accessDenied) { try table.vmoSetSize(fixedSize, .max) }
        #expect(throws: Status.outOfRange) { try table.vmoSetSize(fixture.vmo, .max) }
        let plain = try HandleFixture(options: [])
        #expect(throws: Status.outOfRange) { try plain.table.vmoSetSize(plain.vmo, .max) }
        #expect(throws: Status.unavailable) { try plain.table.vmoSetSize(plain.vmo, 0) }
        #expect(throws: Status.wrongType) { try table.vmoSetSize(fixture.pager, 0) }
    }

    @Test("an unaligned set_size zeroes the rest of its last page through the source")
    func setSizeUnaligned() throws {
        let fixture = try HandleFixture()
        let vmo = try fixture.object()
        try fixture.table.vmoSetSize(fixture.vmo, 100)
        #expect(vmo.size == 4096)
        let bytes = try vmo.read(PageRange(0, 1))
        #expect(bytes[100...].allSatisfy { $0 == 0 })
        #expect(bytes[..<100].contains { $0 != 0 })
        #expect(try vmo.dirtyRanges() == [.data(0, 1)])
        fixture.source.fail(with: .io)
        try fixture.table.vmoSetSize(fixture.vmo, 0)
        try fixture.table.vmoSetSize(fixture.vmo, 50)
        #expect(try vmo.dirtyRanges() == [.zero(0, 1)])
    }

    @Test("vmo_op_range looks at the operation before the rights")
    func vmoOpRange() throws {
        let fixture = try HandleFixture()
        func apply(
            _ vmo: Handle,
            _ operation: UInt32,
            _ offset: UInt64 = 0,
            _ size: UInt64 = 4096
        ) throws(Status) {
            try fixture.table.vmoOpRange(vmo, operation, offset: offset, size: size)
        }
        let nothing = try fixture.restricted(fixture.vmo, [])
        #expect(throws: Status.badHandle) { try apply(.invalid, 99) }
        #expect(throws: Status.wrongType) { try apply(fixture.pager, 99) }
        #expect(throws: Status.invalidArgs) { try apply(nothing, 99) }
        #expect(throws: Status.accessDenied) { try apply(nothing, 10) }
        #expect(throws: Status.outOfRange) { try apply(fixture.vmo, 10, 0, 8193) }
        #expect(throws: Status.outOfRange) { try apply(fixture.vmo, 10, 4096, .max) }
        try apply(fixture.vmo, 10, 8192, 0)
        try apply(fixture.vmo, 10)
        #expect(try fixture.object().dirtyRanges() == [.zero(0, 1)])
        #expect(throws: Status.outOfRange) { try apply(fixture.vmo, 2, 0, 8193) }
        #expect(throws: Status.notSupported) { try apply(fixture.vmo, 2) }
        try apply(fixture.vmo, 2, 0, 0)
        #expect(throws: Status.accessDenied) { try apply(nothing, 3) }
        #expect(throws: Status.notSupported) { try apply(fixture.vmo, 4) }
    }
}
