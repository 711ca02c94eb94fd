// References to the leaves and nodes of a page table.
//
// This is one of the few files with raw pointers.

/// A leaf in memory; the page table owns it, and nobody keeps one across a change of the table.
@safe
struct LeafReference {
    // SAFETY: made by `allocate`, initialised, and live until the table calls `destroy`.
    fileprivate let pointer: UnsafeMutablePointer<Leaf>

    /// Makes a leaf.
    static func allocate(index: UInt64) -> LeafReference {
        let headerBytes = MemoryLayout<Leaf>.stride
        let wordBytes = Leaf.wordCount * MemoryLayout<UInt64>.stride
        // A leaf begins with a cache line, so that a query touches as few as possible.
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: headerBytes + wordBytes,
            alignment: 64
        )
        // SAFETY: the block holds the leaf and, behind it, the words; both are aligned.
        let words = unsafe (block + headerBytes).initializeMemory(
            as: UInt64.self,
            repeating: 0,
            count: Leaf.wordCount
        )
        let pointer = unsafe block.initializeMemory(
            as: Leaf.self,
            to: Leaf(index: index, words: words)
        )
        return unsafe LeafReference(pointer: pointer)
    }

    /// The leaf itself.
    @inline(__always)
    var fields: Leaf {
        _read { yield unsafe pointer.pointee }
        nonmutating _modify { yield unsafe &pointer.pointee }
    }

    /// Frees the leaf.
    ///
    /// Nobody may use it afterwards.
    func destroy() {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }
}

/// A node in memory; the page table owns it.
@safe
struct NodeReference {
    // SAFETY: made by `allocate`, initialised, and live until the table calls `destroy`.
    fileprivate let pointer: UnsafeMutablePointer<PageTableNode>

    /// Makes a node without children.
    static func allocate() -> NodeReference {
        let headerBytes = MemoryLayout<PageTableNode>.stride
        let childBytes = PageTableNode.childCount * MemoryLayout<TableReference?>.stride
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: headerBytes + childBytes,
            alignment: 64
        )
        // SAFETY: the block holds the node and, behind it, the children; both are aligned.
        let children = unsafe (block + headerBytes).initializeMemory(
            as: TableReference?.self,
            repeating: nil,
            count: PageTableNode.childCount
        )
        let pointer = unsafe block.initializeMemory(
            as: PageTableNode.self,
            to: PageTableNode(children: children)
        )
        return unsafe NodeReference(pointer: pointer)
    }

    /// The node itself.
    @inline(__always)
    var fields: PageTableNode {
        _read { yield unsafe pointer.pointee }
        nonmutating _modify { yield unsafe &pointer.pointee }
    }

    /// Frees the node.
    ///
    /// Nobody may use it afterwards.
    func destroy() {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }
}

/// A leaf or a node; which of the two follows from its level in the tree.
@safe
struct TableReference {
    // SAFETY: the address of a live leaf or node, which the page table owns.
    private let address: UnsafeMutableRawPointer

    init(_ leaf: LeafReference) {
        unsafe address = UnsafeMutableRawPointer(leaf.pointer)
    }

    init(_ node: NodeReference) {
        unsafe address = UnsafeMutableRawPointer(node.pointer)
    }

    /// The leaf, where the level is 0.
    @inline(__always)
    var leaf: LeafReference {
        unsafe LeafReference(pointer: address.assumingMemoryBound(to: Leaf.self))
    }

    /// The node, where the level is above 0.
    @inline(__always)
    var node: NodeReference {
        unsafe NodeReference(pointer: address.assumingMemoryBound(to: PageTableNode.self))
    }
}
