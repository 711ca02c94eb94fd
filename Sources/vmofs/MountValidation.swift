internal import ControlChannel
internal import FuseServer
internal import Glibc
internal import SystemPackage

/// A mount as it was asked for.
struct MountRequest: Equatable {
    var backing: String
    var mountpoint: String
    var optionLists: [String]
}

/// Checks what was asked for before anything is started, so that each mistake gives one line with
/// its remedy and leaves nothing behind.
struct MountValidation {
    let environment: MountEnvironment

    /// The configuration for `request`, its paths made absolute.
    ///
    /// - Throws: `CommandError`; exit code 1 for usage and permission, 2 for a system that cannot
    ///   mount FUSE file systems, 32 for the rest.
    func configuration(
        for request: MountRequest,
        isForeground: Bool
    ) throws(CommandError) -> MountConfiguration {
        let options = try checkedMountOptions(request.optionLists)
        let mountpoint = try checkedMountpoint(request.mountpoint)
        let backing = try checkedBacking(request.backing)
        try checkRelation(of: backing, to: mountpoint)
        try checkIsUncovered(mountpoint)
        try checkOtherMounts(of: backing)
        try checkFuse(options: options)
        return MountConfiguration(
            backing: backing.description,
            mountpoint: mountpoint.description,
            optionLists: request.optionLists,
            isForeground: isForeground
        )
    }

    private func checkedMountpoint(_ text: String) throws(CommandError) -> PathBytes {
        let path = try checkedDirectory(text, role: "mountpoint")
        // fusermount3 asks the same, but says it less clearly. Root may mount anywhere.
        if environment.user != 0 && !isAccessible(path, W_OK) {
            throw CommandError(
                printable(path),
                "the mountpoint is not writable for you",
                remedy: "choose a directory of your own, or mount as root",
                exitCode: .permission
            )
        }
        return path
    }

    private func checkedBacking(_ text: String) throws(CommandError) -> PathBytes {
        let path = try checkedDirectory(text, role: "backing directory")
        if !isAccessible(path, R_OK | X_OK) {
            throw CommandError(
                printable(path),
                "the backing directory is not readable and searchable for you",
                remedy: "chmod u+rx it, or mount as its owner",
                exitCode: .permission
            )
        }
        return path
    }

    /// The resolved path of a directory that is there.
    private func checkedDirectory(_ text: String, role: String) throws(CommandError) -> PathBytes {
        if text.isEmpty {
            throw CommandError(
                "usage",
                "the \(role) is an empty path",
                remedy: "vmofs mount BACKING MOUNTPOINT",
                exitCode: .usageOfMount
            )
        }
        let path: PathBytes
        let identity: FileIdentity
        do throws(Errno) {
            path = try PathBytes(text).resolved()
            identity = try FileIdentity(of: path)
            try FileIdentity.probeFileSystem(at: path)
        } catch {
            throw failure(error, of: PathBytes(text), role: role)
        }
        guard identity.isDirectory else {
            throw CommandError(
                printable(path),
                "the \(role) is not a directory",
                remedy: "name a directory",
                exitCode: .mountFailed
            )
        }
        // The paths travel as texts from here on, to the daemon and into the mount table.
        guard String(validating: path.bytes, as: UTF8.self) != nil else {
            throw CommandError(
                printable(path),
                "the path of the \(role) is not UTF-8",
                remedy: "mount it by way of a symbolic link's target with another name",
                exitCode: .mountFailed
            )
        }
        return path
    }

    private func failure(_ error: Errno, of path: PathBytes, role: String) -> CommandError {
        switch error {
        case _ where error.isOfStaleMount:
            let absolute = (try? path.absolute()) ?? path
            let mount = environment.mounts.mount(enclosing: absolute)
            return .staleMount(mount?.mountpoint ?? absolute, exitCode: .mountFailed)
        case .noSuchFileOrDirectory:
            return CommandError(
                printable(path),
                "the \(role) does not exist",
                remedy: role == "mountpoint" ? "mkdir -p \(printable(path))" : "check the path",
                exitCode: .mountFailed
            )
        case .notDirectory:
            return CommandError(
                printable(path),
                "the \(role) is not a directory",
                remedy: "name a directory",
                exitCode: .mountFailed
            )
        case .permissionDenied:
            return CommandError(
                printable(path),
                "the \(role) cannot be reached by you",
                remedy: "chmod a+x the directories above it, or mount as root",
                exitCode: .permission
            )
        default:
            return CommandError(printable(path), error.description, exitCode: .mountFailed)
        }
    }

    private func isAccessible(_ path: PathBytes, _ mode: Int32) -> Bool {
        // SAFETY: the path ends in NUL and lives through the call. AT_EACCESS asks for the
        // effective user, who will do the work.
        unsafe faccessat(AT_FDCWD, path.nullTerminated, mode, AT_EACCESS) == 0
    }

