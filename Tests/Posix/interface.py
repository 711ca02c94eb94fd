"""Cases of `compare.py`: what programs use of Linux besides the calls on names and modes.

Each case is called with a function that makes one call. Where FUSE itself has a limit, the call is
made in OTHER alone, and `limit` is what it must give there.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import stat
import struct
import threading
import time

from compare import (ANN, ANN_WITH_GROUPS, AT_FDCWD, BEN, KINDS, LIBC, ROOT, acl_of, check,
                     contents, fallocate, make, open_and, remove, renameat2, write)

AT_EMPTY_PATH = 0x1000
LARGEST = (1 << 63) - 1
PAGE = 4096


def outcome(action, *arguments):
    """The result of a call, or the name of its error: for functions of several calls."""
    try:
        return action(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]


def in_child(action):
    """Runs something in a process of its own: the process's end, as wait(2) tells it."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(action() or 0)
        except OSError as error:
            os._exit(100 + min(error.errno, 99))
        except BaseException:  # noqa: B902: a mistake in a case must not go on in two processes
            os._exit(255)
    return os.waitpid(child, 0)[1]


def opened(name, flags=os.O_RDWR | os.O_CREAT, mode=0o644):
    return os.open(name, flags, mode)


# MARK: Open flags

def case_append(call):
    """O_APPEND by several processes loses nothing, and each record stays whole."""
    call(append_from_many, "n", 4, 100)
    call(append_from_many, "n", 3, 50, os.O_SYNC)
    call(append_and_seek, "n")


def append_from_many(name, processes, records, flags=0):
    children = []
    for process in range(processes):
        child = os.fork()
        if child == 0:
            fd = opened(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | flags)
            for record in range(records):
                os.write(fd, b"%03d:%05d;" % (process, record) * 20)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    data = contents(name)
    whole = [data[at:at + 200] for at in range(0, len(data), 200)]
    return len(data), all(part == part[:10] * 20 for part in whole), len(set(whole))


def append_and_seek(name):
    fd = opened(name, os.O_RDWR | os.O_APPEND)
    first = os.lseek(fd, 0, os.SEEK_CUR), os.write(fd, b"abc"), os.lseek(fd, 0, os.SEEK_CUR)
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)
    os.lseek(fd, 5, os.SEEK_SET)
    os.write(fd, b"over")
    return first, os.fstat(fd).st_size, os.pread(fd, 8, 3)


def case_direct(call):
    """O_DIRECT, and that it sees buffered writes and mappings, and they see it."""
    call(direct_and_buffered, "n")
    call(direct_and_mapped, "n")
    call(direct_past_end, "n")
    call(os.unlink, "n")


def aligned(data):
    """Memory at the start of a page, which direct I/O asks for."""
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


def direct_and_buffered(name):
    buffered = opened(name)
    direct = opened(name, os.O_RDWR | os.O_DIRECT)
    os.pwrite(buffered, b"a" * 10_000, 0)
    memory = aligned(bytes(8192))
    seen = [os.preadv(direct, [memory], 0), bytes(memory[:3])]
    os.pwrite(direct, aligned(b"b" * PAGE), PAGE)
    seen += [os.pread(buffered, 4, PAGE - 2), os.fstat(buffered).st_size]
    os.pwrite(direct, aligned(b"c" * PAGE), 3 * PAGE)
    seen += [os.fstat(buffered).st_size, os.pread(buffered, 3, 10_000), os.pread(buffered, 9, 12288)]
    os.ftruncate(direct, 5)
    return seen + [os.preadv(direct, [memory], 0), os.preadv(direct, [memory], PAGE)]


def direct_and_mapped(name):
    direct = opened(name, os.O_RDWR | os.O_DIRECT)
    os.ftruncate(direct, 4 * PAGE)
    with mmap.mmap(direct, 4 * PAGE) as view:
        view[0:4] = b"mapd"
        memory = aligned(bytes(PAGE))
        seen = [os.preadv(direct, [memory], 0), bytes(memory[:4])]
        os.pwrite(direct, aligned(b"d" * PAGE), 0)
        return seen + [view[0:4], view[PAGE:PAGE + 4]]


def direct_past_end(name):
    direct = opened(name, os.O_RDWR | os.O_DIRECT | os.O_TRUNC)
    memory = aligned(bytes(PAGE))
    seen = [os.preadv(direct, [memory], 0), os.pwrite(direct, memory, 1 << 30)]
    return seen + [os.fstat(direct).st_size, os.preadv(direct, [memory], 1 << 20)]


def case_sync(call):
    """O_SYNC, O_DSYNC, and the flags of pwritev2(2) and preadv2(2)."""
    for flags in (os.O_SYNC, os.O_DSYNC, os.O_SYNC | os.O_APPEND):
        call(write, "n", b"text" * 2000, flags | os.O_CREAT)
    for function in (os.fsync, os.fdatasync, LIBC.syncfs):
        for flags in (os.O_RDONLY, os.O_RDWR):
            call(open_and, "n", flags, function)
        call(open_and, ".", os.O_RDONLY, function)
    call(open_and, "n", os.O_RDWR, lambda fd: check(LIBC.sync_file_range(
        fd, ctypes.c_long(0), ctypes.c_long(100), 7)))
    hipri, dsync, sync, append, unknown = 1, 2, 4, 16, 1 << 20
    for flags in (0, dsync, sync, append, append | dsync, hipri, unknown):
        call(open_and, "n", os.O_RDWR, lambda fd, f=flags: os.pwritev(fd, [b"ab", b"cd"], 3, f))
    for flags in (0, hipri, dsync, unknown):
        call(open_and, "n", os.O_RDWR, lambda fd, f=flags: read_into(fd, 10, 1, f))
    call(open_and, "n", os.O_RDWR, lambda fd: os.pwritev(fd, [b"x"], 0, 8), limit="ENOTSUP")
    call(open_and, "n", os.O_RDWR, lambda fd: read_into(fd, 1, 0, 8), limit="ENOTSUP")


