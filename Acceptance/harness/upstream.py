"""A registry to be mirrored: Debian's docker-registry, behind a small proxy that writes down what it is asked and can refuse,
lie and take its time."""

import http.client
import http.server
import threading
from collections.abc import Callable
from pathlib import Path

from . import processes, programs, yaml
from .raw import Registry
from .server import free_port, until


class Upstream:
    """`host` and `url` are the proxy's; `registry` pushes behind its back."""

    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.registry_port = free_port()
        self.registry = Registry(f"http://127.0.0.1:{self.registry_port}")
        self.process = None
        self.forget()
        # Before a request is passed on: an answer of (status, headers, body) instead, or None.
        self.instead: Callable[[str, str], tuple[int, dict[str, str], bytes] | None] = lambda method, path: None
        # What becomes of an answer's body.
        self.changed: Callable[[str, bytes], bytes] = lambda path, body: body
        self.server = _Server(("127.0.0.1", free_port()), _Handler)
        self.server.upstream = self
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        self.url = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def start(self) -> "Upstream":
        binary = programs.need("docker-registry")
        config = self.directory / "config.yml"
        config.write_text(
            yaml.dump(
                {
                    "version": 0.1,
                    "log": {"accesslog": {"disabled": True}, "level": "error"},
                    "storage": {"filesystem": {"rootdirectory": str(self.directory / "data")}, "delete": {"enabled": True}},
                    "http": {"addr": f"127.0.0.1:{self.registry_port}"},
                }
            )
        )
        environment = programs.environment(OTEL_TRACES_EXPORTER="none")
        self.process = processes.start(binary, "serve", config, log=self.directory / "log", env=environment)
        assert until(self._answers, seconds=30), (self.directory / "log").read_text()
        return self

    def _answers(self) -> bool:
        try:
            return self.registry.get("/v2/").status_code == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Takes it away: its port refuses connections."""
        self.server.shutdown()
        self.server.server_close()
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    stop = kill

    def forget(self) -> None:
        """Counts from nothing again."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    def asked(self, *methods: str) -> list[str]:
        """`METHOD path` of what was asked since, of these methods or of all."""
        return [f"{method} {path}" for method, path, _ in list(self.requests) if not methods or method in methods]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    upstream: Upstream


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        upstream = self.server.upstream
        path = self.path.split("?")[0]
        upstream.requests.append((self.command, path, dict(self.headers)))
        answer = upstream.instead(self.command, path)
        if answer is None:
            answer = self._forward(upstream)
        status, headers, body = answer
        body = upstream.changed(path, body)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server", "content-length"):
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        if status != 304:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def _forward(self, upstream: Upstream) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", upstream.registry_port, timeout=30)
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            connection.request(self.command, self.path, headers=kept)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def log_message(self, *_) -> None:
        pass
