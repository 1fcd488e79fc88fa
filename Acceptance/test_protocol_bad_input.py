"""What bad input gets: each row of the table, and what lies near it."""

import concurrent.futures
import json

import pytest

from harness import images
from harness.images import Manifest, digest_of, random_bytes
from harness.raw import error_codes, expect, target
from harness.server import until

pytestmark = pytest.mark.beyond

MIB = images.MIB


def test_a_digest_that_does_not_match_leaves_no_blob(registry, repository):
    data, wrong = random_bytes(1000), digest_of(b"other")
    for how in ("put", "patch"):
        location = registry.start_upload(repository)
        if how == "patch":
            location = expect(registry.patch(location, data=data), 202).headers["Location"]
        refused = registry.finish_upload(location, wrong, data if how == "put" else b"")
        expect(refused, 400, code="DIGEST_INVALID")
        for digest in (wrong, digest_of(data)):
            assert not registry.has_blob(repository, digest)
        expect(registry.get(location), 204, 404)


def test_a_digest_that_does_not_match_leaves_no_file(new_server, repository):
    server = new_server().start()
    registry = server.registry()
    for _ in range(5):
        location = registry.start_upload(repository)
        refused = registry.finish_upload(location, digest_of(b"other"), random_bytes(1000))
        expect(refused, 400, code="DIGEST_INVALID")
        registry.delete(location)
    assert until(lambda: not server.files("uploads"), seconds=5), server.files("uploads")
    assert server.files("blobs") == []


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha256:" + "A" * 64,
        "SHA256:" + "0" * 64,
        "sha512:" + "0" * 64,
        "md5:" + "0" * 32,
        "sha256:" + "0" * 60 + "/../",
        "sha256:" + "0" * 63 + "\0",
        "x" * 5000,
    ],
)
def test_a_digest_that_is_none_is_refused(registry, repository, digest):
    location = registry.start_upload(repository)
    expect(registry.finish_upload(location, digest, b"data"), 400, code="DIGEST_INVALID")
    posted = registry.post(f"/v2/{repository}/blobs/uploads/", params={"digest": digest}, data=b"data")
    if digest:
        expect(posted, 400, code="DIGEST_INVALID")


def test_an_unknown_digest_algorithm_is_refused_at_the_start(registry, repository):
    for algorithm in ("md5", "sha1", "", "SHA256", "../sha256"):
        response = registry.post(f"/v2/{repository}/blobs/uploads/", params={"digest-algorithm": algorithm})
        expect(response, 400)


@pytest.mark.direct
@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../etc",
        "app/..",
        "a/../b",
        "./app",
        "Upper",
        "app/Upper",
        "-app",
        "app-",
        "a..b",
        "a___b",
        "a//b",
        "app.",
        "%c3%bcmlaut",
        "%2e%2e",
        "a%00b",
        "a b",
        "x" * 256,
        "/".join(["abc"] * 70),
    ],
)
def test_a_name_that_is_none_is_refused(server, name):
    encoded = name.replace(" ", "%20")
    requests = [
        ("GET", f"/v2/{encoded}/manifests/latest"),
        ("POST", f"/v2/{encoded}/blobs/uploads/"),
        ("GET", f"/v2/{encoded}/tags/list"),
        ("PUT", f"/v2/{encoded}/manifests/latest"),
        ("GET", f"/v2/{encoded}/blobs/{digest_of(b'')}"),
        ("GET", f"/v2/{encoded}/referrers/{digest_of(b'')}"),
    ]
    for method, where in requests:
        with server.connect() as connection:
            connection.request(method, where, {"Content-Length": "0"})
            expect(connection.response(), 400, code="NAME_INVALID")


def test_a_name_of_255_characters_is_accepted(registry):
    name = "/".join(["a" * 63] * 3) + "/" + "b" * 63
    assert len(name) == 255
    digest = registry.push_image(name, images.image(), "1")
    expect(registry.get_manifest(name, digest), 200)


@pytest.mark.parametrize("name", ["a", "a.b", "a_b", "a__b", "a-b", "a--b", "a---b/c.d/e_f", "0/1"])
def test_odd_but_right_names_are_accepted(registry, name):
    name = f"acceptance/odd/{name}"
    registry.push_image(name, images.image(), "1")
    assert registry.tags(name) == ["1"]


@pytest.mark.parametrize("name", ["blobs", "manifests", "tags", "uploads", "a/blobs/b", "x/tags/list", "manifests/manifests"])
def test_a_name_may_hold_the_words_of_the_api(registry, name):
    name = f"acceptance/words/{name}"
    image = images.image()
    registry.push_image(name, image, "latest")
    assert registry.tags(name) == ["latest"]
    assert registry.get_manifest(name, "latest").content == image.manifest.body
    assert registry.blob(name, image.blobs[0].digest) == image.blobs[0].data


