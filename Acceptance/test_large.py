"""Large things: many layers, large layers, many platforms, and clients that get in each other's way."""

import concurrent.futures
import hashlib
import signal
import subprocess
import time

import pytest

from harness import images, programs
from harness.raw import expect, target

pytestmark = pytest.mark.slow


def push_stream(server, repository: str, stream: images.Stream, chunked: bool = True) -> str:
    """POST, one PATCH with the whole body as docker sends it, PUT."""
    registry = server.registry()
    digest = stream.digest
    location = registry.start_upload(repository)
    with server.connect(timeout=120) as connection:
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(stream.size)}
        connection.request("PATCH", target(location), {"Content-Type": "application/octet-stream"} | length)
        assert connection.send_pieces(stream, chunked), connection.response().text
        patched = expect(connection.response(), 202)
    expect(registry.finish_upload(patched.headers["Location"], digest, timeout=120), 201)
    return digest


def test_an_image_of_100_layers_is_built_pushed_and_pulled_by_docker(engine, base_image, server, registry, repository):
    name = f"{server.host}/{repository}:100"
    layers = [{f"layer-{number}": images.random_bytes(200)} for number in range(100)]
    registry.push_image(repository, images.image(*layers), "100")
    engine("pull", name)
    copy = f"{server.host}/{repository}-copy:100"
    engine("tag", name, copy)
    engine("push", copy)
    assert len(registry.get_manifest(f"{repository}-copy", "100").json()["layers"]) == 100
    engine.forget(name, copy)


def test_an_image_of_100_layers_goes_through_skopeo_both_ways(skopeo, server, registry, repository, tmp_path):
    image = images.image(*({f"layer-{number}": images.random_bytes(20_000)} for number in range(100)))
    layout = images.write_layout(tmp_path / "layout", {"100": image.manifest}, image.blobs)
    there = f"docker://{server.host}/{repository}:100"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:100", there)
    skopeo("copy", "--src-tls-verify=false", there, f"dir:{tmp_path}/back")
    assert (tmp_path / "back/manifest.json").read_bytes() == image.manifest.body
    for blob in image.blobs:
        assert (tmp_path / "back" / blob.digest.removeprefix("sha256:")).read_bytes() == blob.data


def test_a_layer_of_2_gib_is_streamed_in_and_pulled_by_skopeo(skopeo, new_server, tmp_path):
    server = new_server().start()
    registry = server.registry()
    stream = images.Stream(seed=2, size=2 * images.GIB)
    digest = push_stream(server, "large", stream)
    head = expect(registry.head(f"/v2/large/blobs/{digest}"), 200)
    assert head.headers["Content-Length"] == str(stream.size)

    config = images.Blob(b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
    registry.push_blob("large", config.data)
    value = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": config.descriptor() | {"mediaType": images.OCI_CONFIG},
        "layers": [{"mediaType": images.OCI_LAYER_TAR, "digest": digest, "size": stream.size}],
    }
    registry.push_manifest("large", "2g", images.Manifest.of(value))
    skopeo("copy", "--src-tls-verify=false", f"docker://{server.host}/large:2g", f"dir:{tmp_path}/back", timeout=300)
    pulled = tmp_path / "back" / digest.removeprefix("sha256:")
    assert pulled.stat().st_size == stream.size
    pulled.unlink()


def test_curl_uploads_and_downloads_a_large_file(server, registry, repository, tmp_path):
    curl = programs.need("curl")
    stream = images.Stream(seed=3, size=256 * images.MIB)
    file = tmp_path / "file"
    with open(file, "wb") as out:
        out.writelines(stream)
    location = registry.absolute(registry.start_upload(repository))
    separator = "&" if "?" in location else "?"
    programs.run(curl, "-sf", "--upload-file", file, f"{location}{separator}digest={stream.digest}")
    back = tmp_path / "back"
    programs.run(curl, "-sf", "--output", back, registry.absolute(f"/v2/{repository}/blobs/{stream.digest}"))
    assert "sha256:" + hashlib.file_digest(open(back, "rb"), "sha256").hexdigest() == stream.digest


