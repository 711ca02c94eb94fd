import Foundation
import Glibc
import Storage
import Support
import SystemPackage
import TestSupport
import Testing

// Finding, opening and describing objects: on a real directory, with what is outside it within
// reach of every trick by name.
struct StoreNodeTests {
    let fixture: StoreFixture
    var root: StoreNode { fixture.root }

    init() throws { fixture = try StoreFixture() }

    @Test("lookup gives the object and its attributes")
    func lookup() throws {
        let (made, file) = try fixture.makeFile("file", mode: 0o640, bytes: [1, 2, 3])
        let (node, attributes) = try root.lookup("file")
        #expect(node.identity == made.identity)
        #expect(attributes == (try node.attributes()))
        #expect(attributes == (try file.attributes()))
        #expect(attributes.isRegular && !attributes.isDirectory && !attributes.isSymbolicLink)
        #expect(attributes.permissions == 0o640)
        #expect(attributes.size == 3)
        #expect(attributes.linkCount == 1)
        #expect(attributes.uid == geteuid())
        #expect(attributes.device == (try root.attributes()).device)
        #expect(attributes.identity == node.identity)
        #expect(node.typeBits == S_IFREG)
    }

    @Test("lookup says why there is nothing")
    func lookupErrors() throws {
        let (node, _) = try fixture.makeFile("file")
        #expect(throws: Errno.noSuchFileOrDirectory) { try root.lookup("absent") }
        #expect(throws: Errno.notDirectory) { try node.lookup("anything") }
        let long = try #require(FileName(bytes: [UInt8](repeating: 0x61, count: 256)))
        #expect(throws: Errno.fileNameTooLong) { try root.lookup(long) }
    }

