/// A listener's place in a `TraceRing`; the ring forgets it when this is gone.
public final class TraceSubscription: Sendable {
    private let ring: TraceRing
    private let identifier: UInt64

    init(ring: TraceRing, identifier: UInt64) {
        self.ring = ring
        self.identifier = identifier
    }

    deinit {
        ring.unsubscribe(identifier)
    }

    /// Waits for events and returns at most `countMax` of them; nil once the ring is closed and
    /// everything in it was received.
    ///
    /// `deadline` is in nanoseconds of the monotonic clock; a batch without events means that it
    /// passed. nil waits for ever.
    public func next(countMax: Int = 1024, until deadline: UInt64? = nil) -> TraceBatch? {
        ring.next(for: identifier, countMax: countMax, until: deadline)
    }
}
