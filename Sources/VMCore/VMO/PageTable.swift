internal import Support

/// Which page of a VMO has a frame or a Marker, and in which state: leaves of 64 pages under a
/// tree of nodes with up to 64 children each.
///
/// There is a node only where two leaves differ, so the tree is as high as its leaves are many: a
/// lone leaf needs no node, wherever it lies, and a VMO of 1 EiB without pages has nothing. Each
/// node knows which children have reported (Dirty or AwaitingClean) and which have Clean pages, so
/// that a search for either goes straight to the next one.
///
/// Lock: that of the VMO. The VMO calls `removeAll` before it goes.
struct PageTable {
    /// Which leaves a search is for.
    enum Filter {
        case present
        case reported
        case clean
    }

    /// Pages `from ..< to` of a leaf.
    struct Segment {
        let leaf: LeafReference
        let from: Int
        let to: Int

        /// The page of the VMO that bit `index` stands for.
        @inline(__always)
        func page(_ index: Int) -> UInt64 { leaf.fields.base + UInt64(index) }

        /// The page after the segment.
        @inline(__always) var end: UInt64 { page(to) }
    }

    private(set) var root: TableReference?
    private var cachedLeaf: LeafReference?
    private var cachedIndex = UInt64.max

    /// Pages by state, in the whole table.
    var residentCount = 0
    var dirtyCount = 0
    var awaitingCleanCount = 0
    /// Leaves without a single resident page.
    private(set) var markerLeafCount = 0

    /// The leaf number `index`, if there is one.
    @inline(__always)
    mutating func leaf(_ index: UInt64) -> LeafReference? {
        if index == cachedIndex { return cachedLeaf }
        return findLeaf(index)
    }

    private mutating func findLeaf(_ index: UInt64) -> LeafReference? {
        guard var address = root else { return nil }
        while let node = address.node {
            guard let child = node.child(node.fields.slot(index)) else { return nil }
            address = child
        }
        // The bits of the number that no node on the way looked at are looked at here.
        let leaf = address.leaf
        guard leaf.fields.index == index else { return nil }
        cachedIndex = index
        cachedLeaf = leaf
        return leaf
    }

    /// The first leaf at or after number `start` that passes `filter`.
    ///
    /// One way down to `start`, as far as it exists, and one way down from the last node on it
    /// that has something further right.
    func nextLeaf(atOrAfter start: UInt64, _ filter: Filter) -> LeafReference? {
        guard var address = root else { return nil }
        var turning: TableReference?
        while let node = address.node {
            if !node.fields.covers(start) {
                if node.fields.firstLeaf > start { turning = address }
                return turning.flatMap { firstLeaf(below: $0, filter) }
            }
            let slot = node.fields.slot(start)
            let candidates = bits(node, filter) & (~0 << UInt64(slot))
            let further = candidates & ~(1 << UInt64(slot))
            if further != 0 { turning = node.child(further.trailingZeroBitCount) }
            guard candidates != further, let child = node.child(slot) else {
                return turning.flatMap { firstLeaf(below: $0, filter) }
            }
            address = child
        }
        if address.leaf.fields.index >= start, passes(address.leaf, filter) { return address.leaf }
        return turning.flatMap { firstLeaf(below: $0, filter) }
    }

    /// The first leaf that passes `filter` below, or that is, `address`.
    @inline(__always)
    private func firstLeaf(below address: TableReference, _ filter: Filter) -> LeafReference? {
        var address = address
        while let node = address.node {
            let slot = bits(node, filter).trailingZeroBitCount
            guard slot < PageTableNode.childCountMax, let child = node.child(slot) else {
                return nil
            }
            address = child
        }
        return address.leaf
    }

    /// The first leaf that passes `filter` and covers some of the pages `page ..< end`, with the
    /// part of it inside.
    @inline(__always)
    mutating func nextSegment(from page: UInt64, to end: UInt64, _ filter: Filter) -> Segment? {
        guard page < end else { return nil }
        let index = page / UInt64(leafPages)
        var found: LeafReference?
        if index == cachedIndex, let leaf = cachedLeaf, passes(leaf, filter) {
            found = leaf
        } else {
            found = nextLeaf(atOrAfter: index, filter)
            if let found {
                cachedLeaf = found
                cachedIndex = found.fields.index
            }
        }
        guard let leaf = found else { return nil }
        let base = leaf.fields.base
        guard base < end else { return nil }
        return Segment(
            leaf: leaf,
            from: page > base ? Int(page - base) : 0,
            to: Int(min(UInt64(leafPages), end - base))
        )
    }