@pytest.mark.parametrize("tag", [".dot", "-dash", "with space", "a" * 129, "%c3%bc", "a/b", "a%00", "a:b", "sha256:abc"])
def test_a_tag_that_is_none_is_refused(server, registry, repository, tag):
    image = images.image()
    registry.push_image(repository, image)
    encoded = tag.replace(" ", "%20")
    with server.connect() as connection:
        headers = {"Content-Type": image.manifest.media_type}
        connection.request("PUT", f"/v2/{repository}/manifests/{encoded}", headers, image.manifest.body)
        answer = connection.response()
        assert 400 <= answer.status < 500
    assert registry.tags(repository) == []


@pytest.mark.parametrize("declared", [True, False], ids=["Content-Length", "chunked"])
def test_a_manifest_over_4_mib_is_refused_with_the_limit_in_the_text(server, registry, repository, declared):
    body = json.dumps({"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "padding": ""}).encode()
    body = body.replace(b'"padding": ""', b'"padding": "' + b"x" * (4 * MIB + 1 - len(body)) + b'"')
    assert len(body) == 4 * MIB + 1
    with server.connect() as connection:
        length = {"Content-Length": str(len(body))} if declared else {"Transfer-Encoding": "chunked"}
        connection.request("PUT", f"/v2/{repository}/manifests/1", {"Content-Type": images.OCI_MANIFEST} | length)
        pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
        connection.send_pieces(pieces, chunked=not declared)
        answer = expect(connection.response(), 413, code="MANIFEST_INVALID")
        assert "4194304" in answer.text or "4 MiB" in answer.text


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + closing * depth).encode()


VALID = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "layers": []}
DESCRIPTOR = {"mediaType": images.OCI_CONFIG, "digest": digest_of(b"{}"), "size": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\0",
        b"null",
        b"[]",
        b'"text"',
        b"42",
        b"{",
        b"{}",
        b"\xff\xfe\xfd",
        b"\xef\xbb\xbf{}",
        b'{"schemaVersion":2,"mediaType":"a\0b"}',
        b"\0" * 10_000,
        nested(10_000, "[", "]"),
        nested(10_000, '{"a":', "}")[:-10_000] + b"1" + b"}" * 10_000,
        nested(1_000_000, "[", "]"),
        b'{"config":' + nested(10_000, "[", "]") + b"}",
        b"[" * 3_000_000,
        json.dumps(VALID | {"config": None}).encode(),
        json.dumps(VALID | {"config": []}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "layers": {}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "layers": ["text"]}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"size": "2"}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"size": -1}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"size": 1e300}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"size": 2.5}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"digest": "sha256:short"}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR | {"digest": 5}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "annotations": {"a": 1}}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "subject": "sha256:1"}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "schemaVersion": "2"}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "schemaVersion": 3}).encode(),
        json.dumps(VALID | {"config": DESCRIPTOR, "manifests": []}).encode(),
    ],
    ids=lambda body: f"{body[:20].decode('latin-1')!r} of {len(body)}",
)
def test_a_manifest_that_is_none_is_refused(server, registry, repository, body):
    registry.push_blob(repository, b"{}")
    before = server.rss()
    refused = registry.put_manifest(repository, "bad", Manifest(body, images.OCI_MANIFEST))
    expect(refused, 400)
    assert set(error_codes(refused)) <= {"MANIFEST_INVALID", "DIGEST_INVALID"}
    assert server.rss() - before < 64 * MIB
    expect(registry.get_manifest(repository, "bad"), 404)


# Manifests that another parser would forgive, or read differently

CONFIG = json.dumps(DESCRIPTOR)
ELSEWHERE = json.dumps(DESCRIPTOR | {"digest": digest_of(b"not in this repository")})
STRICT = f'''{{
  "schemaVersion": 2,
  "mediaType": "{images.OCI_MANIFEST}",
  "artifactType": "text/plain",
  "config": {CONFIG},
  "layers": [],
  "annotations": {{"key": "value"}}
}}'''


def changed(old: str, new: str) -> bytes:
    assert STRICT.count(old) == 1, old
    return STRICT.replace(old, new).encode()


def with_field(field: str) -> bytes:
    return changed('"schemaVersion": 2,', f'"schemaVersion": 2, {field},')


