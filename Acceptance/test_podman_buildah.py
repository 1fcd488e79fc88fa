"""podman and buildah: build, push, pull, manifest lists and logins, with storage of the test's own."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import images, programs

PLAIN = "--tls-verify=false"


class Containers:
    """Runs podman or buildah on storage below one directory."""

    def __init__(self, directory: Path):
        programs.need_root("podman and buildah with the vfs driver")
        policy = directory / "policy.json"
        policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        (directory / "auth.json").write_text("{}")
        self.policy = ("--signature-policy", policy)
        self.storage = ("--storage-driver", "vfs", "--root", directory / "root", "--runroot", directory / "run")
        self.directory = directory
        self.env = programs.environment(
            HOME=str(directory),
            BUILDAH_ISOLATION="chroot",
            REGISTRY_AUTH_FILE=str(directory / "auth.json"),
        )

    def podman(self, *arguments: object, **options):
        own = ("--cgroup-manager", "cgroupfs", "--events-backend", "none", "--tmpdir", self.directory / "tmp")
        return programs.run(programs.need("podman"), *self.storage, *own, *arguments, env=self.env, **options)

    def buildah(self, *arguments: object, **options):
        return programs.run(programs.need("buildah"), *self.storage, *arguments, env=self.env, **options)

    def build(self, name: str) -> str:
        """An image made with buildah, from scratch, of one random file."""
        container = self.buildah("from", *self.policy, "scratch").out.strip()
        content = self.directory / "content"
        content.write_bytes(images.random_bytes(10_000))
        self.buildah("copy", container, content, "/content")
        self.buildah("config", "--label", "made=here", "--cmd", "/content", container)
        self.buildah("commit", *self.policy, "--rm", container, name)
        return name


@pytest.fixture
def containers() -> Iterator[Containers]:
    # podman wants a run root of at most 50 characters; pytest's directories are longer.
    directory = Path(tempfile.mkdtemp(prefix="cove-"))
    yield Containers(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def pushed(containers, server, repository) -> str:
    programs.need("buildah")
    name = containers.build(f"{server.host}/{repository}:1")
    containers.buildah("push", *containers.policy, PLAIN, name)
    return name


def test_buildah_builds_pushes_and_pulls(containers, pushed):
    before = containers.buildah("images", "--quiet", "--no-trunc", pushed).out
    containers.buildah("rmi", pushed)
    containers.buildah("pull", *containers.policy, PLAIN, pushed)
    assert containers.buildah("images", "--quiet", "--no-trunc", pushed).out == before


def test_buildah_starts_from_an_image_of_the_registry(containers, pushed, server, repository, registry):
    containers.buildah("rmi", pushed)
    container = containers.buildah("from", *containers.policy, PLAIN, pushed).out.strip()
    child = f"{server.host}/{repository}:child"
    containers.buildah("config", "--env", "CHILD=yes", container)
    containers.buildah("commit", *containers.policy, container, child)
    containers.buildah("push", *containers.policy, PLAIN, child)
    assert sorted(registry.tags(repository)) == ["1", "child"]


def test_podman_pulls_what_buildah_pushed_and_pushes_it_elsewhere(containers, pushed, server, registry, repository):
    programs.need("podman")
    containers.podman("rmi", pushed)
    containers.podman("pull", PLAIN, pushed)
    label = containers.podman("image", "inspect", "--format", "{{.Labels.made}}", pushed).out.strip()
    assert label == "here"
    elsewhere = f"{server.host}/{repository}-copy:2"
    containers.podman("tag", pushed, elsewhere)
    containers.podman("push", PLAIN, elsewhere)
    assert registry.tags(f"{repository}-copy") == ["2"]


def test_podman_pushes_layers_compressed_with_zstd(containers, pushed, server, registry, repository):
    programs.need("podman")
    name = containers.build(f"{server.host}/{repository}:zstd")
    containers.podman("push", PLAIN, "--format", "oci", "--compression-format", "zstd", name)
    layers = registry.get_manifest(repository, "zstd").json()["layers"]
    assert {layer["mediaType"] for layer in layers} == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    containers.podman("rmi", name)
    containers.podman("pull", PLAIN, name)


def test_podman_pushes_a_manifest_list_with_all_its_images(containers, server, registry, repository):
    programs.need("podman")
    name = f"{server.host}/{repository}"
    containers.podman("manifest", "create", f"{name}:all")
    for architecture in ("amd64", "arm64"):
        image = containers.build(f"{name}:{architecture}")
        containers.podman("manifest", "add", "--arch", architecture, f"{name}:all", f"containers-storage:{image}")
    containers.podman("manifest", "push", "--all", PLAIN, f"{name}:all", f"docker://{name}:all")
    entries = registry.get_manifest(repository, "all").json()["manifests"]
    assert {entry["platform"]["architecture"] for entry in entries} == {"amd64", "arm64"}
    for entry in entries:
        assert registry.get_manifest(repository, entry["digest"]).status_code == 200


def test_podman_logs_in_and_pushes_behind_htpasswd(containers, locked_server, repository):
    programs.need("podman")
    name = containers.build(f"{locked_server.host}/{repository}:1")
    assert containers.podman("push", PLAIN, name, check=False).returncode != 0
    login = ("login", PLAIN, "--username", "alice", "--password-stdin", locked_server.host)
    assert containers.podman(*login, input="shut sesame", check=False).returncode != 0
    containers.podman(*login, input="open sesame")
    containers.podman("push", PLAIN, name)
    containers.podman("pull", PLAIN, name)


def test_podman_searches_the_catalog(containers, pushed, server, repository):
    programs.need("podman")
    found = containers.podman("search", PLAIN, "--format", "{{.Name}}", f"{server.host}/{repository}").out.split()
    assert f"{server.host}/{repository}" in found


def test_podman_lists_the_tags(containers, pushed, server, repository):
    programs.need("podman")
    listed = containers.podman("search", PLAIN, "--list-tags", "--format", "json", pushed.removesuffix(":1")).out
    assert json.loads(listed)[0]["Tags"] == ["1"]
