internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// `mount -o remount`: new flags for a mount that stays.
///
/// The kernel keeps and heeds the flags; the daemon need not hear of them. What else a mount can be
/// told is told once: other options are skipped, since mount(8) repeats all that it finds in fstab
/// and in the mount table.
struct Remount: Equatable {
    /// The `MS_*` flags of mount(2) that the mount is to have.
    private(set) var flags: UInt

    /// Reads the `-o` strings of a remount; nil if they ask for something else.
    init?(_ lists: [String]) {
        let options = lists.flatMap(OptionList.split)
        guard options.contains("remount") else { return nil }
        flags = 0
        for option in options {
            if let flag = Self.flags[option] { flags |= flag }
            if let flag = Self.opposites[option] { flags &= ~flag }
        }
    }

    /// Gives the flags to the mount of ours at `mountpoint`.
    ///
    /// - Throws: `CommandError` if there is none, or the kernel refuses: files open for writing
    ///   stand in the way of `ro`.
    func apply(to mountpoint: String) throws(CommandError) {
        let mounts = try? MountTable.current()
        guard let path = try? PathBytes(mountpoint).resolved(),
            let mount = mounts?.mount(at: path), mount.isVmofs
        else {
            throw CommandError(
                printable(mountpoint),
                "not mounted",
                remedy: "mount it without the option remount",
                exitCode: .mountFailed
            )
        }
        // SAFETY: the path ends in NUL and lives through the call; mount(2) takes nil for the rest.
        if unsafe Glibc.mount(nil, path.nullTerminated, nil, flags | Self.remount, nil) != 0 {
            throw CommandError(
                printable(path),
                "cannot be remounted: \(Errno(rawValue: errno).description)",
                exitCode: errno == EPERM ? .permission : .mountFailed
            )
        }
    }

    // Source: mount(2), <linux/mount.h>.
    private static let remount: UInt = 1 << 5
    private static let flags: [String: UInt] = [
        "ro": 1, "nosuid": 1 << 1, "nodev": 1 << 2, "noexec": 1 << 3, "sync": 1 << 4,
        "mand": 1 << 6, "dirsync": 1 << 7, "noatime": 1 << 10, "nodiratime": 1 << 11,
        "silent": 1 << 15, "relatime": 1 << 21, "strictatime": 1 << 24, "lazytime": 1 << 25,
    ]
    private static let opposites: [String: UInt] = [
        "rw": 1, "suid": 1 << 1, "dev": 1 << 2, "exec": 1 << 3, "async": 1 << 4, "nomand": 1 << 6,
        "atime": 1 << 10, "diratime": 1 << 11, "loud": 1 << 15, "norelatime": 1 << 21,
        "nostrictatime": 1 << 24, "nolazytime": 1 << 25,
    ]
}
