"""Who may do what, with a real client: skopeo logs in, pushes, pulls and deletes as each role and as robots of each kind.

Grants for single repositories and auditors, which Harbor has nothing of, are tried through the API and the command line.
"""

import json

import pytest
import requests

from harness import images, programs
from harness.accounts import (
    ACCOUNTS, ADMIN, ADMINISTRATOR, ROLES, Harbor, add_member, made, make_project, make_robot, make_user, unique,
)
from harness.raw import expect
from harness.server import Server

pytestmark = pytest.mark.beyond

ALL = {"pull", "push", "delete"}
PUSHERS = {"projectAdmin": ALL, "maintainer": ALL, "developer": {"pull", "push"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("roles"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield one
    one.stop(seconds=5)


@pytest.fixture(scope="module")
def harbor(server) -> Harbor:
    return Harbor(server)


@pytest.fixture
def layout(tmp_path) -> str:
    image = images.image()
    return f"oci:{images.write_layout(tmp_path / 'layout', {'one': image.manifest}, [image.manifest, *image.blobs])}:one"


@pytest.fixture
def client(skopeo, server, tmp_path):
    """skopeo as somebody, with a login of its own."""

    def sign_in(who: tuple[str, str] | None):
        home = tmp_path / unique("home")
        home.mkdir()
        env = programs.environment(HOME=str(home), REGISTRY_AUTH_FILE=str(home / "auth.json"))
        if who:
            skopeo("login", "--tls-verify=false", "--username", who[0], "--password-stdin", server.host, input=who[1], env=env)

        def run(*arguments: str) -> bool:
            done = skopeo(*arguments, env=env, check=False)
            words = ("denied", "unauthorized", "requested access", "403 (forbidden)")
            refused = any(word in done.err.lower() for word in words)
            assert done.returncode == 0 or refused, done.err
            return done.returncode == 0

        return run

    return sign_in


def attempt(client, who, server, layout, name: str) -> set[str]:
    """What of pushing, pulling and deleting somebody is let do in a repository that has an image `there`."""
    run, done = client(who), set()
    if run("copy", "--dest-tls-verify=false", layout, f"docker://{server.host}/{name}:new"):
        done.add("push")
    if run("inspect", "--tls-verify=false", f"docker://{server.host}/{name}:there"):
        done.add("pull")
    if run("delete", "--tls-verify=false", f"docker://{server.host}/{name}:there"):
        done.add("delete")
    return done


@pytest.mark.parametrize("public", [False, True])
def test_each_role_pushes_pulls_and_deletes_what_it_may(server, harbor, client, layout, public):
    project, registry = make_project(harbor, public=public), server.registry(auth=ADMIN)
    visitor = {"pull"} if public else set()
    people = {"admin": (ADMIN, ALL), "stranger": (make_user(harbor), visitor), "nobody": (None, visitor)}
    for role, number in ROLES.items():
        user = make_user(harbor)
        add_member(harbor, project, user[0], number)
        people[role] = (user, PUSHERS.get(role, {"pull"}))
    auditor = make_user(harbor)
    number = harbor.get("/users/search", username=auditor[0]).json()[0]["user_id"]
    expect(harbor.put(f"/users/{number}/auditor", {"auditor_flag": True}), 200)
    people["auditor"] = (auditor, visitor)
    found = {}
    for name, (who, _) in people.items():
        registry.push_image(f"{project}/{name.lower()}", images.image(), "there")
        found[name] = attempt(client, who, server, layout, f"{project}/{name.lower()}")
    assert found == {name: may for name, (_, may) in people.items()}


# What a request needs, who has it (from that role on) and whether anybody has it in public. Each is one that changes nothing where it
# is let through, as it is about what is not there or lacks something: it is allowed when it is answered otherwise than with 401 or 403.
ROBOT = {"name": "Not a name", "level": "project", "permissions": [
    {"kind": "project", "namespace": "PROJECT", "access": [{"resource": "repository", "action": "pull"}]}]}  # fmt: skip
REQUESTS = [
    ("self:read", "limitedGuest", True, "GET", "/projects/PROJECT", None),
    ("self:read", "limitedGuest", True, "GET", "/projects/PROJECT/summary", None),
    ("self:update", "projectAdmin", False, "PUT", "/projects/PROJECT", {"colour": 1}),
    ("self:delete", "projectAdmin", False, "GET", "/projects/PROJECT/_deletable", None),
    ("member:list", "guest", False, "GET", "/projects/PROJECT/members", None),
    ("member:read", "guest", False, "GET", "/projects/PROJECT/members/999999", None),
    ("member:create", "projectAdmin", False, "POST", "/projects/PROJECT/members", {}),
    ("member:update", "projectAdmin", False, "PUT", "/projects/PROJECT/members/999999", {"role_id": 3}),
    ("member:delete", "projectAdmin", False, "DELETE", "/projects/PROJECT/members/999999", None),
    ("member:list", "guest", False, "GET", "/projects/PROJECT/grants", None),
    ("member:create", "projectAdmin", False, "POST", "/projects/PROJECT/grants", {}),
    ("member:delete", "projectAdmin", False, "DELETE", "/projects/PROJECT/grants/999999", None),
    ("log:list", "guest", False, "GET", "/projects/PROJECT/logs", None),
    ("label:list", "guest", True, "GET", "/labels?scope=p&project_id=NUMBER", None),
    ("label:create", "maintainer", False, "POST", "/labels", {"scope": "p", "project_id": "NUMBER"}),
    ("metadata:list", "limitedGuest", False, "GET", "/projects/PROJECT/metadatas/", None),
    ("metadata:create", "maintainer", False, "POST", "/projects/PROJECT/metadatas/", {"colour": "red"}),
    ("metadata:delete", "maintainer", False, "DELETE", "/projects/PROJECT/metadatas/severity", None),
    ("immutable-tag:list", "maintainer", False, "GET", "/projects/PROJECT/immutabletagrules", None),
    ("immutable-tag:create", "maintainer", False, "POST", "/projects/PROJECT/immutabletagrules", {}),
    ("robot:list", "guest", False, "GET", "/robots?q=Level%3Dproject,ProjectID%3DNUMBER", None),
    ("robot:create", "projectAdmin", False, "POST", "/robots", ROBOT),
    ("repository:list", "limitedGuest", True, "GET", "/projects/PROJECT/repositories", None),
    ("repository:read", "limitedGuest", True, "GET", "/projects/PROJECT/repositories/app", None),
    ("repository:update", "maintainer", False, "PUT", "/projects/PROJECT/repositories/app", {"colour": 1}),
    ("repository:delete", "maintainer", False, "DELETE", "/projects/PROJECT/repositories/nothing", None),
    ("artifact:list", "limitedGuest", True, "GET", "/projects/PROJECT/artifacts", None),
    ("artifact:list", "limitedGuest", True, "GET", "APP/artifacts", None),
    ("artifact:read", "limitedGuest", True, "GET", "APP/artifacts/there", None),
    ("artifact:create", "developer", False, "POST", "APP/artifacts?from=nonsense", None),
    ("artifact:delete", "maintainer", False, "DELETE", "APP/artifacts/nothing", None),
    ("artifact-addition:read", "limitedGuest", True, "GET", "APP/artifacts/there/additions/build_history", None),
    ("artifact-label:create", "developer", False, "POST", "APP/artifacts/there/labels", {}),
    ("artifact-label:delete", "developer", False, "DELETE", "APP/artifacts/there/labels/999999", None),
    ("accessory:list", "limitedGuest", True, "GET", "APP/artifacts/there/accessories", None),
    ("tag:list", "limitedGuest", True, "GET", "APP/artifacts/there/tags", None),
    ("tag:create", "developer", False, "POST", "APP/artifacts/there/tags", {}),
    ("tag:delete", "maintainer", False, "DELETE", "APP/artifacts/there/tags/nothing", None),
    ("repository:pull", "limitedGuest", True, "GET", "/v2/PROJECT/app/tags/list", None),
    ("repository:pull", "limitedGuest", True, "GET", "/v2/PROJECT/app/manifests/there", None),
    ("repository:push", "developer", False, "POST", "/v2/PROJECT/app/blobs/uploads/?digest=nonsense", None),
    ("repository:push", "developer", False, "PUT", "/v2/PROJECT/app/manifests/new", {}),
    ("artifact:delete", "maintainer", False, "DELETE", "/v2/PROJECT/app/manifests/nothing", None),
]
STRENGTH = ["limitedGuest", "guest", "developer", "maintainer", "projectAdmin"]


@pytest.mark.parametrize("public", [False, True])
def test_every_api_goes_by_the_one_table(server, harbor, public):
    project = make_project(harbor, public=public)
    number = harbor.get(f"/projects/{project}").json()["project_id"]
    server.registry(auth=ADMIN).push_image(f"{project}/app", images.image(), "there")
    people = {"admin": ADMIN, "stranger": make_user(harbor), "nobody": None, "auditor": make_user(harbor)}
    for role in STRENGTH:
        people[role] = make_user(harbor)
        add_member(harbor, project, people[role][0], ROLES[role])
    id = harbor.get("/users/search", username=people["auditor"][0]).json()[0]["user_id"]
    expect(harbor.put(f"/users/{id}/auditor", {"auditor_flag": True}), 200)

    def may(name: str, permission: str, least: str, in_public: bool) -> bool:
        if name == "admin" or public and in_public:
            return True
        if name == "auditor":
            return permission.endswith((":read", ":list"))
        return name in STRENGTH and STRENGTH.index(name) >= STRENGTH.index(least)

    wrong = []
    for name, auth in people.items():
        with requests.Session() as session:
            session.auth, session.trust_env = auth, False
            for permission, least, in_public, method, path, body in REQUESTS:
                path = path.replace("APP", "/projects/PROJECT/repositories/app").replace("PROJECT", project).replace("NUMBER", str(number))
                url = server.url + (path if path.startswith("/v2/") else f"/api/v2.0{path}")
                text = json.dumps(body).replace('"NUMBER"', str(number)).replace("PROJECT", project) if body is not None else None
                answer = session.request(method, url, data=text, headers={"Content-Type": "application/json"}, timeout=60)
                assert answer.status_code < 500, f"{method} {path}: {answer.text}"
                if (answer.status_code not in (401, 403)) != may(name, permission, least, in_public):
                    wrong.append(f"{name}: {permission}: {method} {path}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


def test_robots_do_what_they_were_given_where_they_were_given_it(server, harbor, client, layout):
    project, other, registry = make_project(harbor), make_project(harbor), server.registry(auth=ADMIN)
    pull, push, delete = ("repository", "pull"), ("repository", "push"), ("artifact", "delete")
    robots = {
        "both": (make_robot(harbor, project, (pull, push)), {"pull", "push"}),
        "puller": (make_robot(harbor, project, (pull,)), {"pull"}),
        "cleaner": (make_robot(harbor, project, (pull, delete)), {"pull", "delete"}),
        "everywhere": (make_robot(harbor, None, (pull, push)), {"pull", "push"}),
        "elsewhere": (make_robot(harbor, other, (pull, push)), set()),
    }
    found = {}
    for name, (robot, _) in robots.items():
        assert robot[0].startswith(f"robot${project}+" if name in ("both", "puller", "cleaner") else "robot$")
        registry.push_image(f"{project}/{name}", images.image(), "there")
        found[name] = attempt(client, robot, server, layout, f"{project}/{name}")
    assert found == {name: may for name, (_, may) in robots.items()}


def test_a_robot_that_is_disabled_has_another_secret_or_another_prefix_does_not_log_in(server, harbor):
    project = make_project(harbor)
    name, secret = make_robot(harbor, project)
    number = harbor.get(f"/projects/{project}").json()["project_id"]
    (robot,) = harbor.get("/robots", q=f"Level=project,ProjectID={number}").json()

    def login(user: str, password: str) -> int:
        return requests.get(f"{server.url}/v2/", auth=(user, password), timeout=30).status_code

    assert login(name, secret) == 200 and robot["name"] == name and robot["expires_at"] == -1
    renewed = expect(harbor("PATCH", f"/robots/{robot['id']}", json={}), 200).json()["secret"]
    assert login(name, secret) == 401 and login(name, renewed) == 200
    expect(harbor.put("/configurations", {"robot_name_prefix": "bot-"}), 200)
    try:
        assert harbor.get(f"/robots/{robot['id']}").json()["name"] == f"bot-{project}+{robot['name'].split('+')[1]}"
        assert login(name, renewed) == 401 and login(f"bot-{project}+{robot['name'].split('+')[1]}", renewed) == 200
    finally:
        expect(harbor.put("/configurations", {"robot_name_prefix": "robot$"}), 200)
    expect(harbor.put(f"/robots/{robot['id']}", robot | {"disable": True}), 200)
    assert login(name, renewed) == 401


def test_nobody_gives_what_they_do_not_have(server, harbor):
    project = make_project(harbor)
    access = (("member", "create"), ("member", "list"), ("robot", "create"), ("repository", "pull"))
    robot = Harbor(server, make_robot(harbor, project, access))
    user = make_user(harbor)
    for role in (ROLES["projectAdmin"], ROLES["maintainer"], ROLES["developer"]):
        refused = robot.post(f"/projects/{project}/members", {"role_id": role, "member_user": {"username": user[0]}})
        assert "role_id" in expect(refused, 403).json()["errors"][0]["message"]
    refused = robot.post(f"/projects/{project}/grants", {"user": user[0], "pattern": "**", "actions": ["push"]})
    assert "actions" in expect(refused, 403).json()["errors"][0]["message"]
    made(robot.post(f"/projects/{project}/grants", {"user": user[0], "pattern": "**"}))
    permission = {"kind": "project", "namespace": project, "access": [{"resource": "repository", "action": "push"}]}
    body = {"name": "more", "level": "project", "duration": -1, "permissions": [permission]}
    expect(robot.post("/robots", body), 403)
    permission["access"] = [{"resource": "repository", "action": "pull"}]
    expect(robot.post("/robots", body), 201)


# Grants for single repositories


def test_a_grant_opens_some_repositories_of_a_project_and_shows_only_those(server, harbor, client, layout):
    project, registry, user = make_project(harbor), server.registry(auth=ADMIN), make_user(harbor)
    for name in ("web/app", "web/deep/er", "secret"):
        registry.push_image(f"{project}/{name}", images.image(), "there")
    mine = Harbor(server, user)
    path = f"/projects/{project}/repositories"
    expect(mine.get(path), 403)
    expect(mine.get(f"/projects/{project}"), 403)
    where = f"/projects/{project}/grants"
    grant = made(harbor.post(where, {"user": user[0], "pattern": "web/*", "actions": ["push", "pull"]}))
    assert attempt(client, user, server, layout, f"{project}/web/app") == {"pull", "push"}
    assert attempt(client, user, server, layout, f"{project}/web/deep/er") == set()
    assert attempt(client, user, server, layout, f"{project}/secret") == set()
    listed = expect(mine.get(path), 200)
    assert [one["name"] for one in listed.json()] == [f"{project}/web/app"] and listed.headers["X-Total-Count"] == "1"
    assert [one["name"] for one in mine.get("/repositories", q=f"name=~{project}").json()] == [f"{project}/web/app"]
    assert [one["repository_name"] for one in mine.get("/search", q=project).json()["repository"]] == [f"{project}/web/app"]
    assert [one["name"] for one in mine.get("/projects", name=project).json()] == [project]
    assert {one["tags"][0]["name"] for one in expect(mine.get(f"{path}/web%252Fapp/artifacts"), 200).json()} == {"there", "new"}
    expect(mine.post(f"{path}/web%252Fapp/artifacts/there/tags", {"name": "more"}), 201)
    expect(mine.delete(f"{path}/web%252Fapp/artifacts/there/tags/more"), 403)
    expect(mine.get(f"{path}/secret/artifacts"), 403)
    expect(mine.get(f"{path}/nothing/artifacts"), 403)
    expect(mine.get(f"{path}/web%252Fnothing/artifacts"), 404)
    expect(mine.get(f"/projects/{project}/members"), 403)
    expect(mine.get(where), 403)
    (shown,) = expect(harbor.get(where), 200).json()
    assert shown["user"] == user[0] and shown["pattern"] == "web/*" and shown["actions"] == ["pull", "push"]
    expect(harbor.delete(f"{where}/{grant}"), 200)
    expect(harbor.delete(f"{where}/{grant}"), 404)
    expect(mine.get(path), 403)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "pattern"),
        ({"pattern": "a"}, 400, "user and group"),
        ({"pattern": "a", "user": "admin", "group": "x"}, 400, "user and group"),
        ({"pattern": "A", "user": "admin"}, 400, "pattern"),
        ({"pattern": "*/**", "user": "admin"}, 400, "pattern"),
        ({"pattern": "x" * 300, "user": "admin"}, 400, "pattern"),
        ({"pattern": "a", "user": "admin", "actions": ["fly"]}, 400, "actions"),
        ({"pattern": "a", "user": "admin", "actions": "pull"}, 400, "actions"),
        ({"pattern": "a", "user": "nobody-here"}, 404, "user"),
        ({"pattern": "a", "group": "nobody-here"}, 404, "group"),
        ({"pattern": "a", "user": "admin", "colour": "red"}, 400, "colour"),
    ],
)
def test_a_grant_that_cannot_be_is_refused_by_field(harbor, body, status, field):
    project = make_project(harbor)
    assert field in expect(harbor.post(f"/projects/{project}/grants", body), status).json()["errors"][0]["message"]
    assert harbor.get(f"/projects/{project}/grants").json() == []


def test_grants_and_auditors_are_made_at_the_command_line_and_remembered(server, harbor, tmp_path):
    project, user = make_project(harbor), make_user(harbor)
    server.registry(auth=ADMIN).push_image(f"{project}/app", images.image(), "1")
    env = programs.environment(
        HOME=str(tmp_path), COVE_SERVER=server.url, COVE_USERNAME=ADMIN[0], COVE_PASSWORD=ADMIN[1], XDG_CONFIG_HOME=str(tmp_path)
    )

    def cove(*arguments, check: bool = True):
        return programs.run(programs.binary(), *arguments, env=env, check=check)

    number = cove("repository", "grant", "add", f"{project}/ap*", "--member", user[0], "--actions", "pull,push", "-q").out.strip()
    (listed,) = json.loads(cove("repository", "grant", "list", project, "-o", "json").out)
    assert str(listed["id"]) == number and listed["pattern"] == "ap*"
    assert cove("repository", "grant", "add", f"{project}/ap*", "--member", user[0], check=False).returncode != 0
    mine = Harbor(server, user)
    why = expect(mine.get("/access", action="push", resource=f"{project}/app"), 200).json()
    assert why["allowed"] and [one["kind"] for one in why["reasons"] if one["gives"]] == ["grant"]
    cove("repository", "grant", "remove", project, number)
    expect(mine.get("/projects", name=project), 200)
    assert mine.get("/projects", name=project).json() == []
    cove("user", "auditor", user[0])
    assert [one["name"] for one in mine.get("/projects", name=project).json()] == [project]
    expect(mine.get(f"/projects/{project}/repositories/app/artifacts"), 200)
    expect(mine.get("/users"), 200)
    expect(mine.put(f"/projects/{project}", {}), 403)
    expect(mine.delete(f"/projects/{project}/repositories/app"), 403)
    expect(mine.post("/projects", {"project_name": unique("own")}), 201)
    cove("user", "auditor", user[0], "--revoke")
    expect(mine.get("/users"), 403)
    kinds = {one["operation"] + "_" + one["resource_type"] for one in harbor.get("/auditlog-exts", page_size=100).json()}
    assert {"create_repository_grant", "delete_repository_grant", "update_user"} <= kinds


def test_why_may_i_is_asked_about_oneself_and_tells_nothing_of_what_one_may_not_see(server, harbor):
    project, user = make_project(harbor), make_user(harbor)
    mine = Harbor(server, user)
    there = expect(mine.get("/access", action="pull", resource=f"{project}/app"), 200).json()
    absent = expect(mine.get("/access", action="pull", resource=f"no-{project}/app"), 200).json()
    assert not there["allowed"] and there["reasons"] == absent["reasons"] == []
    expect(mine.get("/access", user="admin", action="pull", resource=project), 403)
    told = expect(harbor.get("/access", user=user[0], action="pull", resource=f"{project}/app"), 200).json()
    assert not told["allowed"] and any("is no member" in one["text"] for one in told["reasons"])
    for params, field in (({"action": "fly", "resource": project}, "action"), ({"action": "pull", "resource": "A/B"}, "resource"), ({"action": "pull"}, "resource")):
        assert field in expect(mine.get("/access", **params), 400).json()["errors"][0]["message"]
