internal import Support
internal import VMCore

/// Keeps free frames with memory behind them, so that a fresh write does not stop at page faults:
/// they were the largest cost of it.
final class FramePrefaulter: Sendable {
    /// Frames kept ready: 64 MiB, a few hundredths of a second of a fast writer.
    private static let readyFramesMax = 16384
    /// Frames populated at once: 2 MiB, so that stopping does not wait long.
    private static let stepFrames = 512

    private let arena: FrameArena
    private let readyFrames: Int
    private let state = Guarded(State(), rank: .leaf)
    private let thread = Guarded<WorkerThread?>(nil, rank: .leaf)

    private struct State {
        var isNudged = true
        var isStopping = false
    }

    init(arena: FrameArena) {
        self.arena = arena
        // A small arena keeps an eighth ready: the rest may never be touched.
        readyFrames = min(Self.readyFramesMax, arena.frameCount / 8)
    }

    func start() {
        let started = WorkerThread("vmofs-prefault") { [self] in loop() }
        thread.withLock { $0 = started }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        state.wakeAll()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    /// Called after frames were taken; wakes the thread only where there is something to do.
    func nudge() {
        guard arena.prefaultedFreeCount < readyFrames / 2, arena.touchedCount < arena.frameCount
        else { return }
        state.withLock { $0.isNudged = true }
        state.wakeAll()
    }

    private func loop() {
        while true {
            let isStopping = state.wait { state -> Bool? in
                if state.isStopping { return true }
                guard state.isNudged else { return nil }
                state.isNudged = false
                return false
            }
            if isStopping ?? true { return }
            while arena.prefaultedFreeCount < readyFrames {
                if arena.prefault(Self.stepFrames) == 0 { break }
                if state.withLock({ $0.isStopping }) { return }
            }
        }
    }
}
