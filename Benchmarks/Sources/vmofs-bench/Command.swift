import Foundation

/// Runs a program and waits for it.
///
/// posix_spawn and waitpid rather than Foundation's `Process`, which waits until a socket that the
/// child inherits is closed: a program that leaves a daemon behind, as mounting does, never is.
enum Command {
    /// A command that ended with another status than 0.
    struct Failure: Error, CustomStringConvertible {
        let command: [String]
        let status: Int32

        var description: String { "\(command.joined(separator: " ")): status \(status)" }
    }

    /// Runs a command line, found in PATH, with its standard output thrown away.
    ///
    /// Source: posix_spawnp(3), waitpid(2).
    static func run(_ command: [String]) throws {
        guard !command.isEmpty else { return }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)

        // SAFETY: the strings live until the `defer` frees them, after the call that reads them.
        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawnp(&child, command[0], &actions, nil, &arguments, environ)
        if code != 0 { throw Failure(command: command, status: code) }

        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 && errno == EINTR {}
        if status != 0 { throw Failure(command: command, status: status) }
    }
}
