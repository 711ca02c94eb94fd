/// The VMOs of a pager, which do not live longer for being in the list.
///
/// Lock: the pager's. A reference taken out is dropped only after the lock.
struct WeakVMOList {
    private struct Slot {
        weak var vmo: VirtualMemoryObject?
    }

    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// Where the next turn starts.
    private var hand = 0

    /// VMOs and empty places.
    var slotCount: Int { slots.count }

    /// A place for a VMO that is about to be made.
    mutating func reserve() -> Int {
        if let slot = freeSlots.popLast() { return slot }
        slots.append(Slot())
        return slots.count - 1
    }

    mutating func set(_ slot: Int, _ vmo: VirtualMemoryObject) {
        slots[slot].vmo = vmo
    }

    mutating func remove(_ slot: Int) {
        slots[slot].vmo = nil
        freeSlots.append(slot)
    }

    /// The VMOs that still live.
    var all: [VirtualMemoryObject] { slots.compactMap(\.vmo) }

    /// Adds the next VMOs to `some`, going on where the last call stopped, round and round;
    /// returns how many places it looked at, `countMax` at most.
    mutating func next(_ countMax: Int, into some: inout [VirtualMemoryObject]) -> Int {
        let count = min(countMax, slots.count)
        for _ in 0..<count {
            if hand >= slots.count { hand = 0 }
            if let vmo = slots[hand].vmo { some.append(vmo) }
            hand += 1
        }
        return count
    }
}
