"""What every operation of Harbor's API has in common: pages, filters, orders, names in paths, headers, refusals, CSRF."""

import pytest
import requests

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, make_project, make_user
from harness.harbor import CheckedHarbor
from harness.images import image
from harness.raw import expect
from harness.server import Server

pytestmark = pytest.mark.beyond


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("conventions"), ACCOUNTS, env=ADMINISTRATOR).start()
    harbor = CheckedHarbor(server)
    for name in ("cat-1", "cat-2", "dog-1", "dog-2", "dog-3", "42"):
        make_project(harbor, name, public=name.startswith("dog"))
    yield harbor
    server.stop()


def names(response) -> list[str]:
    return [one["name"] for one in expect(response, 200).json()]


def test_pages_say_how_many_there_are_and_where_the_next_and_the_one_before_are(harbor):
    seen, url = [], "/projects?q=name%3D~dog&sort=name&page_size=2"
    first = harbor.get(url)
    assert first.headers["X-Total-Count"] == "3" and first.links.keys() == {"next"}
    last = requests.get(harbor.server.url + first.links["next"]["url"], auth=ADMIN, timeout=30)
    assert last.links.keys() == {"prev"} and names(last) == ["dog-3"]
    before = requests.get(harbor.server.url + last.links["prev"]["url"], auth=ADMIN, timeout=30)
    seen = names(before)
    assert seen == names(first) == ["dog-1", "dog-2"]
    empty = expect(harbor.get("/projects", q="name=~dog", page=9), 200)
    assert empty.json() == [] and empty.headers["X-Total-Count"] == "3"
    assert len(harbor.get("/projects").json()) == 7 and harbor.get("/projects").headers["X-Total-Count"] == "7"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("name=dog-1", ["dog-1"]),
        ("name=dog", []),
        ("name=~OG-", ["dog-1", "dog-2", "dog-3"]),
        ("name={cat-1 dog-3}", ["cat-1", "dog-3"]),
        ("name=~-1,public=true", ["dog-1"]),
        ('name="cat-2"', ["cat-2"]),
        ("name=~%", []),
        ("name=~_", []),
    ],
)
def test_lists_are_filtered(harbor, q, found):
    assert names(harbor.get("/projects", q=q, sort="name")) == found


def test_lists_are_filtered_by_a_range_of_times_and_sorted_both_ways(harbor):
    logs = harbor.get("/audit-logs", q="resource_type=project", sort="op_time", page_size=100).json()
    times = [one["op_time"] for one in logs]
    assert times == sorted(times) and len(times) >= 6
    assert [one["id"] for one in harbor.get("/audit-logs", q="resource_type=project", sort="-op_time", page_size=100).json()] == [
        one["id"] for one in reversed(logs)
    ]
    ranged = harbor.get("/audit-logs", q=f"resource_type=project,op_time=[{times[1]}~{times[3]}]", page_size=100).json()
    assert {one["id"] for one in ranged} == {one["id"] for one in logs if times[1] <= one["op_time"] <= times[3]}


def test_a_name_that_is_a_number_is_told_from_an_id_by_a_header(harbor):
    named = expect(harbor("GET", "/projects/42", headers={"X-Is-Resource-Name": "true"}), 200).json()
    assert named["name"] == "42"
    assert expect(harbor.get(f"/projects/{named['project_id']}"), 200).json()["name"] == "42"
    expect(harbor("GET", f"/projects/{named['project_id']}", headers={"X-Is-Resource-Name": "true"}), 404)


def test_where_what_was_made_is_said_by_number_or_by_name(harbor):
    made = expect(harbor.post("/projects", {"project_name": "made-1"}), 201)
    assert made.headers["Location"].removeprefix("/api/v2.0/projects/").isdigit() and made.content == b""
    named = harbor.post("/projects", {"project_name": "made-2"}, headers={"X-Resource-Name-In-Location": "true"})
    assert expect(named, 201).headers["Location"] == "/api/v2.0/projects/made-2"


