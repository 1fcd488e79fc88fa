"""A registry that has been in use for years: one repository with very many tags, and very many repositories.

Cove is filled through its HTTP API. A Distribution registry (registry:2, registry:3) would take hours that way, so its
store is written directly: it is only directories and link files.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .content import IMAGE, Image, image
from .server import Player, Server
from .traffic import push_image
from .wire import Connection, Unexpected

TAGGED = "bench/tags"
TAGS_PER_REQUEST = 200
WORKERS = 8


class FullStore:
    """What is in the store; the same for every registry."""

    def __init__(self, tags: int, repositories: int) -> None:
        self.tags = [f"v{number:07d}" for number in range(tags)]
        self.repositories = [f"fleet/team-{number // 100:04d}/app-{number % 100:02d}" for number in range(repositories)]
        self.image: Image = image(layers=0)

    @property
    def all_repositories(self) -> list[str]:
        return sorted([TAGGED, *self.repositories])

    def fill(self, player: Player, directory: Path, say: Callable[[str], None]) -> None:
        began = time.perf_counter()
        if player.is_cove:
            self._fill_by_api(player, directory)
        else:
            self._write_layout(directory / "data" / "docker" / "registry" / "v2")
        say(f"filled {player.name} in {time.perf_counter() - began:.0f} s")

    # Cove: by its API

    def _fill_by_api(self, player: Player, directory: Path) -> None:
        relaxed = Player(player.name, player.binary, is_cove=True, durability="relaxed" if player.durability else None)
        server = Server(relaxed, directory)
        try:
            server.start()
            push_image(server.port, TAGGED, self.image, self.tags[0])
            self._tag(server.port)
            self._make_repositories(server.port)
        finally:
            server.stop()

    def _tag(self, port: int) -> None:
        """Many `tag` parameters on a push by digest; one push a tag where the server does not know them."""
        target = f"/v2/{TAGGED}/manifests/"
        with Connection(port) as connection:
            for batch in _batches(self.tags, TAGS_PER_REQUEST):
                query = "&".join(f"tag={tag}" for tag in batch)
                answer = connection.request(
                    "PUT", f"{target}{self.image.digest}?{query}", {"Content-Type": IMAGE}, self.image.manifest
                ).expect(201)
                if "oci-tag" in answer.headers:
                    continue
                for tag in batch:
                    connection.request("PUT", target + tag, {"Content-Type": IMAGE}, self.image.manifest).expect(201)

    def _make_repositories(self, port: int) -> None:
        work: queue.SimpleQueue[str] = queue.SimpleQueue()
        for repository in self.repositories:
            work.put(repository)
        failures: list[Exception] = []

        def worker() -> None:
            try:
                with Connection(port) as connection:
                    while not failures:
                        self._make_repository(connection, work.get_nowait())
            except queue.Empty:
                pass
            except Exception as failure:  # noqa: BLE001 - told by the caller's thread
                failures.append(failure)

        threads = [threading.Thread(target=worker) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _make_repository(self, connection: Connection, repository: str) -> None:
        for digest in self.image.blobs:
            answer = connection.request("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={TAGGED}")
            if answer.status != 201:
                raise Unexpected(f"mount into {repository}: status {answer.status}")
        connection.request(
            "PUT", f"/v2/{repository}/manifests/latest", {"Content-Type": IMAGE}, self.image.manifest
        ).expect(201)

    # Distribution: its files

    def _write_layout(self, root: Path) -> None:
        contents = {**self.image.blobs, self.image.digest: self.image.manifest}
        for digest, content in contents.items():
            hexadecimal = digest.removeprefix("sha256:")
            blob = root / "blobs" / "sha256" / hexadecimal[:2] / hexadecimal
            blob.mkdir(parents=True)
            (blob / "data").write_bytes(content)
        repositories = root / "repositories"
        self._write_repository(repositories / TAGGED, self.tags)
        for repository in self.repositories:
            self._write_repository(repositories / repository, ["latest"])

    def _write_repository(self, directory: Path, tags: list[str]) -> None:
        manifest = self.image.digest.removeprefix("sha256:")
        links = {f"_layers/sha256/{digest.removeprefix('sha256:')}": digest for digest in self.image.blobs}
        links[f"_manifests/revisions/sha256/{manifest}"] = self.image.digest
        for place, digest in links.items():
            (directory / place).mkdir(parents=True)
            (directory / place / "link").write_text(digest)
        # Each tag has an index/ directory too, which only deleting reads: left out, for it would double the files.
        for tag in tags:
            current = directory / "_manifests" / "tags" / tag / "current"
            current.mkdir(parents=True)
            (current / "link").write_text(self.image.digest)


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
