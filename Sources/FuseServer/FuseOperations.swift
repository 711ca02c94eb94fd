internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

/// The table of handlers for libfuse.
///
/// What is left out: locks stay with the kernel; `destroy` has nothing to do; the rest libfuse
/// answers with ENOSYS, after which the kernel does not ask again.
func makeFuseOperations() -> fuse_lowlevel_ops {
    var operations = fuse_lowlevel_ops()
    unsafe operations.`init` = fuseInit
    addNameOperations(to: &operations)
    addAttributeOperations(to: &operations)
    addFileOperations(to: &operations)
    addDirectoryOperations(to: &operations)
    addIoctlOperations(to: &operations)
    return operations
}

/// Answers `request` with what `body` returns or throws.
///
/// The reply is the last thing done. Once the file system is shut down it is EIO, except for what
/// lets the kernel go on to an unmount (`evenShutDown`).
@inline(__always)
func answer(
    _ request: fuse_req_t?,
    evenShutDown: Bool = false,
    _ body: (PagedFileSystem) throws(Errno) -> FuseAnswer
) {
    guard let request = unsafe request else { return }
    let reply = unsafe FuseReply(to: request)
    let server = unsafe fuseServer(fuse_req_userdata(request))
    // `run` sets the file system before the first request is read.
    guard let fileSystem = server.fileSystem else { return reply.fail(.ioError) }
    if !evenShutDown && fileSystem.isShutDown { return reply.fail(.ioError) }
    do throws(Errno) {
        let result = try body(fileSystem)
        reply.send(result, from: server)
    } catch {
        reply.fail(error)
    }
}

private func fuseInit(
    userdata: UnsafeMutableRawPointer?,
    connection: UnsafeMutablePointer<fuse_conn_info>?
) {
    guard let connection = unsafe connection else { return }
    let server = unsafe fuseServer(userdata)
    // SAFETY: the connection is libfuse's and ours to change during this call.
    unsafe FuseCapabilities.negotiate(
        &connection.pointee,
        options: server.options,
        isRoot: geteuid() == 0
    )
}
