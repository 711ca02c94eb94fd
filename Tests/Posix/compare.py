#!/usr/bin/env python3
"""Runs the same calls in two directories and compares result, errno and side effects, call by call.

usage: compare.py ORDINARY OTHER [CASE...|names|interface]

Goal: what a program can see of the calls of POSIX is in OTHER, a mount, as it is in ORDINARY, a
directory of the file system underneath. Method: each case is a list of calls by several users;
after each call every object of the case is looked at. What ORDINARY does is right by definition, so
no expectation is written down anywhere. Root becomes the users; anybody else makes as himself what
root would make, and leaves out the calls of others.

Access times are left out, and with them reads: a FUSE file system is not told of those that the
kernel answers. Prints the first difference of each case; exits with 1 if there is one.
"""

import ctypes
import errno
import mmap
import os
import resource
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time

# A little longer than a tick of the clock by which the kernel stamps files.
TICK = time.clock_getres(5) + 0.001
NOW = time.time_ns()
IS_ROOT = os.geteuid() == 0

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
AT_SYMLINK_FOLLOW = 0x400

# Who calls: user, group, further groups.
ROOT = (0, 0, [])
ANN = (65534, 65534, [])
BEN = (65533, 65533, [])
ANN_WITH_GROUPS = (65534, 65532, [65533, 65531])

KINDS = ["file", "directory", "fifo", "block", "character", "socket", "link"]
LONGEST_NAME = "n" * 255


