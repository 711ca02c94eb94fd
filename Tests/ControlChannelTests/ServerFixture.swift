import Glibc
import Support
import SystemPackage
import TestSupport
import Testing

@testable import ControlChannel

/// A control server in a directory of its own, stopped at the end.
final class ServerFixture: Sendable {
    static let device = DeviceNumber(major: 0, minor: 4242)

    let temporary: TemporaryDirectory
    let directory: RuntimeDirectory
    let provider = ScriptedProvider()
    let server: ControlServer
    let client: ControlClient

    init(_ adjust: (inout ControlLimits) -> Void = { _ in }) throws {
        temporary = try TemporaryDirectory()
        let path = temporary.path(of: "runtime")
        directory = try RuntimeDirectory.forServer(places: [path])
        var limits = ControlLimits()
        adjust(&limits)
        server = try ControlServer(
            device: Self.device,
            in: directory,
            provider: provider,
            limits: limits
        )
        client = try ControlClient.find(device: Self.device, owner: geteuid(), places: [path])
    }

    deinit {
        server.stop()
    }

    /// A connection that speaks raw bytes, past the hello.
    func withRawConnection<Result>(
        _ body: (inout RawConnection) throws -> Result
    ) throws -> Result {
        let socket = try connectSocket(to: socketName(of: Self.device), in: directory)
        defer { try? socket.close() }
        var connection = RawConnection(socket: socket, lines: LineConnection(socket))
        let hello = try #require(try connection.nextReply())
        guard case .hello(protocolVersion, vmofsVersion, getpid()) = hello else {
            throw ControlError.malformed("\(hello)")
        }
        return try body(&connection)
    }
}

/// A client without manners.
struct RawConnection: ~Copyable {
    let socket: FileDescriptor
    var lines: LineConnection

    func send(_ bytes: [UInt8]) throws {
        // A server that has seen enough may close while the rest is on its way.
        do {
            try socket.writeAll(bytes)
        } catch Errno.brokenPipe {
        } catch Errno.connectionReset {
        }
    }

    mutating func nextReply() throws -> ControlReply? {
        let soon = MonotonicClock().now + 20_000_000_000
        do throws(ControlError) {
            guard let line = try lines.readLine(byteCountMax: 1 << 20, deadline: soon) else {
                return nil
            }
            return try decodeJSON(ControlReply.self, from: line)
        } catch .connectionClosed {
            return nil
        }
    }
}
