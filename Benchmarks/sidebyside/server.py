"""A registry as a process: its configuration, its start, its memory and its processor time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Player:
    """One of the registries that are compared."""

    name: str
    binary: str
    is_cove: bool = False
    durability: str | None = None

    def configuration(self, root: Path, port: int) -> str:
        lines = [
            "version: 0.1",
            "storage:",
            "  filesystem:",
            f"    rootdirectory: {root}",
            "  delete:",
            "    enabled: true",
        ]
        if not self.is_cove:
            # As in the config.yml that it ships with; without it, it would be slower than its users know it.
            lines += ["  cache:", "    blobdescriptor: inmemory"]
        lines += ["http:", f"  addr: 127.0.0.1:{port}"]
        if self.durability:
            lines += [f"durability: {self.durability}"]
        return "\n".join(lines) + "\n"


class Server:
    """A running registry over a directory. Log output, access log included, goes to a file, as in production."""

    def __init__(self, player: Player, directory: Path) -> None:
        self.player = player
        self.directory = directory
        self.root = directory / "data"
        self.root.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 120) -> float:
        """Starts it; returns the seconds to the first 200 on /v2/."""
        configuration = self.directory / "config.yml"
        configuration.write_text(self.player.configuration(self.root, self.port))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")}
        environment["OTEL_TRACES_EXPORTER"] = "none"  # registry:3 would look for a collector
        with open(self.directory / "log", "ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                [self.player.binary, "serve", str(configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.directory,
            )  # fmt: skip
        while not self._answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.player.name} ended at once: {self.log_tail()}")
            if time.perf_counter() - began > timeout:
                self.stop()
                raise RuntimeError(f"{self.player.name} did not answer within {timeout} s: {self.log_tail()}")
            time.sleep(0.0005)
        return time.perf_counter() - began

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def remove(self) -> None:
        """Stops it and drops what it stored, before the kernel writes that to disk in somebody else's measurement."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def rss(self) -> float:
        """Resident memory in MB (10^6 bytes)."""
        return self._status("VmRSS") / 1e6

    def peak_rss(self) -> float:
        return self._status("VmHWM") / 1e6

    def cpu_seconds(self) -> float:
        """User and system time so far. Work that the kernel does for it on the client's time is not in it."""
        fields = Path(f"/proc/{self._pid()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def log_tail(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-600:]

    def _pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.player.name} is not running")
        return self.process.pid

    def _status(self, key: str) -> int:
        for line in Path(f"/proc/{self._pid()}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {key} for {self.player.name}: {self.log_tail()}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                client.sendall(b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return client.recv(64).startswith((b"HTTP/1.1 200", b"HTTP/1.1 401"))
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
