internal import DequeModule

/// The packets of a port, in the order in which they came.
///
/// Lock: the port's. An entry taken out is dropped only after the lock, since it may hold the last
/// reference to the requests that it came from.
struct PortQueue {
    /// Where a packet came from.
    enum Origin {
        /// A program.
        case user
        /// The page requests of a VMO, which learn when the packet is taken.
        ///
        /// The entry keeps them alive: a VMO may end while its last packet lies in the port.
        case pageRequests(PageRequestQueue)
        /// A wait on signals through a handle.
        case signals(Handle)
    }

    /// One packet.
    struct Entry {
        /// Grows from entry to entry and is never used again.
        let ticket: UInt64
        let packet: PortPacket
        let origin: Origin

        var isUser: Bool { if case .user = origin { true } else { false } }

        /// Says that the packet is not in the port any more.
        ///
        /// To be called with no lock held.
        func taken() {
            if case .pageRequests(let requests) = origin { requests.packetTaken() }
        }
    }

    private var entries: Deque<Entry> = []
    private var lastTicket: UInt64 = 0
    /// How many of the packets are programs' own.
    private(set) var userCount = 0

    mutating func append(_ packet: PortPacket, from origin: Origin) -> UInt64 {
        lastTicket += 1
        let entry = Entry(ticket: lastTicket, packet: packet, origin: origin)
        entries.append(entry)
        if entry.isUser { userCount += 1 }
        return lastTicket
    }

    mutating func popFirst() -> Entry? {
        guard let entry = entries.popFirst() else { return nil }
        if entry.isUser { userCount -= 1 }
        return entry
    }

    /// Takes out the entry of a ticket; nil if it was taken before.
    mutating func remove(_ ticket: UInt64) -> Entry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].ticket == ticket else { return nil }
        let entry = entries.remove(at: low)
        if entry.isUser { userCount -= 1 }
        return entry
    }

    /// Takes out every entry for which `isWanted` is true.
    mutating func removeAll(where isWanted: (Entry) -> Bool) -> [Entry] {
        let removed = entries.filter(isWanted)
        if removed.isEmpty { return [] }
        entries.removeAll(where: isWanted)
        userCount -= removed.count { $0.isUser }
        return Array(removed)
    }
}
