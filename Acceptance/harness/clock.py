"""A clock that is off, for one process."""

import os
import shutil
from pathlib import Path

import pytest

from . import programs

SOURCE = Path(__file__).with_suffix(".c")


def off_by(seconds: int, directory: Path) -> dict[str, str]:
    """What a process must have in its environment. Only its calendar is off: what it measures goes on as it is."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        pytest.skip(programs.MISSING + "cc")
    directory.mkdir(parents=True, exist_ok=True)
    library = directory / "clock.so"
    if not os.path.exists(library):
        programs.run(compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl")
    return {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(seconds)}
