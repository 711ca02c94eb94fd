import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

// Changing mode, owner and times of objects of each kind.
struct NodeAttributesTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private func makeEachKind() throws -> [StoreNode] {
        [
            try fixture.makeFile("file").node,
            try fixture.root.makeDirectory("d", mode: 0o755, caller: fixture.caller).0,
            try fixture.root.makeSymbolicLink("l", target: [0x61], caller: fixture.caller).0,
            try fixture.root.makeNode(
                "fifo",
                mode: S_IFIFO | 0o644,
                device: 0,
                caller: fixture.caller
            ).0,
        ]
    }

    @Test("the mode is set of all but symbolic links")
    func mode() throws {
        for node in try makeEachKind() {
            if node.typeBits == S_IFLNK {
                #expect(throws: Errno.notSupported) { try node.setMode(0o600) }
                continue
            }
            try node.setMode(S_IFDIR | 0o4711)
            let attributes = try node.attributes()
            #expect(attributes.permissions == 0o4711)
            #expect(attributes.typeBits == node.typeBits)
        }
    }

    @Test("times are set of every kind, and of a link itself")
    func times() throws {
        let access = FileTime(seconds: 7, nanoseconds: 8)
        let modification = FileTime(seconds: 9, nanoseconds: 10)
        for node in try makeEachKind() {
            try node.setTimes(access: .set(access), modification: .set(modification))
            try node.setTimes(access: .omit, modification: .omit)
            let attributes = try node.attributes()
            #expect(attributes.accessTime == access)
            #expect(attributes.modificationTime == modification)
            try node.setTimes(access: .now, modification: .omit)
            #expect(try node.attributes().accessTime.seconds > 1_700_000_000)
            #expect(try node.attributes().modificationTime == modification)
        }
    }

    @Test("owner and group are set together and apart, and of a link itself")
    func owner() throws {
        guard isRoot(for: "changes of owner") else { return }
        for node in try makeEachKind() {
            try node.setOwner(uid: 12, gid: nil)
            try node.setOwner(uid: nil, gid: 34)
            var attributes = try node.attributes()
            #expect((attributes.uid, attributes.gid) == (12, 34))
            try node.setOwner(uid: 56, gid: 78)
            try node.setOwner(uid: nil, gid: nil)
            attributes = try node.attributes()
            #expect((attributes.uid, attributes.gid) == (56, 78))
        }
    }
}
