"""Nodes restarted one after another, under load: nobody notices."""

import itertools
import shutil
import signal
import time
import uuid
from pathlib import Path

import pytest

from harness import images
from harness.images import MIB, digest_of, random_bytes
from harness.raw import Connection, Registry, error_codes, expect, target
from harness.retrying import Crowd
from harness.server import until


class Bursts:
    """Requests that reach nginx while it is held in its tracks, and all at once when it goes on.

    That is what a balancer on a busy machine, or some milliseconds of network away, does all the time: it sends requests
    on connections that the node has closed already, or is about to. A PATCH cannot be sent a second time, so each that
    meets such a connection is a failed push.
    """

    def __init__(self, cluster, size: int = 24):
        self.nginx = cluster.nginx
        self.connections = [Connection(("127.0.0.1", cluster.port), timeout=30) for _ in range(size)]
        self.lost: list[str] = []
        self.answered = 0

    def send(self, meanwhile=lambda: None, pause: float = 0.02) -> None:
        """One PATCH on every connection. To an upload that nobody began: cheap, and a 404 that only a node can give."""
        self.nginx.pause()
        for connection in self.connections:
            where = f"/v2/app/blobs/uploads/{uuid.uuid4()}"
            connection.request("PATCH", where, body=b"a chunk")
        time.sleep(pause)
        meanwhile()
        self.nginx.go_on()
        for connection in self.connections:
            answer = connection.response()
            if answer.status == 404 and error_codes(answer) == ["BLOB_UPLOAD_UNKNOWN"]:
                self.answered += 1
            else:
                self.lost.append(f"{answer.status} {answer.text[:200]}")

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


@pytest.mark.slow
def test_no_request_is_lost_on_the_connections_of_a_node_that_goes(new_cluster):
    cluster = new_cluster().start()
    bursts = Bursts(cluster)
    for _ in range(3):
        bursts.send()  # nginx now keeps idle connections to every node
    for number, node in enumerate(cluster.nodes):

        def go(node=node) -> None:
            node.signal(signal.SIGTERM)
            time.sleep(0.2)

        bursts.send(meanwhile=go)
        while node.process.poll() is None:
            bursts.send()
        assert node.wait() == 0
        for _ in range(5):
            bursts.send()
        assert bursts.lost == [], f"node {number}, and {bursts.answered} were answered"
        node.start()
        for _ in range(3):
            bursts.send()
    assert bursts.lost == []
    bursts.close()


def test_a_node_that_goes_is_not_ready_at_once_and_ends_what_it_has_begun(new_cluster):
    """A balancer that asks for /readyz learns of it before any connection is refused."""
    cluster = new_cluster(size=2).start()
    leaving, staying = cluster.nodes
    data = random_bytes(400_000)
    location = target(leaving.registry().start_upload("app"))
    with leaving.connect(timeout=20) as asking, leaving.connect(timeout=20) as uploading:
        uploading.request("PATCH", location, {"Content-Length": str(len(data))}, data[:200_000])
        asking.request("GET", "/readyz")
        expect(asking.response(), 200)
        leaving.signal(signal.SIGTERM)
        time.sleep(0.2)
        asking.request("GET", "/readyz")
        last = expect(asking.response(), 503)
        assert last.headers["Connection"].lower() == "close", "or a balancer sends the next request on this connection"
        with leaving.connect(timeout=5) as late:  # still served
            late.request("GET", "/v2/")
            expect(late.response(), 200)
        assert until(lambda: not accepts(leaving.port), seconds=15), "it never stops accepting"
        assert leaving.process.poll() is None, "it did not wait for the upload"
        uploading.send(data[200_000:])
        expect(uploading.response(), 202)
    assert leaving.wait(10) == 0
    expect(staying.registry().finish_upload(location, digest_of(data)), 201)
    assert staying.registry().blob("app", digest_of(data)) == data


def accepts(port: int) -> bool:
    try:
        Connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


# Clients that try everything once


