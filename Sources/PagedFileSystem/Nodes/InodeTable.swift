internal import Storage
internal import Support
internal import Synchronization
internal import SystemPackage

/// The inodes of a mount by nodeid and by backing identity.
///
/// What the kernel knows is counted for each nodeid; an inode in memory it has only while it is
/// used: beyond `cachedCountMax` those go that were not used for some time, if their nodeid finds
/// the object again, nobody has them open, and nothing is to be written back. So each of the many
/// files that the kernel may know takes the daemon `knownBytes` at most.
///
/// An inode that the kernel has forgotten stays as long as it is open or has something to write
/// back.
final class InodeTable: Sendable {
    private struct Slot {
        var inode: Inode
        var openCount = 0
    }

    /// What the kernel knows of a nodeid.
    private struct Known {
        var lookupCount: UInt64
        /// The directory in which it was looked up last, or moved to.
        var parent: NodeID
    }

    private struct State {
        var known: [NodeID: Known] = [:]
        var slots = SecondChanceCache<NodeID, Slot>()
        var byIdentity: [NodeIdentity: NodeID] = [:]
        /// Identifiers of our own so far, for objects without a file handle.
        var countedIDs: UInt64 = 0
    }

    private let state = Guarded(State(), rank: .namespace)
    private let departed = Atomic<UInt64>(0)
    private let cachedCountMax: Int
    /// How many go at most for one that comes, so that the table shrinks again after a time in
    /// which few could, and how many are looked at for each.
    private static let removedCountMax = 8
    private static let looksMax = 64

    /// Makes a table with the root in it.
    init(root: StoreNode, attributes: FileAttributes, cachedCountMax: Int) {
        self.cachedCountMax = cachedCountMax
        let inode = Inode(id: .root, node: root, typeBits: attributes.typeBits)
        state.withLock { state in
            // The root is never forgotten.
            state.known[.root] = Known(lookupCount: 1 << 62, parent: .root)
            state.slots.insert(Slot(inode: inode), for: .root)
            state.byIdentity[root.identity] = .root
        }
    }

    /// The inode of a nodeid, if it is in memory.
    func cached(_ id: NodeID) -> Inode? {
        state.withLock { $0.slots.use(id)?.inode }
    }

    /// Whether the kernel knows a nodeid, or an inode of it is in memory.
    func contains(_ id: NodeID) -> Bool {
        state.withLock { $0.known[id] != nil || $0.slots.use(id) != nil }
    }

    /// The directory in which the kernel has looked up a nodeid last, as far as is known.
    func parent(of id: NodeID) -> NodeID? {
        state.withLock { $0.known[id]?.parent }
    }

    /// Takes note that an object was moved to another directory.
    func move(_ id: NodeID, to parent: NodeID) {
        state.withLock { $0.known[id]?.parent = parent }
    }

    /// Memory that a nodeid takes which the kernel knows, at most: key and value, in a table that
    /// is a quarter to three quarters full, and that is copied when it grows.
    static let knownBytes = 96

    /// The number of nodeids that the kernel knows, and of inodes in memory.
    var counts: (known: Int, cached: Int) {
        state.withLock { ($0.known.count, $0.slots.count) }
    }

    /// The inode of an object with these attributes, if it is in memory, with one more lookup
    /// counted.
    func lookUp(_ attributes: FileAttributes, in parent: NodeID) -> Inode? {
        state.withLock { state in
            guard let inode = Self.find(attributes, in: &state) else { return nil }
            Self.count(inode.id, in: parent, &state)
            return inode
        }
    }

    /// The inode of an object with these attributes, if it is in memory, with nothing counted.
    func find(_ attributes: FileAttributes) -> Inode? {
        state.withLock { Self.find(attributes, in: &$0) }
    }

    /// The inode of an identity, if it is in memory.
    func find(_ identity: NodeIdentity) -> Inode? {
        state.withLock { state in
            state.byIdentity[identity].flatMap { state.slots.use($0)?.inode }
        }
    }

    /// The inode of a node just looked up, made if it is new, with one more lookup counted.
    func intern(
        _ node: StoreNode,
        _ attributes: FileAttributes,
        in parent: NodeID
    ) -> (Inode, unused: [Inode]) {
        let ownID = node.handle.flatMap { NodeID($0) }
        return state.withLock { state in
            var unused: [Inode] = []
            var inode = Self.find(attributes, in: &state)
            if inode == nil {
                if ownID == nil { state.countedIDs += 1 }
                let id = ownID ?? NodeID(counted: state.countedIDs)
                (inode, unused) = add(Inode(id: id, node: node, typeBits: node.typeBits), &state)
            }
            guard let inode else { preconditionFailure("an inode that was just added") }
            Self.count(inode.id, in: parent, &state)
            return (inode, unused)
        }
    }

