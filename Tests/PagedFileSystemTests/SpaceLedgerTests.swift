// Goal: promises of room hold while others look, too.
// Method: a clock that is asked between two steps of one thread, and lets another one come between.
import Storage
import Support
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("SpaceLedger")
struct SpaceLedgerTests {
    /// A clock that runs code when it is asked for the time.
    final class Clock: TimeSource {
        let interruption = Guarded<(@Sendable () -> Void)?>(nil, rank: .leaf)

        var now: UInt64 {
            let interruption = interruption.withLock { interruption in
                defer { interruption = nil }
                return interruption
            }
            interruption?()
            return 1
        }
    }

    @Test("another look meanwhile, after more was written back, does no harm")
    func looksMeanwhile() throws {
        let directory = try TemporaryDirectory()
        let store = try DirectoryStore(path: directory.path)
        let engine = WritebackEngine(
            pager: Pager(arena: try FrameArena(frameCount: 16)),
            limits: WritebackLimits(memoryBytes: 16 * pageSize)
        )
        let clock = Clock()
        let ledger = SpaceLedger(root: store.root, engine: engine, clock: clock)
        #expect(ledger.reserve(pages: 1))
        clock.interruption.withLock { interruption in
            interruption = {
                engine.statistics.flushedBytes.add(Int(pageSize))
                // More than there is: refused, after a look.
                #expect(!ledger.reserve(pages: 1 << 50))
            }
        }
        #expect(ledger.reserve(pages: 1))
    }
}
