"""Uploads by hand: every way the specification has, and what happens when they go wrong."""

import threading
import time
import uuid

import pytest

from harness.images import digest_of, random_bytes
from harness.raw import expect, target, with_query

EMPTY = digest_of(b"")


def uploads(repository: str) -> str:
    return f"/v2/{repository}/blobs/uploads/"


def status(registry, location: str) -> int:
    """How many bytes the registry says it has of an upload."""
    response = expect(registry.get(location), 204)
    first, last = response.headers["Range"].split("-")
    assert first == "0"
    return int(last) + 1


def check_created(response, registry, repository, digest, data):
    """201 with what the specification asks, and the bytes at its Location."""
    expect(response, 201)
    assert response.headers["Docker-Content-Digest"] == digest
    assert target(response.headers["Location"]) == f"/v2/{repository}/blobs/{digest}"
    assert registry.get(response.headers["Location"]).content == data


@pytest.fixture
def data() -> bytes:
    return random_bytes(100_000)


def test_a_started_upload_has_a_location_an_id_and_an_empty_range(registry, repository):
    response = expect(registry.post(uploads(repository)), 202)
    assert target(response.headers["Location"]).startswith(uploads(repository))
    assert response.headers["Range"] == "0-0"
    assert response.headers["Content-Length"] == "0"
    assert response.headers["Docker-Upload-UUID"] in response.headers["Location"]
    uuid.UUID(response.headers["Docker-Upload-UUID"])


@pytest.mark.beyond
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_single_post_stores_a_blob(registry, repository, data, algorithm):
    digest = digest_of(data, algorithm)
    response = registry.post(uploads(repository), params={"digest": digest}, data=data)
    check_created(response, registry, repository, digest, data)


@pytest.mark.beyond
def test_a_single_post_with_the_wrong_digest_stores_nothing(registry, repository, data):
    wrong = digest_of(b"something else")
    response = registry.post(uploads(repository), params={"digest": wrong}, data=data)
    expect(response, 400, code="DIGEST_INVALID")
    assert not registry.has_blob(repository, wrong)
    assert not registry.has_blob(repository, digest_of(data))


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
def test_post_then_put_stores_a_blob(registry, repository, data, algorithm):
    digest = digest_of(data, algorithm)
    location = registry.start_upload(repository)
    check_created(registry.finish_upload(location, digest, data), registry, repository, digest, data)


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
def test_a_streamed_patch_of_unknown_length_stores_a_blob(registry, repository, data, algorithm):
    """As docker pushes: POST, one PATCH in chunked transfer encoding, PUT without a body."""
    digest = digest_of(data, algorithm)
    location = registry.start_upload(repository)
    pieces = (data[start : start + 7000] for start in range(0, len(data), 7000))
    patched = expect(registry.patch(location, data=pieces), 202)
    assert patched.headers["Range"] == f"0-{len(data) - 1}"
    finished = registry.finish_upload(patched.headers["Location"], digest)
    check_created(finished, registry, repository, digest, data)


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
@pytest.mark.parametrize("last_chunk_in_put", [False, True])
def test_chunks_in_order_store_a_blob(registry, repository, data, algorithm, last_chunk_in_put):
    digest = digest_of(data, algorithm)
    parameters = {} if algorithm == "sha256" else {"digest-algorithm": algorithm}
    location = registry.start_upload(repository, **parameters)
    size = 30_000
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    final = chunks.pop() if last_chunk_in_put else b""
    sent = 0
    for chunk in chunks:
        headers = {"Content-Range": f"{sent}-{sent + len(chunk) - 1}"}
        response = expect(registry.patch(location, data=chunk, headers=headers), 202)
        sent += len(chunk)
        assert response.headers["Range"] == f"0-{sent - 1}"
        location = response.headers["Location"]
    headers = {"Content-Range": f"{sent}-{sent + len(final) - 1}"} if final else {}
    finished = registry.finish_upload(location, digest, final, headers=headers)
    check_created(finished, registry, repository, digest, data)


def test_a_put_may_carry_the_rest_of_a_patched_upload(registry, repository, data):
    location = registry.start_upload(repository)
    location = expect(registry.patch(location, data=data[:60_000]), 202).headers["Location"]
    digest = digest_of(data)
    check_created(registry.finish_upload(location, digest, data[60_000:]), registry, repository, digest, data)


