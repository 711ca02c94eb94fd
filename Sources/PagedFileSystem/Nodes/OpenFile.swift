internal import Storage
internal import Synchronization

/// An open file or directory: what a file handle of the kernel stands for.
final class OpenFile: Sendable {
    /// What was opened.
    enum Kind: Sendable {
        case file(PagedFile)
        case directory(DirectoryStream)
    }

    let inode: Inode
    let kind: Kind
    /// Whether it was opened for writing.
    let isWritable: Bool
    /// Failed flushes that this open file has been told of: each learns of a failure once, as with
    /// Linux's errseq_t.
    let failuresSeen: Atomic<UInt64>

    init(inode: Inode, kind: Kind, isWritable: Bool, failuresSeen: UInt64) {
        self.inode = inode
        self.kind = kind
        self.isWritable = isWritable
        self.failuresSeen = Atomic(failuresSeen)
    }
}
