"""Cases of data that moves without a buffer of the program: splice(2), mappings and kin.

Method: what one way writes is read by another, on one file and at once; processes that touch what
is no more of a mapping's file are children, and how they end is the result.
"""

import ctypes
import mmap
import os

from calls import (LIBC, PAGE, aligned, check, contents, digest, hash_of, in_child, open_and,
                   opened, outcome, write)


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
