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
        var inode: Inode?
        var generation: UInt32 = 0
        var lookupCount: UInt64 = 0
        var openCount = 0
    }

    private struct State {
        var slots: [Slot] = []
        var free: [Int] = []
        var byIdentity: [NodeIdentity: Int] = [:]
    }

    private let state = Guarded(State(), rank: .namespace)

    /// Makes a table with the root in it.
    init(root: StoreNode, attributes: FileAttributes) {
        let inode = Inode(id: .root, node: root, typeBits: attributes.typeBits)
        state.withLock { state in
            // The root is never forgotten.
            state.slots.append(Slot(inode: inode, lookupCount: 1 << 62))
            state.byIdentity[root.identity] = 0
        }
    }

    /// The inode of a nodeid.
    ///
    /// - Throws: `ESTALE` for a nodeid that is none, or none any more.
    func inode(_ id: NodeID) throws(Errno) -> Inode {
        let inode = state.withLock { state in
            Self.index(of: id, in: state).flatMap { state.slots[$0].inode }
        }
        guard let inode else { throw .staleNFSFileHandle }
        return inode
    }

    /// The inode of an identity, with one more lookup counted.
    func lookUp(_ identity: NodeIdentity) -> Inode? {
        state.withLock { state in
            guard let index = state.byIdentity[identity] else { return nil }
            state.slots[index].lookupCount += 1
            return state.slots[index].inode
        }
    }

    /// The inode of an identity, with nothing counted.
    func find(_ identity: NodeIdentity) -> Inode? {
        state.withLock { state in
            state.byIdentity[identity].flatMap { state.slots[$0].inode }
        }
    }

    /// The inode of a node just looked up, made if it is new, with one more lookup counted.
    func intern(_ node: StoreNode, typeBits: UInt32) -> Inode {
        state.withLock { state in
            if let index = state.byIdentity[node.identity], let inode = state.slots[index].inode {
                state.slots[index].lookupCount += 1
                return inode
            }
            let index = state.free.popLast() ?? state.slots.count
            if index == state.slots.count { state.slots.append(Slot()) }
            let id = NodeID(
                rawValue: UInt64(state.slots[index].generation) << 32 | UInt64(index + 1)
            )
            let inode = Inode(id: id, node: node, typeBits: typeBits)
            state.slots[index].inode = inode
            state.slots[index].lookupCount = 1
            state.slots[index].openCount = 0
            state.byIdentity[node.identity] = index
            return inode
        }
    }

    /// Counts `count` lookups less; returns the inode if nothing needs it any more.
    func forget(_ id: NodeID, count: UInt64) -> Inode? {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state) else { return nil }
            let slot = state.slots[index]
            state.slots[index].lookupCount = slot.lookupCount - min(count, slot.lookupCount)
            return Self.removeIfUnused(index, from: &state)
        }
    }

    /// Counts one more open.
    func retainOpen(_ id: NodeID) {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state) else { return }
            state.slots[index].openCount += 1
        }
    }

    /// Counts one open less; returns whether the inode is open still, and the inode if nothing
    /// needs it any more.
    func releaseOpen(_ id: NodeID) -> (isOpen: Bool, unused: Inode?) {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state) else { return (false, nil) }
            state.slots[index].openCount -= 1
            let isOpen = state.slots[index].openCount > 0
            return (isOpen, Self.removeIfUnused(index, from: &state))
        }
    }

    /// The inode, if nothing needs it any more: called when a flush has left it clean.
    func removeIfUnused(_ id: NodeID) -> Inode? {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state) else { return nil }
            return Self.removeIfUnused(index, from: &state)
        }
    }

    /// How often an inode is open.
    func openCount(_ id: NodeID) -> Int {
        state.withLock { state in
            Self.index(of: id, in: state).map { state.slots[$0].openCount } ?? 0
        }
    }

    /// All inodes that have pages.
    func pagedInodes() -> [Inode] {
        state.withLock { state in
            state.slots.compactMap { slot in
                slot.inode?.pagedFile == nil ? nil : slot.inode
            }
        }
    }

    private static func index(of id: NodeID, in state: State) -> Int? {
        let index = Int(id.rawValue & 0xffff_ffff) - 1
        guard state.slots.indices.contains(index),
            state.slots[index].inode?.id == id
        else { return nil }
        return index
    }

    private static func removeIfUnused(_ index: Int, from state: inout State) -> Inode? {
        let slot = state.slots[index]
        guard slot.lookupCount == 0, slot.openCount == 0, let inode = slot.inode else { return nil }
        if let file = inode.pagedFile, file.isDirty, file.isWorthKeeping { return nil }
        state.slots[index] = Slot(generation: slot.generation &+ 1)
        state.byIdentity[inode.node.identity] = nil
        state.free.append(index)
        return inode
    }
}
