import Foundation
import Glibc
import Support
import SystemPackage
import TestSupport
import Testing

@testable import ControlChannel

/// What the server makes of bytes that no client of ours sends.
///
/// After each, it must still serve.
@Suite("Hostile clients")
struct HostileClientTests {
    private static let deepArray =
        #"{"protocol":1,"request":"# + String(repeating: "[", count: 100_000)

    @Test(
        "a line that is no request is answered with a failure, and the server goes on",
        arguments: [
            "", "x", "{", "{}", "null", "[]", "42", #""status""#, #"{"protocol":1}"#,
            #"{"protocol":1,"request":{}}"#, #"{"protocol":1,"request":{"reboot":{}}}"#,
            #"{"protocol":1,"request":{"status":{},"trace":{}}}"#,
            #"{"protocol":99,"request":{"status":{}}}"#,
            #"{"protocol":1e400,"request":{"status":{}}}"#,
            #"{"protocol":99999999999999999999,"request":{"status":{}}}"#,
            #"{"protocol":1,"request":{"flush":{"files":[{"inode":-1,"path":"x"}]}}}"#,
            #"{"protocol":1,"request":{"flush":{"files":[{"inode":1,"path":"a\u0000b"}]}}}"#,
            #"{"protocol":1,"request":{"flush":{"files":{}}}}"#,
            #"{"protocol":1,"request":{"unmount":{"timeoutMilliseconds":-5}}}"#,
            #"{"protocol":1,"request":{"unmount":{"timeoutMilliseconds":"soon"}}}"#,
            #"{"protocol":1,"request":{"dirty":{"query":{"file":{"inode":1,"path":"f"},"#
                + #""offset":18446744073709551615,"length":2}}}}"#,
            #"{"protocol":1,"request":{"status":{}}"# + "\u{0}}",
            "\u{FEFF}\u{202E}", deepArray,
        ]
    )
    func garbage(line: String) throws {
        let fixture = try ServerFixture()
        try fixture.withRawConnection { connection in
            try connection.send(Array(line.utf8) + [UInt8(ascii: "\n")])
            let reply = try connection.nextReply()
            guard case .failure = reply else {
                Issue.record("\(line.prefix(80)) was answered with \(String(describing: reply))")
                return
            }
            #expect(try connection.nextReply() == nil)
        }
        #expect(try fixture.client.status().pid == 7)
    }

    @Test("seeded random bytes never bring the server down")
    func randomBytes() throws {
        let fixture = try ServerFixture { $0.peerSeconds = 1 }
        let seed: UInt64 = 0x5EED
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let count = Int.random(in: 1...300, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try fixture.withRawConnection { connection in
                try connection.send(bytes + [UInt8(ascii: "\n")])
                guard case .failure = try connection.nextReply() else {
                    Issue.record("round \(round) of seed \(seed) was taken for a request")
                    return
                }
            }
        }
        #expect(try fixture.client.status().pid == 7)
    }

    @Test("a line beyond the limit is refused before it has all arrived")
    func oversizedLine() throws {
        let fixture = try ServerFixture { $0.requestBytesMax = 1000 }
        try fixture.withRawConnection { connection in
            try connection.send(Array(repeating: UInt8(ascii: "a"), count: 200_000))
            // The server closes with bytes unread, which may cut its reply off.
            switch try? connection.nextReply() {
            case .none, .failure: break
            case .some(let reply): Issue.record("answered with \(reply)")
            }
        }
        #expect(try fixture.client.status().pid == 7)
    }

