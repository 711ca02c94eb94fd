import Testing

extension Integration {
    /// A file system under BACKING that has no room left.
    @Suite("full BACKING", .enabled(if: Machine.isRoot))
    struct FullBackingTests {
        @Test(
            "ENOSPC reaches the writer, and what fsync acknowledged is intact",
            arguments: CacheMode.allCases
        )
        func acknowledgedDataStays(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue], mebibytes: 64) { mount in
                try mount.run(
                    """
                    head -c 20M /dev/urandom >filler && "$VMOFS" flush filler
                    python3 - <<'END'
                    import errno, os, random
                    blocks = random.Random(5)
                    kept, failure = b"", None
                    fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o644)
                    for _ in range(100):
                        block = blocks.randbytes(1 << 20)
                        try:
                            done = os.write(fd, block)
                            os.fsync(fd)
                            kept += block[:done]
                        except OSError as error:
                            failure = error.errno
                            break
                    try:
                        os.close(fd)
                    except OSError as error:
                        failure = failure or error.errno
                    assert failure == errno.ENOSPC, failure
                    assert len(kept) >= 20 << 20, len(kept)
                    for tree in (os.environ["MOUNT"], os.environ["BACKING"]):
                        with open(tree + "/file", "rb") as file:
                            assert file.read(len(kept)) == kept, tree
                    END
                    rm filler
                    "$VMOFS" flush "$MOUNT"
                    cmp file "$BACKING/file"
                    echo 'there is room again' >after && sync after && cmp after "$BACKING/after"
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("without fsync, write or close says ENOSPC", arguments: CacheMode.allCases)
        func writerIsTold(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue], mebibytes: 64) { mount in
                let outcome = try mount.place.run(
                    "LC_ALL=C dd if=/dev/urandom of=file bs=1M count=100 status=none",
                    in: mount.path
                )
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("No space left on device"))
                try mount.run("truncate -s 10M file && \"$VMOFS\" flush \"$MOUNT\"")
                try mount.expectFlushed()
            }
        }

        @Test(
            "what fails for want of room leaves one size in mount and BACKING",
            arguments: CacheMode.allCases
        )
        func sizesAgree(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue], mebibytes: 64) { mount in
                try mount.run(
                    """
                    head -c 1M /dev/urandom >source
                    dd if=/dev/zero of=holes bs=1 count=0 seek=1M status=none
                    "$VMOFS" flush "$MOUNT"
                    dd if=/dev/urandom of=filler bs=64K oflag=sync status=none 2>/dev/null || true
                    python3 - <<'END'
                    import ctypes, os
                    libc = ctypes.CDLL(None, use_errno=True)
                    libc.fallocate.argtypes = (ctypes.c_int,) * 2 + (ctypes.c_int64,) * 2
                    failures = 0
                    for mode in (0, 1, 0x10, 0x11):
                        fd = os.open("holes", os.O_RDWR)
                        failures += libc.fallocate(fd, mode, 100, 80 << 20) != 0
                        os.close(fd)
                    source, target = os.open("source", os.O_RDONLY), os.open("holes", os.O_RDWR)
                    try:
                        os.copy_file_range(source, target, 1 << 20, 0, 60 << 20)
                    except OSError:
                        failures += 1
                    os.close(target)
                    assert failures >= 2, failures
                    END
                    "$VMOFS" flush "$MOUNT"
                    sizes=$(stat -c '%n %s' *)
                    test "$sizes" = "$(cd "$BACKING" && stat -c '%n %s' *)"
                    rm filler
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test(
            "a direct write that fails changes no time, and zeros in a hole need no room",
            arguments: CacheMode.allCases
        )
        func nothingIsLeftOfFailures(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue], mebibytes: 64) { mount in
                try mount.run(
                    """
                    head -c 8K /dev/urandom >file
                    truncate -s 1M file
                    "$VMOFS" flush "$MOUNT"
                    dd if=/dev/urandom of=filler bs=64K oflag=sync status=none 2>/dev/null || true
                    # Fills what the mount leaves to the file system under BACKING, too.
                    dd if=/dev/zero of="$BACKING/../filler" bs=1K status=none 2>/dev/null || true
                    python3 - <<'END'
                    import ctypes, errno, mmap, os
                    libc = ctypes.CDLL(None, use_errno=True)
                    libc.fallocate.argtypes = (ctypes.c_int,) * 2 + (ctypes.c_int64,) * 2
                    fd = os.open("file", os.O_RDWR | os.O_DIRECT)
                    buffer = mmap.mmap(-1, 1 << 20)
                    buffer.write(os.urandom(1 << 20))
                    try:
                        os.pwrite(fd, buffer, 4 << 20)
                        raise AssertionError("there was room")
                    except OSError as error:
                        assert error.errno == errno.ENOSPC
                    os.close(fd)
                    fd = os.open("file", os.O_RDWR)
                    os.pread(fd, 1 << 20, 0)
                    for mode, start in ((0x3, 100), (0x11, 5000)):
                        assert libc.fallocate(fd, mode, start, 100_000) == 0, ctypes.get_errno()
                    os.close(fd)
                    END
                    "$VMOFS" flush "$MOUNT"
                    cmp file "$BACKING/file"
                    test "$(stat -c %.9Y file)" = "$(stat -c %.9Y "$BACKING/file")"
                    rm filler "$BACKING/../filler"
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("fallocate takes no room from what is dirty", arguments: CacheMode.allCases)
        func promisedRoom(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue, "memory=64M"], mebibytes: 64) { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    """
                    head -c 20M /dev/urandom >"$SCRATCH/data"
                    cp "$SCRATCH/data" dirty
                    if fallocate -l 50M greedy; then exit 1; fi
                    "$VMOFS" flush "$MOUNT"
                    cmp dirty "$SCRATCH/data"
                    cmp dirty "$BACKING/dirty"
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("space taken by others keeps data dirty, is reported, and hurts no one later")
        func spaceIsStolen() throws {
            try withSmallBacking(["no_writeback_cache", "memory=128M"], mebibytes: 64) { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    """
                    head -c 30M /dev/urandom >"$SCRATCH/data"
                    cp "$SCRATCH/data" file
                    dd if=/dev/urandom of="$BACKING/../thief" bs=1M 2>/dev/null || true
                    """
                )
                let flush = try mount.place.run(#""$VMOFS" flush file"#, in: mount.path)
                #expect(flush.status == 1)
                #expect(flush.errors.contains("file") && flush.errors.contains("No space left"))
                let status = try mount.status()
                #expect(status.writebackErrors > 0)
                #expect(status.files.first?.error?.errno == 28)

                let unmount = try mount.place.run(#""$VMOFS" unmount --timeout 3 "$MOUNT""#)
                #expect(unmount.status == 1)
                #expect(unmount.errors.contains("file"))
                try mount.run(
                    """
                    mountpoint -q "$MOUNT" && cmp file "$SCRATCH/data"
                    python3 - <<'END'
                    import errno, os
                    fd = os.open("file", os.O_RDWR)
                    try:
                        os.fsync(fd)
                    except OSError as error:
                        assert error.errno == errno.ENOSPC
                    else:
                        raise AssertionError("fsync succeeded on a full disk")
                    END
                    rm "$BACKING/../thief"
                    "$VMOFS" flush file && cmp file "$BACKING/file"
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("a second signal gives up what cannot be written, and names it")
        func secondSignalGivesUp() throws {
            try withSmallForegroundMount { place, daemon in
                _ = try place.run(
                    """
                    "$VMOFS" freeze "$MOUNT"
                    head -c 30M /dev/urandom >"$MOUNT/precious"
                    dd if=/dev/urandom of="$BACKING/../thief" bs=1M 2>/dev/null || true
                    """
                )
                try daemon.send("TERM")
                _ = try place.run("sleep 1")
                let outcome = try daemon.end(signal: "TERM")
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("precious"))
            }
        }

        @Test("a full disk can still be emptied through the mount", arguments: CacheMode.allCases)
        func canBeEmptied(mode: CacheMode) throws {
            try withSmallBacking([mode.rawValue], mebibytes: 64) { mount in
                try mount.run(
                    """
                    for i in {1..20}; do head -c 5M /dev/urandom 2>/dev/null >file-$i || true; done
                    rm file-*
                    "$VMOFS" flush "$MOUNT"
                    head -c 40M /dev/urandom >again && sync again && cmp again "$BACKING/again"
                    """
                )
                try mount.expectFlushed()
            }
        }
    }
}
