"""Cases of locks: of fcntl(2), of open files, of flock(2), and leases.

Method: one process holds a lock, and another, forked from it, asks, tries, waits or closes.
"""

import fcntl
import os
import select
import signal
import struct
import time

from calls import in_child, make, open_and, opened, outcome, write


def case_locks(call):
    """Locks of fcntl(2), of open files and of flock(2), between processes; leases."""
    call(make, "file", "n", 0o666)
    call(write, "n", b"0123456789")
    for command in (fcntl.F_SETLK, 37):
        for held, wanted in ((fcntl.F_RDLCK, fcntl.F_RDLCK), (fcntl.F_RDLCK, fcntl.F_WRLCK),
                             (fcntl.F_WRLCK, fcntl.F_RDLCK)):
            call(record_locks, command, held, wanted)
    call(locks_on_close)
    call(waits_for_lock)
    for held in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        for wanted in (fcntl.LOCK_SH, fcntl.LOCK_EX):
            call(whole_locks, held, wanted)
    call(lambda: open_and("n", os.O_RDONLY, lambda fd: record_lock(fd, 6, fcntl.F_WRLCK, 0, 1)))
    call(lambda: open_and("n", os.O_RDWR, lambda fd: record_lock(fd, 6, fcntl.F_WRLCK, -1, 1)))
    call(lambda: open_and("n", os.O_RDWR, lambda fd: record_lock(fd, 6, 9, 0, 1)))
    call(deadlock)
    for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK):
        for flags in (os.O_RDONLY, os.O_RDWR):
            call(lambda k=kind, f=flags: open_and("n", f, lambda fd: lease(fd, k)))
    call(breaks_lease)


def record_lock(fd, command, kind, start, length):
    """The lock that fcntl gives back: kind, start, length, and whether it names a process."""
    call = struct.pack("hhqqi", kind, os.SEEK_SET, start, length, 0)
    kind, _, start, length, process = struct.unpack("hhqqi", fcntl.fcntl(fd, command, call)[:28])
    return kind, start, length, process > 0, process == -1


def record_locks(command, held, wanted):
    """One process holds a lock; what another gets of it, here and beside it."""
    mine = opened("n", os.O_RDWR)
    record_lock(mine, command, held, 2, 4)
    query = 5 if command == 6 else 36
    reader, writer = os.pipe()

    def other():
        fd = opened("n", os.O_RDWR)
        seen = [outcome(record_lock, fd, query, wanted, 0, 10),
                outcome(record_lock, fd, command, wanted, 3, 1),
                outcome(record_lock, fd, command, wanted, 6, 0),
                outcome(record_lock, fd, command, fcntl.F_UNLCK, 0, 0)]
        os.write(writer, repr(seen).encode())
    return in_child(other), os.read(reader, 4000), os.pread(mine, 3, 2)


def locks_on_close():
    """A process's locks go when it closes any descriptor of the file; those of open files stay."""
    seen = []
    for command in (fcntl.F_SETLK, 37):
        mine = opened("n", os.O_RDWR)
        record_lock(mine, command, fcntl.F_WRLCK, 0, 0)
        os.close(opened("n", os.O_RDONLY))
        seen.append(in_child(lambda c=command: record_lock(
            opened("n", os.O_RDWR), c, fcntl.F_WRLCK, 0, 0) and 0))
        os.close(mine)
        seen.append(in_child(lambda c=command: record_lock(
            opened("n", os.O_RDWR), c, fcntl.F_WRLCK, 0, 0) and 0))
    return seen


def waits_for_lock():
    fd = opened("n", os.O_RDWR)
    record_lock(fd, fcntl.F_SETLK, fcntl.F_WRLCK, 0, 0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        other = opened("n", os.O_RDWR)
        os.write(writer, b"waits ")
        record_lock(other, fcntl.F_SETLKW, fcntl.F_WRLCK, 0, 0)
        os.write(writer, b"has it")
        os._exit(0)
    seen = [os.read(reader, 6), select.select([reader], [], [], 0.05)[0]]
    record_lock(fd, fcntl.F_SETLK, fcntl.F_UNLCK, 0, 0)
    return seen + [os.read(reader, 6), os.waitpid(child, 0)[1]]


def whole_locks(held, wanted):
    mine = opened("n", os.O_RDWR)
    fcntl.flock(mine, held)

    def other():
        fcntl.flock(opened("n", os.O_RDONLY), wanted | fcntl.LOCK_NB)
    seen = [in_child(other), outcome(fcntl.flock, mine, wanted | fcntl.LOCK_NB), in_child(other)]
    copy = os.dup(mine)
    os.close(mine)
    seen.append(in_child(other))
    os.close(copy)
    return seen + [in_child(other)]


def deadlock():
    fd = opened("n", os.O_RDWR)
    record_lock(fd, fcntl.F_SETLK, fcntl.F_WRLCK, 0, 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        other = opened("n", os.O_RDWR)
        record_lock(other, fcntl.F_SETLK, fcntl.F_WRLCK, 5, 1)
        os.write(writer, b"x")
        record_lock(other, fcntl.F_SETLKW, fcntl.F_WRLCK, 0, 1)
        os._exit(0)
    os.read(reader, 1)
    time.sleep(0.05)
    seen = outcome(record_lock, fd, fcntl.F_SETLKW, fcntl.F_WRLCK, 5, 1)
    os.close(fd)
    return seen, os.waitpid(child, 0)[1]


def lease(fd, kind):
    return fcntl.fcntl(fd, fcntl.F_SETLEASE, kind), fcntl.fcntl(fd, fcntl.F_GETLEASE)


def breaks_lease():
    fd = opened("n", os.O_RDONLY)
    told = []
    signal.signal(signal.SIGIO, lambda *_: told.append(1))
    granted = outcome(fcntl.fcntl, fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    status = in_child(lambda: os.close(opened("n", os.O_WRONLY | os.O_NONBLOCK)))
    time.sleep(0.05)
    return granted, status, told
