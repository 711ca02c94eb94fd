internal import Foundation

/// A real directory for one test, removed with all that is in it when this object goes.
///
/// Keep it in a property of the suite, or use `withTemporaryDirectory`: a local constant may go as
/// soon as its path has been read.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, without symbolic links.
    public let path: String

    /// Makes the directory, with mode 0755, where temporary files belong on this machine.
    public init() throws {
        let place = FileManager.default.temporaryDirectory
            .resolvingSymlinksInPath()
            .appendingPathComponent("vmofs-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: place,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        path = place.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("\(path) stays behind: \(error)")
        }
    }

    /// The path of `name` in the directory.
    public func path(of name: String) -> String { "\(path)/\(name)" }
}

/// Runs `body` with a new temporary directory, which is removed afterwards.
public func withTemporaryDirectory<Result>(
    _ body: (TemporaryDirectory) throws -> Result
) throws -> Result {
    let directory = try TemporaryDirectory()
    return try withExtendedLifetime(directory) { try body(directory) }
}
