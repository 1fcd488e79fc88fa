"""Referrers by hand: what was attached to a manifest, found again."""

import pytest

from harness import images
from harness.images import Manifest, digest_of
from harness.raw import expect

pytestmark = pytest.mark.beyond

SBOM = "application/vnd.example.sbom.v1"
SIGNATURE = "application/vnd.example.signature.v1"


def attach(registry, repository, artifact) -> str:
    """Pushes an artifact by digest; checks that the registry says it saw the subject."""
    for blob in artifact.blobs:
        registry.push_blob(repository, blob.data, blob.algorithm)
    response = expect(registry.put_manifest(repository, artifact.digest, artifact.manifest), 201)
    assert response.headers["OCI-Subject"] == artifact.manifest.value["subject"]["digest"]
    return artifact.digest


@pytest.fixture
def subject(registry, repository) -> Manifest:
    image = images.image()
    registry.push_image(repository, image, "app")
    return image.manifest


def test_a_manifest_without_referrers_has_an_empty_index(registry, repository, subject):
    response = expect(registry.get(f"/v2/{repository}/referrers/{subject.digest}"), 200)
    assert response.headers["Content-Type"] == images.OCI_INDEX
    assert response.json()["schemaVersion"] == 2
    assert response.json()["mediaType"] == images.OCI_INDEX
    assert response.json()["manifests"] == []
    assert "OCI-Filters-Applied" not in response.headers


def test_a_digest_nobody_pushed_has_an_empty_index(registry, repository, subject):
    for algorithm in ("sha256", "sha512"):
        assert registry.referrers(repository, digest_of(b"nobody", algorithm)) == []


def test_a_bad_digest_is_refused(registry, repository, subject):
    for bad in ("sha256:abc", "md5:" + "0" * 32, "app", "sha256:" + "G" * 64):
        expect(registry.get(f"/v2/{repository}/referrers/{bad}"), 400, code="DIGEST_INVALID")


def test_a_referrer_is_listed_with_type_size_and_annotations(registry, repository, subject):
    sbom = images.artifact(SBOM, b"sbom", subject=subject, annotations={"org.example.format": "json"})
    attach(registry, repository, sbom)
    assert registry.referrers(repository, subject.digest) == [
        sbom.manifest.descriptor(artifactType=SBOM, annotations={"org.example.format": "json"})
    ]


def test_an_image_is_listed_under_its_config_type(registry, repository, subject):
    image = images.image(subject=subject.descriptor())
    attach(registry, repository, image)
    (listed,) = registry.referrers(repository, subject.digest)
    assert listed["artifactType"] == images.OCI_CONFIG
    assert "annotations" not in listed or listed["annotations"] == {}


def test_an_index_may_be_a_referrer(registry, repository, subject):
    member = images.image()
    registry.push_image(repository, member)
    typed = images.index(member.manifest, subject=subject.descriptor(), artifactType=SBOM)
    plain = images.index(member.manifest, subject=subject.descriptor(), annotations={"a": "b"})
    for index in (typed, plain):
        response = expect(registry.put_manifest(repository, index.digest, index), 201)
        assert response.headers["OCI-Subject"] == subject.digest
    listed = {entry["digest"]: entry for entry in registry.referrers(repository, subject.digest)}
    assert listed[typed.digest]["artifactType"] == SBOM
    assert "artifactType" not in listed[plain.digest]
    assert listed[plain.digest]["annotations"] == {"a": "b"}
    assert listed[plain.digest]["mediaType"] == images.OCI_INDEX


def test_a_filter_lists_one_type_only_and_says_so(registry, repository, subject):
    sboms = {attach(registry, repository, images.artifact(SBOM, bytes([n]), subject=subject)) for n in range(3)}
    attach(registry, repository, images.artifact(SIGNATURE, b"signature", subject=subject))
    response = registry.get(f"/v2/{repository}/referrers/{subject.digest}", params={"artifactType": SBOM})
    assert expect(response, 200).headers["OCI-Filters-Applied"] == "artifactType"
    assert {entry["digest"] for entry in response.json()["manifests"]} == sboms
    assert len(registry.referrers(repository, subject.digest)) == 4
    nothing = registry.get(f"/v2/{repository}/referrers/{subject.digest}", params={"artifactType": "text/none"})
    assert nothing.headers["OCI-Filters-Applied"] == "artifactType"
    assert nothing.json()["manifests"] == []