    /// The leaf number `index`, made if need be.
    ///
    /// Whoever makes one puts something in and calls `settle`.
    mutating func makeLeaf(_ index: UInt64) -> LeafReference {
        if let leaf = leaf(index) { return leaf }
        let leaf = LeafReference.allocate(index: index)
        markerLeafCount += 1
        cachedIndex = index
        cachedLeaf = leaf
        root = root.map { inserted(leaf, into: $0) } ?? TableReference(leaf)
        return leaf
    }

    /// Puts `leaf` into a part of the tree; returns that part.
    private func inserted(
        _ leaf: LeafReference,
        into address: TableReference
    ) -> TableReference {
        let index = leaf.fields.index
        guard let node = address.node, node.fields.covers(index) else {
            // The two meet in a new node, which looks at the highest bits in which they differ.
            let bits = PageTableNode.slotBits
            let difference = index ^ address.firstLeaf
            let highest = UInt64(63 - difference.leadingZeroBitCount)
            let shift = highest / bits * bits
            let parent = NodeReference.allocate(
                firstLeaf: (index >> (shift + bits)) << (shift + bits),
                shift: shift,
                address,
                TableReference(leaf)
            )
            return TableReference(parent)
        }
        let slot = node.fields.slot(index)
        guard let child = node.child(slot) else {
            return TableReference(node.inserting(TableReference(leaf), at: slot))
        }
        node.replace(slot, with: inserted(leaf, into: child))
        return address
    }

    /// Brings the nodes above up to date after a change of `leaf`; an empty leaf goes.
    mutating func settle(_ leaf: LeafReference, wasResident: Bool) {
        let isResident = !leaf.fields.resident.isEmpty
        if wasResident != isResident { markerLeafCount += isResident ? -1 : 1 }
        if leaf.fields.isEmpty {
            remove(leaf)
            return
        }
        let summary = leaf.fields.actualSummary
        guard summary != leaf.fields.summary else { return }
        leaf.fields.summary = summary
        guard let node = root?.node else { return }
        _ = note(leaf.fields.index, summary, below: node)
    }

    /// Frees everything; the caller has taken the frames out.
    mutating func removeAll() {
        if let root = root { destroy(root) }
        self = PageTable()
    }

    private mutating func remove(_ leaf: LeafReference) {
        cachedIndex = .max
        cachedLeaf = nil
        markerLeafCount -= 1
        root = root.flatMap { removed(leaf, from: $0) }
    }

    /// Takes `leaf` out of a part of the tree; returns what is left of it.
    private func removed(_ leaf: LeafReference, from address: TableReference) -> TableReference? {
        guard let node = address.node else {
            leaf.destroy()
            return nil
        }
        let slot = node.fields.slot(leaf.fields.index)
        if let rest = node.child(slot).flatMap({ removed(leaf, from: $0) }) {
            node.replace(slot, with: rest)
            return address
        }
        node.remove(slot)
        let present = node.fields.present
        guard present & (present - 1) == 0 else { return address }
        // One child needs no node.
        let last = node.child(present.trailingZeroBitCount)
        node.destroy()
        return last
    }

    /// Notes what is known about leaf `index` in all nodes on the way; returns what is known about
    /// `node` then.
    private func note(
        _ index: UInt64,
        _ summary: LeafSummary,
        below node: NodeReference
    ) -> LeafSummary {
        let slot = node.fields.slot(index)
        var childSummary = summary
        if let child = node.child(slot)?.node {
            childSummary = note(index, summary, below: child)
        }
        node.fields.note(slot, childSummary)
        return node.fields.summary
    }

    private func destroy(_ address: TableReference) {
        guard let node = address.node else {
            address.leaf.destroy()
            return
        }
        for slot in 0..<PageTableNode.childCountMax {
            if let child = node.child(slot) { destroy(child) }
        }
        node.destroy()
    }

    @inline(__always)
    private func passes(_ leaf: LeafReference, _ filter: Filter) -> Bool {
        switch filter {
        case .present: true
        case .reported: !leaf.fields.reported.isEmpty
        case .clean: leaf.fields.actualSummary.hasClean
        }
    }

    @inline(__always)
    private func bits(_ node: NodeReference, _ filter: Filter) -> UInt64 {
        switch filter {
        case .present: node.fields.present
        case .reported: node.fields.reported
        case .clean: node.fields.clean
        }
    }
}
