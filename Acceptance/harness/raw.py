"""The protocol by hand: a tiny registry client, and sockets whose every byte a test decides."""

import json
import select
import socket
import ssl
import struct
import time
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field

import requests

from .images import Image, Manifest, digest_of

ALL_MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)


def expect(response, *statuses: int, code: str | None = None):
    """Asserts the status and, where given, an error code of the envelope; hands the response back."""
    asked = getattr(response, "request", None)
    where = f"{asked.method} {asked.url}" if asked is not None else "the raw request"
    status = response.status_code
    assert status in statuses, f"{where}: wanted {statuses}, got {status}: {response.text[:600]}"
    if code is not None:
        assert code in error_codes(response), f"{where}: wanted {code}, got {response.text[:600]}"
    return response


def error_codes(response) -> list[str]:
    """The codes in the error envelope, whose shape is checked on the way."""
    content_type = response.headers.get("Content-Type", "")
    # Operations of Harbor's API that answer with a text alone refuse with one: the envelope as text.
    types = ("application/json", "text/plain") if "/api/v2.0/" in (getattr(response, "url", None) or "") else ("application/json",)
    assert content_type.startswith(types), f"the error is {content_type}: {response.text[:300]}"
    errors = json.loads(response.text)["errors"]
    assert isinstance(errors, list) and errors, response.text
    for error in errors:
        assert set(error) <= {"code", "message", "detail"}, error
        assert error["code"].replace("_", "").isupper(), error
        assert isinstance(error.get("message", ""), str), error
    return [error["code"] for error in errors]


def next_link(response) -> str | None:
    """The target of `Link: <…>; rel="next"`."""
    link = response.headers.get("Link")
    if link is None:
        return None
    target, _, parameters = link.partition(">")
    assert target.startswith("<") and 'rel="next"' in parameters, link
    return target[1:]


class Registry:
    """A registry client without opinions: it follows nothing, retries nothing and hides nothing.

    It talks to its own server only, whatever host a Location names: hosts are for the tests of Location.
    """

    def __init__(self, url: str, auth: tuple[str, str] | None = None, verify: str | bool = True, cert=None):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = auth
        self.session.verify = verify
        self.session.cert = cert

    def request(self, method: str, where: str, **options) -> requests.Response:
        """`where` is a path, or the Location of an earlier answer."""
        options.setdefault("allow_redirects", False)
        options.setdefault("timeout", 60)
        return self.session.request(method, self.absolute(where), **options)

    def absolute(self, where: str) -> str:
        return self.url + target(where)

    def get(self, where: str, **options):
        return self.request("GET", where, **options)

    def head(self, where: str, **options):
        return self.request("HEAD", where, **options)

    def put(self, where: str, data=None, **options):
        return self.request("PUT", where, data=data, **options)

    def post(self, where: str, data=None, **options):
        return self.request("POST", where, data=data, **options)

    def patch(self, where: str, data=None, **options):
        options.setdefault("headers", {}).setdefault("Content-Type", "application/octet-stream")
        return self.request("PATCH", where, data=data, **options)

    def delete(self, where: str, **options):
        return self.request("DELETE", where, **options)

    # Blobs

    def start_upload(self, repository: str, **parameters: str) -> str:
        """POST; the upload's location."""
        response = expect(self.post(f"/v2/{repository}/blobs/uploads/", params=parameters), 202)
        return response.headers["Location"]

    def finish_upload(self, location: str, digest: str, data: bytes = b"", **options) -> requests.Response:
        return self.put(with_query(location, digest=digest), data=data, **options)

    def push_blob(self, repository: str, data: bytes, algorithm: str = "sha256") -> str:
        """POST, then PUT with the whole body."""
        digest = digest_of(data, algorithm)
        location = self.start_upload(repository)
        expect(self.finish_upload(location, digest, data), 201)
        return digest

    def blob(self, repository: str, digest: str) -> bytes:
        return expect(self.get(f"/v2/{repository}/blobs/{digest}"), 200).content

    def has_blob(self, repository: str, digest: str) -> bool:
        return expect(self.head(f"/v2/{repository}/blobs/{digest}"), 200, 404).status_code == 200

    # Manifests

    def put_manifest(self, repository: str, reference: str, manifest: Manifest, **options) -> requests.Response:
        options.setdefault("headers", {"Content-Type": manifest.media_type})
        return self.put(f"/v2/{repository}/manifests/{reference}", data=manifest.body, **options)

    def push_manifest(self, repository: str, reference: str, manifest: Manifest) -> str:
        expect(self.put_manifest(repository, reference, manifest), 201)
        return manifest.digest

    def get_manifest(self, repository: str, reference: str, accept: str = ALL_MANIFESTS) -> requests.Response:
        return self.get(f"/v2/{repository}/manifests/{reference}", headers={"Accept": accept})

    def push_image(self, repository: str, image: Image, *references: str) -> str:
        """The blobs, then the manifest under each reference (its digest where none is given)."""
        for blob in image.blobs:
            self.push_blob(repository, blob.data, blob.algorithm)
        for reference in references or (image.manifest.digest,):
            self.push_manifest(repository, reference, image.manifest)
        return image.manifest.digest

    # Lists

    def tags(self, repository: str, **parameters) -> list[str]:
        return expect(self.get(f"/v2/{repository}/tags/list", params=parameters), 200).json()["tags"] or []

    def referrers(self, repository: str, digest: str, **parameters) -> list[dict]:
        response = expect(self.get(f"/v2/{repository}/referrers/{digest}", params=parameters), 200)
        return response.json()["manifests"]

    def pages(self, where: str, **parameters) -> list[requests.Response]:
        """Every page from `where` on, by following Link."""
        pages = [expect(self.get(where, params=parameters), 200)]
        while link := next_link(pages[-1]):
            assert len(pages) < 10_000, "the pages do not end"
            pages.append(expect(self.get(link), 200))
        return pages


