import Foundation
import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

// Creating: what is made belongs to the caller, with the mode that it would have given it.
struct CreateTests {
    let fixture: StoreFixture
    var root: StoreNode { fixture.root }

    init() throws { fixture = try StoreFixture() }

    private func make(
        _ kind: UInt32,
        _ name: FileName,
        mode: UInt32,
        in parent: StoreNode,
        caller: Caller
    ) throws -> FileAttributes {
        switch kind {
        case S_IFDIR: try parent.makeDirectory(name, mode: mode, caller: caller).1
        case S_IFREG: try parent.createFile(name, mode: mode, caller: caller).attributes
        default: try parent.makeNode(name, mode: kind | mode, device: 0, caller: caller).1
        }
    }

    @Test("the caller's umask is taken off", arguments: [S_IFREG, S_IFDIR, S_IFIFO, S_IFSOCK])
    func umask(kind: UInt32) throws {
        var caller = fixture.caller
        for (index, umask) in [UInt32(0), 0o022, 0o077, 0o777].enumerated() {
            caller.umask = umask
            let name = try #require(FileName("n\(index)"))
            let attributes = try make(kind, name, mode: 0o777, in: root, caller: caller)
            #expect(attributes.typeBits == kind)
            #expect(attributes.permissions == 0o777 & ~umask)
        }
    }

