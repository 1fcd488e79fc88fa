"""The token service of auth.accounts: who gets which token, what it opens, and how soon it no longer does."""

import base64
import json
import statistics
import time

import jwt
import pytest
import requests

from harness import images
from harness.accounts import (
    ACCOUNTS,
    ADMIN,
    ADMINISTRATOR,
    DEVELOPER,
    GUEST,
    MAINTAINER,
    PASSWORD,
    Harbor,
    add_member,
    make_project,
    make_robot,
    make_user,
)
from harness.raw import expect
from harness.server import Server, until

pytestmark = pytest.mark.beyond

SERVICE = "harbor-registry"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("tokens"), ACCOUNTS, env=ADMINISTRATOR) as server:
        yield server


@pytest.fixture
def harbor(guarded):
    return Harbor(guarded)


def ask(server, auth=None, path: str = "/service/token", **params):
    return requests.get(server.url + path, params=params, auth=auth, timeout=30)


def token(server, auth=None, *scopes: str) -> str:
    return expect(ask(server, auth, service=SERVICE, scope=list(scopes)), 200).json()["token"]


def form(server, **fields):
    return requests.post(f"{server.url}/token", data=fields, timeout=30)


def claims(text: str) -> dict:
    body = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def access(text: str) -> dict[str, set[str]]:
    return {f"{entry['type']}:{entry['name']}": set(entry["actions"]) for entry in claims(text)["access"]}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def tags(server, repository: str, text: str) -> requests.Response:
    return requests.get(f"{server.url}/v2/{repository}/tags/list", headers=bearer(text), timeout=30)


def push(server, repository: str, auth, tag: str = "1") -> None:
    server.registry(auth=auth).push_image(repository, images.image(), tag)


# What is given


def test_a_challenge_leads_to_a_token_that_opens(guarded, harbor):
    project = make_project(harbor)
    answer = expect(requests.get(f"{guarded.url}/v2/{project}/app/tags/list", timeout=30), 401, code="UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="{guarded.url}/service/token",service="{SERVICE}",scope="repository:{project}/app:pull"'
    )
    push(guarded, f"{project}/app", ADMIN)
    expect(tags(guarded, f"{project}/app", token(guarded, ADMIN, f"repository:{project}/app:pull")), 200)


def test_a_token_says_what_the_specification_has_and_is_signed_with_a_published_key(guarded):
    answer = expect(ask(guarded, ADMIN, "/token", service=SERVICE, scope="registry:catalog:*"), 200)
    given = answer.json()
    assert given["token"] == given["access_token"] and given["expires_in"] == 1800
    assert given["issued_at"].endswith("Z") and "refresh_token" not in given
    assert answer.headers["Cache-Control"] == "no-store"
    for path in ("/service/jwks", "/.well-known/jwks.json"):
        keys = jwt.PyJWKSet.from_dict(requests.get(guarded.url + path, timeout=30).json())
        key = keys[jwt.get_unverified_header(given["token"])["kid"]]
        said = jwt.decode(given["token"], key.key, algorithms=["ES256"], audience=SERVICE, issuer="harbor-token-issuer")
        assert said["sub"] == "admin" and said["exp"] - said["iat"] == 1800


@pytest.mark.parametrize(
    ("role", "may"),
    [(None, set()), (GUEST, {"pull"}), (DEVELOPER, {"pull", "push"}), (MAINTAINER, {"pull", "push", "delete"})],
)
def test_scopes_are_cut_to_what_a_role_may_do(guarded, harbor, role, may):
    project, user = make_project(harbor), make_user(harbor)
    if role:
        add_member(harbor, project, user[0], role)
    text = token(guarded, user, f"repository:{project}/app:pull,push,delete", "registry:catalog:*")
    assert access(text) == {f"repository:{project}/app": may, "registry:catalog": set()}


def test_nobody_in_particular_may_pull_what_is_public(guarded, harbor):
    project, hidden = make_project(harbor, public=True), make_project(harbor)
    for name in (project, hidden):
        push(guarded, f"{name}/app", ADMIN)
    text = token(guarded, None, f"repository:{project}/app:pull,push", f"repository:{hidden}/app:pull")
    assert access(text) == {f"repository:{project}/app": {"pull"}, f"repository:{hidden}/app": set()}
    expect(tags(guarded, f"{project}/app", text), 200)
    expect(tags(guarded, f"{hidden}/app", text), 401)
    expect(requests.get(f"{guarded.url}/v2/{project}/app/tags/list", timeout=30), 200)


