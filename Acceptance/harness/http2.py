"""HTTP/2 by hand: a connection that asks, reads as little as it likes, and never says goodbye."""

import ssl
import struct

from .raw import Connection

_DATA, _HEADERS, _RESET, _SETTINGS, _WINDOW_UPDATE = 0, 1, 3, 4, 8
_END_STREAM, _END_HEADERS, _ACKNOWLEDGED = 1, 4, 1


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class HTTP2Connection(Connection):
    """Over TLS. No stream's window is ever widened: of each answer come the 65 535 bytes free at first, and no more."""

    def __init__(self, port: int, timeout: float = 10):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        super().__init__(("127.0.0.1", port), timeout=timeout, tls=context)
        assert self.socket.selected_alpn_protocol() == "h2"
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS))
        # One stream that is not read must not keep the others from being answered.
        self.send(_frame(_WINDOW_UPDATE, payload=struct.pack(">I", 1 << 30)))
        self._next_stream = 1

    def get(self, where: str) -> int:
        """Asks for something; the number of its stream."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        # Method GET and scheme https by their numbers in HPACK's table, path and authority as text (RFC 7541, 6.2.2).
        path, authority = where.encode(), self.host.encode()
        assert len(path) < 127 + 128  # what one byte more can say
        fields = b"\x82\x87" + b"\x04" + _text(path) + b"\x01" + _text(authority)
        self.send(_frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, fields))
        return stream

    def reset(self, stream: int) -> None:
        """Wants no more of an answer, whether there is some of it already or not."""
        self.send(_frame(_RESET, 0, stream, struct.pack(">I", 8)))

    def frames(self):
        """(kind, flags, stream, payload) of each frame as it comes."""
        while True:
            head = self._exactly(9)
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            payload = self._exactly(int.from_bytes(head[:3], "big"))
            if kind == _SETTINGS and not flags & _ACKNOWLEDGED:
                self.send(_frame(_SETTINGS, _ACKNOWLEDGED))
            yield kind, flags, stream, payload

    def body(self, stream: int, at_most: int = 1 << 30) -> bytes:
        """The body of an answer, to its end or until `at_most` bytes of it are here."""
        received, ended, frames = b"", False, self.frames()
        while not ended and len(received) < at_most:
            kind, flags, number, payload = next(frames)
            if number != stream:
                continue
            assert kind != _RESET, f"stream {stream} was reset"
            if kind == _DATA:
                received += payload
            ended = kind in (_DATA, _HEADERS) and bool(flags & _END_STREAM)
        return received


def _text(value: bytes) -> bytes:
    """A string of HPACK without Huffman (RFC 7541, 5.2)."""
    if len(value) < 127:
        return bytes([len(value)]) + value
    return bytes([127, len(value) - 127]) + value
