// Slices and clones of VMOs whose pager sits at a port: what they ask it for, and what becomes of
// them when the VMO is written, shrunk, closed or detached. Named after the tests of Zircon's
// pager-writeback.cc and pager.cc.
//
// A thread of the test reads or writes while the test itself is the pager: it waits for the packets
// and answers them, so that nothing depends on time.

import Support
import Testing

@testable import VMCore

/// A process that is the pager of one of its VMOs.
private struct PortFixture {
    let table: HandleTable
    let arena: FrameArena
    let port: Handle
    let pager: Handle
    let root: Handle
    let key: UInt64 = 77

    init(pages: UInt64, options: VMOOptions = []) throws {
        arena = try FrameArena(frameCount: 256)
        table = HandleTable(arena: arena)
        port = try table.portCreate(options: 0)
        pager = try table.pagerCreate(options: 0)
        root = try table.pagerCreateVMO(
            pager,
            options: options.rawValue,
            port: port,
            key: key,
            size: pages * pageSize
        )
    }

    /// A child of the whole VMO, or of some pages of a parent.
    func child(
        _ options: VMOChildOptions,
        of parent: Handle? = nil,
        _ pages: PageRange
    ) throws(Status) -> Handle {
        try table.vmoCreateChild(
            parent ?? root,
            options: options.rawValue,
            offset: pages.bytes.start,
            size: pages.bytes.count
        )
    }

    /// The next packet; waits for it, but not for ever.
    func next() throws(Status) -> (command: PageRequestCommand, pages: PageRange) {
        let deadline = Int64(MonotonicClock().now + 20_000_000_000)
        let packet = try table.portWait(port, deadline: deadline)
        guard packet.key == key, let request = packet.pageRequest else { throw .badState }
        let bytes = ByteRange(request.offset, request.offset + request.length)
        return (request.command, bytes.pagesRoundedOutward)
    }

    /// Expects a packet.
    func expect(_ command: PageRequestCommand, _ pages: PageRange) throws {
        let next = try next()
        #expect(next.command == command)
        #expect(next.pages == pages)
    }

    /// Whether no packet lies in the port.
    var isQuiet: Bool { (try? table.portWait(port, deadline: 0)) == nil }

    /// Supplies pages filled with `byte`.
    func supply(_ pages: PageRange, _ byte: UInt8) throws(Status) {
        let aux = try table.vmoCreate(size: pages.bytes.count, options: 0)
        try fill(aux, PageRange(0, pages.count), byte)
        try table.pagerSupplyPages(
            pager,
            root,
            offset: pages.bytes.start,
            length: pages.bytes.count,
            auxVMO: aux,
            auxOffset: 0
        )
        try table.close(aux)
    }

    func fill(_ vmo: Handle, _ pages: PageRange, _ byte: UInt8) throws(Status) {
        try table.vmoWrite(
            vmo,
            offset: pages.bytes.start,
            bytes: [UInt8](repeating: byte, count: Int(pages.bytes.count))
        )
    }

    /// The first byte of each page.
    func bytes(_ vmo: Handle, _ pages: PageRange) throws(Status) -> [UInt8] {
        let all = try table.vmoRead(vmo, offset: pages.bytes.start, length: pages.bytes.count)
        return stride(from: 0, to: all.count, by: Int(pageSize)).map { all[$0] }
    }

    func operate(_ operation: UInt32, _ vmo: Handle, _ pages: PageRange) throws(Status) {
        try table.vmoOpRange(
            vmo,
            operation,
            offset: pages.bytes.start,
            size: pages.bytes.count
        )
    }

    func pagerOp(_ operation: UInt32, _ pages: PageRange, on vmo: Handle? = nil) throws(Status) {
        try table.pagerOpRange(
            pager,
            operation,
            vmo ?? root,
            offset: pages.bytes.start,
            length: pages.bytes.count,
            data: 0
        )
    }

