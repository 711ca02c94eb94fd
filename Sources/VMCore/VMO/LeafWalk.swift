/// A walk over the leaves of a page table that have a Dirty or AwaitingClean page, in order.
///
/// It runs some leaves ahead of its caller, so that leaves and nodes that lie all over the memory
/// are loaded side by side. The table must not change meanwhile.
struct LeafWalk {
    /// A node on the way down, and its children that the walk has yet to see.
    private struct Step {
        var node: NodeReference?
        var rest: UInt64 = 0
        /// The place of the first of them.
        var place = 0
    }

    /// Leaves that are found at once, at most.
    static let aheadMax = 16

    /// Leaves to find at once.
    private let aheadTarget: Int

    /// As many nodes as there can be one below the other: a leaf's number has 46 bits.
    private var path = InlineArray<8, Step>(repeating: Step())
    private var depth = 0

    private var ahead = InlineArray<16, LeafReference?>(repeating: nil)
    private var aheadCount = 0
    private var position = 0

    /// Begins before the first such leaf at or after number `start`; about `expected` of them are
    /// wanted.
    @inline(__always)
    init(_ root: TableReference?, from start: UInt64, expected: Int) {
        aheadTarget = max(1, min(expected, Self.aheadMax / 2) * 2)
        guard var address = root else { return }
        while let node = address.node {
            if !node.fields.covers(start) {
                if node.fields.firstLeaf > start { push(node, node.fields.visitable, 0) }
                return
            }
            let slot = node.fields.slot(start)
            let place = node.fields.place(slot)
            let further = node.fields.visitable & (~1 << UInt64(slot))
            guard node.fields.has(slot), let child = node.child(atPlace: place) else {
                push(node, further, place)
                return
            }
            push(node, further, place + 1)
            guard node.fields.reported >> UInt64(slot) & 1 != 0 else { return }
            address = child
        }
        if address.leaf.fields.index >= start {
            ahead[0] = address.leaf
            aheadCount = 1
        }
    }

    /// Goes to the children of `node` in the slots `rest`, of which the first is at `place`.
    @inline(__always)
    private mutating func push(_ node: NodeReference, _ rest: UInt64, _ place: Int) {
        path[depth] = Step(node: node, rest: rest, place: place)
        depth += 1
    }

    /// The next leaf; nil behind the last.
    @inline(__always)
    mutating func next() -> LeafReference? {
        if position == aheadCount {
            fill()
            if aheadCount == 0 { return nil }
        }
        position += 1
        return ahead[position - 1]
    }

    /// Finds the next leaves.
    private mutating func fill() {
        position = 0
        aheadCount = 0
        while depth > 0, aheadCount < aheadTarget, let node = path[depth - 1].node {
            var rest = path[depth - 1].rest
            var place = path[depth - 1].place
            let below = scan(node, &rest, &place)
            path[depth - 1].rest = rest
            path[depth - 1].place = place
            if let below {
                push(below, below.fields.visitable, 0)
            } else if rest == 0 {
                depth -= 1
            }
        }
    }

    /// Takes the leaves below `node`; returns the first node there, to go on with.
    @inline(__always)
    private mutating func scan(
        _ node: NodeReference,
        _ rest: inout UInt64,
        _ place: inout Int
    ) -> NodeReference? {
        let reported = node.fields.reported
        let hasPlaceForAll = node.fields.hasPlaceForAll
        while rest != 0, aheadCount < aheadTarget {
            let slot = rest.trailingZeroBitCount
            rest &= rest - 1
            if hasPlaceForAll { place = slot }
            place += 1
            guard reported >> UInt64(slot) & 1 != 0, let child = node.child(atPlace: place - 1)
            else { continue }
            if let below = child.node {
                // By the time the walk is there, the one after the next is loaded.
                node.prefetch(atPlace: place + 2)
                return below
            }
            child.prefetch()
            ahead[aheadCount] = child.leaf
            aheadCount += 1
        }
        return nil
    }
}