def test_an_index_of_five_platforms_is_pulled_for_this_one(engine, server, registry, repository):
    members = [images.image(architecture=name) for name in ("amd64", "arm64", "s390x", "riscv64", "ppc64le")]
    for member in members:
        registry.push_image(repository, member)
    registry.push_manifest(repository, "all", images.index(*(member.manifest for member in members)))
    engine("pull", f"{server.host}/{repository}:all")
    pulled = engine("image", "inspect", "--format", "{{.Architecture}}", f"{server.host}/{repository}:all").out
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[programs.run("uname", "-m").out.strip()]
    assert pulled.strip() == machine


def test_the_same_image_pushed_by_docker_and_skopeo_at_once_is_whole(
    engine, skopeo, base_image, server, registry, repository, tmp_path
):
    name = f"{server.host}/{repository}"
    files = {f"file-{number}": images.random_bytes(2_000_000) for number in range(5)}
    dockerfile = f"FROM {base_image}\n" + "".join(f"COPY {file} /{file}\n" for file in files)
    engine.build(f"{name}:docker", dockerfile, files)
    engine("save", "--output", tmp_path / "image.tar", f"{name}:docker")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pushes = [
            pool.submit(engine, "push", f"{name}:docker"),
            pool.submit(
                skopeo, "copy", "--dest-tls-verify=false", f"docker-archive:{tmp_path}/image.tar", f"docker://{name}:skopeo"
            ),
        ]
        for push in pushes:
            push.result()
    engine.forget(f"{name}:docker")
    for tag in ("docker", "skopeo"):
        engine("pull", f"{name}:{tag}")
        manifest = registry.get_manifest(repository, tag).json()
        for blob in [manifest["config"], *manifest["layers"]]:
            assert images.digest_of(registry.blob(repository, blob["digest"])) == blob["digest"]


@pytest.mark.beyond
def test_the_same_image_pushed_by_many_clients_at_once_is_whole(server, repository):
    image = images.image({"large": images.random_bytes(4_000_000)}, {"small": b"small"})

    def push(number: int) -> None:
        server.registry().push_image(repository, image, f"client-{number}", "contended")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(push, range(8)))
    registry = server.registry()
    assert len(registry.tags(repository)) == 9
    for blob in image.blobs:
        assert registry.blob(repository, blob.digest) == blob.data


def test_an_interrupted_pull_is_resumed_by_curl(server, repository, tmp_path):
    curl = programs.need("curl")
    stream = images.Stream(seed=4, size=64 * images.MIB)
    digest = push_stream(server, repository, stream)
    url = f"{server.url}/v2/{repository}/blobs/{digest}"
    file = tmp_path / "pulled"
    for rate in ("20M", "40M"):
        interrupted = subprocess.Popen(
            [curl, "-sf", "-C", "-", "--limit-rate", rate, "--output", file, url],
            stdin=subprocess.DEVNULL,
            env=programs.environment(),
        )
        time.sleep(0.6)
        interrupted.send_signal(signal.SIGKILL)
        interrupted.wait()
    had = file.stat().st_size
    assert 0 < had < stream.size
    programs.run(curl, "-sf", "-C", "-", "--output", file, url)
    assert "sha256:" + hashlib.file_digest(open(file, "rb"), "sha256").hexdigest() == digest


def test_docker_resumes_a_push_that_was_interrupted(engine, base_image, server, registry, repository):
    """What got through before the client died need not be sent again, and nothing broken is left."""
    name = f"{server.host}/{repository}:1"
    engine.build(name, f"FROM {base_image}\nCOPY large /large\n", {"large": images.random_bytes(64 * images.MIB)})
    command = [engine.client, "--host", engine.address, "push", name]
    interrupted = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(0.5)
    interrupted.send_signal(signal.SIGINT)
    interrupted.wait()
    engine("push", name)
    engine.forget(name)
    engine("pull", name)
    engine.forget(name)
