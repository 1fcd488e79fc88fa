"""A pull-through cache: another registry's content handed on, kept, and served when that registry is away."""

import concurrent.futures
import hashlib
import http.server
import os
import socketserver
import threading
import time

import pytest
import requests

from harness import images, programs
from harness.engine import Engine
from harness.raw import expect
from harness.upstream import Upstream
from harness.server import until

pytestmark = pytest.mark.beyond


@pytest.fixture
def upstream(tmp_path):
    made = Upstream(tmp_path / "upstream").start()
    yield made
    made.kill()


@pytest.fixture
def mirror(new_server, upstream):
    """A server that is a mirror of everything that `upstream` has."""
    return new_server({"proxy": {"remoteurl": upstream.url}}).start()


@pytest.fixture
def image(upstream):
    """An image upstream, as `team/app:1`."""
    made = images.image({"large": images.random_bytes(3_000_000)}, {"small": b"x"})
    upstream.registry.push_image("team/app", made, "1")
    upstream.forget()
    return made


def pull(registry, image, name="team/app", reference="1"):
    """All of an image, compared with what was pushed; the manifest's answer."""
    answer = expect(registry.get_manifest(name, reference), 200)
    assert answer.content == image.manifest.body
    assert answer.headers["Content-Type"] == image.manifest.media_type
    assert answer.headers["Docker-Content-Digest"] == image.digest
    for blob in image.blobs:
        assert registry.blob(name, blob.digest) == blob.data
    return answer


def is_settled(server) -> bool:
    """Whether nothing is on its way into the store."""
    return not server.files("uploads")


def test_the_first_pull_fetches_and_the_second_only_asks_for_the_tag(mirror, upstream, image):
    registry = mirror.registry()
    pull(registry, image)
    fetched = upstream.asked()
    assert sorted(fetched) == sorted(
        ["GET /v2/team/app/manifests/1"] + [f"GET /v2/team/app/blobs/{blob.digest}" for blob in image.blobs]
    )
    assert until(lambda: is_settled(mirror))
    upstream.forget()
    assert "Warning" not in pull(registry, image).headers
    assert upstream.asked() == ["HEAD /v2/team/app/manifests/1"]
    upstream.forget()
    pull(registry, image, reference=image.digest)
    assert upstream.asked() == []
    assert registry.get("/v2/_catalog").json()["repositories"] == ["team/app"]


def test_it_survives_a_restart_and_the_loss_of_its_upstream(mirror, upstream, image):
    pull(mirror.registry(), image)
    assert until(lambda: is_settled(mirror))
    upstream.kill()
    mirror.restart()
    registry = mirror.registry()
    answer = pull(registry, image)
    assert answer.headers["Warning"].startswith("110 ") and "111 " in answer.headers["Warning"]
    assert "Warning" not in pull(registry, image, reference=image.digest).headers
    assert registry.tags("team/app") == ["1"]
    expect(registry.get_manifest("team/app", "other"), 502, code="UNAVAILABLE")
    expect(registry.get(f"/v2/team/app/blobs/{images.digest_of(b'cold')}"), 502, code="UNAVAILABLE")


def test_a_hundred_cold_pulls_are_one_fetch(mirror, upstream, image):
    blob = max(image.blobs, key=lambda blob: len(blob.data))
    slow = threading.Event()

    def hold(method, path):
        slow.wait(1)

    upstream.instead = hold

    def fetch(_):
        return requests.get(f"{mirror.url}/v2/team/app/blobs/{blob.digest}", timeout=60).content == blob.data

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert all(pool.map(fetch, range(100)))
    assert upstream.asked() == [f"GET /v2/team/app/blobs/{blob.digest}"]