def test_what_is_private_and_what_is_not_there_look_alike(guarded, harbor):
    hidden, stranger = make_project(harbor), make_user(harbor)
    push(guarded, f"{hidden}/app", ADMIN)
    absent = f"{hidden}x"
    for auth in (stranger, None):
        answers = [
            requests.get(f"{guarded.url}/v2/{name}/app/manifests/1", auth=auth, timeout=30) for name in (hidden, absent)
        ]
        said = [(answer.status_code, answer.text.replace(absent, hidden)) for answer in answers]
        assert said[0] == said[1] and said[0][0] == (403 if auth else 401)


# What is refused


@pytest.mark.parametrize(
    "scope", ["app", "repository:team/app", "repository:Team/App:pull", ":x:pull", "repository::pull", "a" * 2000]
)
def test_a_malformed_scope_is_refused(guarded, scope):
    answer = expect(ask(guarded, ADMIN, scope=scope), 400)
    assert "scope" in answer.json()["errors"][0]["message"]
    answer = expect(form(guarded, grant_type="password", username="admin", password=PASSWORD, scope=scope), 400)
    assert answer.json()["error"] == "invalid_scope"


def test_bad_questions_are_answered(guarded):
    expect(ask(guarded, service="elsewhere"), 400)
    expect(ask(guarded, ("admin", "wrong")), 401, code="UNAUTHORIZED")
    expect(ask(guarded, scope=["repository:a/b:pull"] * 101), 400)
    assert expect(form(guarded), 400).json()["error"] == "invalid_request"
    assert expect(form(guarded, grant_type="magic"), 400).json()["error"] == "unsupported_grant_type"
    assert expect(form(guarded, grant_type="password", username="x", password="y"), 401).json()["error"] == "invalid_grant"
    assert expect(form(guarded, grant_type="refresh_token", refresh_token="x"), 401).json()["error"] == "invalid_grant"
    expect(requests.post(f"{guarded.url}/token", json={"grant_type": "password"}, timeout=30), 400)
    expect(requests.post(f"{guarded.url}/token", data={"x": "y" * 1_000_000}, timeout=30), 413)
    expect(requests.delete(f"{guarded.url}/token", timeout=30), 405)
    for text in ("x", "a.b.c", "x" * 10_000):
        answer = requests.get(f"{guarded.url}/v2/", headers=bearer(text), timeout=30)
        assert expect(answer, 401).headers["WWW-Authenticate"].endswith('error="invalid_token"')


def test_a_token_is_good_for_what_it_was_asked_for(guarded, harbor):
    project = make_project(harbor)
    text = token(guarded, ADMIN, f"repository:{project}/app:pull")
    answer = requests.post(f"{guarded.url}/v2/{project}/app/blobs/uploads/", headers=bearer(text), timeout=30)
    assert 'error="insufficient_scope"' in expect(answer, 401).headers["WWW-Authenticate"]


def test_a_token_ends(new_server):
    server = new_server({"auth": {"accounts": {"tokenexpiration": "1s"}}}, env=ADMINISTRATOR).start()
    text = token(server, ADMIN)
    expect(requests.get(f"{server.url}/v2/", headers=bearer(text), timeout=30), 200)
    assert until(lambda: requests.get(f"{server.url}/v2/", headers=bearer(text), timeout=30).status_code == 401, 4)


# Refresh tokens


def test_a_refresh_token_stands_for_the_password(guarded, harbor):
    project, user = make_project(harbor), make_user(harbor)
    add_member(harbor, project, user[0], DEVELOPER)
    scope = f"repository:{project}/app:pull,push,delete"
    by_get = expect(ask(guarded, user, service=SERVICE, offline_token="true"), 200).json()["refresh_token"]
    fields = {"grant_type": "password", "username": user[0], "password": user[1], "service": SERVICE, "client_id": "test"}
    by_post = expect(form(guarded, **fields, access_type="offline"), 200).json()["refresh_token"]
    assert "refresh_token" not in expect(form(guarded, **fields), 200).json()
    for refresh in (by_get, by_post):
        given = expect(form(guarded, grant_type="refresh_token", refresh_token=refresh, service=SERVICE, scope=scope), 200).json()
        assert access(given["access_token"]) == {f"repository:{project}/app": {"pull", "push"}}
        assert given["refresh_token"] == refresh
    assert "refresh_token" not in expect(ask(guarded, offline_token="true"), 200).json()


