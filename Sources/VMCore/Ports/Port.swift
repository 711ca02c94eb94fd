internal import DequeModule
public import Support

/// A queue of packets, from programs and from the VMOs of pagers, to the threads that wait on it.
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
        var isClosed = false
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
            _ = state.queue.append(packet)
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
        let limit = deadline == .max ? nil : UInt64(max(deadline, 0))
        guard let entry = state.wait(until: limit, for: { $0.queue.popFirst() }) else {
            throw .timedOut
        }
        // After the lock: what follows this packet takes the lock of the requests, then ours.
        entry.owner?.packetTaken()
        return entry.packet
    }

    /// Takes out every packet with `key`, from whomever.
    ///
    /// A page request is taken from its VMO as if it had been read: the next one follows.
    ///
    /// Source: `zx_port_cancel_key`.
    ///
    /// - Throws: `notFound` if there was none.
    public func cancel(key: UInt64) throws(Status) {
        let removed = state.withLock { $0.queue.removeAll(key: key) }
        for entry in removed { entry.owner?.packetTaken() }
        if removed.isEmpty { throw .notFound }
    }

    /// Drops the packets; nothing is delivered any more.
    public func lastHandleClosed() {
        // Dropped after the lock: an owner may end with its packet.
        let dropped = state.withLock { state in
            state.isClosed = true
            return state.queue.removeAll()
        }
        _ = consume dropped
    }

    /// Puts a packet of `owner` into the queue, without any limit.
    ///
    /// Returns the ticket that withdraws it. A closed port pretends.
    func deliver(_ packet: PortPacket, of owner: PageRequestQueue) -> UInt64 {
        let ticket = state.withLock { state in
            state.isClosed ? 0 : state.queue.append(packet, owner: owner)
        }
        state.wakeOne()
        return ticket
    }

    /// Takes a packet back; false if a reader has it, or there never was one.
    func withdraw(_ ticket: UInt64) -> Bool {
        state.withLock { $0.queue.remove(ticket) } != nil
    }
}
