internal import Support
internal import SystemPackage

/// The `O_PATH` descriptors of a store's nodes: opened when they are needed, of which only those
/// used last stay open.
///
/// Others are opened again by the node's place or its file handle. A node that neither leads to is
/// held: its descriptor stays open as long as it lives.
///
/// Thread safety: any thread; nothing is opened or closed under a lock.
final class DescriptorCache: Sendable {
    private struct Shard {
        /// By the node's identity as an object; each takes its entry along when it goes.
        var open = SecondChanceCache<ObjectIdentifier, SharedDescriptor>()
        var held: [ObjectIdentifier: (descriptor: SharedDescriptor, count: Int)] = [:]

        mutating func descriptor(_ key: ObjectIdentifier) -> SharedDescriptor? {
            open.use(key) ?? held[key]?.descriptor
        }
    }

    /// Nodes are spread over several locks, since every request comes by here.
    private static let shardCount = 16
    private let shards: [Guarded<Shard>]
    private let countMaxOfShard: Int

    /// Makes a cache that keeps about `countMax` descriptors open.
    init(countMax: Int) {
        shards = (0..<Self.shardCount).map { _ in Guarded(Shard(), rank: .leaf) }
        countMaxOfShard = max(1, countMax / Self.shardCount)
    }

    /// The number of descriptors open now.
    var count: Int {
        shards.reduce(0) { $0 + $1.withLock { $0.open.count + $0.held.count } }
    }

    /// The descriptor of a node, if it is open.
    func descriptor(of node: StoreNode) -> SharedDescriptor? {
        let key = ObjectIdentifier(node)
        return shard(of: key).withLock { $0.descriptor(key) }
    }

    /// Adds a descriptor that was opened for a node; returns the one that the node has now.
    func add(_ descriptor: SharedDescriptor, of node: StoreNode) -> SharedDescriptor {
        let key = ObjectIdentifier(node)
        let (kept, evicted) = shard(of: key).withLock { shard in
            if let present = shard.descriptor(key) { return (present, nil as SharedDescriptor?) }
            shard.open.insert(descriptor, for: key)
            guard shard.open.count > countMaxOfShard else { return (descriptor, nil) }
            return (
                descriptor,
                shard.open.removeUnused(looksMax: 2 * shard.open.count) { $0 !== descriptor }
            )
        }
        // It is closed here, outside the lock, unless somebody is using it.
        _ = evicted
        return kept
    }

    /// Whether the descriptor of a node is kept open by `hold`.
    func isHeld(_ node: StoreNode) -> Bool {
        let key = ObjectIdentifier(node)
        return shard(of: key).withLock { $0.held[key] != nil }
    }

    /// Keeps a node's descriptor open until `release` was called as often, or `remove`.
    func hold(_ descriptor: SharedDescriptor, of node: StoreNode) {
        let key = ObjectIdentifier(node)
        let replaced = shard(of: key).withLock { shard in
            shard.held[key, default: (descriptor, 0)].count += 1
            return shard.open.remove(key)
        }
        _ = replaced
    }

    /// Takes back one `hold`.
    func release(_ node: StoreNode) {
        let key = ObjectIdentifier(node)
        let released = shard(of: key).withLock { shard -> SharedDescriptor? in
            guard let held = shard.held[key] else { return nil }
            if held.count > 1 {
                shard.held[key]?.count -= 1
                return nil
            }
            shard.held[key] = nil
            return held.descriptor
        }
        if let released { _ = add(released, of: node) }
    }

    /// Takes out the descriptor of a node that is going.
    func remove(_ key: ObjectIdentifier) {
        let removed = shard(of: key).withLock { shard in
            shard.open.remove(key) ?? shard.held.removeValue(forKey: key)?.descriptor
        }
        _ = removed
    }

    /// Runs `body` under a lock that the node shares with some others.
    func withLock<Result>(of node: StoreNode, _ body: () -> Result) -> Result {
        shard(of: ObjectIdentifier(node)).withLock { _ in body() }
    }

    private func shard(of key: ObjectIdentifier) -> Guarded<Shard> {
        // Objects lie at multiples of 16 bytes, those of one class often at equal distances.
        let address = UInt(bitPattern: key)
        return shards[Int((address >> 4 ^ address >> 9) % UInt(Self.shardCount))]
    }
}