def check(result):
    """The result of a call of libc, or its errno as an exception."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


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


def write(name, data, flags=0, offset=None):
    def put(fd):
        return os.write(fd, data) if offset is None else os.pwrite(fd, data, offset)
    return open_and(name, os.O_WRONLY | flags, put)


def contents(name):
    return open_and(name, os.O_RDONLY, lambda fd: os.read(fd, 1 << 20))


def fallocate(name, mode, offset, length):
    def allocate(fd):
        return check(LIBC.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)))
    return open_and(name, os.O_RDWR, allocate)


def renameat2(old, new, flags):
    return check(LIBC.renameat2(AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), flags))


def utimens(name, access, modification, follows=True):
    os.utime(name, ns=(access, modification), follow_symlinks=follows)


def touch(name):
    os.utime(name)


def set_list(name, owner, group, other, entry=None):
    """An access control list as the kernel takes it, with an entry for one user perhaps."""
    entries = [(1, owner, -1), (4, group, -1), (32, other, -1)]
    if entry:
        entries[1:1] = [(2, entry[1], entry[0])]
        entries.insert(-1, (16, group | entry[1], -1))
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
    os.setxattr(name, "system.posix_acl_access", value)


def run(name):
    """What a program of this name does; errno if it cannot be run."""
    return subprocess.run([name, "0"], check=False).returncode


def with_limit(size, action):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return action()


class Side:
    """One of the two directories, and what was seen of each call in it."""

    def __init__(self, directory, is_ordinary):
        self.directory = directory
        self.is_ordinary = is_ordinary
        self.trace = []
        self.seen = {}

    def call(self, function, *arguments, user=ROOT, umask=0o022, limit=None, **options):
        """Makes a call as `user` in a process of its own, and notes what it did.

        With a limit of FUSE itself, what is right is that the call gives `limit`.
        """
        if limit and self.is_ordinary:
            self.note(function, arguments, user, limit)
            return
        if not IS_ROOT and user != ROOT:
            return
        time.sleep(TICK)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.chdir(self.directory)
                if IS_ROOT:
                    os.setgroups(user[2])
                    os.setresgid(user[1], user[1], user[1])
                    os.setresuid(user[0], user[0], user[0])
                os.umask(umask)
                outcome = repr(function(*arguments, **options))
            except OSError as error:
                outcome = errno.errorcode.get(error.errno, str(error.errno))
            except BaseException as error:  # noqa: B902: a mistake in a case must not pass
                outcome = "mistake: %r" % error
            os.write(writer, outcome.encode()[:4000])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            outcome = pipe.read().decode()
        os.waitpid(child, 0)
        self.note(function, arguments, user, outcome)

    def note(self, function, arguments, user, outcome):
        called = getattr(function, "__name__", "?")
        words = [called] + [repr(a) if not callable(a) else "..." for a in arguments]
        self.trace.append(("%s as %d" % (" ".join(words)[:200], user[0]), outcome, self.effects()))

    def effects(self):
        """What there is now, and whose times have moved since the last call."""
        found = {}
        for folder, folders, files in os.walk(self.directory):
            for name in folders + files + ([""] if folder == self.directory else []):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.directory)[-300:]] = os.lstat(path), path
        effects = []
        for name, (status, path) in sorted(found.items()):
            # A directory's size tells what was in it once.
            size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
            target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
            old = self.seen.get(name)
            moved = [field for field in ("st_mtime_ns", "st_ctime_ns")
                     if old is None or getattr(old, field) != getattr(status, field)]
            effects.append((name, oct(status.st_mode), status.st_uid, status.st_gid,
                            status.st_nlink, size, status.st_rdev, target, moved))
        self.seen = {name: status for name, (status, _) in found.items()}
        return effects


# MARK: The cases. Each is called with a function that makes one call.

def case_chmod(call):
    for kind in KINDS:
        call(make, kind, "n")
        for mode in (0o111, 0o7777, 0o2755, 0o640):
            call(os.chmod, "n", mode)
        call(os.chown, "n", 65534, 65533, follow_symlinks=False)
        call(os.chmod, "n", 0o600, user=ANN)
        call(os.chmod, "n", 0o600, user=BEN)
        # Setgid of a group that one is not in; sticky of what is no directory.
        call(os.chmod, "n", 0o2755, user=ANN)
        call(os.chmod, "n", 0o2755, user=ANN_WITH_GROUPS)
        call(os.chmod, "n", 0o1755, user=ANN)
        call(remove, "n")
    call(os.chmod, "none", 0o644)
    call(os.chmod, "none/none", 0o644)


def case_chown(call):
    for kind in KINDS:
        call(make, kind, "n")
        for owner, group in ((65534, 65533), (-1, 65531), (65533, -1), (-1, -1), (65534, 65533)):
            call(os.chown, "n", owner, group, follow_symlinks=False)
        for user in (ANN, BEN, ANN_WITH_GROUPS):
            if kind != "link":
                call(os.chmod, "n", 0o6755)
            for owner, group in ((65534, 65531), (65534, 65533), (-1, 65530), (65533, -1),
                                 (-1, -1)):
                call(os.chown, "n", owner, group, user=user, follow_symlinks=False)
        call(remove, "n")
    for mode in (0o6755, 0o6644, 0o2755, 0o4711):
        call(make, "file", "n")
        call(os.chown, "n", 65534, 65533)
        call(os.chmod, "n", mode)
        call(os.chown, "n", -1, 65531, user=ANN_WITH_GROUPS)
        call(os.chmod, "n", mode)
        call(os.chown, "n", -1, 65530)
        call(remove, "n")
    call(os.symlink, "target", "s")
    call(make, "file", "target")
    call(os.chown, "s", 65534, 65534)
    call(os.chown, "s", 65533, 65533, follow_symlinks=False)


def case_create(call):
    """Owner, group and mode of what is new, with umask, setgid directories and default ACLs."""
    call(os.chmod, ".", 0o777)
    for kind in KINDS:
        for umask in (0, 0o022, 0o077, 0o777):
            for user in (ROOT, ANN, ANN_WITH_GROUPS):
                call(make, kind, "n", 0o6777, user=user, umask=umask)
                call(make, kind, "n", user=user)
                call(os.unlink if kind != "directory" else os.rmdir, "n", user=user)
    call(make, "directory", "g")
    call(os.chown, "g", 0, 65531)
    call(os.chmod, "g", 0o2777)
    for kind in KINDS:
        call(make, kind, "g/n", 0o2775, user=ANN)
        call(remove, "g/n")
        call(make, kind, "g/n", 0o2775, user=ANN_WITH_GROUPS)
        call(remove, "g/n")
    call(set_default_list, "g")
    for kind in KINDS:
        call(make, kind, "g/n", 0o777, user=ANN, umask=0o077)
        call(acl_of, "g/n")
        call(remove, "g/n")
    call(os.chmod, ".", 0o755)
    for kind in KINDS:
        call(make, kind, "n", user=ANN)


def set_default_list(name):
    entries = [(1, 7, -1), (2, 5, 65533), (4, 5, -1), (16, 5, -1), (32, 1, -1)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
    os.setxattr(name, "system.posix_acl_default", value)


def acl_of(name):
    return os.getxattr(name, "system.posix_acl_access", follow_symlinks=False)


def case_lists(call):
    """Access control lists: who may, and what they do to mode and setgid."""
    for kind in ("file", "directory"):
        call(make, kind, "n")
        call(os.chown, "n", 65534, 65533)
        for user in (ROOT, ANN, ANN_WITH_GROUPS, BEN):
            call(os.chmod, "n", 0o2755)
            call(set_list, "n", 7, 7, 5, user=user)
            call(set_list, "n", 6, 4, 0, (65533, 6), user=user)
            call(os.access, "n", os.W_OK, user=BEN)
            call(acl_of, "n", user=user)
            call(os.chmod, "n", 0o700, user=user)
            call(os.access, "n", os.R_OK, user=BEN)
        call(os.removexattr, "n", "system.posix_acl_access", user=BEN)
        call(os.removexattr, "n", "system.posix_acl_access", user=ANN)
        call(acl_of, "n")
        call(remove, "n")


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


def case_names(call):
    """ENAMETOOLONG, ELOOP, ENOTDIR, ENOENT and EACCES of every call that takes a name."""
    call(make, "file", "file")
    call(make, "directory", "closed", 0o700)
    call(make, "file", "closed/file")
    call(make, "directory", "sealed", 0o555)
    call(make, "file", "sealed/file", 0o666)
    call(os.symlink, "a", "b")
    call(os.symlink, "b", "a")
    deep = "/".join(["d" * 255] * 16)
    for name in (LONGEST_NAME, LONGEST_NAME + "n", deep, "file/x", "none/x", "a", "a/x",
                 "closed/file", "closed/new", "sealed/file", "sealed/new", "", ".", "..", "file/",
                 "new/"):
        for user in (ROOT, ANN) if "/" in name else (ANN,):
            for function, *rest in (
                    (lambda n: open_and(n, os.O_RDONLY),), (os.mkdir, 0o755), (os.rmdir,),
                    (os.mkfifo, 0o644), (lambda n: os.symlink("target", n),), (os.unlink,),
                    (lambda n: open_and(n, os.O_CREAT | os.O_RDWR),), (os.unlink,),
                    (lambda n: os.link("file", n),), (os.unlink,),
                    (lambda n: os.rename("file", n),), (lambda n: os.rename(n, "file"),),
                    (os.chmod, 0o644), (os.chown, 0, 0), (os.truncate, 0), (touch,),
                    (lambda n: stat.S_IFMT(os.stat(n).st_mode),), (os.readlink,), (os.access, 0)):
                # Whether the sticky and the world's directory allow it is not the point here.
                if name == ".." and function in (os.chmod, os.chown, touch):
                    continue
                call(function, name, *rest, user=user)


def case_link(call):
    call(os.chmod, ".", 0o777)
    for kind in KINDS:
        call(make, kind, "n")
        call(os.link, "n", "m", follow_symlinks=False)
        call(os.link, "n", "m", follow_symlinks=False)
        call(os.chown, "m", 65534, -1, follow_symlinks=False)
        call(os.link, "m", "o", follow_symlinks=False, user=ANN)
        call(os.unlink, "n")
        call(remove, "m" if kind != "directory" else "n")
        call(os.unlink, "o")
    call(make, "file", "n")
    call(os.link, "n", "/dev/shm/vmofs-posix")
    call(os.link, "none", "m")
    call(open_and, "n", os.O_RDWR, unlinked)


def unlinked(fd):
    """A file without a name goes on for who has it open."""
    os.unlink("n")
    os.write(fd, b"text")
    os.ftruncate(fd, 3)
    os.fchmod(fd, 0o600)
    status = os.fstat(fd)
    return os.pread(fd, 9, 0), status.st_nlink, status.st_size, oct(status.st_mode)


def case_unnamed(call):
    """O_TMPFILE: who may, whose it is, and who can give it a name."""
    call(os.chmod, ".", 0o777)
    call(make, "directory", "setgid")
    call(os.chown, "setgid", 0, 65533)
    call(os.chmod, "setgid", 0o2777)
    call(make, "directory", "sealed", 0o555)
    call(make, "file", "file")
    for directory in (".", "setgid", "sealed", "file", "none"):
        for user in (ROOT, ANN, ANN_WITH_GROUPS):
            for flags in (os.O_RDWR, os.O_WRONLY, os.O_RDONLY, os.O_RDWR | os.O_EXCL):
                call(unnamed, directory, flags, 0o2666, user=user)
                call(unnamed, directory, flags, 0o400, "setgid/n", user=user)
                call(contents, "setgid/n")
                call(os.unlink, "setgid/n")
    call(unnamed, ".", os.O_RDWR, 0o600, "file")


def unnamed(directory, flags, mode, name=None):
    """Makes a file without a name, and gives it one while it is written."""
    fd = os.open(directory, os.O_TMPFILE | flags, mode)
    try:
        links = [os.fstat(fd).st_nlink]
        os.write(fd, b"text")
        if name:
            there = b"/proc/self/fd/%d" % fd
            check(LIBC.linkat(AT_FDCWD, there, AT_FDCWD, name.encode(), AT_SYMLINK_FOLLOW))
            links.append(os.fstat(fd).st_nlink)
        os.write(fd, b" and more")
        status = os.fstat(fd)
        return links, status.st_size, oct(status.st_mode), status.st_uid, status.st_gid
    finally:
        os.close(fd)


def case_rename(call):
    for old in KINDS:
        for new in KINDS:
            call(make, old, "n")
            call(make, new, "m")
            for flags in (1, 2, 0):
                call(renameat2, "n", "m", flags)
            call(remove, "m")
            call(remove, "n")
    call(os.makedirs, "a/b/c")
    for old, new in (("a", "a/b"), ("a", "a/b/d"), ("a/b", "a"), ("a/b/c", "a"), ("a/.", "d"),
                     ("a/b/..", "d"), ("a", "a"), ("none", "d"), ("a", "/dev/shm/vmofs-posix"),
                     ("a/b", "d"), ("d", "a/e")):
        call(os.rename, old, new)
    call(make, "file", "f")
    call(os.link, "f", "g")
    call(os.rename, "f", "g")
    call(write, "a/f", b"x", os.O_CREAT)
    call(os.rename, "g", "a/f")


def case_sticky(call):
    """Who may move and remove in directories of one's own, of others, and with the sticky bit."""
    for mode in (0o777, 0o1777, 0o1775):
        for owner in (0, 65534, 65533):
            call(make, "directory", "d")
            call(os.chown, "d", owner, 65531)
            call(os.chmod, "d", mode)
            for victim in (0, 65534, 65533):
                for kind in ("file", "directory"):
                    call(make, kind, "d/n")
                    call(os.chown, "d/n", victim, -1)
                    call(os.rename, "d/n", "d/m", user=ANN)
                    call(remove, "d/n", user=ANN)
                    call(remove, "d/m", user=ANN_WITH_GROUPS)
                    call(clear, "d")
            call(remove, "d")


