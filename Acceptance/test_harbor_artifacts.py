"""Harbor's API: repositories, artifacts with all that is beside them, labels, icons, search, statistics."""

import base64
import gzip
import json
from urllib.parse import quote

import pytest

from harness.accounts import (
    ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, GUEST, MAINTAINER, Harbor, add_member, made, make_project, make_user, unique,
)
from harness.images import Blob, Image, Manifest, artifact, image, index, tar
from harness.postgres import Postgres
from harness.raw import Registry, expect
from harness.server import Server, until

pytestmark = pytest.mark.beyond

CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory):
    config, database = ACCOUNTS, None
    if request.param == "postgresql":
        database = Postgres().start()
        config = {**ACCOUNTS, "metadata": {"url": database.create_database().url}}
    one = Server(tmp_path_factory.mktemp("harbor"), config, env=ADMINISTRATOR).start()
    yield one
    one.stop(seconds=5)
    if database is not None:
        database.remove()


@pytest.fixture(scope="module")
def harbor(server) -> Harbor:
    return Harbor(server)


@pytest.fixture(scope="module")
def registry(server) -> Registry:
    return server.registry(auth=ADMIN)


@pytest.fixture(scope="module")
def project(harbor) -> str:
    return make_project(harbor)


class Place:
    """A repository of a project, by both of its names."""

    def __init__(self, harbor: Harbor, registry: Registry, project: str, repository: str):
        self.harbor, self.registry, self.project, self.repository = harbor, registry, project, repository
        self.name = f"{project}/{repository}"
        self.path = f"/projects/{project}/repositories/{quote(quote(repository, safe=''), safe='')}"

    def push(self, what: Image | Manifest, *references: str) -> str:
        if isinstance(what, Image):
            return self.registry.push_image(self.name, what, *references)
        for reference in references or (what.digest,):
            self.registry.push_manifest(self.name, reference, what)
        return what.digest

    def artifacts(self, **params) -> list[dict]:
        response = expect(self.harbor.get(f"{self.path}/artifacts", **params), 200)
        found = response.json()
        if len(found) < int(params.get("page_size", 10)) and "page" not in params:
            assert int(response.headers["X-Total-Count"]) == len(found)
        return found

    def artifact(self, reference: str, **params) -> dict:
        return expect(self.harbor.get(f"{self.path}/artifacts/{reference}", **params), 200).json()

    def digests(self, **params) -> list[str]:
        return [one["digest"] for one in self.artifacts(**params)]


@pytest.fixture
def place(harbor, registry, project) -> Place:
    return Place(harbor, registry, project, unique("app"))


def chart(files: dict[str, bytes], **metadata) -> Image:
    """A packaged chart, as `helm push` sends it."""
    config = Blob(json.dumps({"apiVersion": "v2", "name": "shop", "version": "1.2.3"} | metadata).encode(), CHART_CONFIG)
    layer = Blob(gzip.compress(tar(files), mtime=0), CHART_LAYER)
    value = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    }
    return Image(Manifest.of(value), [config, layer])


def size_of(what: Image) -> int:
    return len(what.manifest.body) + sum(len(blob.data) for blob in what.blobs)


# Repositories


def test_a_repository_is_listed_described_and_deleted_with_all_that_it_holds(place, harbor, registry):
    pushed = [place.push(image(), f"v{number}") for number in range(3)]
    found = expect(harbor.get(f"/projects/{place.project}/repositories", q=f"name=~{place.repository}"), 200)
    assert found.headers["X-Total-Count"] == "1"
    (one,) = found.json()
    assert one["name"] == place.name and one["artifact_count"] == 3
    assert expect(harbor.get(place.path), 200).json() == one
    expect(harbor.put(place.path, {"description": "What it is for"}), 200)
    assert expect(harbor.get(place.path), 200).json()["description"] == "What it is for"
    for _ in range(2):
        expect(registry.get_manifest(place.name, "v1"), 200)
    assert until(lambda: harbor.get(place.path).json()["pull_count"] == 2)
    assert place.name in [one["name"] for one in expect(harbor.get("/repositories", page_size=100), 200).json()]
    expect(harbor.delete(place.path), 200)
    expect(harbor.get(place.path), 404, code="NOT_FOUND")
    expect(registry.get_manifest(place.name, pushed[0]), 404)
    expect(harbor.delete(place.path), 404, code="NOT_FOUND")
    assert place.push(image(), "again") in place.digests()


