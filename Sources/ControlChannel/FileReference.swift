/// A file or directory of one mount, as a request names it.
public struct FileReference: Hashable, Codable, Sendable {
    /// The inode number that stat(2) shows in the mount, which is the backing file's.
    public var inode: UInt64
    /// The path below the mountpoint, for messages and for look-up; empty for the mount's root.
    public var path: PathBytes

    /// Names the file with this inode number at this path below the mountpoint.
    public init(inode: UInt64, path: PathBytes) {
        self.inode = inode
        self.path = path
    }
}