def clear(directory):
    for name in os.listdir(directory):
        remove(os.path.join(directory, name))


def case_remove(call):
    call(make, "directory", "d")
    call(make, "file", "d/f")
    for name in ("d", "d/f", ".", "d/.", "d/..", "none"):
        call(os.rmdir, name)
    call(os.unlink, "d")
    call(os.unlink, "d/f")
    call(os.unlink, "d/f")
    call(os.symlink, "d", "s")
    call(os.rmdir, "s")
    call(os.unlink, "s/")
    call(os.rmdir, "d")
    call(os.rmdir, "d")


def case_times(call):
    past, future = 1_000_000_001, 4_000_000_000_123_456_789
    for kind in KINDS:
        call(make, kind, "n")
        for access, modification in ((past, future), (0, 0), (-1_500_000_000, past), (NOW, NOW)):
            call(utimens, "n", access, modification, False)
            call(modification_of, "n")
        if kind != "link":
            call(os.chmod, "n", 0o666)
            for user in (ANN, BEN):
                call(touch, "n", user=user)
                call(utimens, "n", past, past, user=user)
                call(modification_of, "n", user=user)
        call(os.chown, "n", 65534, -1, follow_symlinks=False)
        call(utimens, "n", past, past, False, user=ANN)
        call(modification_of, "n")
        call(remove, "n")
    call(touch, "none")


