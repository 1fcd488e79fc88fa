"""How it serves: TLS, HTTP/2, logins, sockets, shutting down, logs, and clients that mean harm."""

import base64
import contextlib
import json
import os
import signal
import socket
import ssl
import threading
import time

import pytest

from harness import htpasswd, images, programs
from harness.images import digest_of, random_bytes
from harness.raw import Connection, expect, target, with_query
from harness.server import free_port, until


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


# Shutting down


@pytest.mark.beyond
def test_sigterm_lets_an_upload_finish_and_accepts_nobody_new(new_server, repository):
    server = new_server({"http": {"draintimeout": "20s"}}).start()
    registry = server.registry()
    data = random_bytes(1_000_000)
    where = target(with_query(registry.start_upload(repository), digest=digest_of(data)))
    with server.connect(timeout=20) as connection:
        connection.request("PUT", where, {"Content-Length": str(len(data))}, data[:400_000])
        time.sleep(0.3)
        server.signal(signal.SIGTERM)

        def refused():
            try:
                with server.connect(timeout=1) as late:
                    late.request("GET", "/v2/")
                    return late.response().status == 503
            except (OSError, EOFError):
                return True

        assert until(refused, seconds=5), "it still accepts connections"
        for start in range(400_000, 1_000_000, 100_000):
            time.sleep(0.2)
            connection.send(data[start : start + 100_000])
        expect(connection.response(), 201)
    assert server.wait(10) == 0
    server.start()
    assert server.registry().blob(repository, digest_of(data)) == data


@pytest.mark.beyond
def test_sigterm_ends_an_idle_server_at_once(new_server):
    server = new_server({"http": {"draintimeout": "20s"}}).start()
    with server.connect() as idle, server.connect():
        idle.request("GET", "/v2/")
        expect(idle.response(), 200)
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait(10) == 0
        assert time.monotonic() - started < 3


@pytest.mark.beyond
def test_a_client_that_never_finishes_holds_the_shutdown_no_longer_than_draintimeout(new_server, repository):
    server = new_server({"http": {"draintimeout": "2s"}}).start()
    location = target(server.registry().start_upload(repository))
    with server.connect() as connection:
        connection.request("PATCH", location, {"Content-Length": "1000"}, b"a beginning")
        time.sleep(0.2)
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait(15)
        assert 1 < time.monotonic() - started < 8


def test_sigint_ends_it_too(new_server):
    server = new_server().start()
    server.signal(signal.SIGINT)
    server.wait(10)


@pytest.mark.beyond
def test_one_root_directory_has_one_server(new_server):
    first = new_server().start()
    second = new_server({"storage": {"filesystem": {"rootdirectory": str(first.root)}}}).start(ready=False)
    assert second.wait(20) != 0
    assert str(first.root) in second.log, second.log
    expect(first.registry().get("/v2/"), 200)


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


# Clients that mean harm

HARSH = {"headertimeout": "1s", "idletimeout": "2s", "bodytimeout": "2s"}


@pytest.mark.beyond
def test_a_client_that_sends_its_head_a_byte_a_second_is_cut_off(new_server):
    server = new_server({"http": {"limits": HARSH}}).start()
    with server.connect() as connection:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"GET /v2/ HTTP/1.1\r\nHost: slow":
                connection.send(bytes([byte]))
                if connection.closed_within(0.5):
                    break
        assert time.monotonic() - started < 5
    expect(server.registry().get("/v2/"), 200)


@pytest.mark.beyond
def test_a_client_that_connects_and_says_nothing_is_cut_off(new_server):
    server = new_server({"http": {"limits": HARSH}}).start()
    with server.connect() as silent, server.connect() as idle:
        idle.request("GET", "/v2/")
        expect(idle.response(), 200)
        assert silent.closed_within(6), "silent from the start"
        assert idle.closed_within(6), "idle after a request"


