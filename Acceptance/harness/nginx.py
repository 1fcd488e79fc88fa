"""nginx with the file that Cove ships: only addresses, names of files and the user are put in."""

import os
import re
import signal
import subprocess
from pathlib import Path

import requests

from . import processes, programs
from .certificates import Certificate
from .server import free_port, until

SHIPPED = programs.ROOT / "deploy" / "nginx.conf"


class Nginx:
    """Answers both plain and over TLS: most clients' tests speak plain HTTP to 127.0.0.1."""

    def __init__(self, directory: Path, nodes: list[str], certificate: Certificate):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port, self.tls_port = free_port(), free_port()
        self.host, self.tls_host = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.tls_port}"
        self.config_path = directory / "nginx.conf"
        self.log_path = directory / "error.log"
        self.access_log_path = directory / "access.log"
        self.process: subprocess.Popen | None = None
        self.config_path.write_text(self._adapted(nodes, certificate))

    def _adapted(self, nodes: list[str], certificate: Certificate) -> str:
        text = SHIPPED.read_text()
        servers = re.findall(r"(?m)^ *server 192\.0\.2\.\d+:5000 (.*);\n", text)
        usual, backup = servers[0], servers[-1]
        listed = [f"        server {node} {options};\n" for options in (usual, backup) for node in nodes]
        changes = [
            # Everything between the two, with comments, is replaced by the list.
            (r"(?s) *server 192\.0\.2\.11:5000 max.*server 192\.0\.2\.13:5000 backup[^\n]*\n", "".join(listed)),
            (r"user www-data;", "user root;" if os.geteuid() == 0 else ""),
            (r"pid /run/nginx\.pid;", f"daemon off;\npid {self.directory}/nginx.pid;"),
            (r"error_log [^;]*;", f"error_log {self.log_path} info;"),
            (r"access_log [^;]*;", f"access_log {self.access_log_path} cove;\n" + self._temporary()),
            (r"(?s) *server \{\s*listen 80;.*?\n    \}\n", ""),
            (r"listen 443 ssl http2;", f"listen 127.0.0.1:{self.tls_port} ssl http2;\n        listen {self.host};"),
            (r" *listen \[::\]:443 ssl http2;\n", ""),
            (r"ssl_certificate [^;]*;", f"ssl_certificate {certificate.certificate};"),
            (r"ssl_certificate_key [^;]*;", f"ssl_certificate_key {certificate.key};"),
        ]
        for pattern, replacement in changes:
            text, count = re.subn(pattern, lambda _, new=replacement: new, text)
            assert count == 1, f"{SHIPPED} has {count} times {pattern}"
        return text

    def _temporary(self) -> str:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return "\n".join(f"    {kind}_temp_path {self.directory}/{kind};" for kind in kinds)

    def start(self) -> "Nginx":
        nginx = programs.need("nginx")
        self.process = processes.start(nginx, "-p", self.directory, "-c", self.config_path, log=self.log_path)
        assert until(self._answers, seconds=15), f"no nginx:\n{self.log[-3000:]}"
        return self

    def _answers(self) -> bool:
        try:
            requests.get(f"http://{self.host}/v2/", timeout=5)
            return True
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, 5)
            self.process = None

    @property
    def workers(self) -> list[int]:
        """The ids of the processes that serve."""
        master = self.process.pid
        return [int(child) for child in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def pause(self) -> None:
        """Holds every worker in its tracks, as a busy machine does: what clients and nodes send meanwhile waits."""
        for worker in self.workers:
            os.kill(worker, signal.SIGSTOP)

    def go_on(self) -> None:
        for worker in self.workers:
            os.kill(worker, signal.SIGCONT)

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