def read_into(fd, count, offset, flags):
    memory = bytearray(count)
    return os.preadv(fd, [memory], offset, flags), bytes(memory)


# MARK: Attributes

class StatX(ctypes.Structure):
    """The beginning of struct statx."""

    _fields_ = [("mask", ctypes.c_uint32), ("blksize", ctypes.c_uint32),
                ("attributes", ctypes.c_uint64), ("nlink", ctypes.c_uint32),
                ("uid", ctypes.c_uint32), ("gid", ctypes.c_uint32), ("mode", ctypes.c_uint16),
                ("spare", ctypes.c_uint16), ("ino", ctypes.c_uint64), ("size", ctypes.c_uint64),
                ("blocks", ctypes.c_uint64), ("attributes_mask", ctypes.c_uint64),
                ("more", ctypes.c_uint8 * 192)]


def statx(name, flags=0x100):
    status = StatX()
    check(LIBC.statx(AT_FDCWD, name.encode(), flags, 0xFFF, ctypes.byref(status)))
    return status


def case_statx(call):
    """What statx(2) gives; it is not told when a file was made."""
    basic = 0x7FF
    for kind in KINDS:
        call(make, kind, "n")
        call(lambda: (hex(statx("n").mask & basic), statx("n").nlink, oct(statx("n").mode),
                      statx("n").attributes & 0x74, statx("n").blksize))
        call(remove, "n")
    call(make, "file", "n")
    call(lambda: hex(statx("n").mask & 0x800), limit=repr("0x0"))
    for flags in (0x100, 0x2100, 0x4100):
        call(lambda f=flags: statx("n", f).size)
    call(lambda: statx("n", 0x6100).size)
    call(lambda: statx("none").size)


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


# MARK: Access control lists

def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)


MINIMAL = acl((1, 7, -1), (4, 5, -1), (32, 5, -1))
NAMED = acl((1, 7, -1), (2, 6, 65533), (4, 5, -1), (8, 3, 65531), (16, 7, -1), (32, 0, -1))
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


def case_inheritance(call):
    """Default lists: who inherits what, under which umask, and what chmod(2) makes of it."""
    call(make, "directory", "d", 0o777)
    call(os.chmod, "d", 0o777)
    for value in (NAMED, MINIMAL):
        call(os.setxattr, "d", DEFAULT, value)
        for kind in ("file", "directory", "fifo", "link"):
            for mode, umask in ((0o777, 0), (0o640, 0o027), (0o600, 0o077)):
                call(make, kind, "d/n", mode, user=ANN, umask=umask)
                call(lists, "d/n")
                if kind != "link":
                    call(os.chmod, "d/n", 0o750)
                    call(lists, "d/n")
                    call(os.access, "d/n", os.W_OK, user=BEN)
                call(remove, "d/n")
        call(os.mkdir, "d/e")
        call(make, "file", "d/e/n", 0o666, user=ROOT)
        call(lists, "d/e/n")
        call(remove, "d/e/n")
        call(remove, "d/e")
    call(os.removexattr, "d", DEFAULT)
    call(os.removexattr, "d", DEFAULT)
    call(make, "file", "d/n", 0o666, user=ANN)
    call(lists, "d/n")


def lists(name):
    return [outcome(lambda a=a: os.getxattr(name, a, follow_symlinks=False))
            for a in (ACCESS, DEFAULT)] + sorted(os.listxattr(name, follow_symlinks=False))


def case_masks(call):
    """Access lists: the mask and the mode, lists that say no more than a mode, wrong ones."""
    for kind in ("file", "directory", "fifo", "link"):
        call(make, kind, "n")
        if kind != "link":
            call(os.chown, "n", 65534, 65533)
        wrong = (b"\2\0\0\0", acl((1, 7, -1)), acl((1, 7, -1), (4, 5, -1)),
                 acl((1, 7, -1), (2, 6, 65533), (4, 5, -1), (32, 0, -1)),
                 acl((4, 5, -1), (1, 7, -1), (32, 5, -1)), MINIMAL[:-1],
                 acl((1, 8, -1), (4, 5, -1), (32, 5, -1)), struct.pack("<I", 1) + MINIMAL[4:])
        for value in (NAMED, MINIMAL, NAMED) + wrong:
            for which in (ACCESS, DEFAULT):
                call(os.setxattr, "n", which, value, user=ANN, follow_symlinks=False)
            call(lists, "n")
        if kind != "link":
            for mode in (0o000, 0o070, 0o707, 0o770):
                call(os.chmod, "n", mode, user=ANN)
                call(lists, "n")
                for user in (ANN, BEN, ANN_WITH_GROUPS, (65530, 65531, [])):
                    call(lambda: [os.access("n", m) for m in (4, 2, 1)], user=user)
        call(remove, "n")