    /// Refuses what would show the file system inside itself.
    private func checkRelation(
        of backing: PathBytes,
        to mountpoint: PathBytes
    ) throws(CommandError) {
        let why: String
        switch relation(of: backing, to: mountpoint) {
        case .none: return
        case .same: why = "the backing directory and the mountpoint are the same directory"
        case .inside: why = "the backing directory lies inside the mountpoint"
        case .around: why = "the mountpoint lies inside the backing directory"
        }
        throw CommandError(
            "\(printable(backing)) at \(printable(mountpoint))",
            why,
            remedy: "choose a mountpoint elsewhere",
            exitCode: .mountFailed
        )
    }

    /// Refuses to cover a mount of ours, which would then be out of reach.
    private func checkIsUncovered(_ mountpoint: PathBytes) throws(CommandError) {
        guard let mount = environment.mounts.mount(at: mountpoint), mount.isVmofs else { return }
        throw CommandError(
            printable(mountpoint),
            "\(printable(mount.source)) is mounted there",
            remedy: "vmofs unmount \(printable(mountpoint))",
            exitCode: .mountFailed
        )
    }

    /// Refuses a backing directory that another mount writes to.
    private func checkOtherMounts(of backing: PathBytes) throws(CommandError) {
        for mount in environment.mounts.vmofsMounts {
            let how: String
            switch relation(of: backing, to: mount.source) {
            case .none: continue
            case .same: how = "already mounted"
            case .inside: how = "lies in \(printable(mount.source)), which is already mounted"
            case .around: how = "contains \(printable(mount.source)), which is already mounted"
            }
            do throws(Errno) {
                try FileIdentity.probeFileSystem(at: mount.mountpoint)
            } catch {
                if error.isOfStaleMount {
                    throw .staleMount(mount.mountpoint, exitCode: .mountFailed)
                }
            }
            throw CommandError(
                printable(backing),
                "\(how) at \(printable(mount.mountpoint))",
                remedy: "use that mount, or: vmofs unmount \(printable(mount.mountpoint))",
                exitCode: .mountFailed
            )
        }
    }

    private enum Relation { case none, same, inside, around }

    /// How one directory lies to another, by name and, to see through bind mounts, by identity.
    private func relation(of path: PathBytes, to other: PathBytes) -> Relation {
        if path == other || isSame(path, other) { return .same }
        if lies(path, inside: other) { return .inside }
        return lies(other, inside: path) ? .around : .none
    }

    private func lies(_ path: PathBytes, inside directory: PathBytes) -> Bool {
        if path.relative(to: directory) != nil { return true }
        guard let identity = try? FileIdentity(of: directory) else { return false }
        var ancestor = path
        while ancestor != ancestor.parent {
            ancestor = ancestor.parent
            if let found = try? FileIdentity(of: ancestor), found.isSameFile(as: identity) {
                return true
            }
        }
        return false
    }

    private func isSame(_ path: PathBytes, _ other: PathBytes) -> Bool {
        guard let first = try? FileIdentity(of: path), let second = try? FileIdentity(of: other)
        else { return false }
        return first.isSameFile(as: second)
    }

    /// Refuses where the kernel or its helper program cannot mount.
    private func checkFuse(options: MountOptions) throws(CommandError) {
        do throws(Errno) {
            // stat(2) and not open(2): an open file of the device is a connection being made.
            _ = try FileIdentity(of: PathBytes(environment.fuseDevice))
        } catch {
            throw CommandError(
                environment.fuseDevice,
                "\(error.description): the kernel's FUSE device is missing",
                remedy: "modprobe fuse; in a container, start it with --device /dev/fuse",
                exitCode: .system
            )
        }
        if environment.user == 0 { return }
        // fusermount3 opens it with the rights of the user who runs it.
        if !isAccessible(PathBytes(environment.fuseDevice), R_OK | W_OK) {
            throw CommandError(
                environment.fuseDevice,
                "closed to users who are not root",
                remedy: "as root: chmod 666 \(environment.fuseDevice)",
                exitCode: .permission
            )
        }
        if !environment.hasProgram("fusermount3") {
            throw CommandError(
                "fusermount3",
                "not found, and only root mounts without it",
                remedy: "install the package fuse3",
                exitCode: .system
            )
        }
        let sharing = options.kernelOptions.first { $0 == "allow_other" || $0 == "allow_root" }
        if let sharing, !environment.allowsOtherUsers {
            throw CommandError(
                "option \(sharing)",
                "\(environment.fuseConfiguration) does not allow it to users",
                remedy: "add the line user_allow_other there, or mount as root",
                exitCode: .permission
            )
        }
    }
}
