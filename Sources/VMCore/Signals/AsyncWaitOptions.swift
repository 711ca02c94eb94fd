/// How a packet for signals is made.
///
/// Source: the options of `zx_object_wait_async`.
struct AsyncWaitOptions: OptionSet {
    let rawValue: UInt32

    /// `ZX_WAIT_ASYNC_TIMESTAMP`: the packet says when, by the monotonic clock.
    static let timestamp = AsyncWaitOptions(rawValue: 1)
    /// `ZX_WAIT_ASYNC_EDGE`: signals that are active already do not count.
    static let edge = AsyncWaitOptions(rawValue: 2)
    /// `ZX_WAIT_ASYNC_BOOT_TIMESTAMP`: the packet says when, by the boot clock.
    static let bootTimestamp = AsyncWaitOptions(rawValue: 4)

    /// Whether every bit is known and there is one clock at most.
    var isValid: Bool {
        subtracting([.timestamp, .edge, .bootTimestamp]).isEmpty
            && !isSuperset(of: [.timestamp, .bootTimestamp])
    }
}