def test_a_name_of_many_parts_is_encoded_twice_or_once(harbor, registry, project):
    place = Place(harbor, registry, project, f"deep/{unique('er')}/one")
    digest = place.push(image(), "v1")
    for encoded in (quote(place.repository, safe=""), quote(quote(place.repository, safe=""), safe="")):
        path = f"/projects/{project}/repositories/{encoded}"
        assert expect(harbor.get(path), 200).json()["name"] == place.name
        assert expect(harbor.get(f"{path}/artifacts/v1"), 200).json()["digest"] == digest
    link = place.artifact("v1")["addition_links"]["build_history"]["href"]
    assert expect(harbor.get(link.removeprefix("/api/v2.0")), 200).json() == [{"created_by": "layer 0"}]


def test_a_repository_of_one_name_is_in_the_project_library(harbor, registry):
    if expect(harbor.head("/projects", project_name="library"), 200, 404).status_code == 404:
        make_project(harbor, "library")
    name = unique("alone")
    digest = registry.push_image(name, image(), "v1")
    found = expect(harbor.get(f"/projects/library/repositories/{name}/artifacts"), 200).json()
    assert [one["digest"] for one in found] == [digest] and found[0]["repository_name"] == f"library/{name}"
    assert expect(harbor.get(f"/projects/library/repositories/{name}"), 200).json()["name"] == f"library/{name}"
    assert expect(harbor.get("/search", q=f"library/{name}"), 200).json()["repository"][0]["repository_name"] == f"library/{name}"
    expect(harbor.delete(f"/projects/library/repositories/{name}"), 200)
    expect(registry.get_manifest(name, "v1"), 404)


# Artifacts


def test_an_image_is_shown_with_all_that_is_known_of_it(place):
    one = image({"a": b"1"}, {"b": b"2"}, architecture="s390x", annotations={"org.opencontainers.image.title": 'a "title"'})
    place.push(one, "v1", "v2")
    found = place.artifact("v1")
    assert found["digest"] == one.digest and found["size"] == size_of(one) and found["type"] == "IMAGE"
    assert found["media_type"] == "application/vnd.oci.image.config.v1+json"
    assert found["manifest_media_type"] == one.manifest.media_type
    assert found["repository_name"] == place.name and found["id"] > 0 and found["project_id"] > 0
    assert found["extra_attrs"] == {"architecture": "s390x", "os": "linux", "config": {"Cmd": ["/random"]}}
    assert found["annotations"] == {"org.opencontainers.image.title": 'a "title"'}
    assert {tag["name"] for tag in found["tags"]} == {"v1", "v2"}
    for tag in found["tags"]:
        assert tag["artifact_id"] == found["id"] and tag["immutable"] is False and tag["id"] > 0 and tag["push_time"]
    assert "tags" not in place.artifact(one.digest, with_tag="false")
    assert place.artifacts(with_label="true", with_accessory="true") == [place.artifact("v1", with_label="true", with_accessory="true")]
    icon = expect(place.harbor.get(f"/icons/{found['icon']}"), 200).json()
    assert base64.b64decode(icon["content"]).startswith(b"<svg") and icon["content-type"] == "image/svg+xml"
    history = expect(place.harbor.get(f"{place.path}/artifacts/v1/additions/build_history"), 200)
    assert history.json() == [{"created_by": "layer 0"}, {"created_by": "layer 1"}]
    assert history.headers["Content-Type"] == "application/json; charset=utf-8"
    expect(place.harbor.get(f"{place.path}/artifacts/v1/additions/values.yaml"), 400, code="BAD_REQUEST")
    expect(place.harbor.get(f"{place.path}/artifacts/v1/additions/vulnerabilities"), 501)
    expect(place.harbor.get(f"{place.path}/artifacts/v1/additions/nothing"), 400)


