"""skopeo: copies between a directory and the registry, and looks at what is there."""

import json

import pytest

from harness import images

PLAIN = ("--dest-tls-verify=false",)


@pytest.fixture
def layout(tmp_path):
    """An OCI layout with an image `one` of two layers and a multi-platform index `all`."""
    one = images.image({"a": images.random_bytes(5000)}, {"b": images.random_bytes(5000)})
    two = images.image(architecture="arm64")
    everything = images.index(one.manifest, two.manifest)
    contents = [one.manifest, two.manifest, *one.blobs, *two.blobs]
    return images.write_layout(tmp_path / "layout", {"one": one.manifest, "all": everything}, contents)


def digests(layout, tag):
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    return [entry["digest"] for entry in entries if entry["annotations"]["org.opencontainers.image.ref.name"] == tag][0]


def test_skopeo_copies_an_image_in_and_out_unchanged(skopeo, server, repository, layout, tmp_path):
    there = f"docker://{server.host}/{repository}:1"
    skopeo("copy", *PLAIN, f"oci:{layout}:one", there)
    skopeo("copy", "--src-tls-verify=false", there, f"oci:{tmp_path}/back:one")
    assert digests(tmp_path / "back", "one") == digests(layout, "one")


def test_skopeo_copies_every_platform_of_an_index(skopeo, server, registry, repository, layout, tmp_path):
    there = f"docker://{server.host}/{repository}:all"
    skopeo("copy", "--all", *PLAIN, f"oci:{layout}:all", there)
    served = registry.get_manifest(repository, "all")
    assert served.headers["Docker-Content-Digest"] == digests(layout, "all")
    skopeo("copy", "--all", "--src-tls-verify=false", there, f"oci:{tmp_path}/back:all")
    assert digests(tmp_path / "back", "all") == digests(layout, "all")


def test_skopeo_converts_to_docker_schema_2_on_the_way_in(skopeo, server, registry, repository, layout):
    skopeo("copy", *PLAIN, "--format", "v2s2", f"oci:{layout}:one", f"docker://{server.host}/{repository}:1")
    assert registry.get_manifest(repository, "1").headers["Content-Type"] == images.DOCKER_MANIFEST


def test_skopeo_pushes_layers_compressed_with_zstd(skopeo, server, registry, repository, layout, tmp_path):
    there = f"docker://{server.host}/{repository}:zstd"
    # Only what is not compressed yet is compressed by skopeo: the layers go through a `dir:` first.
    skopeo("copy", "--dest-decompress", f"oci:{layout}:one", f"dir:{tmp_path}/plain")
    skopeo("copy", *PLAIN, "--format", "oci", "--dest-compress-format", "zstd", f"dir:{tmp_path}/plain", there)
    layers = registry.get_manifest(repository, "zstd").json()["layers"]
    assert {layer["mediaType"] for layer in layers} == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    skopeo("copy", "--src-tls-verify=false", there, f"oci:{tmp_path}/back:zstd")


def test_skopeo_inspects_an_image_its_configuration_and_its_raw_manifest(skopeo, server, registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1")
    there = f"docker://{server.host}/{repository}:1"
    inspected = json.loads(skopeo("inspect", "--tls-verify=false", there).out)
    assert inspected["Digest"] == image.digest
    assert inspected["RepoTags"] == ["1"]
    assert json.loads(skopeo("inspect", "--tls-verify=false", "--config", there).out)["architecture"] == "amd64"
    assert skopeo("inspect", "--tls-verify=false", "--raw", there).stdout == image.manifest.body


def test_skopeo_lists_more_tags_than_a_page_holds(skopeo, server, registry, repository):
    image = images.image()
    tags = [f"v{number:04}" for number in range(250)]
    registry.push_image(repository, image, *tags)
    listed = json.loads(skopeo("list-tags", "--tls-verify=false", f"docker://{server.host}/{repository}").out)
    assert sorted(listed["Tags"]) == tags


def test_skopeo_deletes_an_image(skopeo, server, registry, repository):
    digest = registry.push_image(repository, images.image(), "1")
    skopeo("delete", "--tls-verify=false", f"docker://{server.host}/{repository}:1")
    assert registry.get_manifest(repository, digest).status_code == 404
    assert registry.get_manifest(repository, "1").status_code == 404


def test_skopeo_syncs_a_repository_to_a_directory_and_back(skopeo, server, registry, repository, tmp_path):
    pushed = {tag: images.image() for tag in ("1", "2", "3")}
    for tag, image in pushed.items():
        registry.push_image(repository, image, tag)
    source = f"{server.host}/{repository}"
    skopeo("sync", "--src-tls-verify=false", "--src", "docker", "--dest", "dir", source, tmp_path / "synced")
    destination = f"{server.host}/{repository}-copy"
    skopeo("sync", *PLAIN, "--src", "dir", "--dest", "docker", tmp_path / "synced", destination)
    name = repository.rsplit("/", 1)[1]
    for tag, image in pushed.items():
        served = registry.get_manifest(f"{repository}-copy/{name}", tag)
        assert served.content == image.manifest.body


def test_skopeo_syncs_between_two_servers(skopeo, server, registry, new_server, repository):
    digest = registry.push_image(repository, images.image(), "1")
    other = new_server().start()
    skopeo(
        *("sync", "--all", "--src-tls-verify=false", *PLAIN, "--src", "docker", "--dest", "docker"),
        *(f"{server.host}/{repository}", f"{other.host}/mirror"),
    )
    name = repository.rsplit("/", 1)[1]
    served = other.registry().get_manifest(f"mirror/{name}", "1")
    assert served.headers["Docker-Content-Digest"] == digest


def test_skopeo_logs_in_and_copies_behind_htpasswd(skopeo, locked_server, repository, layout):
    skopeo("login", "--tls-verify=false", "--username", "alice", "--password", "open sesame", locked_server.host)
    skopeo("copy", *PLAIN, f"oci:{layout}:one", f"docker://{locked_server.host}/{repository}:1")
    skopeo("logout", locked_server.host)
    refused = skopeo("inspect", "--tls-verify=false", f"docker://{locked_server.host}/{repository}:1", check=False)
    assert refused.returncode != 0
