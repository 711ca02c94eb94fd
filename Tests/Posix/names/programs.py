"""Cases of programs that lie in the directories: who may run them, and ETXTBSY."""

import os
import subprocess

from calls import ANN, open_and, write


def case_programs(call):
    """ETXTBSY, and who may run what."""
    call(copy_program, "p")
    call(run, "./p")
    call(run, "./p", user=ANN)
    call(write_while_running, "p")
    call(run_while_writing, "p")
    call(os.chmod, "p", 0o644)
    call(run, "./p")
    call(os.chmod, "p", 0o700)
    call(run, "./p", user=ANN)


def run(name):
    """What a program of this name does; errno if it cannot be run."""
    return subprocess.run([name, "0"], check=False).returncode


def copy_program(name):
    with open("/bin/sleep", "rb") as program:
        write(name, program.read(), os.O_CREAT)
    os.chmod(name, 0o755)


def write_while_running(name):
    with subprocess.Popen(["./" + name, "60"]) as program:
        try:
            return write(name, b"x")
        finally:
            program.kill()


def run_while_writing(name):
    return open_and(name, os.O_RDWR, lambda fd: run("./" + name))
