"""Bad input to every operation of Harbor's API that acts: made from its description, refused with the field named.

What is refused leaves nothing behind, and nothing is answered with 500 (`harness/harbor.py` looks at every answer).
"""

import json
import urllib.parse

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, add_member, made, make_project, make_robot, make_user
from harness.harbor import CheckedHarbor, Description
from harness.images import image
from harness.postgres import Postgres
from harness.raw import expect
from harness.server import Server
from test_every_operation import LATER, LATER_GROUPS

pytestmark = pytest.mark.beyond

SQL = "x'; DROP TABLE project; --"
LISTS = ("/users", "/usergroups", "/projects", "/robots", "/labels?scope=g", "/repositories", "/quotas", "/system/gc", "/schedules")
SELECTORS = {
    "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "no-such-tag"}],
    "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
}


class Place:
    """A server with one of everything that a path can name."""

    def __init__(self, server):
        self.harbor = harbor = CheckedHarbor(server)
        self.ids = self.fill("bad-input")
        self.others = self.fill("others")
        name, _ = make_user(harbor, "somebody")
        self.ids["user_id"] = harbor.get("/users", q=f"username={name}").json()[0]["user_id"]
        self.ids["group_id"] = made(harbor.post("/usergroups", {"group_name": "some-group", "group_type": 2}))
        for path, name, parameters in (
            ("gc", "gc_id", {}),
            ("purgeaudit", "purge_id", {"audit_retention_hour": 24, "include_event_types": "create_artifact"}),
        ):
            body = {"schedule": {"type": "Manual"}, "parameters": {"dry_run": True} | parameters}
            self.ids[name] = made(harbor.post(f"/system/{path}/schedule", body))

    def fill(self, project: str) -> dict[str, object]:
        harbor = self.harbor
        make_project(harbor, project)
        number = harbor.get(f"/projects/{project}").json()["project_id"]
        harbor.server.registry(auth=ADMIN).push_image(f"{project}/app", image(), "v1")
        make_robot(harbor, project)
        policy = {
            "algorithm": "or", "trigger": {"kind": "Schedule", "settings": {"cron": ""}}, "scope": {"level": "project", "ref": number},
            "rules": [{"action": "retain", "template": "always", "params": {}, **SELECTORS}],
        }  # fmt: skip
        retention = made(harbor.post("/retentions", policy))
        execution = made(harbor.post(f"/retentions/{retention}/executions", {"dry_run": True}))
        hook = {"name": "hook", "enabled": True, "event_types": ["PUSH_ARTIFACT"]}
        hook["targets"] = [{"type": "http", "address": "https://hooks.example.org/", "skip_cert_verify": False}]
        return {
            "project_name": project, "project_name_or_id": project, "repository_name": "app", "reference": "v1", "tag_name": "v1",
            "addition": "build_history", "meta_name": "public", "job_type": "GARBAGE_COLLECTION", "pool_id": "all", "job_id": 1,
            "digest": "sha256:" + "0" * 64, "retentions": retention, "eid": execution, "tid": 1, "execution_id": 1, "task_id": 1,
            "mid": add_member(harbor, project, make_user(harbor)[0], DEVELOPER),
            "quotas": harbor.get("/quotas", reference="project", reference_id=str(number)).json()[0]["id"],
            "robot_id": harbor.get("/robots", q=f"Level=project,ProjectID={number}").json()[0]["id"],
            "label_id": made(harbor.post("/labels", {"name": f"label-{project}", "scope": "p", "project_id": number})),
            "immutable_rule_id": made(
                harbor.post(f"/projects/{project}/immutabletagrules", {"action": "immutable", "template": "immutable_template", **SELECTORS})
            ),
            "webhook_policy_id": made(harbor.post(f"/projects/{project}/webhook/policies", hook)),
        }  # fmt: skip

    def path(self, template: str, **changes) -> str:
        """A path with what is there in place of its parameters."""
        values = self.ids | {"id": self.ids.get(template.split("/")[1])} | changes
        parts = [str(values[part[1:-1]]) if part.startswith("{") else part for part in template.split("/")]
        return "/".join(parts)

    def totals(self) -> dict[str, str]:
        found = {path: self.harbor.get(path).headers.get("X-Total-Count") for path in LISTS}
        for path in ("members", "webhook/policies", "immutabletagrules", "metadatas"):
            found[path] = self.harbor.get(f"/projects/bad-input/{path}").text
        return found | {"configurations": self.harbor.get("/configurations").text}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("bad"), ACCOUNTS, env=ADMINISTRATOR).start()
    yield Place(server)
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, place: Place, tmp_path_factory: pytest.TempPathFactory):
    """The same on each database, whose texts and numbers have limits of their own."""
    if request.param == "sqlite":
        yield place
        return
    database = Postgres().start()
    config = {**ACCOUNTS, "metadata": {"url": database.create_database().url}}
    server = Server(tmp_path_factory.mktemp("bad"), config, env=ADMINISTRATOR).start()
    yield Place(server)
    server.stop()
    database.remove()