    @Test("a file is made once, and written however little its mode allows")
    func readOnlyMode() throws {
        let made = try root.createFile("file", mode: 0o400, caller: fixture.caller)
        try made.file.write([1, 2], at: 0)
        #expect(try made.file.contents() == [1, 2])
        #expect(made.attributes.permissions == 0o400)
        #expect(throws: Errno.fileExists) {
            try root.createFile("file", mode: 0o600, caller: fixture.caller)
        }
        #expect(try made.file.contents() == [1, 2])
    }

    @Test("a device node keeps its number")
    func device() throws {
        guard isRoot(for: "device nodes") else { return }
        let number = UInt64(1) << 8 | 3
        let (_, attributes) = try root.makeNode(
            "null",
            mode: S_IFCHR | 0o666,
            device: number,
            caller: fixture.caller
        )
        #expect(attributes.typeBits == S_IFCHR)
        #expect(attributes.deviceNumber == number)
    }

    @Test("a default ACL stands in for the umask")
    func defaultACL() throws {
        let (parent, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        // Version 2, then tag, permissions, id: owner rwx, group rw-, others r--.
        let noID: [UInt8] = [0xff, 0xff, 0xff, 0xff]
        let acl: [UInt8] =
            [2, 0, 0, 0] + [0x01, 0, 7, 0] + noID + [0x04, 0, 6, 0] + noID + [0x20, 0, 4, 0] + noID
        try parent.setExtendedAttribute("system.posix_acl_default", to: acl)
        var caller = fixture.caller
        caller.umask = 0o077
        for (index, kind) in [S_IFREG, S_IFDIR, S_IFIFO].enumerated() {
            let name = try #require(FileName("n\(index)"))
            let attributes = try make(kind, name, mode: 0o777, in: parent, caller: caller)
            #expect(attributes.permissions == 0o764)
            let plain = try make(kind, name, mode: 0o777, in: root, caller: caller)
            #expect(plain.permissions == 0o700)
        }
    }

    @Test("what another user makes is that user's", arguments: [S_IFREG, S_IFDIR, S_IFIFO])
    func otherUser(kind: UInt32) throws {
        guard isRoot(for: "acting as another user") else { return }
        try root.setMode(0o777)
        let caller = Caller(uid: 4321, gid: 8765, pid: 0, umask: 0o027)
        let attributes = try make(kind, "theirs", mode: 0o777, in: root, caller: caller)
        #expect((attributes.uid, attributes.gid) == (4321, 8765))
        #expect(attributes.permissions == 0o750)
        let (_, link) = try root.makeSymbolicLink("link", target: [0x61], caller: caller)
        #expect((link.uid, link.gid) == (4321, 8765))
        // Afterwards this thread is root again, also for making.
        let own = try make(kind, "own", mode: 0o700, in: root, caller: fixture.caller)
        #expect((own.uid, own.gid) == (geteuid(), getegid()))
    }

    @Test("root with another group makes what belongs to that group")
    func rootOfOtherGroup() throws {
        guard isRoot(for: "acting as another group") else { return }
        let caller = Caller(uid: 0, gid: 8765, pid: 0, umask: 0)
        try root.setMode(0o700)
        let attributes = try make(S_IFREG, "file", mode: 0o600, in: root, caller: caller)
        #expect((attributes.uid, attributes.gid) == (0, 8765))
    }

    @Test("another user is refused what the directory refuses, and root is root afterwards")
    func otherUserRefused() throws {
        guard isRoot(for: "acting as another user") else { return }
        try root.setMode(0o755)
        let caller = Caller(uid: 4321, gid: 8765, pid: 0, umask: 0)
        for kind in [S_IFREG, S_IFDIR, S_IFIFO] {
            #expect(throws: Errno.permissionDenied) {
                try make(kind, "theirs", mode: 0o777, in: root, caller: caller)
            }
        }
        #expect(throws: Errno.permissionDenied) {
            try root.makeSymbolicLink("theirs", target: [0x61], caller: caller)
        }
        try root.setMode(0)
        let own = try make(S_IFREG, "own", mode: 0o700, in: root, caller: fixture.caller)
        #expect(own.uid == 0)
    }

    @Test("a setgid directory gives its group")
    func setgidDirectory() throws {
        guard isRoot(for: "groups of other users") else { return }
        let (parent, _) = try root.makeDirectory("d", mode: 0o777, caller: fixture.caller)
        try parent.setOwner(uid: nil, gid: 5555)
        try parent.setMode(0o2777)
        let caller = Caller(uid: 4321, gid: 8765, pid: 0, umask: 0)
        let file = try make(S_IFREG, "f", mode: 0o2775, in: parent, caller: caller)
        #expect((file.uid, file.gid) == (4321, 5555))
        // Setgid is not for those outside the group.
        #expect(file.permissions & 0o2000 == 0)
        let directory = try make(S_IFDIR, "d", mode: 0o775, in: parent, caller: caller)
        #expect(directory.gid == 5555)
        #expect(directory.permissions == 0o2775)
    }

    @Test("the caller's supplementary groups count, of the caller alone")
    func supplementaryGroups() throws {
        guard isRoot(for: "supplementary groups") else { return }
        try root.setOwner(uid: nil, gid: 3333)
        try root.setMode(0o770)
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = [
            "--reuid=4321", "--regid=8765", "--groups=2222,3333", "sh", "-c", "echo up; exec cat",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            input.fileHandleForWriting.closeFile()
            process.waitUntilExit()
        }
        #expect(output.fileHandleForReading.availableData == Data("up\n".utf8))
        let pid = UInt32(process.processIdentifier)
        let before = groups()
        let caller = Caller(uid: 4321, gid: 8765, pid: pid, umask: 0)
        let file = try make(S_IFREG, "f", mode: 0o600, in: root, caller: caller)
        #expect((file.uid, file.gid) == (4321, 8765))
        #expect(groups() == before)
        // The same number with another user is a process that took it over.
        let other = Caller(uid: 4322, gid: 8765, pid: pid, umask: 0)
        #expect(throws: Errno.permissionDenied) {
            try make(S_IFREG, "g", mode: 0o600, in: root, caller: other)
        }
        let unseen = Caller(uid: 4321, gid: 8765, pid: 0, umask: 0)
        #expect(throws: Errno.permissionDenied) {
            try make(S_IFREG, "g", mode: 0o600, in: root, caller: unseen)
        }
        #expect(groups() == before)
    }

    private func groups() -> [gid_t] {
        var groups = [gid_t](repeating: 0, count: 65536)
        let count = unsafe getgroups(65536, &groups)
        return Array(groups.prefix(Int(count)))
    }
}