# MARK: Locks

def case_locks(call):
    """Locks of fcntl(2), of open files and of flock(2), between processes; leases."""
    call(make, "file", "n", 0o666)
    call(write, "n", b"0123456789")
    for command in (fcntl.F_SETLK, 37):
        for held, wanted in ((fcntl.F_RDLCK, fcntl.F_RDLCK), (fcntl.F_RDLCK, fcntl.F_WRLCK),
                             (fcntl.F_WRLCK, fcntl.F_RDLCK)):
            call(record_locks, command, held, wanted)
    call(locks_on_close)
    call(waits_for_lock)
    for held in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        for wanted in (fcntl.LOCK_SH, fcntl.LOCK_EX):
            call(whole_locks, held, wanted)
    call(lambda: open_and("n", os.O_RDONLY, lambda fd: record_lock(fd, 6, fcntl.F_WRLCK, 0, 1)))
    call(lambda: open_and("n", os.O_RDWR, lambda fd: record_lock(fd, 6, fcntl.F_WRLCK, -1, 1)))
    call(lambda: open_and("n", os.O_RDWR, lambda fd: record_lock(fd, 6, 9, 0, 1)))
    call(deadlock)
    for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK):
        for flags in (os.O_RDONLY, os.O_RDWR):
            call(lambda k=kind, f=flags: open_and("n", f, lambda fd: lease(fd, k)))
    call(breaks_lease)


def record_lock(fd, command, kind, start, length):
    """The lock that fcntl gives back: kind, start, length, and whether it names a process."""
    call = struct.pack("hhqqi", kind, os.SEEK_SET, start, length, 0)
    kind, _, start, length, process = struct.unpack("hhqqi", fcntl.fcntl(fd, command, call)[:28])
    return kind, start, length, process > 0, process == -1


def record_locks(command, held, wanted):
    """One process holds a lock; what another gets of it, here and beside it."""
    mine = opened("n", os.O_RDWR)
    record_lock(mine, command, held, 2, 4)
    query = 5 if command == 6 else 36
    reader, writer = os.pipe()

    def other():
        fd = opened("n", os.O_RDWR)
        seen = [outcome(record_lock, fd, query, wanted, 0, 10),
                outcome(record_lock, fd, command, wanted, 3, 1),
                outcome(record_lock, fd, command, wanted, 6, 0),
                outcome(record_lock, fd, command, fcntl.F_UNLCK, 0, 0)]
        os.write(writer, repr(seen).encode())
    return in_child(other), os.read(reader, 4000), os.pread(mine, 3, 2)


def locks_on_close():
    """A process's locks go when it closes any descriptor of the file; those of open files stay."""
    seen = []
    for command in (fcntl.F_SETLK, 37):
        mine = opened("n", os.O_RDWR)
        record_lock(mine, command, fcntl.F_WRLCK, 0, 0)
        os.close(opened("n", os.O_RDONLY))
        seen.append(in_child(lambda c=command: record_lock(
            opened("n", os.O_RDWR), c, fcntl.F_WRLCK, 0, 0) and 0))
        os.close(mine)
        seen.append(in_child(lambda c=command: record_lock(
            opened("n", os.O_RDWR), c, fcntl.F_WRLCK, 0, 0) and 0))
    return seen


def waits_for_lock():
    fd = opened("n", os.O_RDWR)
    record_lock(fd, fcntl.F_SETLK, fcntl.F_WRLCK, 0, 0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        other = opened("n", os.O_RDWR)
        os.write(writer, b"waits ")
        record_lock(other, fcntl.F_SETLKW, fcntl.F_WRLCK, 0, 0)
        os.write(writer, b"has it")
        os._exit(0)
    seen = [os.read(reader, 6), select.select([reader], [], [], 0.05)[0]]
    record_lock(fd, fcntl.F_SETLK, fcntl.F_UNLCK, 0, 0)
    return seen + [os.read(reader, 6), os.waitpid(child, 0)[1]]


def whole_locks(held, wanted):
    mine = opened("n", os.O_RDWR)
    fcntl.flock(mine, held)

    def other():
        fcntl.flock(opened("n", os.O_RDONLY), wanted | fcntl.LOCK_NB)
    seen = [in_child(other), outcome(fcntl.flock, mine, wanted | fcntl.LOCK_NB), in_child(other)]
    copy = os.dup(mine)
    os.close(mine)
    seen.append(in_child(other))
    os.close(copy)
    return seen + [in_child(other)]


def deadlock():
    fd = opened("n", os.O_RDWR)
    record_lock(fd, fcntl.F_SETLK, fcntl.F_WRLCK, 0, 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        other = opened("n", os.O_RDWR)
        record_lock(other, fcntl.F_SETLK, fcntl.F_WRLCK, 5, 1)
        os.write(writer, b"x")
        record_lock(other, fcntl.F_SETLKW, fcntl.F_WRLCK, 0, 1)
        os._exit(0)
    os.read(reader, 1)
    time.sleep(0.05)
    seen = outcome(record_lock, fd, fcntl.F_SETLKW, fcntl.F_WRLCK, 5, 1)
    os.close(fd)
    return seen, os.waitpid(child, 0)[1]


def lease(fd, kind):
    return fcntl.fcntl(fd, fcntl.F_SETLEASE, kind), fcntl.fcntl(fd, fcntl.F_GETLEASE)


def breaks_lease():
    fd = opened("n", os.O_RDONLY)
    told = []
    signal.signal(signal.SIGIO, lambda *_: told.append(1))
    granted = outcome(fcntl.fcntl, fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    status = in_child(lambda: os.close(opened("n", os.O_WRONLY | os.O_NONBLOCK)))
    time.sleep(0.05)
    return granted, status, told


# MARK: Space, copies and ioctls

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


def digest(name):
    data = contents(name)
    return len(data), hash_of(data)


def hash_of(data):
    import zlib
    return zlib.crc32(data)


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


def copy(source, target, start, to, count, read=os.O_RDONLY, change=os.O_RDWR):
    first, second = os.open(source, read), os.open(target, change)
    total = 0
    while count > 0:
        done = os.copy_file_range(first, second, count, start + total, to + total)
        if done == 0:
            break
        total, count = total + done, count - done
    return total


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
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, get_flags, bytes(8)),
             limit="ENOTTY")
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, get_more, bytes(28)),
             limit="ENOTTY")
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x5401, bytes(60)))
        call(open_and, name, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x1234, 0))
    call(open_and, "n", os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 0x541B, bytes(4)))
    call(open_and, "n", os.O_RDONLY, lambda fd: fcntl.ioctl(fd, 2, bytes(4)))


