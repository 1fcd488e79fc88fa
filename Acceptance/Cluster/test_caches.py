"""What a node keeps in memory is never served once a change was acknowledged by any other, whatever happens between."""

import threading
import time

import pytest

from harness import images
from harness.images import random_bytes
from harness.raw import expect
from harness.relay import Relay
from harness.retrying import RetryingClient
from harness.server import until


def moved(cluster, repository: str, tag: str, image, by: int = 0) -> None:
    """Moves a tag on one node; it is acknowledged when this returns."""
    client = RetryingClient(cluster.nodes[by].url)
    client.push_image(repository, image, tag)


def test_a_tag_moved_on_one_node_is_at_once_new_on_the_others(cluster, repository):
    registries = cluster.registries()
    for turn in range(60):
        image = images.image()
        registries[turn % 3].push_image(repository, image, "moving", f"v{turn}")
        for registry in registries:
            for _ in range(2):  # from the store, and from memory
                assert registry.get_manifest(repository, "moving").content == image.manifest.body
            assert f"v{turn}" in registry.tags(repository)


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_what_was_deleted_on_one_node_is_at_once_unknown_on_the_others(cluster, repository, by):
    registries = cluster.registries()
    for turn in range(20):
        image = images.image()
        registries[turn % 3].push_image(repository, image, "doomed")
        for registry in registries:
            expect(registry.get_manifest(repository, "doomed"), 200)
            expect(registry.get_manifest(repository, image.digest), 200)
        reference = "doomed" if by == "tag" else image.digest
        expect(registries[(turn + 1) % 3].delete(f"/v2/{repository}/manifests/{reference}"), 202)
        for registry in registries:
            expect(registry.get_manifest(repository, "doomed"), 404, code="MANIFEST_UNKNOWN")
            expect(registry.get_manifest(repository, image.digest), 404 if by == "digest" else 200)


def test_a_repository_new_on_one_node_is_at_once_there_on_the_others(cluster, repository):
    registries = cluster.registries()
    for turn in range(6):
        name = f"{repository}/new-{turn}"
        for registry in registries:
            expect(registry.get(f"/v2/{name}/tags/list"), 404)
        registries[turn % 3].push_image(name, images.image(), "1")
        for registry in registries:
            assert registry.tags(name) == ["1"]


@pytest.mark.slow
def test_no_moved_tag_is_served_while_connections_to_the_database_are_ended(new_cluster, services):
    """Those on which nodes wait to be told of changes among them."""
    cluster = new_cluster(size=2).start()
    mover, reader = RetryingClient(cluster.nodes[0].url), cluster.nodes[1].registry()
    stop = threading.Event()

    ended = 0

    def end_connections() -> None:
        nonlocal ended
        while not stop.wait(0.15):
            rows = services.postgres.query(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                f"WHERE datname = '{cluster.database.name}' AND pid <> pg_backend_pid()"
            )
            ended += int(rows[0][0])

    config = images.Blob(b"{}", images.OCI_CONFIG)
    mover.push_blob("app", config.data)
    ending = threading.Thread(target=end_connections)
    ending.start()
    seen = refused = turn = 0
    try:
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            turn += 1
            value = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": config.descriptor(), "layers": []}
            manifest = images.Manifest.of(value | {"annotations": {"turn": str(turn)}})
            mover.push_manifest("app", "moving", manifest)
            for _ in range(3):
                answer = expect(reader.get_manifest("app", "moving"), 200, 503)
                if answer.status_code == 200:
                    assert answer.content == manifest.body, f"turn {turn}"
                    seen += 1
                else:
                    refused += 1
    finally:
        stop.set()
        ending.join()
    print(f"{turn} moves, {seen} reads, {refused} refused, {len(mover.failures)} attempts to move failed, {ended} ended")
    # Nodes notice most of them before they send anything, so that nobody need be refused.
    assert seen > 20 and ended > 50, "too little happened to prove anything"


@pytest.fixture
def cut_off(new_cluster, services):
    """Two nodes, and the network between the second one and the database."""
    relay = Relay(services.postgres.port).start()
    cluster = new_cluster({"metadata": {"statementtimeout": "3s"}}, size=2)
    node = cluster.nodes[1]
    node.config["metadata"]["url"] = cluster.database.url.replace(f":{services.postgres.port}/", f":{relay.port}/")
    node.write_config()
    yield cluster.start(), relay
    relay.mend()
    relay.stop()


@pytest.mark.slow
def test_a_node_cut_off_from_the_database_serves_no_tag_that_was_moved_elsewhere(cut_off):
    """Nobody can tell it of the move. It may refuse, but not answer as if nothing had happened."""
    cluster, relay = cut_off
    first, second = cluster.registries()
    old, new = images.image(), images.image()
    first.push_image("app", old, "moving")
    for _ in range(3):
        assert second.get_manifest("app", "moving").content == old.manifest.body
    relay.cut()
    time.sleep(0.1)
    began = time.monotonic()
    moved(cluster, "app", "moving", new)
    print(f"the move was acknowledged after {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 15, "a node that is cut off must not keep the others from their work"
    while time.monotonic() - began < 12:
        asked = time.monotonic()
        answer = expect(second.get_manifest("app", "moving"), 200, 503)
        assert answer.status_code == 503 or answer.content == new.manifest.body
        assert time.monotonic() - asked < 15, "beyond the time limits of the metadata section"
        time.sleep(0.1)
    relay.mend()
    assert until(lambda: second.get_manifest("app", "moving").content == new.manifest.body, seconds=20, every=0.2)


def test_a_blob_deleted_and_pushed_again_elsewhere_is_served_with_the_right_bytes(cluster, repository):
    """It is at another place then: who remembers the old one reads nothing, or another's."""
    registries = cluster.registries()
    data = random_bytes(200_000)
    for turn in range(6):
        digest = registries[turn % 3].push_blob(repository, data)
        for registry in registries:
            assert registry.blob(repository, digest) == data
        expect(registries[(turn + 1) % 3].delete(f"/v2/{repository}/blobs/{digest}"), 202)