def test_the_subject_need_not_be_there_yet(registry, repository):
    image = images.image()
    sbom = attach(registry, repository, images.artifact(SBOM, b"early", subject=image.manifest))
    assert [entry["digest"] for entry in registry.referrers(repository, image.digest)] == [sbom]
    registry.push_image(repository, image, "late")
    assert [entry["digest"] for entry in registry.referrers(repository, image.digest)] == [sbom]


def test_a_sha512_subject_is_found_by_its_sha512_digest(registry, repository):
    image = images.image(algorithm="sha512")
    registry.push_image(repository, image)
    sbom = attach(registry, repository, images.artifact(SBOM, b"512", subject=image.manifest))
    assert [entry["digest"] for entry in registry.referrers(repository, image.digest)] == [sbom]


def test_a_sha512_referrer_is_listed_by_its_sha512_digest(registry, repository, subject):
    image = images.image(algorithm="sha512", subject=subject.descriptor())
    attach(registry, repository, image)
    assert [entry["digest"] for entry in registry.referrers(repository, subject.digest)] == [image.digest]


def test_referrers_of_another_repository_are_not_listed(registry, repository, subject):
    attach(registry, f"{repository}-other", images.artifact(SBOM, b"x", subject=subject))
    assert registry.referrers(repository, subject.digest) == []


def test_a_deleted_referrer_is_no_longer_listed(registry, repository, subject):
    keep = attach(registry, repository, images.artifact(SBOM, b"keep", subject=subject))
    gone = attach(registry, repository, images.artifact(SBOM, b"gone", subject=subject))
    expect(registry.delete(f"/v2/{repository}/manifests/{gone}"), 202)
    assert [entry["digest"] for entry in registry.referrers(repository, subject.digest)] == [keep]


def test_a_referrer_pushed_twice_is_listed_once(registry, repository, subject):
    sbom = images.artifact(SBOM, b"twice", subject=subject)
    attach(registry, repository, sbom)
    attach(registry, repository, sbom)
    registry.push_manifest(repository, "tagged-too", sbom.manifest)
    assert len(registry.referrers(repository, subject.digest)) == 1


def test_a_referrer_may_have_referrers(registry, repository, subject):
    sbom = images.artifact(SBOM, b"sbom", subject=subject)
    attach(registry, repository, sbom)
    signature = attach(registry, repository, images.artifact(SIGNATURE, b"signed", subject=sbom.manifest))
    assert [entry["digest"] for entry in registry.referrers(repository, subject.digest)] == [sbom.digest]
    assert [entry["digest"] for entry in registry.referrers(repository, sbom.digest)] == [signature]


def test_many_referrers_come_in_pages_that_end(registry, repository, subject):
    """Forty descriptors of 150 KiB are more than one manifest's 4 MiB."""
    pushed = set()
    for number in range(40):
        annotations = {"number": str(number), "padding": "x" * 150_000}
        artifact = images.artifact(SBOM, b"same file", subject=subject, annotations=annotations)
        pushed.add(attach(registry, repository, artifact))
    for parameters in ({}, {"artifactType": SBOM}):
        pages = registry.pages(f"/v2/{repository}/referrers/{subject.digest}", **parameters)
        assert len(pages) > 1
        listed = [entry["digest"] for page in pages for entry in page.json()["manifests"]]
        assert len(listed) == len(set(listed))
        assert set(listed) == pushed
        for page in pages:
            assert len(page.content) <= 4 * images.MIB
            assert page.headers["Content-Type"] == images.OCI_INDEX
            assert ("OCI-Filters-Applied" in page.headers) == bool(parameters)


def fallback_tag(digest: str) -> str:
    return digest.replace(":", "-")


def test_referrers_listed_under_the_fallback_tag_are_listed_once(registry, repository, subject):
    """What an old client leaves behind: referrers with a subject, and an index of them under the fallback tag."""
    sbom = images.artifact(SBOM, b"sbom", subject=subject, annotations={"k": "v"})
    attach(registry, repository, sbom)
    index = images.index(sbom.manifest)
    registry.push_manifest(repository, fallback_tag(subject.digest), index)
    assert registry.referrers(repository, subject.digest) == [
        sbom.manifest.descriptor(artifactType=SBOM, annotations={"k": "v"})
    ]
    assert registry.get_manifest(repository, fallback_tag(subject.digest)).content == index.body


def test_an_entry_of_the_fallback_tag_without_that_subject_is_not_a_referrer(registry, repository, subject):
    """The specification asks for those that "have a valid subject field"."""
    stranger = images.image()
    registry.push_image(repository, stranger)
    registry.push_manifest(repository, fallback_tag(subject.digest), images.index(stranger.manifest))
    assert registry.referrers(repository, subject.digest) == []
