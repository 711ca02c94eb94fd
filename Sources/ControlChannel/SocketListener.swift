internal import CLinux
internal import Glibc
internal import SystemPackage

/// A listening socket in a runtime directory; removes its name when closed.
struct SocketListener: Sendable {
    let descriptor: FileDescriptor
    let name: String
    private let directory: RuntimeDirectory
    private let inode: UInt64?

    /// Listens in `directory` under `name`, taking the place of a socket that nobody serves.
    ///
    /// The socket is made under a name of its own and renamed once it listens, so that a client
    /// never meets one that refuses it, and two servers that race leave one that works.
    ///
    /// - Throws: `.alreadyServed` if a server answers under this name, `.system`.
    init(in directory: RuntimeDirectory, name: String) throws(ControlError) {
        if SocketListener.isServed(name, in: directory) {
            throw .alreadyServed("\(directory.path)/\(name)")
        }
        let socket = clinux_unix_socket()
        guard socket >= 0 else { throw .system(Errno(rawValue: errno), call: "socket") }
        descriptor = FileDescriptor(rawValue: socket)
        self.name = name
        self.directory = directory
        let temporary = ".\(name).\(getpid())"
        directory.remove(temporary)
        do throws(ControlError) {
            let path = directory.socketPath(temporary)
            let call = "listen on \(directory.path)/\(name)"
            // The directory is 0700, so nobody can connect between bind and chmod.
            // SAFETY: the path lives, with its NUL, through both calls.
            guard unsafe clinux_unix_bind(socket, path) == 0, unsafe chmod(path, 0o600) == 0,
                listen(socket, 64) == 0
            else { throw ControlError.system(Errno(rawValue: errno), call: call) }
            inode = directory.inode(of: temporary)
            try directory.rename(temporary, to: name)
        } catch {
            directory.remove(temporary)
            try? descriptor.close()
            throw error
        }
    }

    /// Whether a server listens under `name`; a stale socket refuses connections.
    static func isServed(_ name: String, in directory: RuntimeDirectory) -> Bool {
        guard let socket = try? connectSocket(to: name, in: directory) else { return false }
        try? socket.close()
        return true
    }

    /// Waits for the next connection; nil once `close` was called.
    ///
    /// - Throws: `.system`, after which the listener still works: out of descriptors, mostly.
    func accept() throws(ControlError) -> FileDescriptor? {
        let socket = clinux_accept(descriptor.rawValue)
        if socket >= 0 { return FileDescriptor(rawValue: socket) }
        let error = errno
        // EINVAL is what accept(2) says once the socket was shut down.
        if error == EINVAL { return nil }
        throw .system(Errno(rawValue: error), call: "accept")
    }

    /// Wakes `accept` for good and removes the name, unless another server has taken it over.
    func shutDown() {
        if let inode, directory.inode(of: name) == inode { directory.remove(name) }
        shutdown(descriptor.rawValue, Int32(SHUT_RDWR))
    }
}

/// How long connect(2) may wait for a daemon that does not accept.
private let connectTimeoutSeconds: UInt32 = 5

/// A socket that is connected to `name`.
///
/// - Throws: `.system`; `ECONNREFUSED` from a stale socket.
func connectSocket(
    to name: String,
    in directory: RuntimeDirectory
) throws(ControlError) -> FileDescriptor {
    let socket = clinux_unix_socket()
    guard socket >= 0 else { throw .system(Errno(rawValue: errno), call: "socket") }
    let path = directory.socketPath(name)
    // SAFETY: the path lives, with its NUL, through the call.
    guard unsafe clinux_unix_connect(socket, path, connectTimeoutSeconds) == 0 else {
        let error = Errno(rawValue: errno)
        close(socket)
        throw .system(error, call: "connect to \(directory.path)/\(name)")
    }
    return FileDescriptor(rawValue: socket)
}
