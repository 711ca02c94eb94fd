// Threads on a pager-backed VMO, a clone of it, and a clone of that: writers that own pages and
// check them, one that makes snapshots, one that zeroes, commits and takes pages, one that shrinks
// and grows the VMO at the root.
//
// Goal: no write is lost or torn, a snapshot is of one moment, and nothing that the root lost comes
// back. Method: each page written is full of one byte, which only its owner chooses; every frame
// must be free at the end.

import Glibc
import Support
import Testing

@testable import VMCore

private final class CloneStress: Sendable {
    private let arena: FrameArena
    private let root: VirtualMemoryObject
    private let middle: UntrackedVMO
    private let leaf: UntrackedVMO
    private let rounds = 400
    /// What went wrong, one sentence each.
    private let faults = Guarded([String](), rank: .leaf)

    /// Pages of each clone that a writer owns, one page a writer.
    private static let owned = PageRange(0, 3)
    /// Pages of each clone with which nobody but one thread plays.
    private static let wild = PageRange(4, 20)
    /// Pages that the root always has.
    private static let rootPagesMin: UInt64 = 24

    init() throws {
        arena = try FrameArena(frameCount: 2048)
        let pager = Pager(arena: arena)
        root = try pager.createVMO(
            size: 64 * pageSize,
            options: .resizable,
            source: PatternSource()
        )
        middle = try root.makeClone(
            .snapshotAtLeastOnWrite,
            offset: 0,
            size: 64 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        leaf = try middle.makeClone(
            .snapshotAtLeastOnWrite,
            offset: 0,
            size: 64 * pageSize,
            isResizable: false,
            ofSlice: false
        )
    }

    private func check(_ isRight: Bool, _ fault: @autoclosure () -> String) {
        if !isRight {
            let fault = fault()
            faults.withLock { $0.append(fault) }
        }
    }

    /// Runs all threads; returns what went wrong.
    func run() -> [String] {
        var threads = [
            thread("snapshots") { stress, round in try stress.snapshot(round) },
            thread("root") { stress, round in try stress.resizeRoot(round) },
        ]
        for vmo in [middle, leaf] {
            threads.append(thread("wild") { stress, round in try stress.play(vmo, round) })
            for page in Self.owned.start..<Self.owned.end {
                let writer = thread("writer") { stress, round in
                    try stress.write(vmo, page, UInt8(truncatingIfNeeded: round + Int(page)))
                }
                threads.append(writer)
            }
        }
        for thread in threads { thread.join() }
        return faults.withLock { $0 } + middle.checkInvariants() + leaf.checkInvariants()
    }

    private func thread(
        _ name: String,
        _ body: @escaping @Sendable (CloneStress, Int) throws -> Void
    ) -> WorkerThread {
        WorkerThread(name) {
            for round in 0..<self.rounds {
                do {
                    try body(self, round)
                } catch {
                    self.check(false, "\(name): \(error)")
                }
            }
        }
    }

    /// Writes a page in two parts, which nobody else writes, and reads it back.
    private func write(_ vmo: UntrackedVMO, _ page: UInt64, _ byte: UInt8) throws {
        let bytes = [UInt8](repeating: byte, count: Int(pageSize))
        let half = Int(pageSize / 2)
        if byte % 2 == 0 {
            try vmo.write(bytes, at: page * pageSize)
        } else {
            try vmo.write([UInt8](bytes[..<half]), at: page * pageSize)
            try vmo.write([UInt8](bytes[half...]), at: page * pageSize + UInt64(half))
        }
        let seen = try vmo.read(PageRange(page, page + 1).bytes)
        check(seen == bytes, "page \(page) reads \(seen[0]) and not \(byte)")
    }

    /// A snapshot of the middle; waits for a moment at which none of its pages is pinned.
    private func makeSnapshot() throws(Status) -> UntrackedVMO {
        while true {
            do throws(Status) {
                return try middle.makeClone(
                    .snapshotModified,
                    offset: 0,
                    size: 4 * pageSize,
                    isResizable: true,
                    ofSlice: false
                )
            } catch {
                guard error == .badState else { throw error }
                sched_yield()
            }
        }
    }

    /// A snapshot of what the middle has changed does not change any more.
    private func snapshot(_ round: Int) throws {
        let snapshot = try makeSnapshot()
        let before = try snapshot.read(Self.owned.bytes)
        try write(snapshot, 3, UInt8(truncatingIfNeeded: round))
        check(try snapshot.read(Self.owned.bytes) == before, "a snapshot has changed")
        check(snapshot.checkInvariants().isEmpty, "a snapshot is broken")
    }

    private func play(_ vmo: UntrackedVMO, _ round: Int) throws {
        let start = Self.wild.start + UInt64(round % 8)
        let pages = PageRange(start, start + 1 + UInt64(round % 8))
        switch round % 5 {
        case 0:
            try vmo.zero(pages.bytes)
            let seen = try vmo.firstBytes(pages)
            check(seen.allSatisfy { $0 == 0 }, "zeros at \(pages) read \(seen)")
        case 1:
            try vmo.commit(pages)
        case 2:
            arena.release(try vmo.takePages(pages))
            check(try vmo.firstBytes(pages).allSatisfy { $0 == 0 }, "\(pages) was taken")
        case 3:
            try vmo.fill(pages, with: 200)
            check(try vmo.firstBytes(pages).allSatisfy { $0 == 200 }, "\(pages) was filled")
        default:
            let pin = try vmo.pin(pages, forWrite: true)
            try vmo.zero(pages.bytes)
            pin.unpin()
        }
    }

    /// Shrinks and grows the root: a clone made before shows zeros for what was cut off.
    private func resizeRoot(_ round: Int) throws {
        let clone = try root.makeClone(
            .snapshotModified,
            offset: Self.rootPagesMin * pageSize,
            size: 40 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        let grandchild = try clone.makeClone(
            .snapshotModified,
            offset: 0,
            size: 40 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        let left = UInt64(round % 20)
        try root.setSize((Self.rootPagesMin + left) * pageSize)
        try root.setSize(64 * pageSize)
        let cut = PageRange(left, 40)
        let grown = PageRange(Self.rootPagesMin + left, 64)
        try root.fill(grown, with: 77, absentPages: .blank)
        for vmo in [clone, grandchild] {
            check(try vmo.firstBytes(cut).allSatisfy { $0 == 0 }, "\(cut) came back")
        }
    }

    /// Whether every frame is free once nothing is left but the root without its pages.
    var isAtRest: Bool {
        root.discard()
        return arena.frameCount - arena.freeCount == middle.residentPages + leaf.residentPages
    }
}

@Suite("Threads on clones")
struct CloneStressTests {
    @Test("no write is lost, no snapshot changes, and nothing comes back that was cut off")
    func stress() throws {
        let stress = try CloneStress()
        #expect(stress.run() == [])
        #expect(stress.isAtRest)
    }

    @Test("a VMO that was shrunk by another thread grows only when its clones know")
    func growAfterShrink() throws {
        let arena = try FrameArena(frameCount: 512)
        let pager = Pager(arena: arena)
        let root = try pager.createVMO(
            size: 8 * pageSize,
            options: .resizable,
            source: PatternSource()
        )
        let middle = try root.makeClone(
            .snapshotModified,
            offset: 0,
            size: 8 * pageSize,
            isResizable: true,
            ofSlice: false
        )
        for vmo in [root, middle] as [any VMOContent] {
            #expect(try pageThatWasLost(of: vmo) == 0)
        }
        #expect(middle.checkInvariants() == [])
    }

    /// Shrinks `vmo` while a clone cannot be told, and tries to grow it; returns what the clone
    /// shows of a page that it had lost, once somebody writes it.
    private func pageThatWasLost(of vmo: any VMOContent) throws -> UInt8 {
        let clone = try vmo.makeClone(
            .snapshotAtLeastOnWrite,
            offset: 0,
            size: 8 * pageSize,
            isResizable: false,
            ofSlice: false
        )
        let isHeld = Guarded(false, rank: .leaf)
        let mayGo = Guarded(false, rank: .leaf)
        var threads = [
            WorkerThread("holder") {
                clone.state.withLock { _ in
                    isHeld.withLock { $0 = true }
                    while !mayGo.withLock({ $0 }) { sched_yield() }
                }
            }
        ]
        while !isHeld.withLock({ $0 }) { sched_yield() }
        threads.append(WorkerThread("shrinker") { try? vmo.setSize(2 * pageSize) })
        while vmo.size != 2 * pageSize { sched_yield() }
        threads.append(WorkerThread("grower") { try? vmo.setSize(8 * pageSize) })
        // The grower has all the time that it would need.
        for _ in 0..<2000 {
            sched_yield()
            if vmo.size != 2 * pageSize { Issue.record("it grew too early") }
        }
        mayGo.withLock { $0 = true }
        for thread in threads { thread.join() }
        #expect(vmo.size == 8 * pageSize)
        // SAFETY: the buffer is as long as it says.
        try unsafe vmo.write(PageRange(5, 6).bytes) { buffer in
            unsafe buffer.initializeMemory(as: UInt8.self, repeating: 99)
            return buffer.count
        }
        return try clone.firstBytes(PageRange(5, 6))[0]
    }
}
