import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Storage

// Nodes whose descriptors were closed: found again by handle, where this process may, and by name.
struct DescriptorCacheTests {
    private static let descriptorCountMax = 16
    private let directory: TemporaryDirectory
    private let caller = Caller(uid: geteuid(), gid: getegid(), pid: UInt32(getpid()), umask: 0)

    init() throws {
        umask(0)
        directory = try TemporaryDirectory()
    }

    private func openStore(usesHandles: Bool) throws -> DirectoryStore {
        try DirectoryStore(
            path: directory.path,
            descriptorCountMax: Self.descriptorCountMax,
            usesHandles: usesHandles
        )
    }

    /// Uses so many other nodes that no descriptor of before stays open, but what is held.
    private func closeAll(_ store: DirectoryStore) throws {
        let place = fileName("others-\(UInt64.random(in: 0..<UInt64.max))")
        let (others, _) = try store.root.makeDirectory(place, mode: 0o755, caller: caller)
        let nodes = try (0..<300).map { index in
            let name = fileName("\(index)")
            return try others.makeDirectory(name, mode: 0o755, caller: caller).0
        }
        for _ in 0..<2 {
            for node in nodes { _ = try node.attributes() }
        }
    }

    @Test("few descriptors serve many nodes", arguments: [true, false])
    func manyNodes(usesHandles: Bool) throws {
        let store = try openStore(usesHandles: usesHandles)
        var files: [(node: StoreNode, inode: UInt64)] = []
        for folder in 0..<10 {
            let name = fileName("folder-\(folder)")
            let (node, _) = try store.root.makeDirectory(name, mode: 0o755, caller: caller)
            for file in 0..<50 {
                let name = fileName("file-\(file)")
                let made = try node.createFile(name, mode: 0o600, caller: caller)
                files.append((made.node, made.attributes.inode))
            }
        }
        var generator = SeededGenerator(seed: 5)
        for file in files.shuffled(using: &generator) {
            #expect(try file.node.attributes().inode == file.inode)
            try file.node.setMode(0o640)
            // The root is held besides.
            #expect(store.descriptorCount <= Self.descriptorCountMax + 1)
        }
        let path = try #require(files[499].node.path())
        #expect(path == "folder-9/file-49")
        #expect(unsafe access(directory.path(of: path), R_OK) == 0)
    }

