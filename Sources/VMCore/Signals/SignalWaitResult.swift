public import Support

/// How a wait on an object ended.
public struct SignalWaitResult: Hashable, Sendable {
    /// The signals that were active at the end; with `handleClosed` if the handle was closed.
    public let observed: Signals
    /// Nil if a signal came that was waited for, else `timedOut` or `canceled`.
    public let failure: Status?
}
