"""Content to push, made from nothing: blobs, layers, OCI and Docker images, indexes, artifacts, layouts."""

import gzip
import hashlib
import io
import json
import os
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
OCI_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"

MIB = 1 << 20
GIB = 1 << 30


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def random_bytes(size: int) -> bytes:
    """Bytes nobody pushed before."""
    return os.urandom(size) if size <= MIB else random.Random(os.urandom(16)).randbytes(size)


@dataclass(frozen=True)
class Blob:
    data: bytes
    media_type: str = "application/octet-stream"
    algorithm: str = "sha256"

    @property
    def digest(self) -> str:
        return digest_of(self.data, self.algorithm)

    def descriptor(self, **more) -> dict:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)} | more


@dataclass(frozen=True)
class Manifest:
    """A manifest's exact bytes and the type it is pushed as."""

    body: bytes
    media_type: str
    algorithm: str = "sha256"

    @classmethod
    def of(cls, value: dict, media_type: str | None = None, algorithm: str = "sha256") -> "Manifest":
        return cls(json.dumps(value, indent=2).encode(), media_type or value["mediaType"], algorithm)

    @property
    def digest(self) -> str:
        return digest_of(self.body, self.algorithm)

    @property
    def value(self) -> dict:
        return json.loads(self.body)

    def descriptor(self, **more) -> dict:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)} | more


@dataclass
class Image:
    manifest: Manifest
    blobs: list[Blob] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return self.manifest.digest


def tar(files: dict[str, bytes]) -> bytes:
    """A tar of regular files, the same bytes for the same content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o755
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def image(
    *layers: dict[str, bytes],
    docker: bool = False,
    architecture: str = "amd64",
    algorithm: str = "sha256",
    **more,
) -> Image:
    """A runnable image with one gzip layer for each map of files (one random file where none is given).

    `more` goes into the manifest as it is: annotations, subject, artifactType, fields of one's own.
    """
    tars = [tar(files) for files in layers or ({"random": random_bytes(64)},)]
    layer_blobs = [
        Blob(gzip.compress(data, 1, mtime=0), DOCKER_LAYER if docker else OCI_LAYER, algorithm) for data in tars
    ]
    configuration = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/random"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(data) for data in tars]},
        "history": [{"created_by": f"layer {number}"} for number in range(len(tars))],
    }
    config = Blob(json.dumps(configuration).encode(), DOCKER_CONFIG if docker else OCI_CONFIG, algorithm)
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config.descriptor(),
        "layers": [blob.descriptor() for blob in layer_blobs],
    }
    return Image(Manifest.of(value | more, media_type, algorithm), [config, *layer_blobs])


def artifact(artifact_type: str | None, *files: bytes, subject: Manifest | dict | None = None, **more) -> Image:
    """An artifact as OCI 1.1 writes it: the empty config, and a layer for each file (none is fine)."""
    config = Blob(b"{}", OCI_EMPTY)
    blobs = [Blob(data, "application/octet-stream") for data in files]
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [blob.descriptor() for blob in blobs],
    }
    if artifact_type is not None:
        value["artifactType"] = artifact_type
    if subject is not None:
        value["subject"] = subject.descriptor() if isinstance(subject, Manifest) else subject
    return Image(Manifest.of(value | more), [config, *blobs])


def index(*manifests: Manifest, docker: bool = False, algorithm: str = "sha256", **more) -> Manifest:
    """An index over manifests; the platform of each is read from nowhere: amd64, arm64, s390x in turn."""
    architectures = ("amd64", "arm64", "s390x", "riscv64", "ppc64le")
    entries = []
    for number, manifest in enumerate(manifests):
        platform = {"architecture": architectures[number % len(architectures)], "os": "linux"}
        entries.append(manifest.descriptor(platform=platform))
    media_type = DOCKER_LIST if docker else OCI_INDEX
    value = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    return Manifest.of(value | more, media_type, algorithm)


def write_layout(directory: Path, tags: dict[str, Manifest], contents: list[Manifest | Blob]) -> Path:
    """An OCI image layout, for clients that copy from a directory."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for content in [*tags.values(), *contents]:
        data = content.body if isinstance(content, Manifest) else content.data
        (blobs / digest_of(data).removeprefix("sha256:")).write_bytes(data)
    entries = [
        manifest.descriptor(annotations={"org.opencontainers.image.ref.name": tag}) for tag, manifest in tags.items()
    ]
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return directory


class Stream:
    """`size` bytes made on the fly, the same each time for the same seed: blobs larger than memory."""

    _block = random.Random(1).randbytes(MIB)

    def __init__(self, seed: int, size: int):
        self.seed = seed
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        left, number = self.size, 0
        while left > 0:
            stamp = self.seed.to_bytes(8, "big") + number.to_bytes(8, "big")
            yield (stamp + self._block[16:])[: min(left, MIB)]
            left -= MIB
            number += 1

    @property
    def digest(self) -> str:
        state = hashlib.sha256()
        for piece in self:
            state.update(piece)
        return "sha256:" + state.hexdigest()
