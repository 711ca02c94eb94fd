internal import ArgumentParser
internal import Glibc
internal import SystemPackage

/// `vmofs daemon`: what `vmofs mount` starts and waits for; not for people.
///
/// Standard error and descriptor 3 are the pipe to the launcher: what libfuse prints on the way is
/// context for the launcher's message, and one line on descriptor 3 settles the outcome.
struct BackgroundCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Serve a mount; started by 'vmofs mount'.",
        shouldDisplay: false
    )

    @Option(name: .customShort("o"))
    var options: [String] = []

    @Argument var backing: String
    @Argument var mountpoint: String

    func run() throws {
        let configuration = MountConfiguration(
            backing: backing,
            mountpoint: mountpoint,
            optionLists: options,
            isForeground: false
        )
        let report = FileDescriptor(rawValue: DaemonReport.descriptor)
        guard fcntl(report.rawValue, F_SETFD, FD_CLOEXEC) == 0 else {
            throw CommandError("daemon", "not started by 'vmofs mount'", remedy: "use vmofs mount")
        }
        // The launcher may be gone, killed by an impatient person; that must not kill the daemon.
        signal(SIGPIPE, SIG_IGN)
        let code = runDaemon(configuration) { readiness in
            _ = try? report.writeAll(DaemonReport.line(for: readiness).utf8)
            // Nobody reads the pipe from here on.
            if let null = try? FileDescriptor.open(FilePath("/dev/null"), .writeOnly) {
                _ = try? null.duplicate(as: .standardError)
                try? null.close()
            }
            try? report.close()
        }
        if code != 0 { throw CommandError.exit(code) }
    }
}
