import Testing

extension Integration {
    /// Shared file mappings: writes by memory and writes by system call are one content.
    @Suite("memory mappings")
    struct MappingTests {
        @Test("what is written by mmap is read by read, and the other way round")
        func mapsAndReads() throws {
            try withMount { mount in
                try mount.run(
                    """
                    python3 - <<'END'
                    import mmap, os
                    size = 3_000_001
                    fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o644)
                    os.ftruncate(fd, size)
                    view = mmap.mmap(fd, size)
                    for at in (0, 4095, 4096, 1_234_567, size - 7):
                        view[at:at + 7] = b"by mmap"
                        assert os.pread(fd, 7, at) == b"by mmap"
                    view.flush()
                    for at in (100, 8190, 2_000_000):
                        os.pwrite(fd, b"by write", at)
                        assert view[at:at + 8] == b"by write"
                    # The rest of the last page is not part of the file, whatever is put there.
                    view.close()
                    view = mmap.mmap(fd, size)
                    view[size - 1:size] = b"!"
                    view.flush()
                    os.ftruncate(fd, size + 5000)
                    assert os.pread(fd, 5000, size) == bytes(5000)
                    view.close()
                    os.close(fd)
                    END
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("two processes that map one file see each other's writes")
        func sharesBetweenProcesses() throws {
            try withMount { mount in
                try mount.run(
                    """
                    cat >"$SCRATCH/peer.py" <<'END'
                    import mmap, os, sys
                    fd = os.open("file", os.O_RDWR)
                    view = mmap.mmap(fd, 1 << 20)
                    for line in sys.stdin:
                        at, expected, answer = line.split()
                        at = int(at)
                        assert view[at:at + len(expected)] == expected.encode(), line
                        view[at:at + len(answer)] = answer.encode()
                        print("done", flush=True)
                    END
                    python3 - <<'END'
                    import mmap, os, subprocess
                    fd = os.open("file", os.O_RDWR | os.O_CREAT, 0o644)
                    os.ftruncate(fd, 1 << 20)
                    view = mmap.mmap(fd, 1 << 20)
                    PIPE = subprocess.PIPE
                    peer = subprocess.Popen(["python3", os.environ["SCRATCH"] + "/peer.py"],
                                            stdin=PIPE, stdout=PIPE, text=True)
                    for turn in range(200):
                        at = turn * 5003
                        if turn % 2:
                            view[at:at + 4] = b"ping"
                        else:
                            os.pwrite(fd, b"ping", at)
                        print(at, "ping", "pong", file=peer.stdin, flush=True)
                        assert peer.stdout.readline() == "done\\n"
                        assert view[at:at + 4] == b"pong" and os.pread(fd, 4, at) == b"pong"
                    peer.stdin.close()
                    assert peer.wait() == 0
                    END
                    """
                )
                try mount.expectFlushed()
            }
        }

        @Test("a mapping without msync reaches BACKING by a flush and by unmounting")
        func flushesMapping() throws {
            try withMount { mount in
                try mount.run(
                    """
                    cat >"$SCRATCH/hold.py" <<'END'
                    import mmap, os, sys
                    fd = os.open("held", os.O_RDWR | os.O_CREAT, 0o644)
                    os.ftruncate(fd, 1 << 20)
                    view = mmap.mmap(fd, 1 << 20)
                    os.close(fd)
                    view[500_000:500_006] = b"mapped"
                    print("ready", flush=True)
                    sys.stdin.readline()
                    END
                    coproc python3 "$SCRATCH/hold.py"
                    read -r ready <&"${COPROC[0]}" && test "$ready" = ready
                    "$VMOFS" flush held
                    cmp held "$BACKING/held"
                    test "$(dd if="$BACKING/held" bs=1 skip=500000 count=6 status=none)" = mapped
                    echo >&"${COPROC[1]}"
                    wait
                    """
                )
            }
        }
    }
}
