public import Storage
public import SystemPackage
internal import Writeback

extension PagedFileSystem {
    /// Finds a name in a directory.
    ///
    /// `.` and `..` work on any node, `.` also on one that was forgotten long ago or is of an
    /// earlier mount: that is how the kernel opens file handles. Errors: ENOENT, ENOTDIR,
    /// ENAMETOOLONG, ESTALE.
    public func lookup(_ name: FileName, in parent: NodeID) throws(Errno) -> Entry {
        let departures = inodes.departures
        var entry = try find(name, in: parent)
        if entry.attributes.isRegular, inodes.departures != departures,
            let fresh = try? attributes(of: entry.node)
        {
            entry.attributes = fresh
        }
        return entry
    }

    /// Finds a name; if the file's pages leave meanwhile, the attributes may be those before their
    /// last writeback.
    private func find(_ name: FileName, in parent: NodeID) throws(Errno) -> Entry {
        if name.isDot, let handle = parent.handle, !inodes.contains(parent) {
            let (node, attributes) = try store.node(of: handle)
            return entry(for: node, attributes, in: parent)
        }
        let directory = try inode(parent)
        if name.isDotOrDotDot { return try lookUpSelf(directory, isParent: !name.isDot) }
        let attributes = try directory.node.attributes(ofChild: name)
        if let inode = inodes.lookUp(attributes, in: parent) {
            var attributes = attributes
            inode.pagedFile?.overlay(&attributes)
            return Entry(node: inode.id, generation: 0, attributes: attributes)
        }
        let (node, fresh) = try directory.node.lookup(name, seen: attributes)
        return entry(for: node, fresh, in: parent)
    }

    private func lookUpSelf(_ directory: Inode, isParent: Bool) throws(Errno) -> Entry {
        let parent = inodes.parent(of: directory.id) ?? .root
        if isParent && directory.id != .root {
            let (node, attributes) = try directory.node.parent()
            return entry(for: node, attributes, in: .root)
        }
        return entry(for: directory.node, try directory.node.attributes(), in: parent)
    }

    /// Takes back `count` lookups of a node.
    public func forget(_ node: NodeID, count: UInt64) {
        dispose(of: inodes.forget(node, count: count))
    }

    /// The attributes of a node.
    public func attributes(of node: NodeID) throws(Errno) -> FileAttributes {
        try attributes(of: inode(node))
    }

    /// The target of a symbolic link.
    public func readLink(_ node: NodeID) throws(Errno) -> [UInt8] {
        try inode(node).node.readLink()
    }

    /// Space and limits of the backing file system; pages that are dirty count as used.
    public func statistics(of node: NodeID) throws(Errno) -> FileSystemStatistics {
        var statistics = try inode(node).node.statistics()
        let dirty = engine.dirtyBytes / max(statistics.fragmentSize, 1)
        statistics.blocksFree -= min(dirty, statistics.blocksFree)
        statistics.blocksAvailable -= min(dirty, statistics.blocksAvailable)
        return statistics
    }

    /// access(2), for a kernel that asks although it checks permissions itself.
    ///
    /// Errors: EACCES. Supplementary groups are not known here and do not count.
    public func checkAccess(_ node: NodeID, mask: Int32, caller: Caller) throws(Errno) {
        let attributes = try attributes(of: node)
        let wanted = UInt32(bitPattern: mask) & 0o7
        if caller.uid == 0 {
            let isExecutable = attributes.isDirectory || attributes.permissions & 0o111 != 0
            if wanted & 0o1 != 0 && !isExecutable { throw .permissionDenied }
            return
        }
        let shift: UInt32 =
            caller.uid == attributes.uid ? 6 : caller.gid == attributes.gid ? 3 : 0
        if (attributes.permissions >> shift) & wanted != wanted { throw .permissionDenied }
    }
}
