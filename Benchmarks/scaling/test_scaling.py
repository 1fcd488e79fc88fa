"""Checks the simulation against what queueing theory knows, and the sizes against rows counted by hand.

    python3 -m unittest discover Benchmarks/scaling
"""

import math
import random
import unittest

import sizes
from model import Cluster, Load
from queues import Clock, Log, Pool, Station


def mean_time(servers: int, arrivals: float, service: float, customers: int, seed: int = 7) -> tuple[float, float]:
    """Mean time in a station of customers that arrive and are served at random, and how busy it was."""
    clock, chance, times = Clock(), random.Random(seed), []
    station = Station(clock, "station", servers)

    def customer():
        began = clock.now
        yield station.use(chance.expovariate(1 / service))
        times.append(clock.now - began)

    def source():
        for _ in range(customers):
            yield clock.sleep(chance.expovariate(arrivals))
            clock.start(customer())

    clock.start(source())
    clock.run(customers / arrivals)
    return sum(times) / len(times), station.utilisation()


def erlang_c(servers: int, offered: float) -> float:
    """The share of customers of an M/M/c queue that wait."""
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**n / math.factorial(n) for n in range(servers)) + last)


class Queues(unittest.TestCase):
    def test_one_server_is_as_m_m_1(self):
        time, busy = mean_time(servers=1, arrivals=0.7, service=1.0, customers=200_000)
        self.assertAlmostEqual(time, 1 / (1 - 0.7), delta=0.15)
        self.assertAlmostEqual(busy, 0.7, delta=0.01)

    def test_many_servers_are_as_m_m_c(self):
        time, busy = mean_time(servers=8, arrivals=6.8, service=1.0, customers=200_000)
        self.assertAlmostEqual(time, 1 + erlang_c(8, 6.8) / (8 - 6.8), delta=0.05)
        self.assertAlmostEqual(busy, 0.85, delta=0.01)

    def test_a_sync_is_shared_by_those_that_wait(self):
        clock, done = Clock(), []
        log = Log(clock, "log", sync=1.0, bandwidth=1e9)

        def writer():
            yield log.commit(0)
            done.append(clock.now)

        for _ in range(10):
            clock.start(writer())
        clock.run(5)
        self.assertEqual(done, [1.0] + [2.0] * 9)
        self.assertEqual((log.flushes, log.commits), (2, 10))

    def test_a_pool_lets_no_more_in_than_it_has(self):
        clock, done = Clock(), []
        pool = Pool(clock, "pool", 2)

        def user():
            yield pool.take
            yield clock.sleep(1.0)
            pool.give()
            done.append(clock.now)

        for _ in range(5):
            clock.start(user())
        clock.run(5)
        self.assertEqual(done, [1.0, 1.0, 2.0, 2.0, 3.0])
        self.assertAlmostEqual(pool.busy_time, 5.0)


class Model(unittest.TestCase):
    def run_with(self, **changes) -> Cluster:
        cluster = Cluster(Load(**changes), seed=3)
        cluster.run(20, warm_up=4)
        return cluster

    def test_busy_is_rate_times_service(self):
        # Nothing fresh, nothing written: an image pull is two looks at manifests and five at blobs.
        cluster = self.run_with(pulls=200, pushes=0, validity=0, count_pulls=False)
        self.assertAlmostEqual(cluster.utilisation()["database CPU"], 200 * 7 * 30e-6 / 16, delta=0.0005)

    def test_confirmations_follow_the_renewal_formula(self):
        # One image on one node, asked by tag 500 times a second: one query each 1/500 + 0.01 / 2 s.
        cluster = self.run_with(pulls=500, pushes=0, nodes=1, images=1, fetched=0, count_pulls=False, round_trip=0)
        asked = 2 * 500 / (1 + 500 * 0.010 / 2)
        self.assertAlmostEqual(cluster.utilisation()["database CPU"], asked * 30e-6 / 16, delta=0.0001)

    def flushed(self, images: list[range]) -> list[float]:
        """When each of some nodes has written down 500 pulls that begin 1 ms after each other."""
        cluster = Cluster(Load(round_trip=1e-3, event_time=1e-12, count_time=1e-12, fsync=10e-3, wal_rate=1e15), seed=3)
        clock, done = cluster.clock, []

        def flush(node: int):
            yield clock.sleep(node * 1e-3)
            yield from cluster.flush(node, [None] * 417 + list(images[node]))
            done.append(clock.now)

        for node in range(len(images)):
            clock.start(flush(node))
        clock.run(1)
        return [round(time, 6) for time in done]

    def test_flushes_wait_for_each_other_where_they_count_the_same(self):
        # 500 events, 83 counts, BEGIN and COMMIT: 585 statements, five round trips. Then the sync, which those share that
        # come while another is under way.
        self.assertEqual(self.flushed([range(83), range(83, 166), range(166, 249)]), [0.015, 0.025, 0.025])
        self.assertEqual(self.flushed([range(83)] * 3), [0.015, 0.025, 0.035])

    def test_the_same_seed_gives_the_same_run(self):
        first, second = (self.run_with(pulls=50, pushes=2).utilisation() for _ in range(2))
        self.assertEqual(first, second)


class Sizes(unittest.TestCase):
    def test_a_reference_by_hand(self):
        # 8 + 8 + (1+5) + (1+33), at 56 an integer, 1+43: 108, in 112; with header and item pointer 140; 58 a page.
        reference = next(table for table in sizes.schema() if table.name == "manifest_reference")
        self.assertAlmostEqual(reference.bytes_a_row(), 8192 / 58)

    def test_a_page_goes_whole_at_most_once_a_checkpoint(self):
        tables = sizes.schema()
        few = sizes.full_page_bytes(tables, 1e6, pushes=100, checkpoint=3600) * 100 * 3600
        self.assertLessEqual(few, sizes.random_index_bytes(tables, 1e6))


if __name__ == "__main__":
    unittest.main()
