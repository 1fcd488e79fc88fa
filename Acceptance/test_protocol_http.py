"""What holds for every request: the base, locations, Expect, errors, methods, HEAD."""

import json
import threading
import time
import urllib.parse

import pytest

from harness import htpasswd, images, programs
from harness.images import digest_of, random_bytes
from harness.raw import error_codes, expect, next_link, target, with_query

UNKNOWN = digest_of(b"unknown")


def test_the_base_says_that_this_is_a_registry(registry):
    for where in ("/v2/", "/v2"):
        response = registry.get(where, allow_redirects=True)
        assert expect(response, 200).headers["Docker-Distribution-Api-Version"] == "registry/2.0"
        assert response.headers["Content-Type"].startswith("application/json")
        assert response.json() == {}


@pytest.mark.beyond
def test_every_answer_names_the_version_and_the_request(registry, repository):
    for where in ("/v2/", "/v2/_catalog", f"/v2/{repository}/tags/list", f"/v2/{repository}/blobs/{UNKNOWN}"):
        response = registry.get(where)
        assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0", where
        assert response.headers["X-Request-Id"], where


@pytest.mark.beyond
def test_errors_are_in_the_envelope_with_the_offender_in_the_detail(registry, repository):
    registry.push_blob(repository, b"so that this repository exists")
    response = registry.get(f"/v2/{repository}/blobs/{UNKNOWN}")
    assert error_codes(response) == ["BLOB_UNKNOWN"]
    assert UNKNOWN in response.text
    assert response.headers["Content-Length"] == str(len(response.content))


@pytest.mark.beyond
@pytest.mark.parametrize("where", ["/v2/nothing/here/to/see", "/v2/app/what/ever", "/v2/app/blobs", "/v2/app/tags"])
def test_an_unknown_path_below_v2_is_404_in_the_envelope(registry, where):
    expect(registry.get(where), 404)
    error_codes(registry.get(where))


def test_an_unknown_path_elsewhere_is_404(registry):
    expect(registry.get("/nothing"), 404)


# Methods


@pytest.mark.parametrize(
    "where, refused, allowed",
    [
        pytest.param("/v2/", ("POST", "PUT", "DELETE", "PATCH"), {"GET"}, marks=pytest.mark.beyond),
        ("/v2/_catalog", ("POST", "PUT", "DELETE"), {"GET"}),
        ("/v2/app/tags/list", ("POST", "PUT", "DELETE"), {"GET"}),
        ("/v2/app/manifests/latest", ("POST", "PATCH"), {"GET", "HEAD", "PUT", "DELETE"}),
        (f"/v2/app/blobs/{UNKNOWN}", ("POST", "PUT", "PATCH"), {"GET", "HEAD", "DELETE"}),
        pytest.param("/v2/app/blobs/uploads/", ("PUT", "PATCH", "DELETE"), {"POST"}, marks=pytest.mark.beyond),
        pytest.param(f"/v2/app/referrers/{UNKNOWN}", ("POST", "DELETE"), {"GET"}, marks=pytest.mark.beyond),
    ],
)
def test_a_method_that_does_not_apply_gets_405_with_allow(registry, where, refused, allowed):
    for method in refused:
        response = expect(registry.request(method, where), 405)
        answered = {name.strip() for name in response.headers["Allow"].split(",")}
        assert allowed <= answered, (method, answered)
        assert method not in answered


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize("method", ["BREW", "TRACE", "get"])
def test_a_method_nobody_knows_gets_405_with_allow(server, method):
    with server.connect() as connection:
        connection.request(method, "/v2/")
        answer = expect(connection.response(), 405, code="UNSUPPORTED")
        assert "GET" in answer.headers["Allow"]


