"""Projects' webhooks: what receivers are sent, and what becomes of it when they do not take it."""

import hashlib
import hmac
import json
import os
import subprocess

import pytest

from harness import programs
from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, GUEST, Harbor, add_member, made, make_project, make_user
from harness.certificates import Authority
from harness.hooks import EVERYTHING, FAST, Receiver, deliveries, ended, log_of, webhook
from harness.images import image, random_bytes, write_layout
from harness.postgres import Postgres
from harness.raw import expect
from harness.server import Server, until

pytestmark = pytest.mark.beyond


@pytest.fixture
def receiver():
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, tmp_path_factory):
    config, database = {**ACCOUNTS, "webhooks": FAST}, None
    if request.param == "postgresql":
        database = Postgres().start()
        config = {**config, "metadata": {"url": database.create_database().url}}
    server = Server(tmp_path_factory.mktemp("webhooks"), config, env=ADMINISTRATOR).start()
    yield server
    server.stop()
    if database is not None:
        database.remove()


@pytest.fixture
def harbor(place):
    return Harbor(place)


def test_pushes_pulls_and_deletions_arrive_in_harbors_form(place, harbor, receiver):
    project = make_project(harbor)
    webhook(harbor, project, receiver.url, auth_header="Bearer of-news")
    registry = place.registry(auth=ADMIN)
    pushed = image()
    registry.push_image(f"{project}/app", pushed, "1.0")
    [event] = receiver.wait("PUSH_ARTIFACT")
    assert event["operator"] == "admin" and isinstance(event["occur_at"], int)
    host = place.url.split("://")[1]
    assert event["event_data"]["resources"] == [
        {"digest": pushed.digest, "tag": "1.0", "resource_url": f"{host}/{project}/app:1.0"}
    ]
    repository = event["event_data"]["repository"]
    assert isinstance(repository.pop("date_created"), int)
    assert repository == {"name": "app", "namespace": project, "repo_full_name": f"{project}/app", "repo_type": "private"}
    headers, _, _ = receiver.got[0]
    assert headers["Authorization"] == "Bearer of-news" and headers["Content-Type"] == "application/json"

    assert registry.get_manifest(f"{project}/app", "1.0").status_code == 200
    [event] = receiver.wait("PULL_ARTIFACT")
    assert event["event_data"]["resources"][0]["tag"] == "1.0"

    registry.push_manifest(f"{project}/app", "stable", pushed.manifest)
    receiver.wait("PUSH_ARTIFACT", 2)
    expect(harbor.delete(f"/projects/{project}/repositories/app/artifacts/{pushed.digest}"), 200)
    [event] = receiver.wait("DELETE_ARTIFACT")
    assert sorted(one["tag"] for one in event["event_data"]["resources"]) == ["1.0", "stable"]


def test_cloud_events_and_slack_have_forms_of_their_own(place, harbor, receiver):
    project = make_project(harbor, public=True)
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"], payload_format="CloudEvents")
    slack = Receiver().start()
    webhook(harbor, project, slack.url, ["PUSH_ARTIFACT"], type="slack")
    pushed = image()
    place.registry(auth=ADMIN).push_image(f"{project}/app", pushed, "1")
    [event] = receiver.wait("harbor.artifact.pushed")
    assert event["specversion"] == "1.0" and event["datacontenttype"] == "application/json" and event["operator"] == "admin"
    assert event["source"].endswith(f"/webhook/policies/{number}") and event["id"] and event["time"].endswith("Z")
    assert event["data"]["resources"][0]["digest"] == pushed.digest and event["data"]["repository"]["repo_type"] == "public"
    assert receiver.got[0][0]["Content-Type"] == "application/cloudevents+json"
    assert until(lambda: slack.got, 20)
    _, message, _ = slack.got[0]
    assert "PUSH_ARTIFACT" in message["text"] and f"{project}/app:1" in message["text"]
    assert {block["type"] for block in message["blocks"]} == {"header", "section"}
    slack.stop()


def test_deliveries_are_signed_with_a_secret_that_is_never_told(place, harbor, receiver):
    project = make_project(harbor)
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"], secret="between us")
    told = expect(harbor.get(f"/projects/{project}/webhook/policies/{number}"), 200)
    assert "between us" not in told.text
    # What clients send back when they change something else does not take it away.
    policy = told.json()
    policy["description"] = "changed"
    expect(harbor.put(f"/projects/{project}/webhook/policies/{number}", policy), 200)
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    receiver.wait("PUSH_ARTIFACT")
    headers, _, body = receiver.got[0]
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()
    execution = ended(harbor, project, number, "Success")["id"]
    log = log_of(harbor, project, number, execution)
    assert "200" in log and "thank you" in log and "PUSH_ARTIFACT" in log and "between us" not in log
    assert headers["X-Hub-Signature-256"] not in log


