"""Redis as the cache of blobs' whereabouts: it may go, hang and come back, and costs nothing but speed."""

import itertools
import os
import signal
import time

import pytest

from harness import images
from harness.images import random_bytes
from harness.raw import Registry, expect
from harness.retrying import Crowd
from harness.server import free_port

# A request may be slower without Redis, but nobody waits for it.
PATIENCE = 3


def strict_client(url: str, number: int, slowest: list[float]):
    """Pushes and pulls, and lets nothing fail."""
    registry = Registry(url)
    numbers = itertools.count()

    def timed(step, *arguments):
        began = time.monotonic()
        result = step(*arguments)
        slowest[0] = max(slowest[0], time.monotonic() - began)
        return result

    def work() -> None:
        data = random_bytes(3000)
        repository = f"app-{number}"
        digest = timed(registry.push_blob, repository, data)
        assert timed(registry.blob, repository, digest) == data
        assert timed(registry.has_blob, repository, digest)
        timed(registry.push_image, repository, images.image(), f"v{next(numbers) % 10}")

    return work


@pytest.fixture
def busy(new_cluster):
    """A cluster under load; what its clients ran into is told at the end."""

    def make(cluster, seconds_before: float = 2):
        slowest = [0.0]
        crowd = Crowd()
        for number in range(6):
            crowd.add(strict_client(cluster.url, number, slowest))
        time.sleep(seconds_before)
        return crowd, slowest

    return make


@pytest.mark.slow
def test_no_request_fails_when_redis_is_killed_and_comes_back(new_cluster, services, busy):
    services.redis.clear()
    cluster = new_cluster().start()
    crowd, slowest = busy(cluster)
    assert services.redis.size() > 0, "Redis is not used at all"
    services.redis.kill()
    time.sleep(3)
    services.redis.start()
    time.sleep(3)
    assert crowd.finish() > 30
    print(f"slowest step {slowest[0]:.2f} s")
    assert slowest[0] < 2 * PATIENCE
    assert services.redis.size() > 0, "Redis is not used again"


@pytest.mark.slow
def test_no_request_fails_while_redis_does_not_answer(new_cluster, services, busy):
    cluster = new_cluster().start()
    crowd, slowest = busy(cluster)
    os.kill(services.redis.process.pid, signal.SIGSTOP)
    try:
        time.sleep(4)
    finally:
        os.kill(services.redis.process.pid, signal.SIGCONT)
    time.sleep(1)
    assert crowd.finish() > 10
    print(f"slowest step {slowest[0]:.2f} s")
    assert slowest[0] < 2 * PATIENCE


def test_a_node_starts_and_serves_without_its_redis(new_cluster):
    cluster = new_cluster({"redis": {"addr": f"127.0.0.1:{free_port()}"}}, size=1).start()
    registry = cluster.registry()
    for number in range(5):
        began = time.monotonic()
        image = images.image({"content": random_bytes(3000)})
        registry.push_image("app", image, f"v{number}")
        for blob in image.blobs:
            assert registry.blob("app", blob.digest) == blob.data
        assert time.monotonic() - began < PATIENCE
    assert cluster.nodes[0].is_ready


def test_a_blob_deleted_while_redis_was_out_of_reach_is_not_served_when_it_is_back(new_cluster, services):
    """Redis keeps what it had: an entry that nobody could withdraw must not count."""
    cluster = new_cluster(size=2).start()
    first, second = cluster.registries()
    data = random_bytes(200_000)
    digest = first.push_blob("app", data)
    for registry in (first, second, first, second):
        assert registry.blob("app", digest) == data
    os.kill(services.redis.process.pid, signal.SIGSTOP)
    try:
        expect(first.delete(f"/v2/app/blobs/{digest}"), 202)
        assert not second.has_blob("app", digest)
    finally:
        os.kill(services.redis.process.pid, signal.SIGCONT)
    for _ in range(20):
        assert not first.has_blob("app", digest)
        assert not second.has_blob("app", digest)
        time.sleep(0.1)


def test_a_blob_deleted_on_one_node_is_at_once_unknown_on_the_others(cluster):
    registries = cluster.registries()
    for number in range(30):
        data = random_bytes(1000)
        writer = registries[number % 3]
        digest = writer.push_blob("deleted-elsewhere", data)
        for registry in registries:
            assert registry.blob("deleted-elsewhere", digest) == data
        expect(writer.delete(f"/v2/deleted-elsewhere/blobs/{digest}"), 202)
        for registry in registries:
            assert not registry.has_blob("deleted-elsewhere", digest)
        assert registries[(number + 1) % 3].push_blob("deleted-elsewhere", data) == digest
        for registry in registries:
            assert registry.blob("deleted-elsewhere", digest) == data
