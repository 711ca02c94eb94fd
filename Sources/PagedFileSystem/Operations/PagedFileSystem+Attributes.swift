public import Storage
internal import Support
internal import Synchronization
public import SystemPackage

extension PagedFileSystem {
    /// chmod(2), chown(2), truncate(2), utimensat(2).
    ///
    /// - Returns: the attributes afterwards.
    public func setAttributes(
        _ change: AttributeChange,
        of node: NodeID
    ) throws(Errno) -> FileAttributes {
        let inode = try inodes.inode(node)
        if change.dropsPrivileges { try dropPrivileges(of: inode) }
        if let size = change.size {
            // The kernel sends the time along where it keeps it.
            let file = try pagedFile(of: inode)
            try changes.pass { () throws(Errno) in
                try file.setSize(size, stampsTimes: true)
            }
        }
        if change.uid != nil || change.gid != nil {
            // The backing file system drops setuid, setgid and capabilities by itself here.
            try inode.node.setOwner(uid: change.uid, gid: change.gid)
        }
        if let mode = change.mode {
            try inode.node.setMode(mode & 0o7777)
        }
        let isDeferred = try setTimes(change, of: inode)
        var attributes = try inode.node.attributes()
        if let file = inode.pagedFile {
            let isPassedThrough = change.uid != nil || change.gid != nil || change.mode != nil
            if isPassedThrough || !(isDeferred || change.size != nil) {
                file.noteAttributes(attributes)
            }
            if let changeTime = change.changeTime {
                file.content.withLock { $0.changeTime = changeTime }
            }
            file.overlay(&attributes)
        }
        return attributes
    }

    /// Sets times; true if that waits for writeback.
    ///
    /// The modification time of a file with pages is ours to keep, since writeback would spoil it
    /// anyway; the kernel sends it after each burst of writes.
    private func setTimes(_ change: AttributeChange, of inode: Inode) throws(Errno) -> Bool {
        if change.accessTime == .omit && change.modificationTime == .omit { return false }
        if let file = inode.pagedFile, change.accessTime == .omit,
            file.isOpen || !file.isWorthKeeping
        {
            file.setModificationTime(change.modificationTime)
            return true
        }
        try inode.node.setTimes(access: change.accessTime, modification: change.modificationTime)
        inode.pagedFile?.content.withLock { content in
            content.modificationTime = change.modificationTime.time ?? content.modificationTime
        }
        return false
    }

    /// What a write does to a program: it loses setuid, setgid (if the group may execute it), and
    /// its file capabilities.
    func dropPrivileges(of inode: Inode) throws(Errno) {
        let mode = try inode.node.attributes().permissions
        var dropped = mode & ~0o4000
        if mode & 0o2010 == 0o2010 { dropped &= ~0o2000 }
        if dropped != mode {
            try inode.node.setMode(dropped)
            noteChanged(inode)
            attachedCache?.forgetAttributes(inode.id)
        }
        if !inode.hasNoCapability.load(ordering: .relaxed) { try dropCapability(of: inode) }
    }

    /// Removes the file's capabilities, and remembers that it has none.
    func dropCapability(of inode: Inode) throws(Errno) {
        do throws(Errno) {
            try inode.node.removeExtendedAttribute(capabilityName)
            noteChanged(inode)
        } catch .noData, .notSupported, .notPermitted, .permissionDenied {
            // There is none, or none that this daemon could have let through.
        }
        inode.hasNoCapability.store(true, ordering: .relaxed)
    }

    // MARK: - Extended attributes

    /// The size of a value in bytes.
    ///
    /// Errors: ENODATA, EOPNOTSUPP.
    public func extendedAttributeSize(
        _ name: ExtendedAttributeName,
        of node: NodeID
    ) throws(Errno) -> Int {
        try inodes.inode(node).node.extendedAttributeSize(name)
    }

    /// A value of at most `capacity` bytes.
    ///
    /// Errors: ENODATA, ERANGE, EOPNOTSUPP.
    public func extendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID,
        capacity: Int
    ) throws(Errno) -> [UInt8] {
        try inodes.inode(node).node.extendedAttribute(name, capacity: capacity)
    }

    /// Sets a value; `flags` are setxattr(2)'s.
    ///
    /// Errors: EEXIST, ENODATA, ENOSPC, EOPNOTSUPP.
    public func setExtendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID,
        value: UnsafeRawBufferPointer,
        flags: Int32
    ) throws(Errno) {
        let inode = try inodes.inode(node)
        // SAFETY: the caller's buffer is valid for this call, and used in no other way.
        unsafe try inode.node.setExtendedAttribute(name, value: value, flags: flags)
        if name == capabilityName { inode.hasNoCapability.store(false, ordering: .relaxed) }
        noteChanged(inode)
    }

    /// The names of all values, each with a NUL at its end.
    public func extendedAttributeNames(of node: NodeID) throws(Errno) -> [UInt8] {
        try inodes.inode(node).node.extendedAttributeNames()
    }

    /// Removes a value.
    ///
    /// Errors: ENODATA.
    public func removeExtendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID
    ) throws(Errno) {
        let inode = try inodes.inode(node)
        try inode.node.removeExtendedAttribute(name)
        noteChanged(inode)
    }
}

private let capabilityName: ExtendedAttributeName = "security.capability"
