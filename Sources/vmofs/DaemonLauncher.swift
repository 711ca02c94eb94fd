internal import CLinux
internal import ControlChannel
internal import Glibc
internal import Support
internal import SystemPackage

/// Starts the daemon in the background and waits until its mount can be used.
struct DaemonLauncher {
    let configuration: MountConfiguration

    /// How long the daemon may take to start; it has nothing to do but to mount.
    private static let startSeconds: UInt64 = 60

    /// - Throws: `CommandError` with exit code 32 and the daemon's reason, after which no process
    ///   and no mount are left.
    func launch() throws(CommandError) {
        let mountpoint = PathBytes(configuration.mountpoint)
        let before = try? FileIdentity(of: mountpoint)
        let mountsBefore = (try? MountTable.current())?.mounts(at: mountpoint) ?? []
        let (process, report) = try spawn()
        defer { try? report.close() }
        do throws(CommandError) {
            switch try waitForOutcome(report, of: process) {
            case .ready: break
            case .failed(let why, let remedy): throw failure(why, remedy: remedy)
            }
            // The daemon serves by now, so this does not block.
            let after = try? FileIdentity(of: mountpoint)
            guard let after, after.device != before?.device else {
                throw failure(
                    "the daemon says that it is ready, but nothing is mounted there",
                    remedy: "run again with -f to see its log"
                )
            }
        } catch {
            cleanUp(after: process, at: mountpoint, mountsBefore: mountsBefore)
            throw error
        }
    }

    private func failure(_ why: String, remedy: String? = nil) -> CommandError {
        CommandError(
            printable(configuration.mountpoint),
            why,
            remedy: remedy,
            exitCode: .mountFailed
        )
    }

    private func spawn() throws(CommandError) -> (process: pid_t, report: FileDescriptor) {
        let pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
        do {
            pipe = try FileDescriptor.pipe()
        } catch {
            throw failure("\(error)")
        }
        defer { try? pipe.writeEnd.close() }
        _ = fcntl(pipe.readEnd.rawValue, F_SETFD, FD_CLOEXEC)
        _ = fcntl(pipe.writeEnd.rawValue, F_SETFD, FD_CLOEXEC)
        var arguments = ["vmofs", "daemon"]
        for list in configuration.optionLists { arguments += ["-o", list] }
        arguments += ["--", configuration.backing, configuration.mountpoint]
        var process: pid_t = 0
        let result = unsafe withCStrings(arguments) { pointers in
            // SAFETY: the strings and the array of pointers to them, which ends in nil, live
            // through the call, which copies them.
            unsafe clinux_spawn_daemon(
                "/proc/self/exe",
                pointers,
                pipe.writeEnd.rawValue,
                &process
            )
        }
        guard result == 0 else {
            try? pipe.readEnd.close()
            throw failure("the daemon cannot be started: \(Errno(rawValue: result).description)")
        }
        return (process, pipe.readEnd)
    }

    /// Reads the daemon's lines until one settles the outcome.
    private func waitForOutcome(
        _ report: FileDescriptor,
        of process: pid_t
    ) throws(CommandError) -> DaemonReadiness {
        let deadline = MonotonicClock().now + Self.startSeconds * 1_000_000_000
        var text: [UInt8] = []
        var lastWords: String?
        while true {
            while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: text[..<end], as: UTF8.self)
                text.removeSubrange(...end)
                if let readiness = DaemonReport.readiness(from: line) { return readiness }
                // A crash is explained by its first words and not by the backtrace after them.
                let isExplained = lastWords?.contains("Fatal error") ?? false
                if !line.isEmpty && !isExplained { lastWords = line }
            }
            let now = MonotonicClock().now
            guard now < deadline, isReadable(report, withinNanoseconds: deadline - now) else {
                let context = lastWords.map { ": \($0)" } ?? ""
                throw failure("the daemon is not ready after \(Self.startSeconds) s\(context)")
            }
            let chunk = readSome(report)
            if chunk.isEmpty { return .failed(why: obituary(of: process, lastWords), remedy: nil) }
            text += chunk
        }
    }

    private func isReadable(_ file: FileDescriptor, withinNanoseconds wait: UInt64) -> Bool {
        var waited = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
        // SAFETY: `waited` is one pollfd, as the call is told, and lives through the call.
        return unsafe poll(&waited, 1, Int32(wait / 1_000_000 + 1)) != 0
    }

    /// What is in the pipe; empty at its end.
    private func readSome(_ file: FileDescriptor) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            // SAFETY: read(2) fills at most the buffer that the array lends to this call.
            count = unsafe (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
    }

    /// How a daemon ended that closed the pipe without a word about its outcome.
    private func obituary(of process: pid_t, _ lastWords: String?) -> String {
        let context = lastWords.map { ": \($0)" } ?? ""
        var status: Int32 = 0
        // It may have closed the pipe and live; a signal makes the wait end.
        kill(process, SIGKILL)
        // SAFETY: `status` lives through the call.
        guard unsafe waitpid(process, &status, 0) == process else {
            return "the daemon vanished\(context)"
        }
        // Source: wait(2); the macros are not there in Swift.
        let signal = status & 0x7F
        if signal == 0 { return "the daemon ended with exit code \(status >> 8 & 0xFF)\(context)" }
        return "the daemon was killed by signal \(signal)\(context)"
    }

    /// Leaves no process and no mount after a failure.
    private func cleanUp(after process: pid_t, at mountpoint: PathBytes, mountsBefore: [MountEntry])
    {
        // An orderly failure is over already; anything else is not waited for.
        kill(process, SIGKILL)
        var status: Int32 = 0
        // SAFETY: `status` lives through the call.
        unsafe waitpid(process, &status, 0)
        let mounts = (try? MountTable.current())?.mounts(at: mountpoint) ?? []
        if let last = mounts.last, last.isVmofs, !mountsBefore.contains(last) {
            detachMount(at: mountpoint)
        }
    }
}

/// Takes a mount out of the tree whatever uses it; for mounts whose daemon is dead.
private func detachMount(at mountpoint: PathBytes) {
    if geteuid() == 0 {
        let lazily: Int32 = 2  // MNT_DETACH, of umount2(2).
        // SAFETY: the path ends in NUL and lives through the call.
        unsafe umount2(mountpoint.nullTerminated, lazily)
        return
    }
    unsafe withCStrings(["fusermount3", "-u", "-z", "--", mountpoint.description]) { pointers in
        var process: pid_t = 0
        var status: Int32 = 0
        // SAFETY: the strings and the array of pointers to them live through the calls.
        if unsafe posix_spawnp(&process, "fusermount3", nil, nil, pointers, environ) == 0 {
            unsafe waitpid(process, &status, 0)
        }
    }
}

/// Calls `body` with C copies of `strings`, ended by nil as exec(3) wants them.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    // SAFETY: each copy is made by strdup(3) and freed once, after `body` has returned.
    let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array without nil") }
        return unsafe body(base)
    }
}
