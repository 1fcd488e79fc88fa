"""From registry:2 and back: its files served by Cove, its commands, and what Cove has served by it again."""

import contextlib
import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import images, processes, programs
from harness.raw import Registry, expect
from harness.registry2 import TREE, Files, Registry2, Truth
from harness.server import Server, until

pytestmark = pytest.mark.beyond


def cove(*arguments, check=True, **options):
    return programs.run(programs.binary(), *arguments, check=check, **options)


@dataclass
class Store:
    root: Path
    truth: Truth
    deleted: str
    untagged: str
    upload: str
    layer: str


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Store:
    """A store that docker-registry has filled: images, an index, schema 2, moved, deleted and half things."""
    directory = tmp_path_factory.mktemp("registry2")
    with Registry2(directory / "server", directory / "data") as server:
        registry = server.registry()
        truth = Truth()
        one, two = images.image({"a": b"one"}, {"b": images.random_bytes(200_000)}), images.image({"a": b"two"})
        registry.push_image("app", one, "1", "latest")
        registry.push_image("app", two, "2", "latest")
        docker = images.image({"d": b"docker"}, docker=True)
        registry.push_image("deep/er/app", docker, "schema2")
        both = images.index(one.manifest, docker.manifest, docker=True)
        registry.push_image("multi", one)
        registry.push_image("multi", docker)
        registry.push_manifest("multi", "all", both)
        registry.push_manifest("multi", "oci", images.index(one.manifest))
        untagged = registry.push_image("deep/er/app", images.image({"u": b"untagged"}))
        deleted = registry.push_image("deep/er/app", images.image({"x": b"deleted"}), "gone")
        expect(registry.delete(f"/v2/deep/er/app/manifests/{deleted}"), 202)
        upload = registry.start_upload("app")
        expect(registry.patch(upload, data=b"half of it"), 202)
        truth.read(registry, "app", "1", "2", "latest", one.digest)
        truth.read(registry, "deep/er/app", "schema2", untagged)
        truth.read(registry, "multi", "all", "oci", one.digest, docker.digest)
    layer = images.digest_of(one.blobs[2].data)
    return Store(directory / "data", truth, deleted, untagged, upload, layer)


@pytest.fixture
def store(made, tmp_path) -> Store:
    """A copy for one test."""
    root = shutil.copytree(made.root, tmp_path / "store")
    return Store(root, made.truth, made.deleted, made.untagged, made.upload, made.layer)


def on(root: Path, **storage) -> dict:
    return {"storage": {"filesystem": {"rootdirectory": str(root)}} | storage}


def wait_for(server: Server, words: str, seconds: float = 60) -> None:
    assert until(lambda: words in server.log, seconds=seconds), server.log[-3000:]


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in (root / TREE).rglob("*") if path.is_file()}


def test_a_server_on_the_old_directory_serves_everything(new_server, store):
    before = files_of(store.root)
    server = new_server(on(store.root)).start()
    wait_for(server, "registry:2's files are imported")
    assert "found files of registry:2" in server.log
    registry = server.registry()
    store.truth.compare(registry)
    assert sorted(expect(registry.get("/v2/_catalog"), 200).json()["repositories"]) == ["app", "deep/er/app", "multi"]
    expect(registry.get_manifest("deep/er/app", store.deleted), 404)
    # Old and new side by side: a push, a pull of both, a restart, and nothing of the old files has changed.
    new = images.image({"n": b"new"})
    registry.push_image("app", new, "new")
    server.restart()
    registry = server.registry()
    assert registry.get_manifest("app", "new").content == new.manifest.body
    assert registry.blob("app", store.layer)
    assert server.log.count("found files of registry:2") == 1
    assert files_of(store.root) == before
    assert any((store.root / TREE).rglob("_uploads/*/data")), "the half upload is left alone"