def test_clients_stream_while_the_blob_is_fetched(mirror, upstream, tmp_path, new_server):
    """The first bytes are there long before the last have left the upstream."""
    data = images.random_bytes(600_000)
    digest = images.digest_of(data)
    go_on = threading.Event()

    class Dribble(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:300_000])
            self.wfile.flush()
            go_on.wait(20)
            self.wfile.write(data[300_000:])

        def log_message(self, *_):
            pass

    class Threading(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    dribble = Threading(("127.0.0.1", 0), Dribble)
    threading.Thread(target=dribble.serve_forever, daemon=True).start()
    server = new_server({"proxy": {"remoteurl": f"http://127.0.0.1:{dribble.server_address[1]}"}}).start()
    try:
        with server.connect() as connection:
            connection.request("GET", f"/v2/team/app/blobs/{digest}")
            while connection._line():
                pass
            assert connection.read(200_000) == data[:200_000]
            # Another client, another part, the same download.
            part = {"Range": "bytes=100-199"}
            answer = expect(server.registry().get(f"/v2/team/app/blobs/{digest}", headers=part), 206)
            assert answer.content == data[100:200]
            assert answer.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
            go_on.set()
            assert connection.read(400_000) == data[200_000:]
    finally:
        go_on.set()
        dribble.shutdown()
        dribble.server_close()


def test_memory_grows_with_neither_the_blob_nor_its_clients(new_server, upstream):
    content = images.Stream(7, 192 * images.MIB)
    location = upstream.registry.start_upload("team/large")
    expect(upstream.registry.finish_upload(location, content.digest, iter(content)), 201)
    server = new_server({"proxy": {"remoteurl": upstream.registry.url}}).start()
    expect(server.registry().get_manifest("team/large", "none"), 404)
    server.forget_peak()
    before = server.peak_rss()

    def fetch(_):
        state = hashlib.sha256()
        with requests.get(f"{server.url}/v2/team/large/blobs/{content.digest}", stream=True, timeout=120) as answer:
            for piece in answer.iter_content(1 << 20):
                state.update(piece)
        return "sha256:" + state.hexdigest() == content.digest

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(fetch, range(4)))
    assert server.peak_rss() - before < 64 * images.MIB


def test_a_client_that_goes_away_leaves_the_blob_behind(mirror, upstream, image):
    blob = max(image.blobs, key=lambda blob: len(blob.data))
    with mirror.connect() as connection:
        connection.request("GET", f"/v2/team/app/blobs/{blob.digest}")
        connection.read(100)
        connection.cut()
    assert until(lambda: is_settled(mirror) and mirror.files("blobs"))
    upstream.kill()
    assert mirror.registry().blob("team/app", blob.digest) == blob.data


def test_wrong_bytes_break_off_before_their_end_and_are_not_kept(mirror, upstream, image):
    blob = max(image.blobs, key=lambda blob: len(blob.data))
    upstream.changed = lambda path, body: body[:-1] + bytes([body[-1] ^ 1]) if blob.digest in path else body
    with mirror.connect() as connection:
        connection.request("GET", f"/v2/team/app/blobs/{blob.digest}")
        with pytest.raises((EOFError, ConnectionError)):
            connection.response()
        assert len(connection.buffer) < len(blob.data)
    assert until(lambda: is_settled(mirror))
    assert mirror.files("blobs") == []
    upstream.changed = lambda path, body: b" " + body[1:]
    expect(mirror.registry().get_manifest("team/app", "1"), 502)
    expect(mirror.registry().get_manifest("team/app", image.digest), 502)
    upstream.changed = lambda path, body: body
    assert until(lambda: mirror.registry().get_manifest("team/app", "1").status_code == 200, seconds=10)
    pull(mirror.registry(), image)


def test_a_tag_that_moves_upstream_is_seen_at_once(mirror, upstream, image):
    registry = mirror.registry()
    pull(registry, image)
    other = images.image()
    upstream.registry.push_image("team/app", other, "1")
    pull(registry, other)
    expect(upstream.registry.delete(f"/v2/team/app/manifests/{other.digest}"), 202)
    expect(registry.get_manifest("team/app", "1"), 404, code="MANIFEST_UNKNOWN")