@pytest.mark.beyond
@pytest.mark.parametrize("limits", [{"bodytimeout": "2s"}, {"minbodyrate": 10_000}], ids=["timeout", "rate"])
def test_a_client_that_sends_its_body_a_byte_a_second_is_cut_off(new_server, repository, limits):
    """What came before is kept: the upload can be resumed by somebody faster."""
    server = new_server({"http": {"limits": HARSH | limits}}).start()
    registry = server.registry()
    location = registry.start_upload(repository)
    with server.connect(timeout=40) as connection:
        connection.request("PATCH", target(location), {"Content-Length": "1000000"}, b"x" * 1000)
        started = time.monotonic()
        cut = False
        with contextlib.suppress(OSError):
            while not cut and time.monotonic() - started < 40:
                if limits.get("minbodyrate"):
                    connection.send(b"x")
                cut = connection.closed_within(1)
        assert time.monotonic() - started < 40, "it may be slow for ever"
    expect(registry.get(location), 204)


@pytest.mark.beyond
def test_a_client_that_does_not_read_its_answer_is_cut_off_or_costs_no_memory(new_server, repository):
    server = new_server({"http": {"limits": HARSH}}).start()
    digest = server.registry().push_blob(repository, random_bytes(50 * images.MIB))
    before = server.rss()
    connections = [server.connect(receive_buffer=4096) for _ in range(20)]
    for connection in connections:
        connection.request("GET", f"/v2/{repository}/blobs/{digest}")
    time.sleep(2)
    assert server.rss() - before < 64 * images.MIB
    for connection in connections:
        connection.close()


@pytest.mark.beyond
def test_three_hundred_slow_clients_do_not_keep_others_from_being_served(new_server):
    server = new_server().start()
    slow = [server.connect() for _ in range(300)]
    try:
        for connection in slow:
            connection.send(b"GET /v2/ HTTP/1.1\r\n")
        registry = server.registry()
        for _ in range(50):
            started = time.monotonic()
            expect(registry.get("/v2/"), 200)
            assert time.monotonic() - started < 1
        assert server.rss() < 128 * images.MIB
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.beyond
def test_connections_over_the_cap_wait_or_are_refused_and_the_server_recovers(new_server):
    server = new_server({"http": {"limits": {"maxconnections": 10}}}).start()

    def served(connection: Connection, seconds: float) -> bool:
        try:
            connection.request("GET", "/v2/")
            return connection.answered(seconds) and connection.response().status == 200
        except (OSError, EOFError):
            return False

    held = []
    for _ in range(10):
        connection = server.connect()
        if served(connection, 2):
            held.append(connection)
    assert len(held) >= 9, "fewer are served than the cap allows"
    over = [server.connect() for _ in range(5)]
    assert sum(served(connection, 0.5) for connection in over) <= 10 - len(held) + 1
    assert server.open_files() < 200
    for connection in [*held, *over]:
        connection.close()
    assert until(lambda: _answers(server), seconds=5)


def _answers(server) -> bool:
    try:
        with server.connect(timeout=1) as connection:
            connection.request("GET", "/v2/")
            return connection.response().status == 200
    except (OSError, EOFError):
        return False


@pytest.mark.beyond
def test_a_server_out_of_file_descriptors_goes_on_when_there_are_some_again(new_server):
    """`ulimit -n 64` and a hundred clients: errors for some, a working server after."""
    prlimit = programs.need("prlimit")
    server = new_server().start()
    programs.run(prlimit, "--pid", server.process.pid, f"--nofile={server.open_files() + 20}:1024")
    connections = []
    for _ in range(100):
        with contextlib.suppress(OSError):
            connections.append(server.connect(timeout=1))
    time.sleep(0.5)
    assert server.process.poll() is None
    for connection in connections:
        connection.close()
    assert until(lambda: _answers(server), seconds=10)


def test_a_storm_of_short_connections_leaks_nothing(new_server):
    server = new_server().start()

    def storm():
        for number in range(200):
            with contextlib.suppress(OSError, EOFError), server.connect() as connection:
                connection.request("GET", "/v2/" if number % 2 else "/v2/nothing/manifests/1")
                if number % 3:
                    connection.response()

    def storms():
        threads = [threading.Thread(target=storm) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # The first opens what the server keeps open: its connections to the database.
    storms()
    before = server.open_files()
    storms()
    assert until(lambda: server.open_files() <= before + 5, seconds=10), server.open_files()