def test_the_manifest_that_the_following_spoil_is_accepted(registry, repository):
    registry.push_blob(repository, b"{}")
    registry.push_manifest(repository, "good", Manifest(STRICT.encode(), images.OCI_MANIFEST))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(with_field(f'"config": {ELSEWHERE}'), id="config twice, the first unknown"),
        pytest.param(changed('"layers"', f'"config": {ELSEWHERE}, "layers"'), id="config twice, the second unknown"),
        pytest.param(with_field(f'"c\\u006fnfig": {ELSEWHERE}'), id="config twice, once escaped"),
        pytest.param(with_field('"schemaVersion": 2'), id="schemaVersion twice"),
        pytest.param(with_field(f'"mediaType": "{images.OCI_INDEX}"'), id="mediaType twice"),
        pytest.param(changed('"size": 2', '"size": 1, "size": 2'), id="size twice"),
        pytest.param(changed('"key": "value"', '"key": "1", "key": "value"'), id="an annotation twice"),
        pytest.param(with_field('"custom": {"a": 1, "a": 2}'), id="a key twice in an unknown field"),
        pytest.param(changed('"config"', '"Config"'), id="Config for config"),
        pytest.param(with_field(f'"Config": {ELSEWHERE}'), id="Config beside config"),
        pytest.param(with_field(f'"LAYERS": [{ELSEWHERE}]'), id="LAYERS beside layers"),
        pytest.param(with_field(f'"Subject": {CONFIG}'), id="Subject"),
        pytest.param(with_field('"artifacttype": "text/html"'), id="artifacttype beside artifactType"),
        pytest.param(changed('"size": 2', '"Size": 3, "size": 2'), id="Size beside size"),
        pytest.param(STRICT.encode("utf-16"), id="UTF-16 with BOM"),
        pytest.param(STRICT.encode("utf-16-le"), id="UTF-16 without BOM"),
        pytest.param(STRICT.encode("utf-32"), id="UTF-32"),
        pytest.param(STRICT.encode("utf-8-sig"), id="UTF-8 with BOM"),
        pytest.param(STRICT.encode().replace(b"value", b"\xe9"), id="Latin-1"),
        pytest.param(STRICT.encode().replace(b"value", b"\xed\xa0\x80"), id="half of a surrogate pair"),
        pytest.param(changed('"value"}', '"value"},'), id="trailing comma in the manifest"),
        pytest.param(changed('"value"', '"value",'), id="trailing comma in annotations"),
        pytest.param(changed("[]", f"[{CONFIG},]"), id="trailing comma in layers"),
        pytest.param(changed("[]", "[,]"), id="nothing but a comma"),
        pytest.param(changed('"size": 2', '"size": 2.0'), id="size 2.0"),
        pytest.param(changed('"size": 2', '"size": 2e0'), id="size 2e0"),
        pytest.param(changed('"size": 2', '"size": 20E-1'), id="size 20E-1"),
        pytest.param(changed('"size": 2', '"size": 02'), id="size 02"),
        pytest.param(changed('"size": 2', '"size": +2'), id="size +2"),
        pytest.param(changed('"size": 2', '"size": 0x2'), id="size 0x2"),
        pytest.param(changed('"size": 2', '"size": 18446744073709551618'), id="size of 2 + 2^64"),
        pytest.param(changed('"schemaVersion": 2', '"schemaVersion": 2.0'), id="schemaVersion 2.0"),
        pytest.param(STRICT.encode() + b"x", id="garbage after the object"),
        pytest.param(STRICT.encode() + b"\0", id="NUL after the object"),
        pytest.param(STRICT.encode() + b"{}", id="a second object"),
        pytest.param(STRICT.encode() * 2, id="twice the same"),
        pytest.param(b"x" + STRICT.encode(), id="garbage before the object"),
        pytest.param(b"[" + STRICT.encode() + b"]", id="in a list"),
        pytest.param(changed("value", "a\nb"), id="a line break in a string"),
        pytest.param(changed("value", "a\tb"), id="a tab in a string"),
        pytest.param(changed("value", "a\x01b"), id="a control character in a string"),
        pytest.param(changed('"key"', '"k\x1fy"'), id="a control character in a key"),
        pytest.param(changed("value", "\\x41"), id="an escape that is none"),
        pytest.param(changed("value", "\\u12"), id="half an escape"),
        pytest.param(with_field('/* why */ "custom": 1'), id="a comment"),
        pytest.param(changed('"key": "value"', "'key': 'value'"), id="single quotes"),
        pytest.param(changed('"value"', "NaN"), id="NaN"),
        pytest.param(changed("text/plain", "text/plain\\u0000"), id="NUL in artifactType"),
        pytest.param(changed("text/plain", "text/\\nplain"), id="a line break in artifactType"),
        pytest.param(changed("text/plain", "a/" + "b" * 254), id="artifactType of 256 characters"),
        pytest.param(changed(images.OCI_CONFIG, "a/" + "b" * 254), id="mediaType of 256 characters"),
        pytest.param(changed(images.OCI_CONFIG, "text/\\u0000plain"), id="NUL in the mediaType of the config"),
        pytest.param(changed(images.OCI_MANIFEST, images.OCI_MANIFEST + "\\u0000"), id="NUL in mediaType"),
        pytest.param(with_field('"many": [' + "0," * 100_000 + "0]"), id="more than 100 000 values"),
        pytest.param(with_field('"many": [' + "{}," * 100_000 + "{}]"), id="more than 100 000 objects"),
    ],
)
def test_a_manifest_that_two_parsers_could_read_differently_is_refused(registry, repository, body):
    registry.push_blob(repository, b"{}")
    bad = Manifest(body, images.OCI_MANIFEST)
    expect(registry.put_manifest(repository, "bad", bad), 400, code="MANIFEST_INVALID")
    for reference in ("bad", bad.digest):
        expect(registry.get_manifest(repository, reference), 404)


