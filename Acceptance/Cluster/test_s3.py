"""What nodes ask of S3, and what they do when it fails."""

import hashlib
import itertools
import json
import random
import threading
import time
import urllib.parse
from pathlib import Path

import pytest
import requests

from harness import images, s3
from harness.cluster import Cluster
from harness.faults import Faults
from harness.images import MIB, Stream, digest_of, random_bytes
from harness.raw import Registry, expect, target
from harness.retrying import Crowd, RetryingClient
from harness.s3 import PART
from harness.server import merged, until

COPIES = ("CopyObject", "UploadPartCopy")
REDIRECTS = {"storage": {"redirect": {"disable": False}}}


def push_as_docker(registry: Registry, repository: str, data: bytes) -> str:
    """POST, one PATCH of unknown length, PUT."""
    location = registry.start_upload(repository)
    pieces = (data[start : start + 100_000] for start in range(0, len(data), 100_000))
    location = expect(registry.patch(location, data=pieces), 202).headers["Location"]
    expect(registry.finish_upload(location, digest_of(data)), 201)
    return digest_of(data)


# What it takes to push


@pytest.mark.parametrize("size", [1000, PART, 12 * MIB + 3])
def test_a_push_copies_nothing_within_s3(cluster, services, repository, size):
    """Where the bytes are is written in the database when their digest is known: they need not be moved there."""
    data = random_bytes(size)
    services.proxy.forget()
    push_as_docker(cluster.registry(), repository, data)
    print(dict(services.proxy.counts))
    assert not [name for name in COPIES if services.proxy.counts[name]]
    assert services.proxy.sent["PutObject"] + services.proxy.sent["UploadPart"] >= size
    assert cluster.registry().blob(repository, digest_of(data)) == data


def test_a_large_push_sends_its_bytes_once_and_reads_none(cluster, services, repository):
    """But for the last part: stored when the PATCH is answered, and sent as a part once there is no more to come."""
    data = random_bytes(40 * MIB)
    services.proxy.forget()
    push_as_docker(cluster.nodes[0].registry(), repository, data)
    sent = services.proxy.sent["PutObject"] + services.proxy.sent["UploadPart"]
    print(dict(services.proxy.counts), dict(services.proxy.sent))
    assert len(data) <= sent <= len(data) + PART + 100_000
    assert services.proxy.received["GetObject"] == 0


def test_an_upload_that_moves_between_nodes_copies_nothing_within_s3(cluster, services, repository):
    nodes = itertools.cycle(cluster.registries())
    data = random_bytes(16 * MIB)
    services.proxy.forget()
    location = next(nodes).start_upload(repository)
    for start in range(0, len(data), 4 * MIB):
        expect(next(nodes).patch(location, data=data[start : start + 4 * MIB]), 202)
    expect(next(nodes).finish_upload(location, digest_of(data)), 201)
    print(dict(services.proxy.counts), dict(services.proxy.received))
    assert not [name for name in COPIES if services.proxy.counts[name]]


def test_pushing_what_is_there_already_leaves_one_object(cluster, repository):
    data = random_bytes(PART + 100)
    registry = cluster.registry()
    registry.push_blob(repository, data)
    before = cluster.objects()
    for other in ("a", "b"):
        registry.push_blob(f"{repository}-{other}", data)
    mounted = registry.post(f"/v2/{repository}-c/blobs/uploads/?mount={digest_of(data)}&from={repository}")
    expect(mounted, 201)
    assert until(lambda: cluster.objects() == before), set(cluster.objects()) - set(before)
    assert cluster.multipart_uploads() == []


def test_a_part_of_a_blob_is_read_without_the_rest(cluster, services, repository):
    data = random_bytes(20 * MIB)
    digest = cluster.registry().push_blob(repository, data)
    services.proxy.forget()
    headers = {"Range": f"bytes={10 * MIB}-{10 * MIB + 999}"}
    answer = expect(cluster.registry().get(f"/v2/{repository}/blobs/{digest}", headers=headers), 206)
    assert answer.content == data[10 * MIB : 10 * MIB + 1000]
    assert services.proxy.received["GetObject"] < 2 * MIB


