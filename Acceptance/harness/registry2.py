"""Debian's docker-registry as a server of a test's own, and trees of its files that are written by hand."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from . import images, processes, programs
from .raw import Registry, expect
from .server import Server

TREE = Path("docker/registry/v2")


def program() -> str:
    """The path of docker-registry, also where only its binary was unpacked (scripts/install-clients)."""
    unpacked = programs.ROOT / ".build" / "bench" / "usr" / "bin"
    found = shutil.which("docker-registry", path=os.pathsep.join([os.environ.get("PATH", ""), str(unpacked)]))
    if found is None:
        pytest.skip(programs.MISSING + "docker-registry")
    return found


class Registry2(Server):
    """registry:2 on a directory."""

    def __init__(self, directory: Path, root: Path):
        super().__init__(directory, {"storage": {"filesystem": {"rootdirectory": str(root)}}})

    def start(self, ready: bool = True) -> "Registry2":
        env = programs.environment()
        self.process = processes.start(program(), *self.arguments, log=self.log_path, env=env, cwd=self.directory)
        if ready:
            self.wait_until_ready()
        return self


@dataclass
class Truth:
    """What a registry has, as its clients see it."""

    # By repository and tag or digest: the exact bytes and the media type.
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    blobs: set[tuple[str, str]] = field(default_factory=set)

    def read(self, registry: Registry, repository: str, *references: str) -> "Truth":
        """Remembers tags, the manifests of `references`, and the blobs that they refer to."""
        self.tags[repository] = sorted(registry.tags(repository))
        for reference in references:
            response = expect(registry.get_manifest(repository, reference), 200)
            self.manifests[repository, reference] = (response.content, response.headers["Content-Type"])
            value = response.json()
            for part in [value.get("config"), *value.get("layers", [])]:
                if part:
                    self.blobs.add((repository, part["digest"]))
        return self

    def compare(self, registry: Registry, without: set[tuple[str, str]] = frozenset()) -> None:
        """Asserts that a registry has the same: every tag, every manifest by byte, every blob by its digest."""
        for repository, tags in self.tags.items():
            assert sorted(registry.tags(repository)) == tags, repository
        for (repository, reference), (body, media_type) in self.manifests.items():
            response = expect(registry.get_manifest(repository, reference), 200)
            assert response.content == body, (repository, reference)
            assert response.headers["Content-Type"] == media_type
            assert response.headers["Docker-Content-Digest"] == images.digest_of(body)
        for repository, digest in self.blobs - set(without):
            assert images.digest_of(registry.blob(repository, digest)) == digest


class Files:
    """A tree of registry:2's, written as files: many images in little time."""

    def __init__(self, root: Path):
        self.root = root

    def write(self, path: str, data: bytes) -> None:
        full = self.root / TREE / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(data)

    def blob(self, data: bytes) -> str:
        hexadecimal = hashlib.sha256(data).hexdigest()
        self.write(f"blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data", data)
        return hexadecimal

    def many(self, tags: int, repositories: int = 10, shared: int = 4) -> dict[str, dict[str, str]]:
        """Images of a config of their own and some shared layers; the digest of each tag by repository."""
        layers = [b"layer %d" % number for number in range(shared)]
        for layer in layers:
            self.blob(layer)
        made: dict[str, dict[str, str]] = {}
        for number in range(tags):
            name = f"team-{number % repositories}/app"
            config = json.dumps({"number": number}).encode()
            blobs = [config, *layers]
            manifest = json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": images.OCI_MANIFEST,
                    "config": images.Blob(config, images.OCI_CONFIG).descriptor(),
                    "layers": [images.Blob(layer, images.OCI_LAYER).descriptor() for layer in layers],
                }
            ).encode()
            self.blob(config)
            digest = self.blob(manifest)
            link = f"sha256:{digest}".encode()
            repository = f"repositories/{name}"
            self.write(f"{repository}/_manifests/revisions/sha256/{digest}/link", link)
            self.write(f"{repository}/_manifests/tags/v{number}/current/link", link)
            self.write(f"{repository}/_manifests/tags/v{number}/index/sha256/{digest}/link", link)
            # Every repository has links to all of its layers from its first image on.
            for blob in blobs if number < repositories else blobs[:1]:
                hexadecimal = hashlib.sha256(blob).hexdigest()
                self.write(f"{repository}/_layers/sha256/{hexadecimal}/link", f"sha256:{hexadecimal}".encode())
            made.setdefault(name, {})[f"v{number}"] = f"sha256:{digest}"
        return made

    def data(self, digest: str) -> Path:
        hexadecimal = digest.removeprefix("sha256:")
        return self.root / TREE / "blobs" / "sha256" / hexadecimal[:2] / hexadecimal / "data"
