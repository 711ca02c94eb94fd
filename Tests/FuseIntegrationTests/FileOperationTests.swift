import Testing

extension Integration {
    /// Calls on open files that go beyond read and write, each compared with what Linux does on an
    /// ordinary directory.
    @Suite("calls on open files")
    struct FileOperationTests {
        /// Python that the scripts here share: fallocate(2) with errno names, and data or hole.
        static let prelude = """
            import ctypes, errno, os
            libc = ctypes.CDLL(None, use_errno=True)
            libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
            KEEP, PUNCH, ZERO = 1, 2, 16
            def allocate(fd, mode, offset, length):
                if libc.fallocate(fd, mode, offset, length) == 0:
                    return "done"
                return errno.errorcode[ctypes.get_errno()]
            def attempt(call, *arguments):
                try:
                    return call(*arguments)
                except OSError as error:
                    return errno.errorcode[error.errno]
            def make(name, data):
                fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
                os.write(fd, data)
                return fd
            def pattern(count):
                return bytes(1 + i * 7 % 255 for i in range(count))

            """

        /// Runs Python both ways, in both cache modes; `prepare` is bash that comes before it.
        private func expectAsOrdinary(_ mode: CacheMode, _ python: String) throws {
            try withMount([mode.rawValue]) { mount in
                try mount.expectAsOrdinary("python3 - <<'END'\n\(Self.prelude)\(python)\nEND")
            }
        }

        @Test("fallocate grows, keeps the size, punches and zeroes", arguments: CacheMode.allCases)
        func allocates(mode: CacheMode) throws {
            try expectAsOrdinary(
                mode,
                """
                for synced in (False, True):
                    fd = make(f"file-{synced}", pattern(100_000))
                    if synced:
                        os.fsync(fd)
                    size = lambda: os.fstat(fd).st_size
                    print(allocate(fd, 0, 90_000, 20_000), size())
                    print(allocate(fd, KEEP, 100_000, 500_000), size())
                    print(allocate(fd, PUNCH | KEEP, 4096, 8192), size())
                    print(allocate(fd, PUNCH | KEEP, 30_000, 10_000), size())
                    print(allocate(fd, ZERO, 50_001, 3), allocate(fd, ZERO, 120_000, 5), size())
                    print(allocate(fd, ZERO | KEEP, 60_000, 900_000), size())
                    print(allocate(fd, PUNCH | KEEP, 1 << 40, 1 << 30), size())
                    print(allocate(fd, PUNCH, 0, 4096), allocate(fd, 0, 0, 0))
                    print(allocate(fd, 0, -1, 10), allocate(fd, 0, 1 << 62, 1 << 62))
                    os.pwrite(fd, b"data in a hole", 6000)
                    os.close(fd)
                    read_only = os.open(f"file-{synced}", os.O_RDONLY)
                    print(allocate(read_only, 0, 0, 10))
                """
            )
        }

        @Test("SEEK_DATA and SEEK_HOLE tell data from holes", arguments: CacheMode.allCases)
        func seeks(mode: CacheMode) throws {
            try expectAsOrdinary(
                mode,
                """
                def runs(fd):
                    found, at = [], 0
                    while True:
                        data = attempt(os.lseek, fd, at, os.SEEK_DATA)
                        if isinstance(data, str):
                            return found + [data]
                        at = os.lseek(fd, data, os.SEEK_HOLE)
                        found.append((data, at))
                for synced in (False, True):
                    fd = make(f"sparse-{synced}", b"")
                    os.ftruncate(fd, 10 << 20)
                    print(runs(fd))
                    for page in (3, 4, 700, 2559):
                        os.pwrite(fd, pattern(4096), page * 4096)
                    # Linux tells unwritten and delayed blocks apart only once they are written.
                    os.fsync(fd)
                    print(runs(fd))
                    print(allocate(fd, PUNCH | KEEP, 4 * 4096, 4096))
                    if synced:
                        os.fsync(fd)
                    print(runs(fd))
                    os.ftruncate(fd, 3 * 4096 + 100)
                    if synced:
                        os.fsync(fd)
                    print(runs(fd), attempt(os.lseek, fd, 1 << 30, os.SEEK_HOLE))
                    print(attempt(os.lseek, fd, -1, os.SEEK_DATA))
                    os.close(fd)
                """
            )
        }

        @Test("copy_file_range copies inside and between files", arguments: CacheMode.allCases)
        func copiesRanges(mode: CacheMode) throws {
            try expectAsOrdinary(
                mode,
                """
                def copy(source, target, count, start, to):
                    total = 0
                    while total < count:
                        done = attempt(os.copy_file_range, source, target, count - total,
                                       start + total, to + total)
                        if isinstance(done, str) or done == 0:
                            return total, done
                        total += done
                    return total
                a, b = make("a", pattern(300_000)), make("b", b"b" * 1000)
                print(copy(a, b, 100_000, 5000, 4096), copy(a, b, 10, 299_995, 0))
                print(copy(a, b, 7, 1, 200_001), copy(a, a, 4096, 0, 280_000))
                print(copy(a, a, 4096, 100, 101), copy(a, b, 10, 400_000, 0))
                print(os.fstat(a).st_size, os.fstat(b).st_size)
                os.fsync(b)
                print(copy(b, a, 150_000, 0, 300_000), os.fstat(a).st_size)
                """
            )
        }