def test_a_large_blob_goes_in_and_out_bit_for_bit(cluster, repository):
    stream = Stream(seed=7, size=150 * MIB)
    digest = stream.digest
    first, second, _ = cluster.nodes
    location = first.registry().start_upload(repository)
    with first.connect(timeout=120) as connection:
        connection.request("PATCH", target(location), {"Transfer-Encoding": "chunked"})
        assert connection.send_pieces(stream, chunked=True), connection.response().text
        expect(connection.response(), 202)
    expect(second.registry().finish_upload(location, digest, timeout=120), 201)
    state = hashlib.sha256()
    with cluster.registry().get(f"/v2/{repository}/blobs/{digest}", stream=True) as answer:
        for piece in expect(answer, 200).iter_content(MIB):
            state.update(piece)
    assert "sha256:" + state.hexdigest() == digest


# Redirects


@pytest.fixture(scope="module")
def redirecting(services, tmp_path_factory):
    config = merged(REDIRECTS, {"log": {"formatter": "json"}})
    with Cluster(tmp_path_factory.mktemp("redirecting"), services, config) as cluster:
        yield cluster


def bytes_out(node) -> int:
    """What its kernel has sent for it, to whomever: clients, S3 and the database."""
    lines = Path(f"/proc/{node.process.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def test_with_redirects_the_bytes_of_blobs_do_not_pass_the_nodes(redirecting, services, repository):
    data = random_bytes(50 * MIB)
    digest = push_as_docker(redirecting.registry(), repository, data)
    before = [bytes_out(node) for node in redirecting.nodes]
    services.proxy.forget()
    turns = 6
    for turn in range(turns):
        headers = {"X-Request-Id": f"redirected-{turn}"}
        answer = redirecting.registry().get(
            f"/v2/{repository}/blobs/{digest}", headers=headers, allow_redirects=True, stream=True
        )
        assert sum(map(len, answer.iter_content(MIB))) == len(data)
        first = answer.history[0]
        assert first.status_code == 307
        assert urllib.parse.urlsplit(answer.url).port == services.proxy.port, "it did not come from S3"
    sent = sum(bytes_out(node) for node in redirecting.nodes) - sum(before)
    print(f"{turns * len(data)} bytes pulled, {sent} bytes written by the nodes")
    assert sent < 200_000
    assert services.proxy.received["signed GET"] == turns * len(data)
    assert services.proxy.counts["GetObject"] == 0
    for turn in range(turns):
        def told():
            lines = [json.loads(line) for line in redirecting.log.splitlines() if f'"redirected-{turn}"' in line]
            return [line["bytes"] < 2000 for line in lines if "status" in line]

        assert until(told) == [True]


def test_a_redirect_serves_parts_and_says_what_it_serves(redirecting, repository):
    data = random_bytes(3 * MIB)
    digest = redirecting.registry().push_blob(repository, data)
    redirect = expect(redirecting.registry().get(f"/v2/{repository}/blobs/{digest}"), 307)
    assert redirect.headers["Docker-Content-Digest"] == digest
    where = redirect.headers["Location"]
    whole = requests.get(where, timeout=30)
    assert whole.content == data
    part = requests.get(where, headers={"Range": "bytes=100-199"}, timeout=30)
    assert part.status_code == 206 and part.content == data[100:200]
    head = expect(redirecting.registry().head(f"/v2/{repository}/blobs/{digest}"), 200, 307)
    if head.status_code == 200:
        assert head.headers["Content-Length"] == str(len(data))


def test_a_redirect_is_for_one_blob_and_for_reading(redirecting, services, repository):
    data = random_bytes(2 * MIB)
    digest = redirecting.registry().push_blob(repository, data)
    where = expect(redirecting.registry().get(f"/v2/{repository}/blobs/{digest}"), 307).headers["Location"]
    parameters = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))
    assert 60 <= int(parameters["X-Amz-Expires"]) <= 24 * 3600
    assert s3.SECRET_KEY not in urllib.parse.unquote(where)


def test_docker_pulls_through_redirects(redirecting, engine, base_image, repository):
    name = f"{redirecting.host}/{repository}:1"
    engine.build(name, f"FROM {base_image}\nCOPY large /large\n", {"large": random_bytes(8 * MIB)})
    engine("push", name)
    engine.forget(name)
    engine("pull", name)
    engine.forget(name)


