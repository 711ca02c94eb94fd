import Foundation

/// A program of the machine, started by a test, with its output kept in files.
///
/// posix_spawn rather than Foundation's `Process`: that waits until a socket which the child
/// inherits is closed, and a daemon that `vmofs mount` leaves behind never closes it.
final class Tool: Sendable {
    /// What a program printed and how it ended: its exit status, or 128 and the signal.
    struct Outcome: Equatable, Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Seconds after which a program is killed: a hang must fail one test, not stop the run.
    static let timeoutSeconds = 240

    let process: pid_t
    private let outputPath: String
    private let errorPath: String

    /// Starts a command line, found in PATH.
    ///
    /// Source: posix_spawnp(3); timeout(1) stands guard.
    init(
        _ command: [String],
        in directory: String = "/",
        environment: [String: String] = [:],
        isGuarded: Bool = true
    ) throws {
        let prefix = FileManager.default.temporaryDirectory.path + "/tool-\(UUID().uuidString)"
        outputPath = prefix + ".out"
        errorPath = prefix + ".err"
        let watchdog = isGuarded ? ["timeout", "-k", "5", "\(Tool.timeoutSeconds)"] : []
        let line = ["env", "-C", directory] + watchdog + command

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_EXCL
        unsafe posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o600)

        // The threads of the test runner block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var variables = ProcessInfo.processInfo.environment
        variables["LC_ALL"] = "C"
        variables["PATH"] = (variables["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        variables.merge(environment) { _, new in new }

        // SAFETY: the strings live until the `defer` frees them, after the call that reads them.
        var arguments = unsafe line.map { unsafe strdup($0) } + [nil]
        var settings = unsafe variables.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (arguments + settings).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawnp(
            &child,
            line[0],
            &actions,
            &attributes,
            &arguments,
            &settings
        )
        process = child
        if code != 0 { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
    }

    /// Waits for the end.
    ///
    /// Source: waitpid(2).
    func wait() throws -> Outcome {
        var status: Int32 = 0
        // SAFETY: `status` lives through the call, which fills it.
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        defer {
            try? FileManager.default.removeItem(atPath: outputPath)
            try? FileManager.default.removeItem(atPath: errorPath)
        }
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
            output: try Tool.text(outputPath),
            errors: try Tool.text(errorPath)
        )
    }

    /// Runs a command line to its end.
    static func run(
        _ command: [String],
        in directory: String = "/",
        environment: [String: String] = [:]
    ) throws -> Outcome {
        try Tool(command, in: directory, environment: environment).wait()
    }

    /// The text of a file; bytes that are no UTF-8 are shown as replacement characters.
    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}
