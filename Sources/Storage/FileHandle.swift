/// What finds an object of the backing file system again that nothing holds: its inode number and
/// the generation of its use.
///
/// Never the same for two objects, and the same after a remount of the backing file system.
public struct FileHandle: Hashable, Sendable {
    /// The inode number.
    public var inode: UInt32
    /// How often that number was used before, or a number that stands for it.
    public var generation: UInt32

    /// Makes a handle.
    public init(inode: UInt32, generation: UInt32) {
        self.inode = inode
        self.generation = generation
    }
}