    func vmo() throws -> VirtualMemoryObject {
        let dispatcher = try table.object(root, VMODispatcher.self, rights: [])
        guard case .paged(let vmo) = dispatcher.content else { throw Status.wrongType }
        return vmo
    }
}

/// Something done on a thread of its own, and what came of it.
private final class Attempt<Value: Sendable>: Sendable {
    private let result = Guarded(Result<Value, Status>?.none, rank: .leaf)
    private let thread: WorkerThread

    init(_ body: @escaping @Sendable () throws(Status) -> Value) {
        let result = result
        thread = WorkerThread("attempt") {
            do throws(Status) {
                let value = try body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
    }

    /// Waits for the end.
    func get() throws(Status) -> Value {
        thread.join()
        guard let result = result.withLock({ $0 }) else { throw .badState }
        return try result.get()
    }
}

@Suite("Slices and clones with a pager")
struct CloneTests {
    @Test("CloneReadFromParent: a clone's reads are the root's requests, for what it shows of it")
    func cloneReads() throws {
        let fixture = try PortFixture(pages: 8)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(2, 8))
        let grandchild = try fixture.child(.snapshotModified, of: clone, PageRange(1, 5))
        try fixture.operate(10, clone, PageRange(3, 4))
        let attempt = Attempt { () throws(Status) in try fixture.bytes(clone, PageRange(1, 5)) }
        try fixture.expect(.read, PageRange(3, 5))
        try fixture.supply(PageRange(3, 5), 1)
        try fixture.expect(.read, PageRange(6, 7))
        try fixture.supply(PageRange(6, 7), 2)
        #expect(try attempt.get() == [1, 1, 0, 2])
        #expect(try fixture.bytes(grandchild, PageRange(0, 2)) == [1, 1])
        // It was made before the clone was zeroed, and beside it.
        let other = Attempt { () throws(Status) in try fixture.bytes(grandchild, PageRange(2, 3)) }
        try fixture.expect(.read, PageRange(5, 6))
        try fixture.supply(PageRange(5, 6), 3)
        #expect(try other.get() == [3])
        #expect(fixture.isQuiet)
    }

    @Test("CloneSimultaneousRead: parent and clone share one request")
    func sharedRequest() throws {
        let fixture = try PortFixture(pages: 2)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 2))
        let vmos = [fixture.root, clone, fixture.root, clone]
        let attempts = vmos.map { vmo in
            Attempt { () throws(Status) in try fixture.bytes(vmo, PageRange(0, 1)) }
        }
        try fixture.expect(.read, PageRange(0, 1))
        try fixture.supply(PageRange(0, 1), 5)
        for attempt in attempts { #expect(try attempt.get() == [5]) }
        #expect(fixture.isQuiet)
    }

