"""Pulls by way of a content delivery network: CloudFront's signed URLs, redirects, rewritten URLs."""

import datetime
import json
import re
import urllib.parse

import pytest
import requests

from harness import cdn, s3
from harness.cdn import Distribution, Page
from harness.images import random_bytes
from harness.raw import expect
from harness.server import until

pytestmark = pytest.mark.beyond

KEY_ID = "K2JCJMDEHXQW5F"
SIZE = 200_000  # more than what is sent from memory


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    made = s3.S3(tmp_path_factory.mktemp("s3"))
    yield made.start()
    made.stop()


@pytest.fixture(scope="module")
def private_key(request, tmp_path_factory):
    return cdn.rsa_key(tmp_path_factory.mktemp("key"), getattr(request, "param", "pkcs1"))


@pytest.fixture
def distribution(bucket, private_key):
    def fetch(key: str) -> bytes | None:
        return bucket.read(key) if key in bucket.keys() else None

    with Distribution(private_key, KEY_ID, fetch) as made:
        yield made


@pytest.fixture
def on_s3(bucket, new_server, tmp_path):
    """A server on the bucket, with middleware."""

    def make(*middleware: dict, kind: str = "storage", **storage):
        config = {
            "storage": {
                "filesystem": None,
                "s3": {
                    "accesskey": s3.ACCESS_KEY,
                    "secretkey": s3.SECRET_KEY,
                    "region": s3.REGION,
                    "regionendpoint": bucket.url,
                    "bucket": s3.BUCKET,
                    "rootdirectory": "/images",
                },
                **storage,
            },
            "metadata": {"url": f"sqlite:{tmp_path}/cove.db"},
            "middleware": {kind: list(middleware)},
        }
        return new_server(config).start()

    return make


def cloudfront(distribution: Distribution, private_key, **options) -> dict:
    base = {"baseurl": distribution.url, "privatekey": str(private_key), "keypairid": KEY_ID}
    return {"name": "cloudfront", "options": base | options}


def location_of(registry, repository: str, data: bytes, **options) -> str:
    digest = registry.push_blob(repository, data)
    answer = expect(registry.get(f"/v2/{repository}/blobs/{digest}", **options), 307)
    assert answer.headers["Docker-Content-Digest"] == digest
    return answer.headers["Location"]


@pytest.mark.parametrize("private_key", ["pkcs1", "pkcs8"], indirect=True)
def test_a_signed_url_is_byte_for_byte_the_one_that_botocore_makes(on_s3, distribution, private_key, repository):
    signers = pytest.importorskip("botocore.signers")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    key = serialization.load_pem_private_key(private_key.read_bytes(), None)
    signer = signers.CloudFrontSigner(KEY_ID, lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1()))
    before = datetime.datetime.now(datetime.timezone.utc)
    server = on_s3(cloudfront(distribution, private_key, duration="50m"))
    data = random_bytes(SIZE)
    url = location_of(server.registry(), repository, data)
    bare, _, query = url.partition("?")
    assert re.fullmatch(rf"{distribution.url}/images/cove/[0-9a-f]{{2}}/[0-9a-f.]+", bare)
    seconds = int(urllib.parse.parse_qs(query)["Expires"][0])
    assert 2999 <= seconds - before.timestamp() <= 3060
    end = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    assert url == signer.generate_presigned_url(bare, date_less_than=end)
    assert requests.get(url, timeout=30).content == data
    for broken in (url.replace("/cove/", "/Cove/"), url.replace(f"Expires={seconds}", f"Expires={seconds + 1}"), bare):
        assert requests.get(broken, timeout=30).status_code == 403


def test_docker_pulls_through_cloudfront(on_s3, distribution, private_key, engine, base_image, repository):
    server = on_s3(cloudfront(distribution, private_key))
    name = f"{server.host}/{repository}:1"
    engine.build(name, f"FROM {base_image}\nCOPY large /large\n", {"large": random_bytes(1 << 20)})
    engine("push", name)
    engine.forget(name)
    engine("pull", name)
    engine.forget(name)
    assert distribution.counts[200] >= 1 and distribution.counts[403] == 0


def test_cloudfront_under_the_registry_is_used_as_it_was_meant(on_s3, distribution, private_key, repository):
    server = on_s3(cloudfront(distribution, private_key), kind="registry")
    assert location_of(server.registry(), repository, random_bytes(SIZE)).startswith(distribution.url + "/images/")
    assert until(lambda: "it is used as if it stood under middleware.storage" in server.log)


def test_a_small_blob_comes_from_here(on_s3, distribution, private_key, repository):
    registry = on_s3(cloudfront(distribution, private_key)).registry()
    digest = registry.push_blob(repository, b"small")
    assert registry.blob(repository, digest) == b"small"


