"""Programs of this machine: which are present, how one is run, and which binary is under test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MISSING = "missing client: "


def binary() -> str:
    """The registry under test: COVE_BIN, else the release build, else the debug build."""
    if chosen := os.environ.get("COVE_BIN"):
        found = shutil.which(chosen)
        if found is None:
            pytest.exit(f"COVE_BIN={chosen} is not a program", returncode=2)
        return os.path.abspath(found)
    for build in ("release", "debug"):
        path = ROOT / ".build" / build / "cove"
        if path.exists():
            return str(path)
    pytest.exit("no cove to test: run `swift build -c release`, or set COVE_BIN", returncode=2)


def is_cove() -> bool:
    """Whether the binary is Cove, not the registry:2 that the tests are checked against."""
    return "docker-registry" not in os.path.basename(binary())


def need(name: str) -> str:
    """The path of a client program; the test is skipped, with the reason, where there is none."""
    unpacked = ROOT / ".build" / "bench" / "usr" / "bin"
    found = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/sbin:/usr/bin:/bin:{unpacked}")
    if found is None:
        pytest.skip(MISSING + name)
    return found


def need_root(why: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{MISSING}root ({why})")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change a client or the server behind a test's back."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("REGISTRY_", "COVE_", "DOCKER_"))
        and key.lower() not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    }
    return kept | changes


def run(
    *command: object,
    check: bool = True,
    timeout: float = 180,
    input: bytes | str | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess:
    """Runs a program to its end; where it fails, the assertion shows the command and what it said."""
    arguments = [str(part) for part in command]
    if isinstance(input, str):
        input = input.encode()
    done = subprocess.run(
        arguments,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        env=env or environment(),
        cwd=cwd,
    )
    done.out = done.stdout.decode(errors="replace")
    done.err = done.stderr.decode(errors="replace")
    if check:
        assert done.returncode == 0, (
            f"{' '.join(arguments)}\nended with {done.returncode}\n{done.out[-2000:]}\n{done.err[-4000:]}"
        )
    return done
