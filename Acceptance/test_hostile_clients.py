"""Clients that mean harm, or are only slow: they cost the others nothing."""

import contextlib
import threading
import time

import pytest

from harness import images, programs
from harness.http2 import HTTP2Connection
from harness.images import random_bytes
from harness.raw import Connection, expect, target
from harness.server import merged, until
from test_serving import HARSH, at_rest, curl, tls
from test_shutdown import stalled_download


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
@pytest.mark.parametrize("protocol", ["HTTP/1.1", pytest.param("TLS", marks=pytest.mark.slow)])
def test_a_client_that_stops_reading_a_blob_is_cut_off(new_server, authority, repository, protocol):
    changes = tls(authority.issue("stops")) if protocol == "TLS" else {}
    server = new_server(merged(changes, {"http": {"limits": HARSH}})).start()
    registry = server.registry(verify=str(authority.certificate))
    digest = registry.push_blob(repository, random_bytes(30_000_000))
    registry.session.close()
    before = at_rest(server)
    with contextlib.ExitStack() as held:
        for _ in range(10):
            held.enter_context(stalled_download(server, repository, digest))
        assert until(lambda: server.open_for_clients() >= before + 20, seconds=2), "a connection and a file for each"
        assert until(lambda: server.open_for_clients() <= before, seconds=20), server.open_for_clients()
    expect(server.registry(verify=str(authority.certificate)).get("/v2/"), 200)


@pytest.mark.slow
@pytest.mark.beyond
def test_an_http_2_client_that_stops_reading_a_blob_is_cut_off(new_server, authority, repository):
    """How far a stream is cannot be seen, so it has the time in which the least rate would have taken a piece."""
    limits = HARSH | {"minbodyrate": 1_000_000}
    server = new_server(merged(tls(authority.issue("stops")), {"http": {"limits": limits}})).start()
    registry = server.registry(verify=str(authority.certificate))
    digest = registry.push_blob(repository, random_bytes(30_000_000))
    registry.session.close()
    before = at_rest(server)
    with contextlib.ExitStack() as held:
        for _ in range(10):
            connection = held.enter_context(HTTP2Connection(server.port))
            connection.body(connection.get(f"/v2/{repository}/blobs/{digest}"), at_most=10_000)
        assert until(lambda: server.open_for_clients() >= before + 20, seconds=2), "a connection and a file for each"
        assert until(lambda: server.open_for_clients() <= before, seconds=30), server.open_for_clients()


@pytest.mark.slow
@pytest.mark.beyond
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "TLS"])
def test_a_client_that_reads_slowly_but_steadily_gets_everything(new_server, authority, repository, protocol):
    changes = tls(authority.issue("slow")) if protocol == "TLS" else {}
    server = new_server(merged(changes, {"http": {"limits": HARSH}})).start()
    data = random_bytes(10_000_000)
    digest = server.registry(verify=str(authority.certificate)).push_blob(repository, data)
    with server.connect(receive_buffer=65_536) as connection:
        connection.request("GET", f"/v2/{repository}/blobs/{digest}")
        expect(connection.response("HEAD"), 200)
        body = bytearray()
        started = time.monotonic()
        while time.monotonic() - started < 8:
            body += connection.read(65_536)
            time.sleep(0.2)
        body += connection.read(len(data) - len(body))
    assert body == data


@pytest.mark.slow
@pytest.mark.beyond
def test_an_http_2_client_that_reads_slowly_but_steadily_gets_everything(new_server, authority, repository, tmp_path):
    server = new_server(merged(tls(authority.issue("slow")), {"http": {"limits": HARSH}})).start()
    data = random_bytes(3_000_000)
    digest = server.registry(verify=str(authority.certificate)).push_blob(repository, data)
    slowly = ("--http2", "--limit-rate", "320k", "--output", tmp_path / "back", "--fail")
    curl("--cacert", authority.certificate, *slowly, f"{server.url}/v2/{repository}/blobs/{digest}")
    assert (tmp_path / "back").read_bytes() == data


@pytest.mark.beyond
def test_clients_that_reset_the_connection_after_asking_for_a_blob_leave_no_open_files(new_server, repository):
    server = new_server().start()
    registry = server.registry()
    digest = registry.push_blob(repository, random_bytes(5_000_000))
    registry.session.close()
    before = at_rest(server)
    for number in range(300):
        with server.connect() as connection:
            connection.request("GET", f"/v2/{repository}/blobs/{digest}")
            if number % 3 == 0:
                connection.answered(1)
            connection.cut()
    assert until(lambda: server.open_for_clients() <= before, seconds=10), server.open_for_clients()
    assert len(registry.blob(repository, digest)) == 5_000_000


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
