"""How it serves: TLS, HTTP/2, logins, sockets, logs and health."""

import base64
import json
import os
import socket
import ssl
import time

import pytest

from harness import htpasswd, images, processes, programs
from harness.http2 import HTTP2Connection
from harness.images import digest_of, random_bytes
from harness.raw import expect, target, with_query
from harness.server import free_port, merged, until


# Limits in which a test can see a client cut off.
HARSH = {"headertimeout": "1s", "idletimeout": "2s", "bodytimeout": "2s"}


# TLS


def tls(issued, **more) -> dict:
    return {"http": {"tls": {"certificate": str(issued.certificate), "key": str(issued.key)} | more}}


@pytest.fixture
def tls_server(new_server, authority):
    return new_server(tls(authority.issue("server"))).start()


def curl(*arguments, **options):
    return programs.run(programs.need("curl"), "--silent", "--show-error", *arguments, **options)


def test_https_serves_a_client_that_verifies(tls_server, authority, repository):
    registry = tls_server.registry(verify=str(authority.certificate))
    image = images.image()
    registry.push_image(repository, image, "1")
    assert registry.get_manifest(repository, "1").content == image.manifest.body
    location = registry.post(f"/v2/{repository}/blobs/uploads/").headers["Location"]
    assert location.startswith(f"https://{tls_server.host}/")


def test_http_2_is_spoken_over_tls(tls_server, authority, repository, tmp_path):
    """A push and a pull, every request of them over HTTP/2."""
    common = ("--cacert", authority.certificate, "--http2", "--write-out", "%{http_version} %{http_code}")
    file = tmp_path / "file"
    file.write_bytes(random_bytes(5_000_000))
    digest = digest_of(file.read_bytes())
    base = f"{tls_server.url}/v2/{repository}/blobs"
    started = curl(*common, "--request", "POST", "--dump-header", tmp_path / "headers", f"{base}/uploads/")
    assert started.out == "2 202"
    headers = dict(
        line.split(": ", 1) for line in (tmp_path / "headers").read_text().splitlines()[1:] if ": " in line
    )
    location = {name.lower(): value for name, value in headers.items()}["location"]
    put = curl(*common, "--upload-file", file, f"{tls_server.url}{with_query(target(location), digest=digest)}")
    assert put.out == "2 201"
    back = curl(*common, "--output", tmp_path / "back", f"{base}/{digest}")
    assert back.out == "2 200"
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    part = curl(*common, "--range", "5-9", "--output", tmp_path / "part", f"{base}/{digest}")
    assert part.out == "2 206"
    assert (tmp_path / "part").read_bytes() == file.read_bytes()[5:10]
    head = curl(*common, "--head", "--output", os.devnull, f"{base}/{digest}")
    assert head.out == "2 200"


def test_http_2_carries_many_pulls_at_once(tls_server, authority, repository, tmp_path):
    registry = tls_server.registry(verify=str(authority.certificate))
    digests = [registry.push_blob(repository, random_bytes(1_000_000)) for _ in range(20)]
    outputs = []
    for number, digest in enumerate(digests):
        outputs += ["--output", tmp_path / str(number), f"{tls_server.url}/v2/{repository}/blobs/{digest}"]
    curl("--cacert", authority.certificate, "--http2", "--fail", "--parallel", *outputs)
    for number, digest in enumerate(digests):
        assert digest_of((tmp_path / str(number)).read_bytes()) == digest


def at_rest(server) -> int:
    """What it has open for clients once the last of them has gone: where it listens, and nothing else."""
    assert until(lambda: server.open_for_clients() == 1, seconds=10), server.open_for_clients()
    return 1


def curl_started(*arguments, log):
    """curl in the background, to be killed midway."""
    return processes.start(programs.need("curl"), "--silent", "--http2", *arguments, log=log)


