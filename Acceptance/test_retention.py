"""Tag retention: policies of a project, and what their runs delete."""

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, Harbor, add_member, make_project, make_user, made
from harness.images import image, index
from harness.jobs import EVERY_SECOND, hurry
from harness.raw import expect
from harness.server import until

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


def rule(template: str, parameter: int | None = None, tags: str = "**", repositories: str = "**", untagged: bool = False) -> dict:
    return {
        "action": "retain",
        "template": template,
        "params": {} if parameter is None else {template: parameter},
        "tag_selectors": [
            {"kind": "doublestar", "decoration": "matches", "pattern": tags, "extras": '{"untagged":true}' if untagged else ""}
        ],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": repositories, "extras": ""}]},
    }


def policy(harbor: Harbor, project: str, *rules: dict, cron: str = "") -> dict:
    number = expect(harbor.get(f"/projects/{project}"), 200).json()["project_id"]
    return {
        "algorithm": "or",
        "rules": list(rules),
        "trigger": {"kind": "Schedule", "settings": {"cron": cron}, "references": {}},
        "scope": {"level": "project", "ref": number},
    }


def run(harbor: Harbor, number: int, dry_run: bool = False) -> dict[str, dict]:
    """The tasks of a run that has ended, by repository."""
    execution = made(harbor.post(f"/retentions/{number}/executions", {"dry_run": dry_run}))

    def ended():
        found = expect(harbor.get(f"/retentions/{number}/executions"), 200).json()
        [mine] = [one for one in found if one["id"] == execution]
        return mine if mine["status"] not in ("Pending", "Running", "Scheduled") else None

    told = until(ended, 30)
    assert told and told["status"] == "Success" and told["dry_run"] == dry_run and told["trigger"] == "MANUAL", told
    tasks = expect(harbor.get(f"/retentions/{number}/executions/{execution}/tasks"), 200).json()
    for task in tasks:
        task["log"] = expect(harbor.get(f"/retentions/{number}/executions/{execution}/tasks/{task['id']}"), 200).text
    return {task["repository"]: task for task in tasks}


def test_a_run_keeps_the_latest_and_leaves_other_repositories_alone(harbor, registry):
    project = make_project(harbor)
    for tag in ("v1", "v2", "v3", "v4"):
        registry.push_image(f"{project}/app", image(), tag)
    registry.push_image(f"{project}/web", image(), "v1")
    number = made(harbor.post("/retentions", policy(harbor, project, rule("latestPushedK", 2, repositories="app"))))
    assert expect(harbor.get(f"/projects/{project}"), 200).json()["metadata"]["retention_id"] == str(number)
    tasks = run(harbor, number, dry_run=True)
    assert list(tasks) == [f"{project}/app"]
    assert tasks[f"{project}/app"]["total"] == 4 and tasks[f"{project}/app"]["retained"] == 2
    assert registry.tags(f"{project}/app") == ["v1", "v2", "v3", "v4"]
    tasks = run(harbor, number)
    log = tasks[f"{project}/app"]["log"]
    assert log.count("DEL sha256:") == 2 and log.count("RETAIN sha256:") == 2
    assert registry.tags(f"{project}/app") == ["v3", "v4"]
    assert registry.tags(f"{project}/web") == ["v1"]


def test_immutable_tags_and_the_entries_of_kept_indexes_stay(harbor, registry):
    project = make_project(harbor)
    parts = [image(), image()]
    for part in parts:
        registry.push_image(f"{project}/app", part)
    registry.push_manifest(f"{project}/app", "multi", index(*[part.manifest for part in parts]))
    registry.push_image(f"{project}/app", image(), "release")
    registry.push_image(f"{project}/app", image(), "old")
    loose = image()
    registry.push_image(f"{project}/app", loose)
    selectors = rule("always", tags="release")
    made(harbor.post(f"/projects/{project}/immutabletagrules", {name: selectors[name] for name in ("tag_selectors", "scope_selectors")}))
    number = made(harbor.post("/retentions", policy(harbor, project, rule("always", tags="multi"))))
    task = run(harbor, number)[f"{project}/app"]
    assert task["total"] == 4 and task["retained"] == 2 and "IMMUTABLE" in task["log"]
    assert registry.tags(f"{project}/app") == ["multi", "release"]
    for part in parts:
        expect(registry.get_manifest(f"{project}/app", part.digest), 200)
    expect(registry.get_manifest(f"{project}/app", loose.digest), 404)