@pytest.mark.beyond
@pytest.mark.parametrize("where", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_health_can_only_be_read(registry, where, method):
    allow = expect(registry.request(method, where), 405).headers["Allow"]
    assert {"GET", "HEAD"} <= {name.strip() for name in allow.split(",")}
    assert method not in allow


OPTIONS = [
    ("/v2/", {"GET"}),
    ("/v2/_catalog", {"GET"}),
    ("/v2/app/tags/list", {"GET"}),
    ("/v2/app/manifests/latest", {"GET", "HEAD", "PUT", "DELETE"}),
    (f"/v2/app/blobs/{UNKNOWN}", {"GET", "HEAD", "DELETE"}),
    ("/v2/app/blobs/uploads/", {"POST"}),
    ("/v2/app/blobs/uploads/1a5a5a80-6df0-4cd6-9327-4e7c2bcb43a2", {"GET", "PATCH", "PUT", "DELETE"}),
    (f"/v2/app/referrers/{UNKNOWN}", {"GET"}),
]


@pytest.mark.beyond
@pytest.mark.parametrize("where, allowed", OPTIONS)
def test_options_says_which_methods_there_are(registry, where, allowed):
    response = expect(registry.request("OPTIONS", where), 200)
    assert allowed <= {name.strip() for name in response.headers["Allow"].split(",")}
    assert response.content == b""


@pytest.mark.beyond
def test_options_needs_no_login(locked_server):
    """A browser asks without credentials whether it may send them."""
    for where, allowed in OPTIONS:
        response = expect(locked_server.registry().request("OPTIONS", where), 200)
        assert allowed <= {name.strip() for name in response.headers["Allow"].split(",")}, where
    wrong = locked_server.registry(auth=("alice", "wrong"))
    expect(wrong.request("OPTIONS", "/v2/"), 200)
    expect(wrong.get("/v2/"), 401)


@pytest.mark.beyond
def test_options_has_the_extra_headers_of_the_config(new_server):
    """What lets a web page of another origin read the registry."""
    headers = {
        "Access-Control-Allow-Origin": ["https://ui.example.com"],
        "Access-Control-Allow-Methods": ["HEAD", "GET", "DELETE"],
    }
    registry = new_server({"http": {"headers": headers}}).start().registry()
    asked = {"Origin": "https://ui.example.com", "Access-Control-Request-Method": "DELETE"}
    for where, _ in OPTIONS:
        response = expect(registry.request("OPTIONS", where, headers=asked), 200)
        assert response.headers["Access-Control-Allow-Origin"] == "https://ui.example.com"
        methods = response.headers["Access-Control-Allow-Methods"].split(",")
        assert [method.strip() for method in methods] == ["HEAD", "GET", "DELETE"]


@pytest.mark.parametrize("kind", ["base", "blob", "no blob", "manifest", "no manifest", "bad name"])
def test_head_never_has_a_body(server, registry, repository, kind):
    image = images.image()
    registry.push_image(repository, image, "1")
    where = {
        "base": "/v2/",
        "blob": f"/v2/{repository}/blobs/{image.blobs[0].digest}",
        "no blob": f"/v2/{repository}/blobs/{UNKNOWN}",
        "manifest": f"/v2/{repository}/manifests/1",
        "no manifest": f"/v2/{repository}/manifests/2",
        "bad name": "/v2/UPPER/manifests/1",
    }[kind]
    with server.connect() as connection:
        connection.request("HEAD", where, {"Accept": images.OCI_MANIFEST})
        first = connection.response("HEAD")
        assert first.status in (200, 400, 404, 405)
        # Were there a body, it would be read as the head of this answer.
        connection.request("GET", "/v2/")
        expect(connection.response(), 200)


# Locations


def locations(registry, repository, headers):
    """Every Location a push hands out, and the Link of a list."""
    data = random_bytes(10)
    started = expect(registry.post(f"/v2/{repository}/blobs/uploads/", headers=headers), 202).headers["Location"]
    patched = expect(registry.patch(target(started), data=data, headers=dict(headers)), 202).headers["Location"]
    where = with_query(target(patched), digest=digest_of(data))
    finished = expect(registry.put(where, headers=headers), 201).headers["Location"]
    image = images.image()
    registry.push_image(repository, image)
    pushed = []
    for tag in ("1", "2"):
        kept = headers | {"Content-Type": image.manifest.media_type}
        response = registry.put_manifest(repository, tag, image.manifest, headers=kept)
        pushed.append(expect(response, 201).headers["Location"])
    return [started, patched, finished, *pushed]


def test_locations_are_absolute_and_name_the_host_that_was_asked(server, registry, repository):
    for location in locations(registry, repository, {}):
        assert location.startswith(f"http://{server.host}/v2/{repository}/"), location


@pytest.mark.direct
@pytest.mark.parametrize(
    "headers, base",
    [
        ({"Host": "registry.example.com"}, "http://registry.example.com/"),
        ({"X-Forwarded-Proto": "https"}, "https://{host}/"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"}, "https://example.com/"),
        ({"X-Forwarded-Host": "first.example.com, second.example.com"}, "http://first.example.com/"),
        ({"Forwarded": 'proto=https;host="example.com:8443"'}, "https://example.com:8443/"),
        ({"Forwarded": "for=192.0.2.1;proto=https;host=a.example, for=192.0.2.2"}, "https://a.example/"),
    ],
)
def test_locations_follow_what_a_proxy_says(server, registry, repository, headers, base):
    for location in locations(registry, repository, headers):
        assert location.startswith(base.format(host=server.host)), location


def test_locations_are_relative_where_the_configuration_says_so(new_server, repository):
    server = new_server({"http": {"relativeurls": True}}).start()
    registry = server.registry()
    for location in locations(registry, repository, {"X-Forwarded-Proto": "https"}):
        assert location.startswith(f"/v2/{repository}/"), location
    assert [tag for page in registry.pages(f"/v2/{repository}/tags/list", n=1) for tag in page.json()["tags"]]


def test_locations_begin_with_the_configured_host(new_server, repository):
    server = new_server({"http": {"host": "https://registry.example.com:8443"}}).start()
    for location in locations(server.registry(), repository, {}):
        assert location.startswith(f"https://registry.example.com:8443/v2/{repository}/"), location


@pytest.mark.beyond
def test_a_link_leads_to_the_next_page_behind_a_proxy(registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1", "2")
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"}
    link = next_link(expect(registry.get(f"/v2/{repository}/tags/list?n=1", headers=headers), 200))
    parts = urllib.parse.urlsplit(link)
    assert parts.netloc in ("", "example.com")
    assert registry.get(target(link)).json()["tags"] == ["2"]


# Expect: 100-continue


def ask_to_continue(connection, method, where, headers=None):
    """Sends only the head, and says what came back and after how many seconds."""
    headers = {"Expect": "100-continue", "Content-Length": "1000000"} | (headers or {})
    started = time.monotonic()
    connection.request(method, where, headers)
    answer = connection.response()
    return answer, time.monotonic() - started


@pytest.mark.parametrize("how", ["patch", "put", pytest.param("post", marks=pytest.mark.beyond)])
def test_an_upload_that_will_be_accepted_is_asked_for_at_once(server, registry, repository, how):
    data = random_bytes(1_000_000)
    digest = digest_of(data)
    if how == "post":
        method, where, wanted = "POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", 201
    else:
        location = target(registry.start_upload(repository))
        method, where, wanted = ("PATCH", location, 202)
        if how == "put":
            method, where, wanted = "PUT", with_query(location, digest=digest), 201
    with server.connect() as connection:
        answer, seconds = ask_to_continue(connection, method, where)
        assert answer.status == 100
        assert seconds < 0.2
        connection.send(data)
        expect(connection.response(), wanted)


@pytest.mark.beyond
def test_a_manifest_that_will_be_read_is_asked_for_at_once(server, registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    headers = {"Content-Type": image.manifest.media_type, "Content-Length": str(len(image.manifest.body))}
    with server.connect() as connection:
        answer, seconds = ask_to_continue(connection, "PUT", f"/v2/{repository}/manifests/1", headers)
        assert (answer.status, seconds < 0.2) == (100, True)
        connection.send(image.manifest.body)
        expect(connection.response(), 201)


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize(
    "method, where, status, code",
    [
        ("PUT", "{upload}?digest=sha256:short", 400, "DIGEST_INVALID"),
        ("PUT", "{upload}?digest=md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
        ("PUT", "{upload}", 400, "DIGEST_INVALID"),
        ("PATCH", "/v2/app/blobs/uploads/1a5a5a80-6df0-4cd6-9327-4e7c2bcb43a2", 404, "BLOB_UPLOAD_UNKNOWN"),
        ("POST", "/v2/app/blobs/uploads/?digest=nonsense", 400, "DIGEST_INVALID"),
        ("POST", f"/v2/UPPER/blobs/uploads/?digest={UNKNOWN}", 400, "NAME_INVALID"),
        ("PUT", "/v2/app/manifests/.bad", 400, None),
    ],
)
def test_an_upload_that_will_be_refused_is_refused_before_its_body(server, registry, method, where, status, code):
    upload = target(registry.start_upload("app"))
    with server.connect() as connection:
        answer, seconds = ask_to_continue(connection, method, where.format(upload=upload))
        expect(answer, status, code=code)
        assert seconds < 0.2


@pytest.mark.direct
@pytest.mark.beyond
def test_a_manifest_that_is_too_large_is_refused_before_its_body(server, repository):
    headers = {"Content-Length": str(5 * images.MIB), "Content-Type": images.OCI_MANIFEST}
    with server.connect() as connection:
        answer, _ = ask_to_continue(connection, "PUT", f"/v2/{repository}/manifests/1", headers)
        expect(answer, 413, code="MANIFEST_INVALID")


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize(
    "content_type",
    [
        images.DOCKER_SCHEMA_1,
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.example.unknown+json",
        "text/plain; charset=utf-8",
    ],
)
def test_a_manifest_of_a_type_that_is_refused_is_refused_before_its_body(server, repository, content_type):
    with server.connect() as connection:
        where = f"/v2/{repository}/manifests/1"
        answer, _ = ask_to_continue(connection, "PUT", where, {"Content-Type": content_type})
        expect(answer, 400, 415)
        assert set(error_codes(answer)) <= {"MANIFEST_INVALID", "UNSUPPORTED"}


@pytest.mark.direct
def test_an_upload_by_a_stranger_is_refused_before_its_body(locked_server):
    with locked_server.connect() as connection:
        answer, seconds = ask_to_continue(connection, "POST", f"/v2/app/blobs/uploads/?digest={UNKNOWN}")
        expect(answer, 401, code="UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="acceptance"'
        assert seconds < 0.2


@pytest.mark.beyond
@pytest.mark.parametrize("size", [10, 5_000_000])
@pytest.mark.parametrize("how, status", [("unknown upload", 404), ("wrong login", 401), ("no login", 401)])
def test_a_refusal_reaches_a_client_that_expects_to_continue_over_http_2(
    new_server, authority, tmp_path, how, status, size
):
    curl = programs.need("curl")
    issued = authority.issue("expects")
    passwords = htpasswd.write(tmp_path / "htpasswd", alice="open sesame")
    server = new_server(
        {
            "http": {"tls": {"certificate": str(issued.certificate), "key": str(issued.key)}},
            "auth": {"htpasswd": {"realm": "acceptance", "path": str(passwords)}},
        }
    ).start()
    file = tmp_path / "file"
    file.write_bytes(random_bytes(size))
    login = {"unknown upload": "alice:open sesame", "wrong login": "alice:wrong", "no login": None}[how]
    upload = f"{server.url}/v2/app/blobs/uploads/1a5a5a80-6df0-4cd6-9327-4e7c2bcb43a2"
    done = programs.run(
        *(curl, "--silent", "--show-error", "--http2", "--cacert", authority.certificate),
        *(("--user", login) if login else ()),
        *("--header", "Expect: 100-continue", "--expect100-timeout", "20", "--request", "PATCH", "--upload-file", file),
        *("--output", tmp_path / "answer", "--write-out", "%{http_version} %{http_code}", upload),
        timeout=15,
    )
    assert done.out == f"2 {status}"
    code = {404: "BLOB_UPLOAD_UNKNOWN", 401: "UNAUTHORIZED"}[status]
    assert json.loads((tmp_path / "answer").read_bytes())["errors"][0]["code"] == code


def test_curl_pushes_a_large_file_without_waiting_a_second(server, registry, repository, tmp_path):
    curl = programs.need("curl")
    file = tmp_path / "file"
    file.write_bytes(random_bytes(2_000_000))
    location = registry.absolute(with_query(registry.start_upload(repository), digest=digest_of(file.read_bytes())))
    started = time.monotonic()
    command = (curl, "--silent", "--fail", "--expect100-timeout", "5", "--header", "Expect: 100-continue")
    programs.run(*command, "--upload-file", file, location)
    assert time.monotonic() - started < 1


# Connections


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize("body", [b"", b"x" * 1000])
def test_an_offer_of_another_protocol_is_declined_and_leaves_no_dead_connection(server, registry, repository, body):
    """Java's client and curl offer h2c with the first request of every connection."""
    location = registry.start_upload(repository)
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    with server.connect() as connection:
        connection.request("PATCH", target(location), offer | {"Content-Length": str(len(body))}, body)
        assert expect(connection.response(), 202).headers["Connection"] == "close"
        assert connection.closed_within(2)
    finished = registry.finish_upload(location, digest_of(body))
    expect(finished, 201)


def test_curl_that_offers_h2c_asks_twice(server):
    urls = (f"http://{server.host}/v2/", f"http://{server.host}/v2/_catalog?n=1")
    done = programs.run(programs.need("curl"), "--http2", "--max-time", "5", "--write-out", "%{http_code} ", *urls)
    assert done.out.count("200 ") == 2, done.out


def test_a_connection_may_be_closed_by_the_client(server):
    with server.connect() as connection:
        connection.request("GET", "/v2/", {"Connection": "close"})
        expect(connection.response(), 200)
        assert connection.closed_within(2)


def test_close_may_be_written_in_any_case(server):
    for close in ("Close", "CLOSE", "keep-alive, Close"):
        with server.connect() as connection:
            connection.request("GET", "/v2/", {"Connection": close})
            expect(connection.response(), 200)
            assert connection.closed_within(2), close


def test_http_1_0_is_answered_and_closed(server):
    with server.connect() as connection:
        connection.send(f"GET /v2/ HTTP/1.0\r\nHost: {server.host}\r\n\r\n".encode())
        expect(connection.response(), 200)
        assert connection.closed_within(2)


@pytest.mark.direct
@pytest.mark.beyond
def test_after_a_refused_body_the_connection_is_usable_or_closed(server, registry, repository):
    """A refusal that leaves unread bytes behind must not read them as the next request."""
    with server.connect() as connection:
        smuggled = f"GET /v2/{repository}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        connection.request("PATCH", "/v2/app/blobs/uploads/not-an-id", {}, smuggled)
        expect(connection.response(), 404)
        try:
            connection.request("GET", "/v2/")
            expect(connection.response(), 200)
        except (EOFError, OSError):
            pass  # closed: as good


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize(
    "fields",
    [
        "",
        "Host: one\r\nHost: two\r\n",
        "Host: same\r\nHost: same\r\n",
        "Host: x\r\nTransfer-Encoding: identity\r\n",
        "Host: x\r\nTransfer-Encoding: gzip\r\n",
        "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Host: x\r\nTransfer-Encoding: chunked, identity\r\n",
        "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ],
    ids=["no host", "two hosts", "the same host twice", "identity", "gzip", "gzip and chunked", "identity last", "both lengths"],
)
def test_a_head_that_can_be_read_in_two_ways_gets_400_in_the_envelope(server, repository, fields):
    with server.connect(timeout=5) as connection:
        connection.send(f"POST /v2/{repository}/blobs/uploads/ HTTP/1.1\r\n{fields}\r\n".encode())
        answer = expect(connection.response(), 400)
        assert error_codes(answer)
        assert connection.closed_within(5), "what follows may be read as another request"


@pytest.mark.direct
@pytest.mark.beyond
@pytest.mark.parametrize(
    "head",
    [
        "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "PUT /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "GET /v2/ HTTP/9.9\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "GET " + "/" * 100_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Large: " + "x" * 200_000 + "\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: x\r\n" + "X-Many: x\r\n" * 20_000 + "\r\n",
    ],
    ids=["negative", "two lengths", "bad chunk", "version", "nulls", "long target", "long header", "many headers"],
)
def test_nonsense_on_the_wire_is_refused_and_the_server_goes_on(server, registry, head):
    with server.connect(timeout=5) as connection:
        try:
            connection.send(head.encode())
            answer = connection.response()
            assert 400 <= answer.status < 600, answer.status
        except (EOFError, ConnectionError):
            pass  # hung up on: as good
    expect(registry.get("/v2/"), 200)


def test_requests_of_many_clients_at_once_are_all_answered(server, registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1")
    wrong: list[object] = []

    def pull():
        client = server.registry()
        for _ in range(20):
            if client.get_manifest(repository, "1").content != image.manifest.body:
                wrong.append(1)
            for blob in image.blobs:
                if client.blob(repository, blob.digest) != blob.data:
                    wrong.append(2)

    threads = [threading.Thread(target=pull) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.beyond
def test_health_is_told_without_a_login(locked_server):
    registry = locked_server.registry()
    for where in ("/healthz", "/readyz"):
        response = expect(registry.get(where), 200)
        if response.headers.get("Content-Type", "").startswith("application/json"):
            json.loads(response.text)