def modification_of(name):
    modified = os.lstat(name).st_mtime_ns
    # A time of today is another one on each side.
    return modified if abs(modified - NOW) > 600_000_000_000 else "today"


def case_links(call):
    call(os.symlink, "t" * 4095, "long")
    call(os.symlink, "t" * 4096, "longer")
    call(os.symlink, "", "empty")
    call(os.symlink, "x", "long")
    call(os.readlink, "long")
    call(os.readlink, ".")
    for count in (39, 40, 41):
        call(chain, count)
        call(contents, "chain0")


def chain(count):
    """As many symbolic links, each to the next, the last to a file."""
    with open("end", "w", encoding="ascii") as file:
        file.write("end")
    for index in range(count):
        if os.path.islink("chain%d" % index):
            os.unlink("chain%d" % index)
        os.symlink("chain%d" % (index + 1) if index < count - 1 else "end", "chain%d" % index)


def case_programs(call):
    """ETXTBSY, and who may run what."""
    call(copy_program, "p")
    call(run, "./p")
    call(run, "./p", user=ANN)
    call(write_while_running, "p")
    call(run_while_writing, "p")
    call(os.chmod, "p", 0o644)
    call(run, "./p")
    call(os.chmod, "p", 0o700)
    call(run, "./p", user=ANN)


