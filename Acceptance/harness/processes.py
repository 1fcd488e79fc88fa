"""Processes that a test starts: none outlives the tests, however they end."""

import atexit
import ctypes
import signal
import subprocess
import sys
from pathlib import Path

from . import programs

_running: set[subprocess.Popen] = set()


@atexit.register
def _end_what_is_left() -> None:
    for process in list(_running):
        process.kill()
        process.wait()


def _die_with_the_tests() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: even a kill -9 of pytest leaves nobody behind


def start(*command: object, log: Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.Popen:
    """Starts a program whose output goes to the end of `log`, in a session of its own: Ctrl-C is for pytest.

    It ends with the thread that starts it, as Linux has it: so only the main thread starts what is to last.
    """
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=env or programs.environment(),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_the_tests,
        )
    _running.add(process)
    return process


def wait(process: subprocess.Popen, seconds: float) -> int:
    """Its exit status; subprocess.TimeoutExpired when it is still there."""
    code = process.wait(seconds)
    _running.discard(process)
    return code


def stop(process: subprocess.Popen, seconds: float = 30) -> None:
    """SIGTERM, and SIGKILL where that does not end it."""
    process.terminate()
    try:
        wait(process, seconds)
    except subprocess.TimeoutExpired:
        kill(process)


def kill(process: subprocess.Popen) -> None:
    process.kill()
    wait(process, 30)
