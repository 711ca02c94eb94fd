internal import CLinux
internal import Glibc
internal import SystemPackage

/// The directory that holds a user's control sockets: mode 0700, the user's own, no symbolic link.
///
/// It is opened once and checked through its descriptor, and sockets are reached through
/// /proc/self/fd, so that nobody can put another directory in its place afterwards; this also
/// keeps socket names within the 108 bytes that the kernel allows.
public final class RuntimeDirectory: Sendable {
    /// Where it is, for messages.
    public let path: String
    private let descriptor: FileDescriptor

    private init(path: String, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        try? descriptor.close()
    }

    /// The places where `user`'s sockets may be, the one where a daemon of that user puts its own
    /// first.
    ///
    /// The later places matter where a daemon was started with another environment than the
    /// command that looks for it, and for root in a user namespace, who is a user like others
    /// outside. `runtimeDirectory` is the value of `XDG_RUNTIME_DIR`.
    public static func places(ofUser user: UInt32, runtimeDirectory: String?) -> [String] {
        let temporary = "/tmp/vmofs-\(user)"
        let standard = user == 0 ? "/run/vmofs" : "/run/user/\(user)/vmofs"
        guard let runtimeDirectory, runtimeDirectory.hasPrefix("/") else {
            return [standard, temporary]
        }
        let own = runtimeDirectory + "/vmofs"
        if user == 0 { return [standard, own, temporary] }
        return own == standard ? [own, temporary] : [own, standard, temporary]
    }

    /// Opens the first of `places` that can be made or is there, for a server of this user; one
    /// that it may not even look into is somebody else's.
    ///
    /// - Throws: `.unsafeDirectory` where a place is there and is not safe: going on to the next
    ///   would hide that somebody is playing games. `.system` if none can be made.
    public static func forServer(places: [String]) throws(ControlError) -> RuntimeDirectory {
        var failure = ControlError.system(.noSuchFileOrDirectory, call: "runtime directory")
        for place in places {
            // SAFETY: strings passed to C live, with their NUL, through the call; so below.
            if unsafe mkdir(place, 0o700) != 0 && errno != EEXIST {
                failure = .system(Errno(rawValue: errno), call: "mkdir \(place)")
                continue
            }
            do throws(ControlError) {
                return try RuntimeDirectory.open(place, owner: geteuid())
            } catch .system(.permissionDenied, let call) {
                failure = .system(.permissionDenied, call: call)
            }
        }
        throw failure
    }

    /// Opens a directory that is there and belongs to `owner`.
    ///
    /// - Throws: `.unsafeDirectory`, `.system`.
    public static func open(_ path: String, owner: UInt32) throws(ControlError) -> RuntimeDirectory
    {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                FilePath(path),
                .readOnly,
                options: [.directory, .noFollow, .closeOnExec]
            )
        } catch let error as Errno {
            if error == .tooManySymbolicLinkLevels || error == .notDirectory {
                throw .unsafeDirectory("\(path) is not a directory", remedy: "remove it")
            }
            throw .system(error, call: "open \(path)")
        } catch {
            throw .system(.ioError, call: "open \(path)")
        }
        let directory = RuntimeDirectory(path: path, descriptor: descriptor)
        var status = stat()
        // SAFETY: `status` lives through the call, which fills it.
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw .system(Errno(rawValue: errno), call: "fstat \(path)")
        }
        guard status.st_uid == owner else {
            throw .unsafeDirectory(
                "\(path) belongs to user \(status.st_uid), not to user \(owner)",
                remedy: "ask its owner to remove it"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .unsafeDirectory("\(path) is open to others", remedy: "chmod 700 \(path)")
        }
        return directory
    }

    /// The path by which the kernel reaches `name` in here, whatever now stands at `path`.
    func socketPath(_ name: String) -> String { "/proc/self/fd/\(descriptor.rawValue)/\(name)" }

    /// Gives `name` in here the name `newName`, in one step, replacing what was there.
    func rename(_ name: String, to newName: String) throws(ControlError) {
        // SAFETY: both names live through the call.
        guard unsafe renameat(descriptor.rawValue, name, descriptor.rawValue, newName) == 0 else {
            throw .system(Errno(rawValue: errno), call: "rename \(path)/\(name)")
        }
    }

    /// Removes `name` from here, if it is there.
    func remove(_ name: String) {
        // SAFETY: the name lives through the call.
        unsafe unlinkat(descriptor.rawValue, name, 0)
    }

    /// The inode number of `name` in here; nil if there is no such file.
    func inode(of name: String) -> UInt64? {
        var status = stat()
        // SAFETY: `status` lives through the call, which fills it.
        guard unsafe fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            return nil
        }
        return UInt64(status.st_ino)
    }
}

/// The name of the control socket of the mount with this device number.
func socketName(of device: DeviceNumber) -> String { "\(device).sock" }