@pytest.fixture
def interrupted(tls_server, authority, repository, tmp_path):
    """Begins twenty uploads over HTTP/2, kills their clients midway, and says where the uploads are."""

    def interrupt(registry, method: str, data: bytes) -> list[str]:
        file = tmp_path / "file"
        file.write_bytes(data)
        locations = [registry.start_upload(repository) for _ in range(20)]
        options = ("--cacert", authority.certificate, "--request", method, "--limit-rate", "500k", "--upload-file", file)
        senders = []
        for location in locations:
            where = with_query(location, digest=digest_of(data)) if method == "PUT" else location
            senders.append(curl_started(*options, registry.absolute(where), log=tmp_path / "log"))

        def have_begun() -> bool:
            sizes = [one.stat().st_size for one in tls_server.files("uploads")]
            return len(sizes) == len(senders) and min(sizes) > 200_000

        assert until(have_begun, seconds=30)
        for sender in senders:
            assert sender.poll() is None, "curl was not midway"
            processes.kill(sender)
        return locations

    return interrupt


@pytest.mark.beyond
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_http_2_uploads_that_were_interrupted_go_on_where_they_broke_off(
    tls_server, authority, repository, interrupted, method
):
    registry = tls_server.registry(verify=str(authority.certificate))
    data = random_bytes(8_000_000)
    locations = interrupted(registry, method, data)
    arrived = []
    for location in locations:
        status = expect(registry.get(location), 204)
        arrived.append(int(status.headers["Range"].split("-")[1]) + 1)
    assert min(arrived) > 200_000, arrived
    for location, have in list(zip(locations, arrived, strict=True))[:3]:
        headers = {"Content-Range": f"{have}-{len(data) - 1}"}
        expect(registry.patch(location, data=data[have:], headers=headers), 202)
        expect(registry.finish_upload(location, digest_of(data)), 201)
        assert registry.blob(repository, digest_of(data)) == data


@pytest.mark.beyond
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_http_2_uploads_that_were_interrupted_leave_no_open_files(
    tls_server, authority, repository, interrupted, method
):
    registry = tls_server.registry(verify=str(authority.certificate))
    interrupted(registry, method, random_bytes(8_000_000))
    registry.session.close()

    def open_now() -> int:
        """An upload that may be gone on with may keep its file open for some minutes."""
        return tls_server.open_for_clients() - len(tls_server.files("uploads"))

    assert until(lambda: open_now() <= 1, seconds=10), open_now()


@pytest.mark.beyond
def test_http_2_pulls_that_were_interrupted_leave_no_open_files(tls_server, authority, repository, tmp_path):
    registry = tls_server.registry(verify=str(authority.certificate))
    digest = registry.push_blob(repository, random_bytes(30_000_000))
    registry.session.close()
    before = at_rest(tls_server)
    where = f"{tls_server.url}/v2/{repository}/blobs/{digest}"
    slowly = ("--cacert", authority.certificate, "--limit-rate", "500k")
    pulls = [
        curl_started(*slowly, "--output", tmp_path / str(number), where, log=tmp_path / "log") for number in range(5)
    ]
    assert until(lambda: tls_server.open_for_clients() >= before + 10, seconds=10), "a connection and a file for each"
    time.sleep(1)
    for pull in pulls:
        assert pull.poll() is None, "curl was not midway"
        processes.kill(pull)
    assert until(lambda: tls_server.open_for_clients() <= before, seconds=10), tls_server.open_for_clients()


@pytest.mark.beyond
def test_http_2_streams_that_are_reset_leave_no_open_files(tls_server, authority, repository):
    """The connection goes on: what one stream opened must not last as long as all of them."""
    registry = tls_server.registry(verify=str(authority.certificate))
    digest = registry.push_blob(repository, random_bytes(5_000_000))
    registry.session.close()
    before = at_rest(tls_server)
    with HTTP2Connection(tls_server.port) as connection:
        for _ in range(100):  # too few to be taken for an attack
            connection.reset(connection.get(f"/v2/{repository}/blobs/{digest}"))
        assert connection.body(connection.get("/v2/")).strip() == b"{}"
        assert until(lambda: tls_server.open_for_clients() <= before + 1, seconds=10), tls_server.open_for_clients()


