/// Points in time as Zircon's calls give them.
///
/// Source: `zx_time_t`.
public enum Deadline {
    /// The deadline of a C call for `Guarded.wait`: `Int64.max`, `ZX_TIME_INFINITE`, is never, and
    /// the time before 0 is as long past as 0.
    public static func limit(_ nanoseconds: Int64) -> UInt64? {
        nanoseconds == .max ? nil : UInt64(max(nanoseconds, 0))
    }
}