    @Test("NoDirtyRequestsForClones: a clone's writes ask for reads, and the parent stays clean")
    func cloneWrites() throws {
        let fixture = try PortFixture(pages: 4, options: .trapDirty)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 4))
        let attempt = Attempt { () throws(Status) in
            try fixture.fill(clone, PageRange(0, 3), 9)
        }
        try fixture.expect(.read, PageRange(0, 3))
        try fixture.supply(PageRange(0, 3), 1)
        try attempt.get()
        #expect(fixture.isQuiet)
        let vmo = try fixture.vmo()
        #expect(try vmo.dirtyRanges() == [])
        #expect(!vmo.takeModified(reset: true))
        #expect(try fixture.bytes(fixture.root, PageRange(0, 3)) == [1, 1, 1])
        let write = Attempt { () throws(Status) in
            try fixture.fill(fixture.root, PageRange(0, 3), 2)
        }
        try fixture.expect(.dirty, PageRange(0, 3))
        try fixture.pagerOp(2, PageRange(0, 3))
        try write.get()
        #expect(try fixture.bytes(clone, PageRange(0, 3)) == [9, 9, 9])
    }

    @Test("OpZeroClone: zeroing a clone asks for nothing, and the root is untouched")
    func zeroClone() throws {
        let fixture = try PortFixture(pages: 2, options: .trapDirty)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 2))
        try fixture.supply(PageRange(0, 1), 4)
        try fixture.operate(10, clone, PageRange(0, 2))
        #expect(try fixture.bytes(clone, PageRange(0, 2)) == [0, 0])
        #expect(try fixture.bytes(fixture.root, PageRange(0, 1)) == [4])
        #expect(try fixture.vmo().dirtyRanges() == [])
        #expect(try fixture.vmo().takeModified(reset: false) == false)
        #expect(fixture.isQuiet)
    }

    @Test("SliceWrite, SliceOpZero: a slice acts on the root, with the root's offsets")
    func slices() throws {
        let fixture = try PortFixture(pages: 6, options: .trapDirty)
        let slice = try fixture.child(.slice, PageRange(2, 6))
        try fixture.supply(PageRange(2, 4), 1)
        let attempt = Attempt { () throws(Status) in try fixture.fill(slice, PageRange(1, 3), 8) }
        try fixture.expect(.dirty, PageRange(3, 4))
        try fixture.pagerOp(2, PageRange(3, 4))
        try fixture.expect(.read, PageRange(4, 5))
        try fixture.supply(PageRange(4, 5), 1)
        try fixture.expect(.dirty, PageRange(4, 5))
        try fixture.pagerOp(2, PageRange(4, 5))
        try attempt.get()
        let vmo = try fixture.vmo()
        #expect(try vmo.dirtyRanges() == [.data(3, 2)])
        #expect(vmo.takeModified(reset: true))
        try fixture.operate(10, slice, PageRange(0, 2))
        #expect(try vmo.dirtyRanges() == [.zero(2, 2), .data(4, 1)])
        #expect(vmo.takeModified(reset: true))
        #expect(fixture.isQuiet)
    }

    @Test("pager calls on children and on memory are refused, whatever the child")
    func pagerCalls() throws {
        let fixture = try PortFixture(pages: 2, options: [.trapDirty])
        let others = [
            try fixture.child(.slice, PageRange(0, 2)),
            try fixture.child(.reference, PageRange(0, 0)),
            try fixture.child(.snapshotModified, PageRange(0, 2)),
            try fixture.table.vmoCreate(size: 2 * pageSize, options: 0),
        ]
        for vmo in others {
            for operation in 1...4 as ClosedRange<UInt32> {
                #expect(throws: Status.invalidArgs) {
                    try fixture.pagerOp(operation, PageRange(0, 1), on: vmo)
                }
            }
            #expect(throws: Status.invalidArgs) {
                _ = try fixture.table.pagerQueryDirtyRanges(
                    fixture.pager,
                    vmo,
                    offset: 0,
                    length: 0,
                    capacity: 0,
                    countingAvailable: true
                )
            }
            #expect(throws: Status.invalidArgs) {
                _ = try fixture.table.pagerQueryVMOStats(
                    fixture.pager,
                    vmo,
                    options: 0,
                    bufferSize: 4
                )
            }
            #expect(throws: Status.invalidArgs) {
                try fixture.table.pagerDetachVMO(fixture.pager, vmo)
            }
            #expect(throws: Status.invalidArgs) {
                try fixture.table.pagerSupplyPages(
                    fixture.pager,
                    vmo,
                    offset: 0,
                    length: pageSize,
                    auxVMO: .invalid,
                    auxOffset: 0
                )
            }
        }
    }

    @Test("CloneCommitTest, CloneSplitCommitTest: commit copies, and reads around what is there")
    func cloneCommit() throws {
        let fixture = try PortFixture(pages: 6)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 6))
        try fixture.supply(PageRange(2, 3), 7)
        let attempt = Attempt { () throws(Status) in
            try fixture.operate(1, clone, PageRange(0, 5))
        }
        try fixture.expect(.read, PageRange(0, 2))
        try fixture.supply(PageRange(0, 2), 6)
        try fixture.expect(.read, PageRange(3, 5))
        try fixture.supply(PageRange(3, 5), 8)
        try attempt.get()
        #expect(try fixture.table.vmoInfo(clone).committedBytes == 5 * pageSize)
        #expect(fixture.isQuiet)
    }

    @Test("CloneShrinkGrowParent: a clone never sees what its parent lost")
    func shrinkAndGrow() throws {
        let fixture = try PortFixture(pages: 4, options: .resizable)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 4))
        let snapshot = try fixture.child(.snapshotModified, of: clone, PageRange(0, 4))
        try fixture.supply(PageRange(0, 4), 3)
        try fixture.table.vmoSetSize(fixture.root, 2 * pageSize)
        try fixture.table.vmoSetSize(fixture.root, 4 * pageSize)
        try fixture.fill(fixture.root, PageRange(0, 4), 9)
        for vmo in [clone, snapshot] {
            #expect(try fixture.bytes(vmo, PageRange(0, 4)) == [9, 9, 0, 0])
        }
        let blocked = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 6))
        try fixture.table.vmoSetSize(fixture.root, 0)
        #expect(try fixture.bytes(blocked, PageRange(0, 6)) == [0, 0, 0, 0, 0, 0])
    }

    @Test("a clone's read that waits for a page that is cut off gives zeros")
    func shrinkUnderRead() throws {
        let fixture = try PortFixture(pages: 4, options: .resizable)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 4))
        let attempt = Attempt { () throws(Status) in try fixture.bytes(clone, PageRange(2, 4)) }
        try fixture.expect(.read, PageRange(2, 4))
        try fixture.table.vmoSetSize(fixture.root, pageSize)
        #expect(try attempt.get() == [0, 0])
        #expect(fixture.isQuiet)
    }

    @Test("ZX_VMO_CHILD_SNAPSHOT_MODIFIED of a clone keeps what the clone had changed")
    func snapshotModified() throws {
        let fixture = try PortFixture(pages: 6)
        try fixture.supply(PageRange(0, 6), 1)
        let clone = try fixture.child(.snapshotModified, PageRange(1, 6))
        try fixture.fill(clone, PageRange(1, 2), 2)
        try fixture.operate(10, clone, PageRange(2, 3))
        let snapshot = try fixture.child(.snapshotModified, of: clone, PageRange(1, 6))
        try fixture.fill(clone, PageRange(1, 4), 3)
        try fixture.fill(fixture.root, PageRange(0, 6), 4)
        #expect(try fixture.bytes(snapshot, PageRange(0, 5)) == [2, 0, 4, 4, 0])
        #expect(try fixture.bytes(clone, PageRange(0, 5)) == [4, 3, 3, 3, 4])
        let pin = try fixture.table.vmoPin(clone, options: 1, offset: 0, size: pageSize)
        #expect(throws: Status.badState) {
            _ = try fixture.child(.snapshotModified, of: clone, PageRange(1, 2))
        }
        _ = try fixture.child(.snapshotAtLeastOnWrite, of: clone, PageRange(1, 2))
        try fixture.table.pmtUnpin(pin)
    }

    @Test("a clone of a slice shows the slice's part, and is never a copy of it")
    func cloneOfSlice() throws {
        let fixture = try PortFixture(pages: 6)
        try fixture.supply(PageRange(0, 6), 1)
        for page in 0..<6 as Range<UInt64> {
            try fixture.fill(fixture.root, PageRange(page, page + 1), UInt8(page + 1))
        }
        let slice = try fixture.child(.slice, PageRange(2, 5))
        let clone = try fixture.child(.snapshotModified, of: slice, PageRange(1, 3))
        #expect(try fixture.bytes(clone, PageRange(0, 2)) == [4, 5])
        #expect(throws: Status.outOfRange) {
            _ = try fixture.child(.snapshotModified, of: slice, PageRange(1, 4))
        }
        let memory = try fixture.table.vmoCreate(size: 4 * pageSize, options: 0)
        let part = try fixture.child(.slice, of: memory, PageRange(0, 2))
        let kinds: [VMOChildOptions] = [.snapshot, .snapshotModified, .snapshotAtLeastOnWrite]
        for kind in kinds {
            #expect(throws: Status.notSupported) {
                _ = try fixture.child(kind, of: part, PageRange(0, 1))
            }
            let snapshot = try fixture.child(kind, of: memory, PageRange(0, 1))
            try fixture.fill(memory, PageRange(0, 1), 5)
            #expect(try fixture.bytes(snapshot, PageRange(0, 1)) == [0])
            try fixture.operate(2, memory, PageRange(0, 1))
        }
    }

    @Test("ChildAttributedCounts: a child keeps the root's pages and pager when its handle goes")
    func rootHandleCloses() throws {
        let kinds: [VMOChildOptions] = [.slice, .reference, .snapshotAtLeastOnWrite]
        for kind in kinds {
            let fixture = try PortFixture(pages: 2)
            try fixture.supply(PageRange(0, 1), 1)
            try fixture.fill(fixture.root, PageRange(0, 1), 6)
            let pages = kind == .reference ? PageRange(0, 0) : PageRange(0, 2)
            let child = try fixture.child(kind, pages)
            let spare = try fixture.table.duplicate(fixture.root, rights: .sameRights)
            try fixture.table.close(fixture.root)
            let attempt = Attempt { () throws(Status) in
                try fixture.bytes(child, PageRange(0, 2))
            }
            try fixture.expect(.read, PageRange(1, 2))
            try fixture.table.pagerOpRange(
                fixture.pager,
                1,
                spare,
                offset: pageSize,
                length: pageSize,
                data: UInt64(bitPattern: Int64(Status.io.rawValue))
            )
            try fixture.table.close(spare)
            #expect(throws: Status.io) { _ = try attempt.get() }
            #expect(try fixture.bytes(child, PageRange(0, 1)) == [6])
            #expect(fixture.isQuiet)
            try fixture.table.close(child)
            #expect(try fixture.next().command == .complete)
            #expect(fixture.arena.freeCount == fixture.arena.frameCount)
        }
    }

    @Test("CloneDetachTest: after detach a clone has what it copied, and no page of the root")
    func detach() throws {
        let fixture = try PortFixture(pages: 4, options: .trapDirty)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 4))
        try fixture.supply(PageRange(0, 3), 1)
        try fixture.fill(clone, PageRange(0, 1), 2)
        let attempt = Attempt { () throws(Status) in try fixture.bytes(clone, PageRange(3, 4)) }
        try fixture.expect(.read, PageRange(3, 4))
        try fixture.table.pagerDetachVMO(fixture.pager, fixture.root)
        #expect(throws: Status.badState) { _ = try attempt.get() }
        #expect(try fixture.bytes(clone, PageRange(0, 1)) == [2])
        #expect(throws: Status.badState) { _ = try fixture.bytes(clone, PageRange(1, 2)) }
        #expect(throws: Status.badState) { try fixture.fill(clone, PageRange(1, 2), 1) }
        try fixture.operate(10, clone, PageRange(1, 2))
        #expect(try fixture.bytes(clone, PageRange(1, 2)) == [0])
    }

    @Test("a failed request of the root fails the clone that waits, and it can try again")
    func failure() throws {
        let fixture = try PortFixture(pages: 2)
        let clone = try fixture.child(.snapshotAtLeastOnWrite, PageRange(0, 2))
        let attempt = Attempt { () throws(Status) in try fixture.fill(clone, PageRange(0, 2), 1) }
        try fixture.expect(.read, PageRange(0, 2))
        try fixture.table.pagerOpRange(
            fixture.pager,
            1,
            fixture.root,
            offset: 0,
            length: pageSize,
            data: UInt64(bitPattern: Int64(Status.noSpace.rawValue))
        )
        #expect(throws: Status.noSpace) { try attempt.get() }
        let second = Attempt { () throws(Status) in try fixture.fill(clone, PageRange(0, 2), 1) }
        try fixture.expect(.read, PageRange(0, 2))
        try fixture.supply(PageRange(0, 2), 0)
        try second.get()
    }
}