def test_429_is_respected_and_handed_on(mirror, upstream, image):
    registry = mirror.registry()
    pull(registry, image)
    refusal = (429, {"Retry-After": "2", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}, b"{}")
    upstream.instead = lambda method, path: refusal
    upstream.forget()
    cold = expect(registry.get_manifest("team/app", "cold"), 429, code="TOOMANYREQUESTS")
    assert 1 <= int(cold.headers["Retry-After"]) <= 2
    assert "110" in pull(registry, image).headers["Warning"]
    expect(registry.get_manifest("team/other", "1"), 429)
    assert len(upstream.asked()) == 1
    upstream.instead = lambda method, path: None
    assert until(lambda: registry.get_manifest("team/app", "cold").status_code == 404, seconds=5, every=0.2)
    assert "Warning" not in pull(registry, image).headers


def test_what_is_unknown_upstream_is_unknown_here_for_a_short_while(new_server, upstream, image):
    server = new_server({"proxy": {"remoteurl": upstream.url, "negativettl": "1s"}}).start()
    registry = server.registry()
    for _ in range(3):
        expect(registry.get_manifest("team/app", "2"), 404, code="MANIFEST_UNKNOWN")
    assert len(upstream.asked()) == 1
    upstream.registry.push_image("team/app", image, "2")
    assert until(lambda: registry.get_manifest("team/app", "2").status_code == 200, seconds=5, every=0.2)
    expect(registry.get("/v2/no/such/tags/list"), 404, code="NAME_UNKNOWN")


def test_a_cold_blob_is_looked_at_without_being_fetched(mirror, upstream, image):
    blob = image.blobs[1]
    answer = expect(mirror.registry().head(f"/v2/team/app/blobs/{blob.digest}"), 200)
    assert answer.headers["Content-Length"] == str(len(blob.data))
    assert upstream.asked() == [f"HEAD /v2/team/app/blobs/{blob.digest}"]


def test_nothing_is_pushed_to_a_mirror_nor_deleted_from_it(mirror, upstream, image):
    registry = mirror.registry()
    pull(registry, image)
    expect(registry.post("/v2/team/app/blobs/uploads/"), 405, code="UNSUPPORTED")
    expect(registry.put_manifest("team/app", "2", image.manifest), 405, code="UNSUPPORTED")
    expect(registry.delete(f"/v2/team/app/manifests/{image.digest}"), 405, code="UNSUPPORTED")
    expect(registry.delete(f"/v2/team/app/blobs/{image.blobs[0].digest}"), 405, code="UNSUPPORTED")
    assert upstream.registry.tags("team/app") == ["1"]


def test_indexes_and_docker_manifests_are_never_converted(mirror, upstream):
    members = [images.image(docker=True), images.image(docker=True)]
    index = images.index(*(member.manifest for member in members), docker=True)
    for member in members:
        upstream.registry.push_image("team/multi", member)
    upstream.registry.push_manifest("team/multi", "all", index)
    registry = mirror.registry()
    answer = expect(registry.get_manifest("team/multi", "all"), 200)
    assert answer.content == index.body and answer.headers["Content-Type"] == images.DOCKER_LIST
    pull(registry, members[1], "team/multi", members[1].digest)


def test_signatures_and_referrers_come_along(mirror, upstream, image):
    signature = images.image({"signature": b"s"})
    tag = image.digest.replace(":", "-") + ".sig"
    upstream.registry.push_image("team/app", signature, tag)
    # docker-registry has no referrers API: clients keep the list under a tag.
    sbom = images.artifact("application/spdx+json", b"sbom", subject=image.manifest)
    upstream.registry.push_image("team/app", sbom)
    listed = images.index(artifactless := sbom.manifest)
    value = listed.value
    value["manifests"] = [artifactless.descriptor(artifactType="application/spdx+json")]
    upstream.registry.push_manifest("team/app", image.digest.replace(":", "-"), images.Manifest.of(value, images.OCI_INDEX))
    registry = mirror.registry()
    pull(registry, signature, reference=tag)
    found = registry.referrers("team/app", image.digest)
    assert [entry["digest"] for entry in found] == [sbom.digest]
    assert registry.referrers("team/app", image.digest, artifactType="other/type") == []
    pull(registry, sbom, reference=sbom.digest)
    upstream.kill()
    offline = expect(registry.get(f"/v2/team/app/referrers/{image.digest}"), 200)
    assert [entry["digest"] for entry in offline.json()["manifests"]] == [sbom.digest]
    assert "Warning" in offline.headers
    pull(registry, signature, reference=tag)


