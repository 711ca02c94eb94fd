import Support
import Testing

@testable import VMCore

/// A small generator of random numbers that is the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Supplies what the model's pager has.
final class ModelSource: PageSource {
    private let model: Guarded<VMOModel>

    init(_ model: Guarded<VMOModel>) {
        self.model = model
    }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        for page in pages.start..<pages.end {
            try supply(page, to: vmo)
        }
    }

    /// Supplies one page, zeros as a Marker.
    func supply(_ page: UInt64, to vmo: VirtualMemoryObject) throws(Status) {
        let bytes = model.withLock { $0.backingBytes(page) }
        let one = PageRange(start: page, count: 1)
        if bytes == VMOModel.zeros {
            try vmo.supplyZeros(one)
            return
        }
        let batch = vmo.pager.arena.take(1)
        for run in batch.runs {
            // SAFETY: the batch owns the run.
            unsafe vmo.pager.arena.bytes(of: run).copyBytes(from: bytes)
        }
        try vmo.supply(one, from: batch)
    }
}

/// One VMO and its model, which random operations change alike.
final class ModelRun {
    let arena: FrameArena
    let pager: Pager
    let model: Guarded<VMOModel>
    let source: ModelSource
    let vmo: VirtualMemoryObject
    var random: SplitMix
    /// Where operations happen: the first pages of neighbourhoods.
    let places: [UInt64]
    let seed: UInt64
    var step = 0
    var operation = ""
    /// A lease kept over some steps, and what it must show all the while.
    var lease: Kept?

    final class Kept {
        let lease: PageLease
        let bytes: [UInt8]

        init(_ lease: consuming PageLease) {
            self.lease = lease
            bytes = Kept.read(self.lease)
        }

        var isUnchanged: Bool { Kept.read(lease) == bytes }

        static func read(_ lease: borrowing PageLease) -> [UInt8] {
            var bytes: [UInt8] = []
            for segment in lease.segments {
                guard let frames = segment.frames else {
                    bytes += repeatElement(0, count: Int(segment.pages.count * pageSize))
                    continue
                }
                // SAFETY: the lease pins the frames.
                unsafe bytes.append(contentsOf: lease.arena.bytes(of: frames))
            }
            return bytes
        }
    }

    init(seed: UInt64, size: UInt64, places: [UInt64]) throws {
        self.seed = seed
        self.places = places
        random = SplitMix(state: seed)
        arena = try FrameArena(frameCount: 4096)
        pager = Pager(arena: arena)
        model = Guarded(VMOModel(size: size), rank: .leaf)
        source = ModelSource(model)
        vmo = try pager.createVMO(size: size * pageSize, options: .resizable, source: source)
    }

    /// Pages in the VMO near one of the places; may be empty where the VMO is.
    func pickPages(_ countMax: UInt64 = 12) -> Range<UInt64> {
        let size = model.withLock { $0.size }
        let start = min(pickPlace() + pick(24), size)
        return start..<min(size, start + pick(countMax + 1))
    }

    func pick(_ bound: UInt64) -> UInt64 { UInt64.random(in: 0..<bound, using: &random) }

    /// Says where a difference was seen.
    var context: Comment { "seed \(seed), step \(step): \(operation)" }

    /// Runs `body` on the model.
    func change<Result>(_ body: (inout VMOModel) -> Result) -> Result {
        model.withLock(body)
    }

    /// One of the places.
    func pickPlace() -> UInt64 { places[Int(pick(UInt64(places.count)))] }
}

extension PageRange {
    init(_ range: Range<UInt64>) {
        self.init(range.lowerBound, range.upperBound)
    }
}
