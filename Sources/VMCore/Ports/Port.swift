public import Support

/// A queue of packets, from programs, VMOs with pagers and objects with signals, to the threads
/// that wait on it.
///
/// Packets come out in the order in which they went in, each to one thread.
///
/// A port ends with its last handle (`lastHandleClosed`): the packets in it are dropped, and what
/// is sent later is never delivered. A thread that waits then goes on waiting.
///
/// Thread safety: any thread. Lock: `LockRank.port`; packets may be sent under a VMO's lock.
public final class Port: KernelObject {
    /// More user packets than this in the port, and another one is refused.
    ///
    /// Source: `kMaxAllocatedPacketCountPerPort`. Zircon does not promise the number: it is there
    /// to stop a program whose packets nobody reads.
    static let userPacketsMax = 4096

    private struct State {
        var queue = PortQueue()
        /// The waits for signals that are to become packets.
        var observers: [ObjectIdentifier: PortObserver] = [:]
        var isClosed = false

        /// Takes out the waits for which `isWanted` is true.
        mutating func takeObservers(where isWanted: (PortObserver) -> Bool) -> [PortObserver] {
            let taken = observers.values.filter(isWanted)
            for observer in taken { observers[ObjectIdentifier(observer)] = nil }
            return taken
        }
    }

    /// The object's identity in this process.
    public let koid = Koid.next()
    /// `ZX_OBJ_TYPE_PORT`.
    public let objectType = ObjectType.port

    private let state = Guarded(State(), rank: .port)

    /// Makes a port without packets.
    public init() {}

    /// Sends a program's packet; its type becomes that of user packets, whatever it was.
    ///
    /// Source: `zx_port_queue`.
    ///
    /// - Throws: `shouldWait` with more than `userPacketsMax` user packets in the port,
    ///   `badHandle` after the port's last handle.
    public func queue(_ packet: PortPacket) throws(Status) {
        var packet = packet
        packet.type = PortPacket.PacketType.user.rawValue
        try state.withLock { (state: inout State) throws(Status) in
            if state.isClosed { throw .badHandle }
            // The comparison is Zircon's: one more than the limit gets in.
            if state.queue.userCount > Port.userPacketsMax { throw .shouldWait }
            _ = state.queue.append(packet, from: .user)
        }
        state.wakeOne()
    }

    /// Takes the first packet, and waits for one if there is none.
    ///
    /// `deadline` is in nanoseconds of the monotonic clock. A deadline in the past, as 0, only
    /// looks; `Int64.max`, `ZX_TIME_INFINITE`, waits for ever.
    ///
    /// Source: `zx_port_wait`.
    ///
    /// - Throws: `timedOut`.
    public func wait(until deadline: Int64) throws(Status) -> PortPacket {
        let entry = state.wait(until: Deadline.limit(deadline)) { $0.queue.popFirst() }
        guard let entry else { throw .timedOut }
        // After the lock: what follows this packet takes the lock of the requests, then ours.
        entry.taken()
        return entry.packet
    }

    /// Takes out every packet with `key`, from whomever, and ends every wait for signals that
    /// would become one.
    ///
    /// A page request is taken from its VMO as if it had been read: the next one follows.
    ///
    /// Source: `zx_port_cancel_key`.
    ///
    /// - Throws: `notFound` if there was neither.
    public func cancel(key: UInt64) throws(Status) {
        let (entries, observers) = state.withLock { state in
            (
                state.queue.removeAll { $0.packet.key == key },
                state.takeObservers { $0.key == key }
            )
        }
        for entry in entries { entry.taken() }
        for observer in observers { observer.signals?.remove(observer) }
        if entries.isEmpty, observers.isEmpty { throw .notFound }
    }

    /// Drops the packets and ends the waits for signals; nothing is delivered any more.
    public func lastHandleClosed() {
        // Dropped after the lock: the requests of a packet may end with it.
        let (entries, observers) = state.withLock { state in
            state.isClosed = true
            return (state.queue.removeAll { _ in true }, state.takeObservers { _ in true })
        }
        for observer in observers { observer.signals?.remove(observer) }
        _ = consume entries
    }

    /// Puts a packet of `requests` into the queue, without any limit.
    ///
    /// Returns the ticket that withdraws it. A closed port pretends.
    func deliver(_ packet: PortPacket, from requests: PageRequestQueue) -> UInt64 {
        let ticket = state.withLock { state in
            state.isClosed ? 0 : state.queue.append(packet, from: .pageRequests(requests))
        }
        state.wakeOne()
        return ticket
    }

    /// Takes a packet back; false if a reader has it, or there never was one.
    func withdraw(_ ticket: UInt64) -> Bool {
        state.withLock { $0.queue.remove(ticket) } != nil
    }

    /// Begins a wait for signals.
    ///
    /// The port has a handle, in the table that the caller has locked.
    func add(_ observer: PortObserver) {
        state.withLock { $0.observers[ObjectIdentifier(observer)] = observer }
    }

    /// Ends a wait for signals with its packet, unless it was cancelled.
    func signal(_ observer: PortObserver, _ observed: Signals) {
        let packet = observer.packet(observed)
        state.withLock { state in
            guard state.observers.removeValue(forKey: ObjectIdentifier(observer)) != nil else {
                return
            }
            _ = state.queue.append(packet, from: .signals(observer.handle))
        }
        state.wakeOne()
    }

    /// Ends a wait for signals without a packet.
    func remove(_ observer: PortObserver) {
        _ = state.withLock { $0.observers.removeValue(forKey: ObjectIdentifier(observer)) }
    }

    /// Takes out the packets with `key` for signals that were waited for through `handle`; returns
    /// whether there were any.
    func cancelSignals(of handle: Handle, key: UInt64) -> Bool {
        let removed = state.withLock { state in
            state.queue.removeAll { entry in
                guard case .signals(let source) = entry.origin else { return false }
                return source == handle && entry.packet.key == key
            }
        }
        return !removed.isEmpty
    }
}
