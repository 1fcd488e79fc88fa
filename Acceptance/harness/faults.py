"""A proxy between the nodes and S3 that counts what passes, and makes a part of it fail the ways S3 and networks do."""

import asyncio
import random
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .server import free_port

# What may happen to a request. `lost` and `cut` are the cruel ones: S3 has done what was asked and the node is not told.
KINDS = ("503", "500", "reset", "lost", "cut", "stall")
PIECE = 256 * 1024


@dataclass
class Faults:
    """Which requests fail, and how. Signed URLs, which clients of the registry follow, are left alone."""

    seed: int
    share: float = 0.05
    kinds: tuple[str, ...] = KINDS
    # Seconds without a word, before the connection is reset.
    stall: float = 20
    concerns: Callable[[str], bool] = lambda operation: True

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def choose(self, operation: str) -> str | None:
        if operation.startswith("signed ") or not self.concerns(operation) or self.chance.random() >= self.share:
            return None
        if operation == "CompleteMultipartUpload" and self.chance.random() < 0.3:
            return "200"  # S3 may begin with 200 and tell of the failure in the body
        return self.chance.choice(self.kinds)


@dataclass
class Head:
    """The first line and the fields of a request or an answer."""

    raw: bytes
    first: list[str]
    fields: dict[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> "Head":
        raw = await reader.readuntil(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        return cls(raw, lines[0].split(" ", 2), {name.strip().lower(): value.strip() for name, _, value in pairs})

    @property
    def is_chunked(self) -> bool:
        return self.fields.get("transfer-encoding", "").lower() == "chunked"

    @property
    def length(self) -> int | None:
        return int(self.fields["content-length"]) if "content-length" in self.fields else None


def operation_of(method: str, target: str, fields: dict[str, str]) -> str:
    """What S3 calls a request (paths of the form /bucket/key)."""
    path, _, query = target.partition("?")
    parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if "X-Amz-Signature" in parameters:
        return f"signed {method}"
    copies = "x-amz-copy-source" in fields
    has_key = path.strip("/").count("/") > 0
    if "partNumber" in parameters and method == "PUT":
        return "UploadPartCopy" if copies else "UploadPart"
    if "uploads" in parameters:
        return "CreateMultipartUpload" if method == "POST" else "ListMultipartUploads"
    if "uploadId" in parameters:
        return {"POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload", "GET": "ListParts"}.get(method, method)
    if "delete" in parameters:
        return "DeleteObjects"
    if not has_key:
        return {"GET": "ListObjects", "HEAD": "HeadBucket"}.get(method, f"{method} bucket")
    if method == "PUT":
        return "CopyObject" if copies else "PutObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, method)


class _Broken(Exception):
    """The connection is to be reset now."""


class FaultProxy:
    """Listens on a port of its own, in a thread of its own."""

    def __init__(self, upstream_port: int):
        self.upstream_port = upstream_port
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.faults: Faults | None = None
        self.forget()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()

    def forget(self) -> None:
        """Counts from nothing again."""
        self.counts: Counter[str] = Counter()
        # Bytes of bodies, by the operation that they were sent to or came from.
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.injected: Counter[tuple[str, str]] = Counter()

    def start(self) -> "FaultProxy":
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=PIECE))
        self._listening.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: asyncio.StreamWriter | None = None
        try:
            while True:
                head = await Head.read(reader)
                # S3 closes when it likes; a connection for each request keeps the two sides' habits apart.
                source, upstream = await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=PIECE)
                keeps = await self._exchange(head, reader, writer, source, upstream)
                upstream.close()
                if not keeps:
                    break
            writer.close()
        except (_Broken, OSError, EOFError, asyncio.IncompleteReadError):
            writer.transport.abort()
            if upstream is not None:
                upstream.transport.abort()

    async def _exchange(self, head: Head, reader, writer, source, upstream) -> bool:
        """One request and its answer. Whether the node may send another one on this connection."""
        method, target = head.first[0], head.first[1]
        operation = operation_of(method, target, head.fields)
        self.counts[operation] += 1
        fault = self.faults.choose(operation) if self.faults else None
        if fault:
            self.injected[operation, fault] += 1
        if fault == "reset":
            if head.length:
                await reader.read(min(head.length, PIECE))
            raise _Broken
        if fault == "stall":
            await asyncio.sleep(self.faults.stall)
            raise _Broken
        if head.fields.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fault in ("503", "500", "200"):
            await self._pass_body(head, reader, None, operation, self.sent)
            writer.write(_refusal(fault))
            await writer.drain()
            return True
        expectation = f"expect: {head.fields.get('expect')}".encode()
        upstream.write(b"\r\n".join(line for line in head.raw.split(b"\r\n") if line.lower() != expectation))
        await self._pass_body(head, reader, upstream, operation, self.sent)

        answer = await Head.read(source)
        if fault == "lost":
            await self._pass_body(answer, source, None, operation, Counter())
            raise _Broken
        writer.write(answer.raw)
        status = int(answer.first[1])
        if method == "HEAD" or status in (204, 304):
            await writer.drain()
            return True
        if fault == "cut":
            if answer.length:
                writer.write(await source.read(max(1, min(answer.length, PIECE) // 2)))
            await writer.drain()
            raise _Broken
        await self._pass_body(answer, source, writer, operation, self.received, to_the_end=True)
        return answer.length is not None or answer.is_chunked

    @staticmethod
    async def _pass_body(head: Head, reader, writer, operation: str, counter: Counter, to_the_end: bool = False) -> None:
        """By its length, by its chunks, or (an answer) to the end of the connection."""

        async def give(data: bytes) -> None:
            if writer is not None:
                writer.write(data)
                await writer.drain()

        if head.is_chunked:
            while True:
                line = await reader.readline()
                size = int(line.split(b";")[0], 16)
                await give(line + await reader.readexactly(size + 2))
                counter[operation] += size
                if size == 0:
                    return
        left = head.length if head.length is not None else (1 << 62 if to_the_end else 0)
        while left > 0:
            piece = await reader.read(min(left, PIECE))
            if not piece:
                if head.length is None:
                    return
                raise EOFError
            counter[operation] += len(piece)
            left -= len(piece)
            await give(piece)


def _refusal(kind: str) -> bytes:
    code, text, status = {
        "503": ("SlowDown", "Please reduce your request rate.", "503 Slow Down"),
        "500": ("InternalError", "We encountered an internal error. Please try again.", "500 Internal Server Error"),
        "200": ("InternalError", "We encountered an internal error. Please try again.", "200 OK"),
    }[kind]
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message>'
        "<RequestId>4442587FB7D0A2F9</RequestId></Error>"
    ).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
