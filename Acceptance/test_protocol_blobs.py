"""Blobs by hand: reading whole and in part, conditions, deletion."""

import pytest

from harness.images import digest_of, random_bytes
from harness.raw import expect

SIZE = 1_000_000


@pytest.fixture(scope="module")
def data() -> bytes:
    return random_bytes(SIZE)


@pytest.fixture
def where(registry, repository, data) -> str:
    return f"/v2/{repository}/blobs/{registry.push_blob(repository, data)}"


def test_a_blob_is_served_with_its_headers(registry, where, data):
    response = expect(registry.get(where), 200)
    assert response.content == data
    assert response.headers["Content-Length"] == str(SIZE)
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Docker-Content-Digest"] == digest_of(data)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["ETag"] == f'"{digest_of(data)}"'
    assert "max-age=31536000" in response.headers["Cache-Control"]


def test_head_says_the_same_without_a_body(registry, where, data):
    head = expect(registry.head(where), 200)
    get = registry.get(where)
    assert head.content == b""
    for name in ("Content-Length", "Content-Type", "Docker-Content-Digest", "ETag"):
        assert head.headers[name] == get.headers[name], name


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
def test_an_unknown_blob_is_unknown(registry, where, repository, algorithm):
    unknown = f"/v2/{repository}/blobs/{digest_of(b'never pushed', algorithm)}"
    expect(registry.get(unknown), 404, code="BLOB_UNKNOWN")
    expect(registry.head(unknown), 404)


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
def test_a_blob_of_another_repository_is_unknown_here(registry, repository, algorithm):
    digest = registry.push_blob(f"{repository}-other", b"elsewhere", algorithm)
    registry.push_blob(repository, b"so that this repository exists")
    expect(registry.get(f"/v2/{repository}/blobs/{digest}"), 404, code="BLOB_UNKNOWN")


@pytest.mark.parametrize(
    "asked, first, last",
    [
        ("0-0", 0, 0),
        ("0-99", 0, 99),
        ("500000-600000", 500_000, 600_000),
        ("999999-999999", SIZE - 1, SIZE - 1),
        ("999000-2000000", 999_000, SIZE - 1),
        ("0-", 0, SIZE - 1),
        ("999990-", 999_990, SIZE - 1),
        ("-10", SIZE - 10, SIZE - 1),
        ("-5000000", 0, SIZE - 1),
    ],
)
def test_a_range_is_served(registry, where, data, asked, first, last):
    response = expect(registry.get(where, headers={"Range": f"bytes={asked}"}), 206)
    assert response.content == data[first : last + 1]
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.beyond
@pytest.mark.parametrize("asked", ["1000000-", "1000000-1000001", "99999999999-", "-0", "500-0"])
def test_a_range_outside_the_blob_gets_416_with_its_size(registry, where, asked):
    response = expect(registry.get(where, headers={"Range": f"bytes={asked}"}), 416)
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.beyond
@pytest.mark.parametrize("asked", ["bytes=10-5", "bytes=x-y", "bytes=", "lines=1-2", "bytes=99999999999999999999-", "-"])
def test_a_range_that_makes_no_sense_is_ignored_or_refused(registry, where, data, asked):
    """RFC 9110, 14.2: a range the server cannot read may be ignored; it never breaks the answer."""
    response = expect(registry.get(where, headers={"Range": asked}), 200, 400, 416)
    if response.status_code == 200:
        assert response.content == data


def test_several_ranges_come_as_parts_or_as_the_whole(registry, where, data):
    response = expect(registry.get(where, headers={"Range": "bytes=0-9,500-509"}), 200, 206)
    if response.status_code == 200:
        assert response.content == data
    else:
        assert response.headers["Content-Type"].startswith("multipart/byteranges")
        assert data[0:10] in response.content and data[500:510] in response.content


@pytest.mark.beyond
def test_a_thousand_ranges_do_not_become_a_thousand_answers(registry, where):
    ranges = ",".join(["0-"] * 1000)
    response = registry.get(where, headers={"Range": f"bytes={ranges}"})
    expect(response, 200, 206, 400, 416)
    assert len(response.content) <= 2 * SIZE


