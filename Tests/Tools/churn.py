#!/usr/bin/env python3
"""Works at random on files of one directory and checks them against a model in memory.

usage: churn.py work DIRECTORY --seed N (--operations N | --seconds N) [--manifest FILE]
       churn.py check DIRECTORY --manifest FILE

`work` creates, writes, appends, truncates, punches, maps, renames, links, unlinks, copies, syncs
and reads; each read is compared with the model, and at the end every byte of every file. With
--manifest it then writes down what the directory must hold. `check` compares a directory, for
example the same one seen through BACKING, with such a manifest.

Two runs with one seed and number of operations do the same. Exits with 1 and one line that names
seed, operation, file and offset at the first difference.
"""

import argparse
import ctypes
import errno
import hashlib
import json
import mmap
import os
import random
import sys
import time

PAGE = 4096
FILE_BYTES_MAX = 6 << 20
FILES_MAX = 24
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
RENAME_EXCHANGE = 2

libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
libc.renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p,
                           ctypes.c_uint]


class Difference(Exception):
    """The directory does not hold what the model says."""


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Content:
    """What one inode must hold; its hard links share it."""

    def __init__(self):
        self.bytes = bytearray()

    def put(self, offset, data):
        if len(self.bytes) < offset + len(data):
            self.bytes.extend(bytes(offset + len(data) - len(self.bytes)))
        self.bytes[offset:offset + len(data)] = data

    def resize(self, size):
        del self.bytes[size:]
        self.bytes.extend(bytes(size - len(self.bytes)))

    def clear(self, offset, length):
        end = min(offset + length, len(self.bytes))
        if offset < end:
            self.bytes[offset:end] = bytes(end - offset)