def test_the_status_of_an_upload_says_how_much_arrived(registry, repository, data):
    location = registry.start_upload(repository)
    location = expect(registry.patch(location, data=data), 202).headers["Location"]
    response = expect(registry.get(location), 204)
    assert response.headers["Range"] == f"0-{len(data) - 1}"
    assert response.headers["Docker-Upload-UUID"] in response.headers["Location"]
    assert response.content == b""


@pytest.mark.beyond
@pytest.mark.parametrize("content_range", ["0-49999", "49999-99998", "50001-100000"])
def test_a_chunk_out_of_order_gets_416_with_the_right_range(registry, repository, data, content_range):
    location = registry.start_upload(repository)
    headers = {"Content-Range": "0-49999"}
    location = expect(registry.patch(location, data=data[:50_000], headers=headers), 202).headers["Location"]
    refused = registry.patch(location, data=data[50_000:], headers={"Content-Range": content_range})
    expect(refused, 416)
    assert refused.headers["Range"] == "0-49999"
    location = refused.headers.get("Location", location)
    assert status(registry, location) == 50_000
    check_created(
        registry.finish_upload(location, digest_of(data), data[50_000:]), registry, repository, digest_of(data), data
    )


@pytest.mark.beyond
def test_a_final_chunk_out_of_order_gets_416(registry, repository, data):
    location = registry.start_upload(repository)
    location = expect(registry.patch(location, data=data[:50_000]), 202).headers["Location"]
    headers = {"Content-Range": "60000-99999"}
    refused = registry.finish_upload(location, digest_of(data), data[60_000:], headers=headers)
    expect(refused, 416)
    assert not registry.has_blob(repository, digest_of(data))


@pytest.mark.beyond
def test_the_first_chunk_must_begin_at_zero(registry, repository, data):
    location = registry.start_upload(repository)
    expect(registry.patch(location, data=data[10:], headers={"Content-Range": f"10-{len(data) - 1}"}), 416)


@pytest.mark.parametrize("content_range", ["10-5", "0-", "-5", "a-b", "0-99999999999999999999", "0-10"])
@pytest.mark.beyond
def test_a_content_range_that_makes_no_sense_is_refused(registry, repository, content_range):
    location = registry.start_upload(repository)
    refused = registry.patch(location, data=b"five!", headers={"Content-Range": content_range})
    expect(refused, 400, 416)
    assert expect(registry.get(location), 204).headers["Range"] == "0-0"


def test_a_cancelled_upload_is_gone(registry, repository, data):
    location = registry.start_upload(repository)
    location = expect(registry.patch(location, data=data), 202).headers["Location"]
    expect(registry.delete(location), 204)
    expect(registry.get(location), 404, code="BLOB_UPLOAD_UNKNOWN")
    expect(registry.patch(location, data=b"more"), 404, code="BLOB_UPLOAD_UNKNOWN")
    expect(registry.finish_upload(location, digest_of(data)), 404, code="BLOB_UPLOAD_UNKNOWN")


