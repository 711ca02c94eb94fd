"""Cases of attributes: statx(2), blocks in use, flags, extended attributes, capabilities.

Method: values at the edges of what is allowed, and for capabilities every call that may take them.
"""

import ctypes
import fcntl
import os
import struct

from calls import (ANN, AT_FDCWD, KINDS, LIBC, PAGE, ROOT, check, fallocate, make, open_and, opened,
                   remove, write)


class StatX(ctypes.Structure):
    """The beginning of struct statx."""

    _fields_ = [("mask", ctypes.c_uint32), ("blksize", ctypes.c_uint32),
                ("attributes", ctypes.c_uint64), ("nlink", ctypes.c_uint32),
                ("uid", ctypes.c_uint32), ("gid", ctypes.c_uint32), ("mode", ctypes.c_uint16),
                ("spare", ctypes.c_uint16), ("ino", ctypes.c_uint64), ("size", ctypes.c_uint64),
                ("blocks", ctypes.c_uint64), ("attributes_mask", ctypes.c_uint64),
                ("access_time", ctypes.c_uint8 * 16), ("birth_seconds", ctypes.c_int64),
                ("birth_nanoseconds", ctypes.c_uint32), ("more", ctypes.c_uint8 * 164)]


def statx(name, flags=0x100):
    status = StatX()
    check(LIBC.statx(AT_FDCWD, name.encode(), flags, 0xFFF, ctypes.byref(status)))
    return status


def case_statx(call):
    """What statx(2) gives."""
    asked = 0xFFF
    for kind in KINDS:
        call(make, kind, "n")
        call(lambda: (hex(statx("n").mask & asked), statx("n").nlink, oct(statx("n").mode),
                      statx("n").attributes & 0x74, statx("n").blksize))
        call(remove, "n")
    call(make, "file", "n")
    call(birth, "n")
    for flags in (0x100, 0x2100, 0x4100):
        call(lambda f=flags: statx("n", f).size)
    call(lambda: statx("n", 0x6100).size)
    call(lambda: statx("none").size)


def birth(name):
    """The time of birth is that of the first change, and stays."""
    before, changed = statx(name), os.stat(name).st_ctime_ns
    write(name, b"x")
    os.chmod(name, 0o600)
    after = statx(name)
    born = (before.birth_seconds, before.birth_nanoseconds)
    return (born == divmod(changed, 10**9),
            born == (after.birth_seconds, after.birth_nanoseconds))


def case_blocks(call):
    """Blocks in use, once what was written has left the kernel's cache."""
    call(blocks_of_dense, "dense")
    call(blocks_of_sparse, "sparse")
    call(blocks_after_allocate, "room")


def blocks_of_dense(name):
    fd = opened(name)
    os.write(fd, b"x" * (1 << 20))
    os.fsync(fd)
    return os.fstat(fd).st_blocks


def blocks_of_sparse(name):
    fd = opened(name)
    os.pwrite(fd, b"x" * PAGE, 1 << 30)
    dirty = os.fstat(fd).st_blocks
    os.fsync(fd)
    return dirty < 64, os.fstat(fd).st_blocks < 64


def blocks_after_allocate(name):
    fd = opened(name)
    os.posix_fallocate(fd, 0, 1 << 20)
    full = os.fstat(fd).st_blocks
    os.write(fd, b"x" * (1 << 20))
    os.fsync(fd)
    written = os.fstat(fd).st_blocks
    check(LIBC.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(1 << 19)))
    os.fsync(fd)
    return full, written, os.fstat(fd).st_blocks


IMMUTABLE, APPEND_ONLY, NO_DUMP, NO_ACCESS_TIME = 0x10, 0x20, 0x40, 0x80


def case_flags(call):
    """What lsattr(1) shows and chattr(1) sets, and what immutable and append-only objects refuse."""
    call(make, "directory", "d", 0o777)
    call(write, "n", b"text", os.O_CREAT)
    call(write, "d/n", b"text", os.O_CREAT)
    for user in (ROOT, ANN):
        call(set_flags, "n", NO_DUMP | NO_ACCESS_TIME, user=user)
        call(flags_of, "n", user=user)
        call(set_flags, "d", IMMUTABLE | NO_DUMP, user=user)
        call(flags_of, "d", user=user)
        for change in ((os.chmod, "d", 0o700), (os.utime, "d"), (os.rename, "d", "m"),
                       (os.setxattr, "d", "user.a", b"x"), (make, "file", "d/f"),
                       (os.link, "n", "d/l"), (os.unlink, "d/n"), (write, "d/n", b"more")):
            call(*change)
        call(set_flags, "n", 0, user=user)
        call(set_flags, "d", 0, user=user)
        call(os.rename, "m", "d")
    call(set_flags, "d", APPEND_ONLY)
    call(make, "file", "d/g")
    call(os.rename, "d/g", "d/h")
    call(os.unlink, "d/g")
    call(set_flags, "d", 0)
    for flag in (IMMUTABLE, APPEND_ONLY):
        call(set_flags, "n", flag, limit="ENOTSUP")
    call(os.symlink, "n", "link")
    call(os.mkfifo, "fifo")
    call(flags_of, "fifo")


