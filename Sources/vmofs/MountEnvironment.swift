internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// What the checks before a mount need to know about the machine; tests make their own.
struct MountEnvironment: Sendable {
    /// The effective user.
    var user: UInt32
    var mounts: MountTable
    /// The device through which the kernel and the daemon speak.
    var fuseDevice = "/dev/fuse"
    /// Where the administrator allows `allow_other`.
    var fuseConfiguration = "/etc/fuse.conf"
    /// Where fusermount3 is looked for.
    var programDirectories: [String]

    /// The machine as it is.
    ///
    /// - Throws: `CommandError` where /proc is not mounted.
    static func current() throws(CommandError) -> MountEnvironment {
        let mounts: MountTable
        do {
            mounts = try MountTable.current()
        } catch {
            throw CommandError(
                "/proc/self/mountinfo",
                error.description,
                remedy: "mount -t proc proc /proc",
                exitCode: .system
            )
        }
        let path = environmentVariable("PATH") ?? ""
        return MountEnvironment(
            user: geteuid(),
            mounts: mounts,
            programDirectories: path.split(separator: ":").map(String.init) + ["/usr/bin", "/bin"]
        )
    }

    /// Whether a program of this name can be run.
    func hasProgram(_ name: String) -> Bool {
        programDirectories.contains { directory in
            // SAFETY: the path lives, with its NUL, through the call.
            unsafe access("\(directory)/\(name)", X_OK) == 0
        }
    }

    /// Whether fuse.conf has the line `user_allow_other`.
    var allowsOtherUsers: Bool {
        guard let bytes = try? readWholeFile(FilePath(fuseConfiguration)) else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).contains { line in
            line.filter { !$0.isWhitespace } == "user_allow_other"
        }
    }
}

/// The value of an environment variable.
func environmentVariable(_ name: String) -> String? {
    // SAFETY: getenv(3) returns nil or a C string, which is copied at once; nothing in this
    // program changes the environment while other threads run.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}
