"""Harbor's API: users, groups, projects with their metadata and members, robots, permissions, health, information.

One server on each database; every answer is checked against Harbor's description (`harness/harbor.py`).
"""

import secrets
import ssl
import time

import pytest

from harness.accounts import (
    ACCOUNTS,
    ADMIN,
    ADMINISTRATOR,
    DEVELOPER,
    GUEST,
    LIMITED_GUEST,
    MAINTAINER,
    PASSWORD,
    PROJECT_ADMIN,
    add_member,
    made,
    make_project,
    make_robot,
    make_user,
    unique,
)
from harness.harbor import CheckedHarbor, Description
from harness.postgres import Postgres
from harness.raw import expect
from harness.server import Server

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    config, database = ACCOUNTS, None
    if request.param == "postgresql":
        database = Postgres().start()
        config = {**ACCOUNTS, "metadata": {"url": database.create_database().url}}
    server = Server(tmp_path_factory.mktemp("harbor"), config, env=ADMINISTRATOR).start()
    yield server
    server.stop()
    if database is not None:
        database.remove()


@pytest.fixture(scope="module")
def harbor(guarded) -> CheckedHarbor:
    return CheckedHarbor(guarded)


@pytest.fixture
def project(harbor) -> str:
    return make_project(harbor)


def number(harbor, project: str) -> int:
    return expect(harbor.get(f"/projects/{project}"), 200).json()["project_id"]


def user_id(harbor, name: str) -> int:
    return next(one["user_id"] for one in harbor.get("/users/search", username=name).json() if one["username"] == name)




def message(response) -> str:
    return response.json()["errors"][0]["message"]


# Users


def test_a_user_is_made_seen_changed_and_deleted(harbor):
    name, password = make_user(harbor, realname="Ann Example", comment="of the tests")
    number = user_id(harbor, name)
    seen = expect(harbor.get(f"/users/{number}"), 200).json()
    assert seen["username"] == name and seen["realname"] == "Ann Example" and not seen["sysadmin_flag"]
    myself = harbor.as_user((name, password))
    assert expect(myself.get("/users/current"), 200).json()["user_id"] == number
    expect(myself.put(f"/users/{number}", {"realname": "Ann", "email": f"{name}@example.com", "comment": ""}), 200)
    assert myself.get("/users/current").json()["email"] == f"{name}@example.com"
    expect(harbor.delete(f"/users/{number}"), 200)
    expect(harbor.get(f"/users/{number}"), 404, code="NOT_FOUND")
    expect(myself.get("/users/current"), 401)


def test_users_are_listed_filtered_sorted_and_paged(harbor):
    mark = unique("page")
    for index in range(3):
        make_user(harbor, f"{mark}-{index}")
    found = expect(harbor.get("/users", q=f"username=~{mark}", sort="-username", page_size=2), 200)
    assert [one["username"] for one in found.json()] == [f"{mark}-2", f"{mark}-1"]
    assert found.headers["X-Total-Count"] == "3" and 'rel="next"' in found.headers["Link"]
    rest = harbor.get("/users", q=f"username=~{mark}", sort="-username", page_size=2, page=2)
    assert [one["username"] for one in rest.json()] == [f"{mark}-0"] and 'rel="prev"' in rest.headers["Link"]
    assert harbor.get("/users", q=f"username={mark}-1").json()[0]["email"] == f"{mark}-1@example.org"
    assert harbor.get("/users", q="sysadmin_flag=true", page_size=100).json()[0]["username"] == "admin"


def test_only_administrators_list_and_make_users_and_anybody_searches(harbor):
    myself = harbor.as_user(make_user(harbor))
    expect(myself.get("/users"), 403, code="FORBIDDEN")
    expect(myself.post("/users", {"username": unique("u"), "password": PASSWORD}), 403)
    expect(harbor.as_user(None).post("/users", {"username": unique("u"), "password": PASSWORD}), 401)
    assert [one["username"] for one in expect(myself.get("/users/search", username="admi"), 200).json()] == ["admin"]
    expect(myself.get("/users/1"), 403)
    expect(myself.get("/users/987654"), 403)
    expect(harbor.as_user(None).get("/users/search", username="admin"), 401)


def test_names_and_addresses_are_nobody_elses(harbor):
    name, _ = make_user(harbor)
    for body in ({"username": name}, {"username": name.upper()}, {"username": f"{name}@example.org"}):
        expect(harbor.post("/users", {"password": PASSWORD, "email": f"{name}@example.org", **body}), 409, code="CONFLICT")
    other, _ = make_user(harbor)
    expect(harbor.put(f"/users/{user_id(harbor, other)}", {"email": f"{name}@example.org"}), 409)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a:b"}, "username"),
        ({"username": "a\nb"}, "username"),
        ({"username": "robot$x"}, "username"),
        ({"username": "x" * 256}, "username"),
        ({"username": 7}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "alllowercase1"}, "password"),
        ({"password": "x" * 1_000_000}, "password"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"comment": "x" * 300}, "comment"),
        ({"admin": True}, "admin"),
    ],
)
def test_a_user_that_cannot_be_is_refused_by_field(harbor, changes, field):
    body = {"username": unique("bad"), "password": PASSWORD, "email": f"{unique('bad')}@example.org"} | changes
    assert field in message(expect(harbor.post("/users", body), 400, code="BAD_REQUEST"))


