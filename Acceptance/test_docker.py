"""The Docker engine people already have: what they type every day, against Cove."""

import json
import secrets

import pytest

from harness.engine import Engine
from harness.server import Server


@pytest.fixture
def built(engine: Engine, base_image: str, server: Server, repository: str) -> str:
    """An image of three layers, built here, named for the shared server."""
    name = f"{server.host}/{repository}:1"
    dockerfile = f"FROM {base_image}\nCOPY one /one\nCOPY two /two\nLABEL made=here\nCMD [\"/one\"]\n"
    return engine.build(name, dockerfile, {"one": secrets.token_bytes(4096), "two": secrets.token_bytes(100)})


def test_docker_pushes_what_it_built_and_pulls_the_same_image(engine, built):
    built_id = engine.image_id(built)
    engine("push", built)
    engine.forget(built)
    pulled = engine("pull", built).out
    assert "Downloaded newer image" in pulled
    assert engine.image_id(built) == built_id


def test_docker_prints_the_digest_that_the_registry_has(engine, built, registry, repository):
    printed = engine("push", built).out.rsplit("digest: ", 1)[1].split()[0]
    assert registry.get_manifest(repository, "1").headers["Docker-Content-Digest"] == printed


def test_docker_pushes_the_same_image_again_without_sending_layers(engine, built):
    engine("push", built)
    again = engine("push", built).out
    assert again.count("Layer already exists") == 3
    assert "Pushed" not in again


def test_docker_mounts_layers_from_another_repository(engine, built, server, repository):
    engine("push", built)
    elsewhere = f"{server.host}/{repository}-copy:1"
    engine("tag", built, elsewhere)
    assert f"Mounted from {repository}" in engine("push", elsewhere).out


def test_docker_pulls_all_tags(engine, built, server, repository):
    name = f"{server.host}/{repository}"
    tags = ["2", "3", "edge"]
    for tag in tags:
        engine("tag", built, f"{name}:{tag}")
    engine("push", "--all-tags", name)
    engine.forget(*(f"{name}:{tag}" for tag in ["1", *tags]))
    engine("pull", "--all-tags", name)
    listed = engine("image", "ls", "--format", "{{.Tag}}", name).out.split()
    assert sorted(listed) == ["1", "2", "3", "edge"]


def test_docker_pulls_by_digest(engine, built, server, repository):
    digest = engine("push", built).out.rsplit("digest: ", 1)[1].split()[0]
    built_id = engine.image_id(built)
    engine.forget(built)
    engine("pull", f"{server.host}/{repository}@{digest}")
    assert engine.image_id(f"{server.host}/{repository}@{digest}") == built_id


def test_docker_says_that_an_unknown_tag_is_unknown(engine, server, repository):
    failed = engine("pull", f"{server.host}/{repository}:nothing", check=False)
    assert failed.returncode != 0
    assert "not found" in failed.err or "manifest unknown" in failed.err


def test_docker_builds_from_an_image_of_the_registry(engine, built, server, repository):
    engine("push", built)
    engine.forget(built)
    name = f"{server.host}/{repository}:child"
    engine.build(name, f"FROM {built}\nCOPY three /three\n", {"three": b"3"})
    layers = json.loads(engine("image", "inspect", name).out)[0]["RootFS"]["Layers"]
    assert len(layers) == 4


def test_docker_makes_annotates_pushes_and_inspects_a_manifest_list(engine, base_image, server, repository):
    name = f"{server.host}/{repository}"
    for architecture in ("amd64", "arm64"):
        tag = f"{name}:{architecture}"
        engine("push", engine.build(tag, f"FROM {base_image}\nLABEL architecture={architecture}\n"))
    engine("manifest", "create", "--insecure", f"{name}:all", f"{name}:amd64", f"{name}:arm64")
    engine("manifest", "annotate", f"{name}:all", f"{name}:arm64", "--os", "linux", "--arch", "arm64")
    engine("manifest", "push", "--insecure", f"{name}:all")
    listed = json.loads(engine("manifest", "inspect", "--insecure", f"{name}:all").out)
    platforms = {entry["platform"]["architecture"] for entry in listed["manifests"]}
    assert platforms == {"amd64", "arm64"}
    engine("pull", f"{name}:all")


def test_docker_logs_in_pushes_and_pulls_behind_htpasswd(engine, base_image, locked_server, repository, tmp_path):
    name = f"{locked_server.host}/{repository}:1"
    config = tmp_path / "docker"
    engine("tag", base_image, name)

    refused = engine("push", name, config=config, check=False)
    assert refused.returncode != 0
    assert "no basic auth credentials" in refused.err or "unauthorized" in refused.err

    login = ("login", "--username", "alice", "--password-stdin", locked_server.host)
    wrong = engine(*login, config=config, input="shut sesame", check=False)
    assert wrong.returncode != 0
    assert "unauthorized" in wrong.err.lower()

    assert "Login Succeeded" in engine(*login, config=config, input="open sesame").out
    engine("push", name, config=config)
    engine.forget(name)
    engine("pull", name, config=config)
    engine("logout", locked_server.host, config=config)
    assert engine("pull", name, config=config, check=False).returncode != 0