def test_without_redirects_nobody_is_sent_to_s3(cluster, services, repository):
    data = random_bytes(2 * MIB)
    digest = cluster.registry().push_blob(repository, data)
    services.proxy.forget()
    assert cluster.registry().blob(repository, digest) == data
    assert services.proxy.counts["signed GET"] == 0


# Failures


def strict_client(url: str, number: int, seed: int):
    """Pushes in several ways and pulls what it pushed. Nothing may fail."""
    registry = Registry(url)
    chance = random.Random(seed + number)
    repository = f"app-{number}"

    def work() -> None:
        size = chance.choice([1000, 30_000, PART + 1000, 11 * MIB])
        data = random_bytes(size)
        if chance.random() < 0.5:
            push_as_docker(registry, repository, data)
        else:
            location = registry.start_upload(repository)
            for start in range(0, size, 4 * MIB):
                expect(registry.patch(location, data=data[start : start + 4 * MIB], timeout=120), 202)
            expect(registry.finish_upload(location, digest_of(data), timeout=120), 201)
        assert registry.blob(repository, digest_of(data)) == data

    return work


@pytest.mark.slow
def test_clients_do_not_notice_that_one_s3_request_in_twenty_fails_or_stalls(new_cluster, services):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    cluster = new_cluster({"log": {"level": "warn"}, "http": {"draintimeout": "5s"}}).start()
    services.proxy.faults = Faults(seed, share=0.05, stall=20)
    with Crowd() as crowd:
        for number in range(6):
            crowd.add(strict_client(cluster.url, number, seed))
        enough = until(lambda: sum(services.proxy.counts.values()) > 700 or crowd.errors, seconds=60, every=0.5)
        assert not crowd.errors, crowd.errors[0]
        assert enough, "it came nearly to a standstill"
    print(f"{crowd.done} pushes and pulls, {sum(services.proxy.counts.values())} requests")
    print({f"{operation} {kind}": count for (operation, kind), count in services.proxy.injected.items()})
    assert len({kind for _, kind in services.proxy.injected}) >= 5, "too few failures to prove anything"

    # Uploads that nobody will finish, some of them cancelled while S3 fails.
    services.proxy.faults = Faults(seed + 1, share=0.1, kinds=("503", "500", "reset", "lost"))
    registry = cluster.registry()
    abandoned = []
    for _ in range(8):
        location = registry.start_upload("abandoned")
        expect(registry.patch(location, data=random_bytes(PART + 1000)), 202)
        abandoned.append(location)
    for location in abandoned[:3]:
        expect(registry.delete(location), 204)
    assert cluster.multipart_uploads(), "nothing to clean"

    # Cleaners that do not wait for days, and whose own requests fail as well.
    purging = {"enabled": True, "age": "1s", "interval": "1s", "dryrun": False}
    for node in cluster.nodes:
        node.config["storage"] = node.config["storage"] | {"maintenance": {"uploadpurging": purging}}
        node.write_config()
    look_again(cluster)
    assert until(lambda: not cluster.multipart_uploads(), seconds=40, every=0.5), cluster.multipart_uploads()
    for location in abandoned:
        expect(registry.get(location), 404, code="BLOB_UPLOAD_UNKNOWN")


def look_again(cluster) -> None:
    """As if a day had passed: chores that are done once a day, by one of the nodes, are due again."""
    cluster.database.query("DELETE FROM schedule")
    for node in cluster.nodes:
        node.restart()


def test_an_upload_that_s3_began_without_telling_is_ended_a_day_later(new_cluster, services):
    """The answer was lost, and the node asked again: no row of the database leads to the first one."""
    cluster = new_cluster().start()
    turns = itertools.count()

    def every_other_beginning(operation: str) -> bool:
        return operation == "CreateMultipartUpload" and next(turns) % 2 == 0

    services.proxy.faults = Faults(3, share=1, kinds=("lost",), concerns=every_other_beginning)
    data = random_bytes(PART + 1000)
    for registry in cluster.registries():
        registry.push_blob("app", data + registry.url.encode())
    services.proxy.faults = None
    assert cluster.multipart_uploads(), "no answer was lost"
    # The same name in a place that is not the registry's.
    neighbour = cluster.multipart_uploads()[0].replace(cluster.prefix, f"{cluster.prefix}-neighbour")
    services.s3.client.create_multipart_upload(Bucket=s3.BUCKET, Key=neighbour)
    look_again(cluster)
    assert until(lambda: not cluster.multipart_uploads(), seconds=30, every=0.5), cluster.multipart_uploads()
    assert services.s3.multipart_uploads(neighbour) == [neighbour], "somebody else's upload was ended"
    for registry in cluster.registries():
        assert registry.blob("app", digest_of(data + registry.url.encode())) == data + registry.url.encode()


