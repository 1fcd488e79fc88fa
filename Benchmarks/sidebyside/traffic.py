"""Pushes, pulls and HEADs as clients make them, with their time and what the client itself used."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from dataclasses import dataclass

from .content import IMAGE, Blob, Image
from .wire import ACCEPT, PIECE, Connection, Unexpected, target_of


@dataclass
class Timing:
    seconds: float
    client_busy: float
    """The share of one core that the client used. Near 1, the client may be what was measured."""
    count: int = 1


class Stopwatch:
    """Wall time and this process's processor time since it was made."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self, count: int = 1) -> Timing:
        wall = time.perf_counter() - self.wall
        return Timing(wall, (time.process_time() - self.cpu) / wall, count)


def send_blob(connection: Connection, repository: str, blob: Blob) -> None:
    """As docker does it: POST, one PATCH with the whole body in chunks, PUT with nothing."""
    answer = connection.request("POST", f"/v2/{repository}/blobs/uploads/").expect(202)
    head = connection.head(
        "PATCH", target_of(answer.headers["location"]), {"Transfer-Encoding": "chunked", "Accept-Encoding": "gzip"}
    )
    try:
        connection.socket.sendall(head)
        for _ in range(blob.repeats):
            connection.socket.sendall(blob.block)
        connection.socket.sendall(blob.rest)
        connection.socket.sendall(blob.last)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused on the way: what it says comes next
    answer = connection.response("PATCH").expect(202)
    if answer.headers.get("range") != f"0-{blob.size - 1}":
        raise Unexpected(f"after the PATCH, Range is {answer.headers.get('range')}")
    target = target_of(answer.headers["location"])
    join = "&" if "?" in target else "?"
    answer = connection.request("PUT", f"{target}{join}digest={blob.digest}").expect(201)
    if answer.headers.get("docker-content-digest") != blob.digest:
        raise Unexpected(f"pushed {blob.digest}, stored {answer.headers.get('docker-content-digest')}")


def push(port: int, repository: str, blob: Blob) -> Timing:
    with Connection(port) as connection:
        watch = Stopwatch()
        send_blob(connection, repository, blob)
        return watch.read()


def push_many(port: int, pushes: list[tuple[str, Blob]]) -> Timing:
    """All at once, a connection each. Threads will do: they wait in `send`, outside of the interpreter's lock."""
    connections = [Connection(port) for _ in pushes]
    gate = threading.Barrier(len(pushes) + 1)
    failures: list[Exception] = []

    def one(connection: Connection, repository: str, blob: Blob) -> None:
        gate.wait()
        try:
            send_blob(connection, repository, blob)
        except Exception as failure:  # noqa: BLE001 - told by the caller's thread
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(c, *p)) for c, p in zip(connections, pushes, strict=True)]
    for thread in threads:
        thread.start()
    watch = Stopwatch()
    gate.wait()
    for thread in threads:
        thread.join()
    timing = watch.read()
    for connection in connections:
        connection.close()
    if failures:
        raise failures[0]
    return timing


def pull(port: int, repository: str, blob: Blob, hashed: bool = False) -> Timing:
    """Reads a blob and drops it. `hashed` checks the content too, and makes the time meaningless."""
    buffer = memoryview(bytearray(PIECE))
    with Connection(port) as connection:
        watch = Stopwatch()
        connection.socket.sendall(connection.head("GET", f"/v2/{repository}/blobs/{blob.digest}"))
        status, headers = connection.response_head()
        if status != 200 or int(headers.get("content-length", -1)) != blob.size:
            raise Unexpected(f"pull: status {status}, {headers}")
        digest = connection.drain(blob.size, buffer, hashed)
        timing = watch.read()
    if digest not in (None, blob.digest):
        raise Unexpected(f"pulled {digest} instead of {blob.digest}")
    return timing


def push_image(port: int, repository: str, image: Image, tag: str) -> None:
    """A small image, blobs in one request each after the POST."""
    with Connection(port) as connection:
        for digest, content in image.blobs.items():
            answer = connection.request("POST", f"/v2/{repository}/blobs/uploads/").expect(202)
            target = target_of(answer.headers["location"])
            join = "&" if "?" in target else "?"
            headers = {"Content-Type": "application/octet-stream"}
            connection.request("PUT", f"{target}{join}digest={digest}", headers, content).expect(201)
        headers = {"Content-Type": IMAGE}
        connection.request("PUT", f"/v2/{repository}/manifests/{tag}", headers, image.manifest).expect(201)


def check_manifest(port: int, repository: str, reference: str, expected: bytes, digest: str) -> None:
    with Connection(port) as connection:
        answer = connection.request("GET", f"/v2/{repository}/manifests/{reference}", {"Accept": ACCEPT}).expect(200)
    if answer.body != expected or answer.headers.get("docker-content-digest") != digest:
        raise Unexpected(f"{repository}:{reference} is not what was pushed")


def check_blob(port: int, repository: str, digest: str, expected: bytes) -> None:
    with Connection(port) as connection:
        if connection.request("GET", f"/v2/{repository}/blobs/{digest}").expect(200).body != expected:
            raise Unexpected(f"{digest} is not what was pushed")


def head_rate(port: int, target: str, connections: int, seconds: float) -> Timing:
    """HEAD over many connections. Not wrk: it waits for the body that Content-Length tells of and HEAD never has."""
    request = f"HEAD {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    poll = select.epoll()
    started: dict[int, bytes] = {}
    for client in sockets:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(client.fileno(), select.EPOLLIN)
    read, write, done = os.read, os.write, 0
    watch = Stopwatch()
    end = watch.wall + seconds
    for client in sockets:
        client.sendall(request)
    while time.perf_counter() < end:
        for descriptor, _ in poll.poll(1):
            data = read(descriptor, 65536)
            if descriptor in started:
                data = started.pop(descriptor) + data
            if data[-4:] == b"\r\n\r\n":
                if data[:12] != b"HTTP/1.1 200":
                    raise Unexpected(f"HEAD {target}: {data[:200]!r}")
                done += 1
                write(descriptor, request)
            elif not data:
                raise Unexpected("a keep-alive connection was closed")
            else:
                started[descriptor] = data
    timing = watch.read(done)
    poll.close()
    for client in sockets:
        client.close()
    return timing
