import Glibc
import Support

/// A thread that makes one call, which may have to wait for the pager.
final class CallThread: Sendable {
    private struct State {
        var identity: pthread_t?
        var outcome: PagerOracle.Outcome?
    }

    private let state: Guarded<State>
    private let thread: WorkerThread

    init(_ call: @escaping @Sendable () throws(Status) -> Void) {
        let state = Guarded(State(), rank: .leaf)
        self.state = state
        thread = WorkerThread("call") {
            state.withLock { $0.identity = pthread_self() }
            var outcome = PagerOracle.Outcome.success
            do throws(Status) { try call() } catch { outcome = .failure(error) }
            state.withLock { $0.outcome = outcome }
        }
    }

    /// Which thread it is, once it has begun.
    var identity: pthread_t? { state.withLock { $0.identity } }

    /// What the call came to; nil before its end.
    var outcome: PagerOracle.Outcome? { state.withLock { $0.outcome } }

    func join() {
        thread.join()
    }
}
