"""Cases of open(2), and of what makes files longer and shorter.

Method: every combination of flags and modes by several users; sizes, holes and limits at their
edges, with contents read where they can differ.
"""

import os
import resource
import signal

from calls import (ANN, ANN_WITH_GROUPS, BEN, KINDS, ROOT, contents, fallocate, make, open_and,
                   remove, write)


def case_open(call):
    call(os.chmod, ".", 0o777)
    kinds = [os.O_RDONLY, os.O_WRONLY, os.O_RDWR]
    extra = [0, os.O_TRUNC, os.O_APPEND, os.O_CREAT, os.O_CREAT | os.O_EXCL, os.O_DIRECTORY,
             os.O_NOFOLLOW, os.O_SYNC, os.O_PATH]
    for kind in KINDS:
        call(make, kind, "n", 0o640, user=ANN)
        if kind == "file":
            call(write, "n", b"text")
        for access in kinds:
            for flags in extra:
                if kind in ("block", "character"):
                    continue
                if kind == "link" and flags & os.O_CREAT and not flags & os.O_EXCL:
                    continue
                for user in (ANN, BEN):
                    call(open_and, "n", access | flags, user=user)
        call(remove, "n")
    for mode in (0o000, 0o100, 0o200, 0o400, 0o640, 0o606, 0o066, 0o007):
        call(make, "file", "n", 0o777, user=ANN)
        call(os.chmod, "n", mode)
        for user in (ROOT, ANN, (65533, 65534, []), (65533, 65533, [65534]), BEN):
            for access in kinds:
                call(open_and, "n", access, user=user)
            call(open_and, "n", os.O_RDONLY | os.O_TRUNC, user=user)
            call(os.access, "n", os.X_OK, user=user)
        call(remove, "n")
    call(os.symlink, "made", "s")
    call(open_and, "s", os.O_CREAT | os.O_RDWR, user=ANN)
    call(open_and, "made", os.O_CREAT | os.O_RDONLY, lambda fd: os.write(fd, b"x"))
    call(open_and, "made", os.O_WRONLY, lambda fd: os.read(fd, 1))
    call(open_and, "x", os.O_CREAT | os.O_WRONLY, lambda fd: os.write(fd, b"x"), 0o000, user=ANN)
    call(make, "file", "made/below")
    call(contents, "made/below")
    call(write, ".", b"x")
    call(os.symlink, "loop", "loop")
    call(open_and, "loop", os.O_RDONLY)
    call(os.stat, "loop/x")


def case_write(call):
    """Sizes and times of writes, and what they do to setuid and setgid."""
    for mode in (0o4755, 0o2755, 0o2745, 0o6777, 0o6666):
        for user in (ROOT, ANN, ANN_WITH_GROUPS):
            for change in ((write, "n", b"more"), (os.truncate, "n", 2),
                           (fallocate, "n", 0, 0, 9000), (fallocate, "n", 3, 0, 5000),
                           (fallocate, "n", 16, 0, 5000), (write, "n", b"", os.O_TRUNC)):
                call(write_new, "n", mode)
                call(*change, user=user)
                call(os.unlink, "n")
    call(write, "n", b"0123456789", os.O_CREAT)
    call(write, "n", b"abc", os.O_APPEND, 2)
    call(write, "n", b"abc", 0, 2)
    call(write, "n", b"z", 0, 100_000)
    call(write, "n", b"")
    call(write, "n", b"x", 0, -1)
    call(contents, "n")
    call(with_limit, 50_000, lambda: write("n", b"x" * 100, 0, 49_990))
    call(with_limit, 50_000, lambda: write("n", b"x" * 100, 0, 50_000))
    call(with_limit, 50_000, lambda: os.truncate("n", 50_001))
    call(with_limit, 50_000, lambda: os.truncate("n", 50_000))


def write_new(name, mode):
    write(name, b"old text", os.O_CREAT)
    os.chmod(name, 0o666 | mode)
    os.chown(name, 65534, 65533)
    os.chmod(name, mode)


def with_limit(size, action):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return action()


def case_truncate(call):
    call(make, "file", "n")
    for size in (12345, 5, 0, 7, 1 << 40, 8, -1, (1 << 63) - 1, 1 << 44, (1 << 44) - 4096):
        call(os.truncate, "n", size)
    for size in (0, 5000):
        call(open_and, "n", os.O_RDWR, lambda fd, size=size: os.ftruncate(fd, size))
        call(open_and, "n", os.O_RDONLY, lambda fd, size=size: os.ftruncate(fd, size))
    call(os.truncate, "n", 1, user=ANN)
    call(os.truncate, "none", 1)
    for kind in KINDS[1:]:
        call(make, kind, kind)
        if kind not in ("block", "character"):
            call(os.truncate, kind, 0)
    call(write, "n", b"\1" * 5000)
    call(os.truncate, "n", 10)
    call(os.truncate, "n", 6000)
    call(contents, "n")


def case_allocate(call):
    call(make, "file", "n")
    for offset, length in ((0, 1), (0, 10_000), (5000, 100), (0, 0), (-1, 1), (1, -1),
                           ((1 << 63) - 2, 10)):
        call(open_and, "n", os.O_RDWR,
             lambda fd, o=offset, n=length: os.posix_fallocate(fd, o, n))
        for mode in (1, 3, 16, 17, 2):
            call(fallocate, "n", mode, offset, length)
    call(open_and, "n", os.O_RDONLY, lambda fd: os.posix_fallocate(fd, 0, 10))
    call(write, "n", b"\1" * 9000, os.O_TRUNC)
    call(fallocate, "n", 3, 100, 8000)
    call(contents, "n")
    call(fallocate, "n", 16, 0, 9500)
    call(contents, "n")
