public import Storage
internal import Synchronization
public import SystemPackage

extension PagedFileSystem {
    /// mknod(2).
    public func makeNode(
        _ name: FileName,
        in parent: NodeID,
        mode: UInt32,
        device: UInt64,
        caller: Caller
    ) throws(Errno) -> Entry {
        let directory = try inode(parent).node
        let (node, attributes) = try directory.makeNode(
            name,
            mode: mode,
            device: device,
            caller: caller
        )
        return entry(for: node, attributes, in: parent)
    }

    /// mkdir(2).
    public func makeDirectory(
        _ name: FileName,
        in parent: NodeID,
        mode: UInt32,
        caller: Caller
    ) throws(Errno) -> Entry {
        let directory = try inode(parent).node
        let (node, attributes) = try directory.makeDirectory(name, mode: mode, caller: caller)
        return entry(for: node, attributes, in: parent)
    }

    /// symlink(2).
    public func makeSymbolicLink(
        _ name: FileName,
        in parent: NodeID,
        target: [UInt8],
        caller: Caller
    ) throws(Errno) -> Entry {
        let directory = try inode(parent).node
        let (node, attributes) = try directory.makeSymbolicLink(
            name,
            target: target,
            caller: caller
        )
        return entry(for: node, attributes, in: parent)
    }

    /// link(2).
    public func makeLink(
        _ name: FileName,
        in parent: NodeID,
        to node: NodeID
    ) throws(Errno) -> Entry {
        let directory = try inode(parent).node
        let inode = try inode(node)
        try directory.makeLink(name, to: inode.node)
        inode.pagedFile?.noteLinked()
        noteChanged(inode)
        return entry(for: inode.node, try inode.node.attributes(), in: parent)
    }

    /// open(2) with O_CREAT of a name that does not exist.
    ///
    /// Errors: EEXIST if it does; the kernel then looks again.
    public func create(
        _ name: FileName,
        in parent: NodeID,
        mode: UInt32,
        flags: Int32,
        caller: Caller
    ) throws(Errno) -> (Entry, OpenResult) {
        let directory = try inode(parent).node
        let created: (node: StoreNode, attributes: FileAttributes, file: any BackingFile)
        do throws(Errno) {
            created = try directory.createFile(name, mode: mode, caller: caller)
        } catch .fileExists where flags & exclusiveFlag == 0 {
            // Somebody else made it between the kernel's lookup and now.
            let entry = try lookup(name, in: parent)
            return (entry, try open(entry.node, flags: flags, unprivileged: caller))
        }
        return try open(created, in: parent, flags: flags)
    }

    /// open(2) with O_TMPFILE.
    public func createUnnamed(
        in parent: NodeID,
        mode: UInt32,
        flags: Int32,
        caller: Caller
    ) throws(Errno) -> (Entry, OpenResult) {
        let directory = try inode(parent).node
        return try open(
            directory.createUnnamedFile(mode: mode, caller: caller),
            in: parent,
            flags: flags
        )
    }

    /// Opens a file that has just been made.
    private func open(
        _ created: (node: StoreNode, attributes: FileAttributes, file: any BackingFile),
        in parent: NodeID,
        flags: Int32
    ) throws(Errno) -> (Entry, OpenResult) {
        let entry = entry(for: created.node, created.attributes, in: parent)
        let inode = try inode(entry.node)
        inode.hasNoCapability.store(true, ordering: .relaxed)
        let file = inode.adopt(try makePagedFile(of: inode, created.attributes))
        file.backing.adopt(created.file)
        if created.attributes.linkCount == 0 { file.noteUnnamed() }
        return (entry, OpenResult(file: register(file, of: inode, flags: flags), keepsCache: true))
    }
}

/// `O_EXCL`.
private let exclusiveFlag: Int32 = 0o200