def strict_pusher(cluster, number: int):
    """Pushes an image with several requests a blob, on a connection that it keeps, and pulls it again."""
    authority = str(cluster.services.authority.certificate)
    registry = Registry(cluster.tls_url, verify=authority) if number % 2 else cluster.registry()
    numbers = itertools.count()
    repository = f"strict-{number}"

    def work() -> None:
        image = images.image({"content": random_bytes(50_000)})
        for blob in image.blobs:
            location = registry.start_upload(repository)
            half = len(blob.data) // 2
            for start, piece in ((0, blob.data[:half]), (half, blob.data[half:])):
                headers = {"Content-Range": f"{start}-{start + len(piece) - 1}"}
                location = expect(registry.patch(location, data=piece, headers=headers), 202).headers["Location"]
            expect(registry.finish_upload(location, blob.digest), 201)
        registry.push_manifest(repository, f"v{next(numbers) % 5}", image.manifest)
        registry.push_manifest(repository, "latest", image.manifest)
        served = expect(registry.get_manifest(repository, "latest"), 200)
        assert served.content == image.manifest.body
        for blob in image.blobs:
            assert registry.blob(repository, blob.digest) == blob.data

    return work


def skopeo_loop(skopeo, cluster, layout: Path, directory: Path, number: int):
    """Copies an image in and out, under a new name each time, so that nothing is there already."""
    numbers = itertools.count()

    def work() -> None:
        turn = next(numbers)
        there = f"docker://{cluster.host}/skopeo-{number}-{turn}:1"
        skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:1", there)
        back = directory / f"back-{number}"
        skopeo("copy", "--src-tls-verify=false", there, f"dir:{back}")
        shutil.rmtree(back)

    return work


def docker_loop(engine, cluster, base_image: str):
    """Pushes and pulls with the Docker engine."""
    numbers = itertools.count()

    def work() -> None:
        name = f"{cluster.host}/docker-{next(numbers)}:1"
        engine("tag", base_image, name)
        engine("push", name)
        engine("rmi", name)
        engine("pull", name)
        engine("rmi", name)

    return work


@pytest.mark.slow
def test_three_nodes_restarted_one_after_another_fail_no_client(new_cluster, skopeo, engine, base_image, tmp_path):
    cluster = new_cluster({"log": {"level": "warn"}}).start()
    image = images.image({"content": random_bytes(6 * MIB)}, {"more": random_bytes(1000)})
    layout = images.write_layout(tmp_path / "layout", {"1": image.manifest}, image.blobs)
    numbers = []
    with Crowd() as crowd:
        for number in range(4):
            crowd.add(strict_pusher(cluster, number))
        for number in range(2):
            crowd.add(skopeo_loop(skopeo, cluster, layout, tmp_path, number))
        crowd.add(docker_loop(engine, cluster, base_image))
        time.sleep(3)
        for number, node in enumerate(cluster.nodes):
            before = crowd.done
            node.signal(signal.SIGTERM)
            assert node.wait(40) == 0
            node.start()
            assert until(lambda node=node: node.is_ready, seconds=20)
            time.sleep(2)
            assert not crowd.errors, f"while node {number} was restarted: {crowd.errors[0]}"
            numbers.append(crowd.done - before)
    print(f"rounds of clients done while each node was restarted: {numbers}")
    assert min(numbers) > 5, "too little traffic to prove anything"
    assert "no live upstreams" not in cluster.nginx.log


@pytest.mark.slow
def test_an_upload_that_runs_while_every_node_is_restarted_is_finished(new_cluster):
    """Longer than any node lives: the client sends a chunk at a time, each once, to whoever is there."""
    cluster = new_cluster().start()
    registry = cluster.registry()
    pieces: list[bytes] = []
    location = registry.start_upload("app")

    def send() -> None:
        nonlocal location
        piece, start = random_bytes(MIB // 2), sum(map(len, pieces))
        headers = {"Content-Range": f"{start}-{start + len(piece) - 1}"}
        location = expect(registry.patch(location, data=piece, headers=headers), 202).headers["Location"]
        pieces.append(piece)
        time.sleep(0.2)

    with Crowd() as crowd:
        crowd.add(send)
        sent = []
        for node in cluster.nodes:
            before = len(pieces)
            node.restart()
            sent.append(len(pieces) - before)
    print(f"chunks sent while each node was restarted: {sent}")
    assert min(sent) > 2, "the nodes were restarted too soon to prove anything"
    data = b"".join(pieces)
    expect(registry.finish_upload(location, digest_of(data)), 201)
    for one in cluster.registries():
        assert one.blob("app", digest_of(data)) == data
