"""Memory does not grow with the size of blobs or the number of clients."""

import concurrent.futures
import selectors
import time

import pytest

from harness import images
from harness.images import Stream
from harness.raw import expect, target

pytestmark = [pytest.mark.slow, pytest.mark.beyond]

MB = 1_000_000


def upload(server, stream: Stream, digest: str) -> None:
    """As docker pushes: POST, one PATCH of unknown length, PUT."""
    registry = server.registry()
    location = registry.start_upload("large")
    with server.connect(timeout=300) as connection:
        headers = {"Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"}
        connection.request("PATCH", target(location), headers)
        assert connection.send_pieces(stream, chunked=True), connection.response().text
        patched = expect(connection.response(), 202)
    expect(registry.finish_upload(patched.headers["Location"], digest, timeout=300), 201)


def test_8_parallel_uploads_of_1_gib_stay_under_200_mb(new_server):
    server = new_server().start()
    streams = [Stream(seed, images.GIB) for seed in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda stream: stream.digest, streams))
        server.forget_peak()
        list(pool.map(lambda pair: upload(server, *pair), zip(streams, digests, strict=True)))
    peak = server.peak_rss()
    print(f"peak {peak / MB:.0f} MB")
    for digest in digests:
        head = expect(server.registry().head(f"/v2/large/blobs/{digest}"), 200)
        assert head.headers["Content-Length"] == str(images.GIB)
    assert peak < 200 * MB


def test_200_parallel_pulls_of_100_mib_stay_under_256_mb(new_server):
    server = new_server().start()
    stream = Stream(9, 100 * images.MIB)
    digest = stream.digest
    upload(server, stream, digest)
    server.forget_peak()
    left = {}
    selector = selectors.DefaultSelector()
    for _ in range(200):
        connection = server.connect(timeout=60)
        connection.request("GET", f"/v2/large/blobs/{digest}")
        selector.register(connection.socket, selectors.EVENT_READ)
        left[connection.socket] = stream.size  # the head comes on top, and is made up for below
    buffer = bytearray(256 * 1024)
    heads = set(left)
    while left:
        ready = selector.select(timeout=60)
        assert ready, f"{len(left)} pulls have stopped"
        for key, _ in ready:
            count = key.fileobj.recv_into(buffer)
            assert count > 0, "a pull was cut off"
            if key.fileobj in heads:
                heads.remove(key.fileobj)
                head, separator, rest = bytes(buffer[:count]).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200") and separator
                count = len(rest)
            left[key.fileobj] -= count
            if left[key.fileobj] <= 0:
                assert left[key.fileobj] == 0
                del left[key.fileobj]
                selector.unregister(key.fileobj)
                key.fileobj.close()
        time.sleep(0.002)  # slow-ish clients: the server always waits for them
    peak = server.peak_rss()
    print(f"peak {peak / MB:.0f} MB")
    assert peak < 256 * MB


def test_an_idle_server_stays_under_64_mb(new_server):
    server = new_server().start()
    registry = server.registry()
    for number in range(50):
        registry.push_image(f"app-{number}", images.image(), *(str(tag) for tag in range(5)))
    server.restart()
    registry = server.registry()
    for number in range(50):
        expect(registry.get_manifest(f"app-{number}", "1"), 200)
    time.sleep(2)
    print(f"idle {server.rss() / MB:.0f} MB")
    assert server.rss() < 64 * MB


def test_many_pushes_leave_no_memory_behind(new_server):
    server = new_server().start()
    registry = server.registry()

    def push(count: int) -> None:
        for _ in range(count):
            registry.push_image("app", images.image({"file": images.random_bytes(200_000)}), "latest")

    push(100)
    before = server.rss()
    push(400)
    grown = server.rss() - before
    print(f"grown by {grown / MB:.1f} MB")
    assert grown < 32 * MB
