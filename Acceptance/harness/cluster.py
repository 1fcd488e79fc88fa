"""Several nodes of one registry: one database, one bucket, nginx in front."""

import copy
import itertools
from dataclasses import dataclass, field
from pathlib import Path

from . import s3
from .certificates import Authority
from .faults import FaultProxy
from .nginx import Nginx
from .postgres import Database, Postgres
from .raw import Connection, Registry
from .redis import Redis
from .s3 import S3
from .server import Server, merged


@dataclass
class Services:
    """What nodes stand on. One of each is enough for all tests: every cluster has a database and a prefix of its own."""

    postgres: Postgres
    s3: S3
    proxy: FaultProxy
    redis: Redis
    authority: Authority
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def config(self, database: Database, prefix: str) -> dict:
        """The configuration of a node, but its address."""
        return {
            "metadata": {"url": database.url, "maxconnections": 10},
            "storage": {
                "filesystem": None,
                "s3": {
                    "accesskey": s3.ACCESS_KEY,
                    "secretkey": s3.SECRET_KEY,
                    "region": s3.REGION,
                    "regionendpoint": self.proxy.url,
                    "bucket": s3.BUCKET,
                    "forcepathstyle": True,
                    "secure": False,
                    "rootdirectory": f"/{prefix}",
                    "chunksize": s3.PART,
                },
                "redirect": {"disable": True},
                "cache": {"blobdescriptor": "redis"},
            },
            "redis": {"addr": self.redis.address},
            "http": {"draintimeout": "20s"},
        }


class Node(Server):
    """One of several: it may be asked directly, on a port of its own."""

    @property
    def is_ready(self) -> bool:
        try:
            return self.registry().get("/readyz", timeout=2).status_code == 200
        except OSError:
            return False


class Worker(Server):
    """`cove worker` beside nodes. It listens nowhere."""

    def __init__(self, directory: Path, config: dict):
        super().__init__(directory, config)
        self.arguments[0] = "worker"

    def start(self) -> "Worker":
        return super().start(ready=False)


class Cluster:
    """`size` nodes, and nginx that passes requests to each in turn.

    `config` is laid over that of every node.
    """

    def __init__(
        self,
        directory: Path,
        services: Services,
        config: dict | None = None,
        size: int = 3,
    ):
        self.services = services
        self.database = services.postgres.create_database()
        self.prefix = f"registry-{next(services.numbers)}"
        self.config = merged(services.config(self.database, self.prefix), config or {})
        self.nodes = [Node(directory / f"node-{number}", copy.deepcopy(self.config)) for number in range(size)]
        self.directory = directory
        self.workers: list[Worker] = []
        certificate = services.authority.issue(self.prefix)
        self.nginx = Nginx(directory / "nginx", [node.host for node in self.nodes], certificate)
        self.host, self.port = self.nginx.host, self.nginx.port
        self.url = f"http://{self.host}"
        self.tls_url = f"https://{self.nginx.tls_host}"

    def start(self) -> "Cluster":
        for node in self.nodes:
            node.start(ready=False)
        for node in self.nodes:
            node.wait_until_ready()
        self.nginx.start()
        return self

    def stop(self) -> None:
        self.nginx.stop()
        for process in (*self.nodes, *self.workers):
            process.kill()

    def add_worker(self, config: dict | None = None) -> Worker:
        """A `cove worker`, started; `config` is laid over that of the nodes."""
        directory = self.directory / f"worker-{len(self.workers)}"
        self.workers.append(Worker(directory, merged(copy.deepcopy(self.config), config or {})))
        return self.workers[-1].start()

    def __enter__(self) -> "Cluster":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def registry(self, **options) -> Registry:
        """A client of nginx."""
        return Registry(self.url, **options)

    def registries(self, **options) -> list[Registry]:
        """A client of each node."""
        return [node.registry(**options) for node in self.nodes]

    # What lies behind

    def objects(self) -> dict[str, int]:
        """Every object of its part of the bucket, and its size."""
        return self.services.s3.keys(self.prefix + "/")

    def multipart_uploads(self) -> list[str]:
        return self.services.s3.multipart_uploads(self.prefix + "/")

    @property
    def log(self) -> str:
        return "".join(node.log for node in self.nodes)


class Front:
    """A cluster in the clothes of one server, for the tests that were written for one.

    While `is_direct`, they talk to the first node, past nginx: those are the tests of what a node makes of a connection.
    """

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.is_direct = False

    @property
    def _target(self) -> Cluster | Node:
        return self.cluster.nodes[0] if self.is_direct else self.cluster

    @property
    def host(self) -> str:
        return self._target.host

    @property
    def port(self) -> int:
        return self._target.port

    @property
    def url(self) -> str:
        return self._target.url

    def registry(self, **options) -> Registry:
        return self._target.registry(**options)

    def connect(self, timeout: float = 10, **options) -> Connection:
        return Connection(("127.0.0.1", self.port), timeout=timeout, **options)

    def rss(self) -> int:
        return sum(node.rss() for node in self.cluster.nodes)

    @property
    def log(self) -> str:
        return self.cluster.log

    def revive(self) -> str | None:
        ended = [said for node in self.cluster.nodes if (said := node.revive())]
        return "\n".join(ended) or None