def test_an_index_has_its_entries_as_references_and_they_are_no_artifacts(place):
    images = [image(architecture=name) for name in ("amd64", "arm64")]
    for one in images:
        place.push(one)
    whole = place.push(index(*[one.manifest for one in images]), "latest")
    assert place.digests() == [whole]
    found = place.artifact("latest")
    assert found["type"] == "IMAGE" and found["size"] == sum(map(size_of, images))
    assert [one["child_digest"] for one in found["references"]] == [one.digest for one in images]
    assert [one["platform"] for one in found["references"]] == [{"architecture": name, "os": "linux"} for name in ("amd64", "arm64")]
    child = place.artifact(images[0].digest)
    assert child["id"] == found["references"][0]["child_id"] and child["extra_attrs"]["architecture"] == "amd64"
    refused = place.harbor.delete(f"{place.path}/artifacts/{images[0].digest}")
    assert whole in expect(refused, 412, code="PRECONDITION").text
    place.push(images[1], "arm")
    assert place.digests() == [whole, images[1].digest]
    # The index goes with the entry that only it needs.
    expect(place.harbor.delete(f"{place.path}/artifacts/latest"), 200)
    assert place.digests() == [images[1].digest]
    expect(place.registry.get_manifest(place.name, images[0].digest), 404)


def test_what_refers_to_an_artifact_is_its_accessory_and_goes_with_it(place):
    one = image()
    place.push(one, "v1")
    bom = place.push(artifact("application/vnd.goharbor.harbor.sbom.v1", b"{}", subject=one.manifest))
    signature = place.push(image(), f"sha256-{one.digest.removeprefix('sha256:')}.sig")
    notation = place.push(artifact("application/vnd.cncf.notary.signature", b"x", subject=one.manifest))
    assert place.digests() == [one.digest]
    found = place.artifact("v1", with_accessory="true")["accessories"]
    assert [(each["digest"], each["type"]) for each in found] == [
        (notation, "signature.notation"), (signature, "signature.cosign"), (bom, "sbom.harbor"),
    ]
    assert all(each["subject_artifact_digest"] == one.digest and each["size"] > 0 for each in found)
    listed = expect(place.harbor.get(f"{place.path}/artifacts/v1/accessories", page_size=2), 200)
    assert listed.json() == found[:2] and listed.headers["X-Total-Count"] == "3" and 'rel="next"' in listed.headers["Link"]
    expect(place.harbor.delete(f"{place.path}/artifacts/{one.digest}"), 200)
    for digest in (bom, signature, notation, one.digest):
        expect(place.registry.get_manifest(place.name, digest), 404)


def test_a_chart_has_its_values_readme_and_dependencies(place):
    needed = [{"name": "redis", "version": "1.0.0", "repository": "https://charts.example.org", "condition": "redis.enabled"}]
    files = {
        "shop/Chart.yaml": b"name: shop\n",
        "shop/values.yaml": b"replicas: 2\n",
        "shop/charts/redis/values.yaml": b"no: true\n",
        "shop/README.md": "# Shop \u00fc\n".encode(),
        "shop/templates/large.yaml": b"#" * 300_000,
    }
    place.push(chart(files, dependencies=needed, description="Sells"), "1.2.3")
    found = place.artifact("1.2.3")
    assert found["type"] == "CHART" and found["media_type"] == CHART_CONFIG
    assert found["extra_attrs"]["name"] == "shop" and found["extra_attrs"]["description"] == "Sells"
    assert set(found["addition_links"]) == {"values.yaml", "readme.md", "dependencies"}

    def addition(name):
        return expect(place.harbor.get(found["addition_links"][name]["href"].removeprefix("/api/v2.0")), 200)

    assert addition("values.yaml").content == b"replicas: 2\n"
    assert addition("readme.md").content.decode() == "# Shop \u00fc\n"
    assert addition("dependencies").json() == [{key: needed[0][key] for key in ("name", "version", "repository")}]
    assert place.digests(q="type=CHART") == [found["digest"]] and place.digests(q="type=IMAGE") == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b broken", gzip.compress(b"no tar"), gzip.compress(bytes(100_000_000), 9)],
    ids=["empty", "cut off", "no tar", "far too long"],
)
def test_a_chart_that_is_none_has_no_values(place, content):
    one = chart({})
    value = one.manifest.value
    layer = Blob(content, CHART_LAYER)
    value["layers"] = [layer.descriptor()]
    place.push(Image(Manifest.of(value), [one.blobs[0], layer]), "v1")
    expect(place.harbor.get(f"{place.path}/artifacts/v1/additions/values.yaml"), 404, code="NOT_FOUND")


