"""Behind nginx, as most registries stand: it ends TLS and passes plain HTTP on."""

import os

import pytest

from harness import images, processes, programs
from harness.raw import Registry
from harness.server import free_port, until

NGINX = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@pytest.fixture
def proxied(server, authority, tmp_path):
    """`host:port` of an nginx in front of the shared server."""
    nginx = programs.need("nginx")
    issued = authority.issue("nginx")
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        NGINX.format(
            directory=tmp_path,
            port=port,
            certificate=issued.certificate,
            key=issued.key,
            upstream=server.host,
        )
    )
    process = processes.start(nginx, "-p", tmp_path, "-c", config, log=tmp_path / "error.log")
    registry = Registry(f"https://127.0.0.1:{port}", verify=str(authority.certificate))

    def answers():
        try:
            return registry.get("/v2/").status_code == 200
        except OSError:
            return False

    assert until(answers, seconds=15), (tmp_path / "error.log").read_text()
    yield f"127.0.0.1:{port}"
    processes.stop(process)


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
