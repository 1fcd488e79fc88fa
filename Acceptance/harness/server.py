"""One registry process of a test's own: its config, its files, its life and death."""

import contextlib
import os
import random
import socket
import ssl
import subprocess
import time
from collections import deque
from pathlib import Path

from . import processes, programs, yaml
from .raw import Connection, Registry

_given: deque[int] = deque(maxlen=500)


def free_port() -> int:
    """A port below the range that outgoing connections use, so that a restarted server gets it again.

    Processes of one run (pytest-xdist) take theirs from different ranges, and none is given twice in a row: a port is free
    until its server starts.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
    while True:
        port = random.randrange(20000 + 3000 * worker, 23000 + 3000 * worker)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.append(port)
        return port


def merged(base: dict, changes: dict) -> dict:
    """`base` with `changes` laid over it; a None removes the key."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def until(condition, seconds: float = 10, every: float = 0.05):
    """The first true answer of `condition`, asked again and again; its last answer when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(every)


class Server:
    """`serve config.yml` in a directory of its own, on 127.0.0.1 and a random port.

    `config` is laid over the usual one: filesystem storage in `<directory>/data` with deletion on. `program` is run in
    place of the registry under test.
    """

    def __init__(
        self, directory: Path, config: dict | None = None, env: dict[str, str] | None = None, program: str | None = None
    ):
        self.program = program
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.env = env or {}
        self.arguments: list[object] = ["serve", directory / "config.yml"]
        self.log_path = directory / "server.log"
        self.config_path = directory / "config.yml"
        self.process: subprocess.Popen | None = None
        self.config = merged(self.usual_config(), config or {})
        self.root = Path(self.config["storage"].get("filesystem", {}).get("rootdirectory", directory / "data"))
        self.scheme = "https" if "tls" in self.config["http"] else "http"
        self.url = f"{self.scheme}://{self.host}"
        self.write_config()

    def usual_config(self) -> dict:
        return {
            "version": 0.1,
            "log": {"level": "info"},
            "storage": {
                "filesystem": {"rootdirectory": str(self.directory / "data")},
                "delete": {"enabled": True},
            },
            "http": {"addr": self.host},
        }

    def write_config(self) -> None:
        self.config_path.write_text(yaml.dump(self.config))

    # Life and death

    def start(self, ready: bool = True) -> "Server":
        assert self.process is None, "already started"
        env = programs.environment(**self.env)
        self.process = processes.start(self.program or programs.binary(), *self.arguments, log=self.log_path, env=env, cwd=self.directory)
        if ready:
            self.wait_until_ready()
        return self

    def wait_until_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode} at start:\n{self.log[-3000:]}")
            if self._answers():
                return
            time.sleep(0.01)
        raise AssertionError(f"the server was not ready in {seconds} s:\n{self.log[-3000:]}")

    def _answers(self) -> bool:
        try:
            with self.connect(timeout=2) as connection:
                connection.request("GET", "/v2/")
                return connection.response().status in (200, 401)
        except ssl.SSLError:
            return True  # it asks for a client certificate: it is there
        except (OSError, EOFError):
            return False

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """The exit status, once it has ended."""
        code = processes.wait(self.process, seconds)
        self.process = None
        return code

    def stop(self, seconds: float = 30) -> None:
        """SIGTERM, and SIGKILL where that does not end it."""
        if self.process is not None:
            processes.stop(self.process, seconds)
            self.process = None

    def kill(self) -> None:
        """kill -9: nothing is flushed, nobody says goodbye."""
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def restart(self) -> "Server":
        self.stop()
        return self.start()

    def revive(self) -> str | None:
        """Starts it again where it ended unasked, and says how; None where it did not."""
        if self.process.poll() is None:
            return None
        code, log = self.wait(), self.log[-3000:]
        self.start()
        return f"the server ended with {code}:\n{log}"

    def __enter__(self) -> "Server":
        return self.start() if self.process is None else self

    def __exit__(self, *_) -> None:
        self.stop(seconds=5)

    # Talking to it

    def registry(self, **options) -> Registry:
        return Registry(self.url, **options)

    def connect(self, timeout: float = 10, **options) -> Connection:
        """A connection whose every byte the test decides."""
        if self.config["http"].get("net") == "unix":
            return Connection(self.config["http"]["addr"], timeout=timeout)
        context = None
        if self.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return Connection(("127.0.0.1", self.port), timeout=timeout, tls=context, **options)

    # Looking at it

    def said(self, text: str, seconds: float = 10) -> bool:
        """Whether the log has the text by then: lines are written behind what they tell of."""
        return until(lambda: text in self.log, seconds)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field} in /proc")

    def rss(self) -> int:
        """Resident memory now, in bytes."""
        return self._status("VmRSS")

    def peak_rss(self) -> int:
        """The most resident memory since the start or the last `forget_peak`, in bytes."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def open_for_clients(self) -> int:
        """How many sockets, blobs and uploads it has open: not its database, to which it connects as it needs."""
        count = 0
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                what = os.readlink(entry)
                count += what.startswith(("socket:", f"{self.root}/blobs/", f"{self.root}/uploads/"))
        return count

    def files(self, folder: str) -> list[Path]:
        """Every file below `<root>/<folder>`."""
        return [path for path in (self.root / folder).rglob("*") if path.is_file()]