        @Test("a file without a name works until it is closed", arguments: CacheMode.allCases)
        func unlinkedFiles(mode: CacheMode) throws {
            try expectAsOrdinary(
                mode,
                """
                fd = make("gone", pattern(50_000))
                other = os.open("gone", os.O_RDONLY)
                os.unlink("gone")
                make("gone", b"another file of that name")
                os.pwrite(fd, b"still here", 49_995)
                os.ftruncate(fd, 60_000)
                print(os.fstat(fd).st_size, os.fstat(fd).st_nlink, os.pread(other, 10, 49_995))
                os.fchmod(fd, 0o600)
                os.utime(fd, (1, 2))
                print(oct(os.fstat(other).st_mode), os.fstat(other).st_mtime)
                print(allocate(fd, PUNCH | KEEP, 0, 4096), os.pread(other, 4096, 0) == bytes(4096))
                os.fsync(fd)
                print(sum(os.pread(other, 100_000, 0)))
                os.close(fd)
                print(len(os.pread(other, 100_000, 0)))
                os.mkdir("d")
                handle = os.open("d", os.O_RDONLY)
                os.rmdir("d")
                print(attempt(os.listdir, handle), attempt(os.mkdir, "d/e"))
                """
            )
        }

        @Test(
            "O_TRUNC, O_EXCL, O_APPEND and O_CREAT do what they say",
            arguments: CacheMode.allCases
        )
        func openFlags(mode: CacheMode) throws {
            try expectAsOrdinary(
                mode,
                """
                fd = make("file", pattern(20_000))
                os.fsync(fd)
                os.close(os.open("file", os.O_WRONLY | os.O_TRUNC))
                print(os.fstat(fd).st_size, os.read(fd, 10))
                os.pwrite(fd, b"end", 9000)
                print(os.pread(fd, 20_000, 0).count(0))
                print(attempt(os.open, "file", os.O_RDWR | os.O_CREAT | os.O_EXCL))
                print(attempt(os.open, "none", os.O_RDWR), attempt(os.open, "file/x", os.O_RDONLY))
                print(attempt(os.open, ".", os.O_RDWR))
                print(attempt(os.read, os.open("file", os.O_WRONLY), 1))
                tail = os.open("file", os.O_WRONLY | os.O_APPEND)
                os.write(tail, b"one"); os.pwrite(fd, b"two", 20_000); os.write(tail, b"three")
                print(os.fstat(fd).st_size, os.pread(fd, 30, 19_990))
                print(attempt(os.write, os.open("file", os.O_RDONLY), b"x"))
                """
            )
        }

        @Test(
            "lines appended by two processes at once are all there",
            arguments: CacheMode.allCases
        )
        func appendsTogether(mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                let counts = try mount.run(
                    """
                    append() {
                        python3 -c '
                    import os, sys
                    fd = os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
                    for i in range(5000):
                        os.write(fd, f"{sys.argv[1]} {i:06d} {sys.argv[1] * (i % 90)}\\n".encode())
                    ' "$1"
                    }
                    append a & first=$!
                    append b & second=$!
                    wait $first && wait $second
                    for who in a b; do
                        grep -c "^$who [0-9]\\{6\\} $who*\\$" log
                        grep "^$who" log | sort -c
                    done
                    wc -l <log
                    """
                )
                #expect(counts == "5000\n5000\n10000\n")
                try mount.expectFlushed()
            }
        }

        @Test("the time of birth is the one in BACKING", arguments: CacheMode.allCases)
        func births(mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                try mount.run(
                    """
                    births() { (cd "$1" && stat -c '%n %w' file folder link pipe); }
                    [[ $(stat -c %W "$BACKING") -gt 0 ]] || { echo 'BACKING knows none'; exit 0; }
                    echo text >file && mkdir folder && ln -s file link && mkfifo pipe
                    first=$(births .)
                    test "$first" = "$(births "$BACKING")"
                    sleep 0.1
                    echo more >>file && chmod 600 file folder && touch -d 2001-01-01 pipe
                    sync file
                    test "$first" = "$(births .)"
                    grep -v ' - ' <<<"$first" | wc -l | grep -qx 4
                    """
                )
            }
        }

        @Test("sparse files stay sparse in BACKING", arguments: CacheMode.allCases)
        func staysSparse(mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                try mount.run(
                    """
                    truncate -s 2G sparse
                    for at in 0 1000 300000; do
                        head -c 8192 /dev/urandom |
                            dd of=sparse bs=4k seek=$at conv=notrunc iflag=fullblock status=none
                    done
                    cp --sparse=always sparse copy
                    cmp sparse copy
                    "$VMOFS" flush "$MOUNT"
                    for file in sparse copy; do
                        test "$(stat -c %s "$BACKING/$file")" = 2147483648
                        test "$(stat -c %b "$BACKING/$file")" -le 128
                        test "$(stat -c %b "$file")" -le 128
                    done
                    cmp sparse "$BACKING/sparse"
                    rm copy sparse
                    """
                )
            }
        }
    }
}
