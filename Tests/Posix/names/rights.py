"""Cases of modes, owners and access control lists: who may, and what is taken away.

Method: each right is given, changed and used by its owner, by members of groups and by strangers,
for every kind of object.
"""

import os
import struct

from calls import ANN, ANN_WITH_GROUPS, BEN, KINDS, ROOT, make, remove


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


def set_list(name, owner, group, other, entry=None):
    """An access control list as the kernel takes it, with an entry for one user perhaps."""
    entries = [(1, owner, -1), (4, group, -1), (32, other, -1)]
    if entry:
        entries[1:1] = [(2, entry[1], entry[0])]
        entries.insert(-1, (16, group | entry[1], -1))
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
    os.setxattr(name, "system.posix_acl_access", value)
