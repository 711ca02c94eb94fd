"""Cases of limits: the largest offsets and sizes, and RLIMIT_FSIZE.

Method: calls just below, at and beyond each limit; how a process ends that is sent SIGXFSZ.
"""

import os
import resource
import signal

from calls import LARGEST, PAGE, copy, fallocate, in_child, make, open_and, outcome, write


def case_edges(call):
    """Offsets and sizes at the edge of 63 bits, and of what the file system can have."""
    call(make, "file", "n")
    # Where the file system's own limit is far below, the kernel knows it of ext4 alone: neither
    # positions nor writes beyond are compared.
    for offset in (LARGEST, LARGEST - 1, LARGEST - PAGE, 1 << 62):
        call(open_and, "n", os.O_RDWR, lambda fd, o=offset: os.pread(fd, 10, o))
        call(open_and, "n", os.O_RDWR, lambda fd, o=offset: os.ftruncate(fd, o))
    call(open_and, "n", os.O_RDWR, seek_over)
    call(os.truncate, "n", 1 << 43)
    call(open_and, "n", os.O_RDWR, lambda fd: os.pwrite(fd, b"end", (1 << 43) - 3))
    call(open_and, "n", os.O_RDWR, lambda fd: os.pread(fd, 10, (1 << 43) - 3))
    call(open_and, "n", os.O_RDWR, lambda fd: os.lseek(fd, -3, os.SEEK_END))
    call(os.truncate, "n", 0)


def seek_over(fd):
    """Beyond the largest position, and before the first."""
    os.lseek(fd, 10, os.SEEK_SET)
    return [outcome(os.lseek, fd, -11, os.SEEK_CUR), outcome(os.lseek, fd, -1, os.SEEK_SET),
            outcome(os.lseek, fd, LARGEST, os.SEEK_CUR), outcome(os.lseek, fd, 0, 9)]


def case_size_limit(call):
    """RLIMIT_FSIZE: SIGXFSZ for whoever does not ignore it, and no byte beyond."""
    call(make, "file", "n")
    for flags in (0, os.O_APPEND, os.O_SYNC):
        for size, offset in ((10, 990), (20, 990), (1, 1000), (1, 5000)):
            call(limited, 1000, lambda f=flags, s=size, o=offset: write("n", b"x" * s, f, o))
        call(os.truncate, "n", 0)
    call(limited, 1000, lambda: os.truncate("n", 1001))
    call(limited, 1000, lambda: fallocate("n", 1, 0, 2000))
    call(write, "m", b"m" * 2000, os.O_CREAT)
    call(limited, 1000, lambda: copy("m", "n", 0, 500, 1000))
    call(limited, 1000, lambda: copy("m", "n", 0, 1500, 100))
    call(limited, 1000, lambda: write("m", b"in", 0, 500))
    call(limited, 1000, lambda: os.truncate("m", 1500))


def limited(size, action):
    """How a process ends that has the limit, and one that ignores the signal."""
    def with_signal(handler):
        def body():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, handler)
            action()
        return in_child(body)
    return with_signal(signal.SIG_DFL), with_signal(signal.SIG_IGN)