def test_lists_are_paged_sorted_and_filtered(place):
    pushed = [place.push(image(), f"v{number}") for number in range(5)]
    assert place.digests() == pushed[::-1]
    second = expect(place.harbor.get(f"{place.path}/artifacts", page=2, page_size=2), 200)
    assert [one["digest"] for one in second.json()] == [pushed[2], pushed[1]]
    assert second.headers["X-Total-Count"] == "5"
    assert 'rel="prev"' in second.headers["Link"] and 'rel="next"' in second.headers["Link"]
    assert place.digests(page=3, page_size=2) == [pushed[0]] and place.digests(page=4, page_size=2) == []
    assert place.digests(sort="push_time") == pushed
    assert place.digests(q="tags={v1 v3}") == [pushed[3], pushed[1]]
    assert place.digests(q="tags=~V4") == [pushed[4]]
    assert place.digests(q="tags=nil") == []
    assert place.digests(q=f"digest={pushed[2]}") == [pushed[2]]
    expect(place.harbor.delete(f"{place.path}/artifacts/v4/tags/v4"), 200)
    assert place.digests(q="tags=nil") == [pushed[4]] and len(place.digests()) == 5
    for wrong in ({"q": "nothing=1"}, {"sort": "nothing"}, {"page": 0}, {"page_size": 101}, {"q": "tags=(a"}, {"with_tag": "maybe"}):
        refused = expect(place.harbor.get(f"{place.path}/artifacts", **wrong), 400, code="BAD_REQUEST")
        assert next(iter(wrong)) in refused.json()["errors"][0]["message"]


def test_a_projects_artifacts_are_listed_together(harbor, registry):
    project = make_project(harbor)
    one, two = (Place(harbor, registry, project, name) for name in ("one", "two"))
    old, new = one.push(image(), "v1"), one.push(image(), "v2")
    other = two.push(image(), "v1")
    found = expect(harbor.get(f"/projects/{project}/artifacts"), 200)
    assert [each["digest"] for each in found.json()] == [other, new, old] and found.headers["X-Total-Count"] == "3"
    latest = {"q": "media_type=application/vnd.oci.image.config.v1+json", "latest_in_repository": "true"}
    assert [each["digest"] for each in expect(harbor.get(f"/projects/{project}/artifacts", **latest), 200).json()] == [other, new]


# Tags


def test_a_tag_is_made_listed_and_deleted(place):
    digest = place.push(image(), "v1")
    other = place.push(image(), "other")
    response = expect(place.harbor.post(f"{place.path}/artifacts/{digest}/tags", {"name": "stable"}), 201)
    assert response.headers["Location"].endswith(f"/artifacts/{digest}/tags/stable")
    assert place.registry.get_manifest(place.name, "stable").headers["Docker-Content-Digest"] == digest
    refused = place.harbor.post(f"{place.path}/artifacts/{other}/tags", {"name": "stable"})
    assert digest in expect(refused, 409, code="CONFLICT").text
    for wrong in ({"name": "no/tag"}, {"name": ""}, {}, {"name": 1}):
        expect(place.harbor.post(f"{place.path}/artifacts/{digest}/tags", wrong), 400, code="BAD_REQUEST")
    tags = expect(place.harbor.get(f"{place.path}/artifacts/v1/tags", sort="name"), 200)
    assert [tag["name"] for tag in tags.json()] == ["stable", "v1"] and tags.headers["X-Total-Count"] == "2"
    expect(place.harbor.delete(f"{place.path}/artifacts/{other}/tags/stable"), 404, code="NOT_FOUND")
    expect(place.harbor.delete(f"{place.path}/artifacts/v1/tags/stable"), 200)
    expect(place.registry.get_manifest(place.name, "stable"), 404)
    expect(place.registry.get_manifest(place.name, digest), 200)


# Labels


