"""Cases of what makes, moves and removes names.

Method: every call that takes a name with every name that is wrong in a way of its own, and links,
renames and removals of every kind of object, in directories of several owners and modes.
"""

import os
import stat

from calls import (ANN, ANN_WITH_GROUPS, AT_FDCWD, KINDS, LIBC, ROOT, check, contents, make,
                   open_and, remove, renameat2, touch, write)

AT_SYMLINK_FOLLOW = 0x400
LONGEST_NAME = "n" * 255


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
