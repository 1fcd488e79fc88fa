#!/usr/bin/env python3
"""Simulates a Cove cluster and says how busy each part is, how long answers take, and what is full first.

    python3 Benchmarks/scaling/simulate.py --pulls 2000 --pushes 20
    python3 Benchmarks/scaling/simulate.py --find --no-redirect

With --find the load grows, pulls and pushes in proportion, until something is full. Standard library only.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from model import Cluster, Load, options
from sizes import human

FULL = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--find", action="store_true", help="find the load at which the first part is full")
    parser.add_argument("--events", type=int, default=20_000, help="images to simulate a run, at least 3 s of them")
    parser.add_argument("--seed", type=int, default=1)
    for item in options():
        name, text = "--" + item.name.replace("_", "-"), f"{item.metadata['help']} (%(default)s)"
        if isinstance(item.default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=item.default, help=text)
        else:
            parser.add_argument(name, type=type(item.default), default=item.default, help=text)
    given = vars(parser.parse_args())
    find, images, seed = given.pop("find"), given.pop("events"), given.pop("seed")
    load = Load(**given)
    if find:
        load, first = limit(load, images, seed)
        print(f"full first: {first}, at {load.pulls:.0f} pulls/s and {load.pushes:.1f} pushes/s\n")
        load = scaled(load, 0.8)
        print(f"at 0.8 of that, {load.pulls:.0f} pulls/s and {load.pushes:.1f} pushes/s:")
    report(simulate(load, images, seed))


def simulate(load: Load, images: int, seed: int) -> Cluster:
    seconds = max(3.0, images / max(load.pulls + load.pushes, 1e-9))
    cluster = Cluster(load, seed)
    cluster.run(seconds, warm_up=seconds / 3)
    return cluster


def scaled(load: Load, factor: float) -> Load:
    return replace(load, pulls=load.pulls * factor, pushes=load.pushes * factor)


def fullest(cluster: Cluster) -> tuple[float, str]:
    # Connections are held while they wait for something else: that else comes first when both are full.
    busy = cluster.utilisation()
    return max((share - (1e-3 if name == "connections" else 0), name) for name, share in busy.items())


def limit(load: Load, images: int, seed: int) -> tuple[Load, str]:
    """The load at which the first part is about full, and that part."""
    for _ in range(12):
        share, first = fullest(simulate(load, images, seed))
        if FULL - 0.02 <= share <= FULL + 0.02:
            break
        load = scaled(load, min(4.0, FULL / max(share, 0.01)) if share < 0.99 else 0.8)
    return load, first


def report(cluster: Cluster) -> None:
    print(f"\n{'part':20}{'busy':>7}")
    for name, share in cluster.utilisation().items():
        print(f"{name:20}{share:7.1%}")
    print(f"\n{'answer':20}{'number':>9}{'p50':>11}{'p99':>11}")
    for kind, noted in sorted(cluster.latency.items()):
        times = sorted(time for began, time in noted if began >= cluster.since)
        if times:
            p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(f"{kind:20}{len(times):9}{p50 * 1e3:8.2f} ms{p99 * 1e3:8.2f} ms")
    log = cluster.log
    print(f"\nlog: {human(log.bytes / cluster.clock.now)}/s, {log.flushes / cluster.clock.now:.0f} syncs/s, "
          f"{log.commits / max(log.flushes, 1):.1f} commits a sync")
    print(f"index reads of a push that go to disk: {cluster.miss:.0%} of {cluster.leaves:.0f}")


if __name__ == "__main__":
    main()