def test_bodies_that_are_no_objects_are_refused(harbor):
    for data in (b"", b"[]", b'"x"', b"{", b"\xff", b"[" * 100_000):
        expect(harbor("POST", "/users", data=data), 400)
    expect(harbor("POST", "/users", data=b'{"username": "' + b"x" * 1_100_000 + b'"}'), 413)


def test_a_password_is_changed_with_the_old_one_and_by_administrators_without(harbor):
    name, password = make_user(harbor)
    number = user_id(harbor, name)
    myself = harbor.as_user((name, password))
    path = f"/users/{number}/password"
    expect(myself.put(path, {"new_password": "Another1234"}), 400)
    expect(myself.put(path, {"old_password": "Wrong12345", "new_password": "Another1234"}), 403)
    expect(myself.put(path, {"old_password": password, "new_password": password}), 400)
    expect(myself.put(path, {"old_password": password, "new_password": "weak"}), 400)
    expect(myself.put(path, {"old_password": password, "new_password": "Another1234"}), 200)
    expect(myself.get("/users/current"), 401)
    expect(harbor.as_user((name, "Another1234")).get("/users/current"), 200)
    expect(harbor.put(path, {"new_password": "Given12345"}), 200)
    other = harbor.as_user((name, "Given12345"))
    expect(other.put("/users/1/password", {"old_password": PASSWORD, "new_password": "Stolen1234"}), 403)


def test_a_cli_secret_logs_in(harbor):
    name, password = make_user(harbor)
    path = f"/users/{user_id(harbor, name)}/cli_secret"
    myself = harbor.as_user((name, password))
    expect(myself.put(path, {"secret": "weak"}), 400)
    expect(myself.put(path, {"secret": "Command1234"}), 200)
    expect(harbor.as_user((name, "Command1234")).get("/users/current"), 200)
    expect(myself.put("/users/1/cli_secret", {"secret": "Command1234"}), 403)


def test_the_last_administrator_stays(harbor):
    name, password = make_user(harbor)
    number = user_id(harbor, name)
    admin = user_id(harbor, "admin")
    expect(harbor.put(f"/users/{admin}/sysadmin", {"sysadmin_flag": False}), 403)
    expect(harbor.delete(f"/users/{admin}"), 403)
    expect(harbor.put(f"/users/{number}/sysadmin", {}), 400)
    expect(harbor.put(f"/users/{number}/sysadmin", {"sysadmin_flag": True}), 200)
    other = harbor.as_user((name, password))
    expect(other.get("/users"), 200)
    expect(other.delete(f"/users/{number}"), 403)
    expect(harbor.put(f"/users/{number}/sysadmin", {"sysadmin_flag": False}), 200)
    expect(other.get("/users"), 403)
    expect(harbor.put("/users/987654/sysadmin", {"sysadmin_flag": True}), 404)


def test_a_deleted_user_is_no_member_any_more(harbor, project):
    name, password = make_user(harbor)
    add_member(harbor, project, name, DEVELOPER)
    expect(harbor.delete(f"/users/{user_id(harbor, name)}"), 200)
    assert name not in [one["entity_name"] for one in harbor.get(f"/projects/{project}/members").json()]
    make_user(harbor, name, password)
    expect(harbor.as_user((name, password)).get(f"/projects/{project}"), 403)


def test_what_oneself_may_do_is_told(harbor, project):
    name, password = make_user(harbor)
    add_member(harbor, project, name, DEVELOPER)
    myself = harbor.as_user((name, password))
    scope = f"/project/{number(harbor, project)}"
    told = expect(myself.get("/users/current/permissions", scope=scope, relative="true"), 200).json()
    may = {(one["resource"], one["action"]) for one in told}
    assert {("repository", "push"), ("repository", "pull"), (".", "read")} <= may
    assert not may & {("member", "create"), (".", "delete")}
    whole = {(one["resource"], one["action"]) for one in myself.get("/users/current/permissions", scope=scope).json()}
    assert (f"{scope}/repository", "push") in whole and (scope, "read") in whole
    assert myself.get("/users/current/permissions").json() == []
    assert myself.get("/users/current/permissions", scope="/project/987654").json() == []
    assert harbor.get("/users/current/permissions").json()
    expect(myself.get("/users/current/permissions", scope="/nonsense"), 400)


# User groups


