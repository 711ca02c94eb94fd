"""Cases of open flags: O_APPEND, O_DIRECT, O_SYNC, and flags of single reads and writes.

Method: several descriptors or processes use one file, and each looks at what the others did.
"""

import ctypes
import fcntl
import mmap
import os

from calls import LIBC, PAGE, aligned, check, contents, open_and, opened, write


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


def direct_and_buffered(name):
    buffered = opened(name)
    direct = opened(name, os.O_RDWR | os.O_DIRECT)
    os.pwrite(buffered, b"a" * 10_000, 0)
    memory = aligned(bytes(8192))
    seen = [os.preadv(direct, [memory], 0), bytes(memory[:3])]
    os.pwrite(direct, aligned(b"b" * PAGE), PAGE)
    seen += [os.pread(buffered, 4, PAGE - 2), os.fstat(buffered).st_size]
    os.pwrite(direct, aligned(b"c" * PAGE), 3 * PAGE)
    seen += [os.fstat(buffered).st_size, os.pread(buffered, 3, 10_000),
             os.pread(buffered, 9, 12288)]
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
