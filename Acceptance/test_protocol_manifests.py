"""Manifests by hand: every kind, by tag and by digest, exactly as they were pushed."""

import base64
import json

import pytest

from harness import images
from harness.images import Blob, Manifest, digest_of, random_bytes
from harness.raw import ALL_MANIFESTS, expect, target

ACCEPT = {"Accept": ALL_MANIFESTS}
SHA512 = pytest.param("sha512", marks=pytest.mark.beyond)


def push(registry, repository, manifest: Manifest, *blobs: Blob, reference: str = "") -> None:
    for blob in blobs:
        registry.push_blob(repository, blob.data, blob.algorithm)
    registry.push_manifest(repository, reference or manifest.digest, manifest)


def check_served(registry, repository, reference, manifest: Manifest) -> None:
    """The exact bytes, with every header that says what they are, from GET and from HEAD."""
    get = expect(registry.get_manifest(repository, reference), 200)
    head = expect(registry.head(f"/v2/{repository}/manifests/{reference}", headers={"Accept": manifest.media_type}), 200)
    assert get.content == manifest.body
    assert head.content == b""
    for response in (get, head):
        assert response.headers["Content-Type"] == manifest.media_type
        assert response.headers["Content-Length"] == str(len(manifest.body))
        assert response.headers["Docker-Content-Digest"] == manifest.digest
        assert response.headers["ETag"] == f'"{manifest.digest}"'


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_an_image_is_served_by_tag_and_by_digest(registry, repository, docker):
    image = images.image(docker=docker)
    registry.push_image(repository, image, "1")
    check_served(registry, repository, "1", image.manifest)
    check_served(registry, repository, image.digest, image.manifest)


