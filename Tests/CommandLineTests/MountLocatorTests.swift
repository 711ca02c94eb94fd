import ControlChannel
import Glibc
import TestSupport
import Testing

@testable import vmofs

/// Which mount a path belongs to.
///
/// Real directories stand for mounts: what makes them mounts is the
/// table, with their real device numbers.
@Suite("Finding mounts")
struct MountLocatorTests {
    private let temporary: TemporaryDirectory

    init() throws {
        temporary = try TemporaryDirectory()
    }

    private func entry(
        _ mountpoint: String,
        root: String = "/",
        type: String = "fuse.vmofs",
        owner: UInt32 = geteuid()
    ) throws -> MountEntry {
        let device = try FileIdentity(of: PathBytes(temporary.path)).device
        let line = "1 2 \(device) \(root) \(mountpoint) rw - \(type) /src rw,user_id=\(owner)"
        return try #require(MountEntry(line: line.utf8))
    }

    @Test("a file is named by its place in the file system, also behind a bind mount")
    func locating() throws {
        let whole = MountTable(entries: [try entry(temporary.path)])
        let located = try MountLocator(mounts: whole).locate(temporary.path + "/.")
        #expect(located.reference.path.isEmpty)
        #expect(located.path == PathBytes(temporary.path))
        let identity = try FileIdentity(of: PathBytes(temporary.path))
        #expect(located.reference.inode == identity.inode)
        let bound = MountTable(entries: [
            try entry("/"), try entry(temporary.path, root: "/sub/dir"),
        ])
        let reference = try MountLocator(mounts: bound).locate(temporary.path).reference
        #expect(reference.path == PathBytes("sub/dir"))
    }

    @Test("a path in no mount, or in one of another type, is refused")
    func notLocated() throws {
        for table in [MountTable(entries: []), try MountTable(entries: [entry("/", type: "ext4")])]
        {
            do throws(CommandError) {
                _ = try MountLocator(mounts: table).locate(temporary.path)
                Issue.record("located")
            } catch {
                #expect(error.why == "not in a vmofs mount")
                #expect(error.exitCode == 1)
            }
        }
    }

    @Test("a mountpoint is found by its path without a look at it, and by a link to it")
    func mountpoints() throws {
        let locator = MountLocator(
            mounts: MountTable(entries: [
                try entry("/nonexistent/mount"), try entry("/proc", type: "proc"),
            ])
        )
        #expect(
            try locator.mount(at: "/nonexistent/./x/../mount/").mountpoint
                == PathBytes("/nonexistent/mount")
        )
        for path in ["/proc", "/", "/nonexistent", "/proc/self/cwd", ""] {
            #expect(throws: CommandError.self) { try locator.mount(at: path) }
        }
    }

    @Test("a user sees the own mounts, root sees all")
    func ownMounts() throws {
        let table = MountTable(entries: [try entry("/m", owner: 1000)])
        #expect(MountLocator(mounts: table, user: 1000).ownMounts.count == 1)
        #expect(MountLocator(mounts: table, user: 1001).ownMounts.isEmpty)
        #expect(MountLocator(mounts: table, user: 0).ownMounts.count == 1)
    }

    @Test("another user's daemon is not asked")
    func foreignDaemon() throws {
        let mount = try entry("/m", owner: 1000)
        let locator = MountLocator(mounts: MountTable(entries: [mount]), user: 1001)
        #expect {
            try locator.client(of: mount)
        } throws: { error in
            (error as? CommandError)?.why == "mounted by user 1000"
        }
    }

    @Test("a mount that nobody serves is called stale, with the command that clears it")
    func staleMount() throws {
        let mount = try entry("/nonexistent")
        var locator = MountLocator(mounts: MountTable(entries: [mount]))
        locator.runtimeDirectory = temporary.path
        let device = DeviceNumber(major: 4095, minor: 1_048_575)
        var unserved = mount
        unserved.device = device
        #expect {
            try locator.client(of: unserved)
        } throws: { error in
            (error as? CommandError)?.remedy?.hasSuffix(" /nonexistent") == true
        }
    }
}
