"""The measurements, in groups that share servers. In each, registries take turns: A B A B, never A A B B."""

from __future__ import annotations

import mmap
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .content import MARK, BlobMaker, digest_of, image
from .full_store import TAGGED, FullStore
from .rows import COVE, Row
from .server import Player, Server
from .traffic import check_blob, check_manifest, head_rate, pull, push, push_image, push_many
from .wire import Connection, Unexpected
from .wrk import MANIFESTS, wrk

CONNECTIONS = 32
PULLS = 3
PAGE = 100


@dataclass
class Sizes:
    big: int
    parallel_count: int
    parallel_size: int
    seconds: int
    tags: int
    repositories: int
    manifests: int
    audit: int


@dataclass
class Context:
    players: list[Player]
    rows: dict[str, Row]
    wanted: set[str]
    sizes: Sizes
    scratch: Path
    say: Callable[[str], None]

    def wants(self, *names: str) -> bool:
        return any(name in self.wanted for name in names)

    def column(self, player: Player) -> str:
        """Cove with relaxed durability has rows of its own, not a column."""
        return COVE if player.is_cove else player.name

    def failed(self, names: tuple[str, ...], player: Player, failure: Exception) -> None:
        for name in names:
            if name in self.wanted:
                self.rows[name].errors[self.column(player)] = str(failure)
        self.say(f"{player.name}: {', '.join(names)}: {failure}")

    @contextmanager
    def servers(self, players: list[Player]) -> Iterator[list[Server]]:
        """One empty registry each, all up at once, gone at the end with what they stored."""
        servers = []
        try:
            for player in players:
                servers.append(Server(player, self.scratch / player.name.replace(":", "").replace(" ", "-")))
                servers[-1].start()
            yield servers
            for server in servers:
                if "rss-peak" in self.wanted:
                    self.rows["rss-peak"].add(self.column(server.player), server.peak_rss())
        finally:
            for server in servers:
                server.remove()

    @contextmanager
    def measuring(self, server: Server, *names: str, quiet_disk: bool = False) -> Iterator[Callable[..., None]]:
        """Yields `add(value, …)`, which notes a sample of the first row. A wrong answer costs the row, not the run."""
        if quiet_disk:
            # registry:2 leaves its data to the kernel; Cove's fdatasync must not pay for that write-back.
            os.sync()
            warm_memory(self.sizes.big + (512 << 20))
        cpu = server.cpu_seconds()

        def add(value: float, count: int, client_busy: float, **more: float) -> None:
            spent = server.cpu_seconds() - cpu
            for name in names:
                if name in self.wanted:
                    details = {"client_busy": client_busy, "server_cpu_ms_each": spent / count * 1000, **more}
                    self.rows[name].add(self.column(server.player), value, **details)
            self.say(f"  {names[0]:16} {server.player.name:13} {value:12.3f} {self.rows[names[0]].unit}")

        try:
            yield add
        except (Unexpected, OSError) as failure:
            self.failed(names, server.player, failure)


def warm_memory(size: int) -> None:
    """Makes sure that so much of the free memory is really there: a hypervisor takes back what is not used, and whoever
    fills the page cache next would pay for getting it again. Who comes third in a round paid twice as much."""
    block = b"\1" * (1 << 20)
    with mmap.mmap(-1, size) as memory:
        for offset in range(0, size - len(block) + 1, len(block)):
            memory[offset : offset + len(block)] = block


def big_blobs(context: Context) -> None:
    """One large layer up, then down."""
    if not context.wants("push", "push-relaxed", "pull"):
        return
    maker = BlobMaker(context.sizes.big)
    warmer = BlobMaker(1 << 20)
    full = [player for player in context.players if player.durability != "relaxed"]
    # One at a time: what another has put into the page cache must not decide where this one finds room.
    for player in context.players if context.wants("push-relaxed") else full if context.wants("push") else []:
        with context.servers([player]) as (server,):
            push(server.port, "bench/warm", warmer.make())
            blob = maker.make()
            with context.measuring(server, *_push_rows("push", player), quiet_disk=True) as add:
                timing = push(server.port, "bench/big", blob)
                add(timing.seconds, 1, timing.client_busy)
    if not context.wants("pull"):
        return
    with context.servers(full) as servers:
        pushed = [(server, maker.make()) for server in servers]
        for server, blob in pushed:
            push(server.port, "bench/big", blob)
        for server, blob in pushed:
            with context.measuring(server, "pull"):
                pull(server.port, "bench/big", blob, hashed=True)
        for _ in range(PULLS):
            for server, blob in pushed:
                with context.measuring(server, "pull") as add:
                    timing = pull(server.port, "bench/big", blob)
                    add(timing.seconds, 1, timing.client_busy)


