import Support
import SystemPackage

@testable import VMCore

/// Supplies pages whose 64-bit word number `i` (counted over the VMO) holds `key + i`, as the
/// pager tests of Zircon do; keeps what it was asked for.
final class PatternSource: PageSource {
    let key: UInt64
    private let state = Guarded(State(), rank: .leaf)

    struct State {
        var requests: [PageRange] = []
        var failure: Status?
        var zeros = false
    }

    init(key: UInt64 = 77) {
        self.key = key
    }

    /// The requests so far.
    var requests: [PageRange] { state.withLock { $0.requests } }

    /// Makes the next requests fail, or work again.
    func fail(with status: Status?) {
        state.withLock { $0.failure = status }
    }

    /// Makes the next requests be answered with zeros.
    func supplyZeros(_ zeros: Bool) {
        state.withLock { $0.zeros = zeros }
    }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        let (failure, zeros) = state.withLock { state in
            state.requests.append(pages)
            return (state.failure, state.zeros)
        }
        if let failure { throw failure }
        if zeros {
            try vmo.supplyZeros(pages)
        } else {
            try vmo.supply(pages, from: patternFrames(pages, vmo.pager.arena))
        }
    }

    /// Frames with the pattern for `pages`.
    func patternFrames(_ pages: PageRange, _ arena: FrameArena) -> FrameBatch {
        let batch = arena.take(Int(pages.count))
        var word = pages.start * pageSize / 8
        for run in batch.runs {
            // SAFETY: the batch owns the run; words are aligned in frames.
            for slot in unsafe arena.bytes(of: run).bindMemory(to: UInt64.self).indices {
                unsafe arena.bytes(of: run).storeBytes(
                    of: key &+ word,
                    toByteOffset: slot * 8,
                    as: UInt64.self
                )
                word += 1
            }
        }
        return batch
    }
}

/// A pager with an arena of its own, and what the tests do with VMOs.
struct Fixture {
    let arena: FrameArena
    let pager: Pager
    let source: PatternSource

    init(frames: Int = 4096) throws {
        arena = try FrameArena(frameCount: frames)
        pager = Pager(arena: arena)
        source = PatternSource()
    }

    func makeVMO(
        pages: UInt64,
        options: VMOOptions = [.resizable]
    ) throws -> VirtualMemoryObject {
        try pager.createVMO(size: pages * pageSize, options: options, source: source)
    }

    /// Whether everything that VMOs hold has been given back.
    var isAtRest: Bool {
        let statistics = pager.statistics
        return arena.freeCount == arena.frameCount && !arena.hasPins
            && statistics.residentPages.value == 0 && statistics.dirtyPages.value == 0
            && statistics.dirtyZeroPages.value == 0 && statistics.awaitingCleanPages.value == 0
            && statistics.vmoCount.value == 0
    }
}

extension VirtualMemoryObject {
    /// Writes all of `bytes`, whatever it takes.
    @discardableResult
    func write(
        _ bytes: [UInt8],
        at offset: UInt64,
        absentPages: AbsentPages = .read
    ) throws(Status) -> WriteResult {
        var total = WriteResult()
        while total.byteCount < bytes.count || bytes.isEmpty {
            var frames = pager.arena.take(bytes.count / Int(pageSize) + 2)
            let done = total.byteCount
            var outcome: Result<WriteResult, Status> = .success(WriteResult())
            unsafe bytes.withUnsafeBytes { buffer in
                do throws(Status) {
                    // SAFETY: the buffer lives for the call.
                    outcome = .success(
                        try unsafe write(
                            UnsafeRawBufferPointer(rebasing: buffer[done...]),
                            at: offset + UInt64(done),
                            frames: &frames,
                            absentPages: absentPages
                        )
                    )
                } catch {
                    outcome = .failure(error)
                }
            }
            let result = try outcome.get()
            total.byteCount += result.byteCount
            total.dirtiedPages += result.dirtiedPages
            if let failure = result.failure { throw failure }
            if bytes.isEmpty { break }
            if result.byteCount == 0 { throw .noMemory }
        }
        return total
    }

    /// Writes `count` pages full of `byte`.
    @discardableResult
    func fill(
        _ pages: PageRange,
        with byte: UInt8,
        absentPages: AbsentPages = .read
    ) throws(Status) -> WriteResult {
        try write(
            [UInt8](repeating: byte, count: Int(pages.count * pageSize)),
            at: pages.start * pageSize,
            absentPages: absentPages
        )
    }

    /// The bytes of pages, through a lease.
    func read(_ pages: PageRange) throws(Status) -> [UInt8] {
        let lease = try leaseForRead(pages)
        var bytes: [UInt8] = []
        for segment in lease.segments {
            if let frames = segment.frames {
                // SAFETY: the lease pins the frames.
                unsafe bytes.append(contentsOf: lease.arena.bytes(of: frames))
            } else {
                bytes.append(
                    contentsOf: repeatElement(0, count: Int(segment.pages.count * pageSize))
                )
            }
        }
        return bytes
    }

    /// All dirty ranges in pages, `(start, count, isZero)`.
    func dirtyRanges() throws(Status) -> [DirtyRange] {
        try queryDirtyRanges(offset: 0, length: size, capacity: .max, countingAvailable: false)
            .ranges
    }
}

extension DirtyRange {
    /// A range of data, in pages.
    static func data(_ page: UInt64, _ count: UInt64) -> DirtyRange {
        DirtyRange(offset: page * pageSize, length: count * pageSize)
    }

    /// A range of zeros, in pages.
    static func zero(_ page: UInt64, _ count: UInt64) -> DirtyRange {
        DirtyRange(offset: page * pageSize, length: count * pageSize, options: isZero)
    }
}
