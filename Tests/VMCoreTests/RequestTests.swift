// Page requests: what the source is asked for, who waits, how requests end.

import Support
import SystemPackage
import Testing

@testable import VMCore

/// A source whose answers are closures.
final class ClosureSource: PageSource {
    typealias Answer = @Sendable (PageRange, VirtualMemoryObject) throws(Status) -> Void
    private let answer: Answer

    init(_ answer: @escaping Answer) {
        self.answer = answer
    }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        try answer(pages, vmo)
    }
}

/// A door that threads wait at until it is opened.
final class Gate: Sendable {
    private let isOpen = Guarded(false, rank: .leaf)

    func open() {
        isOpen.withLock { $0 = true }
        isOpen.wakeAll()
    }

    func pass() {
        _ = isOpen.wait { $0 ? true : nil }
    }
}

@Suite("Page requests")
struct RequestTests {
    private func pages(_ start: UInt64, _ end: UInt64) -> PageRange { PageRange(start, end) }

    @Test("a read of many pages is one request, cut around what is there")
    func readRequests() throws {
        let fixture = try Fixture()
        let vmo = try fixture.makeVMO(pages: 32)
        _ = try vmo.read(pages(10, 12))
        _ = try vmo.read(pages(0, 32))
        #expect(fixture.source.requests == [pages(10, 12), pages(0, 10), pages(12, 32)])
        #expect(fixture.pager.statistics.readRequests.value == 3)
        #expect(fixture.pager.statistics.suppliedPages.value == 32)
        var expected: [UInt8] = []
        for word in 0..<UInt64(32 * 512) {
            for byte in 0..<UInt64(8) { expected.append(UInt8((77 + word) >> (8 * byte) & 255)) }
        }
        #expect(try vmo.read(pages(0, 32)) == expected)
    }

    @Test("the tracker trims a request on the left of another and attaches it on the right")
    func overlap() throws {
        var tracker = PageRequestTracker(.read, queue: nil)
        guard case .ask(let first) = tracker.admit(pages(8, 24)),
            case .ask(let left) = tracker.admit(pages(0, 32)),
            case .wait(let attached) = tracker.admit(pages(10, 40)),
            case .wait(let inside) = tracker.admit(pages(9, 12)),
            case .ask(let right) = tracker.admit(pages(24, 32))
        else {
            Issue.record("a request was admitted the wrong way")
            return
        }
        #expect(left.pages == pages(0, 8))
        #expect(attached === first)
        #expect(inside === first)
        #expect(right.pages == pages(24, 32))
        let leftWaited = tracker.resolve(pages(0, 8))
        #expect(!leftWaited)
        #expect(left.outcome == .resolved)
        _ = tracker.resolve(pages(0, 16))
        #expect(first.pendingCount == 8)
        let nothingWaited = tracker.fail(pages(20, 20), .io)
        #expect(!nothingWaited, "no page is in no request")
        #expect(first.outcome == nil)
        let firstWaited = tracker.fail(pages(23, 25), .io)
        #expect(firstWaited)
        #expect(first.outcome == .failed(.io))
        #expect(right.outcome == .failed(.io))
        #expect(tracker.isEmpty)
    }

