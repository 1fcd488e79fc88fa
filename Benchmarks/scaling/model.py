"""Cove's cluster as queues: what each push and pull asks of the nodes, of PostgreSQL and of S3."""

from __future__ import annotations

import bisect
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field, fields

import sizes
from queues import Clock, Log, Pool, Process, Resume, Station, Wait

PIECE = 10e6  # bytes of a part of an upload, and of what the network card is given at once


def option(default: float | int | bool, text: str):
    return field(default=default, metadata={"help": text})


@dataclass
class Load:
    pulls: float = option(1000, "image pulls a second")
    pushes: float = option(10, "image pushes a second")
    layers: int = option(9, "layers of an image; one configuration comes on top")
    new: int = option(4, "blobs of a pushed image that the registry does not have")
    fetched: int = option(5, "blobs of a pulled image that the client does not have")
    blob_bytes: float = option(15e6, "mean bytes of a blob")
    images: int = option(10_000, "images that are pulled, by Zipf's law: the second half as often as the first, …")
    repositories: int = option(2_000, "repositories that are pushed to, all alike")
    moves: float = option(0.5, "share of pushes that move a tag (the acknowledgement waits for the validity)")
    same_client: float = option(0.0, "share of pulls that one row counts with another: same client, content and second")
    nodes: int = option(6, "nodes that serve")
    cores: int = option(8, "cores of a node")
    request_time: float = option(40e-6, "s of a core for a request")
    hash_rate: float = option(1.2e9, "bytes/s that a core hashes and passes on")
    nic: float = option(1.25e9, "bytes/s of a node's network card, each way")
    redirect: bool = option(True, "blobs come from S3, not through the node")
    validity: float = option(0.010, "s that a node may give a cached answer unconfirmed")
    pool: int = option(10, "database connections of a node")
    db_cores: int = option(16, "cores of the primary")
    round_trip: float = option(0.3e-3, "s between node and database")
    query_time: float = option(30e-6, "s of a database core for a query by index")
    write_time: float = option(60e-6, "s of a database core for a statement of a transaction")
    rounds: int = option(5, "round trips of the transaction of a manifest; one more when it moves a tag")
    count_pulls: bool = option(True, "pulls are written down: a row each, and counts of manifests")
    ahead: int = option(128, "statements of the writing of pulls that one round trip takes")
    event_time: float = option(30e-6, "s of a database core for a row of pulls in `event`")
    event_wal: float = option(480, "bytes of log for it")
    count_time: float = option(50e-6, "s of a database core for the count of a manifest: one of the pulls of a transaction")
    count_wal: float = option(180, "bytes of log for it")
    fsync: float = option(1e-3, "s of a sync of the log, with what a synchronous standby adds")
    wal_rate: float = option(250e6, "bytes/s that the log's disk or the standby takes")
    push_wal: float = option(18e3, "bytes of log of a pushed image, whole pages not counted")
    manifests: float = option(1e8, "manifests in the store: decides what is in memory")
    memory: float = option(128e9, "bytes of the primary that hold pages")
    checkpoint: float = option(900, "s between checkpoints")
    disk_read: float = option(0.5e-3, "s of a page read from the database's disk")
    disk_queue: int = option(32, "reads that the disk does at once")
    s3_latency: float = option(0.03, "s until S3 answers, median")
    s3_prefixes: int = option(16, "partitions that S3 has split the bucket into")


