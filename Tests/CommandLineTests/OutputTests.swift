import ControlChannel
import Support
import SystemPackage
import Testing

@testable import vmofs

/// What people see: tables, lines and messages.
@Suite("Output")
struct OutputTests {
    @Test("columns are as wide as their widest cell, and lines have no blanks at their end")
    func table() {
        var table = TextTable([("A", .left), ("NUMBER", .right), ("LAST", .left)])
        table.append(["long cell", "7", "x"])
        table.append(["", "1234567", ""])
        #expect(
            table.text == """
                A           NUMBER  LAST
                long cell        7  x
                           1234567

                """
        )
    }

    @Test("dirty ranges are offset, length, and ZERO or a hyphen")
    func dirty() {
        let report = DirtyReport(
            file: "f",
            pageSize: 4096,
            vmoSize: 1 << 20,
            contentSize: 1 << 20,
            ranges: [
                .init(offset: 0, length: 4096, options: 0),
                .init(offset: 8192, length: 1 << 19, options: 1),
            ],
            avail: 2
        )
        #expect(
            dirtyText(report) == """
                OFFSET  LENGTH  OPTIONS
                     0    4096  -
                  8192  524288  ZERO

                """
        )
    }

    @Test("a mount without dirty files has no list of files")
    func status() {
        var status = MountStatus(mountpoint: "/m", backing: "/b", pid: 7, version: "1")
        status.frozen = true
        status.dirtyBytes = 4096
        let lines = statusText(status).split(separator: "\n")
        #expect(
            lines.prefix(4) == [
                "mountpoint  /m", "backing     /b", "daemon      process 7, version 1",
                "writeback   frozen",
            ]
        )
        #expect(lines.contains("dirty                    4096  bytes"))
        #expect(!statusText(status).contains("FILE"))
        status.files = [
            FileStatus(
                path: "a\nb",
                dirtyBytes: 4096,
                dirtyZeroBytes: 0,
                writebackBytes: 0,
                oldestDirtyMilliseconds: 12,
                error: FileError(file: "a\nb", error: .noSpace, offset: 0, length: 4096)
            )
        ]
        let last = statusText(status).split(separator: "\n").last
        #expect(last == #" 4096     0          0      12  a\nb  bytes [0,4096): \#(Errno.noSpace)"#)
    }

    @Test("a list of mounts names those that cannot be asked, with the reason")
    func mountList() {
        let status = MountStatus(mountpoint: "/m", backing: "/b", pid: 7, version: "1")
        let list = MountList(
            mounts: [status],
            unreachable: [.init(mountpoint: "/stale", backing: "/c", error: "gone")]
        )
        #expect(
            mountListText(list) == """
                MOUNTPOINT  BACKING  PID  DIRTY  WRITEBACK  MEMORY  STATE
                /m          /b         7      0          0       0  running
                /stale      /c         -      -          -       -  gone

                """
        )
    }

    @Test("an event is one line with its own fields at the end")
    func trace() {
        var event = PageEvent(
            .throttle,
            file: "a b",
            offset: 4096,
            length: 10,
            fields: ["z": "1", "milliseconds": "5"]
        )
        event.time = 1_700_000_000_000_042_999
        #expect(
            traceLine(TraceRecord(event)) == "1700000000.000042   throttle"
                + "                 4096            10  a b  milliseconds=5  z=1\n"
        )
        let positions = [traceHeading, traceLine(TraceRecord(event))].map { line in
            line.split(separator: " ").count
        }
        #expect(positions == [5, 8])
    }

    @Test("a flush is one row a path")
    func flush() {
        let report = FlushReport(path: "/m/f", files: 1, bytes: 4096, runs: 1, holes: 2)
        #expect(
            flushText([report]) == """
                FILES  BYTES  RUNS  HOLES  ERRORS  PATH
                    1   4096     1      2       0  /m/f

                """
        )
    }

    @Test("an error is one line: what, why, and the remedy in parentheses")
    func errors() {
        #expect(CommandError("/m", "busy").description == "vmofs: /m: busy")
        #expect(
            CommandError("/m", "two\nlines", remedy: "mend").description
                == "vmofs: /m: two; lines (mend)"
        )
        #expect(CommandError("a", "b", exitCode: .mountFailed).exitCode == 32)
        #expect(CommandError.exit(3).exitCode == 3)
        #expect(CommandError.exit(3).isSilent)
    }

    @Test(
        "the remedy for a stale mount can be pasted into a shell",
        arguments: [
            ("/m", "/m"), ("/a b", "'/a b'"), ("/it's", #"'/it'\''s'"#), ("/$(x)", "'/$(x)'"),
        ]
    )
    func staleMount(path: String, word: String) {
        let remedy = CommandError.staleMount(PathBytes(path)).remedy
        #expect(remedy?.hasSuffix(" " + word) == true)
    }

    @Test("control characters do not reach the terminal")
    func printing() {
        #expect(printable("a\u{1B}[31m\n\u{7F}\u{9B}") == #"a\u{1B}[31m\n\u{7F}\u{009B}"#)
        #expect(printable("caf\u{E9}") == "caf\u{E9}")
    }

    @Test("the daemon's word reaches its launcher, on one line")
    func daemonReport() {
        for readiness in [
            DaemonReadiness.ready, .failed(why: "no luck", remedy: nil),
            .failed(why: "no luck", remedy: "try again"), .failed(why: "", remedy: ""),
        ] {
            let line = DaemonReport.line(for: readiness)
            #expect(line.last == "\n")
            #expect(DaemonReport.readiness(from: String(line.dropLast())) == readiness)
        }
        let lines = DaemonReport.line(for: .failed(why: "two\nlines", remedy: "a\nb"))
        #expect(
            DaemonReport.readiness(from: String(lines.dropLast()))
                == .failed(why: "two; lines", remedy: "a; b")
        )
        #expect(DaemonReport.readiness(from: "fuse: device not found") == nil)
    }
}
