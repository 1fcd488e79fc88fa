"""How it stops: what runs is finished within `draintimeout`, and nobody new is let in."""

import contextlib
import signal
import time

import pytest

from harness.http2 import HTTP2Connection
from harness.images import digest_of, random_bytes
from harness.raw import Connection, expect, target, with_query
from harness.server import free_port, merged, until
from test_serving import tls


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


def stalled_download(server, repository: str, digest: str):
    """Somebody who asks for a blob and then reads none of it."""
    connection = server.connect(receive_buffer=4096)
    connection.request("GET", f"/v2/{repository}/blobs/{digest}")
    assert connection.answered(5)
    return connection


@pytest.mark.beyond
@pytest.mark.parametrize(
    "who",
    [
        "plain download",
        "download",
        "HTTP/2 download",
        "idle HTTP/2",
        "no handshake",
        "half a request",
        "all of them",
    ],
)
def test_a_client_that_stalls_holds_the_shutdown_no_longer_than_draintimeout(
    new_server, authority, repository, who
):
    changes = {} if who.startswith("plain") else tls(authority.issue("stalls"))
    server = new_server(merged(changes, {"http": {"draintimeout": "2s"}})).start()
    registry = server.registry(verify=str(authority.certificate))
    digest = registry.push_blob(repository, random_bytes(30_000_000))
    registry.session.close()
    with contextlib.ExitStack() as held:
        if who in ("download", "plain download", "all of them"):
            held.enter_context(stalled_download(server, repository, digest))
        if who in ("HTTP/2 download", "all of them"):
            connection = held.enter_context(HTTP2Connection(server.port))
            connection.body(connection.get(f"/v2/{repository}/blobs/{digest}"), at_most=10_000)
        if who in ("idle HTTP/2", "all of them"):
            connection = held.enter_context(HTTP2Connection(server.port))
            connection.body(connection.get("/v2/"))
        if who in ("no handshake", "all of them"):
            held.enter_context(Connection(("127.0.0.1", server.port)))
        if who in ("half a request", "all of them"):
            held.enter_context(server.connect()).send(b"GET /v2/ HTTP/1.1\r\n")
        time.sleep(0.3)
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait(20) == 0, server.log[-2000:]
        assert time.monotonic() - started < 9


@pytest.mark.beyond
@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_upload_that_the_shutdown_cuts_off_goes_on_after_the_restart(new_server, repository, method, chunked):
    server = new_server({"http": {"draintimeout": "1s"}}).start()
    data = random_bytes(1_000_000)
    location = target(server.registry().start_upload(repository))
    where = with_query(location, digest=digest_of(data)) if method == "PUT" else location
    with server.connect() as connection:
        connection.request(method, where, {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": "1000000"})
        connection.send(f"{600_000:x}\r\n".encode() + data[:600_000] + b"\r\n" if chunked else data[:600_000])
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        assert server.wait(15) == 0
    registry = server.start().registry()
    assert expect(registry.get(location), 204).headers["Range"] == "0-599999"
    expect(registry.finish_upload(location, digest_of(data), data[600_000:]), 201)
    assert registry.blob(repository, digest_of(data)) == data


@pytest.mark.beyond
@pytest.mark.parametrize("upload_on", ["first", "second"])
def test_sigterm_closes_every_listener_at_once(new_server, repository, upload_on):
    """While one still finishes an upload, the other must not go on accepting clients."""
    second = free_port()
    server = new_server({"http": {"draintimeout": "20s", "listeners": [{"addr": f"127.0.0.1:{second}"}]}}).start()
    data = random_bytes(100_000)
    where = target(with_query(server.registry().start_upload(repository), digest=digest_of(data)))
    port = server.port if upload_on == "first" else second
    with Connection(("127.0.0.1", port), timeout=20) as connection:
        connection.request("PUT", where, {"Content-Length": str(len(data))}, data[:40_000])
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        assert until(lambda: not _accepts(server.port) and not _accepts(second), seconds=5), "it still accepts connections"
        assert server.process.poll() is None, "it did not wait for the upload"
        connection.send(data[40_000:])
        expect(connection.response(), 201)
    assert server.wait(10) == 0


def _accepts(port: int) -> bool:
    try:
        Connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


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
