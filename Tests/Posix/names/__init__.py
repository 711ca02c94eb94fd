"""Cases of `compare.py`: the calls of POSIX on names, modes, contents and times.

Each case is called with a function that makes one call.
"""

from . import attributes, entries, files, links, programs, rights, times

# In the order in which they run.
MODULES = (rights, files, entries, times, links, programs, attributes)