def test_a_receiver_that_is_away_gets_it_when_it_is_back(place, harbor):
    project = make_project(harbor)
    receiver = Receiver()
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    assert until(lambda: any("tried again" in log_of(harbor, project, number, one["id"]) for one in deliveries(harbor, project, number)), 15)
    receiver.start()
    receiver.wait("PUSH_ARTIFACT")
    execution = ended(harbor, project, number, "Success")
    assert execution["metrics"]["success_task_count"] == 1 and execution["trigger"] == "EVENT"
    assert "refused" in log_of(harbor, project, number, execution["id"])
    receiver.stop()


def test_what_is_never_taken_has_failed_and_can_be_sent_again_by_hand(place, harbor, receiver):
    project = make_project(harbor)
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    receiver.status = 503
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    failed = ended(harbor, project, number, "Error", 40)
    assert len(receiver.got) == 4, "the first try and three more"
    assert "503" in failed["status_message"] and failed["extra_attrs"]["event_type"] == "PUSH_ARTIFACT"
    [job] = expect(harbor.get(f"/projects/{project}/webhook/jobs", policy_id=number, status="Error"), 200).json()
    assert job["id"] == failed["id"] and json.loads(job["job_detail"])["type"] == "PUSH_ARTIFACT"
    receiver.status = 200
    again = made(harbor.post(f"/projects/{project}/webhook/policies/{number}/executions/{failed['id']}"))
    assert ended(harbor, project, number, "Success")["id"] == again
    assert receiver.got[-1][2] == receiver.got[0][2], "byte for byte"
    [trigger] = expect(harbor.get(f"/projects/{project}/webhook/lasttrigger"), 200).json()
    assert trigger["event_type"] == "PUSH_ARTIFACT" and trigger["last_trigger_time"]


def test_redirects_are_not_followed(place, harbor, receiver):
    project = make_project(harbor)
    elsewhere = Receiver().start()
    receiver.status, receiver.location = 302, elsewhere.url
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    ended(harbor, project, number, "Error", 40)
    assert not elsewhere.got
    elsewhere.stop()


def test_addresses_of_this_machine_are_refused_unless_allowed(new_server, receiver):
    server = new_server({**ACCOUNTS, "webhooks": {**FAST, "allow": ["10.9.0.0/16"]}}, env=ADMINISTRATOR).start()
    harbor = Harbor(server)
    project = make_project(harbor)
    for address in (receiver.url, "http://[::1]:80/", "http://169.254.169.254/latest", "http://192.168.1.1"):
        refusal = harbor.post(
            f"/projects/{project}/webhook/policies",
            {"name": "x", "enabled": True, "event_types": ["PUSH_ARTIFACT"], "targets": [{"type": "http", "address": address}]},
        )
        assert "webhooks.allow" in expect(refusal, 400).json()["errors"][0]["message"]
    # A name tells where it leads only when it is connected to.
    number = webhook(harbor, project, f"http://localhost:{receiver.port}/", ["PUSH_ARTIFACT"])
    server.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    failed = ended(harbor, project, number, "Error")
    assert "webhooks.allow" in failed["status_message"] and not receiver.got


def test_a_delivery_outlives_the_server(new_server):
    server = new_server({**ACCOUNTS, "webhooks": FAST}, env=ADMINISTRATOR).start()
    harbor = Harbor(server)
    project = make_project(harbor)
    receiver = Receiver()
    webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    server.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    server.kill()
    receiver.start()
    server.start()
    assert len(receiver.wait("PUSH_ARTIFACT", 1, 60)) == 1
    receiver.stop()


def test_a_delivery_under_way_when_the_server_is_killed_is_made_again(new_server):
    config = {**ACCOUNTS, "webhooks": {**FAST, "timeout": "30s"}, "jobs": {"lease": "2s"}}
    server = new_server(config, env=ADMINISTRATOR).start()
    harbor = Harbor(server)
    project = make_project(harbor)
    receiver = Receiver().start()
    receiver.delay = 60
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    server.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    receiver.wait("PUSH_ARTIFACT")
    server.kill()
    receiver.delay = 0
    server.start()
    receiver.wait("PUSH_ARTIFACT", 2, 60)
    ended(harbor, project, number, "Success")
    first, second = receiver.got
    assert first[2] == second[2] and first[0]["X-Cove-Delivery"] == second[0]["X-Cove-Delivery"]
    receiver.stop()


