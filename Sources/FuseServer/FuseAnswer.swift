internal import PagedFileSystem

/// What a handler has to say to a request; `FuseReply` sends it.
///
/// Handlers return it instead of replying themselves: the reply may be the last thing that keeps an
/// inode, so it must come after everything else.
enum FuseAnswer: ~Copyable {
    /// Done, and there is nothing to tell.
    case done
    /// There is no such name, and the kernel may remember that.
    case noEntry
    /// A name's node. Its lookup count has been raised.
    case entry(Entry)
    /// The attributes of a node.
    case attributes(FileAttributes)
    /// The attributes of a node, for a FUSE_STATX.
    case extendedStatus(FileAttributes)
    /// A symbolic link's target.
    case link([UInt8])
    /// A file has been opened.
    case opened(OpenResult, node: NodeID)
    /// A directory has been opened.
    case openedDirectory(OpenFileID)
    /// A file has been made and opened. Its lookup count has been raised.
    case created(Entry, OpenResult)
    /// Bytes that were taken.
    case count(Int)
    /// Pages of a file.
    case data(ReadReply)
    /// Zeros, as many as this.
    case zeros(Int)
    /// Bytes of an extended attribute or of a list of their names.
    case bytes([UInt8])
    /// The size that an extended attribute or the list of their names has.
    case attributeSize(Int)
    /// Entries of a directory. The lookup counts of those with attributes have been raised.
    case directory(DirectoryReply)
    /// A place in a file.
    case position(UInt64)
    /// An ioctl(2) has been done, and this is what it tells.
    case ioctlDone([UInt8] = [])
    /// The numbers of statfs(2).
    case statistics(FileSystemStatistics)
}
