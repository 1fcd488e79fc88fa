"""A Redis of the tests' own, that keeps nothing."""

import socket
import subprocess
from pathlib import Path

from . import processes, programs
from .server import free_port, until


class Redis:
    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.log_path = directory / "redis.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> "Redis":
        options = ("--bind", "127.0.0.1", "--port", self.port, "--save", "", "--dir", self.directory)
        self.process = processes.start(programs.need("redis-server"), *options, log=self.log_path)
        assert until(lambda: self._command("PING") == b"+PONG"), f"no Redis:\n{self.log_path.read_text()[-2000:]}"
        return self

    def _command(self, *words: str) -> bytes | None:
        """The first line of its answer; None where it gives none."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.sendall(request.encode())
                return connection.recv(4096).split(b"\r\n")[0]
        except OSError:
            return None

    def size(self) -> int:
        """How many keys it holds."""
        answer = self._command("DBSIZE")
        assert answer is not None and answer.startswith(b":"), answer
        return int(answer[1:])

    def clear(self) -> None:
        self._command("FLUSHALL")

    def kill(self) -> None:
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    stop = kill