def test_what_skopeo_does_arrives_in_both_forms(place, harbor, receiver, skopeo, tmp_path):
    project = make_project(harbor)
    webhook(harbor, project, receiver.url, EVERYTHING[:3])
    webhook(harbor, project, receiver.url, EVERYTHING[:3], payload_format="CloudEvents")
    pushed = image()
    write_layout(tmp_path / "layout", {"1": pushed.manifest}, [pushed.manifest, *pushed.blobs])
    there, user = f"docker://{place.host}/{project}/app:1", ":".join(ADMIN)
    skopeo("copy", "--dest-tls-verify=false", "--dest-creds", user, f"oci:{tmp_path}/layout:1", there)
    skopeo("copy", "--src-tls-verify=false", "--src-creds", user, there, f"oci:{tmp_path}/back:1")
    skopeo("delete", "--tls-verify=false", "--creds", user, there)
    for plain, cloud in (
        ("PUSH_ARTIFACT", "harbor.artifact.pushed"),
        ("PULL_ARTIFACT", "harbor.artifact.pulled"),
        ("DELETE_ARTIFACT", "harbor.artifact.deleted"),
    ):
        [resource] = receiver.wait(plain)[0]["event_data"]["resources"]
        assert resource["digest"] == pushed.digest and resource["tag"] == "1"
        assert receiver.wait(cloud)[0]["data"]["resources"] == [resource]


def test_a_retention_run_is_told_of_with_what_is_gone(place, harbor, receiver):
    project = make_project(harbor)
    webhook(harbor, project, receiver.url, ["TAG_RETENTION"])
    registry = place.registry(auth=ADMIN)
    for tag in ("keep", "drop"):
        registry.push_image(f"{project}/app", image(), tag)
    number = expect(harbor.get(f"/projects/{project}"), 200).json()["project_id"]
    rule = {
        "action": "retain",
        "template": "always",
        "params": {},
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "keep"}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
    }
    trigger = {"kind": "Schedule", "settings": {"cron": ""}, "references": {}}
    policy = {"algorithm": "or", "rules": [rule], "trigger": trigger, "scope": {"level": "project", "ref": number}}
    retention = made(harbor.post("/retentions", policy))
    runs = f"/retentions/{retention}/executions"
    made(harbor.post(runs, {"dry_run": True}))
    assert until(lambda: expect(harbor.get(runs), 200).json()[0]["status"] == "Success", 20)
    made(harbor.post(runs, {"dry_run": False}))
    [event] = receiver.wait("TAG_RETENTION")
    told = event["event_data"]["retention"]
    assert event["operator"] == "MANUAL" and told["retention_policy_id"] == retention and told["project_name"] == project
    assert told["total"] == 2 and told["retained"] == 1 and told["result"] == "SUCCESS"
    assert told["deleted_artifact"] == [{"type": "image", "status": "SUCCESS", "name_tag": "app:drop"}]


