import Testing

extension Integration {
    /// What `vmofs dirty` says against what was written, and what a flush writes.
    @Suite("dirty ranges")
    struct DirtyRangeTests {
        /// Everything else stays dirty for as long as the test wants.
        static func freeze(_ mount: Mount) throws {
            try mount.vmofs("freeze", mount.path)
            #expect(try mount.status().frozen)
        }

        /// Dirty bytes that hold data, and that are part of the file.
        static func dataBytes(_ dirty: DirtyDocument) -> UInt64 {
            dirty.ranges.filter { $0.options == 0 }.reduce(0) { sum, range in
                sum + min(range.offset + range.length, dirty.contentSize) - range.offset
            }
        }

        @Test(
            "100 MB of new data are one dirty range, nothing of it in BACKING, until the flush",
            arguments: CacheMode.allCases,
            [100 << 20, 100_000_000]
        )
        func newFile(mode: CacheMode, size: Int) throws {
            try withMount([mode.rawValue, "memory=512M"]) { mount in
                try Self.freeze(mount)
                try mount.run("head -c \(size) /dev/urandom >file")
                let dirty = try mount.dirty("file")
                let pages = UInt64(size + 4095) / 4096
                #expect(dirty.ranges == [.data(page: 0, count: pages)])
                #expect(dirty.contentSize == UInt64(size) && dirty.vmoSize == pages * 4096)
                #expect(dirty.actual == 1 && dirty.avail == 1)
                #expect(try mount.status().dirtyBytes == pages * 4096)
                let blocks = try mount.run(#"stat -c %b "$BACKING/file""#)
                #expect(blocks == "0\n")

                #expect(try mount.flush() == Self.dataBytes(dirty))
                #expect(try mount.dirty("file").ranges.isEmpty)
                #expect(try mount.status().dirtyBytes == 0)
                try mount.run(#"cmp file "$BACKING/file""#)
                try mount.vmofs("thaw", mount.path)
                #expect(try mount.status().frozen == false)
            }
        }

        @Test(
            "scattered writes into a flushed file are exactly their pages, merged where they touch",
            arguments: CacheMode.allCases,
            [11, 12, 13]
        )
        func scatteredWrites(mode: CacheMode, seed: Int) throws {
            try withMount(
                [mode.rawValue, "memory=256M"],
                prepare: { _ = try $0.run(#"head -c 50001000 /dev/urandom >"$BACKING/file""#) }
            ) { mount in
                try Self.freeze(mount)
                _ = try mount.place.run(#"cp "$BACKING/file" "$SCRATCH/before""#)
                let written = try mount.run(
                    """
                    python3 - <<'END'
                    import os, random
                    choose = random.Random(\(seed))
                    fd = os.open("file", os.O_RDWR)
                    size, pages = os.fstat(fd).st_size, set()
                    for _ in range(300):
                        length = choose.choice([1, 100, 4096, 5000, 8192, 70_000])
                        offset = choose.randrange(size - length)
                        if choose.random() < 0.5:
                            offset -= offset % 4096
                        os.pwrite(fd, choose.randbytes(length), offset)
                        pages.update(range(offset // 4096, (offset + length - 1) // 4096 + 1))
                    os.close(fd)
                    start = None
                    for page in range(max(pages) + 2):
                        if page in pages and start is None:
                            start = page
                        elif page not in pages and start is not None:
                            print(start, page - start)
                            start = None
                    END
                    """
                )
                let expected = written.split(separator: "\n").map { line in
                    let numbers = line.split(separator: " ").compactMap { UInt64($0) }
                    return DirtyDocument.Range.data(page: numbers[0], count: numbers[1])
                }
                let dirty = try mount.dirty("file")
                #expect(dirty.ranges == expected, "seed \(seed)")
                try mount.run(#"cmp "$BACKING/file" "$SCRATCH/before""#)
                try mount.run(
                    #"test "$("$VMOFS" dirty --json file)" = "$("$VMOFS" dirty --json file)""#
                )
                #expect(try mount.flush() == Self.dataBytes(dirty))
                try mount.run(#"cmp file "$BACKING/file""#)
            }
        }

        @Test("a part of a file can be asked about, and how much more there is")
        func partsOfAFile() throws {
            try withMount { mount in
                try Self.freeze(mount)
                try mount.run(
                    """
                    truncate -s 1M file && "$VMOFS" flush file
                    for page in 2 5 6 20; do
                        head -c 4096 /dev/urandom |
                            dd of=file bs=4k seek=$page conv=notrunc status=none
                    done
                    """
                )
                func ask(_ arguments: String...) throws -> DirtyDocument {
                    let outcome = try Tool.run(
                        [Machine.binary, "dirty", "--json"] + arguments + [mount.path + "/file"]
                    )
                    #expect(outcome.status == 0, "\(outcome.errors)")
                    return try decode(DirtyDocument.self, from: outcome.output)
                }
                let all: [DirtyDocument.Range] = [
                    .data(page: 2, count: 1), .data(page: 5, count: 2), .data(page: 20, count: 1),
                ]
                #expect(try ask().ranges == all)
                let first = try ask("--limit", "1")
                #expect(first.ranges == [all[0]] && first.actual == 1 && first.avail == 3)
                let inside = try ask("--offset", "24576", "--length", "4096")
                #expect(inside.ranges == [.data(page: 6, count: 1)] && inside.avail == 1)
                #expect(try ask("--offset", "32768").ranges == [all[2]])
                let text = try mount.vmofs("dirty", mount.path + "/file")
                #expect(text.contains("OFFSET") && text.contains("20480"))
            }
        }

        @Test("three pages changed in a flushed 1 GiB file are three ranges and 12,288 bytes")
        func threePages() throws {
            try withMount(
                prepare: { _ = try $0.run(#"head -c 1G /dev/urandom >"$BACKING/file""#) }
            ) { mount in
                try Self.freeze(mount)
                try mount.run(
                    """
                    dd if=/dev/urandom of=file bs=4k count=1 seek=5 conv=notrunc status=none
                    printf x | dd of=file bs=1 seek=400000000 conv=notrunc status=none
                    printf yz | dd of=file bs=1 seek=1073741822 conv=notrunc status=none
                    """
                )
                #expect(
                    try mount.dirty("file").ranges == [
                        .data(page: 5, count: 1), .data(page: 97656, count: 1),
                        .data(page: 262143, count: 1),
                    ]
                )
                #expect(try mount.flush("file") == 12288)
                #expect(try mount.dirty("file").ranges.isEmpty)
                try mount.run(#"cmp file "$BACKING/file" && rm file"#)
            }
        }

        @Test(
            "a page rewritten during its writeback stays dirty and reaches BACKING later",
            .enabled(if: Machine.isRoot)
        )
        func rewrittenDuringWriteback() throws {
            try withSmallBacking(mebibytes: 64) { mount in
                try Self.freeze(mount)
                // The file system under BACKING stands still while the pages are under way, so
                // the second write falls between begin and end whatever the speed of the machine.
                // The writer keeps the file open throughout: its close would wait for the disk.
                try mount.run(
                    #"""
                    cat >"$SCRATCH/write.py" <<'END'
                    import ctypes, os, sys
                    fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o644)
                    for line in sys.stdin:
                        text, count, offset = line.split()
                        os.pwrite(fd, text.encode() * int(count), int(offset))
                        # Out of the kernel's cache, without the metadata that fsync is about.
                        ctypes.CDLL(None).sync_file_range(fd, 0, 0, 7)
                        print("done", flush=True)
                    END
                    coproc python3 "$SCRATCH/write.py"
                    write() {
                        echo "$@" >&"${COPROC[1]}"
                        read -r -t 30 answer <&"${COPROC[0]}" && test "$answer" = done
                    }
                    trap 'fsfreeze -u "$BACKING" 2>/dev/null || true' EXIT

                    write old 10000 0
                    "$VMOFS" flush file
                    write new 10000 0
                    # The command's close hands over the time of the write, while it still can.
                    "$VMOFS" dirty file >/dev/null
                    fsfreeze -f "$BACKING"
                    "$VMOFS" flush file >/dev/null & flush=$!
                    for ((i = 0; i < 600; i++)); do
                        "$VMOFS" status --json "$MOUNT" | grep -q '"writeback_bytes":0' || break
                        sleep 0.05
                    done
                    test $i -lt 600
                    write newest 1 4096
                    fsfreeze -u "$BACKING"
                    wait $flush
                    python3 -c 'print("new" * 10000, end="")' | cmp - "$BACKING/file"
                    """#
                )
                #expect(try mount.dirty("file").ranges == [.data(page: 1, count: 1)])
                #expect(try mount.status().redirtiedPages >= 1)
                #expect(try mount.flush() == 4096)
                try mount.run(
                    #"cmp file "$BACKING/file" && test "$(head -c 4102 file | tail -c 6)" = newest"#
                )
            }
        }
    }
}
