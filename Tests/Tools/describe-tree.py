#!/usr/bin/env python3
"""Prints what there is in a tree, one object a line, in the order of its names.

usage: describe-tree.py [--uncached] [--without FACT[,FACT]...] DIRECTORY

A line has the name, then facts as WORD=VALUE: type, mode, uid, gid, links, size, mtime (nanoseconds),
first (for hard links: the first name of the same object), target, device, data (a checksum of the
contents, holes taken as zeros) and one `x:NAME=VALUE` for each extended attribute, ACLs included.
Sparse files cost what their data costs, however large they are. With --uncached the contents do not
come from what the kernel has cached of them, unless that is dirty.
"""

import argparse
import errno
import hashlib
import os
import stat
import sys

BLOCK = 1 << 16
ZEROS = bytes(BLOCK)


def checksum(path, size, is_uncached):
    """Of the blocks that are not zero, and of where they lie: the same however holes are kept."""
    digest = hashlib.sha256(b"%d" % size)
    with open(path, "rb", buffering=0) as file:
        if is_uncached:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        offset = 0
        while offset < size:
            try:
                offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break
            offset -= offset % BLOCK
            block = os.pread(file.fileno(), BLOCK, offset)
            if not block:
                break
            if block != ZEROS[:len(block)]:
                digest.update(b"%d:" % offset + block)
            offset += BLOCK
    return digest.hexdigest()[:32]


def facts(path, name, seen, is_uncached):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    is_directory = kind == stat.S_IFDIR
    yield "type", "%o" % (kind >> 12)
    yield "mode", "%o" % stat.S_IMODE(status.st_mode)
    yield "uid", status.st_uid
    yield "gid", status.st_gid
    yield "links", status.st_nlink
    if not is_directory:
        yield "size", status.st_size
    yield "mtime", status.st_mtime_ns
    if not is_directory and status.st_nlink > 1:
        yield "first", seen.setdefault((status.st_dev, status.st_ino), name)
    if kind == stat.S_IFLNK:
        yield "target", repr(os.readlink(path))
    if kind in (stat.S_IFBLK, stat.S_IFCHR):
        yield "device", status.st_rdev
    if kind == stat.S_IFREG:
        yield "data", checksum(path, status.st_size, is_uncached)
    for attribute in sorted(os.listxattr(path, follow_symlinks=False)):
        value = os.getxattr(path, attribute, follow_symlinks=False)
        yield "x:" + os.fsdecode(attribute), value.hex()


def names(top, name=b"."):
    """The tree's names, a directory before what is in it."""
    yield name
    path = os.path.join(top, name)
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for entry in sorted(os.listdir(path)):
            yield from names(top, os.path.join(name, entry))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uncached", action="store_true")
    parser.add_argument("--without", default="", metavar="FACT[,FACT]...")
    parser.add_argument("directory", type=os.fsencode)
    arguments = parser.parse_args()
    is_uncached = arguments.uncached
    without = set(arguments.without.split(","))
    seen = {}
    sys.setrecursionlimit(10_000)
    for name in names(arguments.directory):
        path = os.path.join(arguments.directory, name)
        words = [f"{word}={value}" for word, value in facts(path, name, seen, is_uncached)
                 if word.split(":")[0] not in without]
        print(repr(name)[2:-1], *words)


if __name__ == "__main__":
    main()
