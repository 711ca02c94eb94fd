import Support
import Synchronization
import SystemPackage
import VMCore
import Writeback

/// A file whose backing is an array of bytes, with a record of what was done to it.
final class MemoryTarget: WritebackTarget, PageSource {
    struct State {
        var bytes: [UInt8] = []
        var writes: [PageRange] = []
        var zeroed: [PageRange] = []
        var failures: [Errno] = []
        var zeroFailures: [Errno] = []
        var endCount = 0
        var flushCount = 0
        var onWrite: (@Sendable () -> Void)?
    }

    let vmo: VirtualMemoryObject
    let gate = TicketGate()
    let label: String
    let state = Guarded(State(), rank: .leaf)
    let isKept = Atomic(true)

    init(_ label: String, pager: Pager? = nil, pageCount: UInt64 = 64) throws {
        self.label = label
        let pager = try pager ?? Pager(arena: FrameArena(frameCount: 1024))
        vmo = try pager.createVMO(
            size: pageCount * pageSize,
            options: .resizable,
            source: EmptySource()
        )
        state.withLock { $0.bytes = [UInt8](repeating: 0xee, count: Int(pageCount * pageSize)) }
    }

    var isWorthKeeping: Bool { isKept.load(ordering: .relaxed) }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        try vmo.supplyZeros(pages)
    }

    func write(_ lease: borrowing PageLease) throws(FlushFailure) -> UInt64 {
        state.withLock { $0.onWrite }?()
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw FlushFailure(errno: failure, offset: 0, length: 0) }
        var written: UInt64 = 0
        for segment in lease.segments {
            guard let frames = segment.frames else { continue }
            let memory = unsafe Array(lease.arena.bytes(of: frames))
            let start = Int(segment.pages.bytes.start)
            state.withLock { state in
                state.bytes.replaceSubrange(start..<start + memory.count, with: memory)
                state.writes.append(segment.pages)
            }
            written += UInt64(memory.count)
        }
        return written
    }

    func makeZero(_ pages: PageRange) throws(FlushFailure) -> UInt64 {
        let failure = state.withLock { state in
            state.zeroFailures.isEmpty ? nil : state.zeroFailures.removeFirst()
        }
        if let failure { throw FlushFailure(errno: failure, offset: 0, length: 0) }
        state.withLock { state in
            state.zeroed.append(pages)
            for index in Int(pages.bytes.start)..<Int(pages.bytes.end) { state.bytes[index] = 0 }
        }
        return 0
    }

    func willFlushInBackground() {}
    func willEndWriteback() { state.withLock { $0.endCount += 1 } }
    func writeAttributes(isSync: Bool) throws(FlushFailure) {}
    func flushDidEnd(_ failure: FlushFailure?) { state.withLock { $0.flushCount += 1 } }

    /// Fills pages with a byte.
    func fill(_ pages: PageRange, with byte: UInt8) throws {
        let bytes = [UInt8](repeating: byte, count: Int(pages.bytes.count))
        var frames = vmo.pager.arena.take(Int(pages.count))
        _ = try unsafe bytes.withUnsafeBytes { bytes in
            unsafe try vmo.write(
                bytes,
                at: pages.bytes.start,
                frames: &frames,
                absentPages: .blank
            )
        }
    }

    func byte(ofPage number: UInt64) -> UInt8 {
        state.withLock { $0.bytes[Int(number * pageSize)] }
    }
}

/// Answers page requests with zeros.
private final class EmptySource: PageSource {
    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        try vmo.supplyZeros(pages)
    }
}
