import Storage
import Support
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

/// What the ledger says of the room that is left.
struct SpaceLedgerTests {
    /// A clock that lets other threads run just before it answers.
    private final class InterruptedClock: TimeSource {
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

    /// While a thread asks for room, another one may flush, and look at the file system after that.
    @Test func aLookFromAfterAFlushThatTheAskerHasNotSeen() throws {
        let directory = try TemporaryDirectory()
        let pager = Pager(arena: try FrameArena(frameCount: 16))
        let engine = WritebackEngine(pager: pager, limits: WritebackLimits(memoryBytes: 1 << 16))
        let clock = InterruptedClock()
        let ledger = SpaceLedger(
            root: try DirectoryStore(path: directory.path).root,
            engine: engine,
            clock: clock
        )
        #expect(ledger.reserve(pages: 1))
        clock.interruption.withLock { interruption in
            interruption = {
                engine.statistics.flushedBytes.add(4096)
                // More than there can be, so that it has to look.
                #expect(!ledger.reserve(pages: 1 << 48))
            }
        }
        #expect(ledger.reserve(pages: 1))
        ledger.settle(pages: 2)
    }
}
