internal import CFuse3
internal import Glibc
internal import Support
internal import Synchronization

/// Moves requests and replies between the kernel and libfuse, and sees both raw.
///
/// Thread safety: any thread; `connect` on one.
final class FuseTransport: Sendable {
    /// The INIT request; nil until it has come.
    let initRequest = Guarded<InitRequest?>(nil, rank: .leaf)
    /// Whether INIT has been answered.
    let isReady = Atomic(false)
    /// The errno of a read that ended the loop; 0 if none did.
    let readError = Atomic<Int32>(0)
    private let onReady: @Sendable () -> Void

    /// Makes a transport that calls `onReady` once INIT has been answered.
    init(onReady: @escaping @Sendable () -> Void) {
        self.onReady = onReady
    }

    /// Takes note of a request that has just been read, and of what it was if it was translated.
    func received(_ bytes: UnsafeRawBufferPointer, newer: NewerRequest?) {
        guard bytes.count >= MemoryLayout<fuse_in_header>.size else { return }
        // SAFETY: in bounds by the guard; the load needs no alignment.
        let header = unsafe bytes.loadUnaligned(as: fuse_in_header.self)
        unsafe RequestFlags.note(bytes, header: header, newer: newer)
        if header.opcode == FUSE_INIT.rawValue {
            let offered = unsafe RequestFlags.body(bytes, as: InitRequestHead.self)?.flags ?? 0
            let request = unsafe InitRequest(
                bytes: Array(bytes),
                unique: header.unique,
                offered: offered
            )
            initRequest.withLock { $0 = request }
        }
    }

    /// Completes the reply in `pieces` if it is the one to INIT; says whether it is.
    func completesInit(_ pieces: UnsafeMutableBufferPointer<iovec>) -> Bool {
        guard let request = initRequest.withLock({ $0 }),
            pieces.count == 2,
            let header = unsafe pieces[0].iov_base,
            unsafe pieces[0].iov_len >= MemoryLayout<fuse_out_header>.size,
            let body = unsafe pieces[1].iov_base,
            unsafe pieces[1].iov_len >= MemoryLayout<fuse_init_out>.size
        else { return false }
        // SAFETY: both pieces are libfuse's own structures, live and long enough (see above).
        let reply = unsafe header.loadUnaligned(as: fuse_out_header.self)
        guard reply.unique == request.unique, reply.error == 0 else { return false }
        var terms = unsafe body.loadUnaligned(as: fuse_init_out.self)
        InitReply.complete(&terms, offered: request.offered)
        unsafe body.storeBytes(of: terms, as: fuse_init_out.self)
        return true
    }

    /// Called after the reply to INIT has been written.
    func becameReady() {
        isReady.store(true, ordering: .relaxed)
        onReady()
    }
}

/// The INIT request as the kernel sent it, and what matters of it.
struct InitRequest: Sendable {
    var bytes: [UInt8]
    /// The request's number, which its reply repeats.
    var unique: UInt64
    /// The `FUSE_*` flags of what the kernel can do.
    var offered: UInt32
}

/// The part of INIT that every kernel since 7.6 sends.
struct InitRequestHead: BitwiseCopyable {
    var major: UInt32
    var minor: UInt32
    var readAheadBytesMax: UInt32
    var flags: UInt32
}

/// The `read` of libfuse's custom I/O.
///
/// May be cancelled inside `read`, so nothing is held across it.
func fuseRead(
    descriptor: Int32,
    buffer: UnsafeMutableRawPointer?,
    capacity: Int,
    userdata: UnsafeMutableRawPointer?
) -> Int {
    // SAFETY: the buffer is libfuse's and `capacity` bytes long.
    let count = unsafe read(descriptor, buffer, capacity)
    let transport = unsafe fuseServer(userdata).transport
    guard count >= 0 else {
        // libfuse prints the errors that it does not know on standard error; it is told that the
        // mount is gone instead, which ends the loop as well, and `run` throws the real one.
        let error = errno
        if error != EINTR, error != EAGAIN, error != ENOENT, error != ENODEV {
            transport.readError.store(error, ordering: .relaxed)
            errno = ENODEV
        } else {
            errno = error
        }
        return -1
    }
    let request = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: count)
    let newer = unsafe NewerRequest.translate(request)
    unsafe transport.received(UnsafeRawBufferPointer(request), newer: newer)
    return count
}

/// The `writev` of libfuse's custom I/O.
func fuseWrite(
    descriptor: Int32,
    pieces: UnsafeMutablePointer<iovec>?,
    count: Int32,
    userdata: UnsafeMutableRawPointer?
) -> Int {
    let transport = unsafe fuseServer(userdata).transport
    var isInit = false
    if !transport.isReady.load(ordering: .relaxed) {
        // SAFETY: libfuse passes `count` pieces that are its own for the call.
        let buffer = unsafe UnsafeMutableBufferPointer(start: pieces, count: Int(count))
        isInit = unsafe transport.completesInit(buffer)
    }
    // SAFETY: as above.
    let written = unsafe writev(descriptor, pieces, count)
    if written < 0 {
        // ENOENT: the request was aborted, and nobody waits. libfuse prints the other errors on
        // standard error; it is told ENOENT, which means the same to it: not delivered.
        let error = errno
        if error != ENOENT, error != ENODEV {
            FuseLog.report("writing a reply: \(String(errno: error))")
        }
        errno = ENOENT
    } else if isInit {
        unsafe fuseServer(userdata).tuneBackingDevice()
        transport.becameReady()
    }
    return written
}
