// A node of the page table in memory, and its children.
//
// This is one of the few files with raw pointers.

/// A node in memory with its children; the page table owns it.
@safe
struct NodeReference {
    // SAFETY: made by `allocate`, initialised, and live until `destroy` or `inserting` frees it.
    // Behind the node lie `capacity` references: those of the children at their places, all others
    // nil.
    let pointer: UnsafeMutablePointer<PageTableNode>

    init(_ pointer: UnsafeMutablePointer<PageTableNode>) {
        unsafe self.pointer = unsafe pointer
    }

    /// Makes a node of children that lie below different slots.
    static func allocate(
        firstLeaf: UInt64,
        shift: UInt64,
        _ children: TableReference...
    ) -> NodeReference {
        // Three children fill a cache line together with the node.
        var node = allocate(PageTableNode(firstLeaf: firstLeaf, shift: shift, capacity: 3))
        for child in children {
            node = node.inserting(child, at: node.fields.slot(child.firstLeaf))
        }
        return node
    }

    private static func allocate(_ node: PageTableNode) -> NodeReference {
        let headerBytes = MemoryLayout<PageTableNode>.stride
        let childBytes = Int(node.capacity) * MemoryLayout<TableReference?>.stride
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: headerBytes + childBytes,
            alignment: 64
        )
        // SAFETY: the block holds the node and, behind it, the children; both are aligned.
        unsafe (block + headerBytes).initializeMemory(
            as: TableReference?.self,
            repeating: nil,
            count: Int(node.capacity)
        )
        return unsafe NodeReference(block.initializeMemory(as: PageTableNode.self, to: node))
    }

    /// The node itself.
    @inline(__always)
    var fields: PageTableNode {
        _read { yield unsafe pointer.pointee }
        nonmutating _modify { yield unsafe &pointer.pointee }
    }

    @inline(__always)
    private var children: UnsafeMutablePointer<TableReference?> {
        unsafe UnsafeMutableRawPointer(pointer + 1).assumingMemoryBound(to: TableReference?.self)
    }

    /// The child in `slot`, if there is one.
    @inline(__always)
    func child(_ slot: Int) -> TableReference? {
        guard fields.has(slot) else { return nil }
        // SAFETY: a child that is present has a place below `capacity`.
        return unsafe children[fields.place(slot)]
    }

    /// The child at a place, if there is one.
    @inline(__always)
    func child(atPlace place: Int) -> TableReference? {
        guard place < fields.capacity else { return nil }
        // SAFETY: in bounds by the check.
        return unsafe children[place]
    }

    /// Starts loading the child at a place, if there is one.
    @inline(__always)
    func prefetch(atPlace place: Int) {
        // SAFETY: in bounds by the check.
        if place < fields.capacity { unsafe children[place]?.prefetch() }
    }

    /// Puts another child in the place of the one in `slot`.
    func replace(_ slot: Int, with child: TableReference) {
        precondition(fields.has(slot))
        // SAFETY: as in `child`.
        unsafe children[fields.place(slot)] = child
        fields.note(slot, child.summary)
    }

    /// Puts a child in `slot`, where there is none; returns the node, which may have moved.
    func inserting(_ child: TableReference, at slot: Int) -> NodeReference {
        let count = fields.present.nonzeroBitCount
        guard count < fields.capacity else { return grown().inserting(child, at: slot) }
        let place = fields.place(slot)
        if !fields.hasPlaceForAll {
            // SAFETY: there is room for one more.
            unsafe (children + place + 1).update(from: children + place, count: count - place)
        }
        // SAFETY: the place lies below `capacity`.
        unsafe children[place] = child
        fields.present |= 1 << UInt64(slot)
        fields.note(slot, child.summary)
        return self
    }

    /// Takes the child in `slot` away.
    func remove(_ slot: Int) {
        precondition(fields.has(slot))
        var place = fields.place(slot)
        if !fields.hasPlaceForAll {
            let last = fields.present.nonzeroBitCount - 1
            // SAFETY: those behind the place move up by one.
            unsafe (children + place).update(from: children + place + 1, count: last - place)
            place = last
        }
        // SAFETY: as in `child`.
        unsafe children[place] = nil
        fields.present &= ~(1 << UInt64(slot))
        fields.note(slot, LeafSummary())
    }

    /// The node in a larger block; this one is freed.
    private func grown() -> NodeReference {
        // Two cache lines, four, or a place for each.
        let capacity = fields.capacity < 11 ? 11 : fields.capacity < 27 ? 27 : 64
        let larger = Self.allocate(PageTableNode(fields, capacity: capacity))
        var slots = fields.present
        while slots != 0 {
            let slot = slots.trailingZeroBitCount
            slots &= slots - 1
            // SAFETY: each child has a place in both blocks.
            unsafe larger.children[larger.fields.place(slot)] = child(slot)
        }
        destroy()
        return larger
    }

    /// Frees the node.
    ///
    /// Nobody may use it afterwards.
    func destroy() {
        unsafe pointer.deallocate()
    }
}
