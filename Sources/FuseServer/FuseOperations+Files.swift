internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

// Open files and their data.

func addFileOperations(to operations: inout fuse_lowlevel_ops) {
    unsafe operations.create = fuseCreate
    unsafe operations.open = fuseOpen
    unsafe operations.read = fuseReadFile
    unsafe operations.write = fuseWriteFile
    unsafe operations.flush = fuseFlush
    unsafe operations.release = fuseRelease
    unsafe operations.fsync = fuseSync
    unsafe operations.fallocate = fuseAllocate
    unsafe operations.lseek = fuseSeek
    unsafe operations.copy_file_range = fuseCopyRange
}

/// The open file that a request names.
///
/// - Throws: EBADF where it names none.
func openFile(_ file: UnsafeMutablePointer<fuse_file_info>?) throws(Errno) -> OpenFileID {
    guard let file = unsafe file else { throw .badFileDescriptor }
    // SAFETY: libfuse passes a structure of its own that lives during the call.
    return OpenFileID(rawValue: unsafe file.pointee.fh)
}

private func fuseCreate(
    _ request: fuse_req_t?,
    _ parent: fuse_ino_t,
    _ name: UnsafePointer<CChar>?,
    _ mode: mode_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let flags = unsafe file?.pointee.flags ?? 0
        let caller = unsafe Caller(of: request)
        let parent = NodeID(rawValue: parent)
        let created: (entry: Entry, result: OpenResult)
        if unsafe NewerRequest.isUnnamed(name) {
            created = try fileSystem.createUnnamed(
                in: parent,
                mode: mode,
                flags: flags,
                caller: caller
            )
        } else {
            created = try fileSystem.create(
                unsafe FileName(request: name),
                in: parent,
                mode: mode,
                flags: flags,
                caller: caller
            )
        }
        return .created(created.entry, created.result)
    }
}

private func fuseOpen(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let node = NodeID(rawValue: node)
        let result = try fileSystem.open(
            node,
            flags: unsafe file?.pointee.flags ?? 0,
            unprivileged: unsafe unprivilegedCaller(of: request)
        )
        return .opened(result, node: node)
    }
}

private func fuseReadFile(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ size: Int,
    _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        guard size >= 0, offset >= 0 else { throw .invalidArgument }
        let zeroCount = unsafe nullDataCount(request)
        if zeroCount > 0 { return .zeros(min(size, zeroCount)) }
        return .data(
            try fileSystem.read(
                unsafe openFile(file),
                node: NodeID(rawValue: node),
                at: UInt64(offset),
                count: size,
                isDirect: unsafe file?.pointee.lock_owner != 0
            )
        )
    }
}

private func fuseWriteFile(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ data: UnsafePointer<CChar>?,
    _ size: Int,
    _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        guard size >= 0, offset >= 0 else { throw .invalidArgument }
        if unsafe nullDataCount(request) > 0 { return .count(size) }
        // SAFETY: libfuse passes `size` bytes out of the receive buffer, which is this thread's
        // until the handler returns.
        let count = try unsafe fileSystem.write(
            openFile(file),
            node: NodeID(rawValue: node),
            at: UInt64(offset),
            from: UnsafeRawBufferPointer(start: data, count: size),
            origin: origin(of: file),
            unprivileged: unprivilegedCaller(of: request)
        )
        return .count(count)
    }
}

/// Who made `request`, if the file is to lose setuid, setgid and capabilities by it.
private func unprivilegedCaller(of request: fuse_req_t?) -> Caller? {
    RequestFlags.dropsPrivileges ? unsafe Caller(of: request) : nil
}

/// Where the bytes of a write come from: the kernel names the owner of locks with direct I/O alone.
private func origin(of file: UnsafeMutablePointer<fuse_file_info>?) -> WriteOrigin {
    // SAFETY: libfuse passes a structure of its own that lives during the call.
    guard let file = unsafe file else { return .application }
    if unsafe file.pointee.writepage == 1 { return .kernelCache }
    return unsafe file.pointee.lock_owner != 0 ? .directIO : .application
}

/// The number of zeros at hand for a mount with `nullrw`; 0 for any other.
private func nullDataCount(_ request: fuse_req_t?) -> Int {
    unsafe fuseServer(fuse_req_userdata(request)).zeros.count
}

private func fuseFlush(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        try fileSystem.flush(unsafe openFile(file), node: NodeID(rawValue: node))
        return .done
    }
}

private func fuseRelease(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request, evenShutDown: true) { (fileSystem) throws(Errno) in
        fileSystem.release(try unsafe openFile(file), node: NodeID(rawValue: node))
        return .done
    }
}

private func fuseSync(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ dataOnly: Int32,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        try fileSystem.sync(
            unsafe openFile(file),
            node: NodeID(rawValue: node),
            dataOnly: dataOnly != 0
        )
        return .done
    }
}

private func fuseAllocate(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ mode: Int32,
    _ offset: off_t,
    _ length: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        try fileSystem.allocate(
            unsafe openFile(file),
            node: NodeID(rawValue: node),
            mode: mode,
            offset: Int64(offset),
            length: Int64(length)
        )
        return .done
    }
}

private func fuseSeek(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ offset: off_t,
    _ whence: Int32,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        .position(
            try fileSystem.seek(
                unsafe openFile(file),
                node: NodeID(rawValue: node),
                offset: Int64(offset),
                whence: whence
            )
        )
    }
}

private func fuseCopyRange(
    _ request: fuse_req_t?,
    _ source: fuse_ino_t,
    _ sourceOffset: off_t,
    _ sourceFile: UnsafeMutablePointer<fuse_file_info>?,
    _ target: fuse_ino_t,
    _ targetOffset: off_t,
    _ targetFile: UnsafeMutablePointer<fuse_file_info>?,
    _ length: Int,
    _ flags: Int32
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        guard sourceOffset >= 0, targetOffset >= 0, length >= 0 else { throw .invalidArgument }
        // The reply holds 32 bits of count; more is a short copy, and the caller goes on.
        let count = min(UInt64(length), UInt64(UInt32.max) & ~4095)
        let copied = try fileSystem.copyRange(
            from: unsafe openFile(sourceFile),
            node: NodeID(rawValue: source),
            at: UInt64(sourceOffset),
            to: unsafe openFile(targetFile),
            node: NodeID(rawValue: target),
            at: UInt64(targetOffset),
            count: count,
            flags: flags
        )
        return .count(Int(copied))
    }
}