    @Test("dot and dot dot are refused by every call", arguments: [".", ".."])
    func dots(string: String) throws {
        let name = try #require(FileName(string))
        let (node, _) = try fixture.makeFile("file")
        let caller = fixture.caller
        #expect(throws: Errno.invalidArgument) { try root.lookup(name) }
        #expect(throws: Errno.invalidArgument) {
            try root.createFile(name, mode: 0o600, caller: caller)
        }
        #expect(throws: Errno.invalidArgument) {
            try root.makeNode(name, mode: S_IFIFO | 0o600, device: 0, caller: caller)
        }
        #expect(throws: Errno.invalidArgument) {
            try root.makeDirectory(name, mode: 0o700, caller: caller)
        }
        #expect(throws: Errno.invalidArgument) {
            try root.makeSymbolicLink(name, target: [0x61], caller: caller)
        }
        #expect(throws: Errno.invalidArgument) { try root.makeLink(name, to: node) }
        #expect(throws: Errno.invalidArgument) { try root.remove(name, isDirectory: true) }
        #expect(throws: Errno.invalidArgument) {
            try StoreNode.rename(name, in: root, to: "other", in: root, flags: 0)
        }
        #expect(throws: Errno.invalidArgument) {
            try StoreNode.rename("file", in: root, to: name, in: root, flags: 0)
        }
    }

    @Test("a symbolic link is never followed")
    func symbolicLink() throws {
        for target in ["/etc", "..", "/etc/passwd", "loop"] {
            let name = "loop" as FileName
            let (node, attributes) = try root.makeSymbolicLink(
                name,
                target: Array(target.utf8),
                caller: fixture.caller
            )
            #expect(attributes.isSymbolicLink)
            #expect(try node.readLink() == Array(target.utf8))
            #expect(throws: Errno.notDirectory) { try node.lookup("passwd") }
            #expect(throws: Errno.invalidArgument) { try node.openFile() }
            #expect(throws: Errno.notDirectory) { try node.openDirectory() }
            #expect(throws: Errno.notDirectory) { try node.syncDirectory() }
            #expect(throws: Errno.fileExists) {
                try root.createFile(name, mode: 0o600, caller: fixture.caller)
            }
            try root.remove(name, isDirectory: false)
        }
    }

    @Test("a directory swapped for a symbolic link changes nothing for its node")
    func swappedDirectory() throws {
        let (directory, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        _ = try directory.createFile("inside", mode: 0o644, caller: fixture.caller)
        try StoreNode.rename("d", in: root, to: "moved", in: root, flags: 0)
        _ = try root.makeSymbolicLink("d", target: Array("/etc".utf8), caller: fixture.caller)
        #expect(throws: Errno.noSuchFileOrDirectory) { try directory.lookup("passwd") }
        #expect(try directory.lookup("inside").1.isRegular)
        _ = try directory.createFile("late", mode: 0o644, caller: fixture.caller)
        #expect(unsafe access(fixture.directory.path(of: "moved/late"), F_OK) == 0)
        #expect(directory.path() == "moved")
    }

    @Test("a link's target may have 4095 bytes, and no more")
    func longTarget() throws {
        let target = [UInt8](repeating: UInt8(ascii: "t"), count: 4095)
        let (node, _) = try root.makeSymbolicLink("l", target: target, caller: fixture.caller)
        #expect(try node.readLink() == target)
        #expect(throws: Errno.fileNameTooLong) {
            try root.makeSymbolicLink("m", target: target + [0x74], caller: fixture.caller)
        }
        #expect(throws: Errno.invalidArgument) {
            try root.makeSymbolicLink("m", target: [0x74, 0], caller: fixture.caller)
        }
    }

    @Test("only regular files open as files, and nothing blocks on a FIFO")
    func openKinds() throws {
        let (fifo, _) = try root.makeNode(
            "fifo",
            mode: S_IFIFO | 0o600,
            device: 0,
            caller: fixture.caller
        )
        #expect(throws: Errno.invalidArgument) { try fifo.openFile() }
        #expect(throws: Errno.isDirectory) { try root.openFile() }
        #expect(throws: Errno.invalidArgument) { try fifo.readLink() }
        #expect(throws: Errno.invalidArgument) { try root.readLink() }
    }

    @Test("an object is reached by its node after its last name is gone")
    func removedFile() throws {
        let (node, file) = try fixture.makeFile("file", bytes: [1, 2, 3])
        #expect(node.path() == "file")
        try root.remove("file", isDirectory: false)
        #expect(try node.attributes().linkCount == 0)
        #expect(try node.openFile().contents() == [1, 2, 3])
        #expect(try file.contents() == [1, 2, 3])
        #expect(node.path() == nil)
        try node.setMode(0o600)
        #expect(try file.attributes().permissions == 0o600)
    }

    @Test("the path of a node is relative to the root")
    func path() throws {
        let (a, _) = try root.makeDirectory("a", mode: 0o755, caller: fixture.caller)
        let (b, _) = try a.makeDirectory("b (deleted)", mode: 0o755, caller: fixture.caller)
        #expect(root.path() == "")
        #expect(a.path() == "a")
        #expect(b.path() == "a/b (deleted)")
        try a.remove("b (deleted)", isDirectory: true)
        #expect(b.path() == nil)
    }

    @Test("statistics are those of the backing file system")
    func statistics() throws {
        var expected = statvfs()
        #expect(unsafe statvfs(fixture.directory.path, &expected) == 0)
        let statistics = try root.statistics()
        #expect(statistics.blockSize == UInt64(expected.f_bsize))
        #expect(statistics.fragmentSize == UInt64(expected.f_frsize))
        #expect(statistics.blocks == UInt64(expected.f_blocks))
        #expect(statistics.files == UInt64(expected.f_files))
        #expect(statistics.nameBytesMax == UInt64(expected.f_namemax))
        #expect(statistics.bytesAvailable > 0)
        var huge = statistics
        huge.blocksAvailable = .max
        #expect(huge.bytesAvailable == .max)
    }

    @Test("a running program opens for reading only, and says why")
    func textFileBusy() throws {
        let path = fixture.directory.path(of: "program")
        try FileManager.default.copyItem(atPath: "/bin/cat", toPath: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        let input = Pipe()
        process.standardInput = input
        try process.run()
        defer {
            input.fileHandleForWriting.closeFile()
            process.waitUntilExit()
        }
        let file = try root.lookup("program").0.openFile()
        #expect(file.writeRefusal == .textFileBusy)
        #expect(try file.bytes(at: 1, count: 3) == Array("ELF".utf8))
        #expect(throws: Errno.textFileBusy) { try file.write([1], at: 0) }
        #expect(throws: Errno.textFileBusy) { try file.setSize(0) }
        #expect(throws: Errno.textFileBusy) { try file.makeZero(ByteRange(0, 1)) }
        #expect(throws: Errno.textFileBusy) {
            try file.allocate(ByteRange(0, 1), keepSize: true)
        }
        #expect(throws: Errno.textFileBusy) {
            try fixture.makeFile("other", bytes: [1]).file.copy(ByteRange(0, 1), to: file, at: 0)
        }
    }

    @Test("a file on a read-only mount opens for reading only")
    func readOnly() throws {
        guard isRoot(for: "a read-only mount") else { return }
        _ = try fixture.makeFile("file", bytes: [7])
        let path = fixture.directory.path
        try runTool("mount", ["--bind", path, path])
        defer { #expect(unsafe umount2(path, 0) == 0) }
        try runTool("mount", ["-o", "remount,bind,ro", path])
        let store = try DirectoryStore(path: path)
        let file = try store.root.lookup("file").0.openFile()
        #expect(file.writeRefusal == .readOnlyFileSystem)
        #expect(try file.contents() == [7])
        #expect(throws: Errno.readOnlyFileSystem) { try file.write([1], at: 0) }
        #expect(throws: Errno.readOnlyFileSystem) {
            try store.root.createFile("new", mode: 0o600, caller: fixture.caller)
        }
    }
}