def test_user_groups_live(harbor):
    name = unique("group")
    group = made(harbor.post("/usergroups", {"group_name": name, "group_type": 3}))
    assert expect(harbor.get(f"/usergroups/{group}"), 200).json() == {"id": group, "group_name": name, "group_type": 3}
    expect(harbor.put(f"/usergroups/{group}", {"group_name": f"{name}-new"}), 200)
    assert [one["id"] for one in harbor.get("/usergroups", group_name=name).json()] == [group]
    myself = harbor.as_user(make_user(harbor))
    assert [one["id"] for one in expect(myself.get("/usergroups/search", groupname=name), 200).json()] == [group]
    expect(myself.get("/usergroups"), 403)
    expect(myself.get(f"/usergroups/{group}"), 403)
    dn = f"cn={name},ou=groups,dc=example,dc=org"
    ldap = made(harbor.post("/usergroups", {"group_type": 1, "ldap_group_dn": dn}))
    assert [one["group_name"] for one in harbor.get("/usergroups", ldap_group_dn=dn.upper()).json()] == [name]
    expect(harbor.post("/usergroups", {"group_name": unique("g"), "group_type": 1, "ldap_group_dn": dn}), 409)
    expect(harbor.post("/usergroups", {"group_name": name, "group_type": 2}), 409)
    for number in (group, ldap):
        expect(harbor.delete(f"/usergroups/{number}"), 200)
        expect(harbor.get(f"/usergroups/{number}"), 404)
        expect(harbor.delete(f"/usergroups/{number}"), 404)


@pytest.mark.parametrize(
    "body",
    [{}, {"group_name": "x"}, {"group_name": "x", "group_type": 4}, {"group_name": "x", "group_type": 1}, {"group_name": "", "group_type": 2}],
)
def test_a_group_that_cannot_be_is_refused(harbor, body):
    expect(harbor.post("/usergroups", body), 400, code="BAD_REQUEST")


# Projects


def test_a_project_lives(harbor):
    name = unique("life")
    answer = expect(harbor.post("/projects", {"project_name": name, "metadata": {"public": "false", "auto_scan": "true"}}), 201)
    id = made(answer)
    project = expect(harbor.get(f"/projects/{id}"), 200).json()
    assert project["name"] == name and project["owner_name"] == "admin" and project["repo_count"] == 0
    assert project["metadata"] == {"public": "false", "auto_scan": "true"} and project["current_user_role_id"] == PROJECT_ADMIN
    assert harbor.get(f"/projects/{name}").json() == project
    assert harbor.get(f"/projects/{name}", auth=ADMIN).json() == project
    assert expect(harbor("GET", f"/projects/{name}", headers={"X-Is-Resource-Name": "true"}), 200).json() == project
    expect(harbor("GET", f"/projects/{id}", headers={"X-Is-Resource-Name": "true"}), 404)
    expect(harbor.put(f"/projects/{id}", {"metadata": {"public": "true"}, "cve_allowlist": {"items": [{"cve_id": "CVE-2019-10164"}]}}), 200)
    project = harbor.get(f"/projects/{id}").json()
    assert project["metadata"] == {"public": "true", "auto_scan": "true"}
    assert [one["cve_id"] for one in project["cve_allowlist"]["items"]] == ["CVE-2019-10164"]
    expect(harbor.put(f"/projects/{id}", {"project_name": "other"}), 400)
    assert expect(harbor.get(f"/projects/{id}/_deletable"), 200).json() == {"deletable": True}
    expect(harbor.delete(f"/projects/{name}"), 200)
    expect(harbor.get(f"/projects/{id}"), 404)
    expect(harbor.delete(f"/projects/{id}"), 404)


def test_the_location_has_the_name_when_that_is_asked_for(harbor):
    name = unique("named")
    answer = harbor("POST", "/projects", json={"project_name": name}, headers={"X-Resource-Name-In-Location": "true"})
    assert expect(answer, 201).headers["Location"] == f"/api/v2.0/projects/{name}"
    expect(harbor.post("/projects", {"project_name": name}), 409, code="CONFLICT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "project_name"),
        ({"project_name": ""}, "project_name"),
        ({"project_name": "Upper"}, "project_name"),
        ({"project_name": "a/b"}, "project_name"),
        ({"project_name": "-a"}, "project_name"),
        ({"project_name": "a..b"}, "project_name"),
        ({"project_name": "x" * 256}, "project_name"),
        ({"project_name": "x'; DROP TABLE project; --"}, "project_name"),
        ({"project_name": ["x"]}, "project_name"),
        ({"project_name": "ok", "storage_limit": 0}, "storage_limit"),
        ({"project_name": "ok", "storage_limit": "1"}, "storage_limit"),
        ({"project_name": "ok", "registry_id": 1}, "registry_id"),
        ({"project_name": "ok", "metadata": {"public": "perhaps"}}, "metadata.public"),
        ({"project_name": "ok", "metadata": {"severity": "mild"}}, "metadata.severity"),
        ({"project_name": "ok", "metadata": {"proxy_speed_kb": "fast"}}, "metadata.proxy_speed_kb"),
        ({"project_name": "ok", "metadata": {"retention_id": "7"}}, "metadata.retention_id"),
        ({"project_name": "ok", "metadata": {"unknown": "x"}}, "unknown"),
        ({"project_name": "ok", "cve_allowlist": {"items": [{"cve_id": "a b"}]}}, "cve_allowlist.items[0]"),
        ({"project_name": "ok", "cve_allowlist": {"items": [{"cve_id": "C-1"}, {"cve_id": "C-1"}]}}, "cve_allowlist.items[1]"),
        ({"project_name": "ok", "colour": "red"}, "colour"),
    ],
)
def test_a_project_that_cannot_be_is_refused_by_field(harbor, body, field):
    assert field in message(expect(harbor.post("/projects", body), 400, code="BAD_REQUEST"))


