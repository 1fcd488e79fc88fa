"""One keep-alive HTTP/1.1 connection, as thin as it can be: the client must not be what is measured."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

USER_AGENT = "docker/29.0.0 go/go1.25 os/linux arch/amd64"
ACCEPT = ", ".join(
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "*/*",
    ]
)
PIECE = 1 << 20


class Unexpected(Exception):
    """An answer that is not what the protocol asks for: the row it belongs to has no value."""


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    def expect(self, *statuses: int) -> Response:
        if self.status not in statuses:
            raise Unexpected(f"status {self.status}, expected {statuses}: {self.body[:300]!r}")
        return self

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class Connection:
    def __init__(self, port: int, timeout: float = 300) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 16)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def request(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        """Sends a request whose body is small, and reads the whole answer."""
        if body is not None or method in ("POST", "PUT", "PATCH"):
            headers = {**(headers or {}), "Content-Length": str(len(body or b""))}
        self.socket.sendall(self.head(method, target, headers) + (body or b""))
        return self.response(method)

    def head(self, method: str, target: str, headers: dict[str, str] | None = None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"User-Agent: {USER_AGENT}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def response(self, method: str) -> Response:
        status, headers = self.response_head()
        if method == "HEAD" or status in (204, 304):
            return Response(status, headers, b"")
        return Response(status, headers, self._body(headers))

    def response_head(self) -> tuple[int, dict[str, str]]:
        while True:
            line = self.reader.readline()
            if not line:
                raise Unexpected("the connection was closed before an answer")
            status = int(line.split(b" ", 2)[1])
            headers: dict[str, str] = {}
            while (line := self.reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            if status >= 200:
                return status, headers

    def drain(self, length: int, into: memoryview, hashed: bool = False) -> str | None:
        """Reads a body of `length` bytes and drops it; the digest of it where `hashed`."""
        state = sha256() if hashed else None
        left = length
        while left:
            count = self.reader.readinto(into[: min(left, len(into))])
            if not count:
                raise Unexpected(f"the body ended {left} bytes early")
            if state:
                state.update(into[:count])
            left -= count
        return f"sha256:{state.hexdigest()}" if state else None

    def _body(self, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            length = int(headers["content-length"])
            body = self.reader.read(length)
            if len(body) != length:
                raise Unexpected("the body ended early")
            return body
        if headers.get("transfer-encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.reader.readline().split(b";")[0], 16):
                pieces.append(self.reader.read(size))
                self.reader.readline()
            while self.reader.readline() not in (b"\r\n", b""):
                pass
            return b"".join(pieces)
        return b""


def target_of(location: str) -> str:
    """The request target of a `Location`, absolute or relative."""
    parts = urlsplit(location)
    return parts.path + (f"?{parts.query}" if parts.query else "")