def test_clients_in_awss_networks_are_sent_to_the_bucket(on_s3, bucket, distribution, private_key, repository):
    filters = {"ipfilteredby": "awsregion", "awsregion": "eu-west-1, us-east-1", "updatefrequency": "1s"}
    with Page() as page:
        server = on_s3(cloudfront(distribution, private_key, iprangesurl=page.url, **filters))
        registry = server.registry()
        data = random_bytes(SIZE)
        digest = registry.push_blob(repository, data)

        def where(client: str) -> str:
            headers = {"X-Forwarded-For": client}
            answer = expect(registry.get(f"/v2/{repository}/blobs/{digest}", headers=headers), 307)
            url = answer.headers["Location"]
            assert requests.get(url, timeout=30).content == data
            return "cdn" if url.startswith(distribution.url) else "bucket" if url.startswith(bucket.url) else url

        # Nothing is known yet: the list cannot be had, and the server serves all the same.
        assert until(lambda: page.asked > 0)
        assert where("192.0.2.1") == "cdn"
        assert until(lambda: "cannot read which addresses are AWS's" in server.log)
        page.body = json.dumps(
            {
                "prefixes": [
                    {"ip_prefix": "192.0.2.0/24", "region": "us-east-1", "service": "EC2"},
                    {"ip_prefix": "198.51.100.0/24", "region": "ap-south-1", "service": "EC2"},
                ],
                "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32", "region": "eu-west-1", "service": "EC2"}],
            }
        ).encode()
        assert until(lambda: where("192.0.2.1") == "bucket", seconds=15)
        assert where("2001:db8::1") == "bucket"
        for other in ("198.51.100.1", "203.0.113.1", "2001:db9::1"):
            assert where(other) == "cdn"
        # It is gone again: what is known stays.
        page.body = None
        asked = page.asked
        assert until(lambda: page.asked > asked + 1, seconds=15)
        assert where("192.0.2.1") == "bucket"


def test_a_redirect_leads_under_its_url(on_s3, repository):
    server = on_s3({"name": "redirect", "options": {"baseurl": "https://cdn.example.org:8443/images/"}})
    url = location_of(server.registry(), repository, random_bytes(SIZE))
    assert re.fullmatch(r"https://cdn\.example\.org:8443/images/cove/[0-9a-f]{2}/[0-9a-f.]+", url)


def test_rewriting_acts_on_what_is_before_it(on_s3, bucket, repository):
    rewrite = {"scheme": "https", "host": "cdn.example.org", "trimpathprefix": f"/{s3.BUCKET}"}
    registry = on_s3({"name": "rewrite", "options": rewrite}).registry()
    url = location_of(registry, repository, random_bytes(SIZE))
    parts = urllib.parse.urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "cdn.example.org")
    assert parts.path.startswith("/images/cove/")
    assert "X-Amz-Signature" in parts.query


def test_what_is_disabled_does_nothing(on_s3, bucket, repository):
    disabled = {"name": "redirect", "disabled": True, "options": {"baseurl": "https://cdn.example.org"}}
    registry = on_s3(disabled, {"name": "nobody-knows-it", "disabled": True, "options": {"a": "b"}}).registry()
    assert location_of(registry, repository, random_bytes(SIZE)).startswith(bucket.url)


def test_without_redirects_there_is_nothing_to_deliver(on_s3, distribution, private_key, repository):
    server = on_s3(cloudfront(distribution, private_key), redirect={"disable": True})
    data = random_bytes(SIZE)
    registry = server.registry()
    assert registry.blob(repository, registry.push_blob(repository, data)) == data
    assert until(lambda: "'middleware.storage' has nothing to do" in server.log)


def test_on_a_filesystem_the_blobs_come_from_here_unless_the_distribution_can_read_it(
    new_server, private_key, tmp_path, repository
):
    def fetch(path: str) -> bytes | None:
        file = tmp_path / "server-1" / "data" / path
        return file.read_bytes() if file.is_file() else None

    data = random_bytes(SIZE)
    with Distribution(private_key, KEY_ID, fetch) as distribution:
        middleware = {"storage": [cloudfront(distribution, private_key)]}
        plain = new_server({"middleware": middleware}).start()
        registry = plain.registry()
        assert registry.blob(repository, registry.push_blob(repository, data)) == data
        assert plain.said("cloudfront, which reads buckets of S3 only")
        middleware["storage"][0]["options"]["origin"] = "rootdirectory"
        served = new_server({"middleware": middleware}).start()
        url = location_of(served.registry(), repository, data)
        assert requests.get(url, timeout=30).content == data
        assert distribution.counts == {200: 1}


def test_the_files_of_a_redirect_are_where_it_leads(new_server, tmp_path, repository):
    """Any web server over the root directory can be the one that clients are sent to."""
    server = new_server({"middleware": {"storage": [{"name": "redirect", "options": {"baseurl": "http://files/x"}}]}}).start()
    data = random_bytes(SIZE)
    path = urllib.parse.urlsplit(location_of(server.registry(), repository, data)).path
    assert path.startswith("/x/blobs/sha256/")
    assert (server.root / path.removeprefix("/x/")).read_bytes() == data


def test_a_key_that_is_none_keeps_the_server_from_starting(new_server, tmp_path):
    key, text = tmp_path / "key.pem", "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"
    key.write_text(text)
    options = {"baseurl": "https://cdn.example.org", "privatekey": str(key), "keypairid": KEY_ID, "origin": "rootdirectory"}
    server = new_server({"middleware": {"storage": [{"name": "cloudfront", "options": options}]}}).start(ready=False)
    assert server.wait(20) > 0
    assert until(lambda: str(key) in server.log) and "RSA key" in server.log
    assert "c2VjcmV0" not in server.log
