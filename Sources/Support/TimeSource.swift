internal import CLinux
internal import Glibc

/// Where time comes from; tests put their own clock here.
public protocol TimeSource: Sendable {
    /// Nanoseconds since some fixed point, never going back.
    var now: UInt64 { get }
}

/// The machine's `CLOCK_MONOTONIC`, the clock of `Guarded.wait`.
public struct MonotonicClock: TimeSource {
    /// Makes the clock; all of them are the same.
    public init() {}

    /// Nanoseconds since boot, suspended time left out.
    public var now: UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }
}

/// Nanoseconds since boot, suspended time counted.
public func bootClockNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_BOOTTIME) }

/// Nanoseconds since the Unix epoch.
public func wallClockNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_REALTIME) }

private func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    // SAFETY: `time` lives through the call.
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