def copy_program(name):
    with open("/bin/sleep", "rb") as program:
        write(name, program.read(), os.O_CREAT)
    os.chmod(name, 0o755)


def write_while_running(name):
    with subprocess.Popen(["./" + name, "60"]) as program:
        try:
            return write(name, b"x")
        finally:
            program.kill()


def run_while_writing(name):
    return open_and(name, os.O_RDWR, lambda fd: run("./" + name))


def case_attributes(call):
    """Extended attributes of every namespace."""
    for kind in KINDS:
        call(make, kind, "n", 0o666)
        for name in ("user.a", "trusted.a", "security.a", "system.a", "nothing.a",
                     "user." + "x" * 250, "user." + "x" * 251):
            for user in (ANN, ROOT):
                for value, flags in ((b"value", 0), (b"v", os.XATTR_CREATE)):
                    call(os.setxattr, "n", name, value, flags, follow_symlinks=False, user=user)
                call(os.getxattr, "n", name, follow_symlinks=False, user=user)
            call(os.removexattr, "n", name, follow_symlinks=False)
        call(remove, "n")


def sync(name):
    """What is dirty goes to the file system underneath."""
    return open_and(name, os.O_RDONLY, os.fsync)


def write_mapped(name):
    def store(fd):
        with mmap.mmap(fd, 0) as view:
            view[10:14] = b"view"
            view.flush()
    return open_and(name, os.O_RDWR, store)