def test_tags_are_the_upstreams(mirror, upstream, image):
    for tag in ("2", "3"):
        upstream.registry.push_manifest("team/app", tag, image.manifest)
    registry = mirror.registry()
    assert registry.tags("team/app") == ["1", "2", "3"]
    assert registry.tags("team/app", n=1, last="1") == ["2"]
    assert [tag for page in registry.pages("/v2/team/app/tags/list", n=2) for tag in page.json()["tags"]] == ["1", "2", "3"]


@pytest.fixture
def two(new_server, upstream, tmp_path):
    """A server with two upstreams under prefixes, and the second of them."""
    second = Upstream(tmp_path / "second").start()
    upstreams = [
        {"prefix": "docker.io", "remoteurl": upstream.url},
        {"prefix": "mirror/second", "namespace": "second.test", "remoteurl": second.url},
    ]
    yield new_server({"proxy": {"upstreams": upstreams}}).start(), second
    second.kill()


def test_two_prefixes_have_two_upstreams_and_the_rest_is_ones_own(two, upstream, image):
    server, second = two
    other = images.image()
    second.registry.push_image("team/app", other, "1")
    second.forget()
    registry = server.registry()
    pull(registry, image, "docker.io/team/app")
    assert second.asked() == []
    pull(registry, other, "mirror/second/team/app")
    own = images.image()
    registry.push_image("team/app", own, "1")
    pull(registry, own, "team/app")
    expect(registry.post("/v2/docker.io/team/app/blobs/uploads/"), 405, code="UNSUPPORTED")
    expect(registry.get_manifest("team/none", "1"), 404)
    assert registry.get("/v2/_catalog").json()["repositories"] == ["docker.io/team/app", "mirror/second/team/app", "team/app"]


def test_ns_chooses_the_upstream_as_containerd_asks(two, upstream, image):
    server, second = two
    registry = server.registry()
    other = images.image()
    second.registry.push_image("team/app", other, "1")
    for ns, made in (("docker.io", image), ("second.test", other)):
        answer = expect(registry.get("/v2/team/app/manifests/1", params={"ns": ns}), 200)
        assert answer.content == made.manifest.body
        blob = made.blobs[0]
        got = expect(registry.get(f"/v2/team/app/blobs/{blob.digest}", params={"ns": ns}), 200)
        assert got.content == blob.data
    expect(registry.get("/v2/team/app/manifests/1", params={"ns": "elsewhere.test"}), 404, code="NAME_UNKNOWN")
    expect(registry.post("/v2/team/app/blobs/uploads/", params={"ns": "docker.io"}), 405)
    assert registry.get("/v2/_catalog").json()["repositories"] == ["docker.io/team/app", "mirror/second/team/app"]


def test_what_nobody_pulls_is_let_go_after_ttl(new_server, upstream, image):
    server = new_server({"proxy": {"remoteurl": upstream.url, "ttl": "2s"}}).start()
    pull(server.registry(), image)
    upstream.kill()
    assert "110" in pull(server.registry(), image).headers["Warning"]
    assert until(lambda: "let go of an upstream's content" in server.log, seconds=15, every=0.2)
    assert until(lambda: server.registry().get_manifest("team/app", "1").status_code == 502, seconds=10, every=0.2)


def test_a_credential_helper_logs_in(new_server, upstream, image, tmp_path):
    helper = tmp_path / "docker-credential-test"
    helper.write_text(
        '#!/bin/sh\nread -r server\necho "$1 $server" >> "$(dirname "$0")/runs"\n'
        'echo \'{"ServerURL":"x","Username":"robot","Secret":"sesame"}\'\n'
    )
    helper.chmod(0o755)
    wanted = requests.auth._basic_auth_str("robot", "sesame")

    def guard(method, path):
        if upstream.requests[-1][2].get("Authorization") != wanted:
            return 401, {"WWW-Authenticate": 'Basic realm="x"'}, b"{}"

    upstream.instead = guard
    exec_ = {"command": "docker-credential-test", "lifetime": "1h"}
    config = {"proxy": {"remoteurl": upstream.url, "exec": exec_}}
    server = new_server(config, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).start()
    pull(server.registry(), image)
    assert (tmp_path / "runs").read_text() == f"get {upstream.host}\n"
    assert "sesame" not in server.log
    wrong = new_server({"proxy": {"remoteurl": upstream.url, "username": "robot", "password": "hush"}}).start()
    expect(wrong.registry().get_manifest("team/app", "1"), 502)
    assert wrong.said("refused the user name") and "hush" not in wrong.log


