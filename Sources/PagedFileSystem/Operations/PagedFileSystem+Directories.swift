internal import Storage
internal import Support
public import SystemPackage

extension PagedFileSystem {
    /// opendir(3).
    public func openDirectory(_ node: NodeID) throws(Errno) -> OpenFileID {
        let inode = try inode(node)
        let stream = try inode.node.openDirectory()
        inodes.retainOpen(inode.id)
        counts.openFiles.add(1)
        return openFiles.add(
            OpenFile(inode: inode, kind: .directory(stream), isWritable: false, failuresSeen: 0)
        )
    }

    /// Lists a directory from `offset` on, entry by entry, until `body` returns false.
    ///
    /// With attributes, an entry counts a lookup of its node if `body` took it; `.` and `..`, and
    /// names that are gone when they come, have none.
    public func readDirectory(
        _ directory: OpenFileID,
        node: NodeID,
        at offset: UInt64,
        withAttributes: Bool,
        body: (DirectoryEntry) -> Bool
    ) throws(Errno) {
        guard case .directory(let stream) = try openFiles.file(directory).kind else {
            throw .notDirectory
        }
        try stream.read(at: offset) { item in
            let entry =
                withAttributes && !item.name.isDotOrDotDot
                ? try? lookup(item.name, in: node) : nil
            let isTaken = body(
                DirectoryEntry(
                    name: item.name,
                    inode: item.inode,
                    mode: entry?.attributes.typeBits ?? item.typeBits,
                    nextOffset: item.nextOffset,
                    entry: entry
                )
            )
            if !isTaken, let entry { forget(entry.node, count: 1) }
            return isTaken
        }
    }

    /// closedir(3).
    public func releaseDirectory(_ directory: OpenFileID) {
        guard let open = openFiles.remove(directory) else { return }
        counts.openFiles.add(-1)
        dispose(of: inodes.releaseOpen(open.inode.id).unused)
    }

    /// fsync(2) of a directory: its names are on the medium.
    public func syncDirectory(
        _ directory: OpenFileID,
        node: NodeID,
        dataOnly: Bool
    ) throws(Errno) {
        try inode(node).node.syncDirectory()
    }
}
