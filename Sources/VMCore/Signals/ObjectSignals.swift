internal import Support

/// The signals of one object, and who waits for them.
///
/// Each waiter is served once, when a signal that it waits for goes from inactive to active; a
/// change that is undone at once is not missed.
///
/// Thread safety: any thread. Lock: `LockRank.signals`, so signals may change under a VMO's lock;
/// packets go to ports under it.
public final class ObjectSignals: Sendable {
    private enum Target {
        case thread(SignalWait)
        case port(PortObserver)
    }

    private struct Observer {
        let handle: Handle
        let wanted: Signals
        let target: Target

        func isPort(_ observer: PortObserver) -> Bool {
            if case .port(let other) = target { other === observer } else { false }
        }

        func isThread(_ wait: SignalWait) -> Bool {
            if case .thread(let other) = target { other === wait } else { false }
        }
    }

    private struct State {
        var active: Signals
        var observers: [Observer] = []

        /// Takes out the observers for which `isWanted` is true.
        mutating func take(_ isWanted: (Observer) -> Bool) -> [Observer] {
            if observers.isEmpty { return [] }
            let taken = observers.filter(isWanted)
            observers.removeAll(where: isWanted)
            return taken
        }
    }

    private let state: Guarded<State>

    /// Makes the signals of a new object, of which `active` are active.
    public init(_ active: Signals = []) {
        state = Guarded(State(active: active), rank: .signals)
    }

    /// The signals that are active now.
    public var active: Signals { state.withLock { $0.active } }

    /// How many waits there are, of threads and ports.
    var waiterCount: Int { state.withLock { $0.observers.count } }

    /// Makes signals inactive, then others active, and serves those who wait for these.
    ///
    /// Nothing happens for a signal that was active before.
    public func update(clear: Signals, set: Signals) {
        state.withLock { state in
            let before = state.active
            state.active = before.subtracting(clear).union(set)
            if set.isSubset(of: before) { return }
            let active = state.active
            for observer in state.take({ !$0.wanted.isDisjoint(with: active) }) {
                match(observer, active)
            }
        }
    }

    /// Lets a thread wait through `handle`.
    func add(_ wait: SignalWait, handle: Handle, wanted: Signals) {
        state.withLock { state in
            add(Observer(handle: handle, wanted: wanted, target: .thread(wait)), to: &state)
        }
    }

    /// Lets a port wait; with `edge`, only for signals that become active from now on.
    func add(_ observer: PortObserver, edge: Bool) {
        state.withLock { state in
            observer.port?.add(observer)
            let entry = Observer(
                handle: observer.handle,
                wanted: observer.wanted,
                target: .port(observer)
            )
            if edge { state.observers.append(entry) } else { add(entry, to: &state) }
        }
    }

    /// Ends the wait of a thread whose time is over, unless it has ended meanwhile.
    func expire(_ wait: SignalWait) -> SignalWaitResult {
        state.withLock { state in
            _ = state.take { $0.isThread(wait) }
            return wait.result ?? SignalWaitResult(observed: state.active, failure: .timedOut)
        }
    }

    /// Forgets a port's wait, which the port has forgotten before.
    func remove(_ observer: PortObserver) {
        state.withLock { state in _ = state.take { $0.isPort(observer) } }
    }

    /// Cancels every wait through a handle that is closed.
    func cancel(_ handle: Handle) {
        state.withLock { state in
            for observer in state.take({ $0.handle == handle }) {
                switch observer.target {
                case .thread(let wait):
                    let observed = state.active.union(.handleClosed)
                    wait.end(SignalWaitResult(observed: observed, failure: .canceled))
                case .port(let observer):
                    observer.port?.remove(observer)
                }
            }
        }
    }

    /// Cancels the waits of `port` with `key` through `handle`; returns whether there was one.
    func cancel(_ handle: Handle, port: Port, key: UInt64) -> Bool {
        state.withLock { state in
            let taken = state.take { observer in
                guard case .port(let waiting) = observer.target else { return false }
                return observer.handle == handle && waiting.key == key && waiting.port === port
            }
            for case .port(let observer) in taken.map(\.target) { port.remove(observer) }
            return !taken.isEmpty
        }
    }

    private func add(_ observer: Observer, to state: inout State) {
        if observer.wanted.isDisjoint(with: state.active) {
            state.observers.append(observer)
        } else {
            match(observer, state.active)
        }
    }

    private func match(_ observer: Observer, _ active: Signals) {
        switch observer.target {
        case .thread(let wait): wait.end(SignalWaitResult(observed: active, failure: nil))
        case .port(let observer): observer.port?.signal(observer, active)
        }
    }
}
