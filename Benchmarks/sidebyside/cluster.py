"""Cove on PostgreSQL and S3, beside Cove on SQLite and registry:2."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .content import MARK, BlobMaker, digest_of, image
from .groups import CONNECTIONS, PAGE, Context
from .null_s3 import NullS3
from .postgres import Postgres
from .rows import COVE, PEER
from .server import Player, Server
from .traffic import check_manifest, push, push_image
from .wire import Connection, Unexpected
from .wrk import MANIFESTS, wrk

NAMES = ("pg-manifest-tag", "pg-manifest-put-16", "pg-large-get", "pg-large-tags", "pg-large-catalog", "s3-push-memory")
LARGE = NAMES[2:5]
REPOSITORY = "bench/app"
TAGS = 300


@dataclass(frozen=True)
class Node(Player):
    """Cove with its metadata, and perhaps its blobs, elsewhere."""

    metadata: str = ""
    s3: str = ""

    def configuration(self, root: Path, port: int) -> str:
        text = super().configuration(root, port)
        if self.metadata:
            text += f'metadata:\n  url: "{self.metadata}"\n'
        if self.s3:
            keys = f"accesskey: bench, secretkey: bench, region: us-east-1, bucket: bench, regionendpoint: {self.s3}"
            text = text.replace(f"  filesystem:\n    rootdirectory: {root}\n", f"  s3: {{{keys}, secure: false}}\n")
        return text


class Cluster:
    names = NAMES

    def __init__(self, context: Context) -> None:
        self.context = context
        self.cove = next(player for player in context.players if player.is_cove)
        self.peer = next((player for player in context.players if player.name == PEER), None)

    def __call__(self) -> None:
        context = self.context
        if context.wants("s3-push-memory"):
            self._push_to_s3()
        if not context.wants(*NAMES[:5]):
            return
        try:
            database = Postgres(context.scratch)
        except RuntimeError as failure:
            return context.failed(NAMES[:5], self.cove, failure)
        try:
            with self._running(Node(COVE, self.cove.binary, is_cove=True, metadata=database.url), "node") as node:
                self._rates(node)
                if context.wants(*LARGE):
                    self._large(node, database)
        except (Unexpected, OSError, RuntimeError) as failure:
            context.failed(NAMES[:5], self.cove, failure)
        finally:
            database.stop()

    @contextmanager
    def _running(self, player: Player, name: str) -> Iterator[Server]:
        server = Server(player, self.context.scratch / f"cluster-{name}")
        try:
            server.start()
            yield server
        finally:
            server.remove()

    def _note(self, name: str, player: str, value: float) -> None:
        if name in self.context.wanted:
            row = self.context.rows[name]
            row.add(player, value)
            self.context.say(f"  {name:18} {player:13} {value:12.3f} {row.unit}")

    def _rates(self, node: Server) -> None:
        context = self.context
        subject, unique = image(), image(note=MARK)
        template = context.scratch / "manifest"
        template.write_bytes(unique.manifest)
        with self._running(self.cove, "sqlite") as alone:
            for server in (node, alone):
                push_image(server.port, REPOSITORY, subject, "latest")
                push_image(server.port, "bench/puts", unique, "first")
            if context.wants("pg-manifest-tag"):
                rates = []
                for server in (alone, node, alone, node):
                    url = f"http://127.0.0.1:{server.port}/v2/{REPOSITORY}/manifests/latest"
                    rates.append(wrk(url, CONNECTIONS, context.sizes.seconds).per_second)
                    check_manifest(server.port, REPOSITORY, "latest", subject.manifest, subject.digest)
                self._note("pg-manifest-tag", COVE, (rates[1] + rates[3]) / (rates[0] + rates[2]))
        if not context.wants("pg-manifest-put-16"):
            return
        self._note("pg-manifest-put-16", COVE, self._puts(node, unique.manifest, template))
        if self.peer:
            with self._running(self.peer, "peer") as peer:
                push_image(peer.port, "bench/puts", unique, "first")
                self._note("pg-manifest-put-16", PEER, self._puts(peer, unique.manifest, template))

    def _puts(self, server: Server, manifest: bytes, template: Path) -> float:
        series, host = os.urandom(4).hex(), f"127.0.0.1:{server.port}"
        os.sync()
        done = wrk(f"http://{host}", 16, self.context.sizes.seconds, MANIFESTS, [host, "bench/puts", series, str(template)])
        tag = f"{series}{done.count // 2 + 2:016d}"
        wanted = manifest.replace(MARK.encode(), tag.encode())
        check_manifest(server.port, "bench/puts", tag, wanted, digest_of(wanted))
        return done.per_second

    # A store that is large

    def _large(self, node: Server, database: Postgres) -> None:
        subject = image(layers=0)
        push_image(node.port, REPOSITORY, subject, "t0000")
        with Connection(node.port) as connection:
            names = "&".join(f"tag=t{number:04d}" for number in range(1, TAGS))
            headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
            connection.request(
                "PUT", f"/v2/{REPOSITORY}/manifests/{subject.digest}?{names}", headers, subject.manifest
            ).expect(201)
            for number in range(PAGE + 20):
                for digest in subject.blobs:
                    query = f"?mount={digest}&from={REPOSITORY}"
                    connection.request("POST", f"/v2/aaa/r{number:03d}/blobs/uploads/{query}").expect(201)
        before = self._medians(node)
        began = time.perf_counter()
        load(database, self.context.sizes.manifests)
        self.context.say(f"loaded {self.context.sizes.manifests} manifests in {time.perf_counter() - began:.0f} s")
        after = self._medians(node)
        for name, small, large in zip(LARGE, before, after, strict=True):
            self.context.say(f"  {name}: {small:.3f} ms before, {large:.3f} ms after")
            self._note(name, COVE, large / small)

    def _medians(self, node: Server) -> tuple[float, ...]:
        """Milliseconds of a manifest by one tag after another, of a page of tags and of a page of repositories."""
        paths = (
            lambda number: f"/v2/{REPOSITORY}/manifests/t{number % TAGS:04d}",
            lambda number: f"/v2/{REPOSITORY}/tags/list?n={PAGE}&last=t{number % 100:04d}",
            lambda number: f"/v2/_catalog?n={PAGE}",
        )
        medians = []
        for path in paths:
            times = []
            with Connection(node.port) as connection:
                for number in range(900):
                    started = time.perf_counter()
                    connection.request("GET", path(number)).expect(200)
                    times.append((time.perf_counter() - started) * 1000)
            medians.append(statistics.median(times))
        return tuple(medians)

    def _push_to_s3(self) -> None:
        stub = NullS3()
        try:
            node = Node(COVE, self.cove.binary, is_cove=True, s3=stub.url, metadata=f"sqlite:{self.context.scratch}/s3.db")
            with self._running(node, "s3") as server:
                push(server.port, "bench/warm", BlobMaker(1 << 20).make())
                time.sleep(2)
                idle = server.rss()
                push(server.port, "bench/big", BlobMaker(self.context.sizes.big).make())
                self._note("s3-push-memory", COVE, server.peak_rss() - idle)
        except (Unexpected, OSError, RuntimeError) as failure:
            self.context.failed(("s3-push-memory",), self.cove, failure)
        finally:
            stub.stop()


def load(database: Postgres, manifests: int) -> None:
    """Manifests of ten references and a tag each, fifty to a repository, put straight into the tables."""
    repositories = max(1, manifests // 50)
    digest = "decode('01', 'hex') || sha256(({})::TEXT::BYTEA)"
    database.execute(
        f"""
        INSERT INTO project (name, created_at) VALUES ('load', 0);
        INSERT INTO repository (project_id, name, created_at)
            SELECT p.id, 'load/r' || lpad(n::TEXT, 7, '0'), 0 FROM project p, generate_series(1, {repositories}) n
            WHERE p.name = 'load';
        CREATE TABLE load_numbers AS
            SELECT r.id AS repository, row_number() OVER () AS n FROM repository r, generate_series(1, 50)
            WHERE r.name LIKE 'load/r%';
        INSERT INTO manifest (repository_id, digest, media_type, annotations_size, size, created_at, payload)
            SELECT repository, {digest.format("n")}, 'application/vnd.oci.image.manifest.v1+json', 0, 1300, 0,
                convert_to(repeat(md5(n::TEXT), 40), 'UTF8') FROM load_numbers;
        DROP TABLE load_numbers;
        INSERT INTO manifest_reference (manifest_id, position, role, digest, size, media_type)
            SELECT m.id, p, 'layer', {digest.format("m.id * 10 + p")}, 1000, 'application/vnd.oci.image.layer.v1.tar+gzip'
            FROM manifest m, generate_series(0, 9) p WHERE m.size = 1300;
        INSERT INTO tag (repository_id, name, manifest_id, created_at, updated_at)
            SELECT repository_id, 'v' || id, id, 0, 0 FROM manifest WHERE size = 1300;
        """
    )
    database.execute("VACUUM ANALYZE")
