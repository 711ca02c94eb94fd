/// The clones of a VMO, which do not live longer for being in the list.
///
/// Lock: that of the VMO. References taken out are dropped only after the lock, since the end of a
/// clone takes its own.
struct CloneList {
    private struct Slot {
        weak var clone: UntrackedVMO?
    }

    private var slots: [Slot] = []
    /// The number of slots at which it is worth looking for empty ones.
    private var crowdedCount = 8

    /// Adds `clone`; returns references to let go after the lock.
    mutating func add(_ clone: UntrackedVMO) -> [UntrackedVMO] {
        var others: [UntrackedVMO] = []
        if slots.count >= crowdedCount {
            others = alive
            slots = others.map { Slot(clone: $0) }
            crowdedCount = max(8, 2 * slots.count)
        }
        slots.append(Slot(clone: clone))
        return others
    }

    /// The clones that are left.
    var alive: [UntrackedVMO] { slots.compactMap(\.clone) }
}
