"""A collector of traces: what is sent to it by OTLP over HTTP, read by OpenTelemetry's own library."""

import base64
import http.server
import json
import threading
from dataclasses import dataclass, field

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    request: ExportTraceServiceRequest


def _parsed(body: bytes, content_type: str) -> ExportTraceServiceRequest:
    if content_type == "application/x-protobuf":
        return ExportTraceServiceRequest.FromString(body)
    assert content_type == "application/json", content_type
    document = json.loads(body)
    # OTLP's JSON has ids in hexadecimal, where Protocol Buffers' own has them in base64.
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(document, ExportTraceServiceRequest())


@dataclass
class Collector:
    received: list[Received] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    status: int = 200

    def __enter__(self) -> "Collector":
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    try:
                        parsed = _parsed(body, self.headers["Content-Type"])
                        collector.received.append(Received(self.path, dict(self.headers), parsed))
                    except Exception as error:  # the test shows it
                        collector.failures.append(repr(error))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def spans(self) -> list:
        return [
            span
            for received in list(self.received)
            for resource in received.request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
