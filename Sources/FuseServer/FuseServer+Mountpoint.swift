internal import Glibc
internal import SystemPackage

extension FuseServer {
    /// Takes the mount off its mount point, if it is there; the session goes on until the kernel
    /// has handed over its dirty pages and let go.
    ///
    /// Blocks while the kernel flushes, so the session must be running; `lazily` leaves that to the
    /// background and succeeds while files are open. libfuse's own unmount is no use: it closes the
    /// descriptor first, and the kernel's dirty pages are lost.
    ///
    /// - Throws: `MountFailure` where the mount is busy, is covered by another, or may not be
    ///   unmounted by this user. It is still there then.
    public func detachMountpoint(lazily: Bool) throws(MountFailure) {
        guard let mounted else { return }
        let records: [MountRecord]
        do { records = try MountRecord.current() } catch {
            throw MountFailure(reason: "/proc/self/mountinfo: \(error)")
        }
        guard records.contains(mounted.record) else { return }
        let top = records.last { $0.mountpoint == mounted.record.mountpoint }
        guard top == mounted.record else {
            throw MountFailure(
                reason: "another file system is mounted over \(mounted.path)",
                remedy: "unmount that one first"
            )
        }
        let flags = Int32(UMOUNT_NOFOLLOW) | (lazily ? Int32(MNT_DETACH) : 0)
        if unsafe umount2(mounted.path, flags) == 0 { return }
        let error = errno
        guard error == EPERM else { throw Self.failure(error, path: mounted.path) }
        try Fusermount.unmount(mounted.path, lazily: lazily)
    }

    private static func failure(_ error: Int32, path: String) -> MountFailure {
        MountFailure(
            reason: "unmounting \(path): \(String(errno: error))",
            remedy: error == EBUSY ? "close the files in use; lsof +f -- \(path) lists them" : nil,
            errno: Errno(rawValue: error)
        )
    }

    /// Lets the kernel read ahead 1 MiB instead of 128 KiB; silent where that is not allowed.
    ///
    /// The answer to INIT can only lower the kernel's default, so this is done from outside, by
    /// root, after `onReady`.
    public func tuneBackingDevice() {
        guard let mounted else { return }
        let directory = "/sys/class/bdi/\(mounted.record.device)"
        let kilobytes = FusePolicy.readAheadBytesMax >> 10
        guard
            let file = try? FileDescriptor.open(
                FilePath("\(directory)/read_ahead_kb"),
                .writeOnly,
                options: .closeOnExec
            )
        else { return }
        _ = try? file.writeAll("\(kilobytes)".utf8)
        try? file.close()
    }
}
