"""Two nodes on one PostgreSQL: what one is told of accounts, the other heeds within five seconds."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import images
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, GUEST, Harbor, add_member, make_project, make_robot, make_user, unique
from harness.oidc import Browser
from harness.postgres import Postgres
from harness.raw import expect
from harness.server import Server, until

pytestmark = pytest.mark.beyond

HEEDED = 5


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    database, directory = Postgres().start(), tmp_path_factory.mktemp("nodes")
    # Bytes are each node's own: nothing here reads any.
    config = {**ACCOUNTS, "metadata": {"url": database.create_database().url}}
    here, there = (Server(directory / name, config, env=ADMINISTRATOR).start() for name in ("here", "there"))
    yield here, there
    here.stop()
    there.stop()
    database.remove()


def token(server, auth, scope: str, **params) -> dict:
    return expect(requests.get(f"{server.url}/service/token", params={"scope": scope, **params}, auth=auth, timeout=30), 200).json()


def tags(server, repository: str, text: str) -> int:
    headers = {"Authorization": f"Bearer {text}"}
    return requests.get(f"{server.url}/v2/{repository}/tags/list", headers=headers, timeout=30).status_code


def login(server, user: str, password: str) -> int:
    return requests.get(f"{server.url}/v2/", auth=(user, password), timeout=30).status_code


def refreshed(server, refresh: str) -> int:
    fields = {"grant_type": "refresh_token", "refresh_token": refresh}
    return requests.post(f"{server.url}/token", data=fields, timeout=30).status_code


def test_a_token_of_one_node_counts_on_the_other(nodes):
    here, there = nodes
    assert tags(there, "library/none", token(here, ADMIN, "repository:library/none:pull")["token"]) == 404


@pytest.mark.parametrize("change", ["password", "deletion", "membership", "robot"])
def test_what_is_taken_back_here_is_over_there(nodes, change):
    here, there = nodes
    harbor = Harbor(here)
    project, user = make_project(harbor), make_user(harbor)
    here.registry(auth=ADMIN).push_image(f"{project}/app", images.image(), "1")
    member = add_member(harbor, project, user[0], GUEST)
    who = make_robot(harbor, project) if change == "robot" else user
    given = token(there, who, f"repository:{project}/app:pull", offline_token="true")
    browser = Browser(there)
    if change != "robot":
        expect(browser.post("/c/login", data={"principal": user[0], "password": user[1]}), 200)
    assert tags(there, f"{project}/app", given["token"]) == 200 and login(there, *who) == 200
    found = next(iter(harbor.get("/users", q=f"username={user[0]}").json()))["user_id"]
    match change:
        case "password":
            expect(harbor.put(f"/users/{found}/password", {"new_password": "Changed12345"}), 200)
        case "deletion":
            expect(harbor.delete(f"/users/{found}"), 200)
        case "membership":
            expect(harbor.delete(f"/projects/{project}/members/{member}"), 200)
        case "robot":
            (robot,) = [one for one in harbor.get("/robots", q=f"Level=project,ProjectID={project_id(harbor, project)}").json()]
            expect(harbor.put(f"/robots/{robot['id']}", {**robot, "disable": True}), 200)
    wanted = 403 if change == "membership" else 401
    assert until(lambda: tags(there, f"{project}/app", given["token"]) == wanted, HEEDED)
    if wanted == 401:
        assert until(lambda: login(there, *who) == 401, HEEDED)
        assert until(lambda: refreshed(there, given["refresh_token"]) == 401, HEEDED)
        if change != "robot":
            expect(browser.get("/api/v2.0/users/current"), 401)


def project_id(harbor, name: str) -> int:
    return expect(harbor.get(f"/projects/{name}"), 200).json()["project_id"]


def test_a_setting_acts_on_the_other_node(nodes):
    here, there = nodes
    banner = unique("banner")
    expect(Harbor(here).put("/configurations", {"banner_message": banner, "token_expiration": 7}), 200)
    info = Harbor(there)
    assert until(lambda: info.get("/systeminfo").json().get("banner_message") == banner, HEEDED)
    assert token(there, ADMIN, "registry:catalog:*")["expires_in"] == 7 * 60


def test_two_administrators_who_demote_each_other_at_once_do_not_both_succeed(nodes):
    harbors = [Harbor(node) for node in nodes]
    admin = harbors[0].get("/users/current").json()["user_id"]
    for _ in range(3):
        user = make_user(harbors[0])
        other = next(iter(harbors[0].get("/users", q=f"username={user[0]}").json()))["user_id"]
        expect(harbors[0].put(f"/users/{other}/sysadmin", {"sysadmin_flag": True}), 200)
        with ThreadPoolExecutor(2) as pool:
            demoted = list(
                pool.map(lambda pair: pair[0].put(f"/users/{pair[1]}/sysadmin", {"sysadmin_flag": False}).status_code, zip(harbors, (admin, other), strict=True))
            )
        assert sorted(demoted) in ([200, 403], [200, 401]), demoted
        if demoted[0] == 200:
            expect(Harbor(nodes[0], user).put(f"/users/{admin}/sysadmin", {"sysadmin_flag": True}), 200)
            assert until(lambda: Harbor(nodes[1]).get("/configurations").status_code == 200, HEEDED)
            expect(Harbor(nodes[0]).put(f"/users/{other}/sysadmin", {"sysadmin_flag": False}), 200)
    refused = expect(harbors[0].put(f"/users/{admin}/sysadmin", {"sysadmin_flag": False}), 403)
    assert "last system administrator" in refused.text
