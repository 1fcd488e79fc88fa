"""umoci: an OCI layout edited by hand, carried in and out by skopeo."""

import json

import pytest

from harness import images, programs


@pytest.fixture
def umoci(tmp_path):
    path = programs.need("umoci")
    return lambda *arguments: programs.run(path, *arguments, cwd=tmp_path)


def test_an_image_made_with_umoci_goes_through_the_registry(umoci, skopeo, server, repository, tmp_path):
    content = tmp_path / "content"
    content.write_bytes(images.random_bytes(1000))
    umoci("init", "--layout", "layout")
    umoci("new", "--image", "layout:1")
    umoci("insert", "--rootless", "--image", "layout:1", content, "/content")
    umoci("config", "--image", "layout:1", "--config.label", "made=here")

    there = f"docker://{server.host}/{repository}:1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{tmp_path}/layout:1", there)
    skopeo("copy", "--src-tls-verify=false", there, f"oci:{tmp_path}/back:1")

    before = json.loads(umoci("stat", "--image", "layout:1", "--json").out)
    assert json.loads(umoci("stat", "--image", "back:1", "--json").out) == before
    umoci("unpack", "--rootless", "--image", "back:1", "bundle")
    assert (tmp_path / "bundle/rootfs/content").read_bytes() == content.read_bytes()


def test_an_image_repacked_with_umoci_shares_its_layers(umoci, skopeo, server, registry, repository, tmp_path):
    image = images.image()
    registry.push_image(repository, image, "1")
    there = f"docker://{server.host}/{repository}"
    skopeo("copy", "--src-tls-verify=false", f"{there}:1", f"oci:{tmp_path}/layout:1")
    umoci("unpack", "--rootless", "--image", "layout:1", "bundle")
    (tmp_path / "bundle/rootfs/added").write_text("added")
    umoci("repack", "--image", "layout:2", "bundle")
    skopeo("copy", "--dest-tls-verify=false", f"oci:{tmp_path}/layout:2", f"{there}:2")
    layers = registry.get_manifest(repository, "2").json()["layers"]
    assert len(layers) == 2
    assert layers[0]["digest"] == image.manifest.value["layers"][0]["digest"]
