internal import Storage

/// What FUSE calls a nodeid: the object's file handle on the backing file system, or a number of
/// our own where there is none.
///
/// Never a pointer, and never used for two objects: it stays meaningful, or recognisably stale,
/// whatever the kernel does with it. One that is a file handle means the same object for ever, also
/// when the kernel has forgotten it, and in the next mount.
public struct NodeID: Hashable, Sendable {
    /// The generation in the upper 32 bits and the inode number in the lower ones; with the
    /// highest bit of the lower ones set, a number counted up.
    public var rawValue: UInt64

    /// Makes an identifier from the number that the kernel gave.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Makes the identifier of an object with a handle; nil if its inode number is out of bounds.
    init?(_ handle: FileHandle) {
        // 1 would be the root's with the generation 0, and no file system counts from there.
        guard handle.inode > 1, handle.inode < Self.countedBit else { return nil }
        rawValue = UInt64(handle.generation) << 32 | UInt64(handle.inode)
    }

    /// Makes the identifier with the number `count`.
    init(counted count: UInt64) {
        let bit = UInt64(Self.countedBit)
        rawValue = (count / bit) << 32 | bit | (count % bit)
    }

    /// The handle of the object; nil if it is known by a number of ours.
    var handle: FileHandle? {
        let inode = UInt32(truncatingIfNeeded: rawValue)
        if self == .root || inode >= Self.countedBit { return nil }
        return FileHandle(inode: inode, generation: UInt32(rawValue >> 32))
    }

    private static let countedBit: UInt32 = 1 << 31

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