def test_a_finished_upload_is_gone(registry, repository, data):
    location = registry.start_upload(repository)
    expect(registry.finish_upload(location, digest_of(data), data), 201)
    expect(registry.get(location), 404, code="BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("how", ["post", "put", "patch"])
def test_the_empty_blob_is_a_blob(registry, repository, how):
    if how == "post":
        response = registry.post(uploads(repository), params={"digest": EMPTY}, data=b"")
        if response.status_code == 202:  # registry:2 knows no single POST
            response = registry.finish_upload(response.headers["Location"], EMPTY)
    elif how == "put":
        response = registry.finish_upload(registry.start_upload(repository), EMPTY)
    else:
        patched = expect(registry.patch(registry.start_upload(repository), data=b""), 202)
        response = registry.finish_upload(patched.headers["Location"], EMPTY)
    check_created(response, registry, repository, EMPTY, b"")
    head = expect(registry.head(f"/v2/{repository}/blobs/{EMPTY}"), 200)
    assert head.headers["Content-Length"] == "0"


def test_a_blob_pushed_twice_is_accepted_twice(registry, repository, data):
    assert registry.push_blob(repository, data) == registry.push_blob(repository, data)
    assert registry.blob(repository, digest_of(data)) == data


# Resuming


def cut_in_mid_patch(server, location: str, data: bytes, promised: int | None) -> None:
    """Sends `data` as the beginning of a PATCH (of `promised` bytes, or chunked), then drops the connection."""
    connection = server.connect()
    how = {"Transfer-Encoding": "chunked"} if promised is None else {"Content-Length": str(promised)}
    connection.request("PATCH", target(location), {"Content-Type": "application/octet-stream"} | how)
    connection.send(data if promised else f"{len(data):x}\r\n".encode() + data + b"\r\n")
    # What was sent must have left the socket's buffer; how much of it the server took is for it to say.
    threading.Event().wait(0.2)
    connection.cut()


@pytest.mark.beyond
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_resumes_after_a_dropped_connection(server, registry, repository, chunked):
    data = random_bytes(3_000_000)
    location = registry.start_upload(repository)
    cut_in_mid_patch(server, location, data[:2_000_000], None if chunked else len(data))

    have = 0
    for _ in range(50):
        have = status(registry, location)
        if have > 1:
            break
        threading.Event().wait(0.1)
    assert 1 < have <= 2_000_000, "what arrived before the cut is lost"

    headers = {"Content-Range": f"{have}-{len(data) - 1}"}
    patched = expect(registry.patch(location, data=data[have:], headers=headers), 202)
    digest = digest_of(data)
    check_created(registry.finish_upload(patched.headers["Location"], digest), registry, repository, digest, data)


def test_a_put_that_is_cut_off_leaves_no_blob(server, registry, repository, data):
    location = registry.start_upload(repository)
    with server.connect() as connection:
        where = target(with_query(location, digest=digest_of(data)))
        connection.request("PUT", where, {"Content-Length": str(len(data))}, data[:50_000])
        threading.Event().wait(0.1)
        connection.cut()
    assert not registry.has_blob(repository, digest_of(data))


# Mounts


def test_a_blob_is_mounted_from_another_repository(registry, repository, data):
    digest = registry.push_blob(repository, data)
    other = f"{repository}-other"
    response = registry.post(uploads(other), params={"mount": digest, "from": repository})
    check_created(response, registry, other, digest, data)


@pytest.mark.beyond
def test_a_blob_is_mounted_without_saying_from_where(registry, repository, data):
    digest = registry.push_blob(repository, data)
    other = f"{repository}-other"
    response = registry.post(uploads(other), params={"mount": digest})
    check_created(response, registry, other, digest, data)


@pytest.mark.beyond
def test_a_sha512_blob_is_mounted(registry, repository, data):
    digest = registry.push_blob(repository, data, "sha512")
    other = f"{repository}-other"
    response = registry.post(uploads(other), params={"mount": digest, "from": repository})
    check_created(response, registry, other, digest, data)


@pytest.mark.parametrize("source", ["the right one", "a repository that does not exist"])
def test_a_mount_of_what_is_not_there_becomes_an_upload(registry, repository, data, source):
    digest = digest_of(data)
    other = repository if source == "the right one" else "acceptance/nowhere"
    response = expect(registry.post(uploads(f"{repository}-to"), params={"mount": digest, "from": other}), 202)
    finished = registry.finish_upload(response.headers["Location"], digest, data)
    check_created(finished, registry, f"{repository}-to", digest, data)


def test_a_mount_from_a_repository_that_lacks_the_blob_does_not_reveal_it(registry, repository, data):
    """`from` is a claim to be checked: a blob that lives elsewhere must not come in by it."""
    digest = registry.push_blob(f"{repository}-private", data)
    registry.push_blob(repository, b"something else")
    response = registry.post(uploads(f"{repository}-to"), params={"mount": digest, "from": repository})
    expect(response, 201, 202)
    if response.status_code == 202:
        assert not registry.has_blob(f"{repository}-to", digest)


# Two at once


@pytest.mark.beyond
def test_of_concurrent_finishing_puts_exactly_one_gets_201(server, registry, repository):
    for _ in range(20):
        data = random_bytes(10_000)
        digest = digest_of(data)
        location = expect(registry.patch(registry.start_upload(repository), data=data), 202).headers["Location"]
        barrier = threading.Barrier(4)
        statuses: list[int] = []

        def finish():
            client = server.registry()
            barrier.wait()
            statuses.append(client.finish_upload(location, digest).status_code)

        threads = [threading.Thread(target=finish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses)[0] == 201 and statuses.count(201) == 1, statuses
        assert all(400 <= code < 500 for code in statuses if code != 201), statuses
        assert registry.blob(repository, digest) == data


@pytest.mark.beyond
def test_two_patches_at_once_never_mix_their_bytes(server, registry, repository):
    for _ in range(10):
        location = registry.start_upload(repository)
        bodies = [bytes([letter]) * 500_000 for letter in b"ab"]
        barrier = threading.Barrier(2)
        statuses: dict[int, int] = {}

        def patch(number: int):
            client = server.registry()
            body = bodies[number]
            pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
            barrier.wait()
            statuses[number] = client.patch(location, data=pieces).status_code

        threads = [threading.Thread(target=patch, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        accepted = [number for number, code in statuses.items() if code == 202]
        assert accepted, statuses
        assert all(code == 202 or 400 <= code < 500 for code in statuses.values()), statuses
        assert status(registry, location) == 500_000 * len(accepted)
        whole = {digest_of(b"".join(bodies[n] for n in order)) for order in (accepted, accepted[::-1])}
        finished = [registry.finish_upload(location, digest).status_code for digest in whole]
        # With both accepted there are two orders; after a wrong guess the upload may be gone.
        assert 201 in finished or len(whole) == 2, finished


# Expiry and strangers


@pytest.mark.beyond
def test_an_upload_belongs_to_its_repository(registry, repository, data):
    location = registry.start_upload(repository)
    stolen = location.replace(repository, f"{repository}-thief")
    expect(registry.get(stolen), 404, code="BLOB_UPLOAD_UNKNOWN")
    expect(registry.patch(stolen, data=data), 404, code="BLOB_UPLOAD_UNKNOWN")
    expect(registry.finish_upload(stolen, digest_of(data), data), 404, code="BLOB_UPLOAD_UNKNOWN")
    expect(registry.delete(stolen), 404, code="BLOB_UPLOAD_UNKNOWN")
    check_created(
        registry.finish_upload(location, digest_of(data), data), registry, repository, digest_of(data), data
    )


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize(
    "forged",
    [
        str(uuid.UUID(int=0)),
        "5bb0a1da-ad72-4c5d-aed2-75ddba33edb4",
        "not-an-id",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%00",
        "a" * 3000,
        "'%20OR%201=1--",
    ],
)
def test_a_forged_upload_id_is_unknown(server, registry, repository, forged):
    registry.start_upload(repository)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        with server.connect() as connection:
            where = f"/v2/{repository}/blobs/uploads/{forged}" + (f"?digest={EMPTY}" if method == "PUT" else "")
            connection.request(method, where, {"Content-Length": "0"})
            # An id with slashes is no longer a path of the API: 404 all the same, whatever the code.
            expect(connection.response(), 404, code=None if "%2f" in forged else "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.beyond
def test_an_expired_upload_is_unknown(new_server, repository, data):
    purging = {"enabled": True, "age": "1s", "interval": "1s", "dryrun": False}
    server = new_server({"storage": {"maintenance": {"uploadpurging": purging}}}).start()
    registry = server.registry()
    location = registry.start_upload(repository)
    location = expect(registry.patch(location, data=data), 202).headers["Location"]
    threading.Event().wait(4)
    expect(registry.patch(location, data=b"more"), 404, code="BLOB_UPLOAD_UNKNOWN")
    assert server.files("uploads") == []


@pytest.mark.beyond
@pytest.mark.slow
@pytest.mark.direct  # another node cannot break off the stalled request, and counts only what was acknowledged
@pytest.mark.parametrize("comeback", ["status", "chunk", "cancel"])
def test_a_client_that_lost_its_network_comes_back_to_its_upload(server, registry, repository, comeback):
    """Nothing told the server that the first connection is dead: the newcomer takes its place."""
    location = registry.start_upload(repository)
    with server.connect(timeout=60) as lost:
        lost.request("PATCH", target(location), {"Content-Length": "1000000"}, b"x" * 1000)
        time.sleep(1)
        if comeback == "cancel":
            expect(registry.delete(location), 204)
            expect(registry.get(location), 404, code="BLOB_UPLOAD_UNKNOWN")
            return
        if comeback == "status":
            assert expect(registry.get(location), 204).headers["Range"] == "0-999"
        else:
            refused = expect(registry.patch(location, b"y", headers={"Content-Range": "0-0"}), 416)
            assert refused.headers["Range"] == "0-999"
        expect(registry.patch(location, b"y" * 10, headers={"Content-Range": "1000-1009"}), 202)
        data = b"x" * 1000 + b"y" * 10
        expect(registry.finish_upload(location, digest_of(data)), 201)
        assert registry.blob(repository, digest_of(data)) == data
