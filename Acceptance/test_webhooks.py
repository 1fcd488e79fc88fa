"""Projects' webhooks: what receivers are sent, and what becomes of it when they do not take it."""

import hashlib
import hmac
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, DEVELOPER, GUEST, Harbor, add_member, made, make_project, make_user, unique
from harness.certificates import Authority
from harness.images import image, random_bytes
from harness.postgres import Postgres
from harness.raw import expect
from harness.server import Server, free_port, until

pytestmark = pytest.mark.beyond

FAST = {"allow": ["127.0.0.1"], "backoff": "200ms", "timeout": "1s"}
EVERYTHING = ["PUSH_ARTIFACT", "PULL_ARTIFACT", "DELETE_ARTIFACT", "QUOTA_EXCEED", "QUOTA_WARNING", "TAG_RETENTION"]


class Receiver:
    """Keeps what it is sent; refuses connections until it is started."""

    def __init__(self, certificate=None):
        self.port = free_port()
        self.certificate = certificate
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/hook"
        self.got: list[tuple[dict, dict, bytes]] = []
        """Headers, the parsed body, and its bytes."""
        self.status = 200
        self.location = None
        self._server = None

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), json.loads(body), body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                answer = b"thank you"
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate.certificate, self.certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def of_type(self, *types: str) -> list[dict]:
        return [body for _, body, _ in self.got if body.get("type") in types]

    def wait(self, kind: str, count: int = 1, seconds: float = 20) -> list[dict]:
        assert until(lambda: len(self.of_type(kind)) >= count, seconds), f"no {kind} among {[body for _, body, _ in self.got]}"
        return self.of_type(kind)


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


def webhook(harbor, project, url, events=EVERYTHING, **target) -> int:
    target = {"type": "http", "address": url, **target}
    return made(
        harbor.post(
            f"/projects/{project}/webhook/policies",
            {"name": unique("hook"), "enabled": True, "event_types": list(events), "targets": [target]},
        )
    )


def deliveries(harbor, project, number) -> list[dict]:
    return expect(harbor.get(f"/projects/{project}/webhook/policies/{number}/executions"), 200).json()


def ended(harbor, project, number, status, seconds=20) -> dict:
    found = until(lambda: next((one for one in deliveries(harbor, project, number) if one["status"] == status), None), seconds)
    assert found, deliveries(harbor, project, number)
    return found


def log_of(harbor, project, number, execution) -> str:
    path = f"/projects/{project}/webhook/policies/{number}/executions/{execution}/tasks"
    [task] = expect(harbor.get(path), 200).json()
    return expect(harbor.get(f"{path}/{task['id']}/log"), 200).text


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
