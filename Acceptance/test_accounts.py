"""auth.accounts: who may log in, with what, and what they may do then."""

import json
import re

import pytest
import requests

from harness import images, programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, ROLES, Harbor, add_member, make_project, make_user
from harness.raw import expect
from harness.server import until

pytestmark = pytest.mark.beyond


@pytest.fixture
def guarded(new_server):
    return new_server(ACCOUNTS, env=ADMINISTRATOR).start()


def login(server, user: str, password: str) -> int:
    return requests.get(f"{server.url}/v2/", auth=(user, password), timeout=30).status_code


# The first administrator


def test_the_first_administrator_has_the_password_of_the_environment(guarded):
    assert login(guarded, *ADMIN) == 200
    assert login(guarded, "admin", "Harbor12346") == 401
    assert Harbor(guarded).get("/ping").text == "Pong"


def test_without_one_a_password_is_made_up_and_told_once(new_server):
    server = new_server(ACCOUNTS).start()
    password = re.search(r"^ +password +(\S+)$", server.log, re.MULTILINE)[1]
    assert login(server, "admin", password) == 200
    server.restart()
    assert len(re.findall(r"^ +password ", server.log, re.MULTILINE)) == 1
    assert login(server, "admin", password) == 200


def test_a_password_that_breaks_the_rules_keeps_the_server_from_starting(new_server):
    server = new_server(ACCOUNTS, env={"COVE_ADMIN_PASSWORD": "short"}).start(ready=False)
    assert server.wait() != 0
    assert "COVE_ADMIN_PASSWORD" in server.log and "8 to 128 characters" in server.log


# Logins


def test_an_account_is_locked_after_wrong_passwords_for_a_while(new_server):
    lockout = {"failures": 3, "delay": "1s", "maxdelay": "1s"}
    server = new_server({"auth": {"accounts": {"lockout": lockout}}}, env=ADMINISTRATOR).start()
    assert login(server, *ADMIN) == 200
    assert [login(server, "admin", f"Wrong{number}") for number in range(3)] == [401] * 3
    assert login(server, *ADMIN) == 401, "the account is locked"
    assert until(lambda: login(server, *ADMIN) == 200, 5)


def test_nobody_in_particular_is_told_how_to_log_in(guarded):
    answer = expect(requests.get(f"{guarded.url}/v2/", timeout=30), 401, code="UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"]
    expect(requests.get(f"{guarded.url}/v2/_catalog", auth=ADMIN, timeout=30), 200)


def test_a_project_does_not_spring_into_being(guarded):
    answer = guarded.registry(auth=ADMIN).session.post(f"{guarded.url}/v2/nowhere/app/blobs/uploads/", timeout=30)
    assert answer.status_code in (403, 404) and "project" in answer.json()["errors"][0]["message"]


# By hand, on the server


def cove(server, *arguments: object, **options):
    return programs.run(programs.binary(), *arguments, "--config", server.config_path, **options)


def test_a_password_is_reset_on_the_server_which_unlocks(new_server):
    lockout = {"failures": 2, "delay": "10m", "maxdelay": "10m"}
    server = new_server({"auth": {"accounts": {"lockout": lockout}}}, env=ADMINISTRATOR).start()
    for number in range(2):
        login(server, "admin", f"Wrong{number}")
    assert login(server, *ADMIN) == 401
    made = cove(server, "admin", "reset-password").out
    password = re.search(r"^password +(\S+)$", made, re.MULTILINE)[1]
    assert until(lambda: login(server, "admin", password) == 200, 3)
    cove(server, "admin", "reset-password", "admin", "--password-stdin", input="Another12345\n")
    assert until(lambda: login(server, "admin", "Another12345") == 200, 3)
    weak = cove(server, "admin", "reset-password", "--password-stdin", input="weak\n", check=False)
    assert weak.returncode == 1 and "8 to 128 characters" in weak.err
    assert "no user 'nobody'" in cove(server, "admin", "reset-password", "nobody", check=False).err


def test_who_may_not_change_something_is_told_so_before_that_nothing_can_be_changed(guarded):
    harbor = Harbor(guarded)
    user, project = make_user(harbor), make_project(harbor)
    expect(harbor.put("/configurations", {"read_only": True}), 200)
    for auth, status in ((None, 401), (user, 403)):
        asker = Harbor(guarded, auth)
        answers = [
            asker.delete(f"/projects/{project}"),
            asker.put("/users/1/sysadmin", {"sysadmin_flag": False}),
            asker.post("/users", {"username": "eve", "password": "Harbor12345", "email": "eve@example.org", "realname": "Eve"}),
            requests.post(f"{guarded.url}/v2/{project}/app/blobs/uploads/", auth=auth, timeout=30),
        ]
        for answer in answers:
            assert "read only" not in expect(answer, status).text
    assert "read only" in expect(harbor.delete(f"/projects/{project}"), 403).text
    refused = requests.post(f"{guarded.url}/v2/{project}/app/blobs/uploads/", auth=ADMIN, timeout=30)
    assert "read only" in expect(refused, 403).text
    expect(harbor.put("/configurations", {"read_only": False}), 200)
    expect(harbor.delete(f"/projects/{project}"), 200)


