"""Cases of access control lists: what is inherited, what the mask does, and wrong lists.

Method: lists as the kernel takes them, byte by byte; then what they say and who may do what.
"""

import os
import struct

from calls import ANN, ANN_WITH_GROUPS, BEN, ROOT, make, outcome, remove


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
