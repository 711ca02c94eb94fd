internal import Storage
internal import Support
internal import SystemPackage
internal import VMCore
internal import Writeback

/// Answers whether the backing file system has room for pages that are about to become dirty, so
/// that a full disk is reported at write(2) and not when the data can no longer go anywhere.
///
/// The room is what statvfs said at the last look, less the data written back since, less the
/// pages dirty now (each may need a block), less the writes on their way. It errs on the side of
/// refusing: a page that overwrites an allocated block needs no room, but counts until the next
/// look. So before it refuses, the file system flushes and looks again.
///
/// Thread safety: any thread.
final class SpaceLedger: Sendable {
    /// Room kept for the backing file system's own blocks: one byte in 64 of what is promised.
    private static let metadataShare: UInt64 = 64
    /// And a fixed part for a directory, an inode, a journal's worth of small things.
    private static let metadataBytes: UInt64 = 256 << 10
    /// With less than this left the next look is due at once; a statvfs costs a microsecond.
    private static let closeLookBytes: UInt64 = 256 << 20
    /// With more than that left, looks are a second apart.
    private static let lookNanoseconds: UInt64 = 1_000_000_000

    /// More pages than any file system has room for count as so many, which keeps sums in bounds.
    private static let promisedPagesMax = 1 << 44

    private let root: StoreNode
    private let engine: WritebackEngine
    private let clock: any TimeSource
    private let pending = Counter()
    private let look = Guarded(Look(), rank: .ledger)

    private struct Look {
        var bytesAvailable: UInt64 = 0
        var flushedBytes: UInt64 = 0
        var nextLook: UInt64 = 0
    }

    init(root: StoreNode, engine: WritebackEngine, clock: any TimeSource) {
        self.root = root
        self.engine = engine
        self.clock = clock
    }

    /// Promises room for `pages` more dirty pages, to be given back with `settle` once they are
    /// dirty and count by themselves.
    ///
    /// False if there is none.
    func reserve(pages: Int) -> Bool {
        let pages = min(pages, Self.promisedPagesMax)
        let promised = UInt64(pending.add(pages)) * pageSize + engine.dirtyBytes
        let needed = promised + promised / Self.metadataShare + Self.metadataBytes
        if needed <= room() || needed <= lookAgain() { return true }
        pending.add(-pages)
        return false
    }

    /// Gives back a promise whose pages are dirty now, or were not needed.
    func settle(pages: Int) {
        pending.add(-min(pages, Self.promisedPagesMax))
    }

    /// Bytes available at the last look, less what was written since; 0 if a look is due.
    private func room() -> UInt64 {
        let now = clock.now
        return look.withLock { look in
            if now >= look.nextLook { return 0 }
            // Read under the lock: what was flushed before another thread's look is in that look.
            let flushed = UInt64(engine.statistics.flushedBytes.value)
            let spent = flushed - look.flushedBytes
            let room = look.bytesAvailable - min(spent, look.bytesAvailable)
            return room < Self.closeLookBytes ? 0 : room
        }
    }

    private func lookAgain() -> UInt64 {
        let flushed = UInt64(engine.statistics.flushedBytes.value)
        guard let statistics = try? root.statistics() else { return .max }
        let available = statistics.bytesAvailable
        let next = clock.now + Self.lookNanoseconds
        look.withLock { look in
            look.bytesAvailable = available
            look.flushedBytes = flushed
            look.nextLook = next
        }
        return available
    }
}
