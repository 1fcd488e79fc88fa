"""The rows of the table, with their targets."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

PEER = "registry:2"
COVE = "cove"


@dataclass(frozen=True)
class Target:
    """`ratio`: of Cove's value to registry:2's in this run. `value`: of Cove's own."""

    kind: str
    comparison: str
    limit: float
    #: Where this is met, the target is, too.
    otherwise: Target | None = None

    def text(self, unit: str) -> str:
        text = f"{self.comparison} {self.limit:g}" + ("×" if self.kind == "ratio" else f" {unit}".rstrip())
        return f"{text} or {self.otherwise.text(unit)}" if self.otherwise else text

    def met(self, value: float | None, ratio: float | None) -> bool | None:
        """None where it cannot be told."""
        if self.otherwise and self.otherwise.met(value, ratio):
            return True
        number = ratio if self.kind == "ratio" else value
        if number is None:
            return None
        return number <= self.limit if self.comparison == "≤" else number >= self.limit


@dataclass
class Row:
    name: str
    title: str
    unit: str
    target: Target | None = None
    aggregate: Callable[[list[float]], float] = statistics.median
    samples: dict[str, list[float]] = field(default_factory=dict)
    details: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def add(self, player: str, value: float, **details: float) -> None:
        self.samples.setdefault(player, []).append(value)
        if details:
            self.details.setdefault(player, []).append(details)

    def value(self, player: str) -> float | None:
        samples = self.samples.get(player)
        return self.aggregate(samples) if samples else None

    def ratio(self, player: str = COVE) -> float | None:
        mine, theirs = self.value(player), self.value(PEER)
        return mine / theirs if mine is not None and theirs else None

    def detail(self, player: str, key: str) -> float | None:
        values = [detail[key] for detail in self.details.get(player, []) if key in detail]
        return statistics.median(values) if values else None


def at_most(limit: float, kind: str = "ratio") -> Target:
    return Target(kind, "≤", limit)


def at_least(limit: float, kind: str = "ratio") -> Target:
    return Target(kind, "≥", limit)


def all_rows(big: str, parallel: str, tags: str, repositories: str, manifests: str, audit: str) -> list[Row]:
    """In the order of the table. Times in s or ms: less is better; rates in /s: more is."""
    put_on_postgresql = Target("value", "≥", 1000, otherwise=at_least(3))
    return [
        Row("push", f"push {big}, durability full", "s", at_most(0.6)),
        Row("push-relaxed", f"push {big}, relaxed", "s", at_most(0.3)),
        Row("pull", f"pull {big}", "s", at_most(1.0)),
        Row("parallel", f"{parallel} pushes at once, full", "s"),
        Row("parallel-relaxed", f"{parallel} pushes at once, relaxed", "s"),
        Row("manifest-tag", "manifest GET by tag, 32 conn.", "/s", at_least(15)),
        Row("manifest-digest", "manifest GET by digest, 32 conn.", "/s", at_least(15)),
        Row("blob-head", "blob HEAD, 32 conn.", "/s"),
        Row("blob-10k", "10 KiB blob GET, 32 conn.", "/s", at_least(15)),
        Row("manifest-put", "manifest PUT, 1 conn.", "/s"),
        Row("manifest-put-16", "manifest PUT, 16 conn.", "/s", at_least(3)),
        Row("tags-first", f"tag page of {tags}, first 100", "ms", at_most(3, "value")),
        Row("tags-last", f"tag page of {tags}, last 100", "ms", at_most(3, "value")),
        # "No slower": a tenth is left for noise.
        Row("tags-flat", "tag page, last / first", "", at_most(1.1, "value")),
        Row("catalog-first", f"catalog of {repositories}, first 100", "ms"),
        Row("catalog-last", f"catalog of {repositories}, last 100", "ms"),
        Row("start", "start to first 200, full store", "ms"),
        Row("rss-full", "RSS idle, full store", "MB"),
        Row("rss-idle", "RSS idle, empty store", "MB", at_most(64, "value")),
        Row("pg-manifest-tag", "manifest GET on PostgreSQL, of SQLite's rate", "", at_least(0.8, "value")),
        Row("pg-manifest-put-16", "manifest PUT on PostgreSQL, 16 conn.", "/s", put_on_postgresql),
        Row("pg-large-get", f"GET by tag, {manifests} manifests / none", "", at_most(1.5, "value")),
        Row("pg-large-tags", f"tag page, {manifests} manifests / none", "", at_most(1.5, "value")),
        Row("pg-large-catalog", f"catalog page, {manifests} manifests / none", "", at_most(1.5, "value")),
        Row("s3-push-memory", f"push {big} to S3, RSS above idle", "MB", at_most(64, "value")),
        Row("token-grant", "token grant, 32 conn.", "/s", at_least(5000, "value")),
        Row("authorized-get", "manifest GET with a token, of the rate without accounts", "", at_least(0.95, "value")),
        Row("artifacts-page", f"page of 100 artifacts of {tags}, all details", "ms", at_most(10, "value")),
        Row("audit-page", f"page of 100 of {audit} audit rows", "ms", at_most(10, "value")),
        Row("rss-peak", "RSS peak of the whole run", "MB", aggregate=max),
    ]
