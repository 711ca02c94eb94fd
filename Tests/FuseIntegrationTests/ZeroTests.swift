import Testing

extension Integration {
    /// Zeros cost no memory, no I/O and no blocks, whether written or left out.
    @Suite("zeros")
    struct ZeroTests {
        @Test("1 GiB of zeros is one zero range, and flushing it writes nothing")
        func zerosAreARange() throws {
            try withMount { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run("dd if=/dev/zero of=zeros bs=1M count=1024 status=none")
                #expect(try mount.dirty("zeros").ranges == [.zero(page: 0, count: 262_144)])
                #expect(try mount.status().dirtyBytes == 0)
                #expect(try mount.status().dirtyZeroBytes == 1 << 30)
                #expect(try mount.flush() == 0)
                #expect(try mount.dirty("zeros").ranges.isEmpty)
                #expect(try mount.status().zeroBytesSkipped == 1 << 30)
                try mount.run(
                    """
                    test "$(stat -c %s "$BACKING/zeros")" = 1073741824
                    test "$(stat -c %b "$BACKING/zeros")" -le 16
                    test "$(stat -c %b zeros)" -le 16
                    cmp -n 1073741824 zeros /dev/zero && rm zeros
                    """
                )
            }
        }

        @Test("without freezing, 1 GiB of zeros is one zero range or already flushed")
        func zerosUnfrozen() throws {
            try withMount { mount in
                try mount.run("dd if=/dev/zero of=zeros bs=1M count=1024 status=none")
                let ranges = try mount.dirty("zeros").ranges
                #expect(ranges.allSatisfy { $0.options == 1 } && ranges.count <= 1)
                try mount.flush()
                #expect(try mount.status().flushedBytes == 0)
                try mount.run(
                    #"test "$(stat -c '%s %b' "$BACKING/zeros")" = '1073741824 0' && rm zeros"#
                )
            }
        }

        @Test("zeros over old data read as zeros from BACKING, with the blocks freed")
        func zerosOverData() throws {
            try withMount(
                prepare: { _ = try $0.run(#"head -c 64M /dev/urandom >"$BACKING/file""#) }
            ) { mount in
                try mount.run(
                    """
                    dd if=/dev/zero of=file bs=1M count=60 seek=2 conv=notrunc status=none
                    "$VMOFS" flush file
                    cmp -n 62914560 -i 2097152:0 "$BACKING/file" /dev/zero
                    test "$(stat -c %b "$BACKING/file")" -le $((4 * 2048 + 64))
                    cmp file "$BACKING/file"
                    """
                )
                let status = try mount.status()
                #expect(status.flushedBytes == 0)
                #expect(status.holePunchedBytes == 60 << 20)
            }
        }

        @Test("data, zeros and data again keep their order in every page")
        func mixed() throws {
            try withMount { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    """
                    python3 - <<'END'
                    import os
                    fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o644)
                    os.pwrite(fd, b"d" * 40960, 0)       # pages 0-9 data
                    os.pwrite(fd, bytes(40960), 40960)   # pages 10-19 zero
                    os.pwrite(fd, b"d" * 40960, 81920)   # pages 20-29 data
                    os.pwrite(fd, bytes(8192), 8192)     # pages 2-3 zero
                    os.pwrite(fd, b"d", 50000)           # page 12 data
                    os.close(fd)
                    END
                    """
                )
                let dirty = try mount.dirty("file")
                // A page that was data and is overwritten with zeros may be kept as data; a page
                // that never was is a zero range.
                #expect(dirty.ranges.contains(.zero(page: 13, count: 7)))
                #expect(dirty.ranges.contains(.zero(page: 10, count: 2)))
                #expect(try mount.flush() == DirtyRangeTests.dataBytes(dirty))
                try mount.expectFlushed()
            }
        }
    }
}
