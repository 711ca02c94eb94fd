import ControlChannel
import SystemPackage
import Testing

/// /proc/self/mountinfo: read from texts as the kernel writes them, and from the kernel itself.
@Suite("The mount table")
struct MountTableTests {
    private let text = """
        22 27 0:21 / /proc rw,relatime - proc proc rw
        27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
        90 27 0:45 / /mnt/a\\040b rw,nosuid - fuse.vmofs /srv/with\\134back\\011tab rw,user_id=1000
        91 27 0:45 /sub /bound rw - fuse.vmofs /srv/x rw,user_id=1000
        92 27 0:46 / /mnt/inner rw - fuse.vmofs /srv/y rw,user_id=0
        93 27 0:47 / /mnt/other rw - tmpfs  rw
        """

    private var table: MountTable { MountTable(mountinfo: Array(text.utf8)) }

    @Test("every field is where proc(5) says, with or without optional fields")
    func fields() throws {
        let entries = table.entries
        try #require(entries.count == 6)
        #expect(entries[1].mountpoint == PathBytes("/"))
        #expect(entries[1].device == DeviceNumber(major: 254, minor: 0))
        #expect(entries[1].type == "ext4")
        #expect(entries[1].source == PathBytes("/dev/vda"))
        #expect(entries[1].owner == nil)
        #expect(entries[2].mountpoint == PathBytes("/mnt/a b"))
        #expect(entries[2].source == PathBytes("/srv/with\\back\ttab"))
        #expect(entries[2].owner == 1000)
        #expect(entries[2].isVmofs)
        #expect(entries[3].root == PathBytes("/sub"))
        #expect(entries[5].source == PathBytes(""))
        #expect(!entries[5].isVmofs)
    }

    @Test("a file system that is bound to a second place is one mount of ours")
    func vmofsMounts() {
        #expect(table.vmofsMounts.map(\.mountpoint.description) == ["/mnt/a b", "/mnt/inner"])
    }

    @Test(
        "a path lies in the innermost mount around it",
        arguments: [
            ("/mnt/inner/x", "/mnt/inner"), ("/mnt/innermost", "/"), ("/bound", "/bound"),
            ("/etc", "/"),
        ]
    )
    func enclosing(path: String, mountpoint: String) {
        #expect(table.mount(enclosing: PathBytes(path))?.mountpoint == PathBytes(mountpoint))
    }

    @Test(
        "a line of another form is left out",
        arguments: [
            "", "a b c", "1 2 0:3 / /m rw", "1 2 0:3 / /m rw -", "1 2 0:3 / /m rw - ext4",
            "1 2 03 / /m rw - ext4 s rw", "1 2 0:99999999999 / /m rw - ext4 s rw",
        ]
    )
    func malformed(line: String) {
        #expect(MountTable(mountinfo: Array(line.utf8)).entries.isEmpty)
    }

    @Test(
        "only three octal digits after a backslash are an escape",
        arguments: [
            (#"/a\040b"#, "/a b"), (#"/a\04"#, #"/a\04"#), (#"/a\08x"#, #"/a\08x"#),
            (#"/a\777"#, #"/a\777"#), (#"/\134040"#, #"/\040"#), (#"/a\"#, #"/a\"#),
        ]
    )
    func escapes(field: String, path: String) throws {
        let line = "1 2 0:3 / \(field) rw - ext4 s rw"
        let entry = try #require(MountEntry(line: line.utf8))
        #expect(entry.mountpoint == PathBytes(path))
    }

    @Test("the kernel's own table has a root")
    func current() throws {
        #expect(try MountTable.current().mount(at: PathBytes("/")) != nil)
    }

    @Test("reading a file that is not there says so")
    func missingFile() {
        #expect(throws: (any Error).self) { try readWholeFile("/nonexistent/file") }
    }
}
