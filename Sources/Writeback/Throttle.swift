/// How long a writer is held back at a level of dirtiness.
///
/// Pure.
///
/// Nothing up to the middle between the two limits; then a delay that rises with the square of the
/// excess, so that writers slow down smoothly to the speed of the disk; at `dirty_bytes` they stop.
/// The shape is that of the kernel's `balance_dirty_pages`.
public enum Throttle: Equatable, Sendable {
    /// The writer goes on at once.
    case none
    /// The writer waits that many nanoseconds.
    case delay(nanoseconds: UInt64)
    /// The writer waits until writeback has made room.
    case stop

    /// The longest delay below the limit: 20 ms, a tenth of what a person notices.
    public static let delayNanosecondsMax: UInt64 = 20_000_000

    /// The verdict for `dirty` bytes between the limits `background` and `limit`.
    public static func verdict(dirty: UInt64, background: UInt64, limit: UInt64) -> Throttle {
        if dirty >= limit { return .stop }
        let middle = background + (limit - min(background, limit)) / 2
        guard dirty > middle else { return .none }
        let excess = Double(dirty - middle) / Double(limit - middle)
        return .delay(nanoseconds: UInt64(excess * excess * Double(delayNanosecondsMax)))
    }
}
