internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

// Open directories and their entries.
//
// SAFETY: libfuse calls these with a request that is valid until its reply, and with a
// `fuse_file_info` that is valid for the call.

func addDirectoryOperations(to operations: inout fuse_lowlevel_ops) {
    unsafe operations.opendir = fuseOpenDirectory
    unsafe operations.readdir = fuseReadDirectory
    unsafe operations.readdirplus = fuseReadDirectoryPlus
    unsafe operations.releasedir = fuseReleaseDirectory
    unsafe operations.fsyncdir = fuseSyncDirectory
}

private func fuseOpenDirectory(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .openedDirectory(try fileSystem.openDirectory(NodeID(rawValue: node)))
    }
}

private func fuseReadDirectory(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ size: Int,
    _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let reply = DirectoryReply(capacity: size, withAttributes: false)
        let directory = try unsafe openFile(file)
        return try fill(reply, from: fileSystem, directory, NodeID(rawValue: node), at: offset)
    }
}

private func fuseReadDirectoryPlus(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ size: Int,
    _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let reply = DirectoryReply(capacity: size, withAttributes: true)
        let directory = try unsafe openFile(file)
        return try fill(reply, from: fileSystem, directory, NodeID(rawValue: node), at: offset)
    }
}

/// Fills `reply` with entries from `offset` on.
///
/// An error after the first entry is left to the next request: the entries so far have been counted
/// and must be told.
private func fill(
    _ empty: consuming DirectoryReply,
    from fileSystem: PagedFileSystem,
    _ directory: OpenFileID,
    _ node: NodeID,
    at offset: off_t
) throws(Errno) -> FuseAnswer {
    var reply = empty
    do throws(Errno) {
        try fileSystem.readDirectory(
            directory,
            node: node,
            at: UInt64(bitPattern: Int64(offset)),
            withAttributes: reply.withAttributes
        ) { reply.append($0) }
    } catch {
        if reply.isEmpty { throw error }
    }
    return .directory(reply)
}

private func fuseReleaseDirectory(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request, evenShutDown: true) { (fileSystem) throws(Errno) in
        fileSystem.releaseDirectory(try unsafe openFile(file))
        return .done
    }
}

private func fuseSyncDirectory(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ dataOnly: Int32,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        try fileSystem.syncDirectory(
            unsafe openFile(file),
            node: NodeID(rawValue: node),
            dataOnly: dataOnly != 0
        )
        return .done
    }
}