def test_what_is_deleted_in_cove_does_not_come_back(new_server, store):
    server = new_server(on(store.root, delete={"enabled": True})).start()
    wait_for(server, "registry:2's files are imported")
    expect(server.registry().delete("/v2/app/manifests/1"), 202)
    expect(server.registry().delete(f"/v2/deep/er/app/manifests/{store.untagged}"), 202)
    server.stop()
    report = json.loads(cove("import", store.root, "--json").out)
    assert (report["tags"], report["manifests"]) == (0, 0)
    server.start()
    assert sorted(server.registry().tags("app")) == ["2", "latest"]
    expect(server.registry().get_manifest("deep/er/app", store.untagged), 404)


def test_the_command_imports_and_says_what_is_broken(new_server, store):
    tags = store.root / TREE / "repositories" / "app" / "_manifests" / "tags"
    (tags / "2" / "current" / "link").write_text("sha256:oops")
    Files(store.root).data(store.layer).unlink()
    dry = cove("import", store.root, "--dry-run", "--json", check=False)
    assert dry.returncode == 2 and not (store.root / "cove.db").exists()
    done = cove("import", store.root, "--json", check=False)
    assert done.returncode == 2, done.err
    report = json.loads(done.out)
    assert report["findings"] == json.loads(dry.out)["findings"]
    damage = {(found["kind"], found["path"].removeprefix(str(TREE) + "/repositories/")) for found in report["found"] if found["damage"]}
    revisions = {f"{name}/_manifests/revisions/sha256/{Path(path).parent.name}/link" for name, path in _users_of(store)}
    assert damage == {("brokenLink", "app/_manifests/tags/2/current/link")} | {("missingBlob", path) for path in revisions}
    assert report["findings"]["halfUpload"] == 1
    assert report["findings"]["deadLayerLink"] == 2
    # A second run changes nothing, and says the same of what is broken.
    again = json.loads(cove("import", store.root, "--json", check=False).out)
    assert (again["tags"], again["manifests"], again["found"]) == (0, 0, report["found"])

    server = new_server(on(store.root)).start()
    registry = server.registry()
    assert sorted(registry.tags("app")) == ["1", "latest"]
    for (repository, reference), (body, _) in store.truth.manifests.items():
        if (repository, reference) != ("app", "2"):
            assert expect(registry.get_manifest(repository, reference), 200).content == body
    lost = {(repository, digest) for repository, digest in store.truth.blobs if digest == store.layer}
    for repository, digest in store.truth.blobs - lost:
        assert images.digest_of(registry.blob(repository, digest)) == digest
    for repository, digest in lost:
        assert not registry.has_blob(repository, digest)


def _users_of(store: Store):
    """Revision links of the manifests that have `store.layer`."""
    for (repository, _), (body, _) in store.truth.manifests.items():
        if store.layer.encode() in body:
            yield repository, f"{images.digest_of(body).removeprefix('sha256:')}/link"


def test_without_anything_to_import_it_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments, word in [
        ([tmp_path / "empty"], "docker/registry/v2"),
        ([tmp_path / "nothing"], "nothing"),
        (["s3://bucket/prefix"], "--config"),
    ]:
        done = cove("import", *arguments, check=False)
        assert done.returncode == 1 and word in done.err, done.err


def test_another_directory_than_the_configurations_is_refused(new_server, store, tmp_path):
    server = new_server(on(tmp_path / "elsewhere"))
    done = cove("import", store.root, "--config", server.config_path, check=False)
    assert done.returncode == 1
    assert str(store.root) in done.err and "cp -al" in done.err


def tags_in(root: Path) -> int:
    """How many tags are in the store already."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{root}/cove.db?mode=ro", uri=True, timeout=1)) as store:
            return store.execute("SELECT COUNT(*) FROM tag").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


@pytest.fixture
def many_files(tmp_path) -> Iterator[Path]:
    """A directory in memory where there is room: a hundred thousand files are made and removed there in a tenth of the time."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 4 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="cove-", dir=memory) as directory:
        yield Path(directory)


