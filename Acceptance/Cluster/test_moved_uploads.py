"""Uploads that wander from node to node, and nodes that get in each other's way."""

import itertools
import threading

import pytest

from harness import images
from harness.images import MIB, digest_of, random_bytes
from harness.raw import expect, target, with_query
from harness.s3 import PART

# Around what S3 takes as a part, and more than one of them.
SIZES = [1, PART - 1, PART, PART + 1, 2 * PART, 12 * MIB + 3]


def check_everywhere(cluster, repository: str, data: bytes) -> None:
    digest = digest_of(data)
    for registry in cluster.registries():
        served = expect(registry.get(f"/v2/{repository}/blobs/{digest}"), 200)
        assert served.content == data
        assert served.headers["Content-Length"] == str(len(data))


def received(registry, location: str) -> int:
    """What a node says it has of an upload. Nothing and one byte look the same: both are `0-0`."""
    return int(expect(registry.get(location), 204).headers["Range"].split("-")[1]) + 1


@pytest.mark.parametrize("size", SIZES)
def test_an_upload_begun_on_one_node_is_finished_on_another(cluster, repository, size):
    first, second, third = cluster.registries()
    data = random_bytes(size)
    location = first.start_upload(repository)
    patched = expect(second.patch(location, data=data), 202)
    assert patched.headers["Range"] == f"0-{size - 1}"
    assert received(third, location) == size
    expect(third.finish_upload(location, digest_of(data)), 201)
    check_everywhere(cluster, repository, data)


@pytest.mark.parametrize("chunk", [700_000, 4 * MIB, PART, 7 * MIB + 1])
@pytest.mark.parametrize("size", [PART - 1, PART, 12 * MIB + 3])
def test_every_chunk_may_go_to_another_node(cluster, repository, size, chunk):
    nodes = itertools.cycle(cluster.registries())
    data = random_bytes(size)
    location = next(nodes).start_upload(repository)
    for start in range(0, size, chunk):
        piece = data[start : start + chunk]
        headers = {"Content-Range": f"{start}-{start + len(piece) - 1}"}
        location = expect(next(nodes).patch(location, data=piece, headers=headers), 202).headers["Location"]
        assert received(next(nodes), location) == start + len(piece)
    expect(next(nodes).finish_upload(location, digest_of(data)), 201)
    check_everywhere(cluster, repository, data)


def test_many_tiny_chunks_make_a_blob(cluster, repository):
    nodes = itertools.cycle(cluster.registries())
    data = random_bytes(60)
    location = next(nodes).start_upload(repository)
    for position in range(len(data)):
        expect(next(nodes).patch(location, data=data[position : position + 1]), 202)
    expect(next(nodes).finish_upload(location, digest_of(data)), 201)
    check_everywhere(cluster, repository, data)


@pytest.mark.parametrize("size", [1000, PART + 1000])
def test_the_last_chunk_may_come_with_the_put_on_another_node(cluster, repository, size):
    first, second, third = cluster.registries()
    data = random_bytes(size + 500)
    location = first.start_upload(repository)
    expect(second.patch(location, data=data[:size]), 202)
    headers = {"Content-Range": f"{size}-{size + 499}"}
    expect(third.finish_upload(location, digest_of(data), data[size:], headers=headers), 201)
    check_everywhere(cluster, repository, data)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_hash_of_a_moved_upload_is_right_for_either_algorithm(cluster, repository, algorithm):
    first, second, third = cluster.registries()
    data = random_bytes(6 * MIB)
    parameters = {} if algorithm == "sha256" else {"digest-algorithm": algorithm}
    location = first.start_upload(repository, **parameters)
    expect(second.patch(location, data=data[: 4 * MIB]), 202)
    expect(first.patch(location, data=data[4 * MIB :]), 202)
    expect(third.finish_upload(location, digest_of(data, algorithm)), 201)
    assert second.blob(repository, digest_of(data, algorithm)) == data


def test_a_moved_upload_with_the_wrong_digest_becomes_no_blob(cluster, repository):
    first, second, third = cluster.registries()
    data = random_bytes(PART + 10)
    location = first.start_upload(repository)
    expect(second.patch(location, data=data), 202)
    wrong = digest_of(data + b"?")
    expect(third.finish_upload(location, wrong), 400, code="DIGEST_INVALID")
    for registry in cluster.registries():
        assert not registry.has_blob(repository, wrong)
        assert not registry.has_blob(repository, digest_of(data))


def test_a_chunk_that_another_node_has_already_is_refused_with_the_right_range(cluster, repository):
    first, second, _ = cluster.registries()
    data = random_bytes(2000)
    location = first.start_upload(repository)
    expect(first.patch(location, data=data[:1000], headers={"Content-Range": "0-999"}), 202)
    refused = expect(second.patch(location, data=data[:1000], headers={"Content-Range": "0-999"}), 416)
    assert refused.headers["Range"] == "0-999"
    expect(second.patch(location, data=data[1000:], headers={"Content-Range": "1000-1999"}), 202)
    expect(first.finish_upload(location, digest_of(data)), 201)
    check_everywhere(cluster, repository, data)