def test_media_types_of_255_characters_are_accepted(registry, repository):
    registry.push_blob(repository, b"{}")
    long = "a/" + "b" * 253
    for old in ("text/plain", images.OCI_CONFIG):
        registry.push_manifest(repository, "long", Manifest(changed(old, long), images.OCI_MANIFEST))


def test_escapes_are_accepted_and_kept_as_they_are(registry, repository):
    """As PHP and some Java libraries write them."""
    registry.push_blob(repository, b"{}")
    for escaped in (
        '"example.com\\/key": "a\\/b"',
        '"\\u0065xample.com/key": "\\u00e9 \\ud83d\\ude00 \\" \\\\ \\b\\f\\n\\r\\t"',
    ):
        manifest = Manifest(changed('"key": "value"', escaped), images.OCI_MANIFEST)
        registry.push_manifest(repository, "escaped", manifest)
        for reference in ("escaped", manifest.digest):
            assert registry.get_manifest(repository, reference).content == manifest.body


def test_the_annotations_of_a_referrer_mean_what_its_escapes_mean(registry, repository):
    subject = registry.push_image(repository, images.image())
    size = len(registry.get_manifest(repository, subject).content)
    registry.push_blob(repository, b"{}")
    described = json.dumps({"mediaType": images.OCI_MANIFEST, "digest": subject, "size": size})
    escaped = changed('"key": "value"', '"example.com\\/key": "a\\/b"')
    body = escaped.replace(b'"layers"', f'"subject": {described}, "layers"'.encode())
    registry.push_manifest(repository, "referrer", Manifest(body, images.OCI_MANIFEST))
    (listed,) = registry.referrers(repository, subject)
    assert listed["annotations"] == {"example.com/key": "a/b"}


def annotated(count: int, number: int) -> bytes:
    """A manifest of almost 4 MiB with that many annotations."""
    room = (4 * MIB - 1000) // count - len('"00000000":"",')
    pairs = (f'"{key:08x}":"{"x" * room}"' for key in range(number, number + count))
    body = changed('"key": "value"', ",".join(pairs))
    assert 3 * MIB < len(body) <= 4 * MIB
    return body


@pytest.mark.parametrize(
    "count",
    [
        95_000,
        270_000,
    ],
)
def test_large_manifests_of_tiny_annotations_do_not_cost_the_server_its_memory(new_server, repository, count):
    server = new_server().start()
    server.registry().push_blob(repository, b"{}")
    bodies = [annotated(count, number) for number in range(16)]

    def push(body: bytes) -> int:
        manifest = Manifest(body, images.OCI_MANIFEST)
        return expect(server.registry().put_manifest(repository, manifest.digest, manifest), 201, 400).status_code

    server.forget_peak()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(push, bodies))
    peak = server.peak_rss()
    print(f"answered {answers}, peak {peak / 1e6:.0f} MB")
    assert peak < 256_000_000


def test_deep_json_over_and_over_does_not_grow_the_server(server, registry, repository):
    deep = Manifest(nested(100_000, "[", "]"), images.OCI_MANIFEST)
    for _ in range(20):
        registry.put_manifest(repository, "deep", deep)
    before = server.rss()
    for _ in range(200):
        expect(registry.put_manifest(repository, "deep", deep), 400)
    assert server.rss() - before < 16 * MIB