@pytest.mark.slow
@pytest.mark.beyond
@pytest.mark.parametrize("requests", [0, 1], ids=["that never asks", "after an answer"])
def test_an_idle_http_2_connection_is_closed(new_server, authority, requests):
    server = new_server(merged(tls(authority.issue("idle")), {"http": {"limits": HARSH}})).start()
    with HTTP2Connection(server.port) as connection:
        for _ in range(requests):
            assert connection.body(connection.get("/v2/")).strip() == b"{}"
        assert connection.closed_within(25)


def handshake(port: int, version: ssl.TLSVersion) -> str | None:
    """The version agreed on when a client speaks nothing but `version`; None when refused."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as wrapped:
            return wrapped.version()
    except (ssl.SSLError, ConnectionError):
        return None


def test_tls_1_2_is_spoken_unless_the_minimum_is_1_3(new_server, authority):
    issued = authority.issue("versions")
    usual = new_server(tls(issued)).start()
    strict = new_server(tls(issued, minimumtls="tls1.3")).start()
    assert handshake(usual.port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert handshake(usual.port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert handshake(strict.port, ssl.TLSVersion.TLSv1_2) is None
    assert handshake(strict.port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


def served_certificate(server) -> str:
    return ssl.get_server_certificate(("127.0.0.1", server.port))


@pytest.mark.beyond
def test_a_new_certificate_is_served_without_a_restart(new_server, authority, repository):
    issued, renewed = authority.issue("old"), authority.issue("new")
    server = new_server(tls(issued)).start()
    with server.connect() as open_before:
        open_before.request("GET", "/v2/")
        expect(open_before.response(), 200)
        before = served_certificate(server)
        os.replace(renewed.key, issued.key)
        os.replace(renewed.certificate, issued.certificate)
        assert until(lambda: served_certificate(server) != before, seconds=15, every=0.5), "still the old certificate"
        open_before.request("GET", "/v2/")
        expect(open_before.response(), 200)
    expect(server.registry(verify=str(authority.certificate)).get("/v2/"), 200)


@pytest.mark.beyond
def test_a_broken_certificate_file_leaves_the_old_one_in_service(new_server, authority):
    issued = authority.issue("kept")
    server = new_server(tls(issued)).start()
    before = served_certificate(server)
    issued.certificate.write_text("-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n")
    time.sleep(4)
    assert served_certificate(server) == before


def test_a_client_certificate_is_asked_for_where_clientcas_says_so(new_server, authority, tmp_path):
    from harness.certificates import Authority

    issued = authority.issue("mutual")
    server = new_server(tls(issued, clientcas=[str(authority.certificate)])).start()
    mine = authority.issue("client", usage="clientAuth")
    strangers = Authority(tmp_path / "stranger").issue("stranger", usage="clientAuth")
    trusted = ("--cacert", authority.certificate, "--fail")

    curl(*trusted, "--cert", mine.certificate, "--key", mine.key, f"{server.url}/v2/")
    assert curl(*trusted, f"{server.url}/v2/", check=False).returncode != 0
    stranger = ("--cert", strangers.certificate, "--key", strangers.key)
    assert curl(*trusted, *stranger, f"{server.url}/v2/", check=False).returncode != 0


@pytest.mark.beyond
def test_a_client_certificate_is_asked_for_where_a_variable_says_so(new_server, authority):
    issued, mine = authority.issue("by-variable"), authority.issue("client-by-variable", usage="clientAuth")
    server = new_server(tls(issued), env={"REGISTRY_HTTP_TLS_CLIENTCAS_0": str(authority.certificate)}).start()
    trusted = ("--cacert", authority.certificate, "--fail", f"{server.url}/v2/")
    curl(*trusted, "--cert", mine.certificate, "--key", mine.key)
    assert curl(*trusted, check=False).returncode != 0


# htpasswd


def test_a_stranger_is_asked_to_log_in(locked_server, repository):
    registry = locked_server.registry()
    for where in ("/v2/", "/v2/_catalog", f"/v2/{repository}/tags/list", f"/v2/{repository}/manifests/1"):
        response = expect(registry.get(where), 401, code="UNAUTHORIZED")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="acceptance"'


@pytest.mark.parametrize(
    "login",
    [("alice", "wrong"), ("bob", "open sesame"), ("", ""), ("alice", ""), ("alice", "open sesame\0"), ("a" * 5000, "b" * 5000)],
)
def test_a_wrong_login_is_refused(locked_server, login):
    expect(locked_server.registry(auth=login).get("/v2/"), 401, code="UNAUTHORIZED")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "Bearer token", "Digest x", "basic  ", "\x80"])
def test_an_authorization_that_makes_no_sense_is_refused(locked_server, header):
    with locked_server.connect() as connection:
        connection.send(f"GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n\r\n".encode("latin-1"))
        expect(connection.response(), 401, 400)


def test_the_right_login_may_push_and_pull(locked_server, repository):
    registry = locked_server.registry(auth=("alice", "open sesame"))
    image = images.image()
    registry.push_image(repository, image, "1")
    assert registry.get_manifest(repository, "1").content == image.manifest.body


def test_changes_of_the_htpasswd_file_are_seen(new_server, tmp_path):
    path = htpasswd.write(tmp_path / "htpasswd", alice="one", bob="two")
    server = new_server({"auth": {"htpasswd": {"realm": "r", "path": str(path)}}}).start()

    def may(user, password):
        return server.registry(auth=(user, password)).get("/v2/").status_code == 200

    assert may("alice", "one") and may("bob", "two") and not may("carol", "three")
    time.sleep(1.1)  # a file changed within the same second may look unchanged
    htpasswd.write(path, alice="changed", carol="three")
    assert until(lambda: may("carol", "three"), seconds=10)
    assert may("alice", "changed")
    assert not may("alice", "one"), "the old password still works"
    assert not may("bob", "two"), "a removed user still gets in"


@pytest.mark.beyond
def test_bcrypt_is_not_paid_for_every_request(new_server, tmp_path):
    """At cost 12 one check takes a fifth of a second or more; two hundred must not take forty."""
    path = htpasswd.write(tmp_path / "htpasswd", cost=12, alice="open sesame")
    server = new_server({"auth": {"htpasswd": {"realm": "r", "path": str(path)}}}).start()
    registry = server.registry(auth=("alice", "open sesame"))
    expect(registry.get("/v2/"), 200)
    started = time.monotonic()
    for _ in range(200):
        expect(registry.get("/v2/"), 200)
    assert time.monotonic() - started < 2


@pytest.mark.beyond
@pytest.mark.parametrize(
    "line",
    ["mallory:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "mallory:$apr1$x$y", "mallory:plain", "mallory", "mallory:$2y$05$short"],
)
def test_a_hash_that_is_not_bcrypt_is_refused_at_start_naming_the_line(new_server, tmp_path, line):
    path = htpasswd.write(tmp_path / "htpasswd", alice="one")
    path.write_text(path.read_text() + "# a comment\n" + line + "\n")
    server = new_server({"auth": {"htpasswd": {"realm": "r", "path": str(path)}}}).start(ready=False)
    assert server.wait(20) != 0
    assert "line 3" in server.log or ":3" in server.log, server.log
    assert "bcrypt" in server.log
    assert "{SHA}" not in server.log, "the hash is in the log"


# Where it listens


def test_a_unix_socket_is_served(new_server, tmp_path, repository):
    import tempfile

    with tempfile.TemporaryDirectory(prefix="cove-") as short:
        server = new_server({"http": {"net": "unix", "addr": f"{short}/socket"}}).start()
        answer = curl("--unix-socket", f"{short}/socket", "--fail", "http://localhost/v2/")
        assert answer.out.strip() == "{}"
        server.stop()
        server.start()  # a socket file left behind does not stop it
        curl("--unix-socket", f"{short}/socket", "--fail", "http://localhost/v2/")
        server.kill()
        server.start()
        curl("--unix-socket", f"{short}/socket", "--fail", "http://localhost/v2/")
        server.stop()


@pytest.mark.beyond
def test_several_listeners_serve_one_registry(new_server, authority, repository):
    import tempfile

    issued = authority.issue("listeners")
    plain, secure = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="cove-") as short:
        listeners = [
            {"addr": f"127.0.0.1:{plain}"},
            {"addr": f"127.0.0.1:{secure}", "tls": {"certificate": str(issued.certificate), "key": str(issued.key)}},
            {"addr": f"{short}/socket", "net": "unix"},
        ]
        server = new_server({"http": {"listeners": listeners}}).start()
        digest = server.registry().push_blob(repository, b"once")
        where = f"/v2/{repository}/blobs/{digest}"
        assert curl("--fail", f"http://127.0.0.1:{plain}{where}").out == "once"
        assert curl("--fail", "--cacert", authority.certificate, f"https://127.0.0.1:{secure}{where}").out == "once"
        assert curl("--fail", "--unix-socket", f"{short}/socket", f"http://localhost{where}").out == "once"
        server.stop()


def test_an_address_in_use_is_said_at_start(new_server):
    first = new_server().start()
    second = new_server({"http": {"addr": first.host}}).start(ready=False)
    assert second.wait(20) != 0
    assert str(first.port) in second.log or "in use" in second.log


def test_the_configuration_is_found_by_registry_configuration_path(new_server):
    server = new_server()
    server.env["REGISTRY_CONFIGURATION_PATH"] = str(server.config_path)
    server.arguments = ["serve"]
    server.start()  # on the port that only this file names
    server.registry().push_blob("app", b"data")
    assert server.files(""), "the data is where the file says"


@pytest.mark.beyond
def test_every_value_of_an_extra_header_is_in_every_answer(new_server):
    headers = {"X-Several": ["one", "two", "three"], "X-Single": ["alone"]}
    server = new_server({"http": {"headers": headers}}).start()
    for method, where, status in (
        ("GET", "/v2/", 200),
        ("HEAD", "/v2/", 200),
        ("GET", "/v2/app/manifests/1", 404),
        ("GET", "/v2/UPPER/manifests/1", 400),
        ("PUT", "/v2/", 405),
        ("GET", "/nothing", 404),
    ):
        with server.connect() as connection:
            connection.request(method, where)
            answer = expect(connection.response(method), status)
        for name, values in headers.items():
            found = [value for key, value in answer.raw_headers if key.lower() == name.lower()]
            assert [part.strip() for value in found for part in value.split(",")] == values, (method, where, found)


# Logs


@pytest.fixture
def logged(new_server, tmp_path, repository):
    """The lines of a JSON log, after a push and a pull by alice."""
    path = htpasswd.write(tmp_path / "htpasswd", alice="open sesame")
    config = {
        "log": {"level": "debug", "formatter": "json"},
        "auth": {"htpasswd": {"realm": "r", "path": str(path)}},
        "http": {"secret": "the-secret-of-this-server"},
    }
    server = new_server(config).start()
    registry = server.registry(auth=("alice", "open sesame"))
    registry.push_image(repository, images.image(), "1")
    headers = {"Accept": images.OCI_MANIFEST, "X-Request-Id": "asked-for-by-the-test"}
    answer = expect(registry.get(f"/v2/{repository}/manifests/1", headers=headers), 200)
    server.registry(auth=("alice", "guess-number-one")).get("/v2/")
    server.stop()
    return server.log, answer


@pytest.mark.beyond
def test_json_logs_are_json_on_every_line(logged):
    log, _ = logged
    for line in log.splitlines():
        entry = json.loads(line)
        assert isinstance(entry, dict)
        assert {"level", "time"} <= set(entry) or {"level", "timestamp"} <= set(entry), entry
        assert any(key in entry for key in ("msg", "message")), entry


@pytest.mark.beyond
def test_a_request_id_goes_from_the_request_to_the_answer_and_the_log(logged):
    log, answer = logged
    assert answer.headers["X-Request-Id"] == "asked-for-by-the-test"
    assert [line for line in log.splitlines() if "asked-for-by-the-test" in line]


@pytest.mark.beyond
def test_the_access_log_has_bytes_duration_user_and_repository(logged, repository):
    log, answer = logged
    (line,) = [line for line in log.splitlines() if "asked-for-by-the-test" in line and "200" in line]
    entry = json.dumps(json.loads(line))
    assert repository in entry
    assert "alice" in entry
    assert str(len(answer.content)) in entry
    assert "duration" in entry
    assert "GET" in entry


def logged_request(server, request_id: str) -> dict:
    """The one line of the access log about a request."""

    def lines():
        entries = [json.loads(line) for line in server.log.splitlines() if request_id in line]
        return [entry for entry in entries if "status" in entry]

    found = until(lines, seconds=10)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.beyond
def test_the_access_log_counts_only_what_was_sent_of_a_pull_that_was_aborted(new_server, repository):
    server = new_server({"log": {"formatter": "json"}}).start()
    size = 50 * images.MIB
    digest = server.registry().push_blob(repository, random_bytes(size))
    with server.connect(receive_buffer=65_536) as connection:
        connection.request("GET", f"/v2/{repository}/blobs/{digest}", {"X-Request-Id": "an-aborted-pull"})
        connection.response("HEAD")  # the head alone
        connection.read(100_000)
        connection.cut()
    assert 100_000 <= logged_request(server, "an-aborted-pull")["bytes"] < size


@pytest.mark.beyond
@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
def test_the_access_log_counts_what_was_received(new_server, repository, chunked):
    server = new_server({"log": {"formatter": "json"}}).start()
    data = random_bytes(300_000)
    location = target(server.registry().start_upload(repository))
    with server.connect() as connection:
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(data))}
        connection.request("PATCH", location, length | {"X-Request-Id": "an-upload"})
        connection.send_pieces([data[:100_000], data[100_000:]], chunked=chunked)
        expect(connection.response(), 202)
    assert logged_request(server, "an-upload")["bytes_in"] == len(data)


@pytest.mark.beyond
def test_logs_hold_no_secrets(logged):
    log, _ = logged
    basic = base64.b64encode(b"alice:open sesame").decode()
    for secret in ("open sesame", "guess-number-one", basic, "the-secret-of-this-server", "$2y$", "$2b$"):
        assert secret not in log, secret


@pytest.mark.beyond
def test_a_request_id_from_outside_cannot_forge_log_lines(new_server):
    server = new_server().start()
    long = "x" * 5000
    answer = server.registry().get("/v2/", headers={"X-Request-Id": long})
    assert answer.headers["X-Request-Id"] != long
    with server.connect() as connection:
        connection.request("GET", "/v2/%0a%0dlevel=error%20forged", {"User-Agent": "a\tb level=error forged=\x1b[31m"})
        connection.response()
    server.stop()
    assert "\x1b" not in server.log
    assert not [line for line in server.log.splitlines() if line.startswith("level=error forged")]


@pytest.mark.beyond
def test_text_logs_are_quiet_at_level_error(new_server):
    server = new_server({"log": {"level": "error", "formatter": "text", "accesslog": {"disabled": True}}}).start()
    server.registry().get("/v2/")
    server.stop()
    assert server.log == ""


# Health


@pytest.mark.beyond
def test_readiness_notices_a_store_that_is_gone_and_health_does_not(new_server):
    server = new_server().start()
    registry = server.registry()
    expect(registry.get("/readyz"), 200)
    aside = server.root.with_name("aside")
    server.root.rename(aside)
    try:
        assert until(lambda: registry.get("/readyz").status_code == 503, seconds=15, every=0.5), "still ready"
        expect(registry.get("/healthz"), 200)
    finally:
        # Whatever was made anew in the meantime must make room.
        if server.root.exists():
            server.root.rename(server.root.with_name("made-anew"))
        aside.rename(server.root)
    assert until(lambda: registry.get("/readyz").status_code == 200, seconds=15, every=0.5), "not ready again"
