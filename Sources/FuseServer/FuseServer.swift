internal import CFuse3
internal import Glibc
public import PagedFileSystem
internal import Support
internal import Synchronization
public import SystemPackage

/// One FUSE mount and the session that answers its requests.
///
/// Mount first, while the process has one thread; then `run` answers requests until the kernel's
/// side is gone. The session is freed with the object, which must outlive `run`. Signals are left
/// alone.
///
/// Thread safety: `mount` and `run` on one thread; the rest on any, after `mount`.
@safe
public final class FuseServer: @unchecked Sendable {
    // SAFETY: `session` and `mounted` are set by `mount` before other threads exist and then only
    // read; `fileSystem` is set by `run` before the threads that read it are started.
    private(set) var session: OpaquePointer?
    private(set) var mounted: (path: String, record: MountRecord)?
    private(set) var fileSystem: PagedFileSystem?

    let options: MountOptions
    let forgetting = ForgetQueue()
    /// Threads of the session that wait for the kernel to hand over pages.
    let handOverCount = Counter()
    let transport: FuseTransport
    /// Zeros for reads that `nullrw` answers.
    let zeros: [UInt8]
    private let backingPath: String

    /// Makes the server of a mount that does not exist yet.
    ///
    /// `backingPath` is shown as the mount's source. `onReady` is called once, on the session's
    /// thread, when the kernel has the answer to INIT; it must return soon and must not touch the
    /// mount.
    public init(
        options: MountOptions,
        backingPath: String,
        onReady: @escaping @Sendable () -> Void
    ) {
        self.options = options
        self.backingPath = backingPath
        transport = FuseTransport(onReady: onReady)
        let zeroCount = options.answersDataItself ? Int(FusePolicy.requestBytesMax) : 0
        zeros = [UInt8](repeating: 0, count: zeroCount)
    }

    deinit {
        // Closes the descriptor; the kernel then aborts whatever is still mounted.
        if let session = unsafe session { unsafe fuse_session_destroy(session) }
    }

    /// Mounts over `mountpoint`.
    ///
    /// While it runs standard error is captured, and what libfuse and fusermount3 say there becomes
    /// the reason of the failure.
    ///
    /// - Throws: `MountFailure`, with nothing left mounted.
    public func mount(at mountpoint: String) throws(MountFailure) {
        let path = try resolve(mountpoint)
        // A file would get a root that is a directory, and every access fails.
        guard let directory = unsafe opendir(path) else {
            throw Self.failure(to: "mount over", path, errno)
        }
        unsafe closedir(directory)
        FuseLog.beginCollecting()
        cfuse3_take_log()
        let capture = StandardErrorCapture()
        let isMounted = unsafe makeSession() && fuse_session_mount(session, path) == 0
        let lines = capture.finish() + FuseLog.collect()
        guard isMounted else {
            throw MountFailure(lines: lines, fallback: "mounting over \(path) failed")
        }
        let records = (try? MountRecord.current()) ?? []
        guard let record = records.last(where: { $0.mountpoint == Array(path.utf8) }) else {
            unsafe umount2(path, Int32(MNT_DETACH))
            throw MountFailure(reason: "the new mount is not in /proc/self/mountinfo")
        }
        mounted = (path, record)
        let descriptor = deviceDescriptor
        guard unsafe cfuse3_session_custom_io(session, fuseWrite, fuseRead, descriptor) == 0 else {
            try detachMountpoint(lazily: true)
            throw MountFailure(reason: "out of memory")
        }
    }

    /// Answers requests from `fileSystem` until the kernel's side of the mount is gone: unmounted,
    /// or the connection aborted.
    ///
    /// Blocks; the session's own threads do the work.
    ///
    /// - Throws: the errno that ended the session early.
    public func run(serving fileSystem: PagedFileSystem) throws(Errno) {
        self.fileSystem = fileSystem
        guard let configuration = unsafe fuse_loop_cfg_create() else { throw .noMemory }
        defer { unsafe fuse_loop_cfg_destroy(configuration) }
        let idle = FusePolicy.idleThreadCountMax(threadCountMax: threadCountMax)
        unsafe fuse_loop_cfg_set_clone_fd(configuration, 0)
        unsafe fuse_loop_cfg_set_max_threads(configuration, UInt32(threadCountMax))
        unsafe fuse_loop_cfg_set_idle_threads(configuration, UInt32(idle))
        let result = unsafe fuse_session_loop_mt(session, configuration)
        let error = transport.readError.load(ordering: .relaxed)
        if error != 0 { throw Errno(rawValue: error) }
        if result < 0 { throw Errno(rawValue: -result) }
    }

