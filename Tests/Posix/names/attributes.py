"""Cases of extended attributes, and of the one that holds a program's capabilities.

Method: every namespace for every kind of object; then everything that may take rights from a
program, with a look at them before and after what is dirty has been written.
"""

import mmap
import os

from calls import ANN, KINDS, ROOT, fallocate, make, open_and, remove, write


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


def case_privileges(call):
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


def sync(name):
    """What is dirty goes to the file system underneath."""
    return open_and(name, os.O_RDONLY, os.fsync)


def write_mapped(name):
    def store(fd):
        with mmap.mmap(fd, 0) as view:
            view[10:14] = b"view"
            view.flush()
    return open_and(name, os.O_RDWR, store)
