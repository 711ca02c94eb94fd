import Testing

extension Integration {
    /// FS_IOC_SHUTDOWN ends a mount as a crash would: what fsync kept is there, the rest is not.
    @Suite("shutdown")
    struct ShutdownTests {
        /// Shuts the mount down while files are open, and prints what calls say before and after.
        static let shutdown = """
            import errno, fcntl, os, struct, sys
            SHUTDOWN = 0x8004587D

            def told(call, *arguments):
                try:
                    call(*arguments)
                    return "done"
                except OSError as error:
                    return errno.errorcode[error.errno]

            def write_and_sync(fd):
                os.write(fd, b"late")
                os.fsync(fd)

            flags = struct.pack("I", int(sys.argv[1]))
            root = os.open(".", os.O_RDONLY)
            kept = os.open("kept", os.O_CREAT | os.O_WRONLY)
            os.write(kept, b"k" * 300_000)
            os.fsync(kept)
            lost = os.open("lost", os.O_CREAT | os.O_WRONLY)
            os.write(lost, b"l" * 300_000)
            print(told(fcntl.ioctl, root, SHUTDOWN + 1, flags))
            print(told(fcntl.ioctl, root, SHUTDOWN, struct.pack("I", 7)))
            print(told(fcntl.ioctl, root, SHUTDOWN, flags))
            for call in (lambda: write_and_sync(lost), lambda: os.open("kept", os.O_RDWR),
                         lambda: os.mkdir("d"), lambda: os.ftruncate(kept, 1),
                         lambda: os.rename("kept", "moved"), lambda: os.fstat(root)):
                print(told(call))
            """

        @Test("what was not synced is lost, unless it is to be flushed first", arguments: 0...2)
        func losesWhatIsDirty(flags: Int) throws {
            for mode in CacheMode.allCases {
                let place = try TestPlace()
                let mount = try Mount(place, options: [mode.rawValue])
                defer { mount.destroy() }
                let said = try mount.run("python3 -c '\(Self.shutdown)' \(flags)")
                let expected = "ENOTTY EINVAL done EIO EIO EIO EIO EIO done"
                #expect(said.split(separator: "\n").joined(separator: " ") == expected)
                try mount.unmount()
                let left = flags == 0 ? 300_000 : 0
                let outcome = try place.run(
                    """
                    test "$(tr -d k <kept | wc -c; wc -c <kept)" = $'0\\n300000'
                    test "$(tr -d l <lost | wc -c; wc -c <lost)" = $'0\\n\(left)'
                    test "$(ls)" = $'kept\\nlost'
                    """,
                    in: place.backing
                )
                #expect(outcome.status == 0, "\(mode): \(outcome.output)\(outcome.errors)")
            }
        }

        @Test("others than root and the daemon's user may not", .enabled(if: Machine.isRoot))
        func isForItsOwner() throws {
            try withMount(["allow_other"]) { mount in
                let said = try mount.run(
                    """
                    python3 -c '
                    import fcntl, os
                    root = os.open(".", os.O_RDONLY)
                    os.setresuid(65534, 65534, 65534)
                    try:
                        fcntl.ioctl(root, 0x8004587D, bytes(4))
                    except PermissionError:
                        print("refused")
                    '
                    echo new >file
                    """
                )
                #expect(said == "refused\n")
            }
        }
    }
}