def test_projects_are_listed_to_whom_they_concern(harbor):
    mark = unique("list")
    public, private, other = (make_project(harbor, f"{mark}-{word}", public=word == "a") for word in "abc")
    name, password = make_user(harbor)
    add_member(harbor, private, name, GUEST)

    def names(who, **params) -> list[str]:
        answer = expect(who.get("/projects", name=mark, **params), 200)
        assert int(answer.headers["X-Total-Count"]) == len(answer.json())
        return [one["name"] for one in answer.json()]

    assert names(harbor) == [public, private, other]
    assert names(harbor.as_user((name, password))) == [public, private]
    assert names(harbor.as_user(None)) == [public]
    assert names(harbor, public="true") == [public] and names(harbor, public="false") == [private, other]
    assert names(harbor, owner=name) == [] and names(harbor, owner="admin") == [public, private, other]
    assert names(harbor, sort="-name") == [other, private, public]
    assert names(harbor, q=f"name={other}") == [other] and names(harbor, q=f"name=~{mark.upper()}-B") == [private]
    plain = harbor.get("/projects", name=mark, with_detail="false").json()[0]
    assert "current_user_role_id" not in plain and plain["metadata"] == {"public": "true"}
    robot = harbor.as_user(make_robot(harbor, other))
    assert names(robot) == [public, other]


def test_lists_refuse_what_makes_no_sense(harbor):
    for params in (
        {"page": 0}, {"page_size": 101}, {"page": "x"}, {"q": "name"}, {"q": "colour=red"}, {"q": "name=[a"}, {"q": "=x"},
        {"q": "project_id=x"}, {"q": "creation_time=[yesterday~]"}, {"sort": "colour"}, {"public": "perhaps"},
        {"q": "name=\n"}, {"name": "a\nb"},
    ):
        expect(harbor.get("/projects", **params), 400, code="BAD_REQUEST")
    for text in ("'; DROP TABLE project; --", "%", "_", "\\", "!", "?", '"', "$1"):
        assert expect(harbor.get("/projects", name=text), 200).json() == [] or text == "_"
        expect(harbor.get("/projects", q=f"name=~{text}"), 200, 400)


def test_whether_a_name_is_taken_is_told_by_head(harbor, project):
    expect(harbor.head("/projects", project_name=project), 200)
    expect(harbor.head("/projects", project_name=unique("no")), 404)
    expect(harbor.as_user(make_user(harbor)).head("/projects", project_name=project), 404)
    expect(harbor.head("/projects"), 400)


def test_a_private_project_looks_to_strangers_as_if_it_were_not_there(harbor, project):
    stranger = harbor.as_user(make_user(harbor))
    for path in ("", "/summary", "/_deletable", "/members", "/metadatas/"):
        there = expect(stranger.get(f"/projects/{project}{path}"), 403)
        absent = expect(stranger.get(f"/projects/no-such-project{path}"), 403)
        assert message(there) == message(absent)
        expect(harbor.as_user(None).get(f"/projects/{project}{path}"), 401)
    expect(stranger.delete(f"/projects/{project}"), 403)
    expect(stranger.put(f"/projects/{project}", {}), 403)


def test_a_project_made_public_is_seen_at_once(harbor, project):
    nobody = harbor.as_user(None)
    expect(nobody.get(f"/projects/{project}"), 401)
    expect(harbor.put(f"/projects/{project}", {"metadata": {"public": "true"}}), 200)
    expect(nobody.get(f"/projects/{project}"), 200)
    expect(harbor.put(f"/projects/{project}/metadatas/public", {"public": "false"}), 200)
    expect(nobody.get(f"/projects/{project}"), 401)


