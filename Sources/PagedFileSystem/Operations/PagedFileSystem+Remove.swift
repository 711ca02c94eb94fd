public import Storage
public import SystemPackage

extension PagedFileSystem {
    /// unlink(2) and rmdir(2).
    ///
    /// What is dirty of a file that loses its last name is not written back any more, unless its
    /// memory is needed; the file goes on for those who have it open.
    public func remove(
        _ name: FileName,
        in parent: NodeID,
        isDirectory: Bool
    ) throws(Errno) {
        let directory = try inode(parent).node
        let victim = known(name, in: directory)
        let left = try directory.remove(name, isDirectory: isDirectory, of: victim?.node)
        noteNameLost(victim, left)
    }

    /// renameat2(2): `flags` are RENAME_NOREPLACE and RENAME_EXCHANGE.
    public func rename(
        _ name: FileName,
        in parent: NodeID,
        to newName: FileName,
        in newParent: NodeID,
        flags: UInt32
    ) throws(Errno) {
        let source = try inode(parent).node
        let target = try inode(newParent).node
        let moved = known(name, in: source)
        let replaced = known(newName, in: target)
        let left = try StoreNode.rename(
            name,
            in: source,
            of: moved?.node,
            to: newName,
            in: target,
            of: replaced?.node,
            flags: flags
        )
        if let moved {
            inodes.move(moved.id, to: newParent)
            noteChanged(moved)
        }
        if let replaced, flags & exchangeFlag != 0 { inodes.move(replaced.id, to: parent) }
        noteNameLost(replaced, left)
    }

    /// The inode behind a name, if we or the kernel know it.
    private func known(_ name: FileName, in directory: StoreNode) -> Inode? {
        guard let attributes = try? directory.attributes(ofChild: name) else { return nil }
        if let inode = inodes.find(attributes) { return inode }
        guard let node = try? directory.lookup(name, seen: attributes).0,
            let id = node.handle.flatMap({ NodeID($0) })
        else { return nil }
        return try? revive(id, node)
    }

    /// Takes note of the attributes after a name was lost, or was exchanged, as they tell.
    private func noteNameLost(_ inode: Inode?, _ fresh: FileAttributes?) {
        guard let file = inode?.pagedFile, let fresh else { return }
        file.noteAttributes(fresh)
        if fresh.linkCount == 0 { file.noteUnlinked() }
    }
}

/// `RENAME_EXCHANGE`.
private let exchangeFlag: UInt32 = 2