def test_labels_of_the_system_and_of_a_project_are_put_on_artifacts(place, harbor):
    number = expect(harbor.get(place.path), 200, 404)
    digest = place.push(image(), "v1")
    number = expect(harbor.get(place.path), 200).json()["project_id"]
    names = [unique("label") for _ in range(2)]
    of_system = made(harbor.post("/labels", {"name": names[0], "scope": "g", "color": "#00AB9A"}))
    of_project = made(harbor.post("/labels", {"name": names[1], "scope": "p", "project_id": number, "description": "mine"}))
    expect(harbor.post("/labels", {"name": names[1], "scope": "p", "project_id": number}), 409, code="CONFLICT")
    for wrong in ({"name": "x"}, {"name": "x", "scope": "q"}, {"scope": "g"}, {"name": "x" * 129, "scope": "g"}, {"name": "x", "scope": "p"}):
        expect(harbor.post("/labels", wrong), 400, code="BAD_REQUEST")
    assert expect(harbor.get(f"/labels/{of_project}"), 200).json()["description"] == "mine"
    listed = expect(harbor.get("/labels", scope="p", project_id=number, name=names[1]), 200)
    assert [one["id"] for one in listed.json()] == [of_project] and listed.headers["X-Total-Count"] == "1"
    expect(harbor.get("/labels"), 400, code="BAD_REQUEST")
    path = f"{place.path}/artifacts/v1/labels"
    for label in (of_system, of_project):
        expect(harbor.post(path, {"id": label}), 200)
    expect(harbor.post(path, {"id": of_system}), 409, code="CONFLICT")
    expect(harbor.post(path, {"id": 999_999}), 404, code="NOT_FOUND")
    assert {one["id"] for one in place.artifact("v1", with_label="true")["labels"]} == {of_system, of_project}
    assert place.digests(q=f"labels=({of_system} {of_project})") == [digest]
    expect(harbor.put(f"/labels/{of_project}", {"name": names[1] + "x"}), 200)
    expect(harbor.delete(f"{path}/{of_system}"), 200)
    expect(harbor.delete(f"{path}/{of_system}"), 404, code="NOT_FOUND")
    assert [one["name"] for one in place.artifact("v1", with_label="true")["labels"]] == [names[1] + "x"]
    expect(harbor.delete(f"/labels/{of_project}"), 200)
    expect(harbor.get(f"/labels/{of_project}"), 404, code="NOT_FOUND")
    assert place.artifact("v1", with_label="true")["labels"] == []


# Copies


def test_an_artifact_is_copied_with_its_entries_accessories_and_tags(place, harbor, registry):
    images = [image(architecture=name) for name in ("amd64", "arm64")]
    for one in images:
        place.push(one)
    whole = index(*[one.manifest for one in images])
    place.push(whole, "v1", "v2")
    signature = place.push(artifact("application/vnd.cncf.notary.signature", b"x", subject=whole))
    target = Place(harbor, registry, make_project(harbor), "copied/here")
    response = expect(harbor("POST", f"{target.path}/artifacts", params={"from": f"{place.name}:v1"}), 201)
    assert response.headers["Location"].endswith(f"/artifacts/{whole.digest}")
    assert target.digests() == [whole.digest]
    found = target.artifact("v2", with_accessory="true")
    assert [one["digest"] for one in found["accessories"]] == [signature] and len(found["references"]) == 2
    for one in images:
        expect(registry.get_manifest(target.name, one.digest), 200)
        for blob in one.blobs:
            assert registry.blob(target.name, blob.digest) == blob.data
    again = {"from": f"{place.name}@{whole.digest}"}
    expect(harbor("POST", f"{target.path}/artifacts", params=again), 409, code="CONFLICT")
    for wrong in ("nothing", "a/b", "a/b@v1", "A/b:v1", "a/b:"):
        expect(harbor("POST", f"{target.path}/artifacts", params={"from": wrong}), 400, code="BAD_REQUEST")
    expect(harbor("POST", f"{target.path}/artifacts", params={"from": f"{place.name}:none"}), 404, code="NOT_FOUND")


# Who may


