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

    /// What a thread that waits in the access was at before it was woken.
    private struct Before {
        let thread: Int32
        let time: Int64
        let call: UInt64

        init(_ thread: Int32) {
            self.thread = thread
            time = clinux_thread_cpu_time(thread)
            call = clinux_thread_call(thread)
        }
    }

    /// Processor time after which a thread that was woken and runs has made its access again.
    ///
    /// That takes 10 to 20 us; but interrupts count too, and time that the host of a guest gave to
    /// others, and up to 0.2 ms were seen on a busy machine.
    private static let retryNanoseconds: Int64 = 2_000_000
    /// How often to look whether it has, at first without a pause: meanwhile the page fails for
    /// everybody.
    private static let eagerLooks = 100
    private static let pauseMicroseconds: UInt32 = 200
    /// How often to look whether the kernel lets it go on: a second in all.
    private static let looksMax = 5000
    /// How long to wait for a thread of another process, of which nothing is known.
    private static let strangerMicroseconds: UInt32 = 10_000

    /// Lets the threads, which wait, see the failure.
    func deliver(to threads: Set<Int32>, _ descriptor: FaultDescriptor) {
        let others = threads.filter { !signal($0, descriptor) }
        if others.isEmpty { return }
        let before = others.map { Before($0) }
        view.object.poison(address)
        for thread in before { awaitRetry(thread) }
        view.object.hide(address)
    }

    /// Sends the signal; false if the thread would not take it, or not there.
    private func signal(_ thread: Int32, _ descriptor: FaultDescriptor) -> Bool {
        // It may have been woken for nothing and be on its way back.
        let before = Before(thread)
        var state = Int(clinux_thread_state(thread))
        var looks = 0
        while state == CLINUX_THREAD_RUNS, !hasRun(before) {
            pause(&looks)
            state = Int(clinux_thread_state(thread))
        }
        switch state {
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

    /// Waits until a thread that has been woken has made its access again: it has run for long
    /// enough, or it waits for something else, or is gone.
    ///
    /// On its way it may wait for the lock of the process's mappings, and then is in the system
    /// call that it was in before. One that is stopped is not waited for.
    private func awaitRetry(_ before: Before) {
        var looks = 0
        while true {
            switch Int(clinux_thread_state(before.thread)) {
            case CLINUX_THREAD_RUNS:
                if hasRun(before) { return }
            case CLINUX_THREAD_WAITS_FOR_KERNEL:
                if isInAnotherCall(before) || looks > Self.looksMax { return }
            case CLINUX_THREAD_UNKNOWN:
                usleep(Self.strangerMicroseconds)
                return
            default:
                return
            }
            pause(&looks)
        }
    }

    /// Whether a thread waits in another system call than before, of which one can be sure only if
    /// it waited at both looks: it may have been let go between two.
    private func isInAnotherCall(_ before: Before) -> Bool {
        let call = clinux_thread_call(before.thread)
        return call != 0 && before.call != 0 && call != before.call
    }

    /// Whether a thread has run for long enough to have made its access again.
    private func hasRun(_ before: Before) -> Bool {
        let now = clinux_thread_cpu_time(before.thread)
        return now < 0 || now - before.time > Self.retryNanoseconds
    }

    private func pause(_ looks: inout Int) {
        looks += 1
        if looks < Self.eagerLooks { sched_yield() } else { usleep(Self.pauseMicroseconds) }
    }
}
