import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

extension StoreNode {
    /// Sets an extended attribute to the bytes.
    func setExtendedAttribute(
        _ name: ExtendedAttributeName,
        to bytes: [UInt8],
        flags: Int32 = 0
    ) throws(Errno) {
        try unsafe bytes.withUnsafeBufferPointer { bytes throws(Errno) in
            try unsafe setExtendedAttribute(
                name,
                value: UnsafeRawBufferPointer(bytes),
                flags: flags
            )
        }
    }
}

// Extended attributes of objects of each kind, by nodes that hold O_PATH descriptors.
struct ExtendedAttributesTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("values are set, read, listed and removed, of files and directories")
    func roundTrip() throws {
        let (file, _) = try fixture.makeFile("file")
        for node in [file, fixture.root] {
            #expect(throws: Errno.noData) { try node.extendedAttribute("user.a") }
            #expect(throws: Errno.noData) { try node.extendedAttributeSize("user.a") }
            #expect(throws: Errno.noData) { try node.removeExtendedAttribute("user.a") }
            let value = Array(UInt8.min...UInt8.max)
            try node.setExtendedAttribute("user.a", to: value)
            try node.setExtendedAttribute("user.b/c", to: [])
            #expect(try node.extendedAttribute("user.a") == value)
            #expect(try node.extendedAttribute("user.b/c") == [])
            #expect(try node.extendedAttributeSize("user.a") == 256)
            let names = try node.extendedAttributeNames().split(separator: 0)
            #expect(
                Set(names.map { String(decoding: $0, as: UTF8.self) }) == ["user.a", "user.b/c"]
            )
            try node.removeExtendedAttribute("user.a")
            #expect(throws: Errno.noData) { try node.extendedAttribute("user.a") }
            try node.removeExtendedAttribute("user.b/c")
            #expect(try node.extendedAttributeNames() == [])
        }
    }

    @Test("a value longer than there is room for is ERANGE")
    func capacity() throws {
        let (node, _) = try fixture.makeFile("file")
        try node.setExtendedAttribute("user.a", to: [1, 2, 3])
        #expect(try node.extendedAttribute("user.a", capacity: 3) == [1, 2, 3])
        #expect(try node.extendedAttribute("user.a", capacity: 1 << 40) == [1, 2, 3])
        for capacity in [2, 0, -1] {
            #expect(throws: Errno.outOfRange) {
                try node.extendedAttribute("user.a", capacity: capacity)
            }
        }
        try node.setExtendedAttribute("user.a", to: [])
        #expect(try node.extendedAttribute("user.a", capacity: 0) == [])
    }

    @Test("large values and many names come whole")
    func large() throws {
        guard let path = mountedTmpfs() else { return }
        defer { #expect(unsafe umount2(path, Int32(MNT_DETACH)) == 0) }
        let store = try DirectoryStore(path: path)
        let made = try store.root.createFile("f", mode: 0o600, caller: fixture.caller)
        let value = [UInt8](repeating: 7, count: 60_000)
        try made.node.setExtendedAttribute("user.large", to: value)
        #expect(try made.node.extendedAttribute("user.large") == value)
        #expect(try made.node.extendedAttribute("user.large", capacity: 60_000) == value)
        #expect(throws: Errno.outOfRange) {
            try made.node.extendedAttribute("user.large", capacity: 59_999)
        }
        for number in 1..<1000 {
            let name = try #require(ExtendedAttributeName("user.one-of-many-\(number)"))
            try made.node.setExtendedAttribute(name, to: [])
        }
        #expect(try made.node.extendedAttributeNames().split(separator: 0).count == 1000)
    }

    /// A new tmpfs, which unlike ext4 takes large values; nil where that cannot be mounted.
    private func mountedTmpfs() -> String? {
        guard isRoot(for: "large attributes") else { return nil }
        let path = fixture.directory.path(of: "tmpfs")
        #expect(unsafe mkdir(path, 0o755) == 0)
        do {
            try runTool("mount", ["-t", "tmpfs", "tmpfs", path])
            return path
        } catch {
            Issue.record(error)
            return nil
        }
    }

    @Test("the flags refuse to replace and to create")
    func flags() throws {
        let (node, _) = try fixture.makeFile("file")
        #expect(throws: Errno.noData) { try node.setExtendedAttribute("user.a", to: [1], flags: 2) }
        try node.setExtendedAttribute("user.a", to: [1], flags: 1)
        #expect(throws: Errno.fileExists) {
            try node.setExtendedAttribute("user.a", to: [2], flags: 1)
        }
        try node.setExtendedAttribute("user.a", to: [3], flags: 2)
        #expect(try node.extendedAttribute("user.a") == [3])
    }

    @Test("a namespace that does not exist is refused")
    func namespaces() throws {
        let (node, _) = try fixture.makeFile("file")
        #expect(throws: Errno.notSupported) {
            try node.setExtendedAttribute("nonsense.a", to: [1])
        }
    }

    @Test("on a symbolic link they are the link's own")
    func symbolicLink() throws {
        let (file, _) = try fixture.makeFile("file")
        let (link, _) = try fixture.root.makeSymbolicLink(
            "link",
            target: Array("file".utf8),
            caller: fixture.caller
        )
        try file.setExtendedAttribute("user.a", to: [1])
        #expect(throws: Errno.self) { try link.extendedAttribute("user.a") }
        #expect(throws: Errno.notPermitted) { try link.setExtendedAttribute("user.b", to: [1]) }
        guard isRoot(for: "trusted attributes") else { return }
        try link.setExtendedAttribute("trusted.a", to: [2])
        #expect(try link.extendedAttribute("trusted.a") == [2])
        #expect(throws: Errno.noData) { try file.extendedAttribute("trusted.a") }
    }
}
