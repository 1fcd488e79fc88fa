"""oras: artifacts with files, things attached to images, and finding them again."""

import pytest

from harness import images, programs

oci = pytest.importorskip("oras.oci", reason=programs.MISSING + "oras (PyPI)")
client_module = pytest.importorskip("oras.client", reason=programs.MISSING + "oras (PyPI)")


@pytest.fixture
def oras(tmp_path, monkeypatch):
    """The client, in a directory of its own: it takes files by relative path only."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return client_module.OrasClient(insecure=True, tls_verify=False)


@pytest.fixture
def files(tmp_path):
    """Two files, as oras names them: path and media type."""
    (tmp_path / "notes.txt").write_bytes(b"notes " + images.random_bytes(16))
    (tmp_path / "model.bin").write_bytes(images.random_bytes(100_000))
    return ["notes.txt:text/plain", "model.bin:application/vnd.acme.model"]


def test_oras_pushes_files_and_pulls_them_back(oras, server, repository, files, tmp_path):
    oras.push(target=f"{server.host}/{repository}:v1", files=files, quiet=True)
    pulled = oras.pull(target=f"{server.host}/{repository}:v1", outdir=str(tmp_path / "out"))
    assert len(pulled) == 2
    for name in ("notes.txt", "model.bin"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_oras_pushes_in_chunks(oras, server, repository, registry, files):
    oras.push(target=f"{server.host}/{repository}:v1", files=files, do_chunked=True, chunk_size=30_000, quiet=True)
    layers = registry.get_manifest(repository, "v1").json()["layers"]
    assert [layer["size"] for layer in layers] == [22, 100_000]
    for layer in layers:
        assert images.digest_of(registry.blob(repository, layer["digest"])) == layer["digest"]


def test_oras_lists_and_deletes_tags(oras, server, repository, files):
    target = f"{server.host}/{repository}"
    for tag in ("a", "b", "c"):
        oras.push(target=f"{target}:{tag}", files=files, manifest_annotations={"tag": tag}, quiet=True)
    assert sorted(oras.get_tags(target)) == ["a", "b", "c"]
    assert oras.delete_tags(target, ["b"]) == ["b"]
    assert sorted(oras.get_tags(target)) == ["a", "c"]


@pytest.mark.beyond
def test_oras_attaches_to_an_image_and_discovers_it(oras, server, registry, repository, files):
    image = images.image()
    registry.push_image(repository, image, "app")
    subject = oci.Subject(image.manifest.media_type, image.digest, len(image.manifest.body))
    attached = oras.push(
        target=f"{server.host}/{repository}:sbom",
        files=files[:1],
        subject=subject,
        manifest_annotations={"org.example.kind": "sbom"},
        quiet=True,
    )
    assert attached.headers["OCI-Subject"] == image.digest

    discovered = oras.do_request(f"{server.url}/v2/{repository}/referrers/{image.digest}").json()
    assert [entry["digest"] for entry in discovered["manifests"]] == [attached.headers["Docker-Content-Digest"]]
    assert discovered["manifests"][0]["annotations"] == {"org.example.kind": "sbom"}


def test_oras_logs_in_behind_htpasswd(locked_server, repository, files, tmp_path, monkeypatch):
    config = str(tmp_path / "config.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    signed_in = client_module.OrasClient(insecure=True, tls_verify=False, auth_backend="basic")
    signed_in.login("alice", "open sesame", hostname=locked_server.host, config_path=config)
    signed_in.push(target=f"{locked_server.host}/{repository}:v1", files=files, config_path=config, quiet=True)
    assert signed_in.get_tags(f"{locked_server.host}/{repository}") == ["v1"]
