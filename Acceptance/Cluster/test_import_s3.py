"""registry:2's files in a bucket: imported by nodes that share it, and written back."""

import json

from harness import images, programs, s3
from harness.raw import expect
from harness.registry2 import Files, Registry2
from harness.server import until


def upload(client, root, prefix):
    for path in root.rglob("*"):
        if path.is_file():
            client.put_object(Bucket=s3.BUCKET, Key=f"{prefix}/{path.relative_to(root)}", Body=path.read_bytes())


def test_a_bucket_of_registry_2_is_served_by_all_nodes_and_written_back(new_cluster, services, tmp_path):
    files = Files(tmp_path / "old")
    made = files.many(40, repositories=3)
    cluster = new_cluster(size=2)
    prefix = cluster.nodes[0].config["storage"]["s3"]["rootdirectory"].strip("/")
    upload(services.s3.client, tmp_path / "old", prefix)
    cluster.start()
    node = cluster.nodes[1]

    def imported() -> bool:
        return sum("registry:2's files are imported" in node.log for node in cluster.nodes) == 1

    assert until(imported, seconds=60), [node.log[-2000:] for node in cluster.nodes]
    for other, tags in made.items():
        for tag, digest in tags.items():
            assert node.registry().get_manifest(other, tag).headers["Docker-Content-Digest"] == digest
    name = next(iter(made))
    assert node.registry().blob(name, images.digest_of(b"layer 1")) == b"layer 1"
    new = images.image({"n": images.random_bytes(100_000)})
    node.registry().push_image(name, new, "new")

    place = f"s3://{s3.BUCKET}/{prefix}"
    again = json.loads(programs.run(programs.binary(), "import", place, "--config", node.config_path, "--json").out)
    assert (again["tags"], again["knownTags"], again["damaged"]) == (0, 40, False)
    elsewhere = programs.run(programs.binary(), "import", "s3://other", "--config", node.config_path, check=False)
    assert elsewhere.returncode == 1 and place in elsewhere.err

    out = tmp_path / "out"
    report = json.loads(
        programs.run(programs.binary(), "export", "registry2", out, "--config", node.config_path, "--json").out
    )
    assert report["missing"] == [] and report["tags"] == 41
    with Registry2(tmp_path / "peer", out) as peer:
        registry = peer.registry()
        for other, tags in made.items():
            for tag, digest in tags.items():
                assert registry.get_manifest(other, tag).headers["Docker-Content-Digest"] == digest
        assert expect(registry.get_manifest(name, "new"), 200).content == new.manifest.body
    # A collected blob goes from where registry:2 put it, too.
    digest = node.registry().get_manifest(name, "v0").headers["Docker-Content-Digest"]
    config = node.registry().get_manifest(name, "v0").json()["config"]["digest"].removeprefix("sha256:")
    key = f"{prefix}/docker/registry/v2/blobs/sha256/{config[:2]}/{config}/data"
    services.s3.client.head_object(Bucket=s3.BUCKET, Key=key)
    expect(node.registry().delete(f"/v2/{name}/manifests/{digest}"), 202)
    collected = json.loads(programs.run(programs.binary(), "garbage-collect", "--json", node.config_path).out)
    assert collected["blobs"] == 1 and collected["byServer"]
    keys = services.s3.client.list_objects_v2(Bucket=s3.BUCKET, Prefix=key)
    assert keys["KeyCount"] == 0
