"""Cases of FIFOs, sockets and device nodes, and of the events of inotify(7).

Method: data goes through each object while its name moves; each action is made under a watch.
"""

import os
import select
import socket
import stat
import struct

from calls import ANN, LIBC, check, contents, fallocate, make, open_and, outcome, write


def case_special(call):
    """FIFOs and sockets work; device nodes are what they are."""
    call(through_fifo, "fifo")
    call(os.mkfifo, "fifo", 0o666)
    call(open_and, "fifo", os.O_WRONLY)
    call(through_socket, "socket")
    call(through_socket, "socket")
    call(os.unlink, "socket")
    call(datagram, "socket")
    call(os.mknod, "whiteout", stat.S_IFCHR, 0)
    call(os.mknod, "null", stat.S_IFCHR | 0o666, os.makedev(1, 3), user=ANN)
    call(os.mknod, "file", stat.S_IFREG | 0o666)
    call(os.mknod, "d", stat.S_IFDIR | 0o755)


def through_fifo(name):
    os.mkfifo(name)
    reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(name, os.O_WRONLY)
    os.write(writer, b"through")
    # Its times do not move with what goes through it in FUSE.
    os.unlink(name)
    return os.read(reader, 20), outcome(os.lseek, reader, 0, 0)


def through_socket(name):
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen(1)
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    client.sendall(b"hello")
    peer, _ = server.accept()
    return peer.recv(9), outcome(os.open, name, os.O_RDONLY)


def datagram(name):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(name)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.sendto(b"gram", name)
    os.rename(name, name + "2")
    client.sendto(b"again", name + "2")
    return server.recv(9), server.recv(9), outcome(client.sendto, b"x", name)


def case_events(call):
    """What inotify(7) tells of a directory, its files, and what happens to them."""
    call(make, "directory", "d")
    for action in (lambda: make("file", "d/n"), lambda: write("d/n", b"text"),
                   lambda: contents("d/n"), lambda: os.chmod("d/n", 0o600),
                   lambda: os.truncate("d/n", 2), lambda: os.rename("d/n", "d/m"),
                   lambda: os.rename("d/m", "x"), lambda: os.rename("x", "d/n"),
                   lambda: os.link("d/n", "d/o"), lambda: os.unlink("d/o"),
                   lambda: os.symlink("t", "d/s"), lambda: os.mkdir("d/e"),
                   lambda: os.rmdir("d/e"), lambda: os.setxattr("d/n", "user.a", b"x"),
                   lambda: write("d/n", b"", os.O_TRUNC), lambda: store_text("d/n"),
                   lambda: fallocate("d/n", 0, 0, 100), lambda: os.utime("d/n"),
                   lambda: os.listdir("d"), lambda: os.unlink("d/n")):
        call(events, "d", action)
    call(write, "d/n", b"text", os.O_CREAT)
    call(events, "d/n", lambda: os.unlink("d/n"))
    call(os.unlink, "d/s")
    call(events, "d", lambda: os.rmdir("d"))


def store_text(name):
    return write(name, b"text" * 2000, os.O_APPEND)


def events(name, action):
    fd = check(LIBC.inotify_init1(os.O_NONBLOCK))
    check(LIBC.inotify_add_watch(fd, name.encode(), 0xFFF))
    action()
    seen = []
    data = os.read(fd, 65536) if select.select([fd], [], [], 0)[0] else b""
    while data:
        _, mask, _, length = struct.unpack("iIII", data[:16])
        # A directory that another process had from this one may be closed at any time.
        if mask != 0x40000010:
            seen.append((hex(mask), data[16:16 + length].rstrip(b"\0")))
        data = data[16 + length:]
    return seen
