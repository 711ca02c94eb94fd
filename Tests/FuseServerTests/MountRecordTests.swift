// Goal: the mount table is read as it is, and messages of a failed mount become one reason.
// Method: tables of lines as the kernel, libfuse and fusermount3 print them.
import Testing

@testable import FuseServer

@Suite("Mount table and failures")
struct MountRecordTests {
    @Test("lines give id, device and mount point; other lines are skipped")
    func parses() {
        let text = """
            28 0 254:0 / / rw,relatime - ext4 /dev/vda rw
            43 28 0:40 / /mnt/a\\040b\\134c rw,nosuid shared:5 - fuse.vmofs /b rw,user_id=0
            nonsense
            44 28 0:41 / /tail\\04

            x 28 0:41 / /m rw - fuse /b rw
            """
        let records = MountRecord.parse(Array(text.utf8))
        #expect(
            records == [
                MountRecord(id: 28, device: "254:0", mountpoint: Array("/".utf8)),
                MountRecord(id: 43, device: "0:40", mountpoint: Array("/mnt/a b\\c".utf8)),
            ]
        )
    }

    static let failures: [(lines: [String], expected: String)] = [
        ([], "nothing said"),
        ([""], "nothing said"),
        (["fuse: mount failed: Invalid argument"], "mount failed: Invalid argument"),
        (
            ["fuse: first", "fusermount3: option allow_other only allowed if set"],
            "option allow_other only allowed if set"
        ),
        (
            ["fuse: device not found, try 'modprobe fuse' first"],
            "device not found, try 'modprobe fuse' first "
                + "(load the fuse module, or pass /dev/fuse into the container)"
        ),
    ]

    @Test("the last line that says something is the reason", arguments: failures)
    func explains(lines: [String], expected: String) {
        #expect(MountFailure(lines: lines, fallback: "nothing said").description == expected)
    }
}
