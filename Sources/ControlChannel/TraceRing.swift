public import Support

/// A bounded ring of events that any thread fills and any number of subscribers read.
///
/// The newest events win: a subscriber that falls more than the capacity behind loses the oldest,
/// and is told how many. While nobody listens, asking `isListening` costs one relaxed atomic load
/// and the ring holds no memory.
///
/// Thread safety: any thread. Lock: `LockRank.trace`, so events may be recorded under the locks of
/// the core.
public final class TraceRing: PageEventSink {
    @usableFromInline let listenerCount = Counter()
    private let state: Guarded<State>
    private let capacity: Int
    private let dropped = Counter()

    private struct State {
        var slots: [PageEvent] = []
        /// The number of events ever recorded, which is the sequence number of the next.
        var end: UInt64 = 0
        var cursors: [UInt64: UInt64] = [:]
        var nextSubscriber: UInt64 = 0
        var isClosed = false
    }

    /// Makes a ring of `capacity` events; the default holds half a second of 100,000 events a
    /// second, in some 10 MB while somebody listens.
    ///
    /// Preconditions:
    /// - `capacity > 0`.
    public init(capacity: Int = 1 << 16) {
        precondition(capacity > 0, "a trace ring of \(capacity) events")
        self.capacity = capacity
        state = Guarded(State(), rank: .trace)
    }

    /// Whether anybody listens; relaxed, as a subscriber may miss what happens while it joins.
    @inlinable public var isListening: Bool { listenerCount.value > 0 }

    /// Records an event if anybody listens.
    public func emit(_ event: PageEvent) {
        let isRecorded = state.withLock { state -> Bool in
            if state.cursors.isEmpty || state.isClosed { return false }
            let index = Int(state.end % UInt64(capacity))
            if index == state.slots.count {
                state.slots.append(event)
            } else {
                state.slots[index] = event
            }
            state.end += 1
            return true
        }
        if isRecorded { state.wakeAll() }
    }

    /// The number of events that subscribers were too slow to receive, from the ring's start.
    public var droppedEvents: UInt64 { UInt64(dropped.value) }

    /// Starts to listen; events from now on are received until the subscription is gone.
    public func subscribe() -> TraceSubscription {
        let identifier = state.withLock { state in
            let identifier = state.nextSubscriber
            state.nextSubscriber += 1
            if state.cursors.isEmpty {
                // An empty ring starts at slot 0 again, so that slots fill in order.
                state.end = 0
            }
            state.cursors[identifier] = state.end
            listenerCount.add(1)
            return identifier
        }
        return TraceSubscription(ring: self, identifier: identifier)
    }

    /// Ends every subscription once it has received what is in the ring, now and later.
    public func close() {
        state.withLock { $0.isClosed = true }
        state.wakeAll()
    }

    /// The events after the subscriber's last ones, at most `countMax`; nil once closed and empty.
    func next(for subscriber: UInt64, countMax: Int, until deadline: UInt64?) -> TraceBatch? {
        let outcome = state.wait(until: deadline) { state -> TraceBatch?? in
            guard let cursor = state.cursors[subscriber] else { return .some(nil) }
            if cursor == state.end { return state.isClosed ? .some(nil) : nil }
            let oldest = state.end - UInt64(state.slots.count)
            let first = max(cursor, oldest)
            let last = min(state.end, first + UInt64(countMax))
            state.cursors[subscriber] = last
            let events = (first..<last).map { state.slots[Int($0 % UInt64(capacity))] }
            return TraceBatch(events: events, droppedBefore: first - cursor)
        }
        guard let outcome else { return TraceBatch(events: [], droppedBefore: 0) }
        if let batch = outcome { dropped.add(Int(batch.droppedBefore)) }
        return outcome
    }

    func unsubscribe(_ subscriber: UInt64) {
        state.withLock { state in
            guard state.cursors.removeValue(forKey: subscriber) != nil else { return }
            listenerCount.add(-1)
            if state.cursors.isEmpty { state.slots = [] }
        }
    }
}
