#!/usr/bin/env python3
"""Makes a file system remember many files at once, and checks that each is still the one it was.

usage: hold-files.py DIRECTORY COUNT

Makes COUNT small files in DIRECTORY and holds each by a descriptor, so that the kernel forgets none;
every third is open for reading and writing. Then directories are renamed, files removed and replaced
under the descriptors, and every descriptor is asked again, and written to. Exits with 0 if all answers were right; the files stay.
"""

import os
import resource
import sys

DIRECTORY, COUNT = sys.argv[1], int(sys.argv[2])
IN_FOLDER = 500
# A file without a name lives on a descriptor alone, so these must be fewer than a daemon may have.
STEP = max(10, COUNT // 30)


def name(folder, index):
    return f"{DIRECTORY}/{folder}/file-{index}"


def check(is_right, what):
    if not is_right:
        sys.exit(f"hold-files: {what}")


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
held = {}
for index in range(COUNT):
    folder = f"folder-{index // IN_FOLDER}"
    os.makedirs(f"{DIRECTORY}/{folder}", exist_ok=True)
    with open(name(folder, index), "w", encoding="ascii") as file:
        file.write(f"content of {index}")
    held[index] = os.open(name(folder, index), os.O_PATH if index % 3 else os.O_RDWR)

numbers = {index: os.fstat(held[index]).st_ino for index in held}
for folder in range(0, COUNT // IN_FOLDER, 2):
    os.rename(f"{DIRECTORY}/folder-{folder}", f"{DIRECTORY}/moved-{folder}")


def folder_of(index):
    folder = index // IN_FOLDER
    return f"{'moved' if folder % 2 == 0 else 'folder'}-{folder}"


for index in range(0, COUNT, STEP):
    os.remove(name(folder_of(index), index))
for index in range(1, COUNT - 1, STEP):
    # The next one loses its name to this one.
    os.rename(name(folder_of(index), index), name(folder_of(index), index + 1))
for index, descriptor in held.items():
    status = os.fstat(descriptor)
    check(status.st_ino == numbers[index], f"file {index} became another one")
    links = 0 if index % STEP in (0, 2) else 1
    check(status.st_nlink == links, f"file {index} has {status.st_nlink} links, not {links}")
    content = f"content of {index}".encode()
    check(status.st_size == len(content), f"file {index} has {status.st_size} bytes")
    with open(f"/proc/self/fd/{descriptor}", "rb") as file:
        check(file.read() == content, f"file {index} has other content")
    if links:
        os.chmod(f"/proc/self/fd/{descriptor}", 0o600 | index % 8)
for index, descriptor in held.items():
    if index % STEP not in (0, 2):
        mode = os.fstat(descriptor).st_mode & 0o777
        check(mode == 0o600 | index % 8, f"file {index} has mode {mode:o}")
    if index % 3 == 0:
        change = f"changed {index}".encode()
        check(os.pwrite(descriptor, change, 10) == len(change), f"file {index} was not written")
        if index % 7 == 0:
            os.fsync(descriptor)
        expected = f"content of {index}".encode()[:10] + change
        check(os.pread(descriptor, 100, 0) == expected, f"file {index} lost what was written")
    os.close(descriptor)