    /// The mount's device number as `MAJOR:MINOR`; empty before `mount`.
    public var device: String { mounted?.record.device ?? "" }

    /// Threads that serve requests at most.
    public var threadCountMax: Int { options.threadCountMax ?? FusePolicy.threadCountMax }

    /// The descriptor of /dev/fuse that holds the mount; -1 before `mount`.
    ///
    /// For poll(2): POLLERR means that the kernel's side is gone.
    public var deviceDescriptor: Int32 {
        guard let session = unsafe session else { return -1 }
        return unsafe fuse_session_fd(session)
    }

    /// The INIT request as the kernel sent it, to be replayed by a successor; empty until then.
    public var initRequest: [UInt8] { transport.initRequest.withLock { $0?.bytes ?? [] } }

    /// Makes the libfuse session; false if its options are refused, with the reason in the log.
    private func makeSession() -> Bool {
        var operations = makeFuseOperations()
        let sessionOptions = options.sessionOptions(
            backingPath: backingPath,
            isRoot: geteuid() == 0
        )
        let words = ["vmofs", "-o", sessionOptions]
        // SAFETY: the words live until they are freed below. libfuse copies what it keeps, and
        // `fuse_opt_free_args` frees only what libfuse itself has put in their place.
        var pointers = unsafe words.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        let argumentCount = Int32(words.count)
        unsafe pointers.withUnsafeMutableBufferPointer { buffer in
            var arguments = unsafe fuse_args(
                argc: argumentCount,
                argv: buffer.baseAddress,
                allocated: 0
            )
            // SAFETY: the session is destroyed in `deinit`, so `self` outlives it.
            let userdata = unsafe Unmanaged.passUnretained(self).toOpaque()
            unsafe session = cfuse3_session_new(&arguments, &operations, userdata)
            unsafe fuse_opt_free_args(&arguments)
        }
        return unsafe session != nil
    }

    /// A failed call on the mount point, in words.
    static func failure(to task: String, _ path: String, _ error: Int32) -> MountFailure {
        let remedy: String? =
            switch error {
            case ENOENT: "create the directory first"
            case ENOTDIR: "name a directory"
            case ENOTCONN: "a dead mount is in the way; take it away with fusermount3 -u"
            case EBUSY: "close the files in use; lsof +f -- \(path) lists them"
            default: nil
            }
        return MountFailure(
            reason: "cannot \(task) \(path): \(String(errno: error))",
            remedy: remedy,
            errno: Errno(rawValue: error)
        )
    }

    /// The mount point as /proc/self/mountinfo will show it.
    private func resolve(_ mountpoint: String) throws(MountFailure) -> String {
        guard let resolved = unsafe realpath(mountpoint, nil) else {
            throw Self.failure(to: "mount over", mountpoint, errno)
        }
        defer { unsafe free(resolved) }
        // SAFETY: realpath gave a NUL-terminated string that is freed after the copy.
        return unsafe String(cString: resolved)
    }
}

/// The server behind a callback's userdata.
func fuseServer(_ userdata: UnsafeMutableRawPointer?) -> FuseServer {
    guard let userdata = unsafe userdata else {
        preconditionFailure("libfuse lost the pointer given to fuse_session_new")
    }
    // SAFETY: `makeSession` put the server there, and it outlives the session.
    return unsafe Unmanaged<FuseServer>.fromOpaque(userdata).takeUnretainedValue()
}

extension String {
    /// The text of a system error.
    init(errno: Int32) {
        self = Errno(rawValue: errno).description
    }
}
