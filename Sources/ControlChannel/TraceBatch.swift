public import Support

/// Events that a subscriber received at once.
public struct TraceBatch: Sendable {
    /// The events, oldest first; empty if none came before the deadline.
    public var events: [PageEvent]
    /// The number of events before these that the subscriber was too slow to receive.
    public var droppedBefore: UInt64
}
