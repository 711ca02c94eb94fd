// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Time and the system.

public import CZircon
internal import Glibc
internal import Support

private let nanosecondsOfSecond: Int64 = 1_000_000_000

/// The time since some moment before the process began, in nanoseconds.
@c @implementation
public func zx_clock_get_monotonic() -> zx_instant_mono_t {
    var now = timespec()
    // SAFETY: a local variable, which the call fills.
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * nanosecondsOfSecond + Int64(now.tv_nsec)
}

/// The monotonic time in `nanoseconds` from now.
@c @implementation
public func zx_deadline_after(_ nanoseconds: zx_duration_mono_t) -> zx_instant_mono_t {
    let (deadline, isOver) = zx_clock_get_monotonic().addingReportingOverflow(nanoseconds)
    if isOver { return .max }
    return deadline
}

/// Sleeps until a monotonic time.
@c @implementation
public func zx_nanosleep(_ deadline: zx_instant_mono_t) -> zx_status_t {
    let deadline = max(deadline, 0)
    var time = timespec(
        tv_sec: Int(deadline / nanosecondsOfSecond),
        tv_nsec: Int(deadline % nanosecondsOfSecond)
    )
    // SAFETY: a local variable, which the call reads.
    while unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    return ZX_OK
}

/// The size of a page in bytes.
@c @implementation
public func zx_system_get_page_size() -> UInt32 { UInt32(pageSize) }
