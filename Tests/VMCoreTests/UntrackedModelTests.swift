// Random operations on trees of VMOs without dirty tracking, held against `UntrackedModel`.
//
// After each operation the VMO it was done to and one other must read as the oracle says and keep
// their invariants; at the end every frame must be free again.

import Support
import TestSupport
import Testing

@testable import VMCore

/// One run of the model test.
private final class TreeRun {
    private let arena: FrameArena
    private let root = ScriptedParent(pages: 520)
    private var models: [UntrackedModel] = []
    private var random: SeededGenerator
    private var rootPages = 520

    init(seed: UInt64) throws {
        arena = try FrameArena(frameCount: 8192)
        random = SeededGenerator(seed: seed)
    }

    func run(_ count: Int) throws {
        for _ in 0..<count {
            if models.count < 3 { try addVMO() }
            let model = pick()
            try step(model)
            try check(model)
            try check(pick())
        }
        models = []
        root.forgetClones()
        #expect(arena.freeCount == arena.frameCount)
    }

    private func pick() -> UntrackedModel {
        models[Int.random(in: 0..<models.count, using: &random)]
    }

    private func addVMO() throws {
        // Some lie across the border between two leaves of the page table.
        let focus: UInt64 = Bool.random(using: &random) ? 506 : 0
        let size = (focus + .random(in: 0...10, using: &random)) * pageSize
        if Bool.random(using: &random) {
            let vmo = try UntrackedVMO(size: size, isResizable: true, arena: arena)
            models.append(UntrackedModel(vmo, size: size, focus: focus))
        } else {
            let first = UInt64.random(in: 0...12, using: &random)
            let pages = PageRange(start: first, count: size / pageSize)
            let model = UntrackedModel(
                root.clone(of: pages, arena: arena),
                size: size,
                focus: focus
            )
            let visible = UInt64(rootPages) > first ? UInt64(rootPages) - first : 0
            model.show(.root(root), from: first, limit: visible)
            models.append(model)
        }
    }

    /// A range of pages near the focus, inside the VMO.
    private func somePages(_ model: UntrackedModel) -> PageRange {
        let first = min(model.sizePages, model.focus + .random(in: 0...9, using: &random))
        let count = UInt64.random(in: 0...min(4, model.sizePages - first), using: &random)
        return PageRange(start: first, count: count)
    }

    /// A range of bytes near the focus, inside the VMO.
    private func someBytes(_ model: UntrackedModel) -> ByteRange {
        let bytes = somePages(model).bytes
        if bytes.isEmpty || Bool.random(using: &random) { return bytes }
        let start = UInt64.random(in: bytes.start..<bytes.end, using: &random)
        return ByteRange(start, .random(in: start...bytes.end, using: &random))
    }