def test_a_user_makes_a_project_and_is_its_administrator(harbor):
    name, password = make_user(harbor)
    myself = harbor.as_user((name, password))
    project = make_project(myself)
    seen = myself.get(f"/projects/{project}").json()
    assert seen["owner_name"] == name and seen["current_user_role_ids"] == [PROJECT_ADMIN] and seen["togglable"]
    expect(myself.post("/projects", {"project_name": unique("big"), "storage_limit": 1 << 40}), 403)
    expect(myself.put(f"/projects/{project}", {"storage_limit": 1 << 40}), 403)
    expect(myself.delete(f"/projects/{project}"), 200)


def test_a_project_with_content_is_not_deleted(guarded, harbor, project):
    registry = guarded.registry(auth=ADMIN)
    registry.push_blob(f"{project}/app", b"content")
    refused = expect(harbor.delete(f"/projects/{project}"), 412, code="PRECONDITION")
    assert "1 repository" in message(refused) and f"{project}/app" in message(refused)
    told = harbor.get(f"/projects/{project}/_deletable").json()
    assert told["deletable"] is False and "1 repository" in told["message"]
    assert harbor.get(f"/projects/{project}").json()["repo_count"] == 1


def test_a_summary_tells_what_whoever_asks_may_know(harbor):
    project = make_project(harbor, storage_limit=1 << 30)
    guest, limited = make_user(harbor), make_user(harbor)
    add_member(harbor, project, guest[0], GUEST)
    add_member(harbor, project, limited[0], LIMITED_GUEST)
    summary = expect(harbor.get(f"/projects/{project}/summary"), 200).json()
    assert summary["quota"]["hard"] == {"storage": 1 << 30} and summary["quota"]["used"] == {"storage": 0}
    assert (summary["project_admin_count"], summary["guest_count"], summary["limited_guest_count"]) == (1, 1, 1)
    assert "guest_count" in harbor.as_user(guest).get(f"/projects/{project}/summary").json()
    assert "guest_count" not in harbor.as_user(limited).get(f"/projects/{project}/summary").json()


# Metadata


def test_metadata_lives(harbor, project):
    path = f"/projects/{project}/metadatas"
    assert expect(harbor.get(f"{path}/"), 200).json() == {"public": "false"}
    expect(harbor.post(f"{path}/", {"prevent_vul": "true", "severity": "High"}), 200)
    expect(harbor.post(f"{path}/", {"prevent_vul": "true"}), 409)
    assert expect(harbor.get(f"{path}/severity"), 200).json() == {"severity": "high"}
    expect(harbor.put(f"{path}/severity", {"severity": "low"}), 200)
    expect(harbor.put(f"{path}/severity", {"prevent_vul": "true"}), 400)
    expect(harbor.put(f"{path}/auto_scan", {"auto_scan": "true"}), 404)
    assert harbor.get(f"{path}/").json() == {"public": "false", "prevent_vul": "true", "severity": "low"}
    expect(harbor.delete(f"{path}/severity"), 200)
    expect(harbor.delete(f"{path}/severity"), 404)
    expect(harbor.get(f"{path}/severity"), 404)
    expect(harbor.delete(f"{path}/retention_id"), 400)
    for body in ({}, [], {"unknown": "x"}, {"auto_scan": True}, {"auto_scan": "x"}):
        expect(harbor.post(f"{path}/", body), 400)


# Members


def test_members_live(harbor, project):
    name, password = make_user(harbor)
    member = add_member(harbor, project, name, DEVELOPER)
    path = f"/projects/{project}/members"
    seen = expect(harbor.get(f"{path}/{member}"), 200).json()
    assert seen == {
        "id": member, "project_id": number(harbor, project), "entity_name": name, "role_name": "developer", "role_id": DEVELOPER,
        "entity_id": user_id(harbor, name), "entity_type": "u",
    }
    assert harbor.get(path, entityname=name[2:]).json() == [seen]
    expect(harbor.post(path, {"role_id": GUEST, "member_user": {"user_id": seen["entity_id"]}}), 409)
    expect(harbor.put(f"{path}/{member}", {"role_id": MAINTAINER}), 200)
    assert harbor.get(f"{path}/{member}").json()["role_name"] == "maintainer"
    myself = harbor.as_user((name, password))
    expect(myself.get(path), 200)
    expect(myself.put(f"{path}/{member}", {"role_id": PROJECT_ADMIN}), 403)
    expect(harbor.delete(f"{path}/{member}"), 200)
    expect(harbor.get(f"{path}/{member}"), 404)
    expect(myself.get(path), 403)


