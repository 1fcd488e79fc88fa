"""An S3 that takes everything and keeps nothing: what is measured against it is the registry alone."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class NullS3:
    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        self._drain()
        self._answer(etag='"d41d8cd98f00b204e9800998ecf8427e"')

    def do_POST(self) -> None:
        self._drain()
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "uploads" in query:
            self._answer(b"<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>")
        elif "uploadId" in query:
            self._answer(b"<CompleteMultipartUploadResult><ETag>&quot;x-1&quot;</ETag></CompleteMultipartUploadResult>")
        else:
            self._answer(b"<DeleteResult></DeleteResult>")

    def do_DELETE(self) -> None:
        self._answer(status=204)

    def do_GET(self) -> None:
        self._answer(b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")

    do_HEAD = do_GET

    def _drain(self) -> None:
        left = int(self.headers.get("Content-Length") or 0)
        buffer = memoryview(bytearray(1 << 20))
        while left > 0 and (count := self.rfile.readinto(buffer[: min(left, len(buffer))])):
            left -= count

    def _answer(self, body: bytes = b"", status: int = 200, etag: str | None = None) -> None:
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
