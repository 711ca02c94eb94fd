internal import CLinux
internal import Glibc

/// What `stat` tells of an object.
public struct FileAttributes: Sendable, Hashable {
    /// The backing device that holds the object.
    public var device: UInt64
    /// The inode number on that device.
    public var inode: UInt64
    /// The type bits (`S_IFMT`) and the permission bits.
    public var mode: UInt32
    /// The number of names; 0 for an object that was removed while open.
    public var linkCount: UInt64
    /// The owner.
    public var uid: UInt32
    /// The group.
    public var gid: UInt32
    /// The device that a device node stands for (`st_rdev`).
    public var deviceNumber: UInt64
    /// The size in bytes.
    public var size: UInt64
    /// The space taken, in units of 512 bytes.
    public var blocks: UInt64
    /// When it was last read, as far as the mount options keep that.
    public var accessTime: FileTime
    /// When its data last changed.
    public var modificationTime: FileTime
    /// When its data or attributes last changed.
    public var changeTime: FileTime
    /// When it was made; nil where the backing file system does not keep that.
    public var birthTime: FileTime?
    /// The preferred size of I/O in bytes.
    public var blockSize: UInt32

    /// Makes attributes of an object without data, names or times, to be filled in.
    public init(device: UInt64 = 0, inode: UInt64 = 0, mode: UInt32 = 0) {
        self.device = device
        self.inode = inode
        self.mode = mode
        linkCount = 1
        uid = 0
        gid = 0
        deviceNumber = 0
        size = 0
        blocks = 0
        accessTime = FileTime(seconds: 0)
        modificationTime = FileTime(seconds: 0)
        changeTime = FileTime(seconds: 0)
        blockSize = 4096
    }

    init(_ status: clinux_attributes) {
        device = status.device
        inode = status.inode
        mode = status.mode
        linkCount = status.link_count
        uid = status.uid
        gid = status.gid
        deviceNumber = status.device_number
        size = status.size
        blocks = status.blocks
        accessTime = FileTime(status.access)
        modificationTime = FileTime(status.modification)
        changeTime = FileTime(status.change)
        let birth = FileTime(status.birth)
        birthTime = birth == FileTime(seconds: 0) ? nil : birth
        blockSize = status.block_size
    }
}

extension FileAttributes {
    /// Device and inode number.
    public var identity: NodeIdentity { NodeIdentity(device: device, inode: inode) }
    /// The type bits alone (`S_IFREG` and so on).
    public var typeBits: UInt32 { mode & S_IFMT }
    /// The permission bits with setuid, setgid and sticky.
    public var permissions: UInt32 { mode & 0o7777 }
    /// Whether the object is a regular file.
    public var isRegular: Bool { typeBits == S_IFREG }
    /// Whether the object is a directory.
    public var isDirectory: Bool { typeBits == S_IFDIR }
    /// Whether the object is a symbolic link.
    public var isSymbolicLink: Bool { typeBits == S_IFLNK }
}

extension FileTime {
    init(_ time: clinux_time) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