def with_query(location: str, **parameters: str) -> str:
    """A Location with parameters added; what it already has is kept, as clients must."""
    separator = "&" if "?" in location else "?"
    return location + separator + urllib.parse.urlencode(parameters)


def target(location: str) -> str:
    """The request target of a Location that may be absolute."""
    parts = urllib.parse.urlsplit(location)
    return urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))


@dataclass
class RawResponse:
    status: int
    headers: requests.structures.CaseInsensitiveDict
    body: bytes = b""
    raw_headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status_code(self) -> int:
        return self.status

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Connection:
    """One connection, plain or TLS, TCP or unix."""

    def __init__(self, address, timeout: float = 10, tls: ssl.SSLContext | None = None, receive_buffer: int = 0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(address)
            if family == socket.AF_INET:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        except OSError:
            self.socket.close()
            raise
        self.host = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        self.buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def cut(self) -> None:
        """Drops the connection the hard way: the other side gets a reset, in the middle of what it reads."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(self, method: str, where: str, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Sends a head and `body`; only `Host` is added, and `Content-Length` where there is a body."""
        headers = {"Host": "localhost" if self.host.startswith("/") else self.host} | (headers or {})
        if body and not {"content-length", "transfer-encoding"} & {name.lower() for name in headers}:
            headers["Content-Length"] = str(len(body))
        lines = [f"{method} {where} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send_pieces(self, pieces: Iterable[bytes], chunked: bool = False) -> bool:
        """Sends a body; stops, and says False, as soon as the server answers or hangs up before its end."""
        try:
            for piece in pieces:
                if self.answered(0):
                    return False
                if chunked:
                    self.send(f"{len(piece):x}\r\n".encode())
                    self.send(piece)
                    self.send(b"\r\n")
                else:
                    self.send(piece)
            if chunked:
                self.send(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def answered(self, seconds: float) -> bool:
        """Whether there is something to read (the end of the connection counts) within that time."""
        if self.buffer or (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            return True
        return bool(select.select([self.socket], [], [], seconds)[0])

    def closed_within(self, seconds: float) -> bool:
        """Whether the server hangs up within that time, whatever it sends before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
                return False
            try:
                if not self.socket.recv(65536):
                    return True
            except ConnectionResetError:
                return True
        return False

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the server hung up after {self.buffer[:200]!r}")
        self.buffer += data

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self, count: int) -> bytes:
        """The next `count` bytes, whatever they belong to."""
        return self._exactly(count)

    def response(self, method: str = "GET") -> RawResponse:
        """Reads one response; the body by Content-Length, by chunks, or to the end of the connection."""
        parts = self._line().decode().split(" ", 2)
        assert parts[0].startswith("HTTP/1."), parts
        status = int(parts[1])
        pairs = []
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            pairs.append((name.strip(), value.strip()))
        headers = requests.structures.CaseInsensitiveDict(pairs)
        response = RawResponse(status, headers, raw_headers=pairs)
        if method == "HEAD" or status < 200 or status in (204, 304):
            return response
        if headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self._line().split(b";")[0], 16):
                response.body += self._exactly(size)
                self._line()
            while self._line():
                pass
        elif "Content-Length" in headers:
            response.body = self._exactly(int(headers["Content-Length"]))
        else:
            try:
                while True:
                    self._more()
            except EOFError:
                response.body, self.buffer = self.buffer, b""
        return response
