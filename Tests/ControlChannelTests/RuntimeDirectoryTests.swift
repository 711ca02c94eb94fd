import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ControlChannel

/// Where sockets lie, who may lie there, and what is left when a daemon dies.
@Suite("Runtime directories")
struct RuntimeDirectoryTests {
    private let temporary: TemporaryDirectory

    init() throws {
        temporary = try TemporaryDirectory()
    }

    @Test("root, a session, and a user without a session each have their places")
    func places() {
        #expect(
            RuntimeDirectory.places(ofUser: 0, runtimeDirectory: "/run/user/0")
                == ["/run/vmofs", "/run/user/0/vmofs", "/tmp/vmofs-0"]
        )
        #expect(
            RuntimeDirectory.places(ofUser: 7, runtimeDirectory: "/run/user/7")
                == ["/run/user/7/vmofs", "/tmp/vmofs-7"]
        )
        #expect(
            RuntimeDirectory.places(ofUser: 7, runtimeDirectory: "/x")
                == ["/x/vmofs", "/run/user/7/vmofs", "/tmp/vmofs-7"]
        )
        for useless in [nil, "", "relative"] {
            #expect(
                RuntimeDirectory.places(ofUser: 7, runtimeDirectory: useless)
                    == ["/run/user/7/vmofs", "/tmp/vmofs-7"]
            )
        }
    }

    @Test("a directory is made with mode 0700, in the first place that there is")
    func making() throws {
        let place = temporary.path(of: "runtime")
        let directory = try RuntimeDirectory.forServer(
            places: [temporary.path(of: "missing/runtime"), place]
        )
        #expect(directory.path == place)
        let mode = try FileManager.default.attributesOfItem(atPath: place)[.posixPermissions]
        #expect(mode as? Int == 0o700)
    }

    @Test("a directory that is open to others, a link, or a file is refused")
    func unsafePlaces() throws {
        let open = temporary.path(of: "open")
        try makeDirectory(open, mode: 0o755)
        let link = temporary.path(of: "link")
        let safe = temporary.path(of: "safe")
        try makeDirectory(safe, mode: 0o700)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: safe)
        let file = temporary.path(of: "file")
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        for place in [open, link, file] {
            #expect {
                try RuntimeDirectory.forServer(places: [place, safe])
            } throws: { error in
                guard case ControlError.unsafeDirectory = error else { return false }
                return true
            }
        }
    }

    @Test("a directory of somebody else is refused")
    func foreignOwner() throws {
        let path = temporary.path(of: "runtime")
        try makeDirectory(path, mode: 0o700)
        #expect(
            throws: ControlError.unsafeDirectory(
                "\(path) belongs to user \(geteuid()), not to user \(geteuid() + 1)",
                remedy: "ask its owner to remove it"
            )
        ) {
            try RuntimeDirectory.open(path, owner: geteuid() + 1)
        }
    }

    @Test("a socket in a directory of any length can be served and found")
    func longPath() throws {
        let path = temporary.path(of: String(repeating: "d", count: 200))
        let directory = try RuntimeDirectory.forServer(places: [path])
        let server = try ControlServer(
            device: ServerFixture.device,
            in: directory,
            provider: ScriptedProvider()
        )
        defer { server.stop() }
        let client = try find(in: path)
        #expect(try client.status().pid == 7)
    }

    @Test("a socket is closed to others")
    func socketMode() throws {
        let fixture = try ServerFixture()
        let path = "\(fixture.directory.path)/\(ServerFixture.device).sock"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("a stale socket is recognised, removed, and replaced")
    func staleSocket() throws {
        let path = temporary.path(of: "runtime")
        let directory = try RuntimeDirectory.forServer(places: [path])
        let name = socketName(of: ServerFixture.device)
        try leaveStaleSocket(name, in: directory)
        #expect(throws: ControlError.system(.connectionRefused, call: "no daemon serves it")) {
            try find(in: path)
        }
        #expect(directory.inode(of: name) == nil)
        try leaveStaleSocket(name, in: directory)
        let server = try ControlServer(
            device: ServerFixture.device,
            in: directory,
            provider: ScriptedProvider()
        )
        defer { server.stop() }
        #expect(try find(in: path).status().pid == 7)
    }

    @Test("a second server for a mount is refused and harms the first in nothing")
    func secondServer() throws {
        let fixture = try ServerFixture()
        #expect {
            try ControlServer(
                device: ServerFixture.device,
                in: fixture.directory,
                provider: ScriptedProvider()
            )
        } throws: { error in
            guard case ControlError.alreadyServed = error else { return false }
            return true
        }
        #expect(try fixture.client.status().pid == 7)
    }

    @Test("nothing but the socket is left by a server, and not even that once it has stopped")
    func leftovers() throws {
        let fixture = try ServerFixture()
        let manager = FileManager.default
        #expect(
            try manager.contentsOfDirectory(atPath: fixture.directory.path) == ["0:4242.sock"]
        )
        fixture.server.stop()
        #expect(try manager.contentsOfDirectory(atPath: fixture.directory.path).isEmpty)
    }

    @Test("a mount that nobody serves is told from one that this user may not ask about")
    func notFound() {
        #expect(throws: ControlError.system(.connectionRefused, call: "no daemon serves it")) {
            try find(in: temporary.path(of: "missing"))
        }
    }

    private func find(in path: String) throws -> ControlClient {
        try ControlClient.find(device: ServerFixture.device, owner: geteuid(), places: [path])
    }

    /// A socket whose server has died without a chance to remove it.
    private func leaveStaleSocket(_ name: String, in directory: RuntimeDirectory) throws {
        let listener = try SocketListener(in: directory, name: name)
        try listener.descriptor.close()
        #expect(directory.inode(of: name) != nil)
    }
}
