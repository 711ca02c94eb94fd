public import Storage
internal import Support
internal import Synchronization
public import SystemPackage
internal import Writeback

extension PagedFileSystem {
    /// chmod(2), chown(2), truncate(2), utimensat(2).
    ///
    /// - Returns: the attributes afterwards.
    public func setAttributes(
        _ change: AttributeChange,
        of node: NodeID,
        caller: Caller
    ) throws(Errno) -> FileAttributes {
        let inode = try inode(node)
        let changesOwner = change.uid != nil || change.gid != nil
        // The kernel says so at each chown(2), where only others than root lose more than the
        // backing file system drops by itself.
        if change.dropsPrivileges, !changesOwner || caller.uid != 0 {
            try dropPrivileges(of: inode, by: caller)
        }
        if change.isBare { try applyBareChange(change, to: inode, caller: caller) }
        if let size = change.size {
            // Where the kernel keeps the time, it sends it along, but for a size that it only sets
            // back because a direct write beyond it has failed.
            let file = try pagedFile(of: inode)
            try changes.pass { () throws(Errno) in
                try file.setSize(size, stampsTimes: stampsTimes)
            }
        }
        if changesOwner || change.mode != nil, let file = inode.pagedFile, file.isDirty {
            // Afterwards a daemon without privileges may not be allowed to.
            _ = try? file.backing.open()
        }
        if changesOwner {
            // The backing file system drops setuid, setgid and capabilities by itself here.
            try withoutWriteback(of: inode) { () throws(Errno) in
                try inode.node.setOwner(uid: change.uid, gid: change.gid)
            }
        }
        if let mode = change.mode {
            try withoutWriteback(of: inode) { () throws(Errno) in
                try inode.node.setMode(mode & 0o7777)
            }
        }
        let isDeferred = try setTimes(change, of: inode)
        var attributes = try inode.node.attributes()
        if let file = inode.pagedFile {
            file.closeBackingIfIdle()
            let isPassedThrough = changesOwner || change.mode != nil
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
        try withoutWriteback(of: inode) { () throws(Errno) in
            let (access, modification) = (change.accessTime, change.modificationTime)
            try inode.node.setTimes(access: access, modification: modification)
            inode.pagedFile?.content.withLock { content in
                content.modificationTime = modification.time ?? content.modificationTime
            }
        }
        return false
    }

    /// A change that names nothing: chown(2) of neither owner nor group, or the kernel's way to
    /// drop privileges before fallocate(2) and copy_file_range(2).
    ///
    /// The kernel sends the time of a change along with the first, where it keeps it. The second
    /// comes also when root writes to a program with capabilities, which it has dropped itself;
    /// setuid and setgid stay then.
    private func applyBareChange(
        _ change: AttributeChange,
        to inode: Inode,
        caller: Caller
    ) throws(Errno) {
        let isNoChangeOfOwner = inode.isRegular && change.changeTime == nil
        if isNoChangeOfOwner, !stampsTimes, caller.uid == 0 { return }
        if isNoChangeOfOwner, try inode.node.attributes().permissions & 0o6000 != 0 {
            try dropPrivileges(of: inode, by: caller)
        } else {
            // As the caller: who may do it depends on setuid and setgid.
            try withoutWriteback(of: inode) { () throws(Errno) in
                try inode.node.setOwner(uid: nil, gid: nil, as: caller)
            }
        }
    }

    /// What a write by `caller` does to a program: it loses setuid, setgid (if the group may
    /// execute it, or the caller is not in the group), and its file capabilities.
    func dropPrivileges(of inode: Inode, by caller: Caller) throws(Errno) {
        let attributes = try inode.node.attributes()
        let mode = attributes.permissions
        var dropped = mode & ~0o4000
        if mode & 0o2000 != 0, mode & 0o0010 != 0 || !caller.isMember(of: attributes.gid) {
            dropped &= ~0o2000
        }
        if dropped != mode {
            try withoutWriteback(of: inode) { () throws(Errno) in try inode.node.setMode(dropped) }
            noteChanged(inode)
            attachedCache?.forgetAttributes(inode.id)
        }
        try noteContentChange(of: inode)
    }

    /// What any change of content does, whoever makes it: the file has no capabilities afterwards.
    ///
    /// Setuid and setgid are for the kernel to judge, which says so with a write, and before
    /// fallocate(2) and copy_file_range(2) by a change of attributes that names none.
    func noteContentChange(of inode: Inode) throws(Errno) {
        if inode.hasNoCapability.load(ordering: .relaxed) { return }
        try withoutWriteback(of: inode) { () throws(Errno) in
            do throws(Errno) {
                try inode.node.removeExtendedAttribute(capabilityName)
                noteChanged(inode)
            } catch .noData, .notSupported {
                // There is none.
            } catch .notPermitted, .permissionDenied {
                // What a daemon without privileges may not take away, writeback will.
                guard (try? inode.node.extendedAttributeSize(capabilityName)) == nil else { return }
            }
            inode.hasNoCapability.store(true, ordering: .relaxed)
        }
    }

    /// Changes what writeback keeps as it finds it, while none of the file is under way.
    private func withoutWriteback(
        of inode: Inode,
        _ change: () throws(Errno) -> Void
    ) throws(Errno) {
        guard let file = inode.pagedFile else { return try change() }
        try file.gate.withGate(change)
    }

    // MARK: - Extended attributes

    /// The size of a value in bytes.
    ///
    /// Errors: ENODATA, EOPNOTSUPP.
    public func extendedAttributeSize(
        _ name: ExtendedAttributeName,
        of node: NodeID
    ) throws(Errno) -> Int {
        let inode = try inode(node)
        if inode.lacks(name) { throw .noData }
        return try inode.node.extendedAttributeSize(name)
    }

    /// A value of at most `capacity` bytes.
    ///
    /// Errors: ENODATA, ERANGE, EOPNOTSUPP.
    public func extendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID,
        capacity: Int
    ) throws(Errno) -> [UInt8] {
        let inode = try inode(node)
        if inode.lacks(name) { throw .noData }
        return try inode.node.extendedAttribute(name, capacity: capacity)
    }