    @Test("threads that fault on a page under way wait for the one request and get its error")
    func waitersShareErrors() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let gate = Gate()
        let calls = Counter()
        let source = ClosureSource { (_, _) throws(Status) in
            calls.add(1)
            gate.pass()
            throw .ioDataIntegrity
        }
        let vmo = try pager.createVMO(size: 8 * pageSize, options: [], source: source)
        let failures = Counter()
        let threads = (0..<6).map { index in
            WorkerThread("reader") {
                do throws(Status) {
                    _ = try vmo.leaseForRead(PageRange(index < 3 ? 0 : 2, 8))
                } catch {
                    if error == .ioDataIntegrity { failures.add(1) }
                }
            }
        }
        while vmo.waiterRequests == 0 { continue }
        gate.open()
        for thread in threads { thread.join() }
        #expect(failures.value == 6)
        #expect(calls.value >= 1)
    }

    @Test("OpZeroUnblocksReadRequest: a reader wakes when its page is zeroed, before the source")
    func zeroUnblocks() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let entered = Gate()
        let gate = Gate()
        let source = ClosureSource { (pages, vmo) throws(Status) in
            entered.open()
            gate.pass()
            try vmo.supplyZeros(pages)
        }
        let vmo = try pager.createVMO(size: 2 * pageSize, options: [], source: source)
        let asking = WorkerThread("asking") { _ = try? vmo.leaseForRead(PageRange(0, 1)) }
        entered.pass()
        let zeros = Gate()
        let waiting = WorkerThread("waiting") {
            if let bytes = try? vmo.read(PageRange(0, 1)), bytes.allSatisfy({ $0 == 0 }) {
                zeros.open()
            }
        }
        while vmo.waiterRequests == 0 { continue }
        _ = try vmo.zero(PageRange(0, 1))
        waiting.join()
        zeros.pass()
        gate.open()
        asking.join()
        #expect(try vmo.dirtyRanges() == [.zero(0, 1)])
    }

    @Test("ReadResizeTest: a read of pages that a shrink takes away is out of range")
    func readResize() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let source = ClosureSource { (_, vmo) throws(Status) in _ = try vmo.resize(to: 0) }
        let vmo = try pager.createVMO(size: 2 * pageSize, options: .resizable, source: source)
        #expect(throws: Status.outOfRange) { try vmo.read(PageRange(0, 2)) }
    }

    @Test("ResizeCommitTest: a shrink counts only the gaps that it cuts off")
    func resizeCommit() throws {
        var tracker = PageRequestTracker(.read, queue: nil)
        guard case .ask(let request) = tracker.admit(pages(0, 3)) else {
            Issue.record("not asked")
            return
        }
        _ = tracker.resolve(pages(2, 3))
        #expect(tracker.outstanding(in: pages(1, 3)) == [pages(1, 3)])
        _ = tracker.resolve(pages(1, 2))
        #expect(request.outcome == nil)
        _ = tracker.resolve(pages(0, 1))
        #expect(request.outcome == .resolved)
    }

    @Test("a source that supplies nothing and says nothing fails the request")
    func brokenSource() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let source = ClosureSource { (_, _) throws(Status) in }
        let vmo = try pager.createVMO(size: pageSize, options: [], source: source)
        #expect(throws: Status.badState) { try vmo.read(PageRange(0, 1)) }
    }

    @Test("what a source read before the page was written, flushed and evicted is not supplied")
    func staleSupply() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let calls = Counter()
        let pattern = PatternSource()
        let source = ClosureSource { (pages, vmo) throws(Status) in
            let batch = pattern.patternFrames(PageRange(0, 2), vmo.pager.arena)
            if calls.add(1) == 1 {
                // Meanwhile somebody else writes page 1, and it is written back and evicted.
                try vmo.fill(PageRange(1, 2), with: 5, absentPages: .blank)
                try vmo.beginWriteback(PageRange(1, 2), isZero: false)
                try vmo.endWriteback(PageRange(1, 2))
                guard vmo.evictClean(8) == 1 else { throw .badState }
            }
            try vmo.supply(PageRange(0, 2), from: batch)
        }
        let vmo = try pager.createVMO(size: 2 * pageSize, options: [], source: source)
        _ = try vmo.leaseForRead(PageRange(0, 1))
        #expect(vmo.extent(at: 1).kind != .data)
        _ = try vmo.leaseForRead(PageRange(0, 2))
        #expect(calls.value == 2)
        #expect(vmo.counts.resident == 2)
    }

    @Test("what a source read before the page was zeroed and flushed is not supplied")
    func staleSupplyAfterZero() throws {
        let arena = try FrameArena(frameCount: 64)
        let pager = Pager(arena: arena)
        let calls = Counter()
        let pattern = PatternSource()
        let source = ClosureSource { (pages, vmo) throws(Status) in
            guard calls.add(1) == 1 else {
                try vmo.supplyZeros(pages)
                return
            }
            let batch = pattern.patternFrames(pages, vmo.pager.arena)
            _ = try vmo.zero(pages)
            try vmo.beginWriteback(pages, isZero: true)
            try vmo.endWriteback(pages)
            try vmo.supply(pages, from: batch)
        }
        let vmo = try pager.createVMO(size: pageSize, options: [], source: source)
        #expect(try vmo.read(PageRange(0, 1)) == [UInt8](repeating: 0, count: 4096))
        #expect(calls.value == 2)
    }
}

extension VirtualMemoryObject {
    /// Requests that some thread besides the asking one waits for.
    var waiterRequests: Int {
        state.withLock { $0.reads.waitedForCount }
    }
}
