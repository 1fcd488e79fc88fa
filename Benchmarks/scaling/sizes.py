#!/usr/bin/env python3
"""How large the tables and indexes of Cove's schema become in PostgreSQL, by arithmetic a row.

    python3 Benchmarks/scaling/sizes.py --manifests 1e9

Columns are those of Sources/CoveMetadata/Schema.swift; lengths of texts are usual ones. PostgreSQL rounds each row up to
8 bytes and adds 24 of header and 4 of item pointer; an index entry has 8 of header and 4 of item pointer.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field

PAGE = 8192
RANDOM, ASCENDING = 0.70, 0.90  # how full leaf pages are: keys in any order, keys that only grow
I, NULL = "integer", "null"


def aligned(size: int, to: int = 8) -> int:
    return -(-size // to) * to


def width(columns: list) -> int:
    """Bytes of the columns: integers at multiples of 8; a text of up to 126 bytes has one byte of length, else four."""
    size = 0
    for column in columns:
        if column == I:
            size = aligned(size) + 8
        elif column != NULL:
            size = size + 1 + column if column < 127 else aligned(size, 4) + 4 + column
    return size


@dataclass
class Index:
    name: str
    columns: list
    fill: float
    alike: float = 1.0  # rows with the same key, which share one entry
    touches: float = 0.0  # leaves here and there that a pushed manifest changes

    def bytes_a_row(self) -> float:
        key = 8 + aligned(width(self.columns))
        entry = key if self.alike == 1 else key + 6 * self.alike
        return (aligned(math.ceil(entry)) + 4) / self.alike / self.fill * (PAGE / (PAGE - 40))


@dataclass
class Table:
    name: str
    columns: list
    rows: float  # a manifest
    indexes: list[Index] = field(default_factory=list)

    def bytes_a_row(self) -> float:
        bitmap = math.ceil(len(self.columns) / 8) if NULL in self.columns else 0
        row = aligned(23 + bitmap) + aligned(width(self.columns)) + 4
        fitting = (PAGE - 24) // row
        return PAGE / fitting


def schema(references: int = 10, new: int = 4, tagged: float = 0.5, payload: int = 960) -> list[Table]:
    """Tables of a store in which each manifest brings `new` blobs that nobody had, and refers to some that were there.

    Each manifest has been pulled, and by each of its tags. `payload` is what PostgreSQL keeps of the manifest's bytes once
    it has compressed them.
    """
    digest, name, location = 33, 24, 61  # a location in a bucket; in a filesystem 112
    shared = references / new
    return [
        Table("manifest", [I, I, digest, 42, 41, NULL, NULL, I, I, I, 8, payload], 1, [
            Index("primary key", [I], ASCENDING),
            Index("repository, digest", [I, digest], RANDOM, touches=1)]),
        Table("manifest_reference", [I, I, 5, digest, I, 43], references, [
            Index("primary key", [I, I], ASCENDING),
            Index("digest", [digest], RANDOM, alike=shared, touches=references)]),
        Table("blob", [I, digest, I, location, I, I, NULL], new, [
            Index("primary key", [I], ASCENDING),
            Index("digest (live)", [digest], RANDOM, touches=new),
            Index("location", [location], RANDOM, touches=new)]),
        Table("repository_blob", [I, I, I], new * 1.25, [
            Index("primary key", [I, I], RANDOM, touches=1),
            Index("blob", [I], ASCENDING)]),
        Table("tag", [I, name, I, I, I, 8], tagged, [
            Index("primary key", [I, name], RANDOM, touches=tagged),
            Index("manifest", [I], ASCENDING)]),
        Table("tag_history", [I, I, name, digest, I, 8], tagged * 1.5, [
            Index("primary key", [I], ASCENDING),
            Index("repository, name", [I, name, I], RANDOM, touches=tagged)]),
        Table("manifest_pull", [I, I, I], 1, [Index("primary key", [I], RANDOM)]),
        Table("tag_pull", [I, name, I, I], tagged, [Index("primary key", [I, name], RANDOM)]),
    ]


# A pull's row: repository, digest, media type, size, tag, actor, method, host, address, user agent.
EVENT = Table("event", [I, I, 4, 24, 33, 43, I, 12, NULL, 8, NULL, 3, 20, 14, 60, I], 1, [
    Index("primary key", [I], ASCENDING), Index("at", [I], ASCENDING)])


def bytes_of(table: Table) -> float:
    return table.bytes_a_row() + sum(index.bytes_a_row() for index in table.indexes)


def random_index_bytes(tables: list[Table], manifests: float) -> float:
    """Indexes whose leaves a push reads at random: slow once they are not in memory."""
    return manifests * sum(
        table.rows * index.bytes_a_row() for table in tables for index in table.indexes if index.touches)


def random_leaves_a_push(tables: list[Table]) -> float:
    return sum(index.touches for table in tables for index in table.indexes)


def full_page_bytes(tables: list[Table], manifests: float, pushes: float, checkpoint: float) -> float:
    """Bytes of whole pages that a push adds to the log: a page goes whole at its first change after a checkpoint."""
    pages = max(random_index_bytes(tables, manifests) / PAGE, 1)
    touches = random_leaves_a_push(tables) * pushes * checkpoint
    first = pages * -math.expm1(-touches / pages)
    return first * PAGE * RANDOM / max(pushes * checkpoint, 1e-9)  # the log leaves out the empty part of a page


def human(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} EB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifests", type=float, default=1e9)
    parser.add_argument("--references", type=int, default=10, help="config, layers or children of a manifest")
    parser.add_argument("--new", type=int, default=4, help="blobs that a manifest brings and nobody had")
    parser.add_argument("--tagged", type=float, default=0.5, help="manifests that have a tag of their own")
    parser.add_argument("--pushes", type=float, default=20, help="manifests a second")
    parser.add_argument("--pull-rows", type=float, default=1000, help="rows of pulls a second, from all nodes")
    parser.add_argument("--days", type=float, default=7, help="how long events are kept")
    parser.add_argument("--checkpoint", type=float, default=900, help="seconds between checkpoints")
    options = parser.parse_args()
    tables = schema(options.references, options.new, options.tagged)

    print(f"{'table and index':32}{'rows':>10}{'B a row':>10}{'total':>10}")
    total = 0.0
    for table in tables:
        rows = table.rows * options.manifests
        parts = [(table.name, table.bytes_a_row())] + [(f"  {i.name}", i.bytes_a_row()) for i in table.indexes]
        for name, size in parts:
            total += rows * size
            print(f"{name:32}{rows:10.2g}{size:10.0f}{human(rows * size):>10}")
    print(f"{'all':32}{options.manifests:10.2g}{total / options.manifests:10.0f}{human(total):>10}")
    print(f"{'of it, indexes read at random':52}{human(random_index_bytes(tables, options.manifests)):>10}")
    rows = options.pull_rows * options.days * 86400
    print(f"{'event':32}{rows:10.2g}{bytes_of(EVENT):10.0f}{human(rows * bytes_of(EVENT)):>10}")
    pages = full_page_bytes(tables, options.manifests, options.pushes, options.checkpoint)
    print(f"whole pages in the log, a push: {human(pages)}; a second: {human(pages * options.pushes)}")


if __name__ == "__main__":
    main()
