#!/usr/bin/env python3
"""Runs the same calls in two directories and compares result, errno and side effects, call by call.

usage: compare.py ORDINARY OTHER [CASE...|names|interface]

Goal: what a program can see of the calls of POSIX is in OTHER, a mount, as it is in ORDINARY, a
directory of the file system underneath. Method: each case is a list of calls by several users;
after each call every object of the case is looked at. What ORDINARY does is right by definition, so
no expectation is written down anywhere. Root becomes the users; anybody else makes as himself what
root would make, and leaves out the calls of others.

Access times are left out, and with them reads: a FUSE file system is not told of those that the
kernel answers. Prints the first difference of each case; exits with 1 if there is one.
"""

import errno
import os
import stat
import sys
import tempfile
import threading
import time

# Nothing is left behind in the source.
sys.dont_write_bytecode = True

import interface  # noqa: E402
import names  # noqa: E402
from calls import ROOT  # noqa: E402

# A little longer than a tick of the clock by which the kernel stamps files.
TICK = time.clock_getres(5) + 0.001
IS_ROOT = os.geteuid() == 0


class Side:
    """One of the two directories, and what was seen of each call in it."""

    def __init__(self, directory, is_ordinary):
        self.directory = directory
        self.is_ordinary = is_ordinary
        self.trace = []
        self.seen = {}

    def call(self, function, *arguments, user=ROOT, umask=0o022, limit=None, **options):
        """Makes a call as `user` in a process of its own, and notes what it did.

        With a limit of FUSE itself, what is right is that the call gives `limit`.
        """
        if limit and self.is_ordinary:
            self.note(function, arguments, user, limit)
            return
        if not IS_ROOT and user != ROOT:
            return
        time.sleep(TICK)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.chdir(self.directory)
                if IS_ROOT:
                    os.setgroups(user[2])
                    os.setresgid(user[1], user[1], user[1])
                    os.setresuid(user[0], user[0], user[0])
                os.umask(umask)
                outcome = repr(function(*arguments, **options))
            except OSError as error:
                outcome = errno.errorcode.get(error.errno, str(error.errno))
            except BaseException as error:  # noqa: B902: a mistake in a case must not pass
                outcome = "mistake: %r" % error
            os.write(writer, outcome.encode()[:4000])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            outcome = pipe.read().decode()
        os.waitpid(child, 0)
        self.note(function, arguments, user, outcome)

    def note(self, function, arguments, user, outcome):
        called = getattr(function, "__name__", "?")
        words = [called] + [repr(a) if not callable(a) else "..." for a in arguments]
        self.trace.append(("%s as %d" % (" ".join(words)[:200], user[0]), outcome, self.effects()))

    def effects(self):
        """What there is now, and whose times have moved since the last call."""
        found = {}
        for folder, folders, files in os.walk(self.directory):
            for name in folders + files + ([""] if folder == self.directory else []):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.directory)[-300:]] = os.lstat(path), path
        effects = []
        for name, (status, path) in sorted(found.items()):
            # A directory's size tells what was in it once.
            size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
            target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
            old = self.seen.get(name)
            moved = [field for field in ("st_mtime_ns", "st_ctime_ns")
                     if old is None or getattr(old, field) != getattr(status, field)]
            effects.append((name, oct(status.st_mode), status.st_uid, status.st_gid,
                            status.st_nlink, size, status.st_rdev, target, moved))
        self.seen = {name: status for name, (status, _) in found.items()}
        return effects


def run_case(case, directory, is_ordinary):
    """The trace of a case in a new directory."""
    with tempfile.TemporaryDirectory(prefix="posix-", dir=directory) as folder:
        os.chmod(folder, 0o755)
        side = Side(folder, is_ordinary)
        case(side.call)
        return side.trace


def first_difference(ordinary, other):
    for index, (right, wrong) in enumerate(zip(ordinary, other)):
        if right == wrong:
            continue
        lines = ["call %d: %s" % (index + 1, right[0])]
        if right[1] != wrong[1]:
            lines += ["  result  %s" % right[1], "  but is  %s" % wrong[1]]
        lines += ["  effect  %s" % (e,) for e in right[2] if e not in wrong[2]]
        lines += ["  but is  %s" % (e,) for e in wrong[2] if e not in right[2]]
        return "\n".join(lines)
    return None if len(ordinary) == len(other) else "the cases took different ways"


def cases_of(group):
    """The cases of a group by name, in the order in which they run."""
    return {name[5:]: case for module in group.MODULES for name, case in vars(module).items()
            if name.startswith("case_")}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    groups = {"names": cases_of(names), "interface": cases_of(interface)}
    cases = groups["names"] | groups["interface"]
    assert len(cases) == sum(map(len, groups.values())), "two cases have one name"
    wanted = [name for word in sys.argv[3:] or groups for name in groups.get(word, [word])]
    calls = failures = 0
    for name in wanted:
        traces = [None, None]

        def trace(side, case=cases[name], traces=traces):
            traces[side] = run_case(case, sys.argv[1 + side], side == 0)

        # Side by side, since most of the time is waiting for the clock.
        threads = [threading.Thread(target=trace, args=(side,)) for side in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if None in traces:
            sys.exit("%s could not be run" % name)
        mistakes = [call for call in traces[0] if call[1].startswith("mistake")]
        difference = first_difference(*traces) or (str(mistakes[0]) if mistakes else None)
        calls += len(traces[0])
        failures += difference is not None
        print("%-12s %5d calls  %s" % (name, len(traces[0]), difference or "same"), flush=True)
    print("%d calls, %d cases differ" % (calls, failures))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