# MARK: Limits

def case_edges(call):
    """Offsets and sizes at the edge of 63 bits, and of what the file system can have."""
    call(make, "file", "n")
    # Where the file system's own limit is far below, the kernel knows it of ext4 alone: neither
    # positions nor writes beyond are compared.
    for offset in (LARGEST, LARGEST - 1, LARGEST - PAGE, 1 << 62):
        call(open_and, "n", os.O_RDWR, lambda fd, o=offset: os.pread(fd, 10, o))
        call(open_and, "n", os.O_RDWR, lambda fd, o=offset: os.ftruncate(fd, o))
    call(open_and, "n", os.O_RDWR, seek_over)
    call(os.truncate, "n", 1 << 43)
    call(open_and, "n", os.O_RDWR, lambda fd: os.pwrite(fd, b"end", (1 << 43) - 3))
    call(open_and, "n", os.O_RDWR, lambda fd: os.pread(fd, 10, (1 << 43) - 3))
    call(open_and, "n", os.O_RDWR, lambda fd: os.lseek(fd, -3, os.SEEK_END))
    call(os.truncate, "n", 0)


def seek_over(fd):
    """Beyond the largest position, and before the first."""
    os.lseek(fd, 10, os.SEEK_SET)
    return [outcome(os.lseek, fd, -11, os.SEEK_CUR), outcome(os.lseek, fd, -1, os.SEEK_SET),
            outcome(os.lseek, fd, LARGEST, os.SEEK_CUR), outcome(os.lseek, fd, 0, 9)]


def case_size_limit(call):
    """RLIMIT_FSIZE: SIGXFSZ for whoever does not ignore it, and no byte beyond."""
    call(make, "file", "n")
    for flags in (0, os.O_APPEND, os.O_SYNC):
        for size, offset in ((10, 990), (20, 990), (1, 1000), (1, 5000)):
            call(limited, 1000, lambda f=flags, s=size, o=offset: write("n", b"x" * s, f, o))
        call(os.truncate, "n", 0)
    call(limited, 1000, lambda: os.truncate("n", 1001))
    call(limited, 1000, lambda: fallocate("n", 1, 0, 2000))
    call(write, "m", b"m" * 2000, os.O_CREAT)
    call(limited, 1000, lambda: copy("m", "n", 0, 500, 1000))
    call(limited, 1000, lambda: copy("m", "n", 0, 1500, 100))
    call(limited, 1000, lambda: write("m", b"in", 0, 500))
    call(limited, 1000, lambda: os.truncate("m", 1500))


def limited(size, action):
    """How a process ends that has the limit, and one that ignores the signal."""
    def with_signal(handler):
        def body():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, handler)
            action()
        return in_child(body)
    return with_signal(signal.SIG_DFL), with_signal(signal.SIG_IGN)


# MARK: Objects of other kinds, and events

def case_special(call):
    """FIFOs and sockets work; device nodes are what they are."""
    call(through_fifo, "fifo")
    call(os.mkfifo, "fifo", 0o666)
    call(open_and, "fifo", os.O_WRONLY)
    call(through_socket, "socket")
    call(through_socket, "socket")
    call(os.unlink, "socket")
    call(datagram, "socket")
    call(os.mknod, "whiteout", stat.S_IFCHR, 0)
    call(os.mknod, "null", stat.S_IFCHR | 0o666, os.makedev(1, 3), user=ANN)
    call(os.mknod, "file", stat.S_IFREG | 0o666)
    call(os.mknod, "d", stat.S_IFDIR | 0o755)


def through_fifo(name):
    os.mkfifo(name)
    reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(name, os.O_WRONLY)
    os.write(writer, b"through")
    # Its times do not move with what goes through it in FUSE.
    os.unlink(name)
    return os.read(reader, 20), outcome(os.lseek, reader, 0, 0)


