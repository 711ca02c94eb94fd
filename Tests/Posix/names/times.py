"""Cases of times that programs set.

Method: times before 1970, far ahead and of today, set by owners and by others. A time of today is
another one on each side, so it is compared as such.
"""

import os
import time

from calls import ANN, BEN, KINDS, make, remove, touch

NOW = time.time_ns()


def case_times(call):
    past, future = 1_000_000_001, 4_000_000_000_123_456_789
    for kind in KINDS:
        call(make, kind, "n")
        for access, modification in ((past, future), (0, 0), (-1_500_000_000, past), (NOW, NOW)):
            call(utimens, "n", access, modification, False)
            call(modification_of, "n")
        if kind != "link":
            call(os.chmod, "n", 0o666)
            for user in (ANN, BEN):
                call(touch, "n", user=user)
                call(utimens, "n", past, past, user=user)
                call(modification_of, "n", user=user)
        call(os.chown, "n", 65534, -1, follow_symlinks=False)
        call(utimens, "n", past, past, False, user=ANN)
        call(modification_of, "n")
        call(remove, "n")
    call(touch, "none")


def utimens(name, access, modification, follows=True):
    os.utime(name, ns=(access, modification), follow_symlinks=follows)


def modification_of(name):
    modified = os.lstat(name).st_mtime_ns
    # A time of today is another one on each side.
    return modified if abs(modified - NOW) > 600_000_000_000 else "today"
