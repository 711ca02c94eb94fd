// A parent that tests can script, and what they do with VMOs without dirty tracking.

import Support
import SystemPackage

@testable import VMCore

/// A root for clones: pages of one byte each, or absent ones that fail; keeps what it was asked.
final class ScriptedParent: CloneParent {
    private struct State {
        /// The byte that fills each page; nil for zeros.
        var pages: [UInt8?]
        var failure: Status?
        var asked: [PageRange] = []
        var clones: [UntrackedVMO] = []
        var interruption: (@Sendable () -> Void)?
    }

    private let state: Guarded<State>

    /// Makes a parent whose page number `i` is filled with `i + 1`.
    init(pages: Int) {
        state = Guarded(
            State(pages: (0..<pages).map { UInt8(truncatingIfNeeded: $0 + 1) }),
            rank: .vmo
        )
    }

    var size: UInt64 { state.withLock { UInt64($0.pages.count) * pageSize } }

    /// The ranges that looks at the parent could have requested, since this was last read.
    func takeAsked() -> [PageRange] {
        state.withLock { state in
            defer { state.asked = [] }
            return state.asked
        }
    }

    /// Fills a page with `byte`.
    func fill(_ page: Int, with byte: UInt8?) {
        state.withLock { $0.pages[page] = byte }
    }

    /// The byte that fills a page.
    func byte(_ page: Int) -> UInt8 {
        state.withLock { page < $0.pages.count ? $0.pages[page] ?? 0 : 0 }
    }

    /// Makes looks fail, or work again.
    func fail(with status: Status?) {
        state.withLock { $0.failure = status }
    }

    /// Has `body` run, with no lock held, once somebody has looked at a page next.
    func interruptNextLook(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.interruption = body }
    }

    /// Changes the number of pages; new ones are filled with `byte`.
    func resize(to count: Int, filling byte: UInt8) {
        let clones = state.withLock { state in
            state.pages = (0..<count).map { $0 < state.pages.count ? state.pages[$0] : byte }
            return state.clones
        }
        for clone in clones { clone.parentShrank(to: UInt64(count)) }
    }

    /// Forgets the clones, which otherwise live as long as this.
    func forgetClones() {
        let clones = state.withLock { state in
            defer { state.clones = [] }
            return state.clones
        }
        _ = clones.count
    }

    func interruptWait(of thread: UInt) {}

    func addClone(_ clone: UntrackedVMO) {
        state.withLock { $0.clones.append(clone) }
    }

    func withPage(
        _ page: UInt64,
        requestEnd: UInt64,
        isWanted: () -> Bool,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) throws(Status) {
        let interruption = try state.withLock {
            (state: inout State) throws(Status) -> (@Sendable () -> Void)? in
            state.asked.append(PageRange(page, requestEnd))
            if let failure = state.failure { throw failure }
            guard page < state.pages.count else { throw .outOfRange }
            if let byte = state.pages[Int(page)] {
                let bytes = [UInt8](repeating: byte, count: Int(pageSize))
                // SAFETY: the bytes live for the call.
                unsafe bytes.withUnsafeBytes { buffer in unsafe body(buffer) }
            } else {
                body(nil)
            }
            defer { state.interruption = nil }
            return state.interruption
        }
        interruption?()
    }

    /// A clone of a part of this.
    func clone(
        of pages: PageRange,
        isResizable: Bool = true,
        arena: FrameArena
    ) -> UntrackedVMO {
        UntrackedVMO(
            cloneOf: self,
            offset: pages.start * pageSize,
            rootOffset: pages.start * pageSize,
            size: pages.count * pageSize,
            isResizable: isResizable,
            arena: arena
        )
    }
}

extension UntrackedVMO {
    /// Makes a VMO of `pages` pages.
    convenience init(pages: UInt64, isResizable: Bool = true, arena: FrameArena) throws(Status) {
        try self.init(size: pages * pageSize, isResizable: isResizable, arena: arena)
    }

    /// The bytes of a range.
    func read(_ bytes: ByteRange) throws(Status) -> [UInt8] {
        var result: [UInt8] = []
        try unsafe read(bytes) { piece in
            unsafe result.append(contentsOf: piece)
            return true
        }
        return result
    }

    /// The first byte of each page of a range.
    func firstBytes(_ pages: PageRange) throws(Status) -> [UInt8] {
        let bytes = try read(pages.bytes)
        return stride(from: 0, to: bytes.count, by: Int(pageSize)).map { bytes[$0] }
    }

    /// Writes `bytes` from `offset` on.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(Status) {
        var done = 0
        try unsafe write(ByteRange(offset, offset + UInt64(bytes.count))) { buffer in
            // SAFETY: as many bytes are left as the buffer has room for.
            unsafe buffer.copyBytes(from: bytes[done..<done + buffer.count])
            done += buffer.count
            return buffer.count
        }
    }

    /// Fills whole pages with `byte`.
    func fill(_ pages: PageRange, with byte: UInt8) throws(Status) {
        try write(
            [UInt8](repeating: byte, count: Int(pages.bytes.count)),
            at: pages.bytes.start
        )
    }
}

extension FrameArena {
    /// Gives the frames of runs that `takePages` moved out back.
    func release(_ runs: [SupplyRun]) {
        release(runs.compactMap(\.frames))
    }
}
