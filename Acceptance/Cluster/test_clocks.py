"""A node whose clock is five minutes off: what it does is as good as what the others do."""

import datetime
import email.utils
import time
import urllib.parse

import pytest

from harness import clock, images
from harness.images import MIB, digest_of, random_bytes
from harness.raw import expect
from harness.s3 import PART
from harness.server import until

REDIRECTS = {"storage": {"redirect": {"disable": False}}}


@pytest.fixture(params=[300, -300], ids=["ahead", "behind"])
def skewed(request, new_cluster, tmp_path):
    """Makes clusters whose second node's clock is off."""

    def make(config: dict | None = None):
        cluster = new_cluster(config)
        cluster.nodes[1].env |= clock.off_by(request.param, tmp_path / "clock")
        cluster.start()
        date = expect(cluster.nodes[1].registry().get("/v2/"), 200).headers["Date"]
        off = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
        assert abs(off - request.param) < 10, "its clock is not off at all"
        return cluster

    return make


def test_pushes_and_pulls_work_on_every_node_with_a_clock_that_is_off(skewed):
    cluster = skewed()
    for number, registry in enumerate(cluster.registries()):
        image = images.image({"content": random_bytes(100_000)})
        registry.push_image("app", image, f"v{number}", "latest")
        for other in cluster.registries():
            assert other.get_manifest("app", "latest").content == image.manifest.body
            for blob in image.blobs:
                assert other.blob("app", blob.digest) == blob.data
    for registry in cluster.registries():
        assert registry.tags("app") == ["latest", "v0", "v1", "v2"]


def test_uploads_move_to_and_from_a_node_with_a_clock_that_is_off(skewed):
    cluster = skewed()
    first, wrong, third = cluster.registries()
    data = random_bytes(2 * PART + MIB)
    for begin, go_on, finish in ((first, wrong, third), (wrong, first, wrong), (first, third, wrong)):
        location = begin.start_upload("app")
        expect(begin.patch(location, data=data[:PART]), 202)
        expect(go_on.patch(location, data=data[PART : 2 * PART]), 202)
        expect(finish.finish_upload(location, digest_of(data), data[2 * PART :]), 201)
        expect(first.delete(f"/v2/app/blobs/{digest_of(data)}"), 202)


def test_tags_moved_by_a_node_with_a_clock_that_is_off_are_served_new_everywhere(skewed):
    cluster = skewed()
    made = [images.image() for _ in range(6)]
    for turn, image in enumerate(made):
        cluster.registries()[turn % 3].push_image("app", image, "moving")
        for registry in cluster.registries():
            assert registry.get_manifest("app", "moving").headers["Docker-Content-Digest"] == image.digest
    expect(cluster.registries()[0].delete("/v2/app/manifests/moving"), 202)
    for registry in cluster.registries():
        expect(registry.get_manifest("app", "moving"), 404)


def test_redirects_of_a_node_with_a_clock_that_is_off_are_followed(skewed):
    """S3 allows a clock a quarter of an hour; a signed address is valid for longer than five minutes."""
    cluster = skewed(REDIRECTS)
    data = random_bytes(2 * MIB)
    digest = cluster.registry().push_blob("app", data)
    for registry in cluster.registries():
        answer = registry.get(f"/v2/app/blobs/{digest}", allow_redirects=True)
        assert len(answer.history) == 1 and answer.content == data
        # What AWS would check, and moto does not.
        signed = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.url).query))
        date = datetime.datetime.strptime(signed["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        assert abs(date - time.time()) < 15 * 60
        assert date + int(signed["X-Amz-Expires"]) > time.time() + 60


def test_a_node_with_a_clock_that_is_off_ends_no_upload_that_is_alive(skewed):
    """It is five minutes early, or late, with what others left behind: that is all, and is little of the usual 168 hours.
    What it began itself and what others did look the same to it."""
    purging = {"enabled": True, "age": "10m", "interval": "1s", "dryrun": False}
    cluster = skewed({"storage": {"maintenance": {"uploadpurging": purging}}})
    data = random_bytes(1000)
    locations = [registry.start_upload("app") for registry in cluster.registries()]
    for location in locations:
        expect(cluster.registries()[0].patch(location, data=data[:500]), 202)
    ended = until(lambda: len(cluster.database.query("SELECT id FROM upload")) < 3, seconds=4, every=0.5)
    assert not ended, "an upload was ended that was idle for some seconds only"
    for location in locations:
        expect(cluster.registries()[2].finish_upload(location, digest_of(data), data[500:]), 201)
