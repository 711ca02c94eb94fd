internal import Glibc
internal import Storage
internal import Support
internal import Synchronization

/// One object of the mount that the kernel knows, or that still has something to write back.
///
/// One per backing object, whatever its names: hard links share it, and with it the VMO.
final class Inode: Sendable {
    let id: NodeID
    let node: StoreNode
    /// The type bits of the mode, which never change.
    let typeBits: UInt32
    /// Whether the file is known to carry no `security.capability`, so that writes need not look.
    let hasNoCapability = Atomic(false)

    private let paged = Guarded<PagedFile?>(nil, rank: .leaf)

    init(id: NodeID, node: StoreNode, typeBits: UInt32) {
        self.id = id
        self.node = node
        self.typeBits = typeBits
    }

    /// Whether this is a regular file.
    var isRegular: Bool { typeBits == S_IFREG }

    /// The file's pages, if it has been opened or changed since it was looked up.
    var pagedFile: PagedFile? { paged.withLock { $0 } }

    /// Sets the file's pages unless somebody else was first; returns what stands.
    func adopt(_ file: PagedFile) -> PagedFile {
        paged.withLock { paged in
            if let paged { return paged }
            paged = file
            return file
        }
    }

    /// Puts `file` in the place of `old`, if that still stands there.
    func replace(_ old: PagedFile, with file: PagedFile) -> PagedFile {
        paged.withLock { paged in
            if let paged, paged !== old { return paged }
            paged = file
            return file
        }
    }
}
