"""What accounts cost: tokens, the question whether a pull is allowed, and the lists of Harbor's API in large stores."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .content import MARK, image
from .groups import CONNECTIONS, Context
from .rows import COVE
from .server import Player, Server
from .traffic import push_image
from .wire import Connection, Unexpected
from .wrk import MANIFESTS, wrk

NAMES = ("token-grant", "authorized-get", "artifacts-page", "audit-page")
PASSWORD = "Bench-Mark-1"
BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
REPOSITORY = "bench/app"
MANY = "bench/many"


@dataclass(frozen=True)
class WithAccounts(Player):
    """Cove that asks who one is."""

    def configuration(self, root: Path, port: int) -> str:
        return super().configuration(root, port) + "auth:\n  accounts: {}\n"


class Accounts:
    """Filled once by a server without accounts, on the same store; then measured with them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.cove = next(player for player in context.players if player.is_cove)

    def __call__(self) -> None:
        if not self.context.wants(*NAMES):
            return
        os.environ["COVE_ADMIN_PASSWORD"] = PASSWORD
        directory = self.context.scratch / "accounts"
        open_server = Server(Player(COVE, self.cove.binary, is_cove=True, durability="relaxed"), directory)
        try:
            open_server.start()
            self._fill(open_server)
            open_server.stop()
            with Server2(WithAccounts(COVE, self.cove.binary, is_cove=True, durability="full"), directory) as server:
                self._tokens(server, open_server)
                self._page("artifacts-page", server, "/api/v2.0/projects/bench/repositories/many/artifacts?" + DETAILS, "extra_attrs")
            if self.context.wants("audit-page"):
                self._audit(directory)
        except (Unexpected, OSError, RuntimeError) as failure:
            self.context.failed(NAMES, self.cove, failure)
        finally:
            open_server.remove()
            os.environ.pop("COVE_ADMIN_PASSWORD")

    def _fill(self, server: Server) -> None:
        push_image(server.port, REPOSITORY, image(), "latest")
        if not self.context.wants("artifacts-page"):
            return
        unique = image(note=MARK)
        push_image(server.port, MANY, unique, "first")
        template = self.context.scratch / "many"
        template.write_bytes(unique.manifest)
        host, done = f"127.0.0.1:{server.port}", 0
        began = time.perf_counter()
        while done < self.context.sizes.tags:
            arguments = [host, MANY, os.urandom(4).hex(), str(template)]
            done += wrk(f"http://{host}", 16, self.context.sizes.seconds, MANIFESTS, arguments).count
        self.context.say(f"pushed {done} artifacts in {time.perf_counter() - began:.0f} s")

    def _tokens(self, server: Server, open_server: Server) -> None:
        seconds, url = self.context.sizes.seconds, f"http://127.0.0.1:{server.port}"
        target = f"/service/token?service=harbor-registry&scope=repository:{REPOSITORY}:pull"
        if self.context.wants("token-grant"):
            rate = wrk(url + target, CONNECTIONS, seconds, headers={"Authorization": BASIC})
            self._note("token-grant", rate.per_second)
        if not self.context.wants("authorized-get"):
            return
        with Connection(server.port) as connection:
            token = json.loads(connection.request("GET", target, {"Authorization": BASIC}).expect(200).body)["token"]
        path, authorization = f"/v2/{REPOSITORY}/manifests/latest", {"Authorization": f"Bearer {token}"}
        # In turns: a server without accounts over the same store, which only reads.
        for _ in range(5):
            server.stop()
            open_server.start()
            plain = wrk(f"http://127.0.0.1:{open_server.port}{path}", CONNECTIONS, seconds, headers=authorization)
            open_server.stop()
            server.start()
            asked = wrk(f"http://127.0.0.1:{server.port}{path}", CONNECTIONS, seconds, headers=authorization)
            self._note("authorized-get", asked.per_second / plain.per_second)

    def _audit(self, directory: Path) -> None:
        count = self.context.sizes.audit
        with sqlite3.connect(next(directory.rglob("cove.db"))) as store:
            began = time.perf_counter()
            store.execute(AUDIT_ROWS, (count,))
            store.commit()
        self.context.say(f"wrote {count} audit rows in {time.perf_counter() - began:.0f} s")
        with Server2(WithAccounts(COVE, self.cove.binary, is_cove=True, durability="full"), directory) as server:
            self._page("audit-page", server, "/api/v2.0/auditlog-exts?page=1&page_size=100", "op_time")

    def _page(self, name: str, server: Server, target: str, field: str) -> None:
        """The median of 50 pages on one connection, in ms."""
        if not self.context.wants(name):
            return
        times = []
        with Connection(server.port) as connection:
            for _ in range(50):
                began = time.perf_counter()
                answer = connection.request("GET", target, {"Authorization": BASIC}).expect(200)
                times.append((time.perf_counter() - began) * 1000)
            rows = json.loads(answer.body)
            if len(rows) < 10 or field not in rows[0]:
                raise Unexpected(f"{name}: {answer.body[:300]!r}")
        self._note(name, statistics.median(times))

    def _note(self, name: str, value: float) -> None:
        self.context.rows[name].add(COVE, value)
        self.context.say(f"  {name:16} {COVE:13} {value:12.3f} {self.context.rows[name].unit}")


class Server2(Server):
    """A server for as long as it is used; what it stored stays."""

    def __enter__(self) -> Server2:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


DETAILS = "page=1&page_size=100&with_tag=true&with_label=true&with_accessory=true&with_immutable_status=true"
AUDIT_ROWS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO audit_log (at, project_id, project, operator, operation, resource_type, resource, result, status)
    SELECT 1700000000000000 + i * 1000000, i % 50 + 1, 'project-' || (i % 50), 'user-' || (i % 200),
        CASE i % 3 WHEN 0 THEN 'create' WHEN 1 THEN 'pull' ELSE 'delete' END, 'artifact',
        'project-' || (i % 50) || '/app:' || (i % 1000), 1, 201 FROM n
"""
