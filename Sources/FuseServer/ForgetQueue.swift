internal import PagedFileSystem
internal import Support

/// Ranges that the kernel is to forget, worked off by a thread that exists while there are any.
///
/// The kernel waits for the answer to a write before it forgets the page that was written, so the
/// thread that answers writes cannot be the one that asks.
final class ForgetQueue: Sendable {
    private struct State {
        var ranges: [(node: NodeID, range: ByteRange)] = []
        var isWorking = false
    }

    private let state = Guarded(State(), rank: .leaf)

    /// Adds a range; `forget` is called for it, and may block.
    func add(
        _ node: NodeID,
        _ range: ByteRange,
        _ forget: @escaping @Sendable (NodeID, ByteRange) -> Void
    ) {
        let isFirst = state.withLock { state in
            state.ranges.append((node, range))
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard isFirst else { return }
        WorkerThread("vmofs-forget") { [self] in
            while let next = takeNext() { forget(next.node, next.range) }
        }.detach()
    }

    private func takeNext() -> (node: NodeID, range: ByteRange)? {
        state.withLock { state in
            if state.ranges.isEmpty {
                state.isWorking = false
                return nil
            }
            return state.ranges.removeFirst()
        }
    }
}
