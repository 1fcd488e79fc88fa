"""`cove import harbor`: from one Cove to another, as both speak Harbor's API; interrupted, repeated, and without effect when asked."""

import json
import subprocess

import pytest

from harness import processes, programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, PASSWORD, Harbor, add_member, make_project, make_robot, make_user, made
from harness.images import artifact, image, index
from harness.raw import expect
from harness.server import until

pytestmark = pytest.mark.beyond

RULE = {
    "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "v*", "extras": ""}],
    "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
}


class Importer:
    """`cove import harbor` with a context of its own for the target."""

    def __init__(self, source, target, directory):
        self.source, self.target, self.directory = source, target, directory
        self.env = programs.environment(COVE_CONFIG=str(directory / "contexts.json"), HOME=str(directory))
        self.secrets_path = directory / "secrets.jsonl"
        self._run("login", target.url, "-u", "admin", "--password-stdin")

    def command(self, *more) -> list[str]:
        place = ("import", "harbor", "--url", self.source.url, "-u", "admin", "--password-stdin")
        return [programs.binary(), *place, "--secrets", str(self.secrets_path), *more]

    def _run(self, *arguments, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [programs.binary(), *arguments], input=PASSWORD + "\n", env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def __call__(self, *more, code: int = 0) -> dict:
        """The report of a run to its end."""
        return json.loads(self._run(*self.command("--json", *more)[1:], code=code).stdout)

    def text(self, *more, code: int = 0) -> str:
        return self._run(*self.command(*more)[1:], code=code).stdout

    @property
    def secrets(self) -> dict[str, str]:
        lines = map(json.loads, self.secrets_path.read_text().splitlines())
        return {line["name"]: line["secret"] for line in lines}


def outcomes(report: dict) -> dict[str, set[str]]:
    """By outcome, `kind name` of each entry."""
    found: dict[str, set[str]] = {}
    for entry in report["entries"]:
        found.setdefault(entry["outcome"], set()).add(f"{entry['kind']} {entry['name']}")
    return found


@pytest.fixture
def servers(new_server):
    return [new_server(ACCOUNTS, env=ADMINISTRATOR).start() for _ in range(2)]


@pytest.fixture
def importer(servers, tmp_path):
    return Importer(*servers, tmp_path)


def furnish(server) -> dict:
    """A server with a project that has something of everything."""
    harbor, registry = Harbor(server), server.registry(auth=ADMIN)
    make_project(harbor, "team", public=True, storage_limit=5 << 30)
    make_project(harbor, "quiet")
    make_user(harbor, "alice")
    add_member(harbor, "team", "alice", DEVELOPER)
    made(harbor.post("/usergroups", {"group_name": "builders", "group_type": 3}))
    made(harbor.post("/projects/team/members", {"role_id": 5, "member_group": {"group_name": "builders", "group_type": 3}}))
    number = expect(harbor.get("/projects/team"), 200).json()["project_id"]
    made(harbor.post("/labels", {"name": "everywhere", "scope": "g", "color": "#0065AB"}))
    label = made(harbor.post("/labels", {"name": "stable", "scope": "p", "project_id": number}))
    make_robot(harbor, "team", name="ci")
    make_robot(harbor, None, name="reader")
    one, two = image(), image()
    registry.push_image("team/app", one, "v1", "latest")
    registry.push_image("team/deep/er", two, "1")
    both = index(one.manifest)
    registry.push_manifest("team/app", "all", both)
    signature = artifact("application/vnd.example.signature", b"signed", subject=one.manifest)
    registry.push_image("team/app", signature)
    registry.push_image("quiet/tool", image(), "1")
    expect(harbor.post(f"/projects/team/repositories/app/artifacts/{one.digest}/labels", {"id": label}), 200)
    expect(harbor.put("/projects/team/repositories/app", {"description": "what it is for"}), 200)
    made(harbor.post("/projects/team/immutabletagrules", RULE | {"action": "immutable", "template": "immutable_template"}))
    retention = RULE | {"action": "retain", "template": "latestPushedK", "params": {"latestPushedK": 7}}
    made(
        harbor.post(
            "/retentions",
            {
                "algorithm": "or",
                "rules": [retention],
                "trigger": {"kind": "Schedule", "settings": {"cron": "0 0 3 * * *"}, "references": {}},
                "scope": {"level": "project", "ref": number},
            },
        )
    )
    target = {"type": "http", "address": "https://ci.example.org/hook", "skip_cert_verify": False}
    hook = {"name": "ci", "enabled": True, "event_types": ["PUSH_ARTIFACT"], "targets": [target]}
    made(harbor.post("/projects/team/webhook/policies", hook))
    return {"image": one, "index": both, "signature": signature}


def state(server) -> dict:
    """What is at a server, without what is its own: numbers, times, secrets."""
    harbor = Harbor(server)

    def names(path: str, *fields: str, **query) -> list:
        return sorted([one.get(field) for field in fields] for one in expect(harbor.get(path, page_size=100, **query), 200).json())

    projects = {}
    for [name] in names("/projects", "name"):
        project = expect(harbor.get(f"/projects/{name}"), 200).json()
        rules = expect(harbor.get(f"/projects/{name}/immutabletagrules"), 200).json()
        retention = project["metadata"].get("retention_id")
        policy = expect(harbor.get(f"/retentions/{retention}"), 200).json() if retention else {}
        quota = expect(harbor.get("/quotas", reference="project", reference_id=project["project_id"]), 200).json()
        projects[name] = {
            "public": project["metadata"]["public"],
            "members": names(f"/projects/{name}/members", "entity_name", "entity_type", "role_id"),
            "labels": names("/labels", "name", "color", scope="p", project_id=project["project_id"]),
            "robots": names("/robots", "name", q=f"Level=project,ProjectID={project['project_id']}"),
            "immutable": [rule["tag_selectors"][0]["pattern"] for rule in rules],
            "retention": [rule["params"] for rule in policy.get("rules", [])] + [policy.get("trigger", {}).get("settings", {}).get("cron")],
            "webhooks": names(f"/projects/{name}/webhook/policies", "name", "enabled"),
            "limit": [one["hard"] for one in quota],
            "repositories": names(f"/projects/{name}/repositories", "name", "description"),
        }
    return {
        "users": names("/users", "username", "email"),
        "groups": names("/usergroups", "group_name", "group_type"),
        "labels": names("/labels", "name", "color", scope="g"),
        "robots": names("/robots", "name"),
        "projects": projects,
    }


def test_everything_comes_over_and_a_second_run_finds_it_there(importer):
    things = furnish(importer.source)
    before = state(importer.target)

    planned = importer("--dry-run")
    assert planned["dryRun"] is True
    assert {"project team", "user alice", "robot reader", "repository team/app"} <= outcomes(planned)["planned"]
    assert set(outcomes(planned)) <= {"planned", "present"}
    assert state(importer.target) == before, "a dry run changes nothing"
    assert importer.secrets_path.read_text() == ""

    report = importer()
    assert report["failed"] is False
    assert {"webhook team: ci", "robot team: ci", "member team: builders", "retention team"} <= outcomes(report)["created"]
    assert state(importer.target) == state(importer.source)

    registry = importer.target.registry(auth=ADMIN)
    assert registry.tags("team/app") == ["all", "latest", "v1"]
    assert registry.get_manifest("team/app", "all").content == things["index"].body
    assert [one["digest"] for one in registry.referrers("team/app", things["image"].digest)] == [things["signature"].digest]
    harbor = Harbor(importer.target)
    shown = expect(harbor.get(f"/projects/team/repositories/app/artifacts/{things['image'].digest}", with_label="true"), 200).json()
    assert [one["name"] for one in shown["labels"]] == ["stable"]

    assert importer.secrets_path.stat().st_mode & 0o777 == 0o600
    assert set(importer.secrets) == {"alice", "robot$team+ci", "robot$reader"}
    assert all(secret not in json.dumps(report) for secret in importer.secrets.values())
    robot = "robot$team+ci"
    importer.target.registry(auth=(robot, importer.secrets[robot])).push_image("team/byrobot", image(), "1")
    expect(harbor.get("/users/current", auth=("alice", importer.secrets["alice"])), 200)
    expect(harbor.delete("/projects/team/repositories/byrobot"), 200)

    again = importer()
    assert set(outcomes(again)) == {"present"}
    assert (again["images"]["manifests"], again["images"]["tags"], again["images"]["blobs"]) == (0, 0, 0)
    assert state(importer.target) == state(importer.source)


def test_an_import_that_was_killed_goes_on_where_it_was(importer):
    harbor, registry = Harbor(importer.source), importer.source.registry(auth=ADMIN)
    make_project(harbor, "many")
    make_robot(harbor, "many", name="ci")
    names = [f"many/app-{number:02}" for number in range(20)]
    images = {name: image() for name in names}
    for name, one in images.items():
        registry.push_image(name, one, "1", "latest")
    process = subprocess.Popen(
        importer.command(), env=importer.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    process.stdin.write(f"{PASSWORD}\n".encode())
    process.stdin.close()

    def there() -> int:
        found = Harbor(importer.target).get("/projects/many/repositories", page_size=100)
        return len(found.json()) if found.status_code == 200 else 0

    assert until(there, 60, every=0.01)
    processes.kill(process)
    assert there() < len(names), "it was killed on its way"
    robot = "robot$many+ci"
    secret = importer.secrets[robot]

    report = importer()
    assert report["failed"] is False
    assert "robot many: ci" in outcomes(report)["present"]
    assert 0 < report["images"]["manifests"] and 0 < report["images"]["knownManifests"]
    target = importer.target.registry(auth=(robot, secret))
    for name, one in images.items():
        assert target.tags(name) == ["1", "latest"]
        assert target.get_manifest(name, "latest").content == one.manifest.body


def test_one_project_can_be_chosen_and_what_goes_wrong_is_told(importer):
    furnish(importer.source)
    told = importer.text("--project", "quiet")
    assert "created: project quiet" in told and "1 manifests" in told
    assert [one["name"] for one in expect(Harbor(importer.target).get("/projects", q="name=~e"), 200).json()] == ["quiet"]
    importer._run(*importer.command("--project", "nowhere")[1:], code=5)
    # What cannot be made is told, and does not keep the rest from coming.
    make_project(Harbor(importer.target), "team", storage_limit=10)
    report = importer("--project", "team", code=2)
    assert report["failed"] is True
    assert "repository team/app" in outcomes(report)["failed"]
    assert {"label team: stable", "user alice", "group builders", "member team: alice"} <= outcomes(report)["created"]
    assert "robot reader" not in set().union(*outcomes(report).values()), "it is of no project"


def test_the_source_must_be_one_and_let_one_in(importer):
    wrong = subprocess.run(importer.command(), input="wrong\n", env=importer.env, capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 3 and "'admin'" in wrong.stderr
    line = importer.command()
    line[line.index("--url") + 1] = "http://127.0.0.1:1"
    away = subprocess.run(line, input=PASSWORD + "\n", env=importer.env, capture_output=True, text=True, timeout=60)
    assert away.returncode == 7
    assert PASSWORD not in away.stderr + wrong.stderr


def test_a_harbor_yml_becomes_a_configuration_that_is_taken(tmp_path):
    old = tmp_path / "harbor.yml"
    old.write_text(
        """
hostname: reg.example.org
http: {port: 8080}
harbor_admin_password: Harbor12345
database: {password: root123, max_open_conns: 900}
data_volume: /data
jobservice: {max_job_workers: 12, job_loggers: [FILE]}
notification: {webhook_job_max_retry: 5}
log: {level: info, local: {rotate_count: 50, rotate_size: 200M, location: /var/log/harbor}}
trivy: {skip_update: false}
metric: {enabled: true, port: 9191, path: /metrics}
upload_purging: {enabled: true, age: 168h, interval: 24h, dryrun: false}
cache: {enabled: false}
colour: blue
"""
    )
    new = tmp_path / "config.yml"

    def cove(*arguments, code: int = 0) -> str:
        done = programs.run(programs.binary(), *arguments, check=False, env=programs.environment())
        assert done.returncode == code, done.err
        return done.out

    told = json.loads(cove("import", "harbor-config", old, "-o", new, "--json"))
    fates = {one["key"]: one["fate"] for one in told["keys"]}
    assert fates["jobservice.max_job_workers"] == "kept" and fates["harbor_admin_password"] == "by hand"
    assert [key for key, fate in fates.items() if fate == "unknown"] == ["colour"]
    assert told["problems"] == []
    assert new.stat().st_mode & 0o777 == 0o600
    cove("config", "check", new)
    shown = json.loads(cove("config", "show", new, "--json"))
    assert (shown["jobs"]["maxworkers"], shown["webhooks"]["maxretry"]) == (12, 5)
    cove("import", "harbor-config", old, "-o", new, code=1)
    assert "Harbor12345" not in new.read_text() + json.dumps(told)
