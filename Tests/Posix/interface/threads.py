"""Cases of several threads of one process: they share what a descriptor has."""

import os
import threading

from calls import contents, opened


def case_threads(call):
    """What one process does in several threads: file positions are shared, writes do not mix."""
    call(positions_by_threads, "n")


def positions_by_threads(name):
    fd = opened(name)

    def append(letter):
        for _ in range(50):
            os.write(fd, letter * 100)
    threads = [threading.Thread(target=append, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = contents(name)
    parts = [data[at:at + 100] for at in range(0, len(data), 100)]
    return len(data), all(len(set(part)) == 1 for part in parts)
