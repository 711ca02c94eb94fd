// The zx_vmo_ calls: which error wins, which rights they need, what they do to memory, pager-backed
// VMOs and slices alike. What happens to pages is tested where the pages are.

import Support
import Testing

@testable import VMCore

@Suite("VMO calls")
struct VMOCallTests {
    private let fixture: VMOFixture
    private let table: HandleTable

    init() throws {
        fixture = try VMOFixture()
        table = fixture.table
    }

    @Test("vmo_create: options that exclude each other, the size, unknown options, in this order")
    func create() throws {
        func create(_ size: UInt64, _ options: UInt32) throws(Status) -> Handle {
            try table.vmoCreate(size: size, options: options)
        }
        let tooLarge = UntrackedVMO.sizeMax + 1
        let cases: [(size: UInt64, options: UInt32, Status)] = [
            (.max, 1 << 1 | 1 << 4, .invalidArgs),
            (.max, 1 << 3, .outOfRange),
            (tooLarge, 0, .outOfRange),
            (0, 1 << 3, .invalidArgs),
            (0, 1 << 0, .invalidArgs),
            (.max, 1 << 4 | 1 << 5, .invalidArgs),
            (tooLarge, 1 << 4, .outOfRange),
            (0, 1 << 2, .notSupported),
            (tooLarge, 1 << 2, .outOfRange),
        ]
        for (size, options, status) in cases {
            #expect(throws: status, "\(size) \(options)") { _ = try create(size, options) }
        }
        let plain = try create(pageSize + 1, 0)
        #expect(try table.vmoGetSize(plain) == 2 * pageSize)
        #expect(try table.vmoGetStreamSize(plain) == pageSize + 1)
        #expect(try fixture.rights(plain) == .vmoDefault)
        let resizable = try create(0, 1 << 1)
        #expect(try fixture.rights(resizable) == [.vmoDefault, .resize])
        let unbounded = try create(10, 1 << 4)
        #expect(try table.vmoGetSize(unbounded) == UntrackedVMO.sizeMax)
        #expect(try table.vmoGetStreamSize(unbounded) == 10)
        try table.vmoWrite(unbounded, offset: UntrackedVMO.sizeMax - 1, bytes: [1])
        #expect(throws: Status.unavailable) { try table.vmoSetSize(unbounded, 0) }
    }

