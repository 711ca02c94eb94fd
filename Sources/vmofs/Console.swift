internal import Glibc
internal import SystemPackage

/// Standard output or standard error, unbuffered.
struct Console: Sendable {
    static let output = Console(descriptor: .standardOutput)
    static let error = Console(descriptor: .standardError)

    private let descriptor: FileDescriptor

    /// Whether a person is looking.
    var isTerminal: Bool { isatty(descriptor.rawValue) == 1 }

    /// Writes a line; where nobody reads any more there is nobody to tell.
    func writeLine(_ text: String) {
        write(text + "\n")
    }

    /// Writes a text as it is.
    func write(_ text: String) {
        _ = try? descriptor.writeAll(text.utf8)
    }
}
