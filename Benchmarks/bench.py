#!/usr/bin/env python3
"""Runs Cove and registry:2 side by side and prints a table of ratios. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from sidebyside.accounts import Accounts
from sidebyside.calibrate import calibrate
from sidebyside.cluster import Cluster
from sidebyside.groups import Context, FullStores, Sizes, big_blobs, idle_memory, parallel_pushes, small_requests
from sidebyside.rows import COVE, PEER, Row, all_rows
from sidebyside.server import Player
from sidebyside.table import document, errors, table

REPOSITORY = Path(__file__).resolve().parent.parent
FULL = Sizes(big=1 << 30, parallel_count=64, parallel_size=10 << 20, seconds=5, tags=100_000, repositories=20_000, manifests=1_000_000, audit=10_000_000)
QUICK = Sizes(big=64 << 20, parallel_count=16, parallel_size=4 << 20, seconds=3, tags=5_000, repositories=1_000, manifests=20_000, audit=100_000)


def main() -> int:
    options = parse()
    sizes = QUICK if options.quick else FULL
    if options.seconds:
        sizes.seconds = options.seconds
    rows = all_rows(
        big=_bytes(sizes.big),
        parallel=f"{sizes.parallel_count} × {_bytes(sizes.parallel_size)}",
        tags=_thousands(sizes.tags),
        repositories=_thousands(sizes.repositories),
        manifests=_thousands(sizes.manifests),
        audit=_thousands(sizes.audit),
    )
    if options.list:
        print("\n".join(f"{row.name:18}{row.title}" for row in rows))
        return 0
    if options.calibrate:
        calibrate(sizes.big, say)
        return 0
    wanted = choose(rows, options.only)
    players = find_players(options)
    rounds = options.rounds or (2 if options.quick else 5)

    # Not /tmp, which may be memory: fdatasync has to mean something.
    with tempfile.TemporaryDirectory(prefix="cove-bench-", dir=options.scratch) as scratch:
        if shutil.disk_usage(scratch).free < sizes.big * (len(players) + 1) + (8 << 30) * (not options.quick):
            sys.exit(f"bench: too little room in {options.scratch}; choose another place with --scratch")
        context = Context(players, {row.name: row for row in rows}, wanted, sizes, Path(scratch), say)
        full_stores = FullStores(context)
        cluster = Cluster(context)
        try:
            for number in range(rounds):
                say(f"round {number + 1} of {rounds}")
                idle_memory(context)
                big_blobs(context)
                parallel_pushes(context)
                small_requests(context)
                full_stores()
                # Its large store takes minutes to load, and is compared with itself.
                if number == 0:
                    cluster()
                    Accounts(context)()
        except KeyboardInterrupt:
            say("stopped; what there is so far:")
        if options.keep_logs:
            keep_logs(Path(scratch), Path(options.keep_logs))

    others = [player.name for player in players if player.name != PEER and not player.is_cove]
    print(table(rows, others))
    for error in errors(rows):
        print(f"error: {error}")
    if options.json:
        binaries = {player.name: player.binary for player in players}
        settings = {"quick": options.quick, "rounds": rounds, "sizes": vars(sizes)}
        Path(options.json).write_text(json.dumps(document(rows, binaries, settings), indent=1, ensure_ascii=False) + "\n")
    return 1 if errors(rows) else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Cove beside Debian's docker-registry (registry:2): the same traffic, in turns, as a table of ratios.",
        epilog="COVE_BIN names the binary of Cove, REGISTRY2_BIN that of registry:2. Times are never a failure: the exit "
        "status is 1 only where an answer was wrong.",
    )
    parser.add_argument("--quick", action="store_true", help="a small version: 64 MiB, 5 k tags, 2 rounds of 3 s")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this row, or those it begins (repeatable)")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each registry has its turn (5)")
    parser.add_argument("--seconds", type=int, metavar="N", help="how long each rate is measured (5)")
    parser.add_argument("--other", metavar="PATH", help="a second registry binary, run as PATH serve config.yml")
    parser.add_argument("--other-name", metavar="NAME", default="other", help="what the table calls it")
    parser.add_argument("--alone", action="store_true", help="Cove alone, for profiling")
    parser.add_argument("--json", metavar="FILE", help="write every sample here")
    parser.add_argument("--scratch", metavar="DIR", default="/var/tmp", help="where stores and logs go (/var/tmp)")
    parser.add_argument("--keep-logs", metavar="DIR", help="copy the logs of the full stores' servers here")
    parser.add_argument("--calibrate", action="store_true", help="only measure how fast the client itself is")
    return parser.parse_args()


def choose(rows: list[Row], only: list[str] | None) -> set[str]:
    names = {row.name for row in rows}
    if not only:
        return names
    chosen: set[str] = set()
    for prefix in only:
        found = {prefix} if prefix in names else {name for name in names if name.startswith(prefix)}
        if not found:
            sys.exit(f"bench: no row begins with {prefix}; --list shows them")
        chosen |= found
    return chosen


def find_players(options: argparse.Namespace) -> list[Player]:
    cove = os.environ.get("COVE_BIN") or str(REPOSITORY / ".build/release/cove")
    if not os.access(cove, os.X_OK):
        sys.exit(f"bench: no {cove}; build it (make build) or name it in COVE_BIN")
    if not shutil.which("wrk"):
        sys.exit("bench: no wrk; install Debian's package wrk")
    peer = os.environ.get("REGISTRY2_BIN") or shutil.which("docker-registry")
    players = []
    if not options.alone:
        if not peer:
            sys.exit("bench: no docker-registry; install Debian's package of that name, or run --alone")
        players.append(Player(PEER, peer))
    cove = str(Path(cove).resolve())
    players.append(Player(COVE, cove, is_cove=True, durability="full"))
    players.append(Player(f"{COVE} relaxed", cove, is_cove=True, durability="relaxed"))
    if options.other:
        players.append(Player(options.other_name, str(Path(options.other).resolve())))
    return players


def keep_logs(scratch: Path, destination: Path) -> None:
    for log in scratch.glob("*/log"):
        destination.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, destination / f"{log.parent.name}.log")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _bytes(count: int) -> str:
    return f"{count >> 30} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"


def _thousands(count: int) -> str:
    return f"{count // 1000} k"


if __name__ == "__main__":
    # A TERM ends it as an interrupt does, so that no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