def test_the_last_administrator_stays_one(guarded):
    harbor = Harbor(guarded)
    own = harbor.get("/users/current").json()["user_id"]
    assert "last system administrator" in expect(harbor.put(f"/users/{own}/sysadmin", {"sysadmin_flag": False}), 403).text
    expect(harbor.delete(f"/users/{own}"), 403)
    user = make_user(harbor)
    other = next(iter(harbor.get("/users", q=f"username={user[0]}").json()))["user_id"]
    expect(harbor.put(f"/users/{other}/sysadmin", {"sysadmin_flag": True}), 200)
    expect(harbor.put(f"/users/{own}/sysadmin", {"sysadmin_flag": False}), 200)
    second = Harbor(guarded, user)
    expect(second.delete(f"/users/{own}"), 200)
    expect(second.put(f"/users/{other}/sysadmin", {"sysadmin_flag": False}), 403)


def test_access_is_explained_and_granted_by_repository(guarded):
    harbor = Harbor(guarded)
    project, user = make_project(harbor), make_user(harbor)

    def explain(action: str, resource: str) -> dict:
        return json.loads(cove(guarded, "access", "explain", user[0], action, resource, "--json", check=False).out)

    refused = explain("push", f"{project}/web/app")
    assert not refused["allowed"] and any("is no member" in reason["text"] for reason in refused["reasons"])
    cove(guarded, "access", "grant", project, "web/**", "--user", user[0], "--actions", "pull,push")
    allowed = explain("push", f"{project}/web/app")
    assert allowed["allowed"] and [reason["kind"] for reason in allowed["reasons"] if reason["gives"]] == ["grant"]
    where = f"{guarded.url}/v2/{project}/%s/blobs/uploads/"
    assert until(lambda: requests.post(where % "web/app", auth=user, timeout=30).status_code == 202, 3)
    expect(requests.post(where % "other", auth=user, timeout=30), 403, code="DENIED")
    listed = json.loads(cove(guarded, "access", "grants", project, "--json").out)
    cove(guarded, "access", "revoke", project, listed[0]["id"])
    assert until(lambda: requests.post(where % "web/app", auth=user, timeout=30).status_code == 403, 3)
    text = cove(guarded, "access", "explain", "admin", "push", f"{project}/x").out
    assert text.startswith(f"admin may push {project}/x")


# The matrix, from outside


@pytest.mark.parametrize("public", [False, True])
def test_each_role_may_do_the_same_by_each_api(guarded, public):
    """Pull, push and delete under /v2/, and what Harbor's API has of the same right."""
    harbor = Harbor(guarded)
    project = make_project(harbor, public=public)
    as_admin = guarded.registry(auth=ADMIN)
    people: dict[str, tuple[str, str] | None] = {"admin": ADMIN, "stranger": make_user(harbor), "nobody": None}
    for name, role in ROLES.items():
        people[name] = make_user(harbor)
        add_member(harbor, project, people[name][0], role)
    members = ["projectAdmin", "maintainer", "developer", "guest", "limitedGuest"]
    pulling = ["admin", *members] + (["stranger", "nobody"] if public else [])
    may = {
        "pull": pulling,
        "push": ["admin", *members[:3]],
        "delete": ["admin", *members[:2]],
        "members": ["admin", *members[:4]],
        "robot": ["admin", members[0]],
    }
    for name, auth in people.items():
        repository = f"{project}/{name.lower()}"
        digest = as_admin.push_image(repository, images.image(), "1")
        encoded = name.lower()

        def outcome(status: int) -> bool:
            assert status in (200, 201, 202, 401, 403), status
            return status < 300

        done = {
            "pull": outcome(requests.get(f"{guarded.url}/v2/{repository}/manifests/1", auth=auth, timeout=30).status_code),
            "push": outcome(requests.post(f"{guarded.url}/v2/{repository}/blobs/uploads/", auth=auth, timeout=30).status_code),
            "members": outcome(harbor.get(f"/projects/{project}/members", auth=auth).status_code),
            "robot": outcome(
                harbor.post(
                    "/robots",
                    {
                        "name": f"r-{encoded}",
                        "level": "project",
                        "duration": -1,
                        "permissions": [
                            {"kind": "project", "namespace": project, "access": [{"resource": "repository", "action": "pull"}]}
                        ],
                    },
                    auth=auth,
                ).status_code
            ),
        }
        where = f"/projects/{project}/repositories/{encoded}/artifacts"
        assert outcome(harbor.get(where, auth=auth).status_code) == done["pull"], name
        assert outcome(harbor.post(f"{where}/1/tags", {"name": "2"}, auth=auth).status_code) == done["push"], name
        done["delete"] = outcome(harbor.delete(f"{where}/1/tags/1", auth=auth).status_code)
        status = requests.delete(f"{guarded.url}/v2/{repository}/manifests/{digest}", auth=auth, timeout=30).status_code
        assert outcome(status) == done["delete"], name
        assert done == {action: name in who for action, who in may.items()}, name