def through_socket(name):
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen(1)
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    client.sendall(b"hello")
    peer, _ = server.accept()
    return peer.recv(9), outcome(os.open, name, os.O_RDONLY)


def datagram(name):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(name)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.sendto(b"gram", name)
    os.rename(name, name + "2")
    client.sendto(b"again", name + "2")
    return server.recv(9), server.recv(9), outcome(client.sendto, b"x", name)


def case_events(call):
    """What inotify(7) tells of a directory, its files, and what happens to them."""
    call(make, "directory", "d")
    for action in (lambda: make("file", "d/n"), lambda: write("d/n", b"text"),
                   lambda: contents("d/n"), lambda: os.chmod("d/n", 0o600),
                   lambda: os.truncate("d/n", 2), lambda: os.rename("d/n", "d/m"),
                   lambda: os.rename("d/m", "x"), lambda: os.rename("x", "d/n"),
                   lambda: os.link("d/n", "d/o"), lambda: os.unlink("d/o"),
                   lambda: os.symlink("t", "d/s"), lambda: os.mkdir("d/e"),
                   lambda: os.rmdir("d/e"), lambda: os.setxattr("d/n", "user.a", b"x"),
                   lambda: write("d/n", b"", os.O_TRUNC), lambda: store_text("d/n"),
                   lambda: fallocate("d/n", 0, 0, 100), lambda: os.utime("d/n"),
                   lambda: os.listdir("d"), lambda: os.unlink("d/n")):
        call(events, "d", action)
    call(write, "d/n", b"text", os.O_CREAT)
    call(events, "d/n", lambda: os.unlink("d/n"))
    call(os.unlink, "d/s")
    call(events, "d", lambda: os.rmdir("d"))


def store_text(name):
    return write(name, b"text" * 2000, os.O_APPEND)


def events(name, action):
    fd = check(LIBC.inotify_init1(os.O_NONBLOCK))
    check(LIBC.inotify_add_watch(fd, name.encode(), 0xFFF))
    action()
    seen = []
    data = os.read(fd, 65536) if select.select([fd], [], [], 0)[0] else b""
    while data:
        _, mask, _, length = struct.unpack("iIII", data[:16])
        # A directory that another process had from this one may be closed at any time.
        if mask != 0x40000010:
            seen.append((hex(mask), data[16:16 + length].rstrip(b"\0")))
        data = data[16 + length:]
    return seen


# MARK: Transfers and mappings

def case_transfers(call):
    """sendfile(2), splice(2), vmsplice(2), tee(2), and vectors."""
    call(write, "a", bytes(range(256)) * 400, os.O_CREAT)
    call(sendfile_between, "a", "b")
    call(digest, "b")
    call(splice_between, "a", "c")
    call(digest, "c")
    call(vmsplice_into, "v")
    call(contents, "v")
    call(vectors, "w")
    call(splice_append, "w")
    for advice in (0, 1, 2, 3, 4, 5, 9):
        call(open_and, "a", os.O_RDONLY, lambda fd, a=advice: os.posix_fadvise(fd, 0, 0, a))
    call(open_and, "a", os.O_RDONLY, lambda fd: check(LIBC.readahead(fd, ctypes.c_long(0), 99)))


def sendfile_between(source, target):
    first, second = opened(source, os.O_RDONLY), opened(target)
    reader, writer = os.pipe()
    seen = [os.sendfile(second, first, 0, 102_400), os.sendfile(second, first, 102_400, 5),
            os.sendfile(writer, first, 1000, 2000), hash_of(os.read(reader, 4000)),
            os.lseek(first, 0, os.SEEK_CUR), os.lseek(second, 0, os.SEEK_CUR)]
    os.close(second)
    return seen + [outcome(os.sendfile, opened(target, os.O_WRONLY | os.O_APPEND), first, 0, 5)]


def splice_between(source, target):
    first, second = opened(source, os.O_RDONLY), opened(target)
    reader, writer = os.pipe()
    total = 0
    while True:
        count = os.splice(first, writer, 65_536)
        if count == 0:
            break
        while count > 0:
            done = os.splice(reader, second, count)
            total, count = total + done, count - done
    return total, outcome(os.splice, first, second, 10), outcome(os.splice, first, writer, 9, -1)


def vmsplice_into(name):
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    memory = ctypes.create_string_buffer(b"vm" * 3000, 6000)
    reader, writer = os.pipe()
    vector = Vector(ctypes.addressof(memory), 6000)
    given = check(LIBC.vmsplice(writer, ctypes.byref(vector), 1, 0))
    copy_reader, copy_writer = os.pipe()
    copied = check(LIBC.tee(reader, copy_writer, 6000, 0))
    return given, copied, os.splice(reader, opened(name), 6000), len(os.read(copy_reader, 6000))


def vectors(name):
    fd = opened(name)
    parts = [bytes([65 + n % 26]) * n for n in range(200)]
    seen = [os.writev(fd, parts), os.pwritev(fd, [b"12", b"", b"345"], 10_000)]
    memory = [bytearray(7), bytearray(5000), bytearray(1)]
    return seen + [os.preadv(fd, memory, 9_990), [hash_of(m) for m in memory],
                   os.preadv(fd, memory, 1 << 20), outcome(os.preadv, fd, memory, -5)]


