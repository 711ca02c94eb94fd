internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// Why a command failed, in one line: `vmofs: WHAT: WHY (REMEDY)`.
struct CommandError: Error, Equatable {
    /// The exit codes of this program.
    enum ExitCode: Int32 {
        /// The request failed; for `mount`, wrong usage or no permission.
        case failed = 1
        /// `mount`: the system lacks something.
        case system = 2
        /// `mount`: the mount failed.
        case mountFailed = 32
        /// Wrong usage, of any command but `mount`.
        case usage = 64

        static var usageOfMount: ExitCode { .failed }
        static var permission: ExitCode { .failed }
    }

    /// The file, mountpoint or option that it is about.
    var what: String
    /// What is wrong with it.
    var why: String
    /// What to do about it; nil where nothing is to be done.
    var remedy: String?
    private var code: Int32
    /// Whether everything has been said already.
    private(set) var isSilent = false

    init(_ what: String, _ why: String, remedy: String? = nil, exitCode: ExitCode = .failed) {
        self.what = what
        self.why = why
        self.remedy = remedy
        code = exitCode.rawValue
    }

    /// Ends with this exit code, everything having been said.
    static func exit(_ code: Int32) -> CommandError {
        var error = CommandError("", "")
        error.code = code
        error.isSilent = true
        return error
    }

    var exitCode: Int32 { code }
}

extension CommandError: CustomStringConvertible {
    var description: String {
        let parts = [what, why].filter { !$0.isEmpty }.joined(separator: ": ")
        let line = "vmofs: " + parts + (remedy.map { " (\($0))" } ?? "")
        return line.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}

extension CommandError {
    /// A mount whose daemon is gone: every access fails, and only unmounting helps.
    static func staleMount(_ mountpoint: PathBytes, exitCode: ExitCode = .failed) -> CommandError {
        CommandError(
            printable(mountpoint),
            "a stale mount, its daemon is gone",
            remedy: "run: \(unmountByHand(mountpoint))",
            exitCode: exitCode
        )
    }

    /// A failed conversation with the daemon of the mount at `mountpoint`.
    init(_ error: ControlError, at mountpoint: PathBytes) {
        switch error {
        case .system(.connectionRefused, _), .system(.noSuchFileOrDirectory, _):
            self = .staleMount(mountpoint)
        case .system(.permissionDenied, _):
            self.init(
                printable(mountpoint),
                "only the user who mounted it and root may ask its daemon"
            )
        default:
            self.init(printable(mountpoint), error.description)
        }
    }
}

/// The command that removes a mount whose daemon is gone.
func unmountByHand(_ mountpoint: PathBytes) -> String {
    (geteuid() == 0 ? "umount " : "fusermount3 -u ") + shellWord(mountpoint.description)
}

/// `text` as a word of a shell command.
private func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter
            || Character(Unicode.Scalar(byte)).isNumber || "/._-+:@%,=".utf8.contains(byte)
    }
    if isPlain && !text.isEmpty { return text }
    return "'"
        + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
        + "'"
}

/// A path for people: control characters, which would spoil a line or a terminal, are escaped.
func printable(_ path: PathBytes) -> String { printable(path.description) }

/// A text for people, with control characters escaped.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
            result += scalar.escaped(asASCII: true)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