@pytest.mark.parametrize("size", [1000, PART + 1000])
def test_an_upload_cancelled_on_one_node_is_gone_on_all(cluster, repository, size):
    first, second, third = cluster.registries()
    location = first.start_upload(repository)
    expect(first.patch(location, data=random_bytes(size)), 202)
    expect(second.delete(location), 204)
    for registry in (first, second, third):
        expect(registry.get(location), 404, code="BLOB_UPLOAD_UNKNOWN")
        expect(registry.patch(location, data=b"more"), 404, code="BLOB_UPLOAD_UNKNOWN")
    upload = target(location).rsplit("/", 1)[1].split("?")[0]
    assert not [key for key in cluster.multipart_uploads() if upload in key]


# Two at once


def at_once(*steps) -> list:
    """Runs the steps at the same moment, each in a thread; what each hands back."""
    barrier = threading.Barrier(len(steps))
    results: list = [None] * len(steps)

    def run(index: int) -> None:
        barrier.wait()
        results[index] = steps[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(result is not None for result in results), "a request hangs or broke"
    return results


@pytest.mark.parametrize("size", [10_000, PART + 10])
def test_of_two_nodes_that_finish_one_upload_exactly_one_says_created(cluster, repository, size):
    for turn in range(10 if size < PART else 3):
        data = random_bytes(size)
        digest = digest_of(data)
        location = cluster.registries()[turn % 3].start_upload(repository)
        expect(cluster.registries()[turn % 2].patch(location, data=data), 202)
        nodes = cluster.registries()
        finishing = [lambda node=node: node.finish_upload(location, digest) for node in nodes]
        statuses = [answer.status_code for answer in at_once(*finishing)]
        assert statuses.count(201) == 1, statuses
        assert all(400 <= status < 500 for status in statuses if status != 201), statuses
        check_everywhere(cluster, repository, data)


def test_two_nodes_that_append_to_one_upload_never_mix_their_bytes(cluster, repository):
    outcomes = set()
    for _ in range(8):
        first, second, third = cluster.registries()
        location = first.start_upload(repository)
        # Said to begin at 0 by both: only one of them can be right.
        bodies = [bytes([letter]) * 600_000 for letter in b"ab"]

        def patch(registry, body):
            pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
            return lambda: registry.patch(location, data=pieces, headers={"Content-Range": "0-599999"})

        answers = at_once(patch(first, bodies[0]), patch(second, bodies[1]))
        statuses = [answer.status_code for answer in answers]
        assert all(status in (202, 409, 416, 404) for status in statuses), [answer.text for answer in answers]
        assert statuses.count(202) == 1, statuses
        outcomes.add(tuple(statuses))
        winner = bodies[statuses.index(202)]
        assert received(third, location) == 600_000
        expect(third.finish_upload(location, digest_of(winner)), 201)
        check_everywhere(cluster, repository, winner)
    print(outcomes)


def test_two_nodes_that_append_without_saying_where_leave_what_they_were_answered(cluster, repository):
    """As docker does. Whatever is accepted stands whole, in one order or the other."""
    for _ in range(6):
        first, second, third = cluster.registries()
        location = first.start_upload(repository)
        bodies = [bytes([letter]) * 300_000 for letter in b"ab"]
        answers = at_once(
            lambda: first.patch(location, data=bodies[0]), lambda: second.patch(location, data=bodies[1])
        )
        accepted = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 202]
        assert accepted, [answer.text for answer in answers]
        assert all(answer.status_code in (202, 409, 416) for answer in answers), [answer.text for answer in answers]
        assert received(third, location) == 300_000 * len(accepted)
        orders = {b"".join(order) for order in itertools.permutations(accepted)}
        finished = []
        for data in orders:
            answer = third.finish_upload(location, digest_of(data))
            if answer.status_code == 201:
                check_everywhere(cluster, repository, data)
                finished.append(data)
            elif answer.status_code == 404:
                break  # a wrong guess ends the upload
        assert finished or len(orders) == 2


def test_one_blob_pushed_on_all_nodes_at_once_is_whole(cluster, repository):
    for size in (10_000, PART + 5):
        data = random_bytes(size)
        pushing = [lambda registry=registry: registry.push_blob(repository, data) for registry in cluster.registries()]
        assert at_once(*pushing) == [digest_of(data)] * 3
        check_everywhere(cluster, repository, data)


def test_a_push_through_one_node_counts_at_once_on_the_others(cluster, repository):
    """The manifest goes to a node that has never seen its blobs."""
    for turn in range(6):
        first, second, third = (cluster.registries() * 2)[turn % 3 : turn % 3 + 3]
        image = images.image()
        first.push_blob(repository, image.blobs[0].data)
        second.push_blob(repository, image.blobs[1].data)
        third.push_manifest(repository, f"v{turn}", image.manifest)
        assert first.get_manifest(repository, f"v{turn}").content == image.manifest.body
        assert second.tags(repository) == [f"v{number}" for number in range(turn + 1)]


def test_a_mount_works_between_nodes(cluster, repository):
    first, second, third = cluster.registries()
    data = random_bytes(PART + 5)
    digest = first.push_blob(repository, data)
    other = f"{repository}-other"
    where = with_query(f"/v2/{other}/blobs/uploads/", mount=digest, **{"from": repository})
    expect(second.post(where), 201)
    assert third.blob(other, digest) == data
