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
        // SAFETY: the path lives through the call as a C string.
        if unsafe umount2(mounted.path, flags) == 0 { return }
        let error = errno
        guard error == EPERM else { throw Self.failure(to: "unmount", mounted.path, error) }
        try Fusermount.unmount(mounted.path, lazily: lazily)
    }

    /// Treats the mount like a disk: the kernel reads ahead 1 MiB instead of 128 KiB, and keeps as
    /// much dirty data of it as of any other device.
    ///
    /// Silent where that is not allowed.
    ///
    /// For root, after `onReady`: the answer to INIT can only lower the kernel's read-ahead. FUSE
    /// mounts start out with a hundredth of the kernel's dirty limit, strictly kept, since the
    /// kernel does not trust their servers to write back; writers then crawl at the pace of single
    /// requests. Writes of 1 MiB without an fsync go 1.1 GB/s with that limit and 3.1 without: the
    /// difference is what stays in the kernel, like the dirty data of any disk.
    ///
    /// Source: Documentation/ABI/testing/sysfs-class-bdi.
    public func tuneBackingDevice() {
        set("read_ahead_kb", to: "\(FusePolicy.readAheadBytesMax >> 10)")
        set("strict_limit", to: "0")
        set("max_ratio", to: "100")
    }

    private func set(_ attribute: String, to value: String) {
        guard let mounted else { return }
        let path = FilePath("/sys/class/bdi/\(mounted.record.device)/\(attribute)")
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: .closeOnExec) else {
            return
        }
        _ = try? file.writeAll(value.utf8)
        try? file.close()
    }
}