@pytest.mark.parametrize("tags", [1500, pytest.param(20_000, marks=pytest.mark.slow)])
def test_an_import_killed_at_any_moment_goes_on(new_server, tmp_path, many_files, tags):
    root = many_files / "many"
    made = Files(root).many(tags)
    kills = 0
    for share in (0.05, 0.3, 0.6):
        process = processes.start(programs.binary(), "import", root, log=tmp_path / "import.log")
        assert until(lambda: tags_in(root) > share * tags or process.poll() is not None, seconds=120, every=0.01)
        kills += process.poll() is None
        processes.kill(process)
    assert kills >= 2, "it was too fast to be killed"
    began = time.monotonic()
    report = json.loads(cove("import", root, "--json").out)
    print(f"{report['tags']} of {tags} tags in {time.monotonic() - began:.1f} s after {kills} kills, {report['seconds']} s of it importing")
    assert report["tags"] + report["knownTags"] == tags
    assert not report["damaged"] and report["findings"] == {}
    server = new_server(on(root)).start()
    registry = server.registry()
    for name, expected in made.items():
        assert sorted(registry.tags(name)) == sorted(expected)
        for tag in random.sample(sorted(expected), 20):
            assert registry.get_manifest(name, tag).headers["Docker-Content-Digest"] == expected[tag]
    assert json.loads(cove("import", root, "--json", timeout=300).out)["tags"] == 0


def test_images_can_be_pulled_while_the_import_runs(new_server, tmp_path):
    made = Files(tmp_path / "many").many(1500, repositories=30)
    server = new_server(on(tmp_path / "many")).start()
    registry = server.registry()
    first = until(lambda: expect(registry.get("/v2/_catalog"), 200).json()["repositories"], seconds=30)[0]
    tag = until(lambda: registry.get(f"/v2/{first}/tags/list").json().get("tags"), seconds=30)[0]
    assert "registry:2's files are imported" not in server.log, "there was more to import when the first image was there"
    assert registry.get_manifest(first, tag).headers["Docker-Content-Digest"] == made[first][tag]
    assert registry.blob(first, images.digest_of(b"layer 0")) == b"layer 0"
    # Killed in the middle, it goes on by itself after a restart.
    server.kill()
    server.start()
    wait_for(server, "registry:2's files are imported")
    assert "going on with the import" in server.log
    assert sum(len(server.registry().tags(name)) for name in made) == 1500


def test_the_command_works_beside_a_server(new_server, store):
    server = new_server(on(store.root, **{"import": "off"})).start()
    wait_for(server, "storage.import is off")
    expect(server.registry().get_manifest("app", "1"), 404)
    cove("import", "--config", server.config_path)
    store.truth.compare(server.registry())


def test_what_cove_has_is_served_by_registry_2_again(new_server, store, tmp_path):
    server = new_server(on(store.root, delete={"enabled": True})).start()
    wait_for(server, "registry:2's files are imported")
    registry = server.registry()
    new = images.image({"n": images.random_bytes(300_000)})
    registry.push_image("app", new, "new", "latest")
    expect(registry.delete("/v2/app/manifests/1"), 202)
    truth = Truth()
    for repository, reference in list(store.truth.manifests):
        if (repository, reference) != ("app", "1"):
            truth.read(registry, repository, reference)
    truth.read(registry, "app", "new", new.digest)

    report = json.loads(cove("export", "registry2", tmp_path / "out", "--config", server.config_path, "--json").out)
    assert report["missing"] == [] and report["copied"] == 0 and report["linked"] > 0
    with Registry2(tmp_path / "peer", tmp_path / "out") as peer:
        truth.compare(peer.registry())
    again = json.loads(cove("export", "registry2", tmp_path / "out", "--config", server.config_path, "--json").out)
    assert again["linked"] == 0 and again["kept"] == report["linked"] + report["kept"]
    # And in the same place: registry:2 takes over the directory that it was taken from.
    server.stop()
    report = json.loads(cove("export", "registry2", store.root, "--prune", "--config", server.config_path, "--json").out)
    assert report["pruned"] == 1
    with Registry2(tmp_path / "back", store.root) as back:
        truth.compare(back.registry())
        assert "1" not in back.registry().tags("app")


# Commands of registry:2


def garbage(registry: Registry, repository: str) -> tuple[str, str]:
    """An image whose manifest has been deleted: the digest of its layer, and of a layer that stays."""
    gone, kept = images.image({"g": images.random_bytes(50_000)}), images.image({"k": b"kept"})
    registry.push_image(repository, gone, "gone")
    registry.push_image(repository, kept, "kept")
    expect(registry.delete(f"/v2/{repository}/manifests/{gone.digest}"), 202)
    return images.digest_of(gone.blobs[1].data), images.digest_of(kept.blobs[1].data)


