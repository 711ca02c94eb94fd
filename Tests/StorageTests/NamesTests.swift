import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

// Giving, moving and removing names.
struct NamesTests {
    let fixture: StoreFixture
    var root: StoreNode { fixture.root }

    init() throws { fixture = try StoreFixture() }

    private func exists(_ name: FileName) -> Bool { (try? root.lookup(name)) != nil }

    @Test("names of every byte, and of 255 bytes, are made, listed, found, moved and removed")
    func everyName() throws {
        var names = Set(
            (UInt8(1)...255).filter { $0 != UInt8(ascii: "/") }
                .compactMap { FileName(bytes: [$0, UInt8(ascii: "x"), $0]) }
        )
        names.insert(try #require(FileName(bytes: [UInt8](repeating: 0xff, count: 255))))
        #expect(names.count == 255)
        for name in names { _ = try fixture.makeFile(name, bytes: Array(name.bytes)) }
        #expect(try Set(listing(of: root).map(\.name)) == names.union([".", ".."]))
        let (other, _) = try root.makeDirectory("o", mode: 0o700, caller: fixture.caller)
        for name in names {
            let file = try root.lookup(name).0.openFile()
            #expect(try file.contents() == Array(name.bytes))
            try StoreNode.rename(name, in: root, to: name, in: other, flags: 0)
            try other.remove(name, isDirectory: false)
        }
        #expect(try listing(of: root).count == 3)
        let long = try #require(FileName(bytes: [UInt8](repeating: 0x61, count: 256)))
        #expect(throws: Errno.fileNameTooLong) { try fixture.makeFile(long) }
    }

    @Test("a hard link is one more name of the same object, also of a symbolic link")
    func link() throws {
        let (file, _) = try fixture.makeFile("file")
        try root.makeLink("again", to: file)
        #expect(try root.lookup("again").0.identity == file.identity)
        #expect(try file.attributes().linkCount == 2)
        #expect(throws: Errno.fileExists) { try root.makeLink("again", to: file) }
        let (link, _) = try root.makeSymbolicLink("s", target: [0x61], caller: fixture.caller)
        try root.makeLink("s2", to: link)
        let (second, attributes) = try root.lookup("s2")
        #expect(attributes.isSymbolicLink)
        #expect(second.identity == link.identity)
        #expect(throws: Errno.notPermitted) { try root.makeLink("r", to: root) }
    }

    @Test("the last name is gone when the link count says so")
    func unlink() throws {
        let (file, _) = try fixture.makeFile("a")
        try root.makeLink("b", to: file)
        try root.remove("a", isDirectory: false)
        #expect(try file.attributes().linkCount == 1)
        try root.remove("b", isDirectory: false)
        #expect(try file.attributes().linkCount == 0)
        // As Linux has it for an object without names.
        #expect(throws: Errno.noSuchFileOrDirectory) { try root.makeLink("c", to: file) }
    }

    @Test("files and directories are removed each by their own call")
    func removeKinds() throws {
        _ = try fixture.makeFile("file")
        let (directory, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        _ = try directory.makeDirectory("inner", mode: 0o755, caller: fixture.caller)
        #expect(throws: Errno.notDirectory) { try root.remove("file", isDirectory: true) }
        #expect(throws: Errno.isDirectory) { try root.remove("d", isDirectory: false) }
        #expect(throws: Errno.directoryNotEmpty) { try root.remove("d", isDirectory: true) }
        #expect(throws: Errno.noSuchFileOrDirectory) { try root.remove("x", isDirectory: false) }
        try directory.remove("inner", isDirectory: true)
        try root.remove("d", isDirectory: true)
        #expect(!exists("d"))
    }

    @Test("a rename replaces, unless it is told not to")
    func rename() throws {
        let (a, _) = try fixture.makeFile("a")
        _ = try fixture.makeFile("b")
        #expect(throws: Errno.fileExists) {
            try StoreNode.rename("a", in: root, to: "b", in: root, flags: 1)
        }
        try StoreNode.rename("a", in: root, to: "b", in: root, flags: 0)
        #expect(!exists("a"))
        #expect(try root.lookup("b").0.identity == a.identity)
        try StoreNode.rename("b", in: root, to: "c", in: root, flags: 1)
        #expect(try root.lookup("c").0.identity == a.identity)
    }

    @Test("two names are exchanged, of whatever kind")
    func exchange() throws {
        let (a, _) = try fixture.makeFile("a")
        let (d, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        try StoreNode.rename("a", in: root, to: "d", in: root, flags: 2)
        #expect(try root.lookup("a").0.identity == d.identity)
        #expect(try root.lookup("d").0.identity == a.identity)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try StoreNode.rename("a", in: root, to: "x", in: root, flags: 2)
        }
    }

    @Test("a rename that makes no sense is EINVAL")
    func renameInvalid() throws {
        _ = try fixture.makeFile("a")
        let (d, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        #expect(throws: Errno.invalidArgument) {
            try StoreNode.rename("a", in: root, to: "b", in: root, flags: 3)
        }
        #expect(throws: Errno.invalidArgument) {
            try StoreNode.rename("a", in: root, to: "b", in: root, flags: 1 << 30)
        }
        #expect(throws: Errno.invalidArgument) {
            try StoreNode.rename("d", in: root, to: "e", in: d, flags: 0)
        }
        #expect(exists("a") && exists("d"))
    }
}
