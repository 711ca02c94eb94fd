import Foundation
import TestSupport
import Testing

/// The directories of one test: a backing directory, a mount point, an ordinary directory to do
/// the same in, and scratch space; on a disk file system, and removed at the end.
final class TestPlace: Sendable {
    private let directory: TemporaryDirectory
    let backing: String
    var mountPoint: String { directory.path(of: "mount") }
    /// An ordinary directory of the same file system as BACKING: what Linux itself does is right.
    var reference: String { directory.path(of: "reference") }
    var scratch: String { directory.path(of: "scratch") }

    /// Makes them; the backing directory may be elsewhere, in a small file system for example.
    init(backing: String? = nil) throws {
        directory = try TemporaryDirectory()
        self.backing = backing ?? directory.path(of: "backing")
        for path in [self.backing, mountPoint, reference, scratch] {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        }
    }

    /// Runs a bash script somewhere; `Mount.run` names the variables that it knows.
    func run(_ script: String, in folder: String = "/") throws -> Tool.Outcome {
        try Tool.run(
            ["bash", "-c", "set -euo pipefail\n" + script],
            in: folder,
            environment: variables
        )
    }

    /// Starts a bash script in the background.
    func start(_ script: String, in folder: String = "/") throws -> Tool {
        try Tool(
            ["bash", "-c", "set -euo pipefail\n" + script],
            in: folder,
            environment: variables
        )
    }

    private var variables: [String: String] {
        [
            "MOUNT": mountPoint, "BACKING": backing, "SCRATCH": scratch,
            "SOURCE": scratch + "/source", "VMOFS": Machine.binary,
            "TOOLS": Machine.projectRoot + "/Tests/Tools",
        ]
    }

    /// What there is in a tree: names, types, owners, modes, sizes, links, times to the
    /// nanosecond, checksums of contents, and extended attributes with ACLs; one fact a line.
    func listing(of tree: String, withTimes: Bool = true) throws -> String {
        let outcome = try run(#"bash "$TOOLS/list-tree" \#(withTimes ? "%T@" : "")"#, in: tree)
        try #require(outcome.status == 0, "list-tree \(tree): \(outcome.errors)")
        return outcome.output
    }

    /// Expects two listings to be equal and shows the lines that are not.
    func expectSame(
        _ first: String,
        _ second: String,
        _ occasion: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        if first == second { return }
        let difference = second.split(separator: "\n").difference(
            from: first.split(separator: "\n")
        )
        let changes = difference.prefix(20).map { change in
            switch change {
            case .remove(_, let line, _): "- \(line)"
            case .insert(_, let line, _): "+ \(line)"
            }
        }
        Issue.record(
            "\(occasion): trees differ\n\(changes.joined(separator: "\n"))",
            sourceLocation: sourceLocation
        )
    }
}