def test_an_abandoned_upload_is_ended_once_by_one_of_the_nodes(new_cluster):
    purging = {"enabled": True, "age": "2s", "interval": "1s", "dryrun": False}
    cluster = new_cluster({"storage": {"maintenance": {"uploadpurging": purging}}}).start()
    locations = []
    for registry in cluster.registries() * 3:
        location = registry.start_upload("abandoned")
        expect(registry.patch(location, data=random_bytes(PART + 100)), 202)
        locations.append(target(location).rsplit("/", 1)[1].split("?")[0])

    def all_gone() -> bool:
        return not cluster.database.query("SELECT id FROM upload") and not cluster.multipart_uploads()

    assert until(all_gone, seconds=30, every=0.5)
    time.sleep(1)
    for upload in locations:
        ends = [line for line in cluster.log.splitlines() if upload in line and "abandoned" in line]
        assert len(ends) == 1, ends


def test_an_upload_in_progress_is_not_ended_by_another_node(new_cluster):
    purging = {"enabled": True, "age": "3s", "interval": "1s", "dryrun": False}
    cluster = new_cluster({"storage": {"maintenance": {"uploadpurging": purging}}}).start()
    data = random_bytes(7 * MIB)
    first, second, _ = cluster.nodes
    location = target(first.registry().start_upload("slow"))

    def slowly():
        for start in range(0, len(data), 700_000):
            time.sleep(0.7)
            yield data[start : start + 700_000]

    with first.connect(timeout=30) as connection:
        connection.request("PATCH", location, {"Transfer-Encoding": "chunked"})
        assert connection.send_pieces(slowly(), chunked=True), "it was cut off"
        expect(connection.response(), 202)
    expect(second.registry().finish_upload(location, digest_of(data)), 201)
    assert second.registry().blob("slow", digest_of(data)) == data


def test_s3_that_is_away_for_some_seconds_delays_a_push_and_no_manifest(new_cluster, services):
    """The node asks again for a while; who waits longer is told when to come back, and goes on from there."""
    cluster = new_cluster().start()
    registry = cluster.registry()
    image = images.image({"content": random_bytes(300_000)})
    registry.push_image("app", image, "1")
    services.proxy.faults = Faults(1, share=1, kinds=("503", "reset"))
    back = threading.Timer(5, lambda: setattr(services.proxy, "faults", None))
    back.start()
    began = time.monotonic()
    # Manifests are in the database.
    asked = services.proxy.counts["GetObject"]
    assert registry.get_manifest("app", "1").content == image.manifest.body
    assert services.proxy.counts["GetObject"] == asked
    client = RetryingClient(cluster.url)
    data = random_bytes(6 * MIB)
    client.push_blob("app", data)
    assert time.monotonic() - began > 4.5, "S3 was not away"
    for attempt in client.failures:
        assert attempt.status == 503 and attempt.retry_after, attempt
    assert registry.blob("app", digest_of(data)) == data
    back.join()


def test_a_blob_that_vanished_from_the_bucket_is_never_served_as_if_whole(new_cluster, services):
    cluster = new_cluster().start()
    data = random_bytes(PART + 100)
    digest = cluster.registry().push_blob("app", data)
    (key,) = [key for key, size in cluster.objects().items() if size == len(data)]
    services.s3.delete(key)
    for node in cluster.nodes:
        with node.connect() as connection:
            connection.request("GET", f"/v2/app/blobs/{digest}")
            try:
                assert connection.response().status >= 400
            except (EOFError, ConnectionError):
                pass  # cut off before its Content-Length is reached
    assert cluster.registry().push_blob("app", data) == digest
    for registry in cluster.registries():
        assert registry.blob("app", digest) == data
