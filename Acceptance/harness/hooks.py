"""Receivers of projects' webhooks, and what their deliveries are in Harbor's API."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .accounts import made, unique
from .raw import expect
from .server import free_port, until

FAST = {"allow": ["127.0.0.1"], "backoff": "200ms", "timeout": "1s"}
EVERYTHING = ["PUSH_ARTIFACT", "PULL_ARTIFACT", "DELETE_ARTIFACT", "QUOTA_EXCEED", "QUOTA_WARNING", "TAG_RETENTION"]


class Receiver:
    """Keeps what it is sent; refuses connections until it is started."""

    def __init__(self, certificate=None):
        self.port = free_port()
        self.certificate = certificate
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/hook"
        self.got: list[tuple[dict, dict, bytes]] = []
        """Headers, the parsed body, and its bytes."""
        self.status = 200
        self.delay = 0.0
        """Before an answer, in seconds."""
        self.location = None
        self._server = None

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), json.loads(body), body))
                time.sleep(receiver.delay)
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                answer = b"thank you"
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

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

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def of_type(self, *types: str) -> list[dict]:
        return [body for _, body, _ in self.got if body.get("type") in types]

    def wait(self, kind: str, count: int = 1, seconds: float = 20) -> list[dict]:
        assert until(lambda: len(self.of_type(kind)) >= count, seconds), f"no {kind} among {[body for _, body, _ in self.got]}"
        return self.of_type(kind)


def webhook(harbor, project, url, events=EVERYTHING, **target) -> int:
    target = {"type": "http", "address": url, **target}
    return made(
        harbor.post(
            f"/projects/{project}/webhook/policies",
            {"name": unique("hook"), "enabled": True, "event_types": list(events), "targets": [target]},
        )
    )


def deliveries(harbor, project, number) -> list[dict]:
    return expect(harbor.get(f"/projects/{project}/webhook/policies/{number}/executions"), 200).json()


def ended(harbor, project, number, status, seconds=20) -> dict:
    found = until(lambda: next((one for one in deliveries(harbor, project, number) if one["status"] == status), None), seconds)
    assert found, deliveries(harbor, project, number)
    return found


def log_of(harbor, project, number, execution) -> str:
    path = f"/projects/{project}/webhook/policies/{number}/executions/{execution}/tasks"
    [task] = expect(harbor.get(path), 200).json()
    return expect(harbor.get(f"{path}/{task['id']}/log"), 200).text