    @Test("read and write: the handle, the right, the range")
    func transfers() throws {
        let nothing = try fixture.restricted(fixture.memory, [])
        for vmo in [fixture.memory, fixture.fixed] {
            let size = try table.vmoGetSize(vmo)
            #expect(throws: Status.badHandle) {
                _ = try table.vmoRead(.invalid, offset: 0, length: 1)
            }
            #expect(throws: Status.wrongType) {
                _ = try table.vmoRead(fixture.pager, offset: 0, length: 1)
            }
            #expect(throws: Status.accessDenied) {
                _ = try table.vmoRead(nothing, offset: .max, length: .max)
            }
            #expect(throws: Status.accessDenied) {
                try table.vmoWrite(nothing, offset: .max, bytes: [1])
            }
            #expect(throws: Status.outOfRange) {
                _ = try table.vmoRead(vmo, offset: .max, length: 2)
            }
            #expect(throws: Status.outOfRange) {
                _ = try table.vmoRead(vmo, offset: size + 1, length: 0)
            }
            #expect(throws: Status.outOfRange) {
                try table.vmoWrite(vmo, offset: size - 1, bytes: [1, 2])
            }
            #expect(try table.vmoRead(vmo, offset: size, length: 0) == [])
            try table.vmoWrite(vmo, offset: size, bytes: [])
            try table.vmoWrite(vmo, offset: pageSize - 1, bytes: [8, 9])
            #expect(try table.vmoRead(vmo, offset: pageSize - 1, length: 2) == [8, 9])
            #expect(throws: Status.notFound) {
                try unsafe table.vmoRead(vmo, offset: 0, length: 1) { _ in false }
            }
            #expect(throws: Status.notFound) {
                try unsafe table.vmoWrite(vmo, offset: 0, length: 2) { _ in 1 }
            }
        }
        fixture.source.fail(with: .ioDataIntegrity)
        #expect(throws: Status.ioDataIntegrity) {
            _ = try table.vmoRead(fixture.fixed, offset: 5 * pageSize, length: 1)
        }
    }

    @Test("set_size: the right to write, to resize, the size, whether it can be resized, pins")
    func setSize() throws {
        let memory = try table.vmoCreate(size: 3 * pageSize, options: 1 << 1)
        let slice = try fixture.child(fixture.fixed, .slice, PageRange(0, 4))
        let noWrite = try fixture.restricted(memory, [.read, .resize])
        let noResize = try fixture.restricted(memory, [.write])
        #expect(throws: Status.badHandle) { try table.vmoSetSize(.invalid, 0) }
        #expect(throws: Status.wrongType) { try table.vmoSetSize(fixture.pager, 0) }
        #expect(throws: Status.accessDenied) { try table.vmoSetSize(noWrite, .max) }
        #expect(throws: Status.accessDenied) { try table.vmoSetSize(noResize, .max) }
        for fixed in [fixture.fixed, fixture.memory, slice] {
            #expect(throws: Status.outOfRange) { try table.vmoSetSize(fixed, .max) }
            #expect(throws: Status.unavailable) { try table.vmoSetSize(fixed, 0) }
        }
        for vmo in [memory, fixture.root] {
            #expect(throws: Status.outOfRange) { try table.vmoSetSize(vmo, .max) }
            let pin = try table.vmoPin(vmo, options: 1, offset: 0, size: pageSize)
            #expect(throws: Status.badState) { try table.vmoSetSize(vmo, 0) }
            try table.pmtUnpin(pin)
            try fixture.fill(vmo, PageRange(0, 2), with: 3)
            try table.vmoSetSize(vmo, pageSize + 1)
            #expect(try table.vmoGetSize(vmo) == 2 * pageSize)
            #expect(try table.vmoGetStreamSize(vmo) == pageSize + 1)
            #expect(try table.vmoRead(vmo, offset: pageSize, length: 2) == [3, 0])
        }
    }

    @Test("stream sizes: as a call and as a property, of every kind of VMO")
    func streamSizes() throws {
        let slice = try fixture.child(fixture.fixed, .slice, PageRange(2, 6))
        let weak = try fixture.restricted(fixture.memory, [.read])
        #expect(throws: Status.badHandle) { _ = try table.vmoGetStreamSize(.invalid) }
        #expect(throws: Status.wrongType) { _ = try table.vmoGetStreamSize(fixture.pager) }
        #expect(throws: Status.accessDenied) { try table.vmoSetStreamSize(weak, .max) }
        for vmo in [fixture.memory, fixture.fixed, slice] {
            let size = try table.vmoGetSize(vmo)
            #expect(try table.vmoGetStreamSize(vmo) == size)
            #expect(throws: Status.outOfRange) { try table.vmoSetStreamSize(vmo, size + 1) }
            try fixture.fill(vmo, PageRange(0, 2), with: 4)
            try table.vmoSetStreamSize(vmo, pageSize + 1)
            #expect(try table.contentSize(vmo) == pageSize + 1)
            #expect(try table.vmoRead(vmo, offset: pageSize, length: 2) == [4, 0])
            try table.setContentSize(vmo, size)
            #expect(try table.vmoGetStreamSize(vmo) == size)
        }
        #expect(try table.vmoGetStreamSize(fixture.root) == 8 * pageSize)
    }

    @Test("the content size property checks rights, the buffer and the type in this order")
    func contentSizeProperty() throws {
        let memory = fixture.memory
        let getter = try fixture.restricted(memory, [.getProperty])
        let setter = try fixture.restricted(memory, [.setProperty])
        let writer = try fixture.restricted(memory, [.write])
        #expect(throws: Status.badHandle) { _ = try table.contentSize(.invalid, bufferSize: 0) }
        #expect(throws: Status.accessDenied) { _ = try table.contentSize(setter, bufferSize: 0) }
        #expect(throws: Status.accessDenied) { _ = try table.contentSize(fixture.pager) }
        #expect(throws: Status.bufferTooSmall) {
            _ = try table.contentSize(memory, bufferSize: 7)
        }
        #expect(try table.contentSize(getter) == 8 * pageSize)
        #expect(throws: Status.accessDenied) { try table.setContentSize(setter, 0, bufferSize: 0) }
        #expect(throws: Status.accessDenied) { try table.setContentSize(writer, 0, bufferSize: 0) }
        #expect(throws: Status.bufferTooSmall) {
            try table.setContentSize(memory, 0, bufferSize: 7)
        }
        #expect(throws: Status.outOfRange) { try table.setContentSize(memory, 8 * pageSize + 1) }
        let port = table.insert(Port(), rights: [.getProperty, .setProperty, .write])
        #expect(throws: Status.bufferTooSmall) { _ = try table.contentSize(port, bufferSize: 7) }
        #expect(throws: Status.wrongType) { _ = try table.contentSize(port) }
        #expect(throws: Status.wrongType) { try table.setContentSize(port, 0) }
    }

    /// An operation, the rights any one of which allows it, and what it says of a range beyond, of
    /// an overflow, of nothing, and of pages 1 to 2.
    private struct RangeCase {
        var operation: UInt32
        var rights: [Rights]
        var beyond: Status?
        var nothing: Status?
        var inside: Status?
    }

    private func checkRanges(_ cases: [RangeCase], _ vmo: Handle) throws {
        let size = try table.vmoGetSize(vmo)
        func apply(
            _ vmo: Handle,
            _ operation: UInt32,
            _ offset: UInt64,
            _ size: UInt64
        ) -> Status? {
            do throws(Status) {
                try table.vmoOpRange(vmo, operation, offset: offset, size: size)
                return nil
            } catch {
                return error
            }
        }
        for item in cases {
            let operation = item.operation
            #expect(apply(.invalid, operation, 0, 1) == .badHandle)
            #expect(apply(fixture.pager, operation, 0, 1) == .wrongType)
            #expect(apply(vmo, operation, pageSize, size) == item.beyond, "beyond: \(item)")
            #expect(apply(vmo, operation, pageSize, .max) == item.beyond, "overflow: \(item)")
            #expect(apply(vmo, operation, size, 0) == item.nothing, "nothing: \(item)")
            #expect(apply(vmo, operation, pageSize, pageSize) == item.inside, "inside: \(item)")
            for rights in [Rights.read, .write, []] {
                let weak = try fixture.restricted(vmo, rights)
                let isAllowed = item.rights.contains(rights)
                let status = apply(weak, operation, pageSize, pageSize)
                #expect(status == (isAllowed ? item.inside : .accessDenied), "\(rights) \(item)")
                try table.close(weak)
            }
        }
        for unknown in [0, 5, 15, UInt32.max] {
            let weak = try fixture.restricted(vmo, [])
            #expect(apply(weak, unknown, .max, .max) == .invalidArgs)
        }
    }

    private let everyRight: [Rights] = [.read, .write, []]

    /// What holds for every kind of VMO.
    private var commonCases: [RangeCase] {
        let locks: [UInt32] = [3, 4, 11]
        let readingCaches: [UInt32] = [6, 8, 9]
        return [
            RangeCase(operation: 1, rights: [.write], beyond: .outOfRange),
            RangeCase(operation: 10, rights: [.write], beyond: .outOfRange),
            RangeCase(operation: 14, rights: [.read], beyond: .outOfRange),
            RangeCase(
                operation: 7,
                rights: [.write],
                beyond: .outOfRange,
                nothing: .invalidArgs
            ),
        ]
            + readingCaches.map {
                RangeCase(
                    operation: $0,
                    rights: [.read],
                    beyond: .outOfRange,
                    nothing: .invalidArgs
                )
            }
            + locks.map {
                RangeCase(
                    operation: $0,
                    rights: [.read, .write],
                    beyond: .notSupported,
                    nothing: .notSupported,
                    inside: .notSupported
                )
            }
    }

    @Test("op_range on what has a pager at its root")
    func rangesOfPaged() throws {
        let slice = try fixture.child(fixture.fixed, .slice, PageRange(3, 7))
        let clone = try fixture.child(
            fixture.fixed,
            .snapshotAtLeastOnWrite,
            PageRange(3, 7)
        )
        let cases =
            commonCases + [
                RangeCase(
                    operation: 2,
                    rights: [.write],
                    beyond: .outOfRange,
                    inside: .notSupported
                ),
                RangeCase(operation: 12, rights: everyRight, beyond: .outOfRange),
                RangeCase(operation: 13, rights: everyRight, beyond: .outOfRange),
            ]
        for vmo in [fixture.fixed, fixture.root, slice, clone] { try checkRanges(cases, vmo) }
    }

    @Test("op_range on memory: decommit works, and hints are ignored whatever their range")
    func rangesOfMemory() throws {
        let slice = try fixture.child(fixture.memory, .slice, PageRange(3, 7))
        let snapshot = try fixture.child(fixture.memory, .snapshot, PageRange(3, 7))
        let cases =
            commonCases + [
                RangeCase(operation: 2, rights: [.write], beyond: .outOfRange),
                RangeCase(operation: 12, rights: everyRight),
                RangeCase(operation: 13, rights: everyRight),
            ]
        for vmo in [fixture.memory, slice, snapshot] { try checkRanges(cases, vmo) }
    }

    @Test("commit rounds outward, decommit wants whole pages that are not pinned")
    func rounding() throws {
        let memory = fixture.memory
        let slice = try fixture.child(memory, .slice, PageRange(2, 6))
        func committed() throws -> UInt64 { try fixture.info(memory).committedBytes / pageSize }
        try table.vmoOpRange(slice, 1, offset: pageSize - 1, size: 2)
        #expect(try committed() == 2)
        try table.vmoOpRange(slice, 1, offset: 4 * pageSize - 1, size: 1)
        #expect(try committed() == 3)
        #expect(throws: Status.invalidArgs) {
            try table.vmoOpRange(slice, 2, offset: 1, size: pageSize)
        }
        #expect(throws: Status.invalidArgs) {
            try table.vmoOpRange(slice, 2, offset: 0, size: pageSize + 1)
        }
        let pin = try table.vmoPin(slice, options: 3, offset: pageSize, size: pageSize)
        #expect(throws: Status.badState) {
            try table.vmoOpRange(memory, 2, offset: 3 * pageSize, size: pageSize)
        }
        try table.pmtUnpin(pin)
        try table.vmoOpRange(slice, 2, offset: 0, size: 2 * pageSize)
        #expect(try committed() == 1)
        let slowly = try fixture.child(fixture.fixed, .slice, PageRange(4, 6))
        try table.vmoOpRange(slowly, 14, offset: 1, size: 1)
        try table.vmoOpRange(slowly, 1, offset: pageSize, size: 1)
        #expect(fixture.source.requests == [PageRange(4, 5), PageRange(5, 6)])
    }

    @Test("pin: alignment, the handle, the rights, the options, the range")
    func pinChecks() throws {
        func pin(
            _ vmo: Handle,
            _ options: UInt32,
            _ offset: UInt64,
            _ size: UInt64
        ) throws(Status) {
            _ = try table.vmoPin(vmo, options: options, offset: offset, size: size)
        }
        let noMap = try fixture.restricted(fixture.memory, [.read, .write])
        let noRead = try fixture.restricted(fixture.memory, [.map, .write])
        let noWrite = try fixture.restricted(fixture.memory, [.map, .read])
        #expect(throws: Status.invalidArgs) { try pin(.invalid, 1, 1, pageSize) }
        #expect(throws: Status.invalidArgs) { try pin(.invalid, 1, 0, 1) }
        #expect(throws: Status.badHandle) { try pin(.invalid, 1, 0, 0) }
        #expect(throws: Status.wrongType) { try pin(fixture.pager, 1, 0, 0) }
        #expect(throws: Status.accessDenied) { try pin(noMap, 4, 0, 0) }
        #expect(throws: Status.accessDenied) { try pin(noRead, 1 | 8, 0, 0) }
        #expect(throws: Status.accessDenied) { try pin(noWrite, 2 | 8, 0, 0) }
        for vmo in [fixture.memory, fixture.fixed] {
            #expect(throws: Status.invalidArgs) { try pin(vmo, 1 | 8, 0, pageSize) }
            #expect(throws: Status.invalidArgs) { try pin(vmo, 0, 0, pageSize) }
            #expect(throws: Status.invalidArgs) { try pin(vmo, 1, 0, 0) }
            #expect(throws: Status.outOfRange) { try pin(vmo, 1, 8 * pageSize, pageSize) }
            #expect(throws: Status.outOfRange) { try pin(vmo, 1, pageSize, 0 &- pageSize) }
        }
        #expect(throws: Status.badHandle) { try table.pmtUnpin(.invalid) }
        let other = try fixture.restricted(fixture.memory, [])
        #expect(throws: Status.wrongType) { try table.pmtUnpin(other) }
        #expect(throws: Status.badHandle) { try table.close(other) }
    }

    @Test("a pin has type 26 and the right to inspect, and ends with its handle")
    func pinLife() throws {
        let vmo = fixture.memory
        let pin = try table.vmoPin(vmo, options: 1, offset: 0, size: pageSize)
        #expect(try table.basicInfo(pin).type.rawValue == 26)
        #expect(try fixture.rights(pin) == .inspect)
        #expect(throws: Status.badState) {
            try table.vmoOpRange(vmo, 2, offset: 0, size: pageSize)
        }
        try table.close(pin)
        try table.vmoOpRange(vmo, 2, offset: 0, size: pageSize)
    }

    @Test("SlicePinWrite: a pin through a slice makes pages of the VMO Dirty and modified")
    func slicePin() throws {
        let slice = try fixture.child(fixture.fixed, .slice, PageRange(2, 6))
        let vmo = try fixture.object(fixture.fixed)
        let reader = try table.vmoPin(slice, options: 1, offset: 0, size: pageSize)
        #expect(!vmo.takeModified(reset: true))
        let pin = try table.vmoPin(slice, options: 2, offset: pageSize, size: 2 * pageSize)
        #expect(vmo.takeModified(reset: true))
        #expect(try vmo.dirtyRanges() == [.data(3, 2)])
        try vmo.beginWriteback(PageRange(0, 8), isZero: false)
        try vmo.endWriteback(PageRange(0, 8))
        #expect(try vmo.dirtyRanges() == [.data(3, 2)])
        try table.pmtUnpin(pin)
        try table.pmtUnpin(reader)
        try vmo.beginWriteback(PageRange(0, 8), isZero: false)
        try vmo.endWriteback(PageRange(0, 8))
        #expect(try vmo.dirtyRanges() == [])
    }
}
