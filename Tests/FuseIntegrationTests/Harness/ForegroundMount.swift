import Foundation
import Testing

/// A mount whose daemon is this process's child, so that its exit status can be seen.
final class ForegroundMount: Sendable {
    private let tool: Tool
    private let place: TestPlace

    /// Starts it and waits until it is usable.
    init(_ place: TestPlace, options: String = "memory=64M") throws {
        self.place = place
        let command = [
            Machine.binary, "mount", "-f", "-o", options, place.backing, place.mountPoint,
        ]
        tool = try Tool(command, isGuarded: false)
        let outcome = try place.run(
            #"""
            for ((i = 0; i < 200; i++)); do
                "$VMOFS" status "$MOUNT" && exit
                sleep 0.05
            done
            exit 1
            """#
        )
        if outcome.status != 0 { destroy() }
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    /// Sends a signal by name.
    func send(_ signal: String) throws {
        let outcome = try place.run("kill -\(signal) \(tool.process)")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// Sends a signal and waits for the end.
    func end(signal: String) throws -> Tool.Outcome {
        try send(signal)
        return try tool.wait()
    }

    /// Ends it by force if it still runs; harmless after `end`.
    func destroy() {
        _ = try? place.run(
            #"mountpoint -q "$MOUNT" || exit 0; kill -KILL \#(tool.process); umount -l "$MOUNT""#
        )
    }
}
