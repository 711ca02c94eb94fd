import Support

/// A thread that runs one action, which the test then waits for.
final class TestThread: Sendable {
    private let outcome = Guarded<Result<Void, Status>?>(nil, rank: .leaf)
    private let thread: WorkerThread

    /// Starts the thread.
    init(_ action: @escaping @Sendable () throws(Status) -> Void) {
        let outcome = outcome
        thread = WorkerThread("test-thread") {
            var result = Result<Void, Status>.success(())
            do throws(Status) { try action() } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
            outcome.wakeAll()
        }
    }

    /// Whether the action is over.
    var isOver: Bool { outcome.withLock { $0 != nil } }

    /// Waits for the action; returns the status with which it failed, or nil.
    ///
    /// An action that hangs counts as failed with `timedOut`.
    func wait() -> Status? {
        let deadline = MonotonicClock().now + UInt64(UserPager.patienceNanoseconds)
        guard let result = outcome.wait(until: deadline, for: { $0 }) else { return .timedOut }
        thread.join()
        guard case .failure(let status) = result else { return nil }
        return status
    }
}