@pytest.mark.parametrize("signed", [True, False])
def test_schema_1_is_refused(registry, repository, signed):
    value = {
        "schemaVersion": 1,
        "name": repository,
        "tag": "1",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": digest_of(b"{}")}],
        "history": [{"v1Compatibility": "{}"}],
    }
    media_type = images.DOCKER_SCHEMA_1 if signed else "application/vnd.docker.distribution.manifest.v1+json"
    refused = registry.put_manifest(repository, "1", Manifest.of(value, media_type))
    expect(refused, 400, 415)
    codes = [error["code"] for error in refused.json()["errors"]]
    assert set(codes) & {"MANIFEST_INVALID", "UNSUPPORTED"}, codes
    assert "schema" in refused.text.lower()


@pytest.mark.parametrize("content_type", [images.OCI_INDEX, images.DOCKER_MANIFEST, "text/plain", "application/json"])
def test_a_media_type_other_than_the_content_type_is_refused(registry, repository, content_type):
    image = images.image()
    registry.push_image(repository, image)
    refused = registry.put_manifest(repository, "1", image.manifest, headers={"Content-Type": content_type})
    expect(refused, 400, 415, code="MANIFEST_INVALID")


def test_a_manifest_pushed_under_another_digest_is_refused(registry, repository):
    image, other = images.image(), images.image()
    registry.push_image(repository, image)
    for reference in (other.digest, digest_of(image.manifest.body, "sha512")[:-1] + "0"):
        refused = registry.put_manifest(repository, reference, image.manifest)
        expect(refused, 400, code="DIGEST_INVALID")


@pytest.mark.parametrize(
    "query",
    [
        "mount=nonsense&from=app",
        "mount=sha256:short&from=app",
        f"mount={digest_of(b'x')}&from=../etc",
        f"mount={digest_of(b'x')}&from=Upper",
        f"mount={digest_of(b'x')}&from=",
        "mount=&from=",
    ],
)
def test_a_mount_that_makes_no_sense_is_refused_or_becomes_an_upload(registry, repository, query):
    response = expect(registry.post(f"/v2/{repository}/blobs/uploads/?{query}"), 202, 400)
    if response.status_code == 202:
        expect(registry.delete(response.headers["Location"]), 204)


def test_query_parameters_nobody_knows_are_ignored(registry, repository):
    registry.push_image(repository, images.image(), "1")
    assert registry.tags(repository, unknown="1", ns="docker.io") == ["1"]
    expect(registry.get(f"/v2/{repository}/manifests/1?ns=docker.io", headers={"Accept": "*/*"}), 200)


def test_a_query_with_broken_escapes_does_no_harm(server, repository):
    for query in ("n=%", "n=%zz", "last=%ff%fe", "n=1&n=2&last=&&&=", "last=" + "%00" * 10):
        with server.connect() as connection:
            connection.request("GET", f"/v2/{repository}/tags/list?{query}")
            assert connection.response().status in (200, 400, 404)


def test_an_upload_location_is_not_a_way_out_of_the_store(server, registry, repository):
    location = target(registry.start_upload(repository))
    for way in ("/../..", "/..%2f..", "%2f..", "/."):
        with server.connect() as connection:
            connection.request("PATCH", location.split("?")[0] + way, {}, b"data")
            assert connection.response().status in (301, 400, 404, 405)


@pytest.mark.direct
@pytest.mark.parametrize("where", ["manifests/a?tag=not%20good", "manifests/a%20b", "nowhere", "blobs/uploads/none"])
def test_a_refusal_does_not_overtake_a_short_body(server, repository, where):
    """Else a proxy that passes bodies on as they come closes a connection that it has just promised to keep."""
    body = images.image().manifest.body
    head = f"PUT /v2/{repository}/{where} HTTP/1.1\r\nHost: registry\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server.connect() as connection:
        connection.send(head + body[:-1])
        assert not connection.answered(0.3)
        connection.send(body[-1:])
        assert 400 <= connection.response("PUT").status < 500
        connection.request("GET", "/v2/")
        assert connection.response().status == 200


@pytest.mark.direct
@pytest.mark.parametrize("headers", [{"Content-Length": str(4 * MIB + 1)}, {"Content-Length": "100", "Expect": "100-continue"}])
def test_a_refusal_does_not_wait_for_a_body_that_is_long_or_held_back(server, repository, headers):
    with server.connect(timeout=3) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.send(f"PUT /v2/{repository}/manifests/a%20b HTTP/1.1\r\nHost: registry\r\n{lines}\r\n".encode())
        response = connection.response("PUT")
        assert response.status == 400 and "TAG_INVALID" in response.text
