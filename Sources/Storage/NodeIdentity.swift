/// What tells one object of the backing tree from every other that lives at the same time.
///
/// An inode number is used again once its object is gone: while a `StoreNode` is held it is not.
public struct NodeIdentity: Sendable, Hashable {
    /// The backing device, as `st_dev`.
    public var device: UInt64
    /// The inode number on it.
    public var inode: UInt64
    /// The generation of the inode number; 0 where it is not known.
    public var generation: UInt32

    /// Makes an identity.
    public init(device: UInt64, inode: UInt64, generation: UInt32 = 0) {
        self.device = device
        self.inode = inode
        self.generation = generation
    }
}