def test_a_pushed_manifest_is_answered_with_location_and_digest(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    for reference in ("latest", image.digest):
        response = expect(registry.put_manifest(repository, reference, image.manifest), 201)
        assert response.headers["Docker-Content-Digest"] == image.digest
        assert target(response.headers["Location"]) == f"/v2/{repository}/manifests/{image.digest}"
        assert registry.get(response.headers["Location"], headers=ACCEPT).content == image.manifest.body


@pytest.mark.beyond
def test_an_image_of_sha512_blobs_is_served_by_its_sha512_digest(registry, repository):
    image = images.image(algorithm="sha512")
    registry.push_image(repository, image)
    check_served(registry, repository, image.digest, image.manifest)


@pytest.mark.beyond
def test_a_tag_given_with_a_sha512_digest_keeps_it(registry, repository):
    image = images.image(algorithm="sha512")
    registry.push_image(repository, image)
    response = registry.put(
        f"/v2/{repository}/manifests/{image.digest}?tag=512",
        data=image.manifest.body,
        headers={"Content-Type": image.manifest.media_type},
    )
    expect(response, 201)
    check_served(registry, repository, "512", image.manifest)


@pytest.mark.beyond
def test_an_index_may_mix_digest_algorithms(registry, repository):
    one, two = images.image(), images.image(algorithm="sha512")
    registry.push_image(repository, one)
    registry.push_image(repository, two)
    both = images.index(one.manifest, two.manifest)
    push(registry, repository, both, reference="both")
    check_served(registry, repository, "both", both)


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_an_index_is_served_by_tag_and_by_digest(registry, repository, docker):
    members = [images.image(docker=docker) for _ in range(3)]
    for member in members:
        registry.push_image(repository, member)
    index = images.index(*(member.manifest for member in members), docker=docker)
    push(registry, repository, index, reference="all")
    check_served(registry, repository, "all", index)
    check_served(registry, repository, index.digest, index)


def test_an_index_of_indexes_is_served(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    inner = images.index(image.manifest)
    outer = images.index(inner, image.manifest)
    push(registry, repository, inner)
    push(registry, repository, outer, reference="nested")
    check_served(registry, repository, "nested", outer)


def test_exact_bytes_survive_whatever_the_layout_of_the_json(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    text = json.dumps(image.manifest.value, indent="\t", sort_keys=True)
    for body in (f"\n\n {text}\r\n ", text.replace("sha256", "\\u0073ha256"), json.dumps(image.manifest.value)):
        odd = Manifest(body.encode(), image.manifest.media_type)
        push(registry, repository, odd, reference="odd")
        check_served(registry, repository, "odd", odd)


def test_unknown_fields_are_kept(registry, repository):
    image = images.image(**{"org.example.custom": {"deep": [1, 2.5, None, {"x": "é€😀"}]}})
    registry.push_image(repository, image, "custom")
    check_served(registry, repository, "custom", image.manifest)


@pytest.mark.parametrize("algorithm", ["sha256", SHA512])
def test_an_artifact_without_layers_is_accepted(registry, repository, algorithm):
    config = Blob(b"{}", images.OCI_EMPTY, algorithm)
    value = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "artifactType": "application/vnd.example.thing",
        "config": config.descriptor(),
        "layers": [],
    }
    bare = Manifest.of(value, algorithm=algorithm)
    push(registry, repository, bare, config)
    check_served(registry, repository, bare.digest, bare)


def test_descriptors_may_carry_their_data(registry, repository):
    layer = Blob(b"small enough to embed", "text/plain")
    config = Blob(b"{}", images.OCI_EMPTY)
    value = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "artifactType": "text/plain",
        "config": config.descriptor(data=base64.b64encode(config.data).decode()),
        "layers": [layer.descriptor(data=base64.b64encode(layer.data).decode())],
    }
    manifest = Manifest.of(value)
    push(registry, repository, manifest, config, layer, reference="data")
    check_served(registry, repository, "data", manifest)


@pytest.mark.beyond
@pytest.mark.parametrize(
    "media_type",
    [images.OCI_NONDISTRIBUTABLE, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"],
)
def test_a_layer_that_may_not_be_distributed_need_not_be_here(registry, repository, media_type):
    docker = "docker" in media_type
    image = images.image(docker=docker)
    foreign = Blob(b"lives elsewhere", media_type).descriptor(urls=["https://example.com/layer"])
    value = image.manifest.value
    value["layers"].insert(0, foreign)
    manifest = Manifest.of(value)
    push(registry, repository, manifest, *image.blobs, reference="foreign")
    check_served(registry, repository, "foreign", manifest)


@pytest.mark.beyond
def test_a_manifest_of_4_mib_is_accepted(registry, repository):
    config = Blob(b"{}", images.OCI_EMPTY)
    value = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "artifactType": "text/plain",
        "config": config.descriptor(),
        "layers": [],
        "annotations": {"padding": ""},
    }
    room = 4 * images.MIB - len(json.dumps(value))
    value["annotations"]["padding"] = "x" * room
    largest = Manifest(json.dumps(value).encode(), images.OCI_MANIFEST)
    assert len(largest.body) == 4 * images.MIB
    push(registry, repository, largest, config, reference="largest")
    check_served(registry, repository, "largest", largest)


def test_parameters_of_the_content_type_are_ignored(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    headers = {"Content-Type": f"{image.manifest.media_type}; charset=utf-8"}
    expect(registry.put_manifest(repository, "1", image.manifest, headers=headers), 201)
    check_served(registry, repository, "1", image.manifest)


def test_an_oci_manifest_without_a_media_type_goes_by_its_content_type(registry, repository):
    image = images.image()
    value = image.manifest.value
    del value["mediaType"]
    untyped = Manifest.of(value, images.OCI_MANIFEST)
    push(registry, repository, untyped, *image.blobs, reference="untyped")
    check_served(registry, repository, "untyped", untyped)


def types_served(registry, repository, *references) -> set[str]:
    """Every Content-Type under which these references answer, asked in every way."""
    types = set()
    for reference in references:
        where = f"/v2/{repository}/manifests/{reference}"
        for answer in (
            registry.get_manifest(repository, reference),
            registry.get(where),
            registry.head(where, headers=ACCEPT),
        ):
            types.add(expect(answer, 200).headers["Content-Type"])
    return types


def untyped_image() -> tuple[Manifest, list[Blob]]:
    """An image that does not say what it is."""
    image = images.image()
    value = image.manifest.value
    del value["mediaType"]
    return Manifest.of(value, images.OCI_MANIFEST), image.blobs


@pytest.mark.beyond
@pytest.mark.parametrize(
    "first, second",
    [
        (images.OCI_MANIFEST, None),
        (None, images.OCI_MANIFEST),
        (images.OCI_MANIFEST, "application/vnd.oci.artifact.manifest.v1+json"),
        ("application/vnd.oci.artifact.manifest.v1+json", images.OCI_MANIFEST),
        ("application/vnd.oci.artifact.manifest.v1+json", None),
        (images.OCI_MANIFEST, images.OCI_INDEX),
        (images.OCI_MANIFEST, images.DOCKER_MANIFEST),
    ],
    ids=lambda media_type: str(media_type).removeprefix("application/vnd.").removesuffix("+json"),
)
def test_the_same_bytes_pushed_as_another_type_leave_every_tag_with_one_type(
    server, registry, repository, first, second
):
    """Whether the second push is refused, changes the type or does not: a digest has one type, whatever names it."""
    manifest, blobs = untyped_image()
    for blob in blobs:
        registry.push_blob(repository, blob.data)

    def push(reference, content_type):
        headers = {"Content-Type": content_type} if content_type else {}
        return registry.put_manifest(repository, reference, manifest, headers=headers)

    for tag in ("1", "2"):
        expect(push(tag, first), 201)
    before = types_served(registry, repository, "1", "2", manifest.digest)  # and now they are cached
    assert len(before) == 1
    answer = expect(push("3", second), 201, 400, 415)
    tags = ["1", "2", "3"] if answer.status_code == 201 else ["1", "2"]
    assert registry.tags(repository) == tags
    for client in (registry, server.registry()):
        served = types_served(client, repository, *tags, manifest.digest)
        assert len(served) == 1, served
    if answer.status_code != 201:
        assert served == before
    expect(push(manifest.digest, first), 201)
    assert len(types_served(registry, repository, *tags, manifest.digest)) == 1


@pytest.mark.beyond
def test_a_manifest_without_any_type_is_told_by_what_it_has(registry, repository):
    manifest, blobs = untyped_image()
    for blob in blobs:
        registry.push_blob(repository, blob.data)
    expect(registry.put_manifest(repository, "image", manifest, headers={}), 201)
    assert types_served(registry, repository, "image", manifest.digest) == {images.OCI_MANIFEST}
    index = Manifest.of({"schemaVersion": 2, "manifests": [manifest.descriptor()]}, images.OCI_INDEX)
    expect(registry.put_manifest(repository, "index", index, headers={}), 201)
    assert types_served(registry, repository, "index", index.digest) == {images.OCI_INDEX}


# Tags


def test_a_tag_moves_and_the_old_manifest_stays(registry, repository):
    old, new = images.image(), images.image()
    registry.push_image(repository, old, "latest")
    registry.push_image(repository, new, "latest")
    check_served(registry, repository, "latest", new.manifest)
    check_served(registry, repository, old.digest, old.manifest)


def test_a_moved_tag_is_never_served_old(registry, repository):
    """The cache is right after each write, from whatever connection it is read."""
    pair = [images.image(), images.image()]
    for image in pair:
        registry.push_image(repository, image)
    for turn in range(100):
        image = pair[turn % 2]
        registry.push_manifest(repository, "flip", image.manifest)
        assert registry.get_manifest(repository, "flip").headers["Docker-Content-Digest"] == image.digest


@pytest.mark.beyond
def test_one_push_by_digest_sets_many_tags(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    tags = [f"1.2.{number}" for number in range(12)]
    response = registry.put(
        f"/v2/{repository}/manifests/{image.digest}",
        params={"tag": tags},
        data=image.manifest.body,
        headers={"Content-Type": image.manifest.media_type},
    )
    expect(response, 201)
    answered = [tag.strip() for tag in response.headers["OCI-Tag"].split(",")]
    assert answered == tags
    assert sorted(registry.tags(repository)) == sorted(tags)
    for tag in tags:
        check_served(registry, repository, tag, image.manifest)


@pytest.mark.beyond
def test_one_bad_tag_among_many_sets_none(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    response = registry.put(
        f"/v2/{repository}/manifests/{image.digest}",
        params={"tag": ["good", "not good"]},
        data=image.manifest.body,
        headers={"Content-Type": image.manifest.media_type},
    )
    expect(response, 400)
    assert registry.tags(repository) == []


def test_a_tag_may_be_128_characters_long(registry, repository):
    image = images.image()
    longest = "_" + "A.-z" * 31 + "123"
    assert len(longest) == 128
    registry.push_image(repository, image, longest)
    check_served(registry, repository, longest, image.manifest)


def test_tags_differ_by_case(registry, repository):
    lower, upper = images.image(), images.image()
    registry.push_image(repository, lower, "edge")
    registry.push_image(repository, upper, "Edge")
    check_served(registry, repository, "edge", lower.manifest)
    check_served(registry, repository, "Edge", upper.manifest)


# Deletion


@pytest.mark.parametrize("algorithm", ["sha256", SHA512])
def test_a_deleted_manifest_takes_its_tags_along(registry, repository, algorithm):
    image, other = images.image(algorithm=algorithm), images.image()
    registry.push_image(repository, other, "other")
    registry.push_image(repository, image)
    for tag in ("1", "2"):
        if algorithm == "sha256":
            registry.push_manifest(repository, tag, image.manifest)
        else:
            where = f"/v2/{repository}/manifests/{image.digest}?tag={tag}"
            headers = {"Content-Type": image.manifest.media_type}
            expect(registry.put(where, data=image.manifest.body, headers=headers), 201)
    expect(registry.delete(f"/v2/{repository}/manifests/{image.digest}"), 202)
    for reference in ("1", "2", image.digest):
        expect(registry.get_manifest(repository, reference), 404, code="MANIFEST_UNKNOWN")
    assert registry.tags(repository) == ["other"]
    check_served(registry, repository, "other", other.manifest)


@pytest.mark.beyond
def test_a_deleted_tag_leaves_its_manifest(registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1", "2")
    expect(registry.delete(f"/v2/{repository}/manifests/1"), 202)
    expect(registry.get_manifest(repository, "1"), 404, code="MANIFEST_UNKNOWN")
    check_served(registry, repository, "2", image.manifest)
    check_served(registry, repository, image.digest, image.manifest)
    expect(registry.delete(f"/v2/{repository}/manifests/1"), 404, code="MANIFEST_UNKNOWN")


def test_an_unknown_manifest_cannot_be_deleted(registry, repository):
    registry.push_image(repository, images.image(), "1")
    unknown = digest_of(b"unknown")
    expect(registry.delete(f"/v2/{repository}/manifests/{unknown}"), 404, code="MANIFEST_UNKNOWN")


def test_a_deleted_manifest_can_be_pushed_again(registry, repository):
    image = images.image()
    for _ in range(3):
        registry.push_image(repository, image, "again")
        check_served(registry, repository, "again", image.manifest)
        expect(registry.delete(f"/v2/{repository}/manifests/{image.digest}"), 202)
        expect(registry.get_manifest(repository, "again"), 404)


def test_no_manifest_is_deleted_where_deletion_is_off(new_server, repository):
    registry = new_server({"storage": {"delete": {"enabled": False}}}).start().registry()
    image = images.image()
    registry.push_image(repository, image, "1")
    for reference in (image.digest, "1"):
        expect(registry.delete(f"/v2/{repository}/manifests/{reference}"), 400, 405, code="UNSUPPORTED")
    check_served(registry, repository, "1", image.manifest)


# Reading


def test_an_unknown_manifest_is_unknown(registry, repository):
    registry.push_image(repository, images.image(), "1")
    for reference in ("2", digest_of(b"unknown")):
        expect(registry.get_manifest(repository, reference), 404, code="MANIFEST_UNKNOWN")
        expect(registry.head(f"/v2/{repository}/manifests/{reference}"), 404)


def test_a_manifest_of_another_repository_is_unknown_here(registry, repository):
    digest = registry.push_image(f"{repository}-other", images.image(), "1")
    registry.push_image(repository, images.image(), "here")
    expect(registry.get_manifest(repository, digest), 404, code="MANIFEST_UNKNOWN")
    expect(registry.get_manifest(repository, "1"), 404, code="MANIFEST_UNKNOWN")


def test_a_manifest_in_a_repository_that_does_not_exist_is_unknown(registry, repository):
    expect(registry.get_manifest(repository, "1"), 404)


def test_a_manifest_the_client_has_is_not_sent_again(registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1")
    for reference in ("1", image.digest):
        headers = ACCEPT | {"If-None-Match": f'"{image.digest}"'}
        response = expect(registry.get(f"/v2/{repository}/manifests/{reference}", headers=headers), 304)
        assert response.content == b""
    changed = images.image()
    registry.push_image(repository, changed, "1")
    headers = ACCEPT | {"If-None-Match": f'"{image.digest}"'}
    assert registry.get(f"/v2/{repository}/manifests/1", headers=headers).content == changed.manifest.body


@pytest.mark.beyond
def test_what_a_digest_names_may_be_cached_and_what_a_tag_names_may_not(registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1")
    by_digest = registry.get_manifest(repository, image.digest).headers.get("Cache-Control", "")
    by_tag = registry.get_manifest(repository, "1").headers.get("Cache-Control", "")
    assert "max-age=31536000" in by_digest
    assert "max-age=31536000" not in by_tag


@pytest.mark.beyond
@pytest.mark.parametrize("accept", [None, "*/*", "application/*", "text/html, */*;q=0.1", "application/json"])
def test_a_manifest_is_served_to_clients_that_are_vague_about_what_they_accept(registry, repository, accept):
    image = images.image()
    registry.push_image(repository, image, "1")
    response = registry.get(f"/v2/{repository}/manifests/1", headers={"Accept": accept})
    assert expect(response, 200).headers["Content-Type"] == images.OCI_MANIFEST


def test_accept_may_come_in_several_headers_and_with_parameters(server, registry, repository):
    image = images.image()
    registry.push_image(repository, image, "1")
    with server.connect() as connection:
        head = (
            f"GET /v2/{repository}/manifests/1 HTTP/1.1\r\nHost: {server.host}\r\n"
            f"Accept: {images.DOCKER_MANIFEST};q=0.9\r\nAccept: text/plain,{images.OCI_MANIFEST} ; q=0.5\r\n\r\n"
        )
        connection.send(head.encode())
        answer = expect(connection.response(), 200)
    assert answer.body == image.manifest.body


def test_a_client_that_knows_no_lists_gets_the_linux_amd64_image(registry, repository):
    """What registry:2 does for old Docker engines."""
    members = [images.image(docker=True, architecture=name) for name in ("amd64", "arm64")]
    for member in members:
        registry.push_image(repository, member)
    push(registry, repository, images.index(*(one.manifest for one in members), docker=True), reference="all")
    response = expect(registry.get_manifest(repository, "all", accept=images.DOCKER_MANIFEST), 200)
    assert response.headers["Content-Type"] == images.DOCKER_MANIFEST
    assert response.content == members[0].manifest.body


# What a manifest refers to


@pytest.mark.parametrize("algorithm", ["sha256", SHA512])
def test_a_manifest_with_a_missing_blob_is_refused(registry, repository, algorithm):
    image = images.image({"a": b"1"}, {"b": random_bytes(10)}, algorithm=algorithm)
    config, first, missing = image.blobs
    for blob in (config, first):
        registry.push_blob(repository, blob.data, algorithm)
    refused = expect(registry.put_manifest(repository, image.digest, image.manifest), 400, 404)
    expect(refused, 400, 404, code="MANIFEST_BLOB_UNKNOWN")
    assert missing.digest in refused.text
    expect(registry.get_manifest(repository, image.digest), 404)


def test_a_blob_of_another_repository_does_not_count(registry, repository):
    image = images.image()
    registry.push_image(f"{repository}-other", image)
    registry.push_blob(repository, image.blobs[0].data)
    refused = registry.put_manifest(repository, "1", image.manifest)
    expect(refused, 400, 404, code="MANIFEST_BLOB_UNKNOWN")


def test_an_index_with_a_missing_manifest_is_refused(registry, repository):
    here, missing = images.image(), images.image()
    registry.push_image(repository, here)
    index = images.index(here.manifest, missing.manifest)
    refused = registry.put_manifest(repository, "all", index)
    expect(refused, 400, 404, code="MANIFEST_BLOB_UNKNOWN")
    assert missing.digest in refused.text


@pytest.mark.beyond
def test_a_sparse_index_is_accepted_where_the_configuration_says_so(new_server, repository):
    server = new_server({"validation": {"manifests": {"indexes": {"platforms": "none"}}}}).start()
    registry = server.registry()
    here, missing = images.image(), images.image()
    registry.push_image(repository, here)
    index = images.index(here.manifest, missing.manifest)
    push(registry, repository, index, reference="sparse")
    check_served(registry, repository, "sparse", index)


@pytest.mark.beyond
def test_an_index_may_lack_the_platforms_that_are_not_listed(new_server, repository):
    listed = {"platforms": "list", "platformlist": [{"architecture": "amd64", "os": "linux"}]}
    server = new_server({"validation": {"manifests": {"indexes": listed}}}).start()
    registry = server.registry()
    here, missing = images.image(), images.image()
    registry.push_image(repository, here)
    push(registry, repository, images.index(here.manifest, missing.manifest), reference="arm64-missing")
    refused = registry.put_manifest(repository, "amd64-missing", images.index(missing.manifest, here.manifest))
    expect(refused, 400, 404, code="MANIFEST_BLOB_UNKNOWN")


@pytest.mark.beyond
@pytest.mark.parametrize("which", ["config", "layers"])
def test_a_descriptor_with_the_wrong_size_is_refused(registry, repository, which):
    image = images.image()
    registry.push_image(repository, image)
    value = image.manifest.value
    descriptor = value[which][0] if which == "layers" else value[which]
    descriptor["size"] += 1
    expect(registry.put_manifest(repository, "1", Manifest.of(value)), 400, code="SIZE_INVALID")


@pytest.mark.beyond
def test_an_index_entry_with_the_wrong_size_is_refused(registry, repository):
    image = images.image()
    registry.push_image(repository, image)
    value = images.index(image.manifest).value
    value["manifests"][0]["size"] -= 1
    expect(registry.put_manifest(repository, "1", Manifest.of(value)), 400, code="SIZE_INVALID")


@pytest.mark.beyond
def test_with_validation_disabled_an_image_may_lack_its_layers(new_server, repository):
    server = new_server({"validation": {"disabled": True}}).start()
    registry = server.registry()
    image = images.image()
    push(registry, repository, image.manifest, reference="sparse")
    check_served(registry, repository, "sparse", image.manifest)
