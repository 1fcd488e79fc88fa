"""A server that takes a push and drops it, and sends a blob out of memory: the ceiling that the client itself sets."""

from __future__ import annotations

import multiprocessing
import socket

from .content import Blob
from .wire import PIECE


class Sink:
    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.process = multiprocessing.get_context("fork").Process(target=self._serve, daemon=True)

    def __enter__(self) -> Sink:
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.listener.close()

    def _serve(self) -> None:
        while True:
            client, _ = self.listener.accept()
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self._answer(client):
                    pass

    def _answer(self, client: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return False
            head += piece
        if head.startswith(b"POST"):
            client.sendall(b"HTTP/1.1 202 Accepted\r\nLocation: /upload\r\nContent-Length: 0\r\n\r\n")
        elif head.startswith(b"PATCH"):
            self._take(client, len(head.partition(b"\r\n\r\n")[2]))
            text = f"HTTP/1.1 202 Accepted\r\nLocation: /upload\r\nRange: 0-{self.blob.size - 1}\r\nContent-Length: 0\r\n\r\n"
            client.sendall(text.encode())
        elif head.startswith(b"PUT"):
            text = f"HTTP/1.1 201 Created\r\nDocker-Content-Digest: {self.blob.digest}\r\nContent-Length: 0\r\n\r\n"
            client.sendall(text.encode())
        else:
            client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {self.blob.size}\r\n\r\n".encode())
            left = self.blob.size
            while left:
                left -= client.send(self.blob.block[: min(left, PIECE)])
        return True

    def _take(self, client: socket.socket, already: int) -> None:
        blob, buffer = self.blob, bytearray(PIECE)
        left = blob.repeats * len(blob.block) + len(blob.rest) + len(blob.last) - already
        while left:
            left -= client.recv_into(buffer, min(left, PIECE))
