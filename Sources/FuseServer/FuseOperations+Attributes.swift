internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

// Attributes of nodes, plain and extended, and of the file system.

func addAttributeOperations(to operations: inout fuse_lowlevel_ops) {
    unsafe operations.getattr = fuseGetAttributes
    unsafe operations.setattr = fuseSetAttributes
    unsafe operations.access = fuseAccess
    unsafe operations.statfs = fuseStatistics
    unsafe operations.getxattr = fuseGetExtendedAttribute
    unsafe operations.setxattr = fuseSetExtendedAttribute
    unsafe operations.listxattr = fuseListExtendedAttributes
    unsafe operations.removexattr = fuseRemoveExtendedAttribute
}

private func fuseGetAttributes(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request, evenShutDown: true) { (fileSystem) throws(Errno) in
        let attributes = try fileSystem.attributes(of: NodeID(rawValue: node))
        return RequestFlags.isExtendedStatus ? .extendedStatus(attributes) : .attributes(attributes)
    }
}

private func fuseSetAttributes(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ status: UnsafeMutablePointer<stat>?,
    _ valid: Int32,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        guard let status = unsafe status else { throw .invalidArgument }
        // SAFETY: libfuse passes a structure of its own that lives during the call.
        var change = unsafe AttributeChange(status.pointee, valid: valid)
        change.dropsPrivileges = RequestFlags.dropsPrivileges
        let caller = unsafe Caller(of: request)
        let node = NodeID(rawValue: node)
        return .attributes(try fileSystem.setAttributes(change, of: node, caller: caller))
    }
}

extension AttributeChange {
    /// The change that a SETATTR asks for: those values of `status` that `valid` names.
    init(_ status: stat, valid: Int32) {
        func has(_ flag: Int32) -> Bool { valid & flag != 0 }
        func change(_ time: timespec, set: Int32, now: Int32) -> FileTimeChange {
            if has(now) { return .now }
            return has(set) ? .set(FileTime(time)) : .omit
        }
        self.init()
        if has(FUSE_SET_ATTR_MODE) { mode = status.st_mode }
        if has(FUSE_SET_ATTR_UID) { uid = status.st_uid }
        if has(FUSE_SET_ATTR_GID) { gid = status.st_gid }
        if has(FUSE_SET_ATTR_SIZE) { size = UInt64(bitPattern: Int64(status.st_size)) }
        if has(FUSE_SET_ATTR_CTIME) { changeTime = FileTime(status.st_ctim) }
        accessTime = change(
            status.st_atim,
            set: FUSE_SET_ATTR_ATIME,
            now: FUSE_SET_ATTR_ATIME_NOW
        )
        modificationTime = change(
            status.st_mtim,
            set: FUSE_SET_ATTR_MTIME,
            now: FUSE_SET_ATTR_MTIME_NOW
        )
    }
}

private func fuseAccess(_ request: fuse_req_t?, _ node: fuse_ino_t, _ mask: Int32) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let caller = unsafe Caller(of: request)
        try fileSystem.checkAccess(NodeID(rawValue: node), mask: mask, caller: caller)
        return .done
    }
}

private func fuseStatistics(_ request: fuse_req_t?, _ node: fuse_ino_t) {
    unsafe answer(request, evenShutDown: true) { (fileSystem) throws(Errno) in
        .statistics(try fileSystem.statistics(of: NodeID(rawValue: node)))
    }
}

private func fuseGetExtendedAttribute(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ capacity: Int
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let name = try unsafe ExtendedAttributeName(request: name)
        let node = NodeID(rawValue: node)
        if capacity == 0 {
            return .attributeSize(try fileSystem.extendedAttributeSize(name, of: node))
        }
        let value = try fileSystem.extendedAttribute(name, of: node, capacity: capacity)
        return try sized(value, capacity: capacity)
    }
}

private func fuseListExtendedAttributes(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ capacity: Int
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let names = try fileSystem.extendedAttributeNames(
            of: NodeID(rawValue: node),
            caller: unsafe Caller(of: request)
        )
        return try sized(names, capacity: capacity)
    }
}

/// What getxattr(2) and listxattr(2) give for a buffer of `capacity` bytes: the size where that
/// is 0, ERANGE where it is too small.
private func sized(_ bytes: [UInt8], capacity: Int) throws(Errno) -> FuseAnswer {
    if capacity == 0 { return .attributeSize(bytes.count) }
    if bytes.count > capacity { throw .outOfRange }
    return .bytes(bytes)
}

private func fuseSetExtendedAttribute(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?,
    _ size: Int,
    _ flags: Int32
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        // SAFETY: libfuse passes `size` bytes out of the request's buffer.
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: max(0, size))
        try unsafe fileSystem.setExtendedAttribute(
            ExtendedAttributeName(request: name),
            of: NodeID(rawValue: node),
            value: bytes,
            flags: flags,
            caller: Caller(of: request)
        )
        return .done
    }
}

private func fuseRemoveExtendedAttribute(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let name = try unsafe ExtendedAttributeName(request: name)
        try fileSystem.removeExtendedAttribute(name, of: NodeID(rawValue: node))
        return .done
    }
}