def test_deliveries_are_seen_and_repeated_at_the_command_line(place, harbor, receiver, tmp_path):
    env = programs.environment(COVE_CONFIG=str(tmp_path / "config.json"), HOME=str(tmp_path), PATH=os.environ["PATH"])

    def cove(*arguments: object, stdin: str = "") -> str:
        line = [programs.binary(), *map(str, arguments)]
        done = subprocess.run(line, env=env, input=stdin, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    cove("login", place.url, "-u", ADMIN[0], "--password-stdin", stdin=ADMIN[1])
    project = make_project(harbor)
    cove("webhook", "create", project, "ci", "--url", receiver.url, "--events", "PUSH_ARTIFACT", "--secret-stdin", stdin="between us\n")
    receiver.status = 500
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    [policy] = expect(harbor.get(f"/projects/{project}/webhook/policies"), 200).json()
    ended(harbor, project, policy["id"], "Error", 40)
    [failed] = json.loads(cove("webhook", "deliveries", project, "ci", "-o", "json"))
    assert failed["status"] == "Error" and "500" in failed["status_message"]
    assert "500" in cove("webhook", "deliveries", project, "ci")
    log = cove("webhook", "deliveries", project, "ci", "--log", failed["id"])
    assert "> POST" in log and "thank you" in log and "between us" not in log
    receiver.status = 200
    again = json.loads(cove("webhook", "redeliver", project, "ci", failed["id"], "-o", "json"))["delivery"]
    assert ended(harbor, project, policy["id"], "Success")["id"] == again
    headers, _, body = receiver.got[-1]
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()
    tried = json.loads(cove("webhook", "test", project, "ci", "-o", "json"))["delivery"]
    assert until(lambda: {one["id"]: one["status"] for one in deliveries(harbor, project, policy["id"])}[tried] == "Success", 20)


def test_a_full_quota_and_one_that_is_nearly_full_are_told_of(place, harbor, receiver):
    project = make_project(harbor, storage_limit=4000)
    webhook(harbor, project, receiver.url, ["QUOTA_EXCEED", "QUOTA_WARNING"])
    registry = place.registry(auth=ADMIN)
    registry.push_image(f"{project}/app", image({"x": random_bytes(3000)}), "1")
    [warning] = receiver.wait("QUOTA_WARNING")
    assert "85%" in warning["event_data"]["custom_attributes"]["Details"]
    with pytest.raises(AssertionError):
        registry.push_image(f"{project}/app", image({"y": random_bytes(3000)}), "2")
    exceeded = receiver.wait("QUOTA_EXCEED")[0]
    assert exceeded["event_data"]["repository"]["repo_full_name"] == f"{project}/app" and exceeded["operator"] == "admin"
    assert "will exceed" in exceeded["event_data"]["custom_attributes"]["Details"]


def test_nothing_is_sent_where_notifications_are_off_or_the_webhook_is(place, harbor, receiver):
    project = make_project(harbor)
    number = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    registry = place.registry(auth=ADMIN)
    expect(harbor.put("/configurations", {"notification_enable": False}), 200)
    try:
        registry.push_image(f"{project}/app", image(), "1")
        policy = expect(harbor.get(f"/projects/{project}/webhook/policies/{number}"), 200).json()
        # What was pushed meanwhile is passed over, not put off.
        assert until(lambda: not deliveries(harbor, project, number), 3)
    finally:
        expect(harbor.put("/configurations", {"notification_enable": True}), 200)
    policy["enabled"] = False
    expect(harbor.put(f"/projects/{project}/webhook/policies/{number}", policy), 200)
    registry.push_image(f"{project}/app", image(), "2")
    policy["enabled"] = True
    other = webhook(harbor, project, receiver.url + "/other", ["PULL_ARTIFACT"])
    registry.get_manifest(f"{project}/app", "2")
    receiver.wait("PULL_ARTIFACT")
    assert not receiver.of_type("PUSH_ARTIFACT") and not deliveries(harbor, project, number) and deliveries(harbor, project, other)


def test_who_may_see_and_change_webhooks(place, harbor):
    project = make_project(harbor)
    number = webhook(harbor, project, "https://ci.example.org/hook", auth_header="a secret")
    path = f"/projects/{project}/webhook/policies"
    developer, guest, stranger = (make_user(harbor) for _ in range(3))
    add_member(harbor, project, developer[0], DEVELOPER)
    add_member(harbor, project, guest[0], GUEST)
    for user in (developer, guest, stranger):
        expect(harbor.get(path, auth=user), 403)
        expect(harbor.delete(f"{path}/{number}", auth=user), 403)
    maintainer = make_user(harbor)
    add_member(harbor, project, maintainer[0], 4)
    seen = expect(harbor.get(f"{path}/{number}", auth=maintainer), 200)
    assert "a secret" not in seen.text
    expect(harbor.post(path, {"name": "x"}, auth=maintainer), 403)
    assert expect(harbor.get(f"{path}/{number}"), 200).json()["targets"][0]["auth_header"] == "a secret"
    elsewhere = make_project(harbor)
    expect(harbor.get(f"/projects/{elsewhere}/webhook/policies/{number}"), 404)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"event_types": ["PUSH"]}, "event_types[0]"),
        ({"event_types": []}, "event_types"),
        ({"targets": []}, "targets"),
        ({"targets": [{"type": "pigeon", "address": "https://a.example"}]}, "targets[0].type"),
        ({"targets": [{"type": "http", "address": "ftp://a.example"}]}, "targets[0].address"),
        ({"targets": [{"type": "http", "address": "https://user:pass@a.example"}]}, "targets[0].address"),
        ({"targets": [{"type": "http", "address": "https://a.example/\r\nx"}]}, "targets[0].address"),
        ({"targets": [{"type": "http", "address": "https://a.example", "payload_format": "XML"}]}, "targets[0].payload_format"),
        ({"targets": [{"type": "slack", "address": "https://a.example", "payload_format": "Default"}]}, "targets[0].payload_format"),
        ({"targets": [{"type": "http", "address": "https://a.example", "auth_header": "x\r\ny: z"}]}, "targets[0].auth_header"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_its_field(place, harbor, change, named):
    body = {"name": "x", "enabled": True, "event_types": ["PUSH_ARTIFACT"], "targets": [{"type": "http", "address": "https://a.example"}]}
    refusal = expect(harbor.post("/projects/library/webhook/policies", body | change), 400)
    assert f"'{named}'" in refusal.json()["errors"][0]["message"]


def test_a_certificate_of_nobody_is_accepted_only_when_told_to(place, harbor, tmp_path):
    receiver = Receiver(Authority(tmp_path / "ca").issue("receiver")).start()
    project = make_project(harbor)
    strict = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    lax = webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"], skip_cert_verify=True)
    place.registry(auth=ADMIN).push_image(f"{project}/app", image(), "1")
    ended(harbor, project, lax, "Success")
    assert "certificate" in ended(harbor, project, strict, "Error", 40)["status_message"]
    receiver.stop()