def test_a_repository_s_slashes_are_encoded_twice_or_once(harbor):
    harbor.server.registry(auth=ADMIN).push_image("dog-1/team/sub/app", image(), "v1")
    for name in ("team%252Fsub%252Fapp", "team%2Fsub%2Fapp"):
        found = expect(harbor.get(f"/projects/dog-1/repositories/{name}"), 200).json()
        assert found["name"] == "dog-1/team/sub/app"
        assert len(expect(harbor.get(f"/projects/dog-1/repositories/{name}/artifacts"), 200).json()) == 1


def test_a_request_keeps_its_id_and_gets_one_where_it_has_none(harbor):
    assert harbor("GET", "/ping", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    assert harbor("GET", "/users/987654", headers={"X-Request-Id": "mine-2"}).headers["X-Request-Id"] == "mine-2"
    assert harbor.get("/ping").headers["X-Request-Id"] != harbor.get("/ping").headers["X-Request-Id"]
    assert "\n" not in harbor("GET", "/ping", headers={"X-Request-Id": "x" * 5000}).headers["X-Request-Id"]


def test_whether_there_is_a_project_is_asked_with_head(harbor):
    assert expect(harbor.head("/projects", project_name="cat-1"), 200).content == b""
    assert harbor.head("/projects", project_name="cat-9").status_code == 404
    assert harbor.head("/projects").status_code == 400
    stranger = harbor.as_user(make_user(harbor))
    assert stranger.head("/projects", project_name="dog-1").status_code == 200
    hidden, absent = (stranger.head("/projects", project_name=name) for name in ("cat-1", "cat-9"))
    assert hidden.status_code == absent.status_code


def test_what_is_not_there_and_what_is_not_done_there_is_said_in_the_envelope(harbor):
    expect(harbor.get("/no-such-thing"), 404, code="NOT_FOUND")
    expect(harbor.get("/projects/1/no-such-thing"), 404, code="NOT_FOUND")
    refused = expect(harbor("PATCH", "/projects/1"), 405, code="METHOD_NOT_ALLOWED")
    assert set(refused.headers["Allow"].split(", ")) >= {"GET", "PUT", "DELETE"}
    for path in ("/api/v2.0", "/api/v2.0/", "/api/v2.1/projects", "/api/projects"):
        assert requests.get(harbor.server.url + path, timeout=30).status_code == 404
    nobody = harbor.as_user(None)
    assert expect(nobody.get("/users"), 401, code="UNAUTHORIZED").headers["WWW-Authenticate"].startswith("Basic")
    expect(harbor.as_user(("admin", "wrong-Password1")).get("/projects"), 401, code="UNAUTHORIZED")


def test_only_what_comes_with_a_session_needs_a_token_against_forgery(harbor):
    browser = requests.Session()
    browser.trust_env = False
    url = harbor.server.url
    token = browser.get(f"{url}/api/v2.0/systeminfo", timeout=30).headers["X-Harbor-CSRF-Token"]
    form = {"principal": ADMIN[0], "password": ADMIN[1]}
    expect(browser.post(f"{url}/c/login", data=form, headers={"X-Harbor-CSRF-Token": token}, timeout=30), 200)
    assert browser.get(f"{url}/api/v2.0/users/current", timeout=30).json()["username"] == "admin"
    body = {"project_name": "by-session"}
    expect(browser.post(f"{url}/api/v2.0/projects", json=body, timeout=30), 403)
    expect(browser.post(f"{url}/api/v2.0/projects", json=body, headers={"X-Harbor-CSRF-Token": "forged"}, timeout=30), 403)
    token = browser.get(f"{url}/api/v2.0/users/current", timeout=30).headers["X-Harbor-CSRF-Token"]
    expect(browser.post(f"{url}/api/v2.0/projects", json=body, headers={"X-Harbor-CSRF-Token": token}, timeout=30), 201)
    expect(harbor.post("/projects", {"project_name": "by-password"}), 201)