class _Connect(socketserver.StreamRequestHandler):
    """An HTTP proxy that knows CONNECT, and leads every name to one port."""

    def handle(self):
        import socket

        line = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(line.split()[1])
        with socket.create_connection(("127.0.0.1", self.server.target)) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(there, self.connection), daemon=True)
            back.start()
            self._pump(self.connection, there)
            back.join(5)

    @staticmethod
    def _pump(source, target):
        import contextlib
        import socket

        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("way", ["configuration", "environment", "exception"])
def test_upstreams_are_reached_through_a_proxy(new_server, upstream, image, way):
    class Threading(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    proxy = Threading(("127.0.0.1", 0), _Connect)
    proxy.asked, proxy.target = [], int(upstream.host.split(":")[1])
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{proxy.server_address[1]}"
    config = {"proxy": {"remoteurl": "http://registry.test:5000"}}
    env = {}
    if way == "configuration":
        config["http"] = {"outbound": {"proxy": url}}
    else:
        env["HTTP_PROXY"] = url
    if way == "exception":
        env["NO_PROXY"] = "other.test,.test"
    try:
        registry = new_server(config, env=env).start().registry()
        if way == "exception":
            expect(registry.get_manifest("team/app", "1"), 502)
            assert proxy.asked == []
        else:
            pull(registry, image)
            assert set(proxy.asked) == {"registry.test:5000"}
    finally:
        proxy.shutdown()
        proxy.server_close()


def test_docker_pulls_through_a_registry_mirror_and_goes_on_without_the_upstream(mirror, upstream, tmp_path):
    programs.need("dockerd")
    programs.need("docker")
    programs.need_root("dockerd")
    made = images.image({"bin/hello": images.random_bytes(200_000)}, docker=True)
    upstream.registry.push_image("library/hello", made, "1")
    engine = Engine(tmp_path / "docker", options=[f"--registry-mirror={mirror.url}"])
    try:
        engine.start()
        engine("pull", "hello:1")
        assert engine.image_id("hello:1") == made.blobs[0].digest
        assert any("/v2/library/hello/blobs/" in line for line in upstream.asked("GET"))
        assert until(lambda: is_settled(mirror))
        engine.forget("hello:1")
        upstream.kill()
        engine("pull", "hello:1")
        assert engine.image_id("hello:1") == made.blobs[0].digest
    finally:
        engine.stop()


def test_a_wrong_address_is_refused_at_the_start(new_server):
    server = new_server({"proxy": {"remoteurl": "https://me:hush@registry.test"}})
    server.start(ready=False)
    assert server.wait() != 0
    assert "proxy.remoteurl" in server.log and "hush" not in server.log


def test_hot_pulls_do_not_wait_for_an_upstream_that_hangs_longer_than_they_must(mirror, upstream, image):
    """Once an upstream is known to be away, what is stored is served at once."""
    registry = mirror.registry()
    pull(registry, image)
    upstream.instead = lambda method, path: (503, {}, b"")
    pull(registry, image)
    upstream.instead = lambda method, path: time.sleep(3)
    began = time.monotonic()
    pull(registry, image)
    assert time.monotonic() - began < 1


def test_config_check_reaches_for_the_upstreams(tmp_path, upstream):
    config = tmp_path / "config.yml"

    def check(url):
        storage = f"storage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}"
        config.write_text(f"version: 0.1\n{storage}\nproxy: {{remoteurl: {url}}}\n")
        return programs.run(programs.binary(), "config", "check", "--connect", config, check=False)

    assert check(upstream.url).returncode == 0
    upstream.kill()
    failed = check(upstream.url)
    assert failed.returncode != 0 and "proxy.remoteurl: cannot use " in failed.out + failed.err
