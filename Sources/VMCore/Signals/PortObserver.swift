internal import Support

/// A port that waits for signals of an object, to get one packet when they come.
///
/// The object and the port each hold it until the packet is sent or the wait is cancelled; it holds
/// neither.
///
/// Source: `zx_object_wait_async`.
final class PortObserver: Sendable {
    /// The handle that is waited on; with it the wait ends.
    let handle: Handle
    /// Of the packet.
    let key: UInt64
    let wanted: Signals
    weak let port: Port?
    weak let signals: ObjectSignals?
    private let options: AsyncWaitOptions

    init(
        _ signals: ObjectSignals,
        handle: Handle,
        wanted: Signals,
        port: Port,
        key: UInt64,
        options: AsyncWaitOptions
    ) {
        self.signals = signals
        self.handle = handle
        self.wanted = wanted
        self.port = port
        self.key = key
        self.options = options
    }

    /// The packet for signals that are active now.
    func packet(_ observed: Signals) -> PortPacket {
        var timestamp: UInt64 = 0
        if options.contains(.timestamp) {
            timestamp = MonotonicClock().now
        } else if options.contains(.bootTimestamp) {
            timestamp = bootClockNanoseconds()
        }
        return .signal(key: key, trigger: wanted, observed: observed, timestamp: timestamp)
    }
}
