/// Objects that do not live longer for being in the list.
///
/// Lock: the holder's. A reference taken out is dropped only after the lock.
struct WeakList<Element: AnyObject & Sendable>: Sendable {
    private struct Slot {
        weak let object: Element?
    }

    private var slots: [Slot] = []
    /// How long the list was after the last sweep.
    private var sweptCount = 0

    /// The objects that still live.
    var all: [Element] { slots.compactMap(\.object) }

    mutating func add(_ object: Element) {
        // Sweeping when the list has doubled keeps additions cheap and the list short.
        if slots.count >= 2 * sweptCount + 8 {
            slots.removeAll { $0.object == nil }
            sweptCount = slots.count
        }
        slots.append(Slot(object: object))
    }
}
