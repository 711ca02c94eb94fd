public import Storage

/// A name's meaning: what lookup and the creating calls answer.
///
/// Each entry handed out raises the lookup count of its node by one, until `forget`.
public struct Entry: Sendable {
    /// The node.
    public var node: NodeID
    /// FUSE's generation of the node; ours never repeat a nodeid, so it carries no news.
    public var generation: UInt64
    /// The attributes as the mount shows them.
    public var attributes: FileAttributes

    /// Makes an entry.
    public init(node: NodeID, generation: UInt64, attributes: FileAttributes) {
        self.node = node
        self.generation = generation
        self.attributes = attributes
    }
}

/// One entry of a directory listing.
public struct DirectoryEntry: Sendable {
    /// The name.
    public var name: FileName
    /// The inode number.
    public var inode: UInt64
    /// The type bits of the mode.
    public var mode: UInt32
    /// Where the listing goes on after this entry.
    public var nextOffset: UInt64
    /// The node, where the listing was asked for attributes; nil for `.` and `..`.
    public var entry: Entry?
}

/// An opened file.
public struct OpenResult: Sendable {
    /// The handle for all calls on the open file.
    public var file: OpenFileID
    /// Whether what the kernel has cached of the file is still true.
    public var keepsCache: Bool
}
