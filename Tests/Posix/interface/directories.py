"""Cases of names of any bytes, of reading directories while they change, of renameat2(2).

Method: readdir(3) of libc, in steps, with changes between them; working directories that are moved
and removed under the process.
"""

import ctypes
import os
import stat

from calls import LIBC, contents, make, open_and, outcome, remove, renameat2, write


def case_bytes(call):
    """Names of any bytes, and of as many as a name may have."""
    call(make, "directory", "d")
    every = [bytes([b]) for b in range(1, 256) if b not in b"/."]
    call(make_and_list, b"d", every)
    call(make_and_list, b"d", [b"\xff" * 255, b"\xc3" * 254, b" ", b"\n", b"..." + b"\x01" * 252,
                               "\u00e4".encode() * 127, b"a\xcc\x88", "\u00e4".encode()])
    call(open_and, b"d/" + b"\xff" * 256, os.O_CREAT | os.O_RDWR)
    call(os.mkdir, b"d/" + b"\xff" * 256)
    call(os.mkdir, b"d/\xfe\xff")
    call(os.rename, b"d/\xfe\xff", b"d/\xff\xfe")
    call(os.symlink, b"\xff\xfe\n", b"d/s")
    call(os.readlink, b"d/s")


def make_and_list(folder, names):
    for name in names:
        os.close(os.open(folder + b"/" + name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    found = sorted(os.listdir(folder)) == sorted(names)
    sizes = [os.stat(folder + b"/" + name).st_size for name in names]
    for name in names:
        os.unlink(folder + b"/" + name)
    return found, sum(sizes), os.listdir(folder)


def case_directories(call):
    """Reading a directory while it changes, going back in it, and directories that are gone."""
    call(make, "directory", "d")
    call(read_while_removing, "d", 700)
    call(seek_in_directory, "d", 700)
    call(read_while_making, "d")
    call(rewinds, "d")
    call(cwd_removed, "d")
    call(make, "directory", "d")
    call(cwd_renamed, "d", "e")
    call(cwd_parent_removed, "e")
    call(lambda: open_and(".", os.O_RDONLY, lambda fd: os.read(fd, 1)))


LIBC.opendir.restype = LIBC.readdir.restype = ctypes.c_void_p
LIBC.telldir.restype = ctypes.c_long
LIBC.telldir.argtypes = LIBC.readdir.argtypes = [ctypes.c_void_p]
LIBC.rewinddir.argtypes = LIBC.closedir.argtypes = [ctypes.c_void_p]
LIBC.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


def next_name(stream):
    entry = LIBC.readdir(stream)
    return ctypes.string_at(entry + 19) if entry else None


def rest(stream):
    names = []
    while True:
        name = next_name(stream)
        if name is None:
            return names
        names.append(name)


def fill(folder, count, prefix="f"):
    for index in range(count):
        make("file", "%s/%s%04d" % (folder, prefix, index))


def empty(folder):
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


def read_while_removing(folder, count):
    """Removes each name as it is read: every name comes once, and the directory is empty."""
    fill(folder, count)
    stream = LIBC.opendir(folder.encode())
    seen = []
    while True:
        name = next_name(stream)
        if name is None:
            break
        if name not in (b".", b".."):
            seen.append(name)
            os.unlink(folder.encode() + b"/" + name)
    LIBC.closedir(stream)
    return len(seen), len(set(seen)), os.listdir(folder)


def seek_in_directory(folder, count):
    """Goes back to places after others were removed: from each the same names come, less those."""
    fill(folder, count)
    stream = LIBC.opendir(folder.encode())
    places, order = [], []
    while True:
        places.append(LIBC.telldir(stream))
        name = next_name(stream)
        if name is None:
            break
        order.append(name)
    gone = set(n for n in order[::3] if n not in (b".", b".."))
    for name in gone:
        os.unlink(folder.encode() + b"/" + name)
    right = []
    for at in (0, 1, 5, 333, count // 2, count, count + 2):
        LIBC.seekdir(stream, places[at])
        right.append([n for n in rest(stream) if n not in gone]
                     == [n for n in order[at:] if n not in gone])
    LIBC.closedir(stream)
    empty(folder)
    return right, len(order), len(set(places))


def read_while_making(folder):
    """Names that were there all the time come once, whatever is made meanwhile."""
    fill(folder, 300)
    stream = LIBC.opendir(folder.encode())
    seen = [next_name(stream) for _ in range(50)]
    fill(folder, 300, "g")
    seen += rest(stream)
    LIBC.closedir(stream)
    old = [n for n in seen if n.startswith(b"f")]
    empty(folder)
    return len(old), len(set(old)), len(seen) == len(set(seen))


def rewinds(folder):
    """rewinddir(3) shows what was made since."""
    fill(folder, 3)
    stream = LIBC.opendir(folder.encode())
    first = sorted(rest(stream))
    make("file", folder + "/new")
    os.unlink(folder + "/f0001")
    LIBC.rewinddir(stream)
    second = sorted(rest(stream))
    LIBC.closedir(stream)
    empty(folder)
    return first, second


def cwd_removed(folder):
    os.chdir(folder)
    os.rmdir("../" + folder)
    return [outcome(os.getcwd), outcome(os.listdir, "."), outcome(make, "file", "n"),
            outcome(os.mkdir, "e"), outcome(os.stat, "n"), os.stat(".").st_nlink,
            outcome(os.symlink, "t", "s"), outcome(lambda: os.stat("..").st_nlink > 0),
            outcome(os.rename, "../none", "n"), outcome(os.rmdir, ".")]


def cwd_renamed(old, new):
    os.chdir(old)
    before = os.path.basename(os.getcwd())
    os.rename("../" + old, "../" + new)
    return before, os.path.basename(os.getcwd()), os.listdir(".")


def cwd_parent_removed(folder):
    os.makedirs(folder + "/in/deep")
    os.chdir(folder + "/in/deep")
    os.rename("../../in", "../../out")
    seen = [os.getcwd().split("/")[-3:]]
    os.rmdir("../../out/deep")
    os.rmdir(os.path.join("..", "..", "out")) if outcome(os.stat, "..") != "ENOENT" else None
    return seen, outcome(os.getcwd), outcome(os.listdir, "..")


def case_flags(call):
    """renameat2(2): NOREPLACE, EXCHANGE and WHITEOUT, alone and together."""
    for flags in (1, 2, 4, 3, 5, 6, 8):
        call(write, "a", b"a", os.O_CREAT)
        call(renameat2, "a", "b", flags)
        for name in ("a", "b"):
            call(lambda n=name: remove(n) if os.path.lexists(n) else None)
            call(write, name, name.encode(), os.O_CREAT)
        call(renameat2, "a", "b", flags)
        call(outcomes_of, "a", "b")
        for name in ("a", "b"):
            call(lambda n=name: remove(n) if os.path.lexists(n) else None)
    call(make, "directory", "a")
    call(make, "file", "a/n")
    call(renameat2, "a", "a/n", 2)
    call(renameat2, "a", "none", 2)
    call(write, "b", b"b", os.O_CREAT)
    call(renameat2, "a", "b", 2)
    call(contents, "a")


def outcomes_of(*names):
    return [outcome(lambda n=n: (stat.S_IFMT(os.stat(n).st_mode), os.stat(n).st_size))
            for n in names]