def splice_append(name):
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    return os.splice(reader, opened(name, os.O_WRONLY | os.O_APPEND), 3)


def case_mappings(call):
    """Shared mappings see writes and cuts, and are seen; beyond the end is SIGBUS."""
    call(write, "n", b"a" * 3 * PAGE, os.O_CREAT)
    call(mapped_and_written, "n")
    call(mapped_and_cut, "n")
    for size, at in ((0, 0), (100, 50), (100, PAGE), (PAGE, PAGE - 1), (PAGE + 1, PAGE),
                     (PAGE + 1, 2 * PAGE)):
        for access in (load_after, store_after):
            call(write, "n", b"a" * 3 * PAGE)
            call(access, "n", size, at)
    call(os.truncate, "n", 3 * PAGE)
    call(tail_of_mapping, "n")
    for flags, protection in ((os.O_RDONLY, 2), (os.O_WRONLY, 1), (os.O_WRONLY, 2), (os.O_RDWR, 3)):
        for kind in (1, 2, 3):
            call(lambda f=flags, p=protection, k=kind: open_and(
                "n", f, lambda fd: try_map(fd, p, k)))
    call(open_and, ".", os.O_RDONLY, lambda fd: try_map(fd, 1, 1))
    call(os.truncate, "n", PAGE)
    call(mapped_after_close, "n")
    call(contents, "n")
    call(private_mapping, "n")
    call(contents, "n")


def mapped_and_written(name):
    fd = opened(name)
    with mmap.mmap(fd, 3 * PAGE) as view:
        view[PAGE:PAGE + 3] = b"map"
        seen = [os.pread(fd, 5, PAGE - 1)]
        os.pwrite(fd, b"written", PAGE + 1)
        seen.append(view[PAGE:PAGE + 9])
        other = opened(name, os.O_RDWR | os.O_DIRECT)
        memory = aligned(bytes(PAGE))
        view[5:8] = b"map"
        os.preadv(other, [memory], 0)
        view.flush()
        return seen + [bytes(memory[4:9])]


def mapped_and_cut(name):
    fd = opened(name)
    with mmap.mmap(fd, 3 * PAGE) as view:
        view[0:9] = b"x" * 9
        os.ftruncate(fd, 5)
        os.ftruncate(fd, 3 * PAGE)
        return view[0:9], view[2 * PAGE:2 * PAGE + 4], os.pread(fd, 9, 0)


def load_after(name, size, at):
    """How a process ends that loads from a mapping after a cut."""
    def body():
        fd = opened(name)
        view = mmap.mmap(fd, 3 * PAGE)
        os.ftruncate(fd, size)
        return view[at]
    return in_child(body)


def store_after(name, size, at):
    def body():
        fd = opened(name)
        view = mmap.mmap(fd, 3 * PAGE)
        os.ftruncate(fd, size)
        view[at] = 7
        return os.fstat(fd).st_size == size
    return in_child(body), contents(name)[:2]


def tail_of_mapping(name):
    """Bytes behind the end of a file do not become part of it."""
    fd = opened(name)
    os.ftruncate(fd, 100)
    with mmap.mmap(fd, 100) as view:
        address = ctypes.addressof(ctypes.c_char.from_buffer(view))
        ctypes.memset(address + 200, 88, 100)
        os.fsync(fd)
        os.ftruncate(fd, 400)
        found = os.pread(fd, 400, 0)
        ctypes.memset(address, 65, 1)
    return hash_of(found)


def try_map(fd, protection, kind):
    LIBC.mmap.restype = ctypes.c_ssize_t
    return check(LIBC.mmap(None, 100, protection, kind, fd, ctypes.c_long(0))) > 0


def mapped_after_close(name):
    fd = opened(name)
    view = mmap.mmap(fd, PAGE)
    os.close(fd)
    view[0:6] = b"closed"
    view.close()
    return contents(name)[:8]


def private_mapping(name):
    fd = opened(name)
    with mmap.mmap(fd, PAGE, mmap.MAP_PRIVATE) as view:
        view[0:4] = b"mine"
        os.pwrite(fd, b"theirs", PAGE - 6)
        return view[0:4], view[PAGE - 6:], os.pread(fd, 4, 0)


# MARK: Descriptors without a way back

def case_descriptors(call):
    """O_PATH, /proc/self/fd, AT_EMPTY_PATH, and what has no name any more."""
    for kind in KINDS:
        call(make, kind, "n")
        call(path_descriptor, "n")
        call(outlived, "n")
    call(write, "n", b"text", os.O_CREAT)
    call(link_again, "n", "m")
    call(link_descriptor, "n", "o")
    call(write, "gone", b"gone", os.O_CREAT)
    call(link_unlinked, "gone", "p")
    call(open_and, "m", os.O_RDONLY, lambda fd: open_and("/proc/self/fd/%d" % fd, os.O_RDWR))


def path_descriptor(name):
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW)
    status = os.fstat(fd)
    return [stat.S_IFMT(status.st_mode), status.st_nlink, outcome(os.read, fd, 1),
            outcome(os.fchmod, fd, 0o600), outcome(os.fsync, fd), outcome(os.ftruncate, fd, 0),
            outcome(lambda: check(LIBC.fchownat(fd, b"", 65534, 65534, AT_EMPTY_PATH))),
            outcome(lambda: os.getxattr("/proc/self/fd/%d" % fd, "user.none"))
            if not stat.S_ISLNK(status.st_mode) else None]