class Churn:
    """The directory, the model of it, and what may be done to both."""

    def __init__(self, directory, seed):
        self.directory = directory
        self.random = random.Random(seed)
        self.files = {}
        self.count = 0
        self.current = "start"
        self.actions = [
            (self.create, 4), (self.write, 24), (self.write_zeros, 5), (self.append, 8),
            (self.truncate, 6), (self.punch, 4), (self.allocate, 2), (self.zero_range, 2),
            (self.map_write, 6), (self.map_read, 4), (self.copy_range, 3), (self.rename, 4),
            (self.exchange, 1), (self.link, 2), (self.unlink, 2), (self.use_unlinked, 1),
            (self.replace, 2), (self.sync, 3), (self.seek_holes, 3), (self.read, 20),
        ]

    # Choices

    def path(self, name):
        return os.path.join(self.directory, name)

    def pick(self):
        if not self.files:
            self.create()
        return self.random.choice(sorted(self.files))

    def new_name(self):
        self.count += 1
        return f"file-{self.count}"

    def offset(self, content):
        """Somewhere in the file or a little beyond its end; often on a page border."""
        top = min(len(content.bytes) + 3 * PAGE, FILE_BYTES_MAX)
        place = self.random.randrange(top + 1)
        return place // PAGE * PAGE if self.random.random() < 0.5 else place

    def length(self):
        kind = self.random.random()
        if kind < 0.3:
            return self.random.randrange(1, 200)
        if kind < 0.6:
            return PAGE * self.random.randrange(1, 9)
        return self.random.randrange(1, 400_000)

    def data(self):
        return self.random.randbytes(self.length())

    def open(self, name, flags):
        return os.open(self.path(name), flags, 0o644)

    def with_file(self, flags, body):
        """Picks a file, opens it, calls body(descriptor, content)."""
        name = self.pick()
        descriptor = self.open(name, flags)
        try:
            body(descriptor, self.files[name])
        finally:
            os.close(descriptor)

    def compare(self, what, offset, found, expected):
        if found == expected:
            return
        at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b),
                  min(len(found), len(expected)))
        raise Difference(f"{what}: differs at {offset + at} "
                         f"(read {len(found)} bytes, expected {len(expected)})")

    # Actions

    def create(self):
        if len(self.files) >= FILES_MAX:
            return self.unlink()
        name = self.new_name()
        os.close(self.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        self.files[name] = Content()
        return None

    def write_data(self, data):
        def body(descriptor, content):
            offset = self.offset(content)
            if os.pwrite(descriptor, data, offset) != len(data):
                raise Difference("short write")
            content.put(offset, data)
        self.with_file(self.random.choice([os.O_WRONLY, os.O_RDWR]), body)

    def write(self):
        self.write_data(self.data())

    def write_zeros(self):
        self.write_data(bytes(self.length()))

    def append(self):
        def body(descriptor, content):
            data = self.data()
            if len(content.bytes) + len(data) > FILE_BYTES_MAX:
                return
            os.write(descriptor, data)
            content.put(len(content.bytes), data)
        self.with_file(os.O_WRONLY | os.O_APPEND, body)

    def truncate(self):
        name = self.pick()
        content = self.files[name]
        size = self.offset(content)
        os.truncate(self.path(name), size)
        content.resize(size)

    def punch(self):
        def body(descriptor, content):
            offset, length = self.offset(content), self.length()
            checked(libc.fallocate(descriptor, PUNCH_HOLE | KEEP_SIZE, offset, length))
            content.clear(offset, length)
        self.with_file(os.O_RDWR, body)

    def allocate(self):
        def body(descriptor, content):
            offset, length = self.offset(content), self.length()
            mode = self.random.choice([0, KEEP_SIZE])
            checked(libc.fallocate(descriptor, mode, offset, length))
            if mode == 0 and offset + length > len(content.bytes):
                content.resize(offset + length)
        self.with_file(os.O_RDWR, body)

    def zero_range(self):
        def body(descriptor, content):
            offset, length = self.offset(content), self.length()
            mode = self.random.choice([ZERO_RANGE, ZERO_RANGE | KEEP_SIZE])
            checked(libc.fallocate(descriptor, mode, offset, length))
            if mode == ZERO_RANGE and offset + length > len(content.bytes):
                content.resize(offset + length)
            content.clear(offset, length)
        self.with_file(os.O_RDWR, body)

    def map_write(self):
        def body(descriptor, content):
            size = len(content.bytes)
            if size == 0:
                return
            with mmap.mmap(descriptor, size) as view:
                offset = self.random.randrange(size)
                data = self.data()[:size - offset]
                view[offset:offset + len(data)] = data
                content.put(offset, data)
                if self.random.random() < 0.5:
                    view.flush()
        self.with_file(os.O_RDWR, body)

    def map_read(self):
        def body(descriptor, content):
            size = len(content.bytes)
            if size == 0:
                return
            with mmap.mmap(descriptor, size, prot=mmap.PROT_READ) as view:
                offset = self.random.randrange(size)
                end = min(size, offset + self.length())
                self.compare("mapped read", offset, view[offset:end], content.bytes[offset:end])
        self.with_file(os.O_RDONLY, body)

    def copy_range(self):
        source_name, target_name = self.pick(), self.pick()
        source, target = self.files[source_name], self.files[target_name]
        if source is target or not source.bytes:
            return
        start, to = self.random.randrange(len(source.bytes)), self.offset(target)
        inward = self.open(source_name, os.O_RDONLY)
        outward = self.open(target_name, os.O_RDWR)
        try:
            copied = os.copy_file_range(inward, outward, self.length(), start, to)
        finally:
            os.close(inward)
            os.close(outward)
        target.put(to, source.bytes[start:start + copied])

    def rename(self):
        name = self.pick()
        new = self.new_name() if self.random.random() < 0.5 else self.pick()
        os.rename(self.path(name), self.path(new))
        # Two names of one inode: rename(2) leaves both.
        if new == name or self.files.get(new) is self.files[name]:
            return
        self.files[new] = self.files.pop(name)

    def exchange(self):
        name, other = self.pick(), self.pick()
        checked(libc.renameat2(-100, self.path(name).encode(), -100, self.path(other).encode(),
                               RENAME_EXCHANGE))
        self.files[name], self.files[other] = self.files[other], self.files[name]

    def link(self):
        name, new = self.pick(), self.new_name()
        os.link(self.path(name), self.path(new))
        self.files[new] = self.files[name]

    def unlink(self):
        name = self.pick()
        os.unlink(self.path(name))
        del self.files[name]

    def use_unlinked(self):
        """A file that has no name any more works until it is closed."""
        name = self.pick()
        content = Content()
        content.bytes = bytearray(self.files[name].bytes)
        is_last = sum(other is self.files[name] for other in self.files.values()) == 1
        descriptor = self.open(name, os.O_RDWR)
        try:
            os.unlink(self.path(name))
            shared = self.files.pop(name)
            data, offset = self.data(), self.offset(content)
            os.pwrite(descriptor, data, offset)
            content.put(offset, data)
            if not is_last:
                shared.put(offset, data)
            found = os.pread(descriptor, FILE_BYTES_MAX * 2, 0)
            self.compare("unlinked file", 0, found, content.bytes)
            if os.fstat(descriptor).st_size != len(content.bytes):
                raise Difference("size of an unlinked file")
        finally:
            os.close(descriptor)

    def replace(self):
        """As editors save: a new file, synced, takes the place of the old one."""
        name, draft, data = self.pick(), self.new_name(), self.data()
        descriptor = self.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(descriptor, data)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(self.path(draft), self.path(name))
        self.files[name] = Content()
        self.files[name].put(0, data)

    def sync(self):
        def body(descriptor, _):
            self.random.choice([os.fsync, os.fdatasync])(descriptor)
        self.with_file(os.O_RDWR, body)

    def seek_holes(self):
        """What is called a hole holds zeros."""
        def body(descriptor, content):
            offset, size = 0, len(content.bytes)
            while offset < size:
                hole = os.lseek(descriptor, offset, os.SEEK_HOLE)
                try:
                    offset = os.lseek(descriptor, hole, os.SEEK_DATA) if hole < size else size
                except OSError as error:
                    if error.errno != errno.ENXIO:
                        raise
                    offset = size
                if any(content.bytes[hole:offset]):
                    raise Difference(f"[{hole},{offset}) is called a hole and holds data")
        self.with_file(os.O_RDONLY, body)

    def read(self):
        def body(descriptor, content):
            offset, length = self.offset(content), self.length()
            found = os.pread(descriptor, length, offset)
            self.compare("read", offset, found, content.bytes[offset:offset + length])
        self.with_file(os.O_RDONLY, body)

    # The whole

    def step(self):
        actions, weights = zip(*self.actions)
        action = self.random.choices(actions, weights)[0]
        self.current = action.__name__
        action()

    def verify(self):
        names = sorted(os.listdir(self.directory))
        if names != sorted(self.files):
            raise Difference(f"names: {names}, expected {sorted(self.files)}")
        for name, content in self.files.items():
            with open(self.path(name), "rb") as file:
                self.compare(name, 0, file.read(), content.bytes)

    def manifest(self):
        return {name: {"size": len(content.bytes),
                       "sha256": hashlib.sha256(content.bytes).hexdigest()}
                for name, content in self.files.items()}


def work(options):
    os.makedirs(options.directory, exist_ok=True)
    churn = Churn(options.directory, options.seed)
    deadline = time.monotonic() + options.seconds if options.seconds else None
    step = 0
    try:
        while time.monotonic() < deadline if deadline else step < options.operations:
            step += 1
            churn.step()
        step, churn.current = step + 1, "final check"
        churn.verify()
    except (Difference, OSError) as error:
        sys.exit(f"churn.py: seed {options.seed}, operation {step} ({churn.current}): {error}")
    if options.manifest:
        with open(options.manifest, "w", encoding="utf-8") as file:
            json.dump(churn.manifest(), file)
    print(f"{step - 1} operations, {len(churn.files)} files")


def check(options):
    with open(options.manifest, encoding="utf-8") as file:
        expected = json.load(file)
    if sorted(os.listdir(options.directory)) != sorted(expected):
        sys.exit(f"churn.py: {options.directory}: other names than in {options.manifest}")
    for name, facts in expected.items():
        with open(os.path.join(options.directory, name), "rb") as file:
            content = file.read()
        if {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} != facts:
            sys.exit(f"churn.py: {options.directory}/{name}: not what was written")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=["work", "check"])
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--manifest")
    options = parser.parse_args()
    work(options) if options.command == "work" else check(options)


if __name__ == "__main__":
    main()
