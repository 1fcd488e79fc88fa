"""What an operator relies on: the debug address, metrics in a real Prometheus, health checks, traces, logs and SIGHUP."""

import http.server
import json
import math
import re
import signal
import socket
import ssl
import threading
from pathlib import Path

import pytest
import requests

from harness import htpasswd, programs
from harness.cluster import Cluster
from harness.collector import Collector
from harness.images import random_bytes
from harness.prometheus import Prometheus
from harness.raw import expect
from harness.server import Server, free_port, until

pytestmark = pytest.mark.beyond

DEPLOY = programs.ROOT / "deploy"


def debug(**prometheus) -> tuple[str, dict]:
    """A debug address, and the configuration that opens it."""
    addr = f"127.0.0.1:{free_port()}"
    return addr, {"http": {"debug": {"addr": addr, "prometheus": {"enabled": True} | prometheus}}}


@pytest.fixture
def watched(new_server) -> tuple[Server, str]:
    """A server with a debug address, and its URL."""
    addr, config = debug()
    server = new_server(config).start()
    return server, f"http://{addr}"


def samples(text: str) -> dict[str, float]:
    return {
        key: float(value)
        for line in text.splitlines()
        if line and not line.startswith("#")
        for key, _, value in [line.rpartition(" ")]
    }


# Metrics


def test_metrics_count_what_clients_did(watched):
    server, url = watched
    registry = server.registry()
    data = random_bytes(200_000)
    digest = registry.push_blob("team/app", data)
    assert registry.get(f"/v2/team/app/blobs/{digest}").content == data
    expect(registry.get("/v2/team/app/manifests/none"), 404)
    found = samples(expect(requests.get(f"{url}/metrics"), 200).text)
    assert found['registry_http_requests_total{code="200",handler="blob",method="get"}'] == 1
    assert found['registry_http_requests_total{code="404",handler="manifest",method="get"}'] == 1
    assert found['registry_http_response_size_bytes_sum{handler="blob"}'] == 200_000
    assert sum(value for key, value in found.items() if key.startswith("cove_http_sent_bytes_total")) >= 200_000
    assert sum(value for key, value in found.items() if key.startswith("cove_http_received_bytes_total")) == 200_000
    assert found['registry_storage_action_seconds_count{driver="filesystem",action="Move"}'] == 1
    assert found["process_resident_memory_bytes"] == pytest.approx(server.rss(), rel=0.5)
    assert found["cove_ready"] == 1
    # No series for what only a client knows.
    assert "team" not in "".join(found) and "none" not in "".join(found)


def test_what_is_stored_is_counted(watched):
    server, url = watched
    server.registry().push_blob("team/app", b"x" * 1000)
    server.stop()
    server.start()
    found = until(lambda: samples(requests.get(f"{url}/metrics").text).get("cove_storage_bytes"))
    assert found == 1000