@pytest.mark.parametrize("running", [True, False])
def test_garbage_is_collected_beside_a_server_and_without_one(new_server, running):
    server = new_server().start()
    registry = server.registry()
    gone, kept = garbage(registry, "app")
    size = sum(path.stat().st_size for path in server.files("blobs"))
    if not running:
        server.stop()
    dry = cove("garbage-collect", "--dry-run", server.config_path)
    assert f"blob eligible for deletion: {gone}" in dry.out
    done = cove("garbage-collect", server.config_path)
    assert dry.out.replace("would be freed", "freed") == done.out
    assert f"blob eligible for deletion: {gone}" in done.out and kept not in done.out
    freed = size - sum(path.stat().st_size for path in server.files("blobs"))
    assert f"\n{freed} bytes freed\n" in done.out and freed > 50_000
    if not running:
        server.start()
        registry = server.registry()
    assert not registry.has_blob("app", gone)
    assert registry.blob("app", kept)
    assert cove("garbage-collect", "--quiet", server.config_path).out == ""
    assert json.loads(cove("garbage-collect", "--json", server.config_path).out)["blobs"] == 0


def test_delete_untagged_keeps_what_an_index_or_a_subject_holds(new_server):
    server = new_server().start()
    registry = server.registry()
    old, new, child = images.image(), images.image(), images.image()
    registry.push_image("app", old, "latest")
    registry.push_image("app", new, "latest")
    registry.push_image("app", child)
    registry.push_manifest("app", "all", images.index(child.manifest))
    signature = images.artifact("text/signature", b"signed", subject=child.manifest)
    registry.push_image("app", signature)
    done = json.loads(cove("garbage-collect", "-m", "--json", server.config_path).out)
    assert (done["manifests"], done["byServer"]) == (1, True)
    expect(registry.get_manifest("app", old.digest), 404)
    for digest in (new.digest, child.digest, signature.digest):
        expect(registry.get_manifest("app", digest), 200)
    assert len(registry.referrers("app", child.digest)) == 1
    # Pushed a moment ago, and its tag may be about to come.
    fresh = registry.push_image("app", images.image())
    assert json.loads(cove("garbage-collect", "-m", "--json", server.config_path).out)["youngManifests"] == 1
    done = json.loads(cove("garbage-collect", "-m", "--grace", "0s", "--json", server.config_path).out)
    assert done["manifests"] == 1
    expect(registry.get_manifest("app", fresh), 404)


def test_a_collection_that_cannot_be_says_why(tmp_path, new_server):
    server = new_server()
    done = cove("garbage-collect", server.config_path, check=False)
    assert done.returncode == 1 and "nothing was pushed" in done.err
    done = cove("garbage-collect", "--grace", "soon", server.config_path, check=False)
    assert done.returncode == 1 and "soon" in done.err


@pytest.mark.parametrize("name", ["registry", "docker-registry"])
def test_under_the_name_of_registry_it_takes_registrys_commands(new_server, tmp_path, name):
    binary = tmp_path / name
    binary.symlink_to(programs.binary())
    assert programs.run(binary, "--version").out == programs.run(binary, "-v").out
    assert programs.run(binary, "--version").out.startswith("registry ")
    refused = programs.run(binary, "serve", check=False)
    assert refused.returncode != 0 and "REGISTRY_CONFIGURATION_PATH" in refused.err
    server = new_server()
    env = programs.environment(REGISTRY_CONFIGURATION_PATH=str(server.config_path))
    server.process = processes.start(binary, "serve", log=server.log_path, env=env, cwd=tmp_path)
    server.wait_until_ready()
    gone, _ = garbage(server.registry(), "app")
    done = programs.run(binary, "garbage-collect", "--delete-untagged", server.config_path)
    assert f"blob eligible for deletion: {gone}" in done.out
    assert "0 blobs and" in programs.run(binary, "garbage-collect", "-d", "-m", env=env).out
