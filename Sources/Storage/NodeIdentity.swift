/// What tells one object of the backing tree from every other that lives at the same time.
///
/// An inode number is used again once its object is gone.
public struct NodeIdentity: Sendable, Hashable {
    /// The backing device, as `st_dev`.
    public var device: UInt64
    /// The inode number on it.
    public var inode: UInt64

    /// Makes an identity.
    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}
