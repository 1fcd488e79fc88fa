"""A content delivery network of the tests' own: what CloudFront checks of a signed URL, before a bucket or a directory."""

import base64
import json
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from . import programs


def rsa_key(directory: Path, form: str) -> Path:
    """A private key of 2048 bits, as PKCS #1 or PKCS #8."""
    path = directory / f"{form}.pem"
    programs.run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
    if form == "pkcs1":
        programs.run("openssl", "rsa", "-traditional", "-in", path, "-out", path)
    first = path.read_text().splitlines()[0]
    assert first == ("-----BEGIN RSA PRIVATE KEY-----" if form == "pkcs1" else "-----BEGIN PRIVATE KEY-----")
    return path


class Distribution:
    """Serves what `fetch` finds under a path, to whoever has a URL signed by the key and still good."""

    def __init__(self, private_key: Path, key_id: str, fetch: Callable[[str], bytes | None]):
        serialization = pytest.importorskip(
            "cryptography.hazmat.primitives.serialization", reason=programs.MISSING + "cryptography (PyPI)"
        )
        key = serialization.load_pem_private_key(private_key.read_bytes(), None)
        self.public_key, self.key_id, self.fetch = key.public_key(), key_id, fetch
        self.counts: Counter[int] = Counter()
        distribution = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, body = distribution.answer(self.path)
                distribution.counts[status] += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> "Distribution":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, target: str) -> tuple[int, bytes]:
        if not self.is_signed(self.url + target):
            return 403, b"Access denied"
        body = self.fetch(urllib.parse.unquote(urllib.parse.urlsplit(target).path).lstrip("/"))
        return (404, b"") if body is None else (200, body)

    def is_signed(self, url: str) -> bool:
        """As the developer guide has it: the policy is made again from the URL, and its signature checked."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        bare, _, query = url.partition("?")
        fields = dict(urllib.parse.parse_qsl(query))
        if set(fields) != {"Expires", "Signature", "Key-Pair-Id"} or fields["Key-Pair-Id"] != self.key_id:
            return False
        if int(fields["Expires"]) < time.time():
            return False
        statement = {"Resource": bare, "Condition": {"DateLessThan": {"AWS:EpochTime": int(fields["Expires"])}}}
        policy = json.dumps({"Statement": [statement]}, separators=(",", ":"))
        signature = base64.b64decode(fields["Signature"].translate(str.maketrans("-_~", "+=/")))
        try:
            self.public_key.verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())
        except InvalidSignature:
            return False
        return True


class Page:
    """A file on the web that can be changed and taken away."""

    def __init__(self):
        self.body: bytes | None = None
        self.asked = 0
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                page.asked += 1
                self.send_response(200 if page.body is not None else 503)
                self.end_headers()
                self.wfile.write(page.body or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ip-ranges.json"

    def __enter__(self) -> "Page":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
