internal import CLinux
internal import Glibc
internal import Support

/// The failure of an access, as the threads that made it see it.
///
/// A thread gets SIGBUS with the status, as a thread in Zircon gets an exception: it kills the
/// process, or a handler returns and the access is made again, or goes elsewhere. A thread that
/// would not take the signal, or whose access is the kernel's (read(2) into a mapping), finds the
/// page poisoned instead: SIGBUS from the kernel, or EFAULT. Without either such a thread would
/// wait for ever.
struct FailedAccess {
    let view: MappedView
    let address: UInt
    let status: Status

    /// Processor time after which a thread that was woken has made its access again.
    ///
    /// That takes some microseconds; but where the machine is a guest, time that its host gave to
    /// others counts too.
    private static let retryNanoseconds: Int64 = 2_000_000
    /// How often to look whether it has, at first without a pause: meanwhile the page fails for
    /// everybody.
    private static let eagerLooks = 100
    private static let pauseMicroseconds: UInt32 = 200
    /// How often to look whether it runs at all: a second in all.
    private static let looksMax = 5000
    /// How long to wait for a thread of another process, of which nothing is known.
    private static let strangerMicroseconds: UInt32 = 10_000

    /// Lets the threads, which wait, see the failure.
    func deliver(to threads: Set<Int32>, _ descriptor: FaultDescriptor) {
        let others = threads.filter { !signal($0, descriptor) }
        if others.isEmpty { return }
        let before = others.map { ($0, clinux_thread_cpu_time($0)) }
        view.object.poison(address)
        for (thread, time) in before { awaitRetry(thread, since: time) }
        view.object.hide(address)
    }

    /// Sends the signal; false if the thread would not take it, or not there.
    private func signal(_ thread: Int32, _ descriptor: FaultDescriptor) -> Bool {
        // It may have been woken for nothing and be on its way back.
        let now = clinux_thread_cpu_time(thread)
        switch stateAfterRetry(thread, since: now) {
        case CLINUX_THREAD_RUNS:
            // It left the fault, for a signal of another kind; if not, it tries again.
            descriptor.wake(address)
            return true
        case CLINUX_THREAD_WAITS_IN_USER_MODE:
            return clinux_thread_takes_signal(thread, SIGBUS)
                && clinux_send_bus_error(thread, address, status.rawValue) == 0
        default:
            return false
        }
    }

    /// Waits until a thread that was woken when its processor time was `time` has made its access
    /// again.
    ///
    /// Until it has run at all, what it does is of before: a thread on its way to a processor that
    /// idles still counts as one that waits. One that is stopped is not waited for.
    private func awaitRetry(_ thread: Int32, since time: Int64) {
        var looks = 0
        while time >= 0, clinux_thread_cpu_time(thread) == time, looks < Self.looksMax {
            looks += 1
            if looks < Self.eagerLooks { sched_yield() } else { usleep(Self.pauseMicroseconds) }
        }
        _ = stateAfterRetry(thread, since: time)
    }

    /// What a thread does that was woken when its processor time was `time`, once it has made its
    /// access again: it has run for long enough, or it waits, or is gone.
    private func stateAfterRetry(_ thread: Int32, since time: Int64) -> Int {
        var looks = 0
        while true {
            let state = Int(clinux_thread_state(thread))
            let now = clinux_thread_cpu_time(thread)
            if time < 0 || now < 0 {
                usleep(Self.strangerMicroseconds)
                return CLINUX_THREAD_UNKNOWN
            }
            if state != CLINUX_THREAD_RUNS || now - time > Self.retryNanoseconds { return state }
            looks += 1
            if looks < Self.eagerLooks {
                sched_yield()
            } else {
                usleep(Self.pauseMicroseconds)
            }
        }
    }
}
