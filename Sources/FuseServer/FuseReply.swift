internal import CFuse3
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

/// The duty to reply to one request, exactly once.
///
/// Dropped without a reply it says EIO, so that nobody waits for ever.
@safe
struct FuseReply: ~Copyable {
    // SAFETY: libfuse's request lives until it is replied to, which consumes this value.
    private let request: fuse_req_t

    /// Takes over the reply to `request`.
    init(to request: fuse_req_t) {
        unsafe self.request = unsafe request
    }

    deinit {
        unsafe fuse_reply_err(request, EIO)
    }

    /// Says that the request failed.
    consuming func fail(_ error: Errno) {
        let request = unsafe self.request
        discard self
        // libfuse and the kernel take 1 up to 999 for an errno.
        let number = error.rawValue
        unsafe fuse_reply_err(request, (1..<1000).contains(number) ? number : EIO)
    }

    /// Says that nothing is to be said: forget requests have no reply.
    consuming func omit() {
        let request = unsafe self.request
        discard self
        unsafe fuse_reply_none(request)
    }

    /// Sends `answer`.
    ///
    /// Where the kernel no longer waits for it, takes back what the answer has counted: the kernel
    /// will never forget or release what it has not heard of.
    consuming func send(_ answer: consuming FuseAnswer, from server: FuseServer) {
        let request = unsafe self.request
        discard self
        switch consume answer {
        case .done: unsafe fuse_reply_err(request, 0)
        case .noEntry: unsafe deliverNoEntry(request)
        case .entry(let entry): unsafe deliver(entry, to: request, from: server)
        case .attributes(let attributes):
            var status = attributes.status
            unsafe fuse_reply_attr(request, &status, FusePolicy.cacheSeconds)
        case .extendedStatus(let attributes): unsafe deliver(attributes, to: request)
        case .link(let target): unsafe deliver(link: target, to: request)
        case .opened(let result, let node):
            unsafe deliver(result, node: node, to: request, from: server)
        case .openedDirectory(let directory):
            unsafe deliver(directory: directory, to: request, from: server)
        case .created(let entry, let result):
            unsafe deliver(entry, result, to: request, from: server)
        case .count(let count): unsafe fuse_reply_write(request, count)
        case .data(let reply): unsafe deliver(reply, to: request)
        case .zeros(let count): unsafe deliver(server.zeros[..<count], to: request)
        case .bytes(let bytes): unsafe deliver(bytes[...], to: request)
        case .attributeSize(let size): unsafe fuse_reply_xattr(request, size)
        case .directory(let reply): unsafe deliver(reply, to: request, from: server)
        case .position(let offset):
            unsafe fuse_reply_lseek(request, off_t(truncatingIfNeeded: offset))
        case .ioctlDone(let bytes): unsafe fuse_reply_ioctl(request, 0, bytes, bytes.count)
        case .statistics(let statistics):
            var status = statistics.status
            unsafe fuse_reply_statfs(request, &status)
        }
    }
}

// Each of these uses up the request. A result other than 0 says that the reply was not delivered.

private func deliverNoEntry(_ request: fuse_req_t) {
    var parameters = fuse_entry_param()
    parameters.entry_timeout = FusePolicy.cacheSeconds
    unsafe fuse_reply_entry(request, &parameters)
}

private func deliver(_ entry: Entry, to request: fuse_req_t, from server: FuseServer) {
    var parameters = entry.parameters
    if unsafe fuse_reply_entry(request, &parameters) != 0 {
        server.fileSystem?.forget(entry.node, count: 1)
    }
}

private func deliver(
    _ result: OpenResult,
    node: NodeID,
    to request: fuse_req_t,
    from server: FuseServer
) {
    var file = result.information
    if unsafe fuse_reply_open(request, &file) != 0 {
        server.fileSystem?.release(result.file, node: node)
    }
}

private func deliver(directory: OpenFileID, to request: fuse_req_t, from server: FuseServer) {
    var file = fuse_file_info()
    file.fh = directory.rawValue
    if unsafe fuse_reply_open(request, &file) != 0 {
        server.fileSystem?.releaseDirectory(directory)
    }
}

private func deliver(
    _ entry: Entry,
    _ result: OpenResult,
    to request: fuse_req_t,
    from server: FuseServer
) {
    var parameters = entry.parameters
    var file = result.information
    if unsafe fuse_reply_create(request, &parameters, &file) != 0 {
        server.fileSystem?.release(result.file, node: entry.node)
        server.fileSystem?.forget(entry.node, count: 1)
    }
}

private func deliver(_ attributes: FileAttributes, to request: fuse_req_t) {
    unsafe withUnsafeBytes(of: attributes.extendedStatus) { bytes in
        // SAFETY: the structure is live until the closure returns, after the reply was written.
        let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress
        _ = unsafe fuse_reply_buf(request, start, bytes.count)
    }
}

private func deliver(link target: [UInt8], to request: fuse_req_t) {
    // A target never holds a NUL, so the text that libfuse measures is the whole of it.
    unsafe (target + [0]).withUnsafeBytes { bytes in
        // SAFETY: NUL-terminated just above, and live until the closure returns.
        _ = unsafe fuse_reply_readlink(request, bytes.bindMemory(to: CChar.self).baseAddress)
    }
}

private func deliver(_ bytes: ArraySlice<UInt8>, to request: fuse_req_t) {
    unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the buffer is live until the closure returns, after the reply was written.
        let start = unsafe buffer.bindMemory(to: CChar.self).baseAddress
        _ = unsafe fuse_reply_buf(request, start, buffer.count)
    }
}

private func deliver(_ reply: borrowing ReadReply, to request: fuse_req_t) {
    // SAFETY: the buffers point into pages that `reply` holds until this function has returned; the
    // kernel has copied them by then.
    let buffers = unsafe reply.buffers
    guard unsafe buffers.count <= FusePolicy.replyBufferCountMax else {
        var joined = [UInt8]()
        joined.reserveCapacity(reply.byteCount)
        unsafe buffers.forEach { unsafe joined.append(contentsOf: $0) }
        unsafe deliver(joined[...], to: request)
        return
    }
    unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(1, buffers.count)) {
        pieces in
        for index in unsafe buffers.indices {
            let buffer = unsafe buffers[index]
            let piece = unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress),
                iov_len: buffer.count
            )
            unsafe pieces.initializeElement(at: index, to: piece)
        }
        _ = unsafe fuse_reply_iov(request, pieces.baseAddress, Int32(buffers.count))
    }
}

private func deliver(
    _ reply: borrowing DirectoryReply,
    to request: fuse_req_t,
    from server: FuseServer
) {
    let bytes = unsafe reply.bytes
    let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress
    if unsafe fuse_reply_buf(request, start, bytes.count) != 0 {
        for node in reply.nodes { server.fileSystem?.forget(node, count: 1) }
    }
}