def test_a_group_is_a_member(harbor, project):
    path = f"/projects/{project}/members"
    name = unique("group")
    group = made(harbor.post("/usergroups", {"group_name": name, "group_type": 2}))
    member = made(harbor.post(path, {"role_id": GUEST, "member_group": {"id": group}}))
    seen = harbor.get(f"{path}/{member}").json()
    assert (seen["entity_type"], seen["entity_id"], seen["entity_name"]) == ("g", group, name)
    expect(harbor.post(path, {"role_id": GUEST, "member_group": {"group_name": name}}), 409)
    new = unique("found")
    made(harbor.post(path, {"role_id": DEVELOPER, "member_group": {"group_name": new, "group_type": 3}}))
    dn = f"cn={unique('dn')},dc=example,dc=org"
    made(harbor.post(path, {"role_id": DEVELOPER, "member_group": {"ldap_group_dn": dn, "group_type": 1}}))
    assert len(harbor.get(path).json()) == 4
    expect(harbor.delete(f"/usergroups/{group}"), 200)
    expect(harbor.get(f"{path}/{member}"), 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"role_id": 9, "member_user": {"username": "admin"}}, 400),
        ({"role_id": "1", "member_user": {"username": "admin"}}, 400),
        ({"role_id": 2}, 400),
        ({"role_id": 2, "member_user": {}}, 400),
        ({"role_id": 2, "member_group": {}}, 400),
        ({"role_id": 2, "member_user": {"username": "admin"}, "member_group": {"id": 1}}, 400),
        ({"role_id": 2, "member_user": {"username": "nobody-of-that-name"}}, 404),
        ({"role_id": 2, "member_user": {"user_id": 987654}}, 404),
        ({"role_id": 2, "member_group": {"id": 987654}}, 404),
        ({"role_id": 2, "member_group": {"group_name": "no-such-group"}}, 404),
    ],
)
def test_a_member_that_cannot_be_is_refused(harbor, project, body, status):
    expect(harbor.post(f"/projects/{project}/members", body), status)


def test_a_member_of_another_project_is_not_there(harbor, project):
    other = make_project(harbor)
    name, _ = make_user(harbor)
    member = add_member(harbor, other, name, GUEST)
    for answer in (
        harbor.get(f"/projects/{project}/members/{member}"),
        harbor.put(f"/projects/{project}/members/{member}", {"role_id": 1}),
        harbor.delete(f"/projects/{project}/members/{member}"),
    ):
        expect(answer, 404)
    expect(harbor.get(f"/projects/{project}/members/x"), 400)


# Robots


def permission(namespace: str, *access: str, kind: str = "project") -> dict:
    pairs = [one.split(":") for one in access]
    return {"kind": kind, "namespace": namespace, "access": [{"resource": resource, "action": action} for resource, action in pairs]}


def test_a_robot_of_a_project_lives(guarded, harbor, project):
    name = unique("ci")
    body = {
        "name": name, "level": "project", "duration": 7, "description": "of the tests",
        "permissions": [permission(project, "repository:pull", "repository:push", "project:read")],
    }
    created = expect(harbor.post("/robots", body), 201).json()
    assert created["name"] == f"robot${project}+{name}" and len(created["secret"]) >= 8
    assert abs(created["expires_at"] - time.time() - 7 * 86400) < 60
    path = f"/robots/{created['id']}"
    seen = expect(harbor.get(path), 200).json()
    assert seen["level"] == "project" and not seen["disable"] and seen["editable"] and "secret" not in seen
    assert {(one["resource"], one["action"]) for one in seen["permissions"][0]["access"]} == {
        ("repository", "pull"), ("repository", "push"), ("project", "read"),
    }
    robot = harbor.as_user((created["name"], created["secret"]))
    expect(robot.get(f"/projects/{project}"), 200)
    expect(robot.get("/users/current"), 412)
    guarded.registry(auth=robot.auth).push_blob(f"{project}/app", b"by a robot")
    listed = expect(harbor.get("/robots", q=f"Level=project,ProjectID={number(harbor, project)}"), 200).json()
    assert [one["id"] for one in listed] == [created["id"]]
    assert harbor.get("/robots", q=f"Level=project,ProjectID={number(harbor, project)},name={created['name']}").json() == listed
    expect(harbor.post("/robots", body), 409, code="CONFLICT")
    expect(harbor.put(path, {**seen, "duration": -1, "description": "changed", "disable": True}), 200)
    changed = harbor.get(path).json()
    assert (changed["duration"], changed["expires_at"], changed["disable"], changed["description"]) == (-1, -1, True, "changed")
    expect(robot.get(f"/projects/{project}"), 401)
    expect(harbor.put(path, {"disable": False}), 200)
    expect(robot.get(f"/projects/{project}"), 200)
    expect(harbor.put(path, {**seen, "level": "system"}), 400)
    expect(harbor.put(path, {**seen, "name": "other"}), 400)
    expect(harbor.delete(path), 200)
    expect(harbor.get(path), 404)
    expect(robot.get(f"/projects/{project}"), 401)


