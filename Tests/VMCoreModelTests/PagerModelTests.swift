// Random events on a VMO whose pager is at a port, with up to three threads that wait for it, and
// on an oracle that is written straight from the contract.
//
// Goal: the whole state machine, with requests outstanding, does what the contract says. Method:
// every event is a call on a handle table; after each, once every thread is over or waits, all that
// can be seen must be what the oracle says in one of the orders in which the threads may have gone
// on: slots, intervals, content, dirty ranges, counts, the modified flag, who waits and with what
// calls ended, and the packets that the pager reads.

import Support
import Testing

@testable import VMCore

@Suite("Pager at a port against its oracle")
struct PagerModelTests {
    @Test(
        "the state machine does what the oracle does",
        arguments: [true, false],
        1...40 as ClosedRange<UInt64>
    )
    func random(traps: Bool, seed: UInt64) throws {
        let arena: FrameArena
        do {
            let run = try PagerModelRun(seed: seed, traps: traps)
            arena = run.arena
            for _ in 0..<300 { try run.doStep() }
            try run.finish()
        }
        #expect(arena.freeCount == arena.frameCount)
        #expect(!arena.hasPins)
    }
}

extension PagerModelRun {
    /// Detaches and closes the VMO: all calls end, and the last packet is COMPLETE.
    func finish() throws {
        try detach()
        #expect(calls.isEmpty, context)
        while !pins.isEmpty { try unpin() }
        try readPackets(.max)
        try table.close(vmo)
        #expect(throws: Status.timedOut) { try table.portWait(port, deadline: 0) }
    }
}
