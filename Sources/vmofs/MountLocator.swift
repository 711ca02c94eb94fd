internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// A file in a mount of this program, or a mount itself.
struct LocatedFile {
    var mount: MountEntry
    /// The absolute path, without symbolic links.
    var path: PathBytes
    /// The file as the daemon knows it.
    var reference: FileReference
    /// What it is; nil for a mountpoint that was found without looking at it.
    var identity: FileIdentity?
}

/// Finds mounts, files in mounts, and their daemons.
struct MountLocator {
    let mounts: MountTable
    var user = geteuid()
    var runtimeDirectory = environmentVariable("XDG_RUNTIME_DIR")

    /// The locator for the mounts of this machine.
    ///
    /// - Throws: `CommandError` where /proc is not mounted.
    static func current() throws(CommandError) -> MountLocator {
        do {
            return MountLocator(mounts: try MountTable.current())
        } catch {
            throw CommandError("/proc/self/mountinfo", error.description)
        }
    }

    /// The mounts of this user; of all users for root.
    var ownMounts: [MountEntry] {
        mounts.vmofsMounts.filter { user == 0 || $0.owner == user }
    }

    /// The daemon of a mount.
    ///
    /// - Throws: `CommandError`; that it is stale if nobody serves it.
    func client(of mount: MountEntry) throws(CommandError) -> ControlClient {
        let owner = mount.owner ?? user
        guard user == 0 || user == owner else {
            throw CommandError(
                printable(mount.mountpoint),
                "mounted by user \(owner)",
                remedy: "ask as that user or as root"
            )
        }
        // The variable is about this user, so it says nothing about the sockets of another.
        let places = RuntimeDirectory.places(
            ofUser: owner,
            runtimeDirectory: owner == user ? runtimeDirectory : nil
        )
        do throws(ControlError) {
            return try ControlClient.find(device: mount.device, owner: owner, places: places)
        } catch {
            throw CommandError(error, at: mount.mountpoint)
        }
    }

    /// The mount at a mountpoint.
    ///
    /// The mount is not looked at, so that one whose daemon is gone is found as well.
    ///
    /// - Throws: `CommandError` where no mount of this program is.
    func mount(at text: String) throws(CommandError) -> MountEntry {
        let path = PathBytes(text)
        if let absolute = try? path.absolute(), let mount = mounts.mount(at: absolute) {
            return try checked(mount, text)
        }
        // By way of symbolic links, or relative to a directory behind one.
        let resolved: PathBytes
        do throws(Errno) {
            resolved = try path.resolved()
        } catch {
            throw CommandError(printable(text), error.description, remedy: "check the path")
        }
        guard let mount = mounts.mount(at: resolved) else { throw notAMountpoint(text) }
        return try checked(mount, text)
    }

    private func checked(_ mount: MountEntry, _ text: String) throws(CommandError) -> MountEntry {
        guard mount.isVmofs else { throw notAMountpoint(text) }
        return mount
    }

    private func notAMountpoint(_ text: String) -> CommandError {
        CommandError(
            printable(text),
            "not a mountpoint of vmofs",
            remedy: "vmofs status lists the mounts"
        )
    }

    /// The mount that a path lies in and the file's place in it.
    ///
    /// - Throws: `CommandError` where the path is not in a mount of this program.
    func locate(_ text: String) throws(CommandError) -> LocatedFile {
        let path: PathBytes
        let identity: FileIdentity
        do throws(Errno) {
            path = try PathBytes(text).resolved()
            identity = try FileIdentity(of: path)
        } catch {
            throw failure(error, of: text)
        }
        let candidates = mounts.entries.filter {
            $0.isVmofs && $0.device == identity.device && path.relative(to: $0.mountpoint) != nil
        }
        // The innermost; they differ if a directory of the mount is bound to another place in it.
        let innermost = candidates.max { $0.mountpoint.bytes.count < $1.mountpoint.bytes.count }
        guard let mount = innermost, let below = path.relative(to: mount.mountpoint),
            let root = mount.root.relative(to: PathBytes("/"))
        else {
            throw CommandError(
                printable(text),
                "not in a vmofs mount",
                remedy: "vmofs status lists the mounts"
            )
        }
        return LocatedFile(
            mount: mount,
            path: path,
            reference: FileReference(inode: identity.inode, path: root.appending(below)),
            identity: identity
        )
    }

    private func failure(_ error: Errno, of text: String) -> CommandError {
        if let absolute = try? PathBytes(text).absolute(),
            let mount = mounts.mount(enclosing: absolute)
        {
            if error.isOfStaleMount { return .staleMount(mount.mountpoint) }
            // FUSE keeps even root out of other users' mounts.
            if error == .permissionDenied, mount.isVmofs, let owner = mount.owner, owner != user {
                return CommandError(
                    printable(text),
                    "closed to all but user \(owner), who mounted it",
                    remedy: "ask as that user, or mount with -o allow_other"
                )
            }
        }
        return CommandError(printable(text), error.description, remedy: "check the path")
    }
}
