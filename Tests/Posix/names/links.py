"""Cases of symbolic links: how long a target may be, and how many may follow each other."""

import os

from calls import contents


def case_links(call):
    call(os.symlink, "t" * 4095, "long")
    call(os.symlink, "t" * 4096, "longer")
    call(os.symlink, "", "empty")
    call(os.symlink, "x", "long")
    call(os.readlink, "long")
    call(os.readlink, ".")
    for count in (39, 40, 41):
        call(chain, count)
        call(contents, "chain0")


def chain(count):
    """As many symbolic links, each to the next, the last to a file."""
    with open("end", "w", encoding="ascii") as file:
        file.write("end")
    for index in range(count):
        if os.path.islink("chain%d" % index):
            os.unlink("chain%d" % index)
        os.symlink("chain%d" % (index + 1) if index < count - 1 else "end", "chain%d" % index)