    /// The inode of a nodeid that was found again by its handle.
    ///
    /// - Throws: `ESTALE` if the kernel does not know the nodeid.
    func revive(_ id: NodeID, _ node: StoreNode) throws(Errno) -> (Inode, unused: [Inode]) {
        let revived: (Inode, unused: [Inode])? = state.withLock { state in
            if let inode = state.slots.use(id)?.inode { return (inode, []) }
            guard state.known[id] != nil else { return nil }
            return add(Inode(id: id, node: node, typeBits: node.typeBits), &state)
        }
        guard let revived else { throw .staleNFSFileHandle }
        return revived
    }

    /// Adds an inode, and lets go of some that were not used for long if there are too many.
    private func add(_ inode: Inode, _ state: inout State) -> (Inode, unused: [Inode]) {
        if let present = state.slots.use(inode.id)?.inode { return (present, []) }
        state.slots.insert(Slot(inode: inode), for: inode.id)
        state.byIdentity[inode.node.identity] = inode.id
        var unused: [Inode] = []
        while state.slots.count > cachedCountMax, unused.count < Self.removedCountMax {
            let removed = state.slots.removeUnused(looksMax: Self.looksMax) { slot in
                // Whoever works with an inode holds it; the table alone gives out new references.
                slot.openCount == 0 && isKnownUniquelyReferenced(&slot.inode)
                    && slot.inode.isReplaceable
            }
            guard let removed else { break }
            noteDeparture(of: removed.inode, &state)
            unused.append(removed.inode)
        }
        return (inode, unused)
    }

    /// Counts `count` lookups less; returns the inode if nothing needs it any more.
    func forget(_ id: NodeID, count: UInt64) -> Inode? {
        state.withLock { state in
            guard let lookups = state.known[id]?.lookupCount else { return nil }
            if lookups > count {
                state.known[id]?.lookupCount = lookups - count
                return nil
            }
            state.known[id] = nil
            return removeIfUnused(id, from: &state)
        }
    }

    /// Counts one more open.
    func retainOpen(_ id: NodeID) {
        state.withLock { _ = $0.slots.update(id) { $0.openCount += 1 } }
    }

    /// Counts one open less; returns whether the inode is open still, and the inode if nothing
    /// needs it any more.
    func releaseOpen(_ id: NodeID) -> (isOpen: Bool, unused: Inode?) {
        state.withLock { state in
            let openCount = state.slots.update(id) { slot in
                slot.openCount -= 1
                return slot.openCount
            }
            return (openCount ?? 0 > 0, removeIfUnused(id, from: &state))
        }
    }

    /// The inode, if nothing needs it any more: called when a flush has left it clean.
    func removeIfUnused(_ id: NodeID) -> Inode? {
        state.withLock { state in removeIfUnused(id, from: &state) }
    }

    /// Moves on whenever a file leaves the table that has had pages.
    ///
    /// Attributes of a backing file that were read before may be older than its last writeback.
    var departures: UInt64 { departed.load(ordering: .sequentiallyConsistent) }

    /// How often an inode is open.
    func openCount(_ id: NodeID) -> Int {
        state.withLock { $0.slots.update(id) { $0.openCount } ?? 0 }
    }

    /// All inodes that have pages.
    func pagedInodes() -> [Inode] {
        state.withLock { state in
            state.slots.values.compactMap { $0.inode.pagedFile == nil ? nil : $0.inode }
        }
    }

    private static func find(_ attributes: FileAttributes, in state: inout State) -> Inode? {
        guard let id = state.byIdentity[attributes.identity],
            let inode = state.slots.use(id)?.inode, inode.node.isSame(as: attributes)
        else { return nil }
        return inode
    }

    private static func count(_ id: NodeID, in parent: NodeID, _ state: inout State) {
        let lookups = state.known[id]?.lookupCount ?? 0
        state.known[id] = Known(lookupCount: lookups + 1, parent: parent)
    }

    private func removeIfUnused(_ id: NodeID, from state: inout State) -> Inode? {
        guard state.known[id] == nil else { return nil }
        let isUnused = state.slots.update(id) { slot in
            slot.openCount == 0 && !slot.inode.hasSomethingToKeep
        }
        guard isUnused == true, let slot = state.slots.remove(id) else { return nil }
        noteDeparture(of: slot.inode, &state)
        return slot.inode
    }

    private func noteDeparture(of inode: Inode, _ state: inout State) {
        if inode.pagedFile != nil { departed.add(1, ordering: .sequentiallyConsistent) }
        // Another object may have got the inode number.
        let identity = inode.node.identity
        if state.byIdentity[identity] == inode.id { state.byIdentity[identity] = nil }
    }
}
