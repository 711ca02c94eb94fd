internal import CLinux
internal import Glibc

/// State behind a lock: the only door to locks and condition variables in this project.
///
/// A pthread mutex and a condition variable on the monotonic clock, allocated once. (A
/// `Synchronization.Mutex` is as fast, but ThreadSanitizer cannot see it, and it has no condition
/// variable.) Debug builds check the lock order of `LockRank`.
///
/// Thread safety: any thread. Not recursive.
@safe
public final class Guarded<Value>: @unchecked Sendable {
    // SAFETY: `mutex` and `condition` are allocated and initialised in `init`, live at one address
    // until `deinit`, and `value` is touched only between lock and unlock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    // The lock is the check for exclusive access.
    @exclusivity(unchecked)
    private var value: Value
    private let rank: LockRank

    /// Makes a lock of `rank` around `value`.
    public init(_ value: sending Value, rank: LockRank) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe self.value = value
        self.rank = rank
        unsafe checked(pthread_mutex_init(mutex, nil))
        var attributes = pthread_condattr_t()
        unsafe checked(pthread_condattr_init(&attributes))
        unsafe checked(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
        unsafe checked(pthread_cond_init(condition, &attributes))
        unsafe checked(pthread_condattr_destroy(&attributes))
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held and gives it the state.
    ///
    /// `body` must not block: no system call that can wait, no callback into foreign code.
    @inline(__always)
    public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try unsafe body(&value)
    }

    /// Waits until `body` gives a result; nil once `deadline` has passed without one.
    ///
    /// `body` is called with the lock held, at first and after each `wakeAll`; in between the lock
    /// is free. `deadline` is in nanoseconds of the monotonic clock; nil waits for ever.
    public func wait<Result, Failure: Error>(
        until deadline: UInt64? = nil,
        for body: (inout Value) throws(Failure) -> Result?
    ) throws(Failure) -> Result? {
        lock()
        defer { unlock() }
        while true {
            if let result = try unsafe body(&value) { return result }
            guard let deadline else {
                unsafe checked(pthread_cond_wait(condition, mutex))
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline / 1_000_000_000),
                tv_nsec: Int(deadline % 1_000_000_000)
            )
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT {
                return try unsafe body(&value)
            }
        }
    }

    /// Wakes one of the threads in `wait`.
    ///
    /// For a state that serves one waiter at a time, when all of them wait for the same.
    public func wakeOne() {
        unsafe checked(pthread_cond_signal(condition))
    }

    /// Wakes every thread in `wait`; each looks at the state again.
    public func wakeAll() {
        unsafe checked(pthread_cond_broadcast(condition))
    }

    @inline(__always)
    private func lock() {
        #if DEBUG
            let held = clinux_held_ranks()
            let bit = UInt64(1) << UInt64(rank.rawValue)
            precondition(
                held < bit,
                "lock order: taking \(rank) while holding ranks \(String(held, radix: 2))"
            )
        #endif
        unsafe checked(pthread_mutex_lock(mutex))
        #if DEBUG
            clinux_set_held_ranks(held | bit)
        #endif
    }

    @inline(__always)
    private func unlock() {
        #if DEBUG
            clinux_set_held_ranks(clinux_held_ranks() & ~(UInt64(1) << UInt64(rank.rawValue)))
        #endif
        unsafe checked(pthread_mutex_unlock(mutex))
    }
}

/// Traps on a failure that only a bug in this file could cause.
@inline(__always)
private func checked(_ result: Int32) {
    precondition(result == 0, "pthread call failed with \(result)")
}
