/// What the control server puts up with.
public struct ControlLimits: Sendable {
    /// The longest request; 256 files of the longest possible path fit.
    public var requestBytesMax = 4 << 20
    /// How long a client may take to send its request or to read a reply.
    public var peerSeconds: UInt64 = 10
    /// Conversations at one time; a client beyond them is told to come back.
    public var connectionsMax = 64
    /// How often a trace without events looks whether its client is still there.
    public var traceIdleSeconds: UInt64 = 1

    /// The usual limits.
    public init() {}
}