def test_a_policy_runs_by_its_schedule(harbor, registry):
    project = make_project(harbor)
    registry.push_image(f"{project}/app", image(), "v1")
    registry.push_image(f"{project}/app", image(), "v2")
    number = made(harbor.post("/retentions", policy(harbor, project, rule("always", tags="v2"), cron="0 0 3 * * 0")))
    hurry(harbor)
    assert until(lambda: registry.tags(f"{project}/app") == ["v2"], 20)
    body = policy(harbor, project, rule("always"))
    expect(harbor.put(f"/retentions/{number}", body), 200)
    told = expect(harbor.get(f"/retentions/{number}"), 200).json()
    assert told["trigger"]["settings"]["cron"] == "" and told["rules"][0]["template"] == "always"
    executions = expect(harbor.get(f"/retentions/{number}/executions"), 200).json()
    assert {one["trigger"] for one in executions} == {"SCHEDULE"}


def test_policies_are_made_changed_and_removed(harbor):
    project = make_project(harbor)
    number = made(harbor.post("/retentions", policy(harbor, project, rule("nDaysSinceLastPush", 7), rule("latestPulledN", 3))))
    told = expect(harbor.get(f"/retentions/{number}"), 200).json()
    assert [one["params"] for one in told["rules"]] == [{"nDaysSinceLastPush": 7}, {"latestPulledN": 3}]
    assert told["scope"] == policy(harbor, project)["scope"] and told["algorithm"] == "or"
    assert "has a retention policy already" in expect(harbor.post("/retentions", policy(harbor, project)), 400).text
    expect(harbor.delete(f"/retentions/{number}"), 200)
    expect(harbor.get(f"/retentions/{number}"), 404)
    assert "retention_id" not in expect(harbor.get(f"/projects/{project}"), 200).json()["metadata"]
    # A project takes its policy and its schedule with it.
    other = make_project(harbor)
    number = made(harbor.post("/retentions", policy(harbor, other, rule("always"), cron="0 0 3 * * *")))
    assert [(one["vendor_type"], one["vendor_id"]) for one in expect(harbor.get("/schedules"), 200).json()] == [("RETENTION", number)]
    run(harbor, number)
    expect(harbor.delete(f"/projects/{other}"), 200)
    assert expect(harbor.get("/schedules"), 200).json() == []
    expect(harbor.get(f"/retentions/{number}"), 404)
    metadata = expect(harbor.get("/retentions/metadatas"), 200).json()
    assert [one["rule_template"] for one in metadata["templates"]] == [
        "latestPushedK", "latestPulledN", "nDaysSinceLastPush", "nDaysSinceLastPull", "always",
    ]  # fmt: skip


def test_what_makes_no_sense_is_refused_with_the_field(harbor):
    project = make_project(harbor)
    good = policy(harbor, project, rule("always"))
    for body, field in (
        (good | {"algorithm": "and"}, "algorithm"),
        (good | {"scope": {"level": "project"}}, "scope.ref"),
        (good | {"scope": {"level": "project", "ref": 999999}}, "scope.ref"),
        (good | {"rules": [rule("newest", 1)]}, "template"),
        (good | {"rules": [rule("latestPushedK", 0)]}, "params.latestPushedK"),
        (good | {"rules": [rule("latestPushedK")]}, "params.latestPushedK"),
        (good | {"rules": [rule("always"), rule("always")]}, "rules[1]"),
        (good | {"rules": [rule("always", tags="{")]}, "tag_selectors[0].pattern"),
        (good | {"rules": "all"}, "rules"),
        (policy(harbor, project, cron="* * *"), "trigger.settings.cron"),
        (policy(harbor, project, cron=EVERY_SECOND), "trigger.settings.cron"),
    ):
        assert field in expect(harbor.post("/retentions", body), 400).json()["errors"][0]["message"]
    number = made(harbor.post("/retentions", good))
    expect(harbor.post(f"/retentions/{number}/executions", {"dry_run": "yes"}), 400)
    expect(harbor.get(f"/retentions/{number}/executions/999999/tasks"), 404)
    expect(harbor("PATCH", f"/retentions/{number}/executions/999999", json={"action": "stop"}), 404)
    developer = make_user(harbor)
    add_member(harbor, project, developer[0], DEVELOPER)
    expect(harbor.get(f"/retentions/{number}", auth=developer), 403)
    expect(harbor.get("/retentions/999999", auth=developer), 403)
    expect(harbor.post(f"/retentions/{number}/executions", {}, auth=developer), 403)