    /// Sets a value; `flags` are setxattr(2)'s.
    ///
    /// Errors: EEXIST, ENODATA, ENOSPC, EOPNOTSUPP.
    public func setExtendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID,
        value: UnsafeRawBufferPointer,
        flags: Int32,
        caller: Caller
    ) throws(Errno) {
        let inode = try inode(node)
        // An ACL sets the mode, too, and setgid stays only for one of the file's group.
        let setter = name == accessListName ? caller : nil
        // SAFETY: the caller's buffer is valid for this call, and used in no other way.
        let set = { () throws(Errno) in
            unsafe try inode.node.setExtendedAttribute(name, value: value, flags: flags, as: setter)
            if name == capabilityName { inode.hasNoCapability.store(false, ordering: .relaxed) }
        }
        if name == capabilityName || name == accessListName {
            try withoutWriteback(of: inode, set)
        } else {
            try set()
        }
        noteChanged(inode)
    }

    /// The names of all values that `caller` may see, each with a NUL at its end.
    public func extendedAttributeNames(
        of node: NodeID,
        caller: Caller
    ) throws(Errno) -> [UInt8] {
        let names = try inode(node).node.extendedAttributeNames()
        if caller.uid == 0 { return names }
        return names.split(separator: 0)
            .filter { !$0.starts(with: trustedPrefix) }
            .flatMap { $0 + [0] }
    }

    /// Removes a value.
    ///
    /// Errors: ENODATA.
    public func removeExtendedAttribute(
        _ name: ExtendedAttributeName,
        of node: NodeID
    ) throws(Errno) {
        let inode = try inode(node)
        if name == capabilityName {
            try withoutWriteback(of: inode) { () throws(Errno) in
                try inode.node.removeExtendedAttribute(name)
            }
        } else {
            try inode.node.removeExtendedAttribute(name)
        }
        noteChanged(inode)
    }
}

extension Inode {
    /// Whether it is known without a look that there is no such attribute.
    ///
    /// The kernel asks for capabilities before it writes to a file for the first time.
    fileprivate func lacks(_ name: ExtendedAttributeName) -> Bool {
        name == capabilityName && hasNoCapability.load(ordering: .relaxed)
    }
}

/// The namespace that root alone may see.
private let trustedPrefix = Array("trusted.".utf8)
private let accessListName: ExtendedAttributeName = "system.posix_acl_access"
private let capabilityName: ExtendedAttributeName = "security.capability"