def parallel_pushes(context: Context) -> None:
    """Many clients, each with a layer of its own for a repository of its own, at once."""
    if not context.wants("parallel", "parallel-relaxed"):
        return
    sizes = context.sizes
    maker = BlobMaker(sizes.parallel_size)
    players = [
        player for player in context.players if context.wants("parallel-relaxed") or player.durability != "relaxed"
    ]
    with context.servers(players) as servers:
        for server in servers:
            push(server.port, "bench/warm", maker.make())
            pushes = [(f"bench/parallel-{number}", maker.make()) for number in range(sizes.parallel_count)]
            with context.measuring(server, *_push_rows("parallel", server.player), quiet_disk=True) as add:
                timing = push_many(server.port, pushes)
                add(timing.seconds, sizes.parallel_count, timing.client_busy)
                pull(server.port, *pushes[-1], hashed=True)


def _push_rows(name: str, player: Player) -> tuple[str, ...]:
    """registry:2 has one way to push, which both of Cove's are compared with."""
    if player.durability == "relaxed":
        return (f"{name}-relaxed",)
    return (name,) if player.is_cove else (name, f"{name}-relaxed")


def small_requests(context: Context) -> None:
    """Rates of what happens most."""
    names = ("manifest-tag", "manifest-digest", "blob-head", "blob-10k", "manifest-put", "manifest-put-16")
    if not context.wants(*names):
        return
    seconds = context.sizes.seconds
    subject = image()
    digest = subject.digest
    layer, content = list(subject.blobs.items())[-1]
    template = context.scratch / "manifest"
    unique = image(note=MARK)
    template.write_bytes(unique.manifest)
    with context.servers([player for player in context.players if player.durability != "relaxed"]) as servers:
        for server in servers:
            push_image(server.port, "bench/app", subject, "latest")
            push_image(server.port, "bench/puts", unique, "first")

        def rate(name: str, path: str) -> None:
            for server in servers:
                with context.measuring(server, name) as add:
                    done = wrk(f"http://127.0.0.1:{server.port}{path}", CONNECTIONS, seconds)
                    add(done.per_second, done.count, done.client_busy, p50=done.milliseconds_p50, p99=done.milliseconds_p99)
                    check_manifest(server.port, "bench/app", "latest", subject.manifest, digest)
                    check_manifest(server.port, "bench/app", digest, subject.manifest, digest)
                    check_blob(server.port, "bench/app", layer, content)

        def puts(name: str, connections: int) -> None:
            for server in servers:
                series = os.urandom(4).hex()
                host = f"127.0.0.1:{server.port}"
                arguments = [host, "bench/puts", series, str(template)]
                with context.measuring(server, name, quiet_disk=True) as add:
                    done = wrk(f"http://{host}", connections, seconds, MANIFESTS, arguments)
                    add(done.per_second, done.count, done.client_busy, p50=done.milliseconds_p50, p99=done.milliseconds_p99)
                    for serial in (2, done.count // 2 + 2):  # wrk asks once for a request that it never sends
                        tag = f"{series}{serial:016d}"
                        manifest = unique.manifest.replace(MARK.encode(), tag.encode())
                        check_manifest(server.port, "bench/puts", tag, manifest, digest_of(manifest))

        if context.wants("manifest-tag"):
            rate("manifest-tag", "/v2/bench/app/manifests/latest")
        if context.wants("manifest-digest"):
            rate("manifest-digest", f"/v2/bench/app/manifests/{digest}")
        if context.wants("blob-head"):
            for server in servers:
                with context.measuring(server, "blob-head") as add:
                    timing = head_rate(server.port, f"/v2/bench/app/blobs/{layer}", CONNECTIONS, seconds)
                    add(timing.count / timing.seconds, timing.count, timing.client_busy)
        if context.wants("blob-10k"):
            rate("blob-10k", f"/v2/bench/app/blobs/{layer}")
        if context.wants("manifest-put"):
            puts("manifest-put", 1)
        if context.wants("manifest-put-16"):
            puts("manifest-put-16", 16)


class FullStores:
    """Lists, start and memory with a store that is full. Filled once, kept over the rounds."""

    names = ("tags-first", "tags-last", "tags-flat", "catalog-first", "catalog-last", "start", "rss-full")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.store = FullStore(context.sizes.tags, context.sizes.repositories)
        self.directories: dict[str, Path] = {}

    def __call__(self) -> None:
        if not self.context.wants(*self.names):
            return
        for player in self.context.players:
            if player.durability == "relaxed":
                continue
            with self._guarding(player, *self.names):
                self._measure(player)

    def _measure(self, player: Player) -> None:
        # Distributions share one store: nothing here writes.
        kind = "cove" if player.is_cove else "distribution"
        if kind not in self.directories:
            directory = self.directories[kind] = self.context.scratch / f"full-{kind}"
            self.store.fill(player, directory, self.context.say)
            os.sync()
        server = Server(player, self.directories[kind])
        try:
            started = server.start()
            self._note("start", player, started * 1000)
            time.sleep(2)
            self._note("rss-full", player, server.rss())
            with self._guarding(player, "tags-first", "tags-last", "tags-flat"):
                first, last = self._pages(server, f"/v2/{TAGGED}/tags/list", "tags", self.store.tags)
                self._note("tags-first", player, first)
                self._note("tags-last", player, last)
                self._note("tags-flat", player, last / first)
            with self._guarding(player, "catalog-first", "catalog-last"):
                first, last = self._pages(server, "/v2/_catalog", "repositories", self.store.all_repositories)
                self._note("catalog-first", player, first)
                self._note("catalog-last", player, last)
        finally:
            server.stop()

    @contextmanager
    def _guarding(self, player: Player, *names: str) -> Iterator[None]:
        try:
            yield
        except (Unexpected, OSError, RuntimeError) as failure:
            self.context.failed(names, player, failure)

    def _note(self, name: str, player: Player, value: float) -> None:
        if name in self.context.wanted:
            self.context.rows[name].add(self.context.column(player), value)
            self.context.say(f"  {name:16} {player.name:13} {value:12.3f} {self.context.rows[name].unit}")

    def _pages(self, server: Server, path: str, key: str, everything: list[str]) -> tuple[float, float]:
        """Medians in ms of the first and the last page, asked for in turn on one connection."""
        targets = (f"{path}?n={PAGE}", f"{path}?n={PAGE}&last={everything[-PAGE - 1]}")
        pages = (everything[:PAGE], everything[-PAGE:])
        times: tuple[list[float], list[float]] = ([], [])
        with Connection(server.port) as connection:
            began = time.perf_counter()
            while len(times[0]) < 5 or (len(times[0]) < 50 and time.perf_counter() - began < 2):
                for target, page, spent in zip(targets, pages, times, strict=True):
                    started = time.perf_counter()
                    answer = connection.request("GET", target).expect(200)
                    spent.append((time.perf_counter() - started) * 1000)
                    self._check(server.player, answer.json()[key], page, everything, "link" in answer.headers)
        return statistics.median(times[0]), statistics.median(times[1])

    def _check(self, player: Player, got: list[str], page: list[str], everything: list[str], more: bool) -> None:
        if not player.is_cove and sorted(got) == everything:
            return  # registry:2 sends all tags whatever `n` says
        if got != page or more != (page[-1] != everything[-1]):
            raise Unexpected(f"a page has {len(got)} entries from {got[:1]} to {got[-1:]}, Link {more}")


def idle_memory(context: Context) -> None:
    if not context.wants("rss-idle"):
        return
    with context.servers([player for player in context.players if player.durability != "relaxed"]) as servers:
        time.sleep(3)
        for server in servers:
            context.rows["rss-idle"].add(context.column(server.player), server.rss())