def case_capabilities(call):
    """What takes capabilities, setuid and setgid from a program: writes, not their writeback."""
    name = "security.capability"
    block = mmap.mmap(-1, 4096)
    changes = [
        (os.chmod, "n", 0o6755), (write, "n", b"x"), (write, "n", b"y", os.O_APPEND),
        (write, "n", block, os.O_DIRECT), (write_mapped, "n"), (os.truncate, "n", 5000),
        (os.truncate, "n", 9000), (os.utime, "n", (1, 1)), (fallocate, "n", 0, 0, 20000),
        (fallocate, "n", 3, 4096, 4096), (os.chown, "n", 65534, 65534), (os.rename, "n", "n"),
        (os.setxattr, "n", "user.a", b"value"),
    ]
    for user in (ROOT, ANN):
        for change in changes + ([(os.chown, "n", -1, -1)] if user is ROOT else []):
            call(write, "n", bytes(range(1, 251)) * 40, os.O_CREAT)
            call(os.chmod, "n", 0o6777)
            call(os.setxattr, "n", name, bytes.fromhex("0100000200040000" + "00" * 12))
            call(sync, "n")
            call(os.getxattr, "n", name)
            call(*change, user=user)
            call(os.getxattr, "n", name)
            call(sync, "n")
            call(os.getxattr, "n", name)
            call(remove, "n")


# MARK: -

def run_case(case, directory, is_ordinary):
    """The trace of a case in a new directory."""
    with tempfile.TemporaryDirectory(prefix="posix-", dir=directory) as folder:
        os.chmod(folder, 0o755)
        side = Side(folder, is_ordinary)
        case(side.call)
        return side.trace


def first_difference(ordinary, other):
    for index, (right, wrong) in enumerate(zip(ordinary, other)):
        if right == wrong:
            continue
        lines = ["call %d: %s" % (index + 1, right[0])]
        if right[1] != wrong[1]:
            lines += ["  result  %s" % right[1], "  but is  %s" % wrong[1]]
        lines += ["  effect  %s" % (e,) for e in right[2] if e not in wrong[2]]
        lines += ["  but is  %s" % (e,) for e in wrong[2] if e not in right[2]]
        return "\n".join(lines)
    return None if len(ordinary) == len(other) else "the cases took different ways"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    # It imports from here.
    import interface
    groups = {group: {name[5:]: case for name, case in module.items() if name.startswith("case_")}
              for group, module in (("names", globals()), ("interface", vars(interface)))}
    cases = groups["names"] | groups["interface"]
    wanted = [name for word in sys.argv[3:] or groups for name in groups.get(word, [word])]
    calls = failures = 0
    for name in wanted:
        traces = [None, None]

        def trace(side, case=cases[name], traces=traces):
            traces[side] = run_case(case, sys.argv[1 + side], side == 0)

        # Side by side, since most of the time is waiting for the clock.
        threads = [threading.Thread(target=trace, args=(side,)) for side in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if None in traces:
            sys.exit("%s could not be run" % name)
        mistakes = [call for call in traces[0] if call[1].startswith("mistake")]
        difference = first_difference(*traces) or (str(mistakes[0]) if mistakes else None)
        calls += len(traces[0])
        failures += difference is not None
        print("%-12s %5d calls  %s" % (name, len(traces[0]), difference or "same"), flush=True)
    print("%d calls, %d cases differ" % (calls, failures))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
