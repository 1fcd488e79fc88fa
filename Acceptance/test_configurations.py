"""Files and variables as people have them for registry:2, unchanged but for paths and addresses: each line acts."""

import json
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from harness import cdn, htpasswd, images, programs, s3
from harness.images import random_bytes
from harness.raw import Registry, expect
from harness.redis import Redis
from harness.server import Server, until

pytestmark = pytest.mark.beyond

class Given(Server):
    """A server with a file that is given word by word."""

    def __init__(self, directory: Path, text: str, env: dict[str, str] | None = None):
        super().__init__(directory, env=env)
        text = text.replace(":5000", self.host)
        self.config_path.write_text(text)
        self.scheme = "https" if "certificate:" in text or "REGISTRY_HTTP_TLS_CERTIFICATE" in self.env else "http"
        self.url = f"{self.scheme}://{self.host}"

    def show(self) -> str:
        arguments = ("config", "show", self.config_path)
        return programs.run(programs.binary(), *arguments, env=programs.environment(**self.env)).out


@pytest.fixture
def given(tmp_path) -> Callable[..., Given]:
    made: list[Given] = []

    def make(text: str, **options) -> Given:
        made.append(Given(tmp_path / f"given-{len(made)}", text, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop(seconds=5)


@pytest.fixture
def files(tmp_path, authority):
    """What the configurations name: a certificate, users, a directory, a key."""
    certificate = authority.issue("registry")
    return {
        "root": str(tmp_path / "registry"),
        "certificate": str(certificate.certificate),
        "key": str(certificate.key),
        "htpasswd": str(htpasswd.write(tmp_path / "htpasswd", alice="open sesame")),
    }


def push_and_pull(registry: Registry, repository: str = "team/app") -> images.Image:
    image = images.image()
    registry.push_image(repository, image, "latest")
    assert registry.get_manifest(repository, "latest").content == image.manifest.body
    for blob in image.blobs:
        assert registry.blob(repository, blob.digest) == blob.data
    return image


# What registry:2 and Debian's docker-registry come with

IMAGES_OWN = """\
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: {root}
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""

DEBIANS = """\
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: true
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
auth:
  htpasswd:
    realm: basic-realm
    path: {path}
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""

DISTRIBUTIONS_DEVELOPMENT = """\
version: 0.1
log:
  level: debug
  fields:
    service: registry
    environment: development
storage:
    delete:
      enabled: true
    cache:
        blobdescriptor: inmemory
    filesystem:
        rootdirectory: {root}
    maintenance:
        uploadpurging:
            enabled: false
    tag:
      concurrencylimit: 8
http:
    addr: :5000
    debug:
        addr: {debug}
        prometheus:
            enabled: true
            path: /metrics
    headers:
        X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_the_file_of_the_image_acts_line_by_line(given, files):
    server = given(IMAGES_OWN.format(root=files["root"])).start()
    answer = expect(server.registry().get("/v2/"), 200)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    push_and_pull(server.registry())
    assert [path for path in Path(files["root"]).rglob("*") if path.is_file()]
    assert server.said("PUT")
    lines = server.log.splitlines()
    assert lines and all("service=registry" in line for line in lines if "level=" in line)
    # Deletion is off where the file does not say otherwise.
    digest = server.registry().push_blob("team/app", b"stays")
    expect(server.registry().delete(f"/v2/team/app/blobs/{digest}"), 405, code="UNSUPPORTED")
    shown = server.show()
    for line in ("blobdescriptor: inmemory", "interval: 10s", "threshold: 3"):
        assert line in shown


def test_debians_file_starts_with_a_directory_for_a_password_file(given, files, tmp_path):
    """Nobody can log in to Debian's docker-registry either until its administrator names a file."""
    (tmp_path / "etc").mkdir()
    server = given(DEBIANS.format(root=files["root"], path=tmp_path / "etc")).start()
    refused = expect(server.registry().get("/v2/"), 401, code="UNAUTHORIZED")
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="basic-realm"'
    expect(server.registry(auth=("alice", "open sesame")).get("/v2/"), 401)
    assert until(lambda: "is a directory, so nobody can log in" in server.log)


def test_debians_file_serves_once_it_names_a_file(given, files):
    server = given(DEBIANS.format(root=files["root"], path=files["htpasswd"])).start()
    registry = server.registry(auth=("alice", "open sesame"))
    push_and_pull(registry)
    digest = registry.push_blob("team/app", b"goes")
    expect(registry.delete(f"/v2/team/app/blobs/{digest}"), 202)


def test_a_password_file_that_is_not_there_is_made(given, files, tmp_path):
    """As registry:2 does; but the password is not in the log, which is read by more people than a file of one user's."""
    path = tmp_path / "etc" / "registry"
    server = given(DEBIANS.format(root=files["root"], path=path)).start()
    note = Path(f"{path}.password")
    assert note.stat().st_mode & 0o777 == 0o600 and path.stat().st_mode & 0o777 == 0o600
    password = note.read_text().strip()
    push_and_pull(server.registry(auth=("docker", password)))
    assert until(lambda: str(note) in server.log) and password not in server.log
    before = path.read_text()
    server.restart()
    assert path.read_text() == before


def test_distributions_development_file_acts(given, files):
    debug = free_address()
    server = given(DISTRIBUTIONS_DEVELOPMENT.format(root=files["root"], debug=debug)).start()
    push_and_pull(server.registry())
    assert until(lambda: "environment=development" in server.log)
    assert requests.get(f"http://{debug}/metrics", timeout=10).status_code == 200
    assert requests.get(f"http://{debug}/debug/health", timeout=10).status_code == 200
    digest = server.registry().push_blob("team/app", b"goes")
    expect(server.registry().delete(f"/v2/team/app/blobs/{digest}"), 202)


# (a) A compose file: the image's own file, and variables


def variables(files: dict, redis: Redis) -> dict[str, str]:
    return {
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": files["root"],
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "Registry Realm",
        "REGISTRY_AUTH_HTPASSWD_PATH": files["htpasswd"],
        "REGISTRY_HTTP_TLS_CERTIFICATE": files["certificate"],
        "REGISTRY_HTTP_TLS_KEY": files["key"],
        "REGISTRY_STORAGE_DELETE_ENABLED": "true",
        "REGISTRY_LOG_LEVEL": "debug",
        "REGISTRY_LOG_FORMATTER": "json",
        "REGISTRY_HTTP_SECRET": "a-secret-that-nodes-share",
        "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis",
        "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTORSIZE": "10000",
        "REGISTRY_REDIS_ADDR": redis.address,
        "REGISTRY_REDIS_DB": "3",
    }


@pytest.fixture
def redis(tmp_path):
    programs.need("redis-server")
    made = Redis(tmp_path / "redis")
    yield made.start()
    made.stop()


@pytest.mark.parametrize("with_debug", [False, True])
def test_variables_over_the_images_file_act_one_by_one(given, files, redis, authority, with_debug):
    env = variables(files, redis)
    debug = free_address()
    if with_debug:
        env |= {"REGISTRY_HTTP_DEBUG_ADDR": debug, "REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED": "true"}
    server = given(IMAGES_OWN.format(root="/var/lib/registry"), env=env).start()
    anonymous = server.registry(verify=str(authority.certificate))
    refused = expect(anonymous.get("/v2/"), 401, code="UNAUTHORIZED")
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="Registry Realm"'
    expect(server.registry(auth=("alice", "wrong"), verify=str(authority.certificate)).get("/v2/"), 401)
    registry = server.registry(auth=("alice", "open sesame"), verify=str(authority.certificate))
    push_and_pull(registry)
    assert [path for path in (Path(files["root"]) / "blobs").rglob("*") if path.is_file()]
    digest = registry.push_blob("team/app", b"goes")
    expect(registry.delete(f"/v2/team/app/blobs/{digest}"), 202)
    assert until(lambda: "DELETE" in server.log)
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert lines and all(line["service"] == "registry" for line in lines)
    with socket.create_connection(("127.0.0.1", redis.port), 5) as connection:
        connection.sendall(b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$6\r\nDBSIZE\r\n")
        assert until(lambda: re.search(rb"^:[1-9]", connection.recv(100), re.MULTILINE))
    shown = server.show()
    for line in ("level: debug", "blobdescriptorsize: 10000", "secret: <hidden>"):
        assert line in shown
    assert "a-secret-that-nodes-share" not in shown + server.log
    if with_debug:
        metrics = requests.get(f"http://{debug}/metrics", timeout=10)
        assert metrics.status_code == 200 and "# TYPE" in metrics.text


# (b) A file with a bit of everything

EVERYTHING = """\
version: 0.1
log:
  fields:
    service: registry
    environment: production
storage:
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: true
  redirect:
    disable: false
  cache:
    blobdescriptor: inmemory
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
    Access-Control-Allow-Origin: ['https://ui.example.org']
    Access-Control-Allow-Methods: ['HEAD', 'GET', 'OPTIONS', 'DELETE']
    Access-Control-Allow-Headers: ['Authorization', 'Accept', 'Cache-Control']
  tls:
    certificate: {certificate}
    key: {key}
auth:
  htpasswd:
    realm: Registry
    path: {htpasswd}
middleware:
  registry:
    - name: cloudfront
      options:
        baseurl: https://d111111abcdef8.cloudfront.net
        privatekey: {cloudfront}
        keypairid: APKAEIBAERJR2EXAMPLE
        duration: 3000s
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""

WEBHOOK = """\
notifications:
  endpoints:
    - name: webhook
      url: {url}
      headers:
        Authorization: [Bearer a-token]
      timeout: 500ms
      threshold: 5
      backoff: 1s
      events:
        - push
        - pull
        - delete
"""


def test_a_file_with_a_bit_of_everything_acts(given, files, authority, tmp_path):
    server = given(EVERYTHING.format(cloudfront=cdn.rsa_key(tmp_path, "pkcs1"), **files)).start()
    refused = expect(server.registry(verify=str(authority.certificate)).get("/v2/"), 401)
    registry = server.registry(auth=("alice", "open sesame"), verify=str(authority.certificate))
    for answer in (refused, registry.get("/v2/"), registry.get("/v2/nothing/tags/list")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] == "https://ui.example.org"
        assert answer.headers["Access-Control-Allow-Methods"] == "HEAD, GET, OPTIONS, DELETE"
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Accept, Cache-Control"
    # A browser asks without credentials.
    expect(server.registry(verify=str(authority.certificate)).request("OPTIONS", "/v2/"), 200)
    image = push_and_pull(registry)
    # The filesystem is no bucket: CloudFront cannot read it, and pulls must not break.
    data = random_bytes(200_000)
    assert registry.blob("team/app", registry.push_blob("team/app", data)) == data
    expect(registry.delete(f"/v2/team/app/manifests/{image.manifest.digest}"), 202)
    assert until(lambda: "'middleware.registry[0]' is cloudfront, which is a middleware of the storage" in server.log)
    assert until(lambda: "cloudfront, which reads buckets of S3 only" in server.log)
    assert until(lambda: "environment=production" in server.log)


def test_its_cloudfront_key_is_used(given, files, tmp_path):
    (tmp_path / "none.pem").write_text("none")
    server = given(EVERYTHING.format(cloudfront=tmp_path / "none.pem", **files)).start(ready=False)
    assert server.wait(20) > 0
    assert until(lambda: "RSA key" in server.log)


def test_its_webhook_gets_pushes_pulls_and_deletions(given, files, authority, tmp_path):
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    got: list[tuple[dict, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.extend((dict(self.headers), event) for event in body["events"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    receiver = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        text = EVERYTHING + WEBHOOK
        url = f"http://127.0.0.1:{receiver.server_port}/event"
        server = given(text.format(cloudfront=cdn.rsa_key(tmp_path, "pkcs1"), url=url, **files)).start()
        registry = server.registry(auth=("alice", "open sesame"), verify=str(authority.certificate))
        image = push_and_pull(registry)
        expect(registry.delete(f"/v2/team/app/manifests/{image.manifest.digest}"), 202)
        wanted = {"push", "pull", "delete"}
        assert until(lambda: {event["action"] for _, event in got} >= wanted, seconds=20), got
        assert {event["action"] for _, event in got} == wanted
        assert all(headers["Authorization"] == "Bearer a-token" for headers, _ in got)
        assert until(lambda: "events" in server.log), "a key that Distribution does not know is spoken of"
    finally:
        receiver.shutdown()
        receiver.server_close()


# (c) A hardened one

HARDENED = """\
version: 0.1
log:
  level: info
storage:
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: false
http:
  addr: :5000
  headers:
    Strict-Transport-Security: [max-age=31536000; includeSubDomains]
    X-Content-Type-Options: [nosniff]
    X-Frame-Options: [DENY]
    Content-Security-Policy: ["default-src 'none'"]
  tls:
    certificate: {certificate}
    key: {key}
    minimumtls: tls1.2
validation:
  manifests:
    urls:
      allow:
        - ^https://
      deny:
        - ^http://
"""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_a_hardened_file_acts(given, files, authority):
    server = given(HARDENED.format(**files)).start()
    registry = server.registry(verify=str(authority.certificate))
    for answer in (registry.get("/v2/"), registry.get("/"), registry.get("/nothing"), registry.get("/v2/a/manifests/x")):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    push_and_pull(registry)
    digest = registry.push_blob("team/app", b"stays")
    expect(registry.delete(f"/v2/team/app/blobs/{digest}"), 405, code="UNSUPPORTED")

    def negotiated(version: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as connection:
                    return connection.version()
        except (ssl.SSLError, ConnectionError):
            return None

    assert negotiated(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert negotiated(ssl.TLSVersion.TLSv1_1) is None

    def push_with_url(url: str):
        image = images.image()
        registry.push_image("team/urls", image)
        value = image.manifest.value
        layer = images.Blob(b"elsewhere", images.OCI_NONDISTRIBUTABLE).descriptor(urls=[url])
        value["layers"].insert(0, layer)
        return registry.put_manifest("team/urls", "1", images.Manifest.of(value))

    expect(push_with_url("https://example.org/layer"), 201)
    expect(push_with_url("http://example.org/layer"), 400, code="MANIFEST_INVALID")


# (d) S3 and CloudFront

ON_S3 = """\
version: 0.1
storage:
  s3:
    accesskey: {access_key}
    secretkey: {secret_key}
    region: us-east-1
    regionendpoint: {endpoint}
    bucket: {bucket}
    encrypt: true
    secure: true
    v4auth: true
http:
  addr: :5000
middleware:
  storage:
    - name: cloudfront
      options:
        baseurl: {cdn}
        privatekey: {cloudfront}
        keypairid: APKAEIBAERJR2EXAMPLE
        duration: 3000s
"""


def test_a_file_for_s3_behind_cloudfront_acts(given, tmp_path):
    bucket = s3.S3(tmp_path / "s3").start()
    try:
        private_key = cdn.rsa_key(tmp_path, "pkcs1")
        with cdn.Distribution(private_key, "APKAEIBAERJR2EXAMPLE", bucket.read) as distribution:
            text = ON_S3.format(
                access_key=s3.ACCESS_KEY,
                secret_key=s3.SECRET_KEY,
                endpoint=bucket.url,
                bucket=s3.BUCKET,
                cdn=distribution.url,
                cloudfront=private_key,
            )
            # Where the metadata would be by itself is no place for a test's.
            server = given(text, env={"REGISTRY_METADATA_URL": f"sqlite:{tmp_path}/cove.db"}).start()
            registry = server.registry()
            push_and_pull(registry)
            data = random_bytes(200_000)
            digest = registry.push_blob("team/app", data)
            url = expect(registry.get(f"/v2/team/app/blobs/{digest}"), 307).headers["Location"]
            assert url.startswith(distribution.url) and distribution.is_signed(url)
            assert requests.get(url, timeout=30).content == data
            for key in bucket.keys():
                assert bucket.client.head_object(Bucket=s3.BUCKET, Key=key)["ServerSideEncryption"] == "AES256"
    finally:
        bucket.stop()


def test_a_file_for_s3_says_where_the_metadata_is_when_it_does_not_say_so_itself(given, tmp_path):
    text = ON_S3.format(
        access_key="a", secret_key="s", endpoint="http://127.0.0.1:9", bucket="b", cdn="https://c/", cloudfront=tmp_path / "k"
    )
    server = given(text)
    done = programs.run(programs.binary(), "config", "check", server.config_path)
    assert "'metadata.url' is missing, so the metadata of the bucket is kept in /var/lib/registry/cove.db" in done.err


# All at once


def test_a_check_says_everything_that_is_wrong(given, files, tmp_path):
    for name in ("bad.pem", "users"):
        (tmp_path / name).write_text("nonsense")
    text = EVERYTHING.format(cloudfront=tmp_path / "bad.pem", **files)
    text = text.replace(files["htpasswd"], str(tmp_path / "users")).replace(files["certificate"], str(tmp_path / "bad.pem"))
    text = text.replace("X-Content-Type-Options:", '"not a header":')
    server = given(text)
    done = programs.run(programs.binary(), "config", "check", server.config_path, check=False)
    assert done.returncode == 1
    for said in ("http.headers: 'not a header'", "auth.htpasswd.path: ", "bad.pem", "cloudfront's privatekey"):
        assert said in done.err, done.err
