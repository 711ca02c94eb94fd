// Goal: every option string gives the options meant or an error that names what is wrong.
// Method: tables of strings, since parsing is pure.
import Testing

@testable import FuseServer

@Suite("MountOptions")
struct MountOptionsTests {
    static func options(_ change: (inout MountOptions) -> Void) -> MountOptions {
        var options = MountOptions()
        change(&options)
        return options
    }

    static let accepted: [(lists: [String], expected: MountOptions)] = [
        ([], MountOptions()),
        ([""], MountOptions()),
        ([",,"], MountOptions()),
        (["memory=16M"], options { $0.memoryBytesMax = 16 << 20 }),
        (["memory=16777216"], options { $0.memoryBytesMax = 16 << 20 }),
        (["memory=2g"], options { $0.memoryBytesMax = 2 << 30 }),
        (["memory=1T"], options { $0.memoryBytesMax = 1 << 40 }),
        (["dirty_bytes=2048K"], options { $0.dirtyBytesMax = 2 << 20 }),
        (["dirty_background_bytes=4096"], options { $0.dirtyBackgroundBytes = 4096 }),
        (["dirty_expire=500ms"], options { $0.dirtyExpireNanoseconds = 500_000_000 }),
        (["dirty_expire=0"], options { $0.dirtyExpireNanoseconds = 0 }),
        (["writeback_interval=5s"], options { $0.writebackIntervalNanoseconds = 5_000_000_000 }),
        (["writeback_interval=7"], options { $0.writebackIntervalNanoseconds = 7_000_000_000 }),
        (["writeback_interval=1m"], options { $0.writebackIntervalNanoseconds = 60_000_000_000 }),
        (["dirty_expire=1h"], options { $0.dirtyExpireNanoseconds = 3_600_000_000_000 }),
        (["writeback_cache"], options { $0.usesWritebackCache = true }),
        (["no_writeback_cache"], options { $0.usesWritebackCache = false }),
        (["no_writeback_cache", "writeback_cache"], options { $0.usesWritebackCache = true }),
        (["max_threads=1"], options { $0.threadCountMax = 1 }),
        (["nullrw,debug"], options { ($0.answersDataItself, $0.logsRequests) = (true, true) }),
        (["memory=32M", "memory=64M"], options { $0.memoryBytesMax = 64 << 20 }),
        (
            ["ro"],
            options {
                $0.isReadOnly = true
                $0.kernelOptions = ["ro"]
            }
        ),
        (["ro,rw"], options { $0.kernelOptions = ["ro", "rw"] }),
        (["default_permissions"], options { $0.asksForPermissionChecks = true }),
        (["allow_other,suid,dev"], options { $0.kernelOptions = ["allow_other", "suid", "dev"] }),
        (["noatime", "nosuid"], options { $0.kernelOptions = ["noatime", "nosuid"] }),
        (["max_read=64K"], options { $0.readBytesMax = 65536 }),
        (
            [#"fsname=a\,b\\c,subtype=x"#],
            options { ($0.fileSystemName, $0.subtype) = (#"a,b\c"#, "x") }
        ),
        (["fsname=a=b"], options { $0.fileSystemName = "a=b" }),
        ([#"fsname=end\"#], options { $0.fileSystemName = #"end\"# }),
        (["defaults,_netdev,nofail,noauto,auto,user,users,relatime"], MountOptions()),
        (
            ["x-systemd.automount,x-systemd.device-timeout=5,x-gvfs-hide,X-mount.mkdir"],
            MountOptions()
        ),
        (["comment=anything,user=me,strictatime,lazytime"], MountOptions()),
        (
            ["dirty_background_bytes=16M,dirty_bytes=16M,memory=16M"],
            options {
                $0.dirtyBackgroundBytes = 16 << 20
                $0.dirtyBytesMax = 16 << 20
                $0.memoryBytesMax = 16 << 20
            }
        ),
    ]

    @Test("an option string gives the options it names", arguments: accepted)
    func accepts(lists: [String], expected: MountOptions) throws {
        #expect(try MountOptions(parsing: lists) == expected)
    }

    static let refused: [(lists: [String], message: String)] = [
        (["memory=1"], "option memory=1: below the minimum of 16M (from 16M to 64T)"),
        (["memory=15M"], "option memory=15M: below the minimum of 16M (from 16M to 64T)"),
        (["memory=65T"], "option memory=65T: above the maximum of 64T (from 16M to 64T)"),
        (
            ["memory=99999999999999999999"],
            "option memory=99999999999999999999: not a size "
                + "(a number of bytes, or with K, M, G or T, such as 512M)"
        ),
        (
            ["memory=16MB"],
            "option memory=16MB: not a size (a number of bytes, or with K, M, G or T, such as 512M)"
        ),
        (
            ["memory=20000000T"],
            "option memory=20000000T: not a size "
                + "(a number of bytes, or with K, M, G or T, such as 512M)"
        ),
        (
            ["memory=-1"],
            "option memory=-1: not a size (a number of bytes, or with K, M, G or T, such as 512M)"
        ),
        (["memory"], "option memory: needs a value (write memory=VALUE)"),
        (["memory="], "option memory=: needs a value (write memory=VALUE)"),
        (["fsname="], "option fsname=: needs a value (write fsname=VALUE)"),
        (["dirty_bytes=1"], "option dirty_bytes=1: below the minimum of 1M (from 1M to 64T)"),
        (
            ["dirty_expire=5d"],
            "option dirty_expire=5d: not a duration "
                + "(a number of seconds, or with ms, s, m or h, such as 500ms)"
        ),
        (
            ["writeback_interval=1ms"],
            "option writeback_interval=1ms: below the minimum of 10ms (from 10ms to 24h)"
        ),
        (["max_threads=0"], "option max_threads=0: below the minimum of 1 (from 1 to 1024)"),
        (["max_threads=x"], "option max_threads=x: not a number (a number from 1 to 1024)"),
        (["max_read=1"], "option max_read=1: below the minimum of 4K (from 4K to 1M)"),
        (["nullrw=1"], "option nullrw=1: takes no value (write nullrw alone)"),
        (["ro=1"], "option ro=1: takes no value (write ro alone)"),
        (
            ["dirty_bites=1M"],
            "option dirty_bites=1M: unknown (see vmofs mount --help for the options there are)"
        ),
        (["x"], "option x: unknown (see vmofs mount --help for the options there are)"),
        (
            ["ro", "remount"],
            "option remount: unknown (use mount(8): mount -o remount,... MOUNTPOINT)"
        ),
        (
            ["dirty_bytes=32M,memory=16M"],
            "option dirty_bytes=32M: is more than memory=16M "
                + "(keep dirty_background_bytes <= dirty_bytes <= memory)"
        ),
        (
            ["dirty_background_bytes=32M", "memory=16M"],
            "option dirty_background_bytes=32M: is more than memory=16M "
                + "(keep dirty_background_bytes <= dirty_bytes <= memory)"
        ),
        (
            ["dirty_background_bytes=3M,dirty_bytes=2M"],
            "option dirty_background_bytes=3M: is more than dirty_bytes=2M "
                + "(keep dirty_background_bytes <= dirty_bytes <= memory)"
        ),
    ]

    @Test("an option that cannot be honoured is named with its reason", arguments: refused)
    func refuses(lists: [String], message: String) {
        let error = #expect(throws: MountOptionError.self) { try MountOptions(parsing: lists) }
        #expect(error?.description == message)
    }

    @Test("the string for libfuse names the backing directory and survives commas in it")
    func sessionOptions() throws {
        let plain = try MountOptions(parsing: ["allow_other,max_read=8K"])
        #expect(
            plain.sessionOptions(backingPath: #"/a,b\c"#, isRoot: false)
                == #"default_permissions,allow_other,fsname=/a\,b\\c,subtype=vmofs,max_read=8192"#
        )
        let named = try MountOptions(parsing: ["fsname=n,subtype=s,debug"])
        #expect(
            named.sessionOptions(backingPath: "/x", isRoot: false)
                == "default_permissions,fsname=n,subtype=s,debug"
        )
    }

    @Test("splitting undoes escaping", arguments: ["", "a", ",", "\\", #"a\,b"#, #"\\,,\"#])
    func escapes(value: String) {
        #expect(MountOptions.split(MountOptions.escape(value)) == [value])
    }

    @Test("the kernel checks permissions unless root alone may use the mount")
    func permissionChecks() throws {
        #expect(!(try MountOptions(parsing: []).needsPermissionChecks(isRoot: true)))
        #expect(try MountOptions(parsing: []).needsPermissionChecks(isRoot: false))
        for option in ["allow_other", "allow_root", "default_permissions"] {
            #expect(try MountOptions(parsing: [option]).needsPermissionChecks(isRoot: true))
        }
    }
}
