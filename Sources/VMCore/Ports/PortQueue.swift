internal import DequeModule

/// The packets of a port, in the order in which they came.
///
/// Lock: the port's. An entry taken out is dropped only after the lock, since it may hold the last
/// reference to its owner.
struct PortQueue {
    /// One packet and where it came from.
    struct Entry {
        /// Grows from entry to entry and is never used again.
        let ticket: UInt64
        let packet: PortPacket
        /// The page requests that this packet belongs to, which learn when it is taken.
        ///
        /// The entry keeps them alive: a VMO may end while its last packet lies in the port.
        let owner: PageRequestQueue?
    }

    private var entries: Deque<Entry> = []
    private var lastTicket: UInt64 = 0
    /// How many of the packets are of type user.
    private(set) var userCount = 0

    mutating func append(_ packet: PortPacket, owner: PageRequestQueue? = nil) -> UInt64 {
        lastTicket += 1
        entries.append(Entry(ticket: lastTicket, packet: packet, owner: owner))
        if owner == nil { userCount += 1 }
        return lastTicket
    }

    mutating func popFirst() -> Entry? {
        guard let entry = entries.popFirst() else { return nil }
        if entry.owner == nil { userCount -= 1 }
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
        if entry.owner == nil { userCount -= 1 }
        return entry
    }

    /// Takes out every entry whose packet has `key`.
    mutating func removeAll(key: UInt64) -> [Entry] {
        let removed = entries.filter { $0.packet.key == key }
        guard !removed.isEmpty else { return [] }
        entries.removeAll { $0.packet.key == key }
        userCount -= removed.count { $0.owner == nil }
        return Array(removed)
    }

    /// Takes everything out.
    mutating func removeAll() -> Deque<Entry> {
        defer {
            entries = []
            userCount = 0
        }
        return entries
    }
}
