internal import Support

/// Which page of a VMO has a frame or a Marker, and in which state: leaves of 512 pages under a
/// tree of nodes with 64 children each.
///
/// The tree is as high as its highest leaf needs: a VMO up to 2 MiB has one leaf and no node, and
/// one of 1 EiB without pages has nothing. Each node knows which children have reported (Dirty or
/// AwaitingClean) and which have Clean pages, so that a search for either goes straight to the
/// next one.
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

    /// A leaf at height 0, a node above.
    private(set) var root: TableReference?
    private(set) var height = 0
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
        guard var address = root, index >> UInt64(6 * height) == 0 else { return nil }
        var level = height
        while level > 0 {
            level -= 1
            let slot = Int(index >> UInt64(6 * level) & 63)
            guard let child = address.node.fields.child(slot) else {
                return nil
            }
            address = child
        }
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
        guard let root, start >> UInt64(6 * height) == 0 else { return nil }
        if height == 0 {
            // The only leaf has number 0, and so has `start`.
            return passes(root.leaf, filter) ? root.leaf : nil
        }
        var level = height - 1
        var node = root.node
        var turning: TableReference?
        var turningLevel = 0
        while true {
            let slot = start >> UInt64(6 * level) & 63
            let candidates = bits(node, filter) & (~0 << slot)
            let further = candidates & ~(1 << slot)
            if further != 0 {
                turning = node.fields.child(further.trailingZeroBitCount)
                turningLevel = level
            }
            guard candidates != further, let child = node.fields.child(Int(slot)) else { break }
            if level == 0 { return child.leaf }
            level -= 1
            node = child.node
        }
        return turning.flatMap { firstLeaf(below: $0, turningLevel, filter) }
    }

    /// The first leaf that passes `filter` below a child of a node on `level`.
    @inline(__always)
    private func firstLeaf(
        below child: TableReference,
        _ level: Int,
        _ filter: Filter
    ) -> LeafReference? {
        var child = child
        for _ in 0..<level {
            let first = bits(child.node, filter).trailingZeroBitCount
            guard let next = child.node.fields.child(first & 63) else { return nil }
            child = next
        }
        return child.leaf
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
        grow(toHold: index)
        let leaf = LeafReference.allocate(index: index)
        markerLeafCount += 1
        cachedIndex = index
        cachedLeaf = leaf
        guard height > 0, var address = root else {
            root = TableReference(leaf)
            return leaf
        }
        for level in (0..<height).reversed() {
            let slot = Int(index >> UInt64(6 * level) & 63)
            let node = address.node
            if level == 0 {
                node.fields.setChild(slot, TableReference(leaf))
            } else if let child = node.fields.child(slot) {
                address = child
            } else {
                let child = NodeReference.allocate()
                node.fields.setChild(slot, TableReference(child))
                address = TableReference(child)
            }
        }
        return leaf
    }

    /// Brings the nodes above up to date after a change of `leaf`; an empty leaf goes.
    mutating func settle(_ leaf: LeafReference, wasResident: Bool) {
        let isResident = leaf.fields.residentCount > 0
        if wasResident != isResident { markerLeafCount += isResident ? -1 : 1 }
        if leaf.fields.isEmpty {
            remove(leaf)
            return
        }
        let summary = leaf.fields.actualSummary
        guard summary != leaf.fields.summary else { return }
        leaf.fields.summary = summary
        guard height > 0, let root = root else { return }
        _ = note(root.node, height - 1, leaf.fields.index, summary)
    }

    /// Frees everything; the caller has taken the frames out.
    mutating func removeAll() {
        if let root = root { destroy(root, height) }
        self = PageTable()
    }

    private mutating func remove(_ leaf: LeafReference) {
        cachedIndex = .max
        cachedLeaf = nil
        markerLeafCount -= 1
        guard let root = root else { return }
        if height == 0 {
            leaf.destroy()
            self.root = nil
        } else if remove(leaf, root.node, height - 1) {
            root.node.destroy()
            self.root = nil
            height = 0
        }
    }

    /// Takes `leaf` out below `node`; returns whether the node is left without children.
    private func remove(_ leaf: LeafReference, _ node: NodeReference, _ level: Int) -> Bool {
        let slot = Int(leaf.fields.index >> UInt64(6 * level) & 63)
        if level == 0 {
            node.fields.setChild(slot, nil)
            leaf.destroy()
        } else if let address = node.fields.child(slot) {
            let child = address.node
            if remove(leaf, child, level - 1) {
                child.destroy()
                node.fields.setChild(slot, nil)
            } else {
                node.fields.note(slot, child.fields.summary)
            }
        }
        return node.fields.present == 0
    }

    /// Notes the new summary of leaf `index` in `node` and below; returns the node's own.
    private func note(
        _ node: NodeReference,
        _ level: Int,
        _ index: UInt64,
        _ summary: LeafSummary
    ) -> LeafSummary {
        let slot = Int(index >> UInt64(6 * level) & 63)
        var childSummary = summary
        if level > 0, let child = node.fields.child(slot) {
            childSummary = note(
                child.node,
                level - 1,
                index,
                summary
            )
        }
        node.fields.note(slot, childSummary)
        return node.fields.summary
    }

    /// Makes the tree high enough for leaf `index`.
    private mutating func grow(toHold index: UInt64) {
        guard let old = root else {
            height = 0
            while index >> UInt64(6 * height) != 0 { height += 1 }
            if height > 0 { root = TableReference(NodeReference.allocate()) }
            return
        }
        var top = old
        // A lone leaf of height 0 has number 0, so the old tree is child 0 of each new root.
        while index >> UInt64(6 * height) != 0 {
            let summary =
                height == 0
                ? top.leaf.fields.summary
                : top.node.fields.summary
            let node = NodeReference.allocate()
            node.fields.setChild(0, top)
            node.fields.note(0, summary)
            top = TableReference(node)
            height += 1
        }
        root = top
    }

    private func destroy(_ address: TableReference, _ level: Int) {
        guard level > 0 else {
            address.leaf.destroy()
            return
        }
        let node = address.node
        for slot in 0..<64 {
            if let child = node.fields.child(slot) { destroy(child, level - 1) }
        }
        node.destroy()
    }

    @inline(__always)
    private func passes(_ leaf: LeafReference, _ filter: Filter) -> Bool {
        switch filter {
        case .present: true
        case .reported: leaf.fields.reportedCount > 0
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