    private func step(_ model: UntrackedModel) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35:
            let range = someBytes(model)
            let bytes = random.bytes(Int(range.count))
            try model.vmo.write(bytes, at: range.start)
            model.write(bytes, at: range.start)
        case 35..<40:
            try pin(model)
        case 40..<55:
            let range = someBytes(model)
            try model.vmo.zero(range)
            model.zero(range)
        case 55..<65:
            let pages = somePages(model)
            try model.vmo.commit(pages)
            model.commit(pages)
        case 65..<70:
            try decommit(model)
        case 70..<75:
            try take(model)
        case 75..<83:
            try resize(model)
        case 83..<93:
            try clone(model)
        case 93..<96:
            root.fill(.random(in: 0..<rootPages, using: &random), with: random.bytes(1)[0])
        case 96..<97:
            resizeRoot()
        default:
            models.removeAll { $0 === model }
            if models.isEmpty { try addVMO() }
        }
    }

    private func pin(_ model: UntrackedModel) throws {
        if let last = model.pins.popLast() {
            last.pin.unpin()
            return
        }
        let pages = somePages(model)
        if pages.isEmpty { return }
        model.pins.append((pages, try model.vmo.pin(pages, forWrite: Bool.random(using: &random))))
        model.commit(pages)
    }

    private func decommit(_ model: UntrackedModel) throws {
        let pages = somePages(model)
        if case .none = model.parent {
            if model.hasPins(in: pages) {
                #expect(throws: Status.badState) { try model.vmo.decommit(pages) }
                return
            }
            try model.vmo.decommit(pages)
            for page in pages.start..<pages.end { model.clear(page) }
        } else {
            #expect(throws: Status.notSupported) { try model.vmo.decommit(pages) }
        }
    }

    private func take(_ model: UntrackedModel) throws {
        let pages = somePages(model)
        if model.hasPins(in: pages) {
            #expect(throws: Status.badState) { _ = try model.vmo.takePages(pages) }
            return
        }
        let before = model.bytes(pages.bytes)
        let runs = try model.vmo.takePages(pages)
        var bytes: [UInt8] = []
        var next = pages.start
        for run in runs {
            #expect(run.pages.start == next)
            next = run.pages.end
            if let frames = run.frames {
                #expect(UInt64(frames.count) == run.pages.count)
                // SAFETY: the run owns the frames.
                unsafe bytes.append(contentsOf: arena.bytes(of: frames))
            } else {
                bytes += [UInt8](repeating: 0, count: Int(run.pages.bytes.count))
            }
        }
        #expect(bytes == before)
        #expect(next == pages.end)
        arena.release(runs)
        for page in pages.start..<pages.end { model.clear(page) }
    }

    private func resize(_ model: UntrackedModel) throws {
        let size = (model.focus + 10) * pageSize
        let bytes = UInt64.random(in: (size / 2)...size, using: &random)
        let pages = pageCount(coveringBytes: bytes)
        if pages < model.sizePages, model.hasPins(in: PageRange(pages, model.sizePages)) {
            #expect(throws: Status.badState) { try model.vmo.setSize(bytes) }
            return
        }
        try model.vmo.setSize(bytes)
        model.resize(to: bytes, children: models)
    }

    private func resizeRoot() {
        rootPages = Int.random(in: 0...524, using: &random)
        root.resize(to: rootPages, filling: random.bytes(1)[0])
        for model in models {
            guard case .root = model.parent else { continue }
            let pages = UInt64(rootPages)
            model.cutParent(at: pages > model.offset ? pages - model.offset : 0)
        }
    }

    private func clone(_ model: UntrackedModel) throws {
        guard models.count < 9 else { return }
        let first = UInt64.random(in: 0...4, using: &random)
        let size = UInt64.random(in: 0...((model.focus + 10) * pageSize), using: &random)
        var isRooted = true
        if case .none = model.parent { isRooted = false }
        let kinds: [CloneKind] = [.snapshot, .snapshotModified, .snapshotAtLeastOnWrite]
        guard let kind = kinds.randomElement(using: &random) else { return }
        func make() throws(Status) -> UntrackedVMO {
            try model.vmo.makeClone(
                kind,
                offset: first * pageSize,
                size: size,
                isResizable: true,
                ofSlice: false
            )
        }
        if isRooted, kind == .snapshot {
            #expect(throws: Status.notSupported) { _ = try make() }
            return
        }
        let isCopy = !isRooted || kind != .snapshotAtLeastOnWrite
        if isCopy, !model.pins.isEmpty {
            #expect(throws: Status.badState) { _ = try make() }
            return
        }
        let vmo = try make()
        if !isCopy {
            let focus = model.focus > first ? model.focus - first : 0
            let clone = UntrackedModel(vmo, size: size, focus: focus)
            let visible = model.sizePages > first ? model.sizePages - first : 0
            clone.show(.model(model), from: first, limit: visible)
            models.append(clone)
        } else {
            models.append(model.copy(vmo, offset: first * pageSize, size: size))
        }
    }

    private func check(_ model: UntrackedModel) throws {
        let vmo = model.vmo
        #expect(vmo.checkInvariants() == [])
        #expect(vmo.size == model.sizePages * pageSize)
        #expect(vmo.streamSize == model.streamSize)
        #expect(vmo.residentPages == model.own.count)
        let start = min(model.sizePages, model.focus)
        let pages = PageRange(start, min(model.sizePages, start + 14))
        #expect(try vmo.read(pages.bytes) == model.bytes(pages.bytes))
    }
}

@Suite("VMOs without dirty tracking against a model")
struct UntrackedModelTests {
    @Test("trees of memory, clones and snapshots read as the oracle says", arguments: 1...12)
    func randomOperations(_ seed: UInt64) throws {
        print("UntrackedModelTests: seed \(seed)")
        try TreeRun(seed: seed).run(400)
    }
}
