"""What cases of more than one topic are made of: users, kinds of objects, calls.

Goal: a case reads as the list of its calls. Everything works in the working directory and as the
user of whoever calls it, and gives what the two sides compare; nothing here is a case.
"""

import ctypes
import errno
import mmap
import os
import stat
import zlib

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
PAGE = 4096
LARGEST = (1 << 63) - 1

# Who calls: user, group, further groups.
ROOT = (0, 0, [])
ANN = (65534, 65534, [])
BEN = (65533, 65533, [])
ANN_WITH_GROUPS = (65534, 65532, [65533, 65531])

KINDS = ["file", "directory", "fifo", "block", "character", "socket", "link"]


def check(result):
    """The result of a call of libc, or its errno as an exception."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


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


def make(kind, name, mode=0o644):
    if kind == "file":
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    elif kind == "directory":
        os.mkdir(name, mode)
    elif kind == "link":
        os.symlink("nowhere", name)
    else:
        types = {"fifo": (stat.S_IFIFO, 0), "socket": (stat.S_IFSOCK, 0),
                 "block": (stat.S_IFBLK, os.makedev(1, 2)),
                 "character": (stat.S_IFCHR, os.makedev(1, 3))}
        os.mknod(name, types[kind][0] | mode, types[kind][1])


def remove(name):
    if stat.S_ISDIR(os.lstat(name).st_mode):
        os.rmdir(name)
    else:
        os.unlink(name)


def open_and(name, flags, action=None, mode=0o644):
    """Opens a file without waiting for anybody, does something with it, closes it."""
    fd = os.open(name, flags | os.O_NONBLOCK, mode)
    try:
        return action(fd) if action else stat.S_IFMT(os.fstat(fd).st_mode)
    finally:
        os.close(fd)


def opened(name, flags=os.O_RDWR | os.O_CREAT, mode=0o644):
    return os.open(name, flags, mode)


def write(name, data, flags=0, offset=None):
    def put(fd):
        return os.write(fd, data) if offset is None else os.pwrite(fd, data, offset)
    return open_and(name, os.O_WRONLY | flags, put)


def contents(name):
    return open_and(name, os.O_RDONLY, lambda fd: os.read(fd, 1 << 20))


def digest(name):
    data = contents(name)
    return len(data), hash_of(data)


def hash_of(data):
    return zlib.crc32(data)


def fallocate(name, mode, offset, length):
    def allocate(fd):
        return check(LIBC.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)))
    return open_and(name, os.O_RDWR, allocate)


def copy(source, target, start, to, count, read=os.O_RDONLY, change=os.O_RDWR):
    first, second = os.open(source, read), os.open(target, change)
    total = 0
    while count > 0:
        done = os.copy_file_range(first, second, count, start + total, to + total)
        if done == 0:
            break
        total, count = total + done, count - done
    return total


def renameat2(old, new, flags):
    return check(LIBC.renameat2(AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), flags))


def touch(name):
    os.utime(name)


def aligned(data):
    """Memory at the start of a page, which direct I/O asks for."""
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory
