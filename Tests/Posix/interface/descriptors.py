"""Cases of descriptors without a way back: O_PATH, removed objects, file handles.

Method: an object is held by a descriptor or handle while its name is moved or removed, and is then
used by it alone.
"""

import ctypes
import os
import stat

from calls import ANN, AT_FDCWD, KINDS, LIBC, check, make, open_and, outcome, remove, write

AT_EMPTY_PATH = 0x1000


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