def test_a_robots_secret_is_refreshed(harbor, project):
    name, secret = make_robot(harbor, project)
    id = next(one["id"] for one in harbor.get("/robots", q=f"Level=project,ProjectID={number(harbor, project)}").json())
    made_up = expect(harbor("PATCH", f"/robots/{id}", json={"secret": ""}), 200).json()["secret"]
    expect(harbor.as_user((name, secret)).get("/projects"), 401)
    expect(harbor.as_user((name, made_up)).get("/projects"), 200)
    assert "secret" not in expect(harbor("PATCH", f"/robots/{id}", json={"secret": "Chosen1234"}), 200).json()
    expect(harbor.as_user((name, "Chosen1234")).get("/projects"), 200)
    expect(harbor("PATCH", f"/robots/{id}", json={"secret": "weak"}), 400)
    expect(harbor("PATCH", "/robots/987654", json={}), 404)


def test_a_robot_of_the_system_lives(harbor, project):
    permissions = [permission("/", "project:list", "user:list", "robot:create", kind="system"), permission("*", "repository:pull")]
    body = {"name": unique("sys"), "level": "system", "duration": -1, "secret": "Given12345", "permissions": permissions}
    created = expect(harbor.post("/robots", body), 201).json()
    assert created["name"] == f"robot${body['name']}" and created["secret"] == "Given12345" and created["expires_at"] == -1
    assert created["id"] in [one["id"] for one in harbor.get("/robots", page_size=100, q=f"name={body['name']}").json()]
    robot = harbor.as_user((created["name"], created["secret"]))
    expect(robot.get("/users"), 200)
    expect(robot.post("/users", {"username": unique("u"), "password": PASSWORD}), 403)
    assert expect(robot.get("/permissions"), 200).json()["system"]
    more = {**body, "name": unique("more"), "permissions": [permission("/", "user:create", kind="system")]}
    assert "permissions" in message(expect(robot.post("/robots", more), 403))
    less = {**body, "name": unique("less"), "permissions": [permission(project, "repository:pull")]}
    expect(robot.post("/robots", less), 201)
    expect(robot.put("/users/1/sysadmin", {"sysadmin_flag": True}), 403)


def test_no_robot_may_more_than_who_makes_it(harbor, project):
    name, password = make_user(harbor)
    add_member(harbor, project, name, PROJECT_ADMIN)
    myself = harbor.as_user((name, password))
    other = make_project(harbor)
    body = {"name": "mine", "level": "project", "duration": 1, "permissions": [permission(project, "repository:delete")]}
    created = expect(myself.post("/robots", body), 201).json()
    expect(myself.post("/robots", {**body, "permissions": [permission(other, "repository:pull")]}), 403)
    expect(myself.post("/robots", {**body, "permissions": [permission("no-such-project", "repository:pull")]}), 403)
    expect(myself.post("/robots", {**body, "level": "system"}), 403)
    expect(myself.get("/robots"), 403)
    expect(myself.put(f"/robots/{created['id']}", {"permissions": [permission(other, "repository:pull")]}), 400)
    stranger = harbor.as_user(make_user(harbor))
    for answer in (
        stranger.get(f"/robots/{created['id']}"), stranger.delete(f"/robots/{created['id']}"), stranger.get("/robots/987654"),
        stranger.get("/robots", q=f"Level=project,ProjectID={number(harbor, project)}"),
        stranger.get("/robots", q="Level=project,ProjectID=987654"), stranger.get("/permissions"),
    ):
        expect(answer, 403)
    assert myself.get("/permissions").json()["project"]


