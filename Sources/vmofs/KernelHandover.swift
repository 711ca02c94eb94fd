internal import CLinux
internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// Makes the kernel hand over the dirty pages that it holds, so that the daemon knows them all.
///
/// With the write-back cache of FUSE, what write(2) wrote may wait in the kernel's page cache. It
/// is asked for through the mount itself, file by file: sync(2) and syncfs(2) do not reach FUSE.
enum KernelHandover {
    /// Hands over one file; does nothing where there is no regular file of `device` any more.
    ///
    /// - Throws: what the kernel says about the write-out, such as `EIO`.
    static func handOver(_ path: PathBytes, on device: DeviceNumber) throws(Errno) {
        guard let file = try open(path) else { return }
        defer {
            // FUSE sends FLUSH at close, and before it what is left to write; the outcome of the
            // write-out is known by then.
            try? file.close()
        }
        let identity = try FileIdentity(of: file)
        guard identity.isRegularFile, identity.device == device else { return }
        let steps =
            CLINUX_SYNC_FILE_RANGE_WAIT_BEFORE | CLINUX_SYNC_FILE_RANGE_WRITE
            | CLINUX_SYNC_FILE_RANGE_WAIT_AFTER
        // Offset and length 0 mean the whole file.
        guard clinux_sync_file_range(file.rawValue, 0, 0, UInt32(steps)) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Hands over every file at or below `file` that the daemon has open for writing, and `file`
    /// itself if it is one.
    ///
    /// A closed file has nothing left to hand over: close(2) does it.
    static func handOver(
        below file: LocatedFile,
        client: ControlClient
    ) throws(CommandError) -> [FileError] {
        var errors: [FileError] = []
        func attempt(_ path: PathBytes, name: PathBytes) {
            do throws(Errno) {
                try handOver(path, on: file.mount.device)
            } catch {
                let name = name.description
                errors.append(FileError(file: name, error: error, offset: 0, length: 0))
            }
        }
        if let identity = file.identity, identity.isRegularFile {
            attempt(file.path, name: file.reference.path)
            return errors
        }
        let names: [PathBytes]
        do throws(ControlError) {
            names = try client.filesOpenForWriting(under: file.reference)
        } catch {
            throw CommandError(error, at: file.mount.mountpoint)
        }
        // Names are below the mount's root, which for a bind mount lies above its mountpoint.
        let root = file.mount.root.relative(to: PathBytes("/")) ?? PathBytes([])
        for name in names {
            guard let below = name.relative(to: root) else { continue }
            attempt(file.mount.mountpoint.appending(below), name: name)
        }
        return errors
    }

    /// Opens a file without creating, truncating, waiting or following links; nil if it is gone.
    ///
    /// - Throws: `EACCES` for a file that this user may neither read nor write.
    private static func open(_ path: PathBytes) throws(Errno) -> FileDescriptor? {
        var failure = Errno.permissionDenied
        for access in [O_RDONLY, O_WRONLY] where failure == .permissionDenied {
            let flags = access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            // SAFETY: the path ends in NUL and lives through the call.
            let descriptor = unsafe Glibc.open(path.nullTerminated, flags)
            if descriptor >= 0 { return FileDescriptor(rawValue: descriptor) }
            failure = Errno(rawValue: errno)
        }
        switch failure {
        case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels, .isDirectory,
            .noSuchAddressOrDevice:
            return nil
        default: throw failure
        }
    }
}