    @Test(
        "a node follows its object through renames of it and of its directories",
        arguments: [true, false]
    )
    func renames(usesHandles: Bool) throws {
        let store = try openStore(usesHandles: usesHandles)
        let root = store.root
        let (a, _) = try root.makeDirectory("a", mode: 0o755, caller: caller)
        let (b, _) = try root.makeDirectory("b", mode: 0o755, caller: caller)
        let file = try a.createFile("file", mode: 0o644, caller: caller).node
        let other = try b.createFile("other", mode: 0o644, caller: caller).node
        try StoreNode.rename("file", in: a, of: file, to: "moved", in: b, flags: 0)
        try StoreNode.rename("b", in: root, of: b, to: "c", in: a, flags: 0)
        try closeAll(store)
        #expect(try file.attributes().identity == file.identity)
        #expect(file.path() == "a/c/moved")
        // An exchange moves both.
        try StoreNode.rename("moved", in: b, of: file, to: "other", in: b, of: other, flags: 2)
        try closeAll(store)
        #expect(file.path() == "a/c/other")
        #expect(other.path() == "a/c/moved")
        #expect(try other.attributes().identity == other.identity)
        // A rename that fails changes nothing.
        #expect(throws: Errno.fileExists) {
            try StoreNode.rename("moved", in: b, of: other, to: "other", in: b, of: file, flags: 1)
        }
        try closeAll(store)
        #expect(try file.attributes().identity == file.identity)
        #expect(other.path() == "a/c/moved")
    }

    @Test(
        "what loses its last name lives as long as its node, and others do not",
        arguments: [true, false]
    )
    func removal(usesHandles: Bool) throws {
        let store = try openStore(usesHandles: usesHandles)
        let root = store.root
        let made = try root.createFile("file", mode: 0o644, caller: caller)
        try made.file.write([1, 2, 3], at: 0)
        let (file, replaced) = (
            made.node, try root.createFile("replaced", mode: 0o600, caller: caller).node
        )
        let (folder, _) = try root.makeDirectory("folder", mode: 0o755, caller: caller)
        let mover = try root.createFile("mover", mode: 0o644, caller: caller).node
        try root.remove("file", isDirectory: false, of: file)
        try root.remove("folder", isDirectory: true, of: folder)
        try StoreNode.rename(
            "mover",
            in: root,
            of: mover,
            to: "replaced",
            in: root,
            of: replaced,
            flags: 0
        )
        try closeAll(store)
        #expect(try file.attributes().linkCount == 0)
        #expect(try file.openFile().contents() == [1, 2, 3])
        #expect(try folder.attributes().linkCount == 0)
        #expect(try replaced.attributes().linkCount == 0)
        #expect(!file.isReplaceable)
        #expect(mover.path() == "replaced")
        #expect(file.path() == nil)
    }

    @Test("a file that loses one of two names is found by the other", arguments: [true, false])
    func hardLinks(usesHandles: Bool) throws {
        let store = try openStore(usesHandles: usesHandles)
        let root = store.root
        let file = try root.createFile("one", mode: 0o644, caller: caller).node
        try root.makeLink("two", to: file)
        try root.remove("one", isDirectory: false, of: file)
        try closeAll(store)
        #expect(try file.attributes().linkCount == 1)
        try StoreNode.rename("two", in: root, of: file, to: "three", in: root, flags: 0)
        try closeAll(store)
        #expect(try file.attributes().linkCount == 1)
        // Two names of one file: rename(2) does nothing.
        try root.makeLink("four", to: file)
        try StoreNode.rename("three", in: root, of: file, to: "four", in: root, of: file, flags: 0)
        try root.remove("three", isDirectory: false, of: file)
        try root.remove("four", isDirectory: false, of: file)
        try closeAll(store)
        #expect(try file.attributes().linkCount == 0)
    }

    @Test(
        "a name that leads to another object by now is never taken for the node",
        arguments: [true, false]
    )
    func changedOutside(usesHandles: Bool) throws {
        let store = try openStore(usesHandles: usesHandles)
        let file = try store.root.createFile("file", mode: 0o644, caller: caller).node
        let kept = try store.root.createFile("kept", mode: 0o644, caller: caller).node
        try closeAll(store)
        #expect(unsafe rename(directory.path(of: "kept"), directory.path(of: "file")) == 0)
        #expect(throws: Errno.staleNFSFileHandle) { try file.attributes() }
        if kept.handle == nil {
            // Nobody told the store of the new name.
            #expect(throws: Errno.staleNFSFileHandle) { try kept.attributes() }
        } else {
            #expect(try kept.attributes().identity == kept.identity)
        }
        #expect(try store.root.lookup("file").0.attributes().identity == kept.identity)
    }

    @Test("a file found by its handle learns its name where nothing else tells it")
    func findName() throws {
        let store = try openStore(usesHandles: true)
        let made = try store.root.createFile("name", mode: 0o644, caller: caller)
        guard let handle = made.node.handle else {
            print("this process may not use file handles here")
            return
        }
        let node = try store.node(of: handle).0
        let opened = try node.open()
        let nameless = StoreNode(made.attributes, handle: handle, place: nil, root: node.root)
        #expect(nameless.place?.name == nil)
        try nameless.findName(in: store.root)
        #expect(nameless.path() == "name")
        _ = opened
    }

    @Test("a chain of places as long as no stack is opened and ended without recursion")
    func deepChain() throws {
        let store = try openStore(usesHandles: false)
        let attributes = try store.root.attributes()
        var node = store.root
        for _ in 0..<300_000 {
            let place = NodePlace(name: "d", directory: node)
            node = StoreNode(attributes, handle: nil, place: place, root: store.root.root)
        }
        #expect(throws: Errno.staleNFSFileHandle) { try node.attributes() }
        node = store.root
    }
}
