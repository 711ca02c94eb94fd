import Foundation
import Testing

/// A directory mounted with vmofs, and what a test asks it.
final class Mount: Sendable {
    /// Where the test's files are: mount point, backing directory, reference, scratch space.
    let place: TestPlace
    let options: String
    /// The daemon's process.
    let daemon: pid_t

    var path: String { place.mountPoint }
    var backing: String { place.backing }

    /// Mounts with options, small memory unless they say otherwise: eviction and throttling are
    /// then part of every test.
    ///
    /// `launcher` is a command that starts vmofs: with other limits, or without privileges.
    init(_ place: TestPlace, options: [String] = [], launcher: [String] = []) throws {
        self.place = place
        let memory = options.contains { $0.hasPrefix("memory=") } ? [] : ["memory=64M"]
        self.options = (memory + options).joined(separator: ",")
        let outcome = try Tool.run(
            launcher
                + [Machine.binary, "mount", "-o", self.options, place.backing, place.mountPoint]
        )
        try #require(outcome.status == 0, "mount: \(outcome.errors)")
        daemon = try Mount.status(of: place.mountPoint).pid
    }

    /// Runs a vmofs command and requires success.
    @discardableResult
    func vmofs(_ arguments: String...) throws -> String {
        let outcome = try Tool.run([Machine.binary] + arguments)
        try #require(outcome.status == 0, "vmofs \(arguments): \(outcome.errors)")
        return outcome.output
    }

    func status() throws -> StatusDocument { try Mount.status(of: path) }

    private static func status(of mountPoint: String) throws -> StatusDocument {
        let outcome = try Tool.run([Machine.binary, "status", "--json", mountPoint])
        try #require(outcome.status == 0, "vmofs status: \(outcome.errors)")
        return try decode(StatusDocument.self, from: outcome.output)
    }

    /// The dirty ranges of a file, all of them.
    func dirty(_ name: String) throws -> DirtyDocument {
        let text = try vmofs("dirty", "--json", "--limit", "1000000", "\(path)/\(name)")
        return try decode(DirtyDocument.self, from: text)
    }

    /// Writes everything back and returns how many bytes of data that took.
    @discardableResult
    func flush(_ name: String? = nil) throws -> UInt64 {
        let before = try status().flushedBytes
        try vmofs("flush", name.map { "\(path)/\($0)" } ?? path)
        return try status().flushedBytes - before
    }

    /// Runs a bash script in the mount and requires success; returns what it printed.
    ///
    /// It knows MOUNT, BACKING, SCRATCH, SOURCE (a sample tree) and TOOLS (of this test suite).
    @discardableResult
    func run(_ script: String) throws -> String {
        let outcome = try place.run(script, in: path)
        try #require(outcome.status == 0, "\(script)\n\(outcome.output)\n\(outcome.errors)")
        return outcome.output
    }

    /// Unmounts by the command, which must write everything back and end the daemon.
    func unmount() throws {
        try vmofs("unmount", path)
        try expectGone()
    }

    /// Requires that mount, daemon and socket are gone, waiting for the daemon's last steps.
    func expectGone() throws {
        let outcome = try place.run(
            """
            # A zombie has ended; when it is reaped is up to the machine's init.
            runs() { grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/\(daemon)/status; }
            for ((i = 0; i < 600; i++)); do runs || break; sleep 0.05; done
            ! runs || { echo "daemon \(daemon) still runs"; exit 1; }
            ! mountpoint -q "$MOUNT" || { echo "still mounted"; exit 1; }
            """
        )
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }

    /// Removes a mount by force, whatever state it is in.
    func destroy() {
        kill(daemon, SIGKILL)
        _ = try? Tool.run(["umount", "-l", path])
    }
}

/// How the kernel's cache in front of vmofs is used; ordinary tools must not see a difference.
enum CacheMode: String, CaseIterable, CustomTestStringConvertible {
    case writeback = "writeback_cache"
    case writeThrough = "no_writeback_cache"

    var testDescription: String { rawValue }
}

/// Mounts, runs `body`, and unmounts; whatever was seen in the mount must then be in BACKING, and
/// nothing of the daemon may be left.
func withMount(
    _ options: [String] = [],
    place: TestPlace? = nil,
    launcher: [String] = [],
    prepare: (TestPlace) throws -> Void = { _ in },
    _ body: (Mount) throws -> Void
) throws {
    let place = try place ?? TestPlace()
    try withExtendedLifetime(place) {
        try prepare(place)
        let mount = try Mount(place, options: options, launcher: launcher)
        do {
            try body(mount)
            let seen = try place.listing(of: place.mountPoint)
            try mount.unmount()
            place.expectSame(seen, try place.listing(of: place.backing), "after unmount")
        } catch {
            mount.destroy()
            throw error
        }
    }
}