def test_each_role_may_do_what_its_role_says(place, harbor):
    digest = place.push(image(), "v1")
    place.push(image(), "v2")
    users = {}
    for role in (GUEST, DEVELOPER, MAINTAINER):
        users[role] = make_user(harbor)
        add_member(harbor, place.project, users[role][0], role)
    stranger = make_user(harbor)
    one = f"{place.path}/artifacts/v1"
    label = made(harbor.post("/labels", {"name": unique("label"), "scope": "g"}))

    def statuses(method, path, json=None):
        return [harbor(method, path, json=json, auth=who).status_code for who in (None, stranger, *users.values())]

    assert statuses("GET", f"{place.path}/artifacts") == [401, 403, 200, 200, 200]
    assert statuses("GET", f"{one}/additions/build_history") == [401, 403, 200, 200, 200]
    assert statuses("POST", f"{one}/tags", {"name": "by-whom"}) == [401, 403, 403, 201, 409]
    assert statuses("POST", f"{one}/labels", {"id": label}) == [401, 403, 403, 200, 409]
    assert statuses("DELETE", f"{one}/tags/by-whom") == [401, 403, 403, 403, 200]
    assert statuses("DELETE", f"{place.path}/artifacts/v2") == [401, 403, 403, 403, 200]
    assert statuses("PUT", place.path, {"description": ""}) == [401, 403, 403, 403, 200]
    assert statuses("POST", "/labels", {"name": "x", "scope": "g"}) == [401, 403, 403, 403, 403]
    assert statuses("GET", f"/labels/{label}") == [401, 200, 200, 200, 200]
    hidden = expect(harbor.get("/search", auth=stranger, q=place.project), 200).json()
    assert hidden == {"project": [], "repository": []}
    seen = expect(harbor.get("/search", auth=users[GUEST], q=place.project), 200).json()
    assert [one["name"] for one in seen["project"]] == [place.project]
    assert place.name in [one["repository_name"] for one in seen["repository"]]
    assert place.artifact("v1")["digest"] == digest


def test_a_public_project_is_everybodys_to_look_at(harbor, registry):
    place = Place(harbor, registry, make_project(harbor, public=True), "app")
    place.push(image(), "v1")
    assert expect(harbor.get(f"{place.path}/artifacts", auth=None), 200).headers["X-Total-Count"] == "1"
    assert place.name in [one["name"] for one in expect(harbor.get("/repositories", auth=None, page_size=100), 200).json()]
    expect(harbor.delete(place.path, auth=None), 401)


def test_statistics_count_what_one_may_see(harbor, registry):
    Place(harbor, registry, make_project(harbor, public=True), "app").push(image(), "v1")
    mine = expect(harbor.get("/statistics"), 200).json()
    assert mine["total_project_count"] == mine["public_project_count"] + mine["private_project_count"]
    assert mine["total_storage_consumption"] > 0 and mine["public_repo_count"] >= 1
    theirs = expect(harbor.get("/statistics", auth=make_user(harbor)), 200).json()
    assert theirs["private_project_count"] == 0 and theirs["total_storage_consumption"] == 0
    assert theirs["public_project_count"] == mine["public_project_count"]


def test_what_is_not_there_or_not_sayable_is_refused(harbor, place):
    place.push(image(), "v1")
    expect(harbor.get(f"{place.path}/artifacts/none"), 404, code="NOT_FOUND")
    expect(harbor.get(f"{place.path}/artifacts/sha256:zz"), 400, code="BAD_REQUEST")
    expect(harbor.get(f"{place.path}/artifacts/{quote('a b', safe='')}"), 400, code="BAD_REQUEST")
    expect(harbor.get(f"/projects/{place.project}/repositories/none/artifacts"), 404, code="NOT_FOUND")
    expect(harbor.get(f"/projects/{place.project}/repositories/UPPER"), 400, code="BAD_REQUEST")
    expect(harbor.get("/icons/none"), 400, code="BAD_REQUEST")
    expect(harbor.get("/icons/sha256:" + "0" * 64), 404, code="NOT_FOUND")
    expect(harbor.get("/labels/999999"), 404, code="NOT_FOUND")
    expect(harbor.put(place.path, {"description": "x" * 100_000}), 400, code="BAD_REQUEST")