def test_rights_end_with_the_project_they_were_given_in(harbor):
    project = make_project(harbor)
    body = {"name": unique("sys"), "level": "system", "duration": -1, "permissions": [permission(project, "project:read")]}
    created = expect(harbor.post("/robots", body), 201).json()
    robot = harbor.as_user((created["name"], created["secret"]))
    expect(robot.get(f"/projects/{project}"), 200)
    expect(harbor.delete(f"/projects/{project}"), 200)
    make_project(harbor, project)
    expect(robot.get(f"/projects/{project}"), 403)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Upper"}, "name"),
        ({"name": "a+b"}, "name"),
        ({"name": ""}, "name"),
        ({"level": "galaxy"}, "level"),
        ({"duration": -2}, "duration"),
        ({"duration": 1 << 40}, "duration"),
        ({"secret": "weak"}, "secret"),
        ({"permissions": []}, "permissions"),
        ({"permissions": [permission("*", "repository:pull")]}, "permissions"),
        ({"permissions": [{"kind": "project", "namespace": "x"}]}, "permissions[0].access"),
        ({"permissions": [permission("x", "repository:dance")]}, "permissions[0].access[0]"),
        ({"permissions": [permission("x", "user:create")]}, "permissions[0].access[0]"),
        ({"description": "x" * 2000}, "description"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_robot_that_cannot_be_is_refused_by_field(harbor, project, changes, field):
    body = {"name": unique("bad"), "level": "project", "duration": 1, "permissions": [permission(project, "repository:pull")]} | changes
    for one in body["permissions"]:
        one["namespace"] = project if one.get("namespace") == "x" else one.get("namespace")
    assert field in message(expect(harbor.post("/robots", body), 400, code="BAD_REQUEST"))


# The rest


def test_what_robots_can_have_is_listed(harbor):
    listed = expect(harbor.get("/permissions"), 200).json()
    assert {"resource": "repository", "action": "push"} in listed["project"] and {"resource": "project", "action": "read"} in listed["project"]
    assert {"resource": "user", "action": "create"} in listed["system"]


def test_the_allowlist_of_the_system_is_that_of_projects_that_reuse_it(harbor):
    names = [f"CVE-2024-{secrets.randbelow(10**6)}"]
    body = {"items": [{"cve_id": one} for one in names], "expires_at": 1_900_000_000, "project_id": 0}
    expect(harbor.put("/system/CVEAllowlist", body), 200)
    seen = expect(harbor.get("/system/CVEAllowlist"), 200).json()
    assert [one["cve_id"] for one in seen["items"]] == names and seen["expires_at"] == 1_900_000_000
    project = make_project(harbor)
    assert harbor.get(f"/projects/{project}").json()["cve_allowlist"]["items"] == []
    expect(harbor.put(f"/projects/{project}", {"metadata": {"reuse_sys_cve_allowlist": "true"}}), 200)
    assert harbor.get(f"/projects/{project}").json()["cve_allowlist"]["items"] == seen["items"]
    expect(harbor.as_user(make_user(harbor)).put("/system/CVEAllowlist", body), 403)
    expect(harbor.put("/system/CVEAllowlist", {"items": [{"cve_id": ""}]}), 400)
    expect(harbor.put("/system/CVEAllowlist", {"project_id": 3}), 400)


def test_health_tells_of_each_component(harbor):
    health = expect(harbor.as_user(None).get("/health"), 200).json()
    components = {one["name"]: one["status"] for one in health["components"]}
    assert components == {"core": "healthy", "database": "healthy", "jobservice": "healthy", "registry": "healthy"}
    assert health["status"] == "healthy"


def test_information_is_less_for_who_has_not_logged_in(harbor):
    public = expect(harbor.as_user(None).get("/systeminfo"), 200).json()
    assert public["auth_mode"] == "db_auth" and "harbor_version" not in public and "external_url" not in public
    whole = expect(harbor.get("/systeminfo"), 200).json()
    assert whole["harbor_version"].startswith("v2.") and whole["registry_storage_provider_name"] == "filesystem"
    assert whole["external_url"] == harbor.server.url and whole["has_ca_root"] is False
    expect(harbor.as_user(None).get("/systeminfo/getcert"), 404)
    volume = expect(harbor.get("/systeminfo/volumes"), 200).json()["storage"][0]
    assert volume["total"] >= volume["free"] > 0
    expect(harbor.as_user(make_user(harbor)).get("/systeminfo/volumes"), 403)


def test_the_root_of_the_servers_own_chain_is_given(new_server, authority):
    certificate = authority.issue("127.0.0.1")
    chain = certificate.certificate.parent / "chain.pem"
    chain.write_bytes(certificate.certificate.read_bytes() + authority.certificate.read_bytes())
    server = new_server(
        {**ACCOUNTS, "http": {"tls": {"certificate": str(chain), "key": str(certificate.key)}}}, env=ADMINISTRATOR
    ).start()
    checked = CheckedHarbor(server)
    checked.session.verify = str(authority.certificate)
    given = expect(checked.get("/systeminfo/getcert"), 200)
    assert ssl.PEM_cert_to_DER_cert(given.text) == ssl.PEM_cert_to_DER_cert(authority.certificate.read_text())
    assert checked.get("/systeminfo").json()["has_ca_root"] is True


def test_ids_of_nobody_are_not_found_and_no_numbers_refused(harbor):
    for path in ("/users/987654", "/usergroups/987654", "/robots/987654", "/projects/987654", "/projects/no-such-project"):
        expect(harbor.get(path), 404, code="NOT_FOUND")
    for path in ("/users/x", "/usergroups/x", "/robots/x", "/users/99999999999999999999", "/robots/1e3"):
        expect(harbor.get(path), 400, code="BAD_REQUEST")
    expect(harbor("DELETE", "/users"), 405)


def test_every_operation_of_these_groups_has_answered(harbor):
    """Last in the file: what the tests before have asked, each answer of it as described."""
    described = Description.need().tagged(
        "user", "usergroup", "projectMetadata", "member", "robot", "permissions", "health", "systeminfo", "SystemCVEAllowlist", "ping"
    ) | {
        "listProjects", "headProject", "createProject", "getProject", "updateProject", "deleteProject", "getProjectDeletable",
        "getProjectSummary",
    }
    expect(harbor.get("/ping"), 200)
    # Given by a server that has a root to give.
    assert described - harbor.succeeded - {"getCert"} == set()
