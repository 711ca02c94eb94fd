/// What FUSE calls a nodeid: a place in the inode table together with the generation of its use.
///
/// Never a pointer, and never used for two objects: it stays meaningful, or recognisably stale,
/// whatever the kernel does with it.
public struct NodeID: Hashable, Sendable {
    /// The generation in the upper 32 bits, the place plus one in the lower ones.
    public var rawValue: UInt64

    /// Makes an identifier from the number that the kernel gave.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The root of the mount, `FUSE_ROOT_ID`.
    public static let root = NodeID(rawValue: 1)
}

/// What FUSE calls a file handle: a place in the table of open files with its generation.
public struct OpenFileID: Hashable, Sendable {
    /// The generation in the upper 32 bits, the place plus one in the lower ones.
    public var rawValue: UInt64

    /// Makes an identifier from the number that the kernel gave.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
