#!/usr/bin/env python3
"""Writers of the same files, which truncate and rename them meanwhile, and what must be left.

usage: contend.py DIRECTORY --seed N --seconds N [--writers N]

A file is slots of SLOT bytes, which lie across page borders, and slot N is written by writer N
modulo their number alone. Everybody cuts files at borders of slots and exchanges their names.
All note when each of their calls began and ended. So for each slot it is known at the end whether
it holds the last that was written there, zeros, since the file was cut, or may hold either, if
write and cut overlapped; never anything else. Exits with 1 and names seed, file and slot if so.
"""

import argparse
import ctypes
import mmap
import multiprocessing
import os
import random
import sys
import time

SLOT = 3000
SLOTS = 1600
FILES = 4
RENAME_EXCHANGE = 2

libc = ctypes.CDLL(None, use_errno=True)
libc.renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p,
                           ctypes.c_uint]


def content(writer, slot, version):
    """No byte of it is zero."""
    word = b"writer %d, slot %d, version %d;" % (writer, slot, version)
    return (word * (SLOT // len(word) + 1))[:SLOT]


class Writer:
    """One process: what it does, and what it did."""

    def __init__(self, options, number):
        self.directory = options.directory
        self.number, self.count = number, options.writers
        self.random = random.Random(options.seed * 1000 + number)
        self.version = 0
        # By inode number and slot: version, begin and end of the last write.
        self.writes = {}
        # Inode number, slots that were left, begin and end of each cut.
        self.cuts = []
        self.actions = [(self.write, 40), (self.write_many, 6), (self.map_write, 6),
                        (self.read, 20), (self.cut, 3), (self.grow, 2), (self.exchange, 4),
                        (self.sync, 2)]

    def path(self):
        return os.path.join(self.directory, f"shared-{self.random.randrange(FILES)}")

    def slot(self):
        return self.random.randrange(SLOTS // self.count) * self.count + self.number

    def put(self, descriptor, slot, store=None):
        """Writes a slot with pwrite or `store`."""
        self.version += 1
        data, begin = content(self.number, slot, self.version), time.monotonic_ns()
        if store:
            store(slot * SLOT, data)
        elif os.pwrite(descriptor, data, slot * SLOT) != SLOT:
            raise OSError("short write")
        self.writes[os.fstat(descriptor).st_ino, slot] = (
            self.version, begin, time.monotonic_ns())

    def write(self, descriptor):
        self.put(descriptor, self.slot())

    def write_many(self, descriptor):
        first = self.slot()
        for slot in range(first, min(first + self.count * 20, SLOTS), self.count):
            self.put(descriptor, slot)

    def map_write(self, descriptor):
        """To the file that nobody cuts."""
        with open(os.path.join(self.directory, "mapped"), "r+b") as file, \
                mmap.mmap(file.fileno(), SLOT * SLOTS) as view:
            def store(offset, data):
                view[offset:offset + len(data)] = data
            for _ in range(8):
                self.put(file.fileno(), self.slot(), store)

    def read(self, descriptor):
        """Each byte is what was written last, or zero; a cut may show in the middle of a read."""
        slot, key = self.slot(), os.fstat(descriptor).st_ino
        found = os.pread(descriptor, SLOT, slot * SLOT)
        version = self.writes.get((key, slot), (0,))[0]
        expected = content(self.number, slot, version) if version else bytes(SLOT)
        if any(a not in (0, b) for a, b in zip(found, expected)):
            raise OSError(f"slot {slot} of inode {key}: {found[:40]} instead of {expected[:40]}")

    def cut(self, descriptor):
        left, begin = self.random.randrange(SLOTS), time.monotonic_ns()
        os.ftruncate(descriptor, left * SLOT)
        self.cuts.append((os.fstat(descriptor).st_ino, left, begin, time.monotonic_ns()))

    def grow(self, descriptor):
        """Writes the last slot of its own, so that a file that was cut is long again."""
        last = (SLOTS // self.count - 1) * self.count + self.number
        self.put(descriptor, last)

    def exchange(self, _):
        if libc.renameat2(-100, self.path().encode(), -100, self.path().encode(),
                          RENAME_EXCHANGE) < 0:
            raise OSError(ctypes.get_errno(), "exchange")

    def sync(self, descriptor):
        self.random.choice([os.fsync, os.fdatasync])(descriptor)

    def run(self, deadline):
        actions, weights = zip(*self.actions)
        while time.monotonic() < deadline:
            descriptor = os.open(self.path(), os.O_RDWR)
            try:
                for _ in range(self.random.randrange(1, 30)):
                    self.random.choices(actions, weights)[0](descriptor)
            finally:
                os.close(descriptor)
        return self.writes, self.cuts


def work(options, number, deadline):
    return Writer(options, number).run(deadline)


def allowed(written, slot, cuts, writers):
    """What a slot may hold after a last write and the cuts of its file."""
    if not written:
        return [bytes(SLOT)]
    version, begin, end = written
    cuts = [cut for cut in cuts if cut[1] <= slot]
    results = []
    if not any(cut[2] > end for cut in cuts):
        results.append(content(slot % writers, slot, version))
    if any(cut[3] > begin for cut in cuts):
        results.append(bytes(SLOT))
    return results


def check(options, outcomes):
    writes, cuts = {}, {}
    for written, cut in outcomes:
        writes.update(written)
        for inode, *facts in cut:
            cuts.setdefault(inode, []).append((inode, *facts))
    for name in sorted(os.listdir(options.directory)):
        with open(os.path.join(options.directory, name), "rb") as file:
            inode, data = os.fstat(file.fileno()).st_ino, file.read()
        data += bytes(SLOT * SLOTS - len(data))
        for slot in range(SLOTS):
            found = data[slot * SLOT:(slot + 1) * SLOT]
            may = allowed(writes.get((inode, slot)), slot, cuts.get(inode, []), options.writers)
            if found not in may:
                sys.exit(f"contend.py: seed {options.seed}, {name}, slot {slot}: "
                         f"{found[:60]} instead of {[one[:60] for one in may]}")
    return len(writes), sum(map(len, cuts.values()))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--writers", type=int, default=16)
    options = parser.parse_args()
    os.makedirs(options.directory)
    for name in [f"shared-{number}" for number in range(FILES)] + ["mapped"]:
        with open(os.path.join(options.directory, name), "wb") as file:
            file.truncate(SLOT * SLOTS)
    deadline = time.monotonic() + options.seconds
    with multiprocessing.Pool(options.writers) as pool:
        tasks = [(options, number, deadline) for number in range(options.writers)]
        try:
            outcomes = pool.starmap(work, tasks, chunksize=1)
        except (OSError, ValueError) as error:
            sys.exit(f"contend.py: seed {options.seed}: {error}")
    print("%d slots written, %d cuts" % check(options, outcomes), file=sys.stderr)


if __name__ == "__main__":
    main()