def flags_of(name):
    """The flags that cases set, and the same from the other call."""
    fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        word = struct.unpack("Q", fcntl.ioctl(fd, 0x80086601, bytes(8)))[0]
        extended = fcntl.ioctl(fd, 0x801C581F, bytes(28))
        return word & 0xF0, hex(struct.unpack_from("I", extended)[0])
    finally:
        os.close(fd)


def set_flags(name, flags):
    """Sets some, and leaves those that the file system sets by itself."""
    fd = os.open(name, os.O_RDONLY)
    try:
        word = struct.unpack("Q", fcntl.ioctl(fd, 0x80086601, bytes(8)))[0]
        fcntl.ioctl(fd, 0x40086602, struct.pack("Q", word & ~0xF0 | flags))
    finally:
        os.close(fd)


def case_extended(call):
    """Extended attributes: sizes, lists, flags, who sees which."""
    for kind in ("file", "directory", "link"):
        call(make, kind, "n")
        for name in ("user.b", "trusted.b", "security.b"):
            for value in (b"", b"v" * 100, b"v" * 2000, b"v" * 65536, b"v" * 65537):
                call(os.setxattr, "n", name, value, follow_symlinks=False)
            call(os.setxattr, "n", name, b"w", os.XATTR_REPLACE, follow_symlinks=False)
            call(os.getxattr, "n", name, follow_symlinks=False)
            call(os.setxattr, "n", name, b"w", os.XATTR_CREATE, follow_symlinks=False)
        for user in (ROOT, ANN):
            call(lambda: sorted(os.listxattr("n", follow_symlinks=False)), user=user)
        for name in ("user.b", "user.b", "trusted.b", "security.b"):
            call(os.setxattr, "n", name, b"x", 7, follow_symlinks=False)
            call(os.removexattr, "n", name, follow_symlinks=False)
            call(os.setxattr, "n", name, b"x", os.XATTR_REPLACE, follow_symlinks=False)
        call(short_buffer, "n", user=ANN)
        call(remove, "n")
    call(make, "directory", "sticky", 0o777)
    call(os.chmod, "sticky", 0o1777)
    call(os.setxattr, "sticky", "user.a", b"x", user=ANN)
    call(os.setxattr, "none", "user.a", b"x")
    call(os.setxattr, ".", "user.", b"x")
    call(os.setxattr, ".", "", b"x")


def short_buffer(name):
    memory = ctypes.create_string_buffer(2)
    return check(LIBC.getxattr(name.encode(), b"user.b", memory, 2))


CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)


def case_capabilities(call):
    """A file's capabilities go with a write and a change of the owner, and stay otherwise."""
    changes = (
        (write, "n", b"x"), (write, "n", b""), (write, "n", b"", os.O_TRUNC),
        (os.truncate, "n", 2), (os.truncate, "n", 9), (os.chown, "n", 65534, -1),
        (os.chown, "n", -1, 65531), (os.chown, "n", -1, -1), (os.chmod, "n", 0o777),
        (os.utime, "n"), (os.setxattr, "n", "user.a", b"x"), (fallocate, "n", 0, 0, 9000),
        (fallocate, "n", 3, 0, 4096), (fallocate, "n", 16, 0, 4096),
        (os.rename, "n", "n"), (copy_into, "n"), (send_into, "n"), (splice_into, "n"))
    call(write, "source", b"source", os.O_CREAT)
    for user in (ROOT, ANN):
        for change in changes:
            call(capable, "n")
            call(*change, user=user)
            call(os.getxattr, "n", "security.capability")
            call(os.unlink, "n")
    call(given_after_write, "late")
    call(make, "file", "n")
    call(os.setxattr, "n", "security.capability", CAPABILITY, user=ANN)
    call(os.setxattr, "n", "security.capability", b"short")


def capable(name):
    write(name, b"old text", os.O_CREAT)
    os.chown(name, 65534, 65533)
    os.chmod(name, 0o6777)
    os.setxattr(name, "security.capability", CAPABILITY)


def given_after_write(name):
    """What a file gets after it was written it keeps when that reaches the disk."""
    fd = opened(name)
    os.write(fd, b"program" * 10_000)
    os.fchmod(fd, 0o6755)
    os.setxattr(fd, "security.capability", CAPABILITY)
    os.fsync(fd)
    return os.getxattr(fd, "security.capability"), oct(os.fstat(fd).st_mode)


def copy_into(name):
    source = opened("source", os.O_RDONLY)
    return open_and(name, os.O_RDWR, lambda fd: os.copy_file_range(source, fd, 3))


def send_into(name):
    source = opened("source", os.O_RDONLY)
    return open_and(name, os.O_RDWR, lambda fd: os.sendfile(fd, source, 0, 3))


def splice_into(name):
    reader, writer = os.pipe()
    os.write(writer, b"spliced")
    return open_and(name, os.O_RDWR, lambda fd: os.splice(reader, fd, 7, None, 2))