def outlived(name):
    """A descriptor of what was removed."""
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW)
    is_directory = stat.S_ISDIR(os.fstat(fd).st_mode)
    remove(name)
    status = os.fstat(fd)
    return [status.st_nlink, stat.S_IFMT(status.st_mode), status.st_size if not is_directory else 0,
            outcome(lambda: check(LIBC.fchownat(fd, b"", 65533, -1, AT_EMPTY_PATH))),
            os.fstat(fd).st_uid, os.readlink("/proc/self/fd/%d" % fd).endswith("n (deleted)")]


def link_again(old, new):
    fd = os.open(old, os.O_PATH)
    return outcome(lambda: check(LIBC.linkat(fd, b"", AT_FDCWD, new.encode(), AT_EMPTY_PATH)))


def link_descriptor(old, new):
    fd = os.open(old, os.O_RDWR)
    way = b"/proc/self/fd/%d" % fd
    return outcome(lambda: check(LIBC.linkat(AT_FDCWD, way, AT_FDCWD, new.encode(), 0x400)))


def link_unlinked(name, new):
    """What has lost its last name does not get one again."""
    fd = os.open(name, os.O_RDWR)
    os.unlink(name)
    return outcome(lambda: check(LIBC.linkat(fd, b"", AT_FDCWD, new.encode(), AT_EMPTY_PATH)))


def case_handles(call):
    """name_to_handle_at(2) and back."""
    call(write, "n", b"text", os.O_CREAT)
    call(make, "directory", "d")
    for name in ("n", "d"):
        call(by_handle, name, lambda: None)
    call(by_handle, "n", lambda: os.rename("n", "m"))
    call(by_handle, "m", lambda: os.unlink("m"))
    call(by_handle, "d", lambda: os.rmdir("d"))
    call(write, "n", b"text", os.O_CREAT)
    call(by_handle, "n", lambda: None, user=ANN)
    call(os.symlink, "n", "s")
    call(by_handle, "s", lambda: None)


class FileHandle(ctypes.Structure):
    """struct file_handle, with room for the longest."""

    _fields_ = [("size", ctypes.c_uint), ("type", ctypes.c_int), ("bytes", ctypes.c_ubyte * 128)]


def by_handle(name, between):
    """What the handle of a name opens, after something happened."""
    handle, mount = FileHandle(size=128), ctypes.c_int()
    check(LIBC.name_to_handle_at(AT_FDCWD, name.encode(), ctypes.byref(handle),
                                 ctypes.byref(mount), 0))
    between()
    here = os.open(".", os.O_RDONLY)
    fd = outcome(lambda: check(LIBC.open_by_handle_at(here, ctypes.byref(handle), os.O_PATH)))
    if isinstance(fd, str):
        return fd
    status = os.fstat(fd)
    return stat.S_IFMT(status.st_mode), os.readlink("/proc/self/fd/%d" % fd).split("/")[-1]


# MARK: Names and directories

def case_bytes(call):
    """Names of any bytes, and of as many as a name may have."""
    call(make, "directory", "d")
    every = [bytes([b]) for b in range(1, 256) if b not in b"/."]
    call(make_and_list, b"d", every)
    call(make_and_list, b"d", [b"\xff" * 255, b"\xc3" * 254, b" ", b"\n", b"..." + b"\x01" * 252,
                               "\u00e4".encode() * 127, b"a\xcc\x88", "\u00e4".encode()])
    call(open_and, b"d/" + b"\xff" * 256, os.O_CREAT | os.O_RDWR)
    call(os.mkdir, b"d/" + b"\xff" * 256)
    call(os.mkdir, b"d/\xfe\xff")
    call(os.rename, b"d/\xfe\xff", b"d/\xff\xfe")
    call(os.symlink, b"\xff\xfe\n", b"d/s")
    call(os.readlink, b"d/s")


