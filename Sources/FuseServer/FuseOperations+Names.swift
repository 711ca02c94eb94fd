internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

// Names: looking them up, making, moving and removing them.

func addNameOperations(to operations: inout fuse_lowlevel_ops) {
    unsafe operations.lookup = fuseLookup
    unsafe operations.forget = fuseForget
    unsafe operations.forget_multi = fuseForgetMulti
    unsafe operations.mknod = fuseMakeNode
    unsafe operations.mkdir = fuseMakeDirectory
    unsafe operations.symlink = fuseMakeSymbolicLink
    unsafe operations.link = fuseMakeLink
    unsafe operations.unlink = fuseUnlink
    unsafe operations.rmdir = fuseRemoveDirectory
    unsafe operations.rename = fuseRename
    unsafe operations.readlink = fuseReadLink
}

private func fuseLookup(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        do throws(Errno) {
            let name = try unsafe FileName(request: name)
            return .entry(try fileSystem.lookup(name, in: NodeID(rawValue: parent)))
        } catch {
            if error == .noSuchFileOrDirectory { return .noEntry }
            throw error
        }
    }
}

private func fuseForget(_ request: fuse_req_t?, _ node: fuse_ino_t, _ count: UInt64) {
    let server = unsafe fuseServer(fuse_req_userdata(request))
    server.fileSystem?.forget(NodeID(rawValue: node), count: count)
    unsafe fuse_reply_none(request)
}

private func fuseForgetMulti(
    _ request: fuse_req_t?,
    _ count: Int,
    _ forgets: UnsafeMutablePointer<fuse_forget_data>?
) {
    let server = unsafe fuseServer(fuse_req_userdata(request))
    // SAFETY: libfuse passes `count` elements out of the request's buffer.
    unsafe UnsafeBufferPointer(start: forgets, count: max(0, count)).forEach { forget in
        server.fileSystem?.forget(NodeID(rawValue: forget.ino), count: forget.nlookup)
    }
    unsafe fuse_reply_none(request)
}

private func fuseMakeNode(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ mode: mode_t,
    _ device: dev_t
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .entry(
            try fileSystem.makeNode(
                unsafe FileName(request: name),
                in: NodeID(rawValue: parent),
                mode: mode,
                device: UInt64(device),
                caller: unsafe Caller(of: request)
            )
        )
    }
}

private func fuseMakeDirectory(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ mode: mode_t
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .entry(
            try fileSystem.makeDirectory(
                unsafe FileName(request: name),
                in: NodeID(rawValue: parent),
                mode: mode,
                caller: unsafe Caller(of: request)
            )
        )
    }
}

private func fuseMakeSymbolicLink(
    _ request: fuse_req_t?,
    _ target: UnsafePointer<CChar>?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        guard let target = unsafe target else { throw .invalidArgument }
        // SAFETY: libfuse passes a NUL-terminated target out of the request's buffer.
        let bytes = unsafe UnsafeRawBufferPointer(start: target, count: strlen(target))
        return .entry(
            try fileSystem.makeSymbolicLink(
                unsafe FileName(request: name),
                in: NodeID(rawValue: parent),
                target: unsafe Array(bytes),
                caller: unsafe Caller(of: request)
            )
        )
    }
}

private func fuseMakeLink(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .entry(
            try fileSystem.makeLink(
                unsafe FileName(request: name),
                in: NodeID(rawValue: parent),
                to: NodeID(rawValue: node)
            )
        )
    }
}

private func fuseUnlink(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let name = try unsafe FileName(request: name)
        try fileSystem.remove(name, in: NodeID(rawValue: parent), isDirectory: false)
        return .done
    }
}

private func fuseRemoveDirectory(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let name = try unsafe FileName(request: name)
        try fileSystem.remove(name, in: NodeID(rawValue: parent), isDirectory: true)
        return .done
    }
}

private func fuseRename(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ newParent: fuse_ino_t,
    _ newName: UnsafePointer<CChar>?,
    _ flags: UInt32
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        try fileSystem.rename(
            unsafe FileName(request: name),
            in: NodeID(rawValue: parent),
            to: unsafe FileName(request: newName),
            in: NodeID(rawValue: newParent),
            flags: flags
        )
        return .done
    }
}

private func fuseReadLink(_ request: fuse_req_t?, _ node: fuse_ino_t) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .link(try fileSystem.readLink(NodeID(rawValue: node)))
    }
}