def acting() -> list[tuple[str, str, dict]]:
    return [
        one for one in Description.need().operations
        if one[2]["tags"][0] not in LATER_GROUPS and one[2]["operationId"] not in LATER
    ]  # fmt: skip


def with_body() -> list[tuple[str, str, dict, bool]]:
    """Operations with a body: its schema, and whether it has to be there."""
    found = []
    for method, path, operation in acting():
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "body":
                found.append((method, path, parameter["schema"], parameter.get("required", False)))
    return found


def resolved(schema: dict) -> dict:
    if "$ref" in schema:
        schema = Description.need().document["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def fields(schema: dict, depth: int = 0):
    """Each field of a body: how to say it is at fault, its schema, and a body with only it."""
    schema = resolved(schema)
    for name, inner in schema.get("properties", {}).items():
        inner = resolved(inner)
        yield name, inner, lambda value, name=name: {name: value}
        if depth == 3:
            continue
        if inner.get("type") == "array":
            for path, one, make in fields(inner["items"], depth + 1):
                yield path, one, lambda value, name=name, make=make: {name: [make(value)]}
        else:
            for path, one, make in fields(inner, depth + 1):
                yield path, one, lambda value, name=name, make=make: {name: make(value)}


WRONG = {
    "string": [1, True, ["x"], {"x": "y"}, "\u0007bell", "nul\u0000", "x" * 70_000],
    "integer": ["x", "1", True, 1.5, 1 << 63, -(1 << 70), 1e300, [1], {"x": 1}],
    "number": ["x", True, [1]],
    "boolean": ["true", 1, 0, [True]],
    "array": ["x", 1, {"x": 1}, {}],
    "object": ["x", 1, [], [{}]],
}


def refused(response, *named: str) -> None:
    message = expect(response, 400, code="BAD_REQUEST").json()["errors"][0]["message"]
    assert all(name in message for name in named), (named, message, response.request.url, (response.request.body or b"")[:200])
    assert len(message) < 8000


def test_values_of_the_wrong_type_are_refused_by_field_and_nothing_is_written(place):
    before, count = place.totals(), 0
    for method, template, schema, _ in with_body():
        for name in [name for name, inner, _ in fields(schema) if inner.get("type") == "string"][:1]:
            refused(place.harbor(method, place.path(template), json={name: "x" * 1_000_000}), name)
        for name, inner, make in fields(schema):
            kind = inner.get("type", "object" if "properties" in inner else "")
            if kind == "object" and not {"properties", "additionalProperties"} & inner.keys():
                continue
            for value in WRONG.get(kind, []):
                refused(place.harbor(method, place.path(template), json=make(value)), name)
                count += 1
    assert count > 1000 and place.totals() == before


def test_fields_that_nobody_knows_are_refused_by_name(place):
    before = place.totals()
    for method, template, schema, _ in with_body():
        if "additionalProperties" not in resolved(schema):
            for name in ("colour", "Name", "__proto__", SQL, "x" * 500):
                refused(place.harbor(method, place.path(template), json={name: 1}), name[:60])
    assert place.totals() == before


def test_bodies_that_are_none_are_refused(place):
    before = place.totals()
    broken = [
        b"null", b"[]", b'"text"', b"7", b"{", b'{"a":', b"\xff\xfe{}", b'{"name":"\xff"}', b'{"name":"\\ud800"}', b"{}{}", b"NaN",
        b"[" * 100_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ]  # fmt: skip
    for body in (b"[" + b"1," * 400_000 + b"1]", b'{"metadata":{"a":[' + b"{}," * 300_000 + b"1]}}"):
        expect(place.harbor("POST", "/projects", data=body, headers={"Content-Type": "application/json"}), 400, code="BAD_REQUEST")
    for method, template, _, required in with_body():
        path = place.path(template)
        for body in broken + ([b""] if required else []):
            answer = place.harbor(method, path, data=body, headers={"Content-Type": "application/json"})
            expect(answer, 400, code="BAD_REQUEST")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"):
            expect(place.harbor(method, path, data=b'{"name":"x"}', headers={"Content-Type": kind}), 415)
        large = place.harbor(method, path, data=json.dumps({"x": "y" * (2 << 20)}), headers={"Content-Type": "application/json"})
        expect(large, 413)
    assert place.totals() == before


def test_texts_that_mean_something_elsewhere_and_numbers_at_the_edge_break_nothing(either):
    """Whether they are refused is for each field to say; here, that an answer comes and is as described."""
    for method, template, schema, _ in with_body():
        if template == "/configurations" or template.endswith(("/password", "/sysadmin")):
            continue
        for _, inner, make in fields(schema):
            values = {"string": [SQL, "", "../../etc/passwd", "\u202e\U0001f4a9", "%00%n%s"], "integer": [0, -1, (1 << 63) - 1, -(1 << 63)]}
            for value in values.get(inner.get("type"), []):
                assert either.harbor(method, either.path(template), json=make(value)).status_code < 500
    expect(either.harbor.get("/projects/bad-input"), 200)


BAD_Q = [
    "=", "=x", "name", "name=[1~2", "name={a b", "name=(a b", "no_such_column=1", f"{SQL}=1", "name=" + "x" * 5000,
    "name=\u0007", ",".join(["name=a"] * 500), "name=(" + " ".join(["x"] * 2000) + ")", "(((((", "id OR 1=1",
]  # fmt: skip


def test_lists_refuse_what_they_cannot_filter_sort_or_page_by(either):
    lists = [(path, {one.get("$ref", one.get("name")) for one in operation["parameters"]}) for method, path, operation in acting() if method == "GET"]
    asked = 0
    for template, parameters in lists:
        if "{execution_id}" in template:
            # Nothing has been told yet, so that there is no delivery to list the tasks of.
            continue
        path = either.path(template)
        tries = {
            "query": ("q", BAD_Q),
            "sort": ("sort", ["no_such_column", "-no_such_column", SQL, "name;", "--name", "x" * 5000, "\u0007"]),
            "page": ("page", ["x", "-1", "1.5", "1e3", str(1 << 63), SQL, "\u0007"]),
            "pageSize": ("page_size", ["x", "-1", "101", "1.5", str(1 << 63), SQL]),
        }
        for reference, (name, values) in tries.items():
            if f"#/parameters/{reference}" not in parameters:
                continue
            for value in values:
                extra = {"policy_id": 1} if "webhook/jobs" in path else {}
                extra |= {"username": "x", "groupname": "x"} if "search" in path else {}
                extra |= {"scope": "g"} if path == "/labels" else {}
                refused(either.harbor.get(path, **{name: value}, **extra), name)
                asked += 1
    assert asked > 500


def test_parameters_of_queries_are_of_their_type(place):
    for method, template, operation in acting():
        for one in operation.get("parameters", []):
            if one.get("in") != "query" or method == "HEAD":
                continue
            wrong = {"integer": ["x", "1.5", str(1 << 63)], "boolean": ["maybe", "2"], "string": ["\u0007", "x" * 5000]}.get(one["type"], [])
            for value in wrong:
                refused(place.harbor(method, place.path(template), params={one["name"]: value}), one["name"])
            if one.get("required"):
                refused(place.harbor(method, place.path(template)), one["name"])


def test_what_paths_name_is_not_there_or_no_name(either):
    junk = ["0", "-1", str(1 << 63), str((1 << 63) - 1), "x", "1e3", SQL, "..", "\u0007", "\U0001f4a9", "x" * 3000, "a/b", "%00", "*"]
    before = either.totals()
    for method, template, operation in acting():
        for part in template.split("/"):
            if not part.startswith("{"):
                continue
            for value in junk:
                path = either.path(template, **{part[1:-1]: urllib.parse.quote(value, safe="").replace(".", "%2E")})
                answer = either.harbor(method, path, json={} if method in ("PUT", "POST", "PATCH") else None)
                assert 400 <= answer.status_code < 500, (method, path, answer.status_code, answer.text[:300])
            raw = either.path(template, **{part[1:-1]: "%FF%FE"})
            assert 400 <= either.harbor(method, raw).status_code < 500
    assert either.totals() == before


def test_what_is_another_project_s_is_not_found_here(place):
    mine, others = place.ids["project_name"], place.others
    for path, body in (
        (f"members/{others['mid']}", {"role_id": 1}),
        (f"immutabletagrules/{others['immutable_rule_id']}", {"action": "immutable", "template": "immutable_template", **SELECTORS}),
        (f"webhook/policies/{others['webhook_policy_id']}", None),
    ):
        path = f"/projects/{mine}/{path}"
        if "immutable" not in path:
            expect(place.harbor.get(path), 404)
        if body is not None:
            expect(place.harbor.put(path, body), 404)
        expect(place.harbor.delete(path), 404)
    labels = f"/projects/{mine}/repositories/app/artifacts/v1/labels"
    expect(place.harbor.post(labels, {"id": others["label_id"]}), 404)
    expect(place.harbor.delete(f"{labels}/{others['label_id']}"), 404)
    run = f"/retentions/{place.ids['retentions']}/executions/{others['eid']}"
    expect(place.harbor.get(f"{run}/tasks"), 404)
    expect(place.harbor("PATCH", run, json={"action": "stop"}), 404)
