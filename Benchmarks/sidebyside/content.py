"""What is pushed: incompressible blobs that are new every time at no cost, and small images."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

# Go's io.Copy, and so docker, writes a request body in pieces of 32 KiB; each becomes one HTTP chunk.
CHUNK = 32 << 10
BLOCK = 4 << 20
IMAGE = "application/vnd.oci.image.manifest.v1+json"


@cache
def _random_block() -> bytes:
    return os.urandom(BLOCK)


def _framed(data: bytes) -> bytes:
    """`data` as HTTP chunks."""
    pieces = []
    for start in range(0, len(data), CHUNK):
        piece = data[start : start + CHUNK]
        pieces += [b"%x\r\n" % len(piece), piece, b"\r\n"]
    return b"".join(pieces)


@dataclass
class Blob:
    """`repeats` times `block`, then `rest`, then `last`: all of it framed as HTTP chunks and ready to send.

    One block that stays in the processor's cache is the cheapest thing to send: reading 1 GiB from a file, or sendfile
    of it, costs the client two to three times as much on loopback. No compressor looks back 4 MiB.
    """

    digest: str
    size: int
    block: memoryview
    repeats: int
    rest: memoryview
    last: bytes


class BlobMaker:
    """Blobs of one size. Each differs from all others in its last bytes, so that hashing a new one is almost free."""

    def __init__(self, size: int) -> None:
        assert size % CHUNK == 0
        self.size = size
        block = _random_block()
        self.repeats, left = divmod(size - CHUNK, BLOCK)
        self.block = memoryview(_framed(block)) if self.repeats else memoryview(b"")
        rest = block[:left]
        self.rest = memoryview(_framed(rest))
        self.filler = os.urandom(CHUNK - 16)
        self.state = sha256()
        for _ in range(self.repeats):
            self.state.update(block)
        self.state.update(rest)
        self.state.update(self.filler)

    def make(self) -> Blob:
        unique = os.urandom(16)
        state = self.state.copy()
        state.update(unique)
        last = _framed(self.filler + unique) + b"0\r\n\r\n"
        return Blob(f"sha256:{state.hexdigest()}", self.size, self.block, self.repeats, self.rest, last)


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


@dataclass
class Image:
    """A manifest and the blobs it names."""

    manifest: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


MARK = "@@@@@@@@@@@@@@@@@@@@@@@@"


def image(layers: int = 4, layer_size: int = 10 << 10, note: str | None = None) -> Image:
    """An image of small random layers; `note` becomes an annotation (`MARK` there: a place to write a serial number)."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "created_by": os.urandom(8).hex()}).encode()
    contents = [os.urandom(layer_size) for _ in range(layers)]
    manifest: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar+gzip", content) for content in contents],
    }
    if note:
        manifest["annotations"] = {"org.opencontainers.image.version": note}
    return Image(json.dumps(manifest).encode(), {digest_of(blob): blob for blob in [config, *contents]})


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
