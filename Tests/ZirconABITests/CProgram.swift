import Foundation
import TestSupport

/// A C or C++ program of Tests/CSamples, built against libzircon.
struct CProgram {
    /// The package's root.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The folder of the sources.
    static let sources = "\(root)/Tests/CSamples"

    /// What the headers are included from.
    static let headers = "\(root)/Sources/CZircon/include"

    /// The folder in which libzircon.so was built: VMOFS_LIBZIRCON, else where these tests are.
    static let libraryFolder: String = {
        if let folder = ProcessInfo.processInfo.environment["VMOFS_LIBZIRCON"] { return folder }
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests ?? "").deletingLastPathComponent().path
    }()

    /// The C compiler: VMOFS_CC, for a library with a sanitizer that needs its own compiler's
    /// runtime, else the machine's.
    static let compiler = ProcessInfo.processInfo.environment["VMOFS_CC"] ?? "cc"

    /// The library itself.
    static var library: String { "\(libraryFolder)/libzircon.so" }

    /// No warning passes, whatever the standard.
    static let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]

    /// The program's file.
    let path: String

    /// Builds the program `source`, a file name of Tests/CSamples, in `folder`.
    init(_ source: String, in folder: TemporaryDirectory, options: [String] = []) throws {
        let isCxx = source.hasSuffix(".cc")
        path = folder.path(of: "program")
        let standard = isCxx ? "-std=c++17" : "-std=c11"
        let input = ["-I", Self.headers, "\(Self.sources)/\(source)", "-o", path]
        let output = [
            "-L", Self.libraryFolder, "-lzircon", "-Wl,-rpath,\(Self.libraryFolder)", "-pthread",
        ]
        try runTool(
            isCxx ? "c++" : Self.compiler,
            [standard, "-g"] + Self.warnings + options + input + output
        )
    }

    /// Runs the program, a few minutes at most, and returns what it printed.
    ///
    /// - Throws: `ToolFailure` with what it printed, if it does not end with 0.
    func run(_ arguments: String...) throws -> String {
        try runTool("timeout", ["-k", "5", "150", path] + arguments)
    }
}
