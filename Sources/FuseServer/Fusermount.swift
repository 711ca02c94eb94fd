internal import Glibc
internal import SystemPackage

/// The setuid program that unmounts for users who are not root.
enum Fusermount {
    /// Runs `fusermount3 -u [-z] -- path` and waits for it.
    static func unmount(_ path: String, lazily: Bool) throws(MountFailure) {
        let arguments = ["fusermount3", "-u"] + (lazily ? ["-z"] : []) + ["--", path]
        let (status, lines) = try run(arguments)
        if status == 0 { return }
        throw MountFailure(lines: lines, fallback: "fusermount3 failed with status \(status)")
    }

    /// Runs a program and gives its wait status and what it printed on standard error.
    ///
    /// Safe with threads, unlike fork.
    private static func run(
        _ arguments: [String]
    ) throws(MountFailure) -> (status: Int32, lines: [String]) {
        let output = StandardErrorCapture.makeBuffer()
        defer { try? output?.close() }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let output {
            unsafe posix_spawn_file_actions_adddup2(&actions, output.rawValue, STDERR_FILENO)
        }
        // SAFETY: the words are NUL-terminated copies that live until they are freed below.
        var words = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        // A service may run without PATH; the usual place is tried first.
        var error = unsafe posix_spawn(
            &process,
            "/usr/bin/\(arguments[0])",
            &actions,
            nil,
            words,
            environ
        )
        if error == ENOENT {
            error = unsafe posix_spawnp(&process, arguments[0], &actions, nil, words, environ)
        }
        guard error == 0 else {
            throw MountFailure(
                reason: "\(arguments[0]): \(String(errno: error))",
                remedy: "install the package fuse3"
            )
        }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw MountFailure(reason: String(errno: errno)) }
        }
        return (status, output.map(StandardErrorCapture.lines) ?? [])
    }
}
