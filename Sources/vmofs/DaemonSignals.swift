internal import Glibc
internal import Support

/// The signals of the daemon, taken by one thread that waits for them: no handler ever runs.
final class DaemonSignals: Sendable {
    /// What a signal asks for.
    enum Received {
        /// TERM, INT, HUP: write everything back, unmount, end.
        case end
        /// One of them again: end at once.
        case endAtOnce
        /// USR1: the status to the log.
        case dump
    }

    private static let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
    private let waiters = Guarded((), rank: .leaf)

    /// Blocks the signals in this thread and all that it will make.
    static func block() {
        var set = signalSet()
        // SAFETY: `set` lives through the call; SIG_IGN is a constant that is always valid.
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts the thread that takes signals and hands them to `body`, one at a time.
    func start(_ body: @escaping @Sendable (Received) -> Void) {
        WorkerThread("vmofs-signals") {
            var set = Self.signalSet()
            var isEnding = false
            while true {
                var number: Int32 = 0
                // SAFETY: both variables live through the call.
                guard unsafe sigwait(&set, &number) == 0 else { continue }
                if number == SIGUSR1 {
                    body(.dump)
                } else {
                    body(isEnding ? .endAtOnce : .end)
                    isEnding = true
                }
            }
        }.detach()
    }

    /// Waits that long.
    func wait(nanoseconds: UInt64) {
        let deadline = MonotonicClock().now + nanoseconds
        _ = waiters.wait(until: deadline) { _ -> Bool? in nil }
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        // SAFETY: `set` lives through the calls.
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        return set
    }
}