# Revocation


def users_id(harbor, name: str) -> int:
    return next(user["user_id"] for user in harbor.get("/users", q=f"username={name}").json())


@pytest.mark.parametrize("change", ["password", "deletion", "membership", "visibility"])
def test_a_change_of_rights_shows_within_a_second(guarded, harbor, change):
    project, user = make_project(harbor, public=change == "visibility"), make_user(harbor)
    push(guarded, f"{project}/app", ADMIN)
    member = add_member(harbor, project, user[0], GUEST) if change != "visibility" else None
    text = token(guarded, user, f"repository:{project}/app:pull")
    refresh = expect(ask(guarded, user, offline_token="true"), 200).json()["refresh_token"]
    expect(tags(guarded, f"{project}/app", text), 200)
    match change:
        case "password":
            body = {"old_password": PASSWORD, "new_password": "Changed12345"}
            expect(harbor.put(f"/users/{users_id(harbor, user[0])}/password", body, auth=user), 200)
        case "deletion":
            expect(harbor.delete(f"/users/{users_id(harbor, user[0])}"), 200)
        case "membership":
            expect(harbor.delete(f"/projects/{project}/members/{member}"), 200)
        case "visibility":
            expect(harbor.put(f"/projects/{project}", {"metadata": {"public": "false"}}), 200)
    wanted = 401 if change in ("password", "deletion") else 403
    assert tags(guarded, f"{project}/app", text).status_code == wanted
    if wanted == 401:
        expect(form(guarded, grant_type="refresh_token", refresh_token=refresh), 401)


def test_a_robot_that_is_disabled_deleted_or_given_another_secret_is_out(guarded, harbor):
    project = make_project(harbor)
    push(guarded, f"{project}/app", ADMIN)
    for change in ("secret", "disable", "delete"):
        robot = make_robot(harbor, project)
        text = token(guarded, robot, f"repository:{project}/app:pull")
        expect(tags(guarded, f"{project}/app", text), 200)
        found = next(one for one in harbor.get("/robots", q=f"Level=project,ProjectID={project_id(harbor, project)}", page_size=100).json() if one["name"] == robot[0])
        match change:
            case "secret":
                expect(harbor("PATCH", f"/robots/{found['id']}", json={"secret": "Another12345"}), 200)
            case "disable":
                expect(harbor.put(f"/robots/{found['id']}", {**found, "disable": True}), 200)
            case "delete":
                expect(harbor.delete(f"/robots/{found['id']}"), 200)
        expect(tags(guarded, f"{project}/app", text), 401)
        expect(ask(guarded, robot), 401)


def project_id(harbor, name: str) -> int:
    return expect(harbor.get(f"/projects/{name}"), 200).json()["project_id"]


# Clients


def test_docker_does_what_each_role_may(engine, base_image, guarded, harbor, tmp_path):
    host, project = guarded.host, make_project(harbor)
    roles = {"guest": GUEST, "developer": DEVELOPER}
    users = {name: make_user(harbor) for name in (*roles, "stranger")}
    for name, role in roles.items():
        add_member(harbor, project, users[name][0], role)
    users["robot"] = make_robot(harbor, project)
    users["puller"] = make_robot(harbor, project, (("repository", "pull"),))
    for name, (user, password) in users.items():
        engine("login", "--username", user, "--password-stdin", host, config=tmp_path / name, input=password)
    image = f"{host}/{project}/app:1"
    engine("tag", base_image, image)
    for name in ("guest", "stranger", "puller"):
        refused = engine("push", image, config=tmp_path / name, check=False)
        assert refused.returncode != 0 and "denied" in refused.err.lower(), refused.err
    for name in ("developer", "robot"):
        engine("push", image, config=tmp_path / name)
    engine.forget(image)
    for name in ("guest", "developer", "robot", "puller"):
        engine("pull", image, config=tmp_path / name)
        engine.forget(image)
    refused = engine("pull", image, config=tmp_path / "stranger", check=False)
    assert refused.returncode != 0 and "denied" in refused.err.lower()
    nowhere = f"{host}/nowhere-{project}/app:1"
    engine("tag", base_image, nowhere)
    refused = engine("push", nowhere, config=tmp_path / "developer", check=False)
    assert refused.returncode != 0 and "project" in refused.err