    @Test("the longest line that is allowed is read, and one byte more is not")
    func lineLimit() throws {
        for (count, isAllowed) in [(1000, true), (1001, false)] {
            let pair = try socketPair()
            defer {
                try? pair.0.close()
                try? pair.1.close()
            }
            try pair.0.writeAll(Array(repeating: 97, count: count) + [10, 98, 10])
            var connection = LineConnection(pair.1)
            let soon = MonotonicClock().now + 20_000_000_000
            if isAllowed {
                #expect(try connection.readLine(byteCountMax: 1000, deadline: soon)?.count == 1000)
                #expect(try connection.readLine(byteCountMax: 1000, deadline: soon) == [98])
            } else {
                var error: ControlError?
                do throws(ControlError) {
                    _ = try connection.readLine(byteCountMax: 1000, deadline: soon)
                } catch let thrown {
                    error = thrown
                }
                #expect(error == .lineTooLong)
            }
        }
    }

    @Test("a client that says nothing is sent away when its time is over")
    func silence() throws {
        let fixture = try ServerFixture { $0.peerSeconds = 1 }
        try fixture.withRawConnection { connection in
            guard case .failure(_, let message) = try connection.nextReply() else {
                Issue.record("no failure")
                return
            }
            #expect(message == ControlError.timedOut.description)
            #expect(try connection.nextReply() == nil)
        }
    }

    @Test("a client that leaves in the middle of a line is forgotten")
    func halfLine() throws {
        let fixture = try ServerFixture()
        for _ in 0..<100 {
            try fixture.withRawConnection { try $0.send(Array(#"{"protocol":1,"#.utf8)) }
        }
        #expect(try fixture.client.status().pid == 7)
    }

    @Test("a client that does not read its answer cannot hold a thread for ever")
    func deafClient() throws {
        let pair = try socketPair()
        defer { try? pair.0.close() }
        let line = Array(repeating: UInt8(ascii: "a"), count: 16 << 20)
        let soon = MonotonicClock().now + 50_000_000
        #expect(throws: ControlError.timedOut) {
            try LineConnection(pair.0).writeLine(line, deadline: soon)
        }
        try pair.1.close()
        #expect(throws: ControlError.connectionClosed) {
            try LineConnection(pair.0).writeLine(line, deadline: soon)
        }
    }

    @Test("conversations beyond the limit are turned away, and let in once others have ended")
    func tooMany() throws {
        let fixture = try ServerFixture { $0.connectionsMax = 2 }
        try fixture.withRawConnection { _ in
            try fixture.withRawConnection { _ in
                let expected = ControlError.refused(
                    errno: EBUSY,
                    message: "the daemon answers too many requests at once"
                )
                #expect(throws: expected) { try fixture.client.status() }
            }
        }
        // The server hears of the two ends in its own time, so the first tries may come too early.
        let soon = MonotonicClock().now + 20_000_000_000
        var status: MountStatus?
        while status == nil, MonotonicClock().now < soon { status = try? fixture.client.status() }
        #expect(status?.pid == 7)
    }

    @Test("another user is refused by credentials even where the socket is open to all")
    func foreignUser() async throws {
        // The child cannot be given values, so the place is one that it can work out.
        let path = "/tmp/vmofs-peer-test-\(getpid())"
        let directory = try RuntimeDirectory.forServer(places: [path])
        let server = try ControlServer(
            device: ServerFixture.device,
            in: directory,
            provider: ScriptedProvider()
        )
        defer {
            server.stop()
            try? FileManager.default.removeItem(atPath: path)
        }
        try setMode(0o755, of: path)
        try setMode(0o666, of: "\(path)/\(socketName(of: ServerFixture.device))")
        await #expect(processExitsWith: .exitCode(77)) {
            let isForeign = setuid(65534) == 0
            let socket = FileDescriptor(rawValue: clinuxConnect(parent: getppid()))
            var connection = LineConnection(socket)
            let soon = MonotonicClock().now + 20_000_000_000
            let line = try connection.readLine(byteCountMax: 1 << 20, deadline: soon)
            let reply = try decodeJSON(ControlReply.self, from: try #require(line))
            switch reply {
            case .failure(EACCES, _): exit(isForeign ? 77 : 1)
            case .hello: exit(isForeign ? 2 : 77)
            default: exit(3)
            }
        }
    }
}
