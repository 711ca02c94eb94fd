// Memory of `zx_vmo_create` and copy-on-write clones, one behaviour each; what random operations
// do to them is in UntrackedModelTests.
//
// Clones are tried on a scripted parent, which keeps what it was asked for and can be changed in
// the very moment between a look at it and the clone's second look at itself.

import Support
import Testing

@testable import VMCore

@Suite("VMOs without dirty tracking")
struct UntrackedTests {
    private let arena: FrameArena
    private let root = ScriptedParent(pages: 16)

    init() throws {
        arena = try FrameArena(frameCount: 64)
    }

    private var usedFrames: Int { arena.frameCount - arena.freeCount }

    @Test("memory reads as zeros and has no frames until it is written")
    func freshMemory() throws {
        let vmo = try UntrackedVMO(size: 3 * pageSize - 1, isResizable: false, arena: arena)
        #expect(vmo.size == 3 * pageSize)
        #expect(vmo.streamSize == 3 * pageSize - 1)
        #expect(try vmo.firstBytes(PageRange(0, 3)) == [0, 0, 0])
        #expect(usedFrames == 0)
        try vmo.write([7], at: pageSize)
        #expect(usedFrames == 1)
        #expect(try vmo.firstBytes(PageRange(0, 3)) == [0, 7, 0])
        #expect(throws: Status.outOfRange) { try vmo.write([1, 2], at: 3 * pageSize - 1) }
        #expect(throws: Status.outOfRange) {
            _ = try vmo.read(ByteRange(0, 3 * pageSize + 1))
        }
        #expect(try vmo.read(ByteRange(3 * pageSize, 3 * pageSize)) == [])
        #expect(throws: Status.outOfRange) {
            _ = try UntrackedVMO(size: UntrackedVMO.sizeMax + 1, isResizable: true, arena: arena)
        }
    }

    @Test("a transfer stops where the caller's memory fails, with what was copied before")
    func failingMemory() throws {
        let vmo = try UntrackedVMO(pages: 20, arena: arena)
        var pieces = 0
        #expect(throws: Status.notFound) {
            try unsafe vmo.read(PageRange(0, 20).bytes) { _ in
                pieces += 1
                return false
            }
        }
        #expect(pieces == 1)
        #expect(throws: Status.notFound) {
            try unsafe vmo.write(PageRange(0, 20).bytes) { buffer in
                unsafe buffer[0] = 9
                unsafe buffer[1] = 8
                return 1
            }
        }
        #expect(try vmo.read(ByteRange(0, 2)) == [9, 0])
    }

    @Test("without frames left writes and commits fail, and what fits stays")
    func noMemory() throws {
        let vmo = try UntrackedVMO(pages: 65, arena: arena)
        #expect(throws: Status.noMemory) { try vmo.commit(PageRange(0, 65)) }
        #expect(usedFrames == 64)
        #expect(throws: Status.noMemory) { try vmo.write([1], at: 64 * pageSize) }
        try vmo.decommit(PageRange(0, 65))
        #expect(usedFrames == 0)
        let clone = root.clone(of: PageRange(0, 2), arena: arena)
        try vmo.commit(PageRange(0, 64))
        #expect(throws: Status.noMemory) { try clone.write([1], at: 0) }
        #expect(throws: Status.noMemory) { _ = try clone.takePages(PageRange(0, 1)) }
        #expect(try clone.firstBytes(PageRange(0, 2)) == [1, 2])
        #expect(throws: Status.noMemory) {
            _ = try vmo.makeClone(
                .snapshot,
                offset: 0,
                size: pageSize,
                isResizable: false,
                ofSlice: false
            )
        }
    }

    @Test("a clone shows the parent until it writes, and never writes to it")
    func forking() throws {
        let clone = root.clone(of: PageRange(2, 6), arena: arena)
        #expect(try clone.firstBytes(PageRange(0, 4)) == [3, 4, 5, 6])
        #expect(usedFrames == 0)
        root.fill(2, with: 90)
        try clone.write([1], at: pageSize - 1)
        root.fill(2, with: 91)
        root.fill(3, with: 92)
        #expect(try clone.firstBytes(PageRange(0, 4)) == [90, 92, 5, 6])
        #expect(try clone.read(ByteRange(pageSize - 1, pageSize)) == [1])
        #expect(root.byte(2) == 91)
        #expect(usedFrames == 1)
    }

    @Test("a clone asks for what is left of its operation and not its own")
    func requestRanges() throws {
        let clone = root.clone(of: PageRange(4, 12), arena: arena)
        _ = try clone.firstBytes(PageRange(0, 3))
        #expect(root.takeAsked() == [PageRange(4, 7), PageRange(5, 7), PageRange(6, 7)])
        try clone.write([1], at: 2 * pageSize)
        #expect(root.takeAsked() == [PageRange(6, 7)])
        try clone.zero(PageRange(5, 6).bytes)
        #expect(root.takeAsked() == [])
        try clone.commit(PageRange(1, 8))
        #expect(
            root.takeAsked() == [
                PageRange(5, 6), PageRange(7, 9), PageRange(8, 9), PageRange(10, 12),
                PageRange(11, 12),
            ]
        )
        let other = root.clone(of: PageRange(0, 6), arena: arena)
        try other.prefetch(PageRange(1, 3))
        other.alwaysNeed(PageRange(4, 5))
        other.dontNeed(PageRange(0, 6))
        #expect(root.takeAsked() == [PageRange(1, 3), PageRange(2, 3), PageRange(4, 5)])
        #expect(other.residentPages == 0)
    }

    @Test("a clone of a clone asks the root for what both show of it")
    func chainedRequests() throws {
        let middle = root.clone(of: PageRange(2, 12), arena: arena)
        let clone = try middle.makeClone(
            .snapshotAtLeastOnWrite,
            offset: pageSize,
            size: 8 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        try middle.write([1], at: 4 * pageSize)
        _ = root.takeAsked()
        #expect(try clone.firstBytes(PageRange(0, 5)) == [4, 5, 6, 1, 8])
        #expect(
            root.takeAsked() == [
                PageRange(3, 6), PageRange(4, 6), PageRange(5, 6), PageRange(7, 8),
            ]
        )
        try clone.fill(PageRange(1, 2), with: 50)
        #expect(try middle.firstBytes(PageRange(2, 3)) == [5])
    }

    @Test("a failure of the root is the clone's, except where it needs no page")
    func failingRoot() throws {
        let clone = root.clone(of: PageRange(0, 4), arena: arena)
        root.fail(with: .io)
        #expect(throws: Status.io) { _ = try clone.read(ByteRange(0, 1)) }
        #expect(throws: Status.io) { try clone.write([1], at: 0) }
        #expect(throws: Status.io) { try clone.commit(PageRange(0, 1)) }
        #expect(throws: Status.io) { try clone.prefetch(PageRange(0, 1)) }
        #expect(throws: Status.io) { _ = try clone.pin(PageRange(0, 1), forWrite: false) }
        #expect(throws: Status.io) { try clone.zero(ByteRange(1, 2)) }
        clone.alwaysNeed(PageRange(0, 1))
        try clone.zero(PageRange(0, 2).bytes)
        #expect(try clone.firstBytes(PageRange(0, 2)) == [0, 0])
        #expect(usedFrames == 0)
        try clone.setSize(pageSize * 5 / 2)
        #expect(clone.size == 3 * pageSize)
        root.fail(with: nil)
        #expect(try clone.firstBytes(PageRange(2, 3)) == [3])
    }

    @Test("a page that the clone gets during a look at the parent wins")
    func forkDuringRead() throws {
        let clone = root.clone(of: PageRange(0, 4), arena: arena)
        root.interruptNextLook { try? clone.fill(PageRange(1, 2), with: 60) }
        #expect(try clone.firstBytes(PageRange(1, 2)) == [60])
        root.interruptNextLook { try? clone.zero(PageRange(2, 3).bytes) }
        #expect(try clone.firstBytes(PageRange(2, 3)) == [0])
        root.interruptNextLook { try? clone.fill(PageRange(3, 4), with: 61) }
        try clone.write([5], at: 3 * pageSize + 1)
        #expect(try clone.read(ByteRange(3 * pageSize, 3 * pageSize + 3)) == [61, 5, 61])
        #expect(clone.checkInvariants() == [])
        #expect(usedFrames == 2)
        let other = root.clone(of: PageRange(0, 1), arena: arena)
        root.interruptNextLook { try? other.zero(PageRange(0, 1).bytes) }
        try other.commit(PageRange(0, 1))
        #expect(try other.firstBytes(PageRange(0, 1)) == [0])
        var seen: [UInt8] = []
        root.interruptNextLook { try? clone.fill(PageRange(0, 1), with: 62) }
        try unsafe clone.withPage(0, requestEnd: 1, isWanted: { true }) { bytes in
            unsafe seen.append(bytes.map { unsafe $0[0] } ?? 0)
        }
        #expect(seen.last == 62)
    }

    @Test("a shrink during a look fails a read and a write, and ends a commit")
    func shrinkDuringLook() throws {
        let clone = root.clone(of: PageRange(0, 4), arena: arena)
        root.interruptNextLook { try? clone.setSize(pageSize) }
        #expect(throws: Status.outOfRange) { _ = try clone.firstBytes(PageRange(1, 3)) }
        try clone.setSize(4 * pageSize)
        #expect(try clone.firstBytes(PageRange(0, 4)) == [1, 0, 0, 0])
        let other = root.clone(of: PageRange(0, 4), arena: arena)
        root.interruptNextLook { try? other.setSize(2 * pageSize) }
        #expect(throws: Status.outOfRange) { try other.fill(PageRange(1, 4), with: 1) }
        let third = root.clone(of: PageRange(0, 4), arena: arena)
        root.interruptNextLook { try? third.setSize(2 * pageSize) }
        try third.commit(PageRange(0, 4))
        #expect(third.residentPages == 2)
        let fourth = root.clone(of: PageRange(0, 4), arena: arena)
        root.interruptNextLook { try? fourth.setSize(2 * pageSize) }
        #expect(throws: Status.outOfRange) {
            _ = try fourth.pin(PageRange(1, 4), forWrite: true)
        }
    }

    @Test("what a parent lost never comes back to its clones")
    func parentShrinks() throws {
        let clone = root.clone(of: PageRange(2, 8), arena: arena)
        try clone.fill(PageRange(5, 6), with: 40)
        root.resize(to: 5, filling: 0)
        root.resize(to: 16, filling: 33)
        #expect(try clone.firstBytes(PageRange(0, 6)) == [3, 4, 5, 0, 0, 40])
        // A look may come between the shrink and its news.
        let other = root.clone(of: PageRange(0, 16), arena: arena)
        root.forgetClones()
        root.resize(to: 3, filling: 0)
        #expect(try other.firstBytes(PageRange(2, 5)) == [3, 0, 0])
    }

    @Test("shrinking a clone cuts its own clones, and growing it gives zeros")
    func cloneResizes() throws {
        let middle = root.clone(of: PageRange(0, 8), arena: arena)
        let clone = try middle.makeClone(
            .snapshotAtLeastOnWrite,
            offset: 2 * pageSize,
            size: 8 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        try middle.fill(PageRange(3, 4), with: 70)
        #expect(try clone.firstBytes(PageRange(0, 8)) == [3, 70, 5, 6, 7, 8, 0, 0])
        try middle.setSize(4 * pageSize)
        try middle.setSize(8 * pageSize)
        try middle.fill(PageRange(5, 6), with: 71)
        #expect(try middle.firstBytes(PageRange(2, 8)) == [3, 70, 0, 71, 0, 0])
        #expect(try clone.firstBytes(PageRange(0, 8)) == [3, 70, 0, 0, 0, 0, 0, 0])
        #expect(throws: Status.unavailable) { try clone.setSize(0) }
        #expect(throws: Status.outOfRange) { try clone.setSize(.max) }
    }

    @Test("zeroing a clone as large as can be takes neither memory nor time")
    func hugeZero() throws {
        let vmo = UntrackedVMO(
            cloneOf: HugeParent(),
            offset: 0,
            rootOffset: 0,
            size: UntrackedVMO.sizeMax,
            isResizable: true,
            arena: arena
        )
        let last = UntrackedVMO.sizeMax - pageSize
        #expect(try vmo.read(ByteRange(last, last + 2)) == [1, 1])
        try vmo.zero(ByteRange(0, last))
        #expect(try vmo.read(ByteRange(last / 2, last / 2 + 2)) == [0, 0])
        #expect(try vmo.read(ByteRange(last - 1, last + 1)) == [0, 1])
        try vmo.write([4], at: last / 2)
        #expect(vmo.residentPages == 1)
        #expect(vmo.checkInvariants() == [])
        try vmo.setStreamSize(pageSize / 2)
        #expect(try vmo.read(ByteRange(last / 2, last / 2 + 2)) == [0, 0])
        #expect(vmo.residentPages == 0)
    }

    @Test("stream sizes cut content off, and fail whole")
    func streamSizes() throws {
        let vmo = try UntrackedVMO(pages: 3, arena: arena)
        try vmo.fill(PageRange(0, 3), with: 5)
        try vmo.setStreamSize(pageSize + 10)
        #expect(vmo.streamSize == pageSize + 10)
        #expect(try vmo.read(ByteRange(pageSize + 9, pageSize + 11)) == [5, 0])
        #expect(vmo.residentPages == 2)
        #expect(throws: Status.outOfRange) { try vmo.setStreamSize(3 * pageSize + 1) }
        try vmo.setStreamSize(3 * pageSize)
        let clone = root.clone(of: PageRange(0, 4), arena: arena)
        root.fail(with: .io)
        #expect(throws: Status.io) { try clone.setStreamSize(pageSize + 1) }
        #expect(clone.streamSize == 4 * pageSize)
        try clone.setStreamSize(4 * pageSize)
    }

    @Test("pinned pages stay: no cut, no decommit, no taking, no copying, and zeros in place")
    func pins() throws {
        let vmo = try UntrackedVMO(pages: 4, arena: arena)
        let pin = try vmo.pin(PageRange(1, 3), forWrite: true)
        #expect(usedFrames == 2)
        try vmo.fill(PageRange(0, 4), with: 3)
        #expect(throws: Status.badState) { try vmo.setSize(2 * pageSize) }
        #expect(vmo.size == 4 * pageSize)
        #expect(throws: Status.badState) { try vmo.decommit(PageRange(0, 2)) }
        #expect(throws: Status.badState) { _ = try vmo.takePages(PageRange(2, 4)) }
        #expect(throws: Status.badState) {
            _ = try vmo.makeClone(
                .snapshot,
                offset: 3 * pageSize,
                size: pageSize,
                isResizable: false,
                ofSlice: false
            )
        }
        try vmo.zero(PageRange(0, 4).bytes)
        #expect(try vmo.firstBytes(PageRange(0, 4)) == [0, 0, 0, 0])
        #expect(usedFrames == 2)
        try vmo.setSize(3 * pageSize)
        pin.unpin()
        pin.unpin()
        try vmo.setSize(0)
        #expect(usedFrames == 0)
        #expect(throws: Status.outOfRange) {
            _ = try vmo.pin(PageRange(0, 1), forWrite: false)
        }
    }

    @Test("a mapping fault gives zeros no frame for a load, and copies a page of the parent")
    func faults() throws {
        let clone = root.clone(of: PageRange(12, 20), arena: arena)
        func fault(_ page: UInt64, isWrite: Bool) throws(Status) -> UInt32? {
            var frame: UInt32?
            var count = 0
            try clone.fault(page, isWrite: isWrite, isWanted: { true }) {
                frame = $0
                count += 1
            }
            #expect(count == 1)
            return frame
        }
        #expect(try fault(6, isWrite: false) == nil)
        #expect(try fault(6, isWrite: true) != nil)
        let frame = try fault(1, isWrite: false)
        #expect(frame != nil)
        #expect(try fault(1, isWrite: true) == frame)
        #expect(root.takeAsked() == [PageRange(13, 14)])
        root.fill(13, with: 99)
        #expect(try clone.firstBytes(PageRange(1, 2)) == [14])
        #expect(throws: Status.outOfRange) { _ = try fault(8, isWrite: false) }
        root.fail(with: .badState)
        #expect(throws: Status.badState) { _ = try fault(2, isWrite: true) }
    }

    @Test("mappings lose access to pages whose frames go, and to stores while pages are copied")
    func observer() throws {
        let observer = RecordingObserver()
        let vmo = try UntrackedVMO(pages: 8, arena: arena)
        vmo.state.withLock { $0.observer = observer }
        try vmo.fill(PageRange(0, 8), with: 1)
        #expect(observer.take() == [])
        try vmo.decommit(PageRange(0, 1))
        try vmo.zero(ByteRange(pageSize, 2 * pageSize + 1))
        arena.release(try vmo.takePages(PageRange(3, 4)))
        _ = try vmo.makeClone(
            .snapshot,
            offset: 4 * pageSize,
            size: pageSize,
            isResizable: false,
            ofSlice: false
        )
        try vmo.setSize(6 * pageSize)
        #expect(
            observer.take() == [
                .all(PageRange(0, 1)), .all(PageRange(1, 2)), .all(PageRange(3, 4)),
                .write(PageRange(4, 5)), .all(PageRange(6, 8)),
            ]
        )
    }
}

/// A parent as large as can be, all of whose bytes are 1.
private final class HugeParent: CloneParent {
    let size = UntrackedVMO.sizeMax

    func withPage(
        _ page: UInt64,
        requestEnd: UInt64,
        isWanted: () -> Bool,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) {
        let bytes = [UInt8](repeating: 1, count: Int(pageSize))
        // SAFETY: the bytes live for the call.
        unsafe bytes.withUnsafeBytes { buffer in unsafe body(buffer) }
    }

    func interruptWait(of thread: UInt) {}

    func addClone(_ clone: UntrackedVMO) {}
}

/// Keeps what a VMO tells its mappings.
final class RecordingObserver: MappingObserver {
    enum Event: Equatable {
        case write(PageRange)
        case all(PageRange)
    }

    private let events = Guarded([Event](), rank: .leaf)

    func revokeWrite(_ pages: PageRange) {
        events.withLock { $0.append(.write(pages)) }
    }

    func revokeAll(_ pages: PageRange) {
        events.withLock { $0.append(.all(pages)) }
    }

    /// What was told since the last call.
    func take() -> [Event] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