def test_prometheus_finds_nothing_wrong_with_the_format(watched):
    server, url = watched
    server.registry().push_blob("a", b"data")
    text = requests.get(f"{url}/metrics", headers={"Accept": "text/plain"}).text
    checked = programs.run(programs.need("promtool"), "check", "metrics", input=text, check=False)
    assert checked.returncode == 0, checked.out + checked.err
    answer = requests.get(f"{url}/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_metrics_are_where_the_configuration_says(new_server):
    addr, config = debug(path="/prom/metrics")
    new_server(config).start()
    expect(requests.get(f"http://{addr}/prom/metrics"), 200)
    expect(requests.get(f"http://{addr}/metrics"), 404)


def test_metrics_that_are_not_enabled_are_not_given(new_server):
    addr = f"127.0.0.1:{free_port()}"
    server = new_server({"http": {"debug": {"addr": addr}}}).start()
    expect(requests.get(f"http://{addr}/metrics"), 404)
    expect(requests.get(f"http://{addr}/debug/health"), 200)
    expect(server.registry().get("/metrics"), 404)
    expect(server.registry().get("/debug/health"), 404)


# The dashboard and the alerts


def dashboard_queries() -> list[tuple[str, str]]:
    document = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    queries = []
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in {"$__rate_interval": "30s", "$job": ".*", "$instance": ".*"}.items():
                expression = expression.replace(name, value)
            assert "$" not in expression, expression
            queries.append((panel["title"], expression))
    return queries


def alert_parts(expression: str) -> list[str]:
    """What an alert compares: all of it that has a value also when all is well."""
    parts = []
    for part in re.split(r" and (?:on \([a-z, ]*\) )?", expression):
        whole = re.fullmatch(r"(.*?) (?:==|<|>) ([0-9.* ]+)", part)
        assert whole, part
        parts.append(whole.group(1).replace("[6h]", "[1m]").replace("[5m]", "[30s]").replace("[15m]", "[30s]"))
    return parts


def test_every_query_of_the_dashboard_and_of_the_alerts_has_data_after_some_traffic(
    new_server, services, authority, tmp_path
):
    """A node on its own with TLS, and one of a cluster that traces: together they have every metric that is used."""
    programs.need("prometheus")
    certificate = authority.issue("operations")
    tls = {"tls": {"certificate": str(certificate.certificate), "key": str(certificate.key)}}
    first_addr, first_config = debug()
    first_config["http"] |= tls
    first = new_server(first_config).start()
    second_addr, second_config = debug()
    rules = DEPLOY / "prometheus-rules.yml"
    with Collector() as collector:
        cluster = Cluster(tmp_path / "cluster", services, second_config, size=1)
        node = cluster.nodes[0]
        node.env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with cluster, Prometheus(tmp_path / "prometheus", [first_addr, second_addr], rules) as prometheus:
            clients = [first.registry(verify=str(authority.certificate)), node.registry()]

            def traffic() -> None:
                for client in clients:
                    digest = client.push_blob("team/app", random_bytes(100_000))
                    small = client.push_blob("team/app", random_bytes(100))
                    for _ in range(2):
                        expect(client.get(f"/v2/team/app/blobs/{digest}"), 200)
                        expect(client.get(f"/v2/team/app/blobs/{small}"), 200)
                        expect(client.get("/v2/team/app/manifests/none"), 404)
                        expect(client.get("/v2/team/app/tags/list"), 404, 200)

            def missing(queries: list[tuple[str, str]]) -> list[tuple[str, str]]:
                traffic()
                return [query for query in queries if not has_data(prometheus, query[1])]

            queries = dashboard_queries()
            assert len(queries) > 40
            for rule in prometheus.alerts():
                queries += [(rule["name"], part) for part in alert_parts(rule["query"])]
            left = until(lambda: not missing(queries), seconds=60, every=0.5)
            assert left, missing(queries)
            evaluated = {rule["name"]: rule for rule in prometheus.alerts()}
            assert len(evaluated) == 17
            assert not [rule for rule in evaluated.values() if rule["health"] != "ok"]
            firing = {name for name, rule in evaluated.items() if rule["alerts"]}
            # The certificate is a test's, of two days; it waits for its hour.
            assert firing <= {"CoveCertificateEnds"}, firing
            first.kill()
            assert until(lambda: prometheus.query('up{job="cove"} == 0'), 20)


def has_data(prometheus: Prometheus, expression: str) -> bool:
    return any(not math.isnan(float(series["value"][1])) for series in prometheus.query(expression))


# Health


def health(url: str) -> tuple[int, dict]:
    answer = requests.get(f"{url}/debug/health")
    return answer.status_code, answer.json()


def test_a_file_takes_the_node_out_of_service(new_server, tmp_path):
    addr, config = debug()
    disable = tmp_path / "disable"
    config["health"] = {"file": [{"file": str(disable), "interval": "1s"}]}
    server = new_server(config).start()
    registry = server.registry()
    assert health(f"http://{addr}") == (200, {})
    disable.touch()
    assert until(lambda: health(f"http://{addr}") == (503, {str(disable): "file exists"}))
    expect(registry.get("/v2/"), 503, code="UNAVAILABLE")
    expect(registry.get("/"), 503)
    expect(registry.get("/readyz"), 503)
    expect(registry.get("/healthz"), 200)
    assert str(disable) not in registry.get("/readyz").text + registry.get("/v2/").text
    disable.unlink()
    assert until(lambda: registry.get("/v2/").status_code == 200)
    assert health(f"http://{addr}") == (200, {})
    assert server.said("a health check fails")
    assert until(lambda: "a health check is well again" in server.log)


def test_what_the_node_depends_on_takes_it_out_of_service(new_server):
    """By HTTP with headers and a status of its own, and by TCP; after as many failures as the threshold says."""
    asked: list[tuple[str, str | None]] = []
    answer = {"status": 204}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append((self.path, self.headers.get("X-Token")))
            self.send_response(answer["status"])
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    uri = f"http://127.0.0.1:{service.server_address[1]}/ok"
    tcp = f"127.0.0.1:{listener.getsockname()[1]}"
    addr, config = debug()
    config["health"] = {
        "http": [{"uri": uri, "headers": {"X-Token": ["t"]}, "statuscode": 204, "interval": "1s", "threshold": 2, "timeout": "1s"}],
        "tcp": [{"addr": tcp, "interval": "1s", "timeout": "1s", "threshold": 1}],
    }
    try:
        new_server(config).start()
        assert until(lambda: asked)
        assert asked[0] == ("/ok", "t")
        assert health(f"http://{addr}") == (200, {})
        answer["status"] = 500
        listener.close()
        assert until(lambda: len(health(f"http://{addr}")[1]) == 2)
        status, failures = health(f"http://{addr}")
        assert status == 503
        assert failures[uri] == "the service answered 500, not 204"
        assert failures[tcp].startswith("no connection")
        answer["status"] = 204
        listener = socket.create_server(("127.0.0.1", int(tcp.split(":")[1])))
        assert until(lambda: health(f"http://{addr}") == (200, {}))
    finally:
        listener.close()
        service.shutdown()
        service.server_close()


def test_the_debug_address_shows_variables_and_has_no_profiles(watched):
    server, url = watched
    variables = requests.get(f"{url}/debug/vars").json()
    assert variables["cmdline"][1] == "serve" and isinstance(variables["registry"], dict)
    assert "perf" in expect(requests.get(f"{url}/debug/pprof/heap"), 404).text
    expect(requests.post(f"{url}/debug/health"), 405)
    expect(requests.get(f"{url}/readyz"), 200)
    assert requests.get(f"{url}/v2/").status_code == 404


def test_a_debug_address_that_is_taken_keeps_the_server_from_starting(new_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        addr = f"127.0.0.1:{taken.getsockname()[1]}"
        server = new_server({"http": {"debug": {"addr": addr}}}).start(ready=False)
        assert server.wait() == 1
    assert f"http.debug.addr: cannot listen on {addr}: another process listens there" in server.log


# Traces


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_requests_are_traced(new_server, protocol):
    with Collector() as collector:
        server = new_server(
            env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_HEADERS": "api-key=secret%20key",
                "OTEL_SERVICE_NAME": "our-registry",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
                "OTEL_BSP_SCHEDULE_DELAY": "100",
            }
        ).start()
        registry = server.registry()
        trace = "0af7651916cd43dd8448eb211c80319c"
        parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "a=b"}
        expect(registry.get("/v2/team/app/manifests/none?token=hush", headers=parent), 404)
        data = random_bytes(100_000)
        digest = registry.push_blob("team/app", data)
        expect(registry.get(f"/v2/team/app/blobs/{digest}"), 200)
        name = "GET /v2/{name}/blobs/{digest}"
        assert until(lambda: name in [span.name for span in collector.spans()]), collector.failures
        spans = collector.spans()
        server.stop()
    received = collector.received[0]
    assert received.path == "/v1/traces" and received.headers["api-key"] == "secret key"
    resource = {a.key: a.value.string_value for a in received.request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "our-registry" and resource["deployment.environment"] == "test"
    span = next(span for span in spans if span.trace_id.hex() == trace and span.parent_span_id.hex() == "b7ad6b7169203331")
    assert span.name == "GET /v2/{name}/manifests/{reference}" and span.kind == 2 and span.trace_state == "a=b"
    attributes = {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
    assert attributes["http.response.status_code"] == 404 and attributes["url.path"] == "/v2/team/app/manifests/none"
    assert attributes["cove.repository"] == "team/app"
    assert "hush" not in str(spans)
    assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 10**10
    below = [child.name for child in spans if child.parent_span_id == span.span_id]
    assert "metadata.read" in below
    push = next(span for span in spans if span.name == "PUT /v2/{name}/blobs/uploads/{id}")
    assert push.parent_span_id == b""
    pushed = {child.name for child in spans if child.parent_span_id == push.span_id}
    assert {"storage.Commit", "storage.Move", "metadata.write"} <= pushed


def test_a_collector_that_is_away_slows_nobody_down(new_server):
    addr, config = debug()
    port = free_port()
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "300",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    server = new_server(config, env=env).start()
    for _ in range(10):
        expect(server.registry().get("/v2/"), 200)

    def dropped() -> float:
        return samples(requests.get(f"http://{addr}/metrics").text)["cove_trace_spans_dropped_total"]

    assert until(dropped)
    assert until(lambda: server.log.count("spans cannot be sent")) == 1


def test_nothing_is_traced_unless_it_is_asked_for(server):
    assert "tracing" not in server.log


def test_a_protocol_that_is_not_spoken_is_said(new_server):
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    server = new_server(env=env).start()
    assert server.said("OTEL_EXPORTER_OTLP_PROTOCOL is grpc; nothing is traced: use http/protobuf")


# SIGHUP and logs


def test_a_hangup_reads_passwords_and_certificates_again(new_server, authority, tmp_path):
    passwords = htpasswd.write(tmp_path / "htpasswd", alice="one")
    certificate = authority.issue("hangup")
    server = new_server(
        {
            "auth": {"htpasswd": {"realm": "r", "path": str(passwords)}},
            "http": {"tls": {"certificate": str(certificate.certificate), "key": str(certificate.key)}},
        }
    ).start()
    before = served_certificate(server)
    renewed = authority.issue("hangup-renewed")
    for old, new in [(certificate.certificate, renewed.certificate), (certificate.key, renewed.key)]:
        new.replace(old)
    htpasswd.write(passwords, alice="two")
    server.signal(signal.SIGHUP)
    assert until(lambda: "as SIGHUP asks" in server.log)
    assert server.said("read the renewed TLS certificate") and server.said("read the changed password file")
    assert served_certificate(server) != before
    expect(server.registry(verify=str(authority.certificate), auth=("alice", "two")).get("/v2/"), 200)
    assert server.process.poll() is None


def served_certificate(server: Server) -> str:
    return ssl.get_server_certificate(("127.0.0.1", server.port))


def test_a_rotated_log_is_left_at_a_hangup(new_server):
    """As logrotate does it: rename, then signal."""
    server = new_server().start()
    rotated = Path(f"{server.log_path}.1")
    server.log_path.rename(rotated)
    expect(server.registry().get("/v2/?before"), 200)
    server.signal(signal.SIGHUP)
    assert until(lambda: "opened the log file again" in server.log)
    size = until(lambda: rotated.stat().st_size)
    expect(server.registry().get("/v2/no/such/endpoint-after"), 404)
    assert until(lambda: "endpoint-after" in server.log)
    assert rotated.stat().st_size == size and "endpoint-after" not in rotated.read_text()


def test_logs_in_the_form_of_logstash(new_server):
    server = new_server({"log": {"formatter": "logstash", "fields": {"service": "cove"}}}).start()
    expect(server.registry().get("/v2/"), 200)
    assert until(lambda: '"message":"request"' in server.log)
    for line in server.log.splitlines():
        event = json.loads(line)
        assert {"@timestamp", "@version", "message", "level", "type", "service"} <= set(event), line
        assert event["@version"] == "1" and event["type"] == "log"


# HTTP/2 without TLS


def test_http2_without_tls(new_server):
    server = new_server({"http": {"h2c": {"enabled": True}}}).start()
    curl = programs.need("curl")

    def ask(*options: str) -> str:
        answer = programs.run(curl, "-s", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", *options, f"{server.url}/v2/")
        return answer.out

    assert ask("--http2-prior-knowledge") == "2 200"
    assert ask() == "1.1 200"
    # Offered with the first request of HTTP/1.1, it is declined: RFC 9113 has given that way up.
    assert ask("--http2") == "1.1 200"
    digest = server.registry().push_blob("team/app", random_bytes(3_000_000))
    pulled = programs.run(
        curl, "-s", "--http2-prior-knowledge", f"{server.url}/v2/team/app/blobs/{digest}", "-o", server.directory / "pulled"
    )
    assert pulled.returncode == 0 and (server.directory / "pulled").stat().st_size == 3_000_000


def test_http2_without_tls_is_off_unless_it_is_asked_for(server):
    curl = programs.need("curl")
    answer = programs.run(curl, "-s", "--http2-prior-knowledge", f"{server.url}/v2/", check=False)
    assert answer.returncode != 0
