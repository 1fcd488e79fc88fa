"""A receiver of notifications: it keeps every request, and answers as the test wants."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .certificates import Certificate
from .server import free_port, until


class Receiver:
    """Listens on a port of its own, from `start` on; while it does not, connections are refused."""

    def __init__(self, certificate: Certificate | None = None):
        self.certificate = certificate
        self.port = free_port()
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/events"
        self.events: list[dict] = []
        """Those that were taken, in the order in which they came."""
        self.refused: list[dict] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path and headers of every request."""
        self.status = 200
        self.delay = 0.0
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers)))
                time.sleep(receiver.delay)
                status = receiver.status
                (receiver.events if status < 300 else receiver.refused).extend(json.loads(body)["events"])
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate.certificate, self.certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "Receiver":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def endpoint(self, name: str = "receiver", **more) -> dict:
        """The entry of `notifications.endpoints` that makes a registry send here."""
        return {"name": name, "url": self.url, "timeout": "2s", "threshold": 3, "backoff": "200ms"} | more

    def wait_for(self, count: int, seconds: float = 15) -> list[dict]:
        """The first events, when there are as many; fails when they do not come."""
        assert until(lambda: len(self.events) >= count, seconds), f"{len(self.events)} of {count} events: {self.words()}"
        return self.events[:count]

    def wait_until_still(self, seconds: float = 1.5) -> list[dict]:
        """All events, when none has come for a while."""
        count = -1
        while count != len(self.events):
            count = len(self.events)
            time.sleep(seconds)
        return list(self.events)

    def words(self) -> list[str]:
        return [words(event) for event in self.events]

    @property
    def unique(self) -> list[dict]:
        """The events without those that came again, as may be after a crash."""
        seen: dict[str, dict] = {}
        for event in self.events:
            seen.setdefault(event["id"], event)
        return list(seen.values())


def words(event: dict) -> str:
    """An event in a few words: `push repository tag`, or what kind of content it is about."""
    target = event["target"]
    kind = {"application/octet-stream": "blob"}.get(target.get("mediaType"), "manifest" if "mediaType" in target else "-")
    return " ".join([event["action"], target["repository"], target.get("tag", kind)])
