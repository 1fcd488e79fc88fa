"""Behind nginx, as most registries stand: it ends TLS and passes plain HTTP on."""

import os

import pytest

from harness import images, programs
from harness.nginx import Nginx
from harness.raw import Registry, expect
from harness.server import until


@pytest.fixture
def proxied(server, authority, tmp_path):
    """`host:port` of an nginx in front of the shared server, with the file that Cove ships."""
    nginx = Nginx(tmp_path / "nginx", [server.host], authority.issue("nginx")).start()
    yield nginx.tls_host
    nginx.stop()


def test_skopeo_pushes_and_pulls_through_nginx(skopeo, proxied, registry, repository, authority, tmp_path):
    image = images.image({"large": images.random_bytes(5_000_000)})
    layout = images.write_layout(tmp_path / "layout", {"1": image.manifest}, image.blobs)
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    os.link(authority.certificate, certificates / "ca.crt")
    there = f"docker://{proxied}/{repository}:1"
    skopeo("copy", "--dest-cert-dir", certificates, f"oci:{layout}:1", there)
    skopeo("copy", "--src-cert-dir", certificates, there, f"dir:{tmp_path}/back")
    assert (tmp_path / "back/manifest.json").read_bytes() == image.manifest.body
    assert registry.get_manifest(repository, "1").content == image.manifest.body


def test_docker_pushes_and_pulls_through_nginx(engine, base_image, proxied, repository):
    name = f"{proxied}/{repository}:1"
    engine("tag", base_image, name)
    engine("push", name)
    engine.forget(name)
    engine("pull", name)
    engine.forget(name)


def test_locations_name_the_proxy(proxied, authority, repository):
    registry = Registry(f"https://{proxied}", verify=str(authority.certificate))
    location = registry.post(f"/v2/{repository}/blobs/uploads/").headers["Location"]
    assert location.startswith(f"https://{proxied}/v2/{repository}/blobs/uploads/")


def test_nginx_speaks_http_2_and_no_old_tls(proxied, authority, repository):
    curl = (programs.need("curl"), "--silent", "--cacert", authority.certificate, "--output", os.devnull)
    url = f"https://{proxied}/v2/"
    spoken = programs.run(*curl, "--http2", "--write-out", "%{http_version} %{http_code}", url)
    assert spoken.out == "2 200"
    assert programs.run(*curl, "--tls-max", "1.1", url, check=False).returncode != 0


def test_a_client_cannot_say_through_nginx_where_locations_lead(proxied, authority, repository):
    registry = Registry(f"https://{proxied}", verify=str(authority.certificate))
    said = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=http", "X-Forwarded-Proto": "http"}
    begun = expect(registry.post(f"/v2/{repository}/blobs/uploads/", headers=said), 202)
    assert begun.headers["Location"].startswith(f"https://{proxied}/v2/")


def test_the_log_of_the_registry_has_the_address_of_the_client_behind_nginx(proxied, authority, server):
    registry = Registry(f"https://{proxied}", verify=str(authority.certificate))
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "asked-through-nginx"}
    expect(registry.get("/v2/", headers=headers), 200)
    (line,) = until(lambda: [line for line in server.log.splitlines() if "asked-through-nginx" in line])
    assert "203.0.113.7" in line
