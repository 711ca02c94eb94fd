// References to the leaves and nodes of a page table.
//
// This is one of the few files with raw pointers.

internal import CLinux

/// A leaf in memory; the page table owns it, and nobody keeps one across a change of the table.
@safe
struct LeafReference {
    // SAFETY: made by `allocate`, initialised, and live until the table calls `destroy`.
    fileprivate let pointer: UnsafeMutablePointer<Leaf>

    /// Makes a leaf.
    static func allocate(index: UInt64) -> LeafReference {
        // A leaf is a cache line, so that a query touches no more of it.
        let pointer = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<Leaf>.stride,
            alignment: 64
        )
        return unsafe LeafReference(
            pointer: pointer.initializeMemory(as: Leaf.self, to: Leaf(index: index))
        )
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

/// A leaf or a node.
@safe
struct TableReference {
    // SAFETY: the address of a live leaf or node, which the page table owns; one byte more for a
    // node. Both begin at even addresses.
    private let address: UnsafeMutableRawPointer

    init(_ leaf: LeafReference) {
        unsafe address = UnsafeMutableRawPointer(leaf.pointer)
    }

    init(_ node: NodeReference) {
        unsafe address = UnsafeMutableRawPointer(node.pointer) + 1
    }

    /// The node; nil for a leaf.
    @inline(__always)
    var node: NodeReference? {
        guard unsafe UInt(bitPattern: address) & 1 != 0 else { return nil }
        let node = unsafe (address - 1).assumingMemoryBound(to: PageTableNode.self)
        return unsafe NodeReference(node)
    }

    /// The leaf, where it is not a node.
    @inline(__always)
    var leaf: LeafReference {
        assert(node == nil)
        return unsafe LeafReference(pointer: address.assumingMemoryBound(to: Leaf.self))
    }

    /// The number of the first leaf that it covers.
    var firstLeaf: UInt64 { node?.fields.firstLeaf ?? leaf.fields.index }

    /// What is known about it in the node above.
    var summary: LeafSummary { node?.fields.summary ?? leaf.fields.summary }

    /// Starts loading what a search looks at first.
    @inline(__always)
    func prefetch() { unsafe clinux_prefetch(address) }
}
