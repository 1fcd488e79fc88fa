"""Nodes that die under their clients: what was acknowledged is there, and clients that retry get what they wanted."""

import concurrent.futures
import random
import threading
import time

import pytest

from harness import images
from harness.images import MIB, random_bytes
from harness.raw import target, with_query
from harness.retrying import Crowd, RetryingClient

CLIENTS = 16
# Below and above a part of S3's, so that uploads die in either state.
SIZES = [100, 20_000, 300_000, 6 * MIB]


class Pushing:
    """What the clients of one test pushed and were told is stored."""

    def __init__(self, url: str, seed: int):
        self.url = url
        self.random = random.Random(seed)
        self.acknowledged: list[tuple[str, str, images.Image]] = []
        self.clients: list[RetryingClient] = []
        self.lock = threading.Lock()

    def client(self, number: int):
        client = RetryingClient(self.url)
        self.clients.append(client)
        pushed = 0

        def push() -> None:
            nonlocal pushed
            with self.lock:
                size = self.random.choices(SIZES, (4, 4, 4, 1))[0]
            repository, tag = f"app-{number % 4}", f"client-{number}-{pushed}"
            image = images.image({"content": random_bytes(size)})
            client.push_image(repository, image, tag)
            pushed += 1
            with self.lock:
                self.acknowledged.append((repository, tag, image))

        return push

    def check(self, node_url: str) -> None:
        """Pulls all of it from one node."""
        client = RetryingClient(node_url)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for result in [pool.submit(client.pull_image, *pushed) for pushed in self.acknowledged]:
                result.result()
        assert not client.failures, client.failures[0]


@pytest.mark.slow
def test_what_was_acknowledged_while_nodes_were_killed_pulls_bit_for_bit_from_every_node(new_cluster):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    cluster = new_cluster({"log": {"level": "warn"}}).start()
    pushing = Pushing(cluster.url, seed)
    with Crowd() as crowd:
        for number in range(CLIENTS):
            crowd.add(pushing.client(number))
        for node in moments.sample(cluster.nodes, 3):
            time.sleep(moments.uniform(1, 3))
            node.kill()
            time.sleep(moments.uniform(0.2, 1.5))
            node.start()
        time.sleep(1)
        assert not crowd.errors, crowd.errors[0]
    failures = sum(len(client.failures) for client in pushing.clients)
    print(f"{len(pushing.acknowledged)} images acknowledged, {failures} requests failed on the way")
    assert len(pushing.acknowledged) >= 2 * CLIENTS and failures > 0, "too little happened to prove anything"

    for node in cluster.nodes:
        pushing.check(node.url)
    for repository in {repository for repository, _, _ in pushing.acknowledged}:
        wanted = {tag for name, tag, _ in pushing.acknowledged if name == repository}
        assert all(wanted <= set(node.registry().tags(repository, n=1000)) for node in cluster.nodes)


def test_an_upload_goes_on_elsewhere_when_its_node_was_killed(new_cluster):
    cluster = new_cluster().start()
    first, second, _ = cluster.registries()
    data = random_bytes(6 * MIB + 17)
    location = first.start_upload("app")
    acknowledged = 5 * MIB + 100
    assert first.patch(location, data=data[:acknowledged]).status_code == 202
    cluster.nodes[0].kill()
    status = second.get(location)
    assert status.status_code == 204 and status.headers["Range"] == f"0-{acknowledged - 1}", status.text
    headers = {"Content-Range": f"{acknowledged}-{len(data) - 1}"}
    assert second.patch(location, data=data[acknowledged:], headers=headers).status_code == 202
    assert second.finish_upload(location, images.digest_of(data)).status_code == 201
    cluster.nodes[0].start()
    for registry in cluster.registries():
        assert registry.blob("app", images.digest_of(data)) == data


def test_an_upload_goes_on_elsewhere_when_its_node_was_killed_in_the_middle_of_a_chunk(new_cluster):
    """What the dead node held of it, a lock in the database say, must not hold the client up for long."""
    cluster = new_cluster().start()
    first, second, _ = cluster.registries()
    data = random_bytes(3_000_000)
    location = first.start_upload("app")
    assert first.patch(location, data=data[:1_000_000]).status_code == 202
    with cluster.nodes[0].connect() as connection:
        connection.request("PATCH", target(location), {"Content-Length": "2000000"}, data[1_000_000:1_500_000])
        time.sleep(0.5)
        cluster.nodes[0].kill()
    began = time.monotonic()
    client = RetryingClient(second.url)
    status = client.request("GET", location, 204)
    have = int(status.headers["Range"].split("-")[1]) + 1
    assert 1_000_000 <= have <= 1_500_000
    headers = {"Content-Range": f"{have}-{len(data) - 1}"}
    client.request("PATCH", location, 202, data=data[have:], headers=headers)
    client.request("PUT", with_query(location, digest=images.digest_of(data)), 201)
    assert time.monotonic() - began < 15
    assert second.blob("app", images.digest_of(data)) == data