def test_docker_mounts_layers_where_its_user_may_read(engine, base_image, guarded, harbor, tmp_path):
    host, source, target, user = guarded.host, make_project(harbor), make_project(harbor), make_user(harbor)
    for project in (source, target):
        add_member(harbor, project, user[0], DEVELOPER)
    engine("login", "--username", user[0], "--password-stdin", host, config=tmp_path / "home", input=user[1])
    name = engine.build(f"{host}/{source}/app:1", f"FROM {base_image}\nLABEL made=here\n")
    engine("push", name, config=tmp_path / "home")
    engine("tag", name, f"{host}/{target}/app:1")
    assert f"Mounted from {source}/app" in engine("push", f"{host}/{target}/app:1", config=tmp_path / "home").out


def test_a_blob_is_not_mounted_from_where_one_may_not_read(guarded, harbor):
    source, target, user = make_project(harbor), make_project(harbor), make_user(harbor)
    add_member(harbor, target, user[0], DEVELOPER)
    digest = guarded.registry(auth=ADMIN).push_blob(f"{source}/app", b"secret layer")
    where = f"{guarded.url}/v2/{target}/app/blobs/uploads/"
    for headers, auth in ((bearer(token(guarded, user, f"repository:{target}/app:pull,push", f"repository:{source}/app:pull")), None), ({}, user)):
        for params in ({"mount": digest, "from": f"{source}/app"}, {"mount": digest}):
            expect(requests.post(where, params=params, headers=headers, auth=auth, timeout=30), 202)


def test_skopeo_logs_in_with_a_personal_access_token(skopeo, guarded, harbor, tmp_path):
    from harness import programs

    project, user = make_project(harbor), make_user(harbor)
    add_member(harbor, project, user[0], DEVELOPER)
    made = programs.run(programs.binary(), "admin", "token", "create", user[0], "--name", "ci", "--config", guarded.config_path)
    image = images.image()
    layout = images.write_layout(tmp_path / "layout", {"one": image.manifest}, [image.manifest, *image.blobs])
    there = f"docker://{guarded.host}/{project}/app:1"
    skopeo("copy", "--dest-tls-verify=false", "--dest-creds", f"{user[0]}:{made.out.strip()}", f"oci:{layout}:one", there)
    listed = programs.run(programs.binary(), "admin", "token", "list", user[0], "--json", "--config", guarded.config_path)
    (record,) = json.loads(listed.out)
    assert record["name"] == "ci" and "used_at" in record
    programs.run(programs.binary(), "admin", "token", "delete", user[0], record["id"], "--config", guarded.config_path)
    refused = skopeo("inspect", "--tls-verify=false", "--creds", f"{user[0]}:{made.out.strip()}", there, check=False)
    assert refused.returncode != 0


# Time


def test_the_time_of_a_refusal_does_not_tell_whether_there_is_such_a_user(guarded, harbor):
    users = [make_user(harbor)[0] for _ in range(4)]

    def refused(name: str) -> float:
        begun = time.perf_counter()
        expect(requests.get(f"{guarded.url}/v2/", auth=(name, "Wrong12345"), timeout=30), 401)
        return time.perf_counter() - begun

    refused("warm-up")
    # By turns, so that what else the machine does takes from both. Without a hash of its own it would be a twentieth.
    pairs = [(refused(name), refused(f"nobody-{number}")) for number in range(6) for name in users]
    there, absent = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < there / absent < 2


def test_more_logins_than_can_be_verified_are_told_to_come_back(guarded):
    from concurrent.futures import ThreadPoolExecutor

    def attempt(number: int) -> requests.Response:
        return requests.get(f"{guarded.url}/v2/", auth=(f"crowd-{number}", f"Wrong{number}"), timeout=120)

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(attempt, range(200)))
    assert {answer.status_code for answer in answers} == {401, 429}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 429)
