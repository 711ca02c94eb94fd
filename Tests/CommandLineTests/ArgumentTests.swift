import Testing

@testable import vmofs

/// What the command line is taken to mean, before anything is done.
@Suite("Arguments")
struct ArgumentTests {
    @Test(
        "sizes are digits and a power of 1024",
        arguments: [
            ("0", 0), ("4096", 4096), ("1K", 1024), ("2m", 2 << 20), ("3G", 3 << 30),
            ("1T", 1 << 40), ("18446744073709551615", .max), ("", nil), ("K", nil), ("-1", nil),
            ("+1", nil), ("1.5M", nil), ("1KB", nil), ("1 K", nil), ("0x10", nil),
            ("18446744073709551616", nil), ("18446744073709551615K", nil), ("\u{664}", nil),
        ] as [(String, UInt64?)]
    )
    func sizes(text: String, bytes: UInt64?) {
        #expect(ByteSize(argument: text)?.bytes == bytes)
    }

    @Test(
        "a helper of mount(8) is known by its name",
        arguments: [
            ("mount.vmofs", true), ("mount.fuse.vmofs", true), ("vmofs", false), ("mount", false),
        ]
    )
    func helperNames(name: String, isHelper: Bool) {
        #expect(MountHelperArguments.isHelperName(name) == isHelper)
    }

    @Test("mount(8) may put its options anywhere, bundled or not")
    func helperArguments() throws {
        for arguments in [
            ["/s", "/t", "-sv", "-o", "rw,noauto"], ["-v", "-s", "-orw,noauto", "/s", "/t"],
            ["/s", "/t", "-n", "-vso", "rw,noauto", "-t", "fuse.vmofs"],
            ["-sv", "-o", "rw,noauto", "--", "/s", "/t"],
        ] {
            let helper = try MountHelperArguments(arguments)
            #expect(helper.source == "/s")
            #expect(helper.target == "/t")
            #expect(helper.optionLists == ["rw,noauto"])
            #expect(helper.isSloppy)
            #expect(helper.isVerbose)
            #expect(!helper.isFake)
        }
        #expect(try MountHelperArguments(["s", "t", "-f"]).isFake)
    }

    @Test(
        "a remount is known, and its last word about a flag counts",
        arguments: [
            (["rw,memory=1G"], nil), (["ro,remount"], 1), (["ro,user_id=0", "remount,rw"], 0),
            (["rw,nosuid,nodev,relatime,remount,suid,noatime"], 1 << 2 | 1 << 10 | 1 << 21),
        ] as [([String], UInt?)]
    )
    func remounts(lists: [String], flags: UInt?) {
        #expect(Remount(lists)?.flags == flags)
    }

    @Test(
        "what mount(8) would not say is wrong usage",
        arguments: [
            [], ["/s"], ["/s", "/t", "/u"], ["/s", "/t", "-o"], ["/s", "/t", "-x"],
            ["/s", "/t", "--help"], ["/s", "--", "/t", "-f"],
        ] as [[String]]
    )
    func wrongHelperArguments(arguments: [String]) {
        do throws(CommandError) {
            let helper = try MountHelperArguments(arguments)
            Issue.record("taken as \(helper)")
        } catch {
            #expect(error.exitCode == 1)
        }
    }

    @Test("sloppy mounts lose the options that nobody knows, and only those")
    func sloppiness() {
        #expect(
            withoutUnknownOptions(["ro,zork,fsname=a\\,b", "x=1", "memory=9Q,noatime"])
                == ["ro,fsname=a\\,b", "", "memory=9Q,noatime"]
        )
    }

    @Test(
        "options are split at commas that no backslash protects",
        arguments: [
            ("", []), ("a", ["a"]), ("a,b", ["a", "b"]), (",a,,b,", ["a", "b"]),
            (#"a\,b,c"#, [#"a\,b"#, "c"]), (#"a\\,b"#, [#"a\\"#, "b"]), (#"a\"#, [#"a\"#]),
        ] as [(String, [String])]
    )
    func splitting(list: String, options: [String]) {
        #expect(OptionList.split(list) == options)
    }

    @Test(
        "wrong usage is 64, of mount 1, and help is success",
        arguments: [
            (["frobnicate"], 64), (["--frobnicate"], 64), (["dirty"], 64),
            (["dirty", "--offset", "x", "f"], 64), (["flush"], 64), (["status", "a", "b"], 64),
            (["unmount", "--timeout=-1", "/"], 64), (["unmount", "--timeout", "soon", "/"], 64),
            (["unmount", "--timeout", "nan", "/"], 64), (["mount"], 1), (["mount", "/a"], 1),
            (["mount", "--zap", "/a", "/b"], 1), (["mount", "/a", "/b", "/c"], 1),
            (["--help"], 0), (["mount", "--help"], 0), (["help", "dirty"], 0), (["--version"], 0),
            (["trace", "--help"], 0),
        ] as [([String], Int32)]
    )
    func exitCodes(arguments: [String], code: Int32) {
        #expect(runCommandLine(["/usr/bin/vmofs"] + arguments) == code)
    }

    @Test("a file or a directory that is in no mount fails with 1")
    func outsideOfMounts() {
        for command in ["dirty", "flush", "unmount", "freeze", "thaw", "trace", "status"] {
            #expect(runCommandLine(["vmofs", command, "/proc/self/status"]) == 1)
        }
        #expect(runCommandLine(["vmofs", "dirty", "/nonexistent/file"]) == 1)
        #expect(runCommandLine(["mount.vmofs", "/nonexistent", "/"]) == 32)
    }
}
