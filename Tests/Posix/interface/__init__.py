"""Cases of `compare.py`: what programs use of Linux besides the calls on names and modes.

Each case is called with a function that makes one call. Where FUSE itself has a limit, the call is
made in OTHER alone, and `limit` is what it must give there.
"""

from . import (attributes, descriptors, directories, flags, limits, lists, locks, objects,
               space, threads, transfers)

# In the order in which they run.
MODULES = (flags, attributes, lists, locks, space, limits, objects, transfers, descriptors,
           directories, threads)
