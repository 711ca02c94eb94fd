import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

// The store as a whole.
struct DirectoryStoreTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("a store is opened through symbolic links, and knows where it is")
    func symbolicLink() throws {
        let path = fixture.directory.path(of: "real")
        #expect(unsafe mkdir(path, 0o755) == 0)
        let link = fixture.directory.path(of: "link")
        #expect(unsafe symlink("real", link) == 0)
        let store = try DirectoryStore(path: link)
        #expect(store.path == path)
        #expect(store.root.typeBits == S_IFDIR)
    }

    @Test("what is no directory is no store")
    func errors() throws {
        _ = try fixture.makeFile("file")
        #expect(throws: Errno.notDirectory) {
            try DirectoryStore(path: fixture.directory.path(of: "file"))
        }
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try DirectoryStore(path: fixture.directory.path(of: "absent"))
        }
        #expect(throws: Errno.noSuchFileOrDirectory) { try DirectoryStore(path: "") }
        #expect(throws: Errno.invalidArgument) { try DirectoryStore(path: "/tmp\0/x") }
    }

    @Test("a store survives the renaming of its directory")
    func renamed() throws {
        let path = fixture.directory.path(of: "before")
        #expect(unsafe mkdir(path, 0o755) == 0)
        let store = try DirectoryStore(path: path)
        #expect(unsafe rename(path, fixture.directory.path(of: "after")) == 0)
        let made = try store.root.createFile("file", mode: 0o644, caller: fixture.caller)
        #expect(made.node.path() == "file")
        #expect(unsafe access(fixture.directory.path(of: "after/file"), F_OK) == 0)
    }

    @Test("a directory is claimed by one store at a time")
    func claims() throws {
        var first: DirectoryStore? = try DirectoryStore(path: fixture.store.path)
        #expect(first?.claim() == true)
        let second = try DirectoryStore(path: fixture.store.path)
        #expect(!second.claim())
        first = nil
        #expect(second.claim())
    }

    @Test("names are resolved one by one, without symbolic links")
    func resolve() throws {
        let root = fixture.root
        let (a, _) = try root.makeDirectory("a", mode: 0o755, caller: fixture.caller)
        let file = try a.createFile("f", mode: 0o644, caller: fixture.caller)
        _ = try root.makeSymbolicLink("s", target: [0x61], caller: fixture.caller)
        #expect(try fixture.store.resolve(["a", "f"]).0.identity == file.node.identity)
        #expect(try fixture.store.resolve([]).0.identity == root.identity)
        #expect(throws: Errno.notDirectory) { try fixture.store.resolve(["s", "f"]) }
        #expect(throws: Errno.invalidArgument) { try fixture.store.resolve(["a", ".."]) }
    }

    @Test("the whole file system and a directory are synced")
    func sync() throws {
        _ = try fixture.makeFile("file", bytes: [1])
        try fixture.store.syncFileSystem()
        try fixture.root.syncDirectory()
    }

    @Test("the descriptor limit is raised to the hard limit at least")
    func descriptorLimit() throws {
        var before = rlimit()
        #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        let raised = raiseDescriptorLimit()
        var after = rlimit()
        #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &after) == 0)
        #expect(raised >= UInt64(before.rlim_max))
        #expect(raised == UInt64(after.rlim_cur))
        #expect(raiseDescriptorLimit() == raised)
    }

    @Test("a node closes its descriptor when it goes")
    func descriptorsAreClosed() throws {
        _ = try fixture.makeFile("file", bytes: [UInt8](repeating: 1, count: 1 << 20))
        for _ in 0..<3000 {
            _ = try fixture.root.lookup("file").0.openFile()
            _ = try fixture.root.openDirectory()
        }
        // The lowest number that is free: other tests of this process hold a few hundred at most.
        let next = dup(0)
        #expect(next >= 0 && next < 3000)
        close(next)
    }
}