def test_a_range_with_a_validator_that_no_longer_holds_gets_the_whole(registry, where, data):
    stale = {"Range": "bytes=0-9", "If-Range": '"sha256:0"'}
    assert expect(registry.get(where, headers=stale), 200).content == data
    right = {"Range": "bytes=0-9", "If-Range": f'"{digest_of(data)}"'}
    assert expect(registry.get(where, headers=right), 206).content == data[:10]


@pytest.mark.parametrize("condition", ['"{digest}"', 'W/"{digest}"', '"other", "{digest}"', "*"])
def test_a_blob_the_client_has_is_not_sent_again(registry, where, data, condition):
    headers = {"If-None-Match": condition.format(digest=digest_of(data))}
    response = expect(registry.get(where, headers=headers), 304)
    assert response.content == b""
    assert response.headers["ETag"] == f'"{digest_of(data)}"'


def test_a_blob_the_client_does_not_have_is_sent(registry, where, data):
    response = expect(registry.get(where, headers={"If-None-Match": '"sha256:other"'}), 200)
    assert response.content == data


@pytest.mark.parametrize("algorithm", ["sha256", pytest.param("sha512", marks=pytest.mark.beyond)])
def test_a_deleted_blob_is_unknown(registry, repository, algorithm):
    digest = registry.push_blob(repository, random_bytes(100), algorithm)
    expect(registry.delete(f"/v2/{repository}/blobs/{digest}"), 202)
    assert not registry.has_blob(repository, digest)
    expect(registry.delete(f"/v2/{repository}/blobs/{digest}"), 404, code="BLOB_UNKNOWN")


def test_a_blob_deleted_here_stays_in_other_repositories(registry, repository):
    data = random_bytes(100)
    digest = registry.push_blob(repository, data)
    registry.push_blob(f"{repository}-other", data)
    expect(registry.delete(f"/v2/{repository}/blobs/{digest}"), 202)
    assert registry.blob(f"{repository}-other", digest) == data


def test_a_deleted_blob_can_be_pushed_again(registry, repository):
    data = random_bytes(100)
    for _ in range(3):
        digest = registry.push_blob(repository, data)
        assert registry.blob(repository, digest) == data
        expect(registry.delete(f"/v2/{repository}/blobs/{digest}"), 202)


def test_nothing_is_deleted_where_deletion_is_off(new_server, repository):
    server = new_server({"storage": {"delete": {"enabled": False}}}).start()
    registry = server.registry()
    digest = registry.push_blob(repository, b"kept")
    refused = registry.delete(f"/v2/{repository}/blobs/{digest}")
    expect(refused, 405, code="UNSUPPORTED")
    assert registry.blob(repository, digest) == b"kept"


def test_many_blobs_are_read_over_one_connection(server, registry, repository):
    blobs = [random_bytes(1000 + number) for number in range(50)]
    digests = [registry.push_blob(repository, blob) for blob in blobs]
    with server.connect() as connection:
        for digest, blob in zip(digests, blobs, strict=True):
            connection.request("GET", f"/v2/{repository}/blobs/{digest}")
            assert connection.response().body == blob


@pytest.mark.beyond
def test_pipelined_requests_are_answered_in_order(server, registry, repository):
    blobs = [random_bytes(1000 + number) for number in range(20)]
    digests = [registry.push_blob(repository, blob) for blob in blobs]
    with server.connect() as connection:
        for digest in digests:
            connection.request("GET", f"/v2/{repository}/blobs/{digest}")
        for blob in blobs:
            assert connection.response().body == blob


def test_a_download_that_is_broken_off_harms_nobody(server, registry, repository):
    data = random_bytes(20_000_000)
    digest = registry.push_blob(repository, data)
    for _ in range(10):
        connection = server.connect()
        connection.request("GET", f"/v2/{repository}/blobs/{digest}")
        connection.answered(5)
        connection.cut()
    assert registry.blob(repository, digest) == data
