internal import Glibc
internal import Storage
internal import Support
internal import Synchronization

/// One object of the mount that the kernel knows, or that still has something to write back.
///
/// One per backing object, whatever its names: hard links share it, and with it the VMO.
final class Inode: Sendable {
    /// Memory that one takes at most, with its node, its place in the tables and, if it was opened,
    /// its file without pages.
    static let bytesMax = 2048

    let id: NodeID
    let node: StoreNode
    /// The type bits of the mode, which never change.
    let typeBits: UInt32
    /// Whether the file is known to carry no `security.capability`, so that writes need not look.
    let hasNoCapability = Atomic(false)

    private let paged = Guarded<PagedFile?>(nil, rank: .pagedFile)

    init(id: NodeID, node: StoreNode, typeBits: UInt32) {
        self.id = id
        self.node = node
        self.typeBits = typeBits
    }

    /// Whether this is a regular file.
    var isRegular: Bool { typeBits == S_IFREG }

    /// The file's pages, if it has been opened or changed since it was looked up.
    var pagedFile: PagedFile? { paged.withLock { $0 } }

    /// Whether there is something that must be written back.
    var hasSomethingToKeep: Bool {
        guard let file = pagedFile else { return false }
        return file.isDirty && file.isWorthKeeping
    }

    /// Whether a new inode of the same nodeid can take the place of this one.
    var isReplaceable: Bool {
        guard id.handle != nil, node.isReplaceable else { return false }
        return paged.withLock { $0 == nil || Self.isUnused(&$0) }
    }

    /// Whether nobody works with the pages, and nothing is dirty.
    ///
    /// Whoever works with them holds them, and may be about to make them dirty.
    private static func isUnused(_ paged: inout PagedFile?) -> Bool {
        isKnownUniquelyReferenced(&paged) && paged?.isDirty == false
    }

    /// Sets the file's pages unless somebody else was first; returns what stands.
    func adopt(_ file: PagedFile) -> PagedFile {
        paged.withLock { paged in
            if let paged { return paged }
            paged = file
            return file
        }
    }

    /// Puts `file` in the place of pages that nobody works with, and returns those; nil if somebody
    /// does.
    func replaceUnused(with file: PagedFile) -> PagedFile? {
        paged.withLock { paged in
            guard Self.isUnused(&paged) else { return nil }
            defer { paged = file }
            return paged
        }
    }
}
