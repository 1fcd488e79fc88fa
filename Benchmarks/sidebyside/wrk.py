"""wrk, for the rates that Python could not reach."""

from __future__ import annotations

import re
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .wire import ACCEPT, Unexpected

MANIFESTS = Path(__file__).with_name("manifests.lua")


@dataclass
class Rate:
    per_second: float
    count: int
    milliseconds_p50: float
    milliseconds_p99: float
    client_busy: float
    """The share of wrk's one thread that was busy."""


def wrk(
    url: str, connections: int, seconds: int, script: Path | None = None, arguments: list[str] | None = None, headers: dict[str, str] | None = None
) -> Rate:
    """One thread: it sends more than these servers answer, and leaves them the other core."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
    if script:
        command += ["-s", str(script), url, "--", *(arguments or [])]
    else:
        for name, value in {"Accept": ACCEPT, **(headers or {})}.items():
            command += ["-H", f"{name}: {value}"]
        command.append(url)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    text = done.stdout
    if done.returncode or "Requests/sec" not in text:
        raise Unexpected(f"wrk: {text}{done.stderr}")
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in text:
            raise Unexpected("wrk: " + re.search(rf".*{trouble}.*", text).group().strip())
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Rate(
        per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        count=int(re.search(r"(\d+) requests in", text).group(1)),
        milliseconds_p50=_milliseconds(re.search(r"^\s+50%\s+(\S+)", text, re.M).group(1)),
        milliseconds_p99=_milliseconds(re.search(r"^\s+99%\s+(\S+)", text, re.M).group(1)),
        client_busy=busy / wall,
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]
