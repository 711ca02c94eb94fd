internal import Storage
internal import Support
internal import SystemPackage

/// The inodes of a mount by nodeid and by backing identity.
///
/// An inode stays as long as the kernel has looked it up more often than forgotten it, it is open,
/// or it has something to write back. Identities cannot be reused by the backing file system
/// meanwhile, since each inode holds a descriptor of its object.
final class InodeTable: Sendable {
    private struct Slot {
        let inode: Inode
        var lookupCount: UInt64
        var openCount = 0
    }

    private struct State {
        var slots: [NodeID: Slot] = [:]
        var byIdentity: [NodeIdentity: NodeID] = [:]
        /// Identifiers of our own so far, for objects without a file handle.
        var countedIDs: UInt64 = 0
    }

    private let state = Guarded(State(), rank: .namespace)

    /// Makes a table with the root in it.
    init(root: StoreNode, attributes: FileAttributes) {
        let inode = Inode(id: .root, node: root, typeBits: attributes.typeBits)
        state.withLock { state in
            // The root is never forgotten.
            state.slots[.root] = Slot(inode: inode, lookupCount: 1 << 62)
            state.byIdentity[root.identity] = .root
        }
    }

    /// The inode of a nodeid.
    ///
    /// - Throws: `ESTALE` for a nodeid that is none, or none any more.
    func inode(_ id: NodeID) throws(Errno) -> Inode {
        guard let inode = state.withLock({ $0.slots[id]?.inode }) else {
            throw .staleNFSFileHandle
        }
        return inode
    }

    /// Whether a nodeid is in use.
    func contains(_ id: NodeID) -> Bool {
        state.withLock { $0.slots[id] != nil }
    }

    /// The inode of an identity, with one more lookup counted.
    func lookUp(_ identity: NodeIdentity) -> Inode? {
        state.withLock { state in Self.lookUp(identity, in: &state) }
    }

    /// The inode of an identity, with nothing counted.
    func find(_ identity: NodeIdentity) -> Inode? {
        state.withLock { state in
            state.byIdentity[identity].flatMap { state.slots[$0]?.inode }
        }
    }

    /// The inode of a node just looked up, made if it is new, with one more lookup counted.
    func intern(_ node: StoreNode, typeBits: UInt32) -> Inode {
        let ownID = node.handle.flatMap { NodeID($0) }
        return state.withLock { state in
            if let inode = Self.lookUp(node.identity, in: &state) { return inode }
            if ownID == nil { state.countedIDs += 1 }
            let id = ownID ?? NodeID(counted: state.countedIDs)
            let inode = Inode(id: id, node: node, typeBits: typeBits)
            state.slots[id] = Slot(inode: inode, lookupCount: 1)
            state.byIdentity[node.identity] = id
            return inode
        }
    }

    /// Counts `count` lookups less; returns the inode if nothing needs it any more.
    func forget(_ id: NodeID, count: UInt64) -> Inode? {
        state.withLock { state in
            guard let lookups = state.slots[id]?.lookupCount else { return nil }
            state.slots[id]?.lookupCount = lookups - min(count, lookups)
            return Self.removeIfUnused(id, from: &state)
        }
    }

    /// Counts one more open.
    func retainOpen(_ id: NodeID) {
        state.withLock { $0.slots[id]?.openCount += 1 }
    }

    /// Counts one open less; returns whether the inode is open still, and the inode if nothing
    /// needs it any more.
    func releaseOpen(_ id: NodeID) -> (isOpen: Bool, unused: Inode?) {
        state.withLock { state in
            state.slots[id]?.openCount -= 1
            let isOpen = (state.slots[id]?.openCount ?? 0) > 0
            return (isOpen, Self.removeIfUnused(id, from: &state))
        }
    }

    /// The inode, if nothing needs it any more: called when a flush has left it clean.
    func removeIfUnused(_ id: NodeID) -> Inode? {
        state.withLock { state in Self.removeIfUnused(id, from: &state) }
    }

    /// How often an inode is open.
    func openCount(_ id: NodeID) -> Int {
        state.withLock { $0.slots[id]?.openCount ?? 0 }
    }

    /// All inodes that have pages.
    func pagedInodes() -> [Inode] {
        state.withLock { state in
            state.slots.values.compactMap { $0.inode.pagedFile == nil ? nil : $0.inode }
        }
    }

    private static func lookUp(_ identity: NodeIdentity, in state: inout State) -> Inode? {
        guard let id = state.byIdentity[identity] else { return nil }
        state.slots[id]?.lookupCount += 1
        return state.slots[id]?.inode
    }

    private static func removeIfUnused(_ id: NodeID, from state: inout State) -> Inode? {
        guard let slot = state.slots[id], slot.lookupCount == 0, slot.openCount == 0 else {
            return nil
        }
        if let file = slot.inode.pagedFile, file.isDirty, file.isWorthKeeping { return nil }
        state.slots[id] = nil
        state.byIdentity[slot.inode.node.identity] = nil
        return slot.inode
    }
}
