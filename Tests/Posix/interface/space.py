"""Cases of space: fallocate(2), holes, copies within the kernel, and ioctls.

Method: offsets and lengths at the edges of blocks and within them; contents are compared by length
and checksum.
"""

import fcntl
import os
import struct

from calls import (KINDS, LARGEST, PAGE, copy, digest, fallocate, make, open_and, opened, outcome,
                   write)


def case_modes(call):
    """Every mode of fallocate(2), at edges of blocks and within them."""
    keep, punch, hide, collapse, zero, insert, unshare = (1 << n for n in range(7))
    for offset, length in ((0, PAGE), (PAGE, 2 * PAGE), (1000, 9000), (5 * PAGE, PAGE),
                           (30_000, 100)):
        for mode in (0, keep, punch, punch | keep, zero, zero | keep, hide, unshare,
                     punch | zero, zero | punch | keep, 1 << 9):
            call(write, "n", bytes(range(1, 251)) * 100, os.O_CREAT | os.O_TRUNC)
            call(fallocate, "n", mode, offset, length)
            call(digest, "n")
    for mode in (collapse, insert):
        call(fallocate, "n", mode, PAGE, PAGE, limit="ENOTSUP")
    for kind in KINDS[1:]:
        call(make, kind, kind)
    call(open_and, "directory", os.O_RDONLY, lambda fd: os.posix_fallocate(fd, 0, 1))
    call(open_and, "fifo", os.O_RDWR, lambda fd: os.posix_fallocate(fd, 0, 1))


def case_holes(call):
    """SEEK_DATA and SEEK_HOLE at their edges."""
    call(write, "n", b"", os.O_CREAT)
    call(seek_edges, "n")
    call(write, "n", b"data" * 3000)
    call(seek_edges, "n")
    call(os.truncate, "n", 1 << 20)
    call(seek_edges, "n")


def seek_edges(name):
    def seek(fd):
        os.fsync(fd)
        return [outcome(os.lseek, fd, at, how) for how in (os.SEEK_DATA, os.SEEK_HOLE)
                for at in (0, 1, 11_999, 12_000, 1 << 20, (1 << 20) - 1, -1, LARGEST)]
    return open_and(name, os.O_RDWR, seek)


def case_copies(call):
    """copy_file_range(2) within a file, between two, beyond the end; clones, which ext4 lacks."""
    call(write, "a", bytes(range(256)) * 100, os.O_CREAT)
    call(write, "b", b"target", os.O_CREAT)
    for source, target, start, to, count in (
            ("a", "b", 0, 0, 25_600), ("a", "b", 100, 7, 5000), ("a", "b", 25_000, 0, 5000),
            ("a", "b", 25_600, 0, 10), ("a", "b", 1 << 40, 0, 10), ("a", "b", 0, 1 << 20, 10),
            ("a", "a", 0, 12_800, 12_800), ("a", "a", 0, 100, 200), ("a", "a", 0, 0, 10),
            ("a", "a", 100, 20_000, 50_000), ("a", "b", 0, 0, 0), ("a", "b", LARGEST - 5, 0, 10)):
        call(copy, source, target, start, to, count)
        call(digest, "b")
    call(copy, "a", "b", 0, 0, 10, os.O_RDONLY, os.O_RDONLY)
    call(copy, "a", "b", 0, 0, 10, os.O_WRONLY, os.O_WRONLY)
    call(copy, "a", "b", 0, 0, 10, os.O_RDONLY, os.O_WRONLY | os.O_APPEND)
    call(copy, ".", "b", 0, 0, 10)
    call(copy_moves_offsets)
    for number in (0x40049409, 0x4020940D):
        call(open_and, "b", os.O_RDWR, lambda fd, n=number: clone(fd, n))


def copy_moves_offsets():
    first, second = opened("a", os.O_RDONLY), opened("b", os.O_RDWR)
    os.lseek(first, 10, os.SEEK_SET)
    done = os.copy_file_range(first, second, 20)
    return done, os.lseek(first, 0, os.SEEK_CUR), os.lseek(second, 0, os.SEEK_CUR)


def clone(fd, number):
    source = opened("a", os.O_RDONLY)
    if number == 0x40049409:
        return fcntl.ioctl(fd, number, source)
    return fcntl.ioctl(fd, number, struct.pack("qQQQ", source, 0, 0, 0))


def case_ioctls(call):
    """ioctls of files. FUSE passes none of FIEMAP on."""
    call(write, "n", b"text", os.O_CREAT)
    call(make, "directory", "d")
    fiemap, get_flags, get_more = 0xC020660B, 0x80086601, 0x801C581F
    for name in ("n", "d"):
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(
            fd, fiemap, struct.pack("QQIIII", 0, LARGEST, 0, 0, 0, 0)), limit="ENOTSUP")
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, get_flags, bytes(8)))
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, get_more, bytes(28)))
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x5401, bytes(60)))
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x1234, 0))
    call(open_and, "n", os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x541B, bytes(4)))
    call(open_and, "n", os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 2, bytes(4)))
