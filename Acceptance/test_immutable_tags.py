"""Immutable tags: rules of a project for tags that are neither moved nor deleted."""

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, MAINTAINER, Harbor, add_member, make_project, make_user, made
from harness.images import image
from harness.raw import expect

pytestmark = pytest.mark.beyond


@pytest.fixture
def guarded(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


@pytest.fixture
def harbor(guarded):
    return Harbor(guarded)


@pytest.fixture
def registry(guarded):
    return guarded.registry(auth=ADMIN)


def rule(tags: str, repositories: str = "**", decoration: str = "matches", **more) -> dict:
    return {
        "tag_selectors": [{"kind": "doublestar", "decoration": decoration, "pattern": tags, "extras": ""}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": repositories}]},
        "action": "immutable",
        "template": "immutable_template",
        **more,
    }


def test_an_immutable_tag_stays_where_it_is_through_every_api(harbor, registry):
    project = make_project(harbor)
    one, two = image(), image()
    registry.push_image(f"{project}/app", one, "v1", "latest")
    registry.push_image(f"{project}/app", two, "v2")
    number = made(harbor.post(f"/projects/{project}/immutabletagrules", rule("v*")))
    refused = expect(registry.put_manifest(f"{project}/app", "v1", two.manifest), 412, code="DENIED")
    assert f"'{project}/app:v1' is configured as immutable" in refused.json()["errors"][0]["message"]
    expect(registry.delete(f"/v2/{project}/app/manifests/v1"), 412)
    expect(registry.delete(f"/v2/{project}/app/manifests/{one.digest}"), 412)
    path = f"/projects/{project}/repositories/app/artifacts"
    for where in (f"{path}/v1/tags/v1", f"{path}/{one.digest}", f"/projects/{project}/repositories/app"):
        assert "configured as immutable" in expect(harbor.delete(where), 412, code="PRECONDITION").text
    tags = expect(harbor.get(f"{path}/{one.digest}/tags"), 200).json()
    assert {tag["name"]: tag["immutable"] for tag in tags} == {"v1": True, "latest": False}
    [shown] = [item for item in expect(harbor.get(path), 200).json() if item["digest"] == one.digest]
    assert {tag["name"]: tag["immutable"] for tag in shown["tags"]} == {"v1": True, "latest": False}
    # The same again, a new one, and others are fine.
    registry.push_manifest(f"{project}/app", "v1", one.manifest)
    registry.push_manifest(f"{project}/app", "v3", two.manifest)
    registry.push_manifest(f"{project}/app", "latest", two.manifest)
    assert registry.tags(f"{project}/app") == ["latest", "v1", "v2", "v3"]
    assert registry.get_manifest(f"{project}/app", "v1").headers["Docker-Content-Digest"] == one.digest
    expect(harbor.delete(f"/projects/{project}/immutabletagrules/{number}"), 200)
    expect(registry.delete(f"/v2/{project}/app/manifests/v1"), 202)


def test_a_rule_is_about_the_repositories_and_tags_that_it_names(harbor, registry):
    project = make_project(harbor)
    one, two = image(), image()
    for name in ("app", "web"):
        registry.push_image(f"{project}/{name}", one, "v1", "dev")
        for blob in two.blobs:
            registry.push_blob(f"{project}/{name}", blob.data)
    number = made(harbor.post(f"/projects/{project}/immutabletagrules", rule("dev*", "{app,db}", "excludes")))
    expect(registry.put_manifest(f"{project}/app", "v1", two.manifest), 412)
    expect(registry.put_manifest(f"{project}/app", "dev", two.manifest), 201)
    expect(registry.put_manifest(f"{project}/web", "v1", two.manifest), 201)
    expect(harbor.put(f"/projects/{project}/immutabletagrules/{number}", {"id": number, "disabled": True}), 200)
    expect(registry.put_manifest(f"{project}/app", "v1", two.manifest), 201)
    [told] = expect(harbor.get(f"/projects/{project}/immutabletagrules"), 200).json()
    assert told == rule("dev*", "{app,db}", "excludes") | {"id": number, "disabled": True, "priority": 0, "params": {}} | {
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "{app,db}", "extras": ""}]}
    }


def test_what_makes_no_sense_is_refused_with_the_field(harbor):
    project = make_project(harbor)
    path = f"/projects/{project}/immutabletagrules"
    for body, field in (
        ({}, "tag_selectors"),
        (rule("["), "tag_selectors[0].pattern"),
        (rule("**", decoration="nope"), "tag_selectors[0].decoration"),
        (rule("**") | {"scope_selectors": {}}, "scope_selectors.repository"),
        (rule("**") | {"template": "other"}, "template"),
        (rule("**") | {"priority": "high"}, "priority"),
        (rule("x" * 2000), "tag_selectors[0].pattern"),
    ):
        assert field in expect(harbor.post(path, body), 400).json()["errors"][0]["message"]
    made(harbor.post(path, rule("**")))
    expect(harbor.post(path, rule("**")), 409)
    expect(harbor.put(f"{path}/999999", rule("**")), 404)
    expect(harbor.delete(f"{path}/999999"), 404)
    expect(harbor.delete(f"{path}/x"), 400)


def test_maintainers_make_rules_and_developers_do_not(harbor):
    project, other = make_project(harbor), make_project(harbor)
    maintainer, developer = make_user(harbor), make_user(harbor)
    add_member(harbor, project, maintainer[0], MAINTAINER)
    add_member(harbor, project, developer[0], DEVELOPER)
    number = made(harbor.post(f"/projects/{project}/immutabletagrules", rule("**"), auth=maintainer))
    expect(harbor.get(f"/projects/{project}/immutabletagrules", auth=maintainer), 200)
    expect(harbor.post(f"/projects/{project}/immutabletagrules", rule("x"), auth=developer), 403)
    expect(harbor.delete(f"/projects/{other}/immutabletagrules/{number}"), 404)
    expect(harbor.get(f"/projects/{other}/immutabletagrules", auth=maintainer), 403)