class Cluster:
    def __init__(self, load: Load, seed: int) -> None:
        self.load, self.random, self.clock = load, random.Random(seed), Clock()
        clock, each = self.clock, range(load.nodes)
        self.node_cpu = [Station(clock, "node CPU", load.cores) for _ in each]
        self.nic_in = [Station(clock, "node network in", 1) for _ in each]
        self.nic_out = [Station(clock, "node network out", 1) for _ in each]
        self.pool = [Pool(clock, "connections", load.pool) for _ in each]
        self.db_cpu = Station(clock, "database CPU", load.db_cores)
        self.disk = Station(clock, "database reads", load.disk_queue)
        self.log = Log(clock, "database log", load.fsync, load.wal_rate)
        self.s3_put = Station(clock, "S3 PUT rate", load.s3_prefixes)
        self.s3_get = Station(clock, "S3 GET rate", load.s3_prefixes)
        self.confirmed: dict[tuple, float] = {}
        self.pull_rows: list[list[int | None]] = [[] for _ in each]  # the image, or none for a blob
        self.counted: dict[int, Pool] = {}
        self.order = list(range(load.images + 1))  # of the images in the counts
        random.Random(0).shuffle(self.order)
        self.rows_counted, self.rows_written, self.writing_time = 0, 0, 0.0
        self.asking: dict[tuple, tuple[float, list[Resume]]] = {}
        self.writers: dict[tuple, list] = defaultdict(list)
        self.locks: dict[int, Pool] = {}
        self.latency: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.popularity = list(itertools.accumulate(1 / rank for rank in range(1, load.images + 1)))
        tables = sizes.schema(load.layers + 1, load.new)
        self.miss = max(0.0, 1 - load.memory / (sizes.random_index_bytes(tables, load.manifests) * 1.5))
        self.leaves = sizes.random_leaves_a_push(tables)
        self.pages = sizes.full_page_bytes(tables, load.manifests, load.pushes, load.checkpoint)

    def groups(self) -> list[list]:
        return [self.node_cpu, self.nic_in, self.nic_out, self.pool,
                [self.db_cpu], [self.disk], [self.log], [self.s3_put], [self.s3_get]]

    def run(self, seconds: float, warm_up: float) -> None:
        self.clock.start(self.arrivals(self.load.pulls, self.pull))
        self.clock.start(self.arrivals(self.load.pushes, self.push))
        if self.load.count_pulls:
            for node in range(self.load.nodes):
                self.clock.start(self.flushes(node))
        self.clock.run(warm_up)
        self.busy_then = {id(s): s.busy_time for group in self.groups() for s in group}
        self.since = warm_up
        self.clock.run(seconds)

    def utilisation(self) -> dict[str, float]:
        busy = {group[0].name: sum(s.utilisation(self.since, self.busy_then[id(s)]) for s in group) / len(group)
                for group in self.groups()}
        # Rows that a node counts in a second, times how long it takes to write one; above 1 it falls behind.
        a_row = self.writing_time / max(self.rows_written, 1)
        busy["counting of pulls"] = self.rows_counted / self.clock.now / self.load.nodes * a_row
        held = (lock.busy_time for lock in self.locks.values())
        busy["busiest repository"] = max(held, default=0.0) / self.clock.now
        return busy

    # What arrives.

    def arrivals(self, rate: float, kind) -> Process:
        while rate:
            yield self.clock.sleep(self.random.expovariate(rate))
            self.clock.start(kind())

    def pull(self) -> Process:
        image = bisect.bisect(self.popularity, self.random.random() * self.popularity[-1])
        for kind in ("tag", "digest"):  # HEAD by tag, GET by digest
            began, node = self.clock.now, self.node()
            yield from self.lookup(node, (node, image, kind))
            self.note("manifest GET", began)
        self.count(node, image)
        for position in range(self.load.fetched):
            self.clock.start(self.fetch(image, position))

    def fetch(self, image: int, position: int) -> Process:
        began, node = self.clock.now, self.node()
        yield from self.lookup(node, (node, image, position))
        self.count(node, None)
        if self.load.redirect:
            self.note("blob GET", began)
        yield self.s3_get.use(1 / 5500)
        if self.load.redirect:
            return
        yield self.clock.sleep(self.s3())
        self.note("blob GET", began)
        yield from self.transfer([self.nic_in[node], self.nic_out[node]], self.blob_size())

    def push(self) -> Process:
        repository = self.random.randrange(self.load.repositories)
        began = self.clock.now
        for _ in range(self.load.layers + 1):  # HEAD of each blob
            node = self.node()
            yield from self.lookup(node, None)
        yield self.together([self.upload(repository) for _ in range(self.load.new)])
        put, moves = self.clock.now, self.random.random() < self.load.moves
        statements, rounds = (11, self.load.rounds + 1) if moves else (9, self.load.rounds)
        yield from self.write(self.node(), repository, statements, rounds, 0.4, self.leaves / 2)
        if moves:
            yield self.clock.sleep(self.load.validity)
        self.note("manifest PUT", put)
        self.note("image push", began)

    def upload(self, repository: int) -> Process:
        share, leaves = 0.6 / self.load.new / 3, self.leaves / 2 / self.load.new
        yield from self.write(self.node(), None, 1, 1, share, 0)  # POST
        node, size = self.node(), self.blob_size()
        parts = int(size // PIECE) + 1
        if parts > 1:
            yield self.s3_put.use(1 / 3500)
            yield self.clock.sleep(self.s3())
        for _ in range(parts):  # PATCH: a part while the next one arrives
            piece = min(size, PIECE)
            yield self.nic_in[node].use(piece / self.load.nic)
            yield self.node_cpu[node].use(piece / self.load.hash_rate)
            yield self.nic_out[node].use(piece / self.load.nic)
            yield self.s3_put.use(1 / 3500)
            size -= piece
        yield self.clock.sleep(self.s3())
        yield from self.write(node, None, 2, 3, share, 0)
        node = self.node()
        if parts > 1:
            yield self.s3_put.use(1 / 3500)  # PUT: the parts become an object
            yield self.clock.sleep(self.s3())
        yield from self.write(node, repository, 7, 5, share, leaves)

    # What it asks for.

    def lookup(self, node: int, key: tuple | None) -> Process:
        """A request that the cache answers while it is fresh. From half of that time on one request has it confirmed, for all
        that come meanwhile."""
        yield self.node_cpu[node].use(self.load.request_time)
        if key:
            age, other = self.clock.now - self.confirmed.get(key, -1.0), self.asking.get(key)
            if age < self.load.validity / (1 if other else 2):
                return
            if other and self.clock.now - other[0] < self.load.validity:
                yield other[1].append
                return
            mine = self.asking[key] = (self.clock.now, other[1] if other else [])
        yield self.pool[node].take
        yield self.clock.sleep(self.load.round_trip)
        yield self.db_cpu.use(self.random.expovariate(1 / self.load.query_time))
        if key is None and self.random.random() < self.miss:  # what is pulled often is in memory
            yield self.disk.use(self.random.expovariate(1 / self.load.disk_read))
        self.pool[node].give()
        if key and self.asking.get(key) is mine:
            del self.asking[key]
            self.confirmed[key] = mine[0]
            for resume in mine[1]:
                self.clock.after(0.0, resume)

    def write(self, node: int, repository: int | None, statements: int, rounds: int, share: float, leaves: float) -> Process:
        """A transaction. Those of one lane on one node wait for each other and share the next commit: of a repository, or
        of the progress of uploads."""
        size = share * (self.load.push_wal + self.pages)
        yield self.node_cpu[node].use(self.load.request_time)
        yield self.shared((node, repository), (statements * self.load.write_time, rounds, size, leaves))

    def shared(self, key: tuple, job: tuple) -> Wait:
        def arrive(resume: Resume) -> None:
            idle = key not in self.writers
            self.writers[key].append((job, resume))
            if idle:
                self.clock.start(self.drain(key))

        return arrive

    def drain(self, key: tuple) -> Process:
        node, repository = key
        while batch := self.writers[key][:64]:
            del self.writers[key][:64]
            jobs = [job for job, _ in batch]
            # A round trip is only saved within a job: what one waits for, the next does not ask before.
            yield from self.transaction(node, sum(j[0] for j in jobs), sum(j[1] for j in jobs), sum(j[2] for j in jobs),
                                        sum(j[3] for j in jobs), repository)
            for _, resume in batch:
                self.clock.after(0.0, resume)
        del self.writers[key]

    def transaction(self, node: int, work: float, rounds: int, size: float, leaves: float = 0,
                    repository: int | None = None) -> Process:
        yield self.pool[node].take
        lock = None
        if repository is not None:  # one transaction in the cluster changes a repository at a time
            lock = self.locks.setdefault(repository, Pool(self.clock, "repository", 1))
            yield lock.take
        for _ in range(rounds):
            yield self.clock.sleep(self.load.round_trip)
            yield self.db_cpu.use(self.random.expovariate(rounds / work))
        for _ in range(round(leaves * self.miss)):
            yield self.disk.use(self.random.expovariate(1 / self.load.disk_read))
        yield self.log.commit(size)
        if lock:
            lock.give()
        self.pool[node].give()

    def flushes(self, node: int) -> Process:
        """A node writes down what was pulled, 500 rows a transaction, one transaction at a time. Cove does it once a second;
        here it is ten times, so that a short run is as a long one: what is written is the same."""
        yield self.clock.sleep(self.random.random() / 10)
        while True:
            rows, self.pull_rows[node] = self.pull_rows[node], []
            for start in range(0, len(rows), 500):
                some, began = rows[start:start + 500], self.clock.now
                yield from self.flush(node, some)
                self.rows_written += len(some)
                self.writing_time += self.clock.now - began
            yield self.clock.sleep(0.1)

    def flush(self, node: int, rows: list[int | None]) -> Process:
        """The events, then the count of each image, in the order of all nodes. A count is locked until the commit."""
        images = sorted({self.order[image] for image in rows if image is not None})
        rounds = -(-(2 + len(rows) + len(images)) // self.load.ahead)
        yield self.pool[node].take
        for _ in range(rounds):
            yield self.clock.sleep(self.load.round_trip)
            yield self.db_cpu.use(self.random.expovariate(rounds / len(rows) / self.load.event_time))
        locks = [self.counted.setdefault(image, Pool(self.clock, "count", 1)) for image in images]
        for lock in locks:
            yield lock.take
            yield self.db_cpu.use(self.random.expovariate(1 / self.load.count_time))
        yield self.log.commit(len(rows) * self.load.event_wal + len(images) * self.load.count_wal)
        for lock in locks:
            lock.give()
        self.pool[node].give()

    def transfer(self, cards: list[Station], size: float) -> Process:
        while size > 0:
            for card in cards:
                yield card.use(min(size, PIECE) / self.load.nic)
            size -= PIECE

    def together(self, processes: list[Process]) -> Wait:
        def arrive(resume: Resume) -> None:
            left = len(processes)

            def watched(process: Process) -> Process:
                nonlocal left
                yield from process
                left -= 1
                if not left:
                    self.clock.after(0.0, resume)

            if not processes:
                self.clock.after(0.0, resume)
            for process in processes:
                self.clock.start(watched(process))

        return arrive

    def node(self) -> int:
        return self.random.randrange(self.load.nodes)

    def s3(self) -> float:
        return self.random.lognormvariate(0, 0.5) * self.load.s3_latency

    def blob_size(self) -> float:
        return self.random.expovariate(1 / self.load.blob_bytes)

    def count(self, node: int, image: int | None) -> None:
        if self.load.count_pulls and self.random.random() >= self.load.same_client:
            self.pull_rows[node].append(image)
            self.rows_counted += 1

    def note(self, kind: str, began: float) -> None:
        self.latency[kind].append((began, self.clock.now - began))


def options() -> list:
    return list(fields(Load))