def make_and_list(folder, names):
    for name in names:
        os.close(os.open(folder + b"/" + name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    found = sorted(os.listdir(folder)) == sorted(names)
    sizes = [os.stat(folder + b"/" + name).st_size for name in names]
    for name in names:
        os.unlink(folder + b"/" + name)
    return found, sum(sizes), os.listdir(folder)


def case_directories(call):
    """Reading a directory while it changes, going back in it, and directories that are gone."""
    call(make, "directory", "d")
    call(read_while_removing, "d", 700)
    call(seek_in_directory, "d", 700)
    call(read_while_making, "d")
    call(rewinds, "d")
    call(cwd_removed, "d")
    call(make, "directory", "d")
    call(cwd_renamed, "d", "e")
    call(cwd_parent_removed, "e")
    call(lambda: open_and(".", os.O_RDONLY, lambda fd: os.read(fd, 1)))


LIBC.opendir.restype = LIBC.readdir.restype = ctypes.c_void_p
LIBC.telldir.restype = ctypes.c_long
LIBC.telldir.argtypes = LIBC.readdir.argtypes = [ctypes.c_void_p]
LIBC.rewinddir.argtypes = LIBC.closedir.argtypes = [ctypes.c_void_p]
LIBC.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


def next_name(stream):
    entry = LIBC.readdir(stream)
    return ctypes.string_at(entry + 19) if entry else None


def rest(stream):
    names = []
    while True:
        name = next_name(stream)
        if name is None:
            return names
        names.append(name)


def fill(folder, count, prefix="f"):
    for index in range(count):
        make("file", "%s/%s%04d" % (folder, prefix, index))


def empty(folder):
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


def read_while_removing(folder, count):
    """Removes each name as it is read: every name comes once, and the directory is empty."""
    fill(folder, count)
    stream = LIBC.opendir(folder.encode())
    seen = []
    while True:
        name = next_name(stream)
        if name is None:
            break
        if name not in (b".", b".."):
            seen.append(name)
            os.unlink(folder.encode() + b"/" + name)
    LIBC.closedir(stream)
    return len(seen), len(set(seen)), os.listdir(folder)


def seek_in_directory(folder, count):
    """Goes back to places after others were removed: from each the same names come, less those."""
    fill(folder, count)
    stream = LIBC.opendir(folder.encode())
    places, order = [], []
    while True:
        places.append(LIBC.telldir(stream))
        name = next_name(stream)
        if name is None:
            break
        order.append(name)
    gone = set(n for n in order[::3] if n not in (b".", b".."))
    for name in gone:
        os.unlink(folder.encode() + b"/" + name)
    right = []
    for at in (0, 1, 5, 333, count // 2, count, count + 2):
        LIBC.seekdir(stream, places[at])
        right.append([n for n in rest(stream) if n not in gone]
                     == [n for n in order[at:] if n not in gone])
    LIBC.closedir(stream)
    empty(folder)
    return right, len(order), len(set(places))


def read_while_making(folder):
    """Names that were there all the time come once, whatever is made meanwhile."""
    fill(folder, 300)
    stream = LIBC.opendir(folder.encode())
    seen = [next_name(stream) for _ in range(50)]
    fill(folder, 300, "g")
    seen += rest(stream)
    LIBC.closedir(stream)
    old = [n for n in seen if n.startswith(b"f")]
    empty(folder)
    return len(old), len(set(old)), len(seen) == len(set(seen))


def rewinds(folder):
    """rewinddir(3) shows what was made since."""
    fill(folder, 3)
    stream = LIBC.opendir(folder.encode())
    first = sorted(rest(stream))
    make("file", folder + "/new")
    os.unlink(folder + "/f0001")
    LIBC.rewinddir(stream)
    second = sorted(rest(stream))
    LIBC.closedir(stream)
    empty(folder)
    return first, second


def cwd_removed(folder):
    os.chdir(folder)
    os.rmdir("../" + folder)
    return [outcome(os.getcwd), outcome(os.listdir, "."), outcome(make, "file", "n"),
            outcome(os.mkdir, "e"), outcome(os.stat, "n"), os.stat(".").st_nlink,
            outcome(os.symlink, "t", "s"), outcome(lambda: os.stat("..").st_nlink > 0),
            outcome(os.rename, "../none", "n"), outcome(os.rmdir, ".")]


def cwd_renamed(old, new):
    os.chdir(old)
    before = os.path.basename(os.getcwd())
    os.rename("../" + old, "../" + new)
    return before, os.path.basename(os.getcwd()), os.listdir(".")


def cwd_parent_removed(folder):
    os.makedirs(folder + "/in/deep")
    os.chdir(folder + "/in/deep")
    os.rename("../../in", "../../out")
    seen = [os.getcwd().split("/")[-3:]]
    os.rmdir("../../out/deep")
    os.rmdir(os.path.join("..", "..", "out")) if outcome(os.stat, "..") != "ENOENT" else None
    return seen, outcome(os.getcwd), outcome(os.listdir, "..")


def case_flags(call):
    """renameat2(2): NOREPLACE, EXCHANGE and WHITEOUT, alone and together."""
    for flags in (1, 2, 4, 3, 5, 6, 8):
        call(write, "a", b"a", os.O_CREAT)
        call(renameat2, "a", "b", flags)
        for name in ("a", "b"):
            call(lambda n=name: remove(n) if os.path.lexists(n) else None)
            call(write, name, name.encode(), os.O_CREAT)
        call(renameat2, "a", "b", flags)
        call(outcomes_of, "a", "b")
        for name in ("a", "b"):
            call(lambda n=name: remove(n) if os.path.lexists(n) else None)
    call(make, "directory", "a")
    call(make, "file", "a/n")
    call(renameat2, "a", "a/n", 2)
    call(renameat2, "a", "none", 2)
    call(write, "b", b"b", os.O_CREAT)
    call(renameat2, "a", "b", 2)
    call(contents, "a")


def outcomes_of(*names):
    return [outcome(lambda n=n: (stat.S_IFMT(os.stat(n).st_mode), os.stat(n).st_size))
            for n in names]


def case_threads(call):
    """What one process does in several threads: file positions are shared, writes do not mix."""
    call(positions_by_threads, "n")


def positions_by_threads(name):
    fd = opened(name)

    def append(letter):
        for _ in range(50):
            os.write(fd, letter * 100)
    threads = [threading.Thread(target=append, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = contents(name)
    parts = [data[at:at + 100] for at in range(0, len(data), 100)]
    return len(data), all(len(set(part)) == 1 for part in parts)
