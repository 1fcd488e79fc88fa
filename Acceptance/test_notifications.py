"""Webhooks: what receivers of registry:2's notifications are told, by whom, in which order, and what happens when they are
away."""

import itertools
import secrets
import signal
import time
from collections.abc import Iterator

import pytest

from harness import images, programs
from harness.raw import Registry, expect
from harness.server import Server, until
from harness.webhooks import Receiver, words


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that listens."""
    with Receiver() as made:
        yield made


@pytest.fixture
def notifying(new_server):
    """Starts a server that sends to these receivers."""

    def start(*endpoints: dict, events: dict | None = None, **options) -> Server:
        config = {"notifications": ({"events": events} if events else {}) | {"endpoints": list(endpoints)}}
        return new_server(config, **options).start()

    return start


def push_tags(registry: Registry, repository: str, tags: range) -> list[str]:
    """An image a tag; the events of that, in words."""
    expected = []
    for tag in tags:
        image = images.image({"file": secrets.token_bytes(16)})
        registry.push_image(repository, image, str(tag))
        expected += [f"push {repository} blob"] * 2 + [f"push {repository} {tag}"]
    return expected


def test_docker_pushes_and_pulls_and_each_is_told(engine, base_image, receiver, notifying):
    server = notifying(receiver.endpoint())
    name = f"{server.host}/team/app:1"
    engine.build(name, f"FROM {base_image}\nCOPY one /one\n", {"one": secrets.token_bytes(2000)})
    engine("push", name)
    pushed = [event for event in receiver.wait_until_still() if event["action"] == "push"]
    assert words(pushed[-1]) == "push team/app 1"
    assert {words(event) for event in pushed[:-1]} == {"push team/app blob"}
    assert pushed[-1]["request"]["useragent"].startswith("docker/")
    count = len(receiver.events)
    engine.forget(name)
    engine("pull", name)
    pulled = receiver.wait_until_still()[count:]
    assert {event["action"] for event in pulled} == {"pull"}
    assert "pull team/app 1" in [words(event) for event in pulled]
    engine.forget(name)


def test_an_event_says_what_who_and_where(receiver, notifying, tmp_path):
    server = notifying(receiver.endpoint(headers={"Authorization": ["Bearer open-sesame"], "X-Two": ["a", "b"]}))
    registry = server.registry()
    image = images.image()
    began = time.time()
    registry.push_image("team/app", image, "v1")
    event = receiver.wait_for(3)[2]
    assert time.time() - began < 2
    assert set(event) == {"id", "timestamp", "action", "target", "request", "actor", "source"}
    assert event["target"] == {
        "mediaType": images.OCI_MANIFEST,
        "size": len(image.manifest.body),
        "length": len(image.manifest.body),
        "digest": image.digest,
        "repository": "team/app",
        "tag": "v1",
        "url": f"{server.url}/v2/team/app/manifests/{image.digest}",
    }
    request = event["request"]
    assert (request["method"], request["host"]) == ("PUT", server.host)
    assert request["addr"].startswith("127.0.0.1:") and request["id"]
    assert request["useragent"].startswith("python-requests/")
    assert event["source"]["addr"].endswith(f":{server.port}")
    assert len(event["source"]["instanceID"]) == 36 and len(event["id"]) == 36
    assert time.strftime("%Y-%m-%dT", time.gmtime()) in event["timestamp"] and event["timestamp"].endswith("Z")
    path, headers = receiver.requests[0]
    assert path == "/events"
    assert headers["Content-Type"] == "application/vnd.docker.distribution.events.v1+json"
    assert headers["Authorization"] == "Bearer open-sesame"
    assert "open-sesame" not in server.log


def test_what_a_manifest_refers_to_is_told_when_that_is_wanted(receiver, notifying):
    server = notifying(receiver.endpoint(), events={"includereferences": True})
    image, other = images.image(), images.image(architecture="arm64")
    index = images.index(image.manifest, other.manifest)
    registry = server.registry()
    registry.push_image("app", image)
    registry.push_image("app", other)
    registry.push_manifest("app", "all", index)
    events = receiver.wait_for(7)
    assert "references" not in events[0]["target"]
    assert events[2]["target"]["references"] == [image.manifest.value["config"], *image.manifest.value["layers"]]
    assert events[6]["target"]["references"] == index.value["manifests"]


def test_an_endpoint_gets_what_it_wants_and_no_more(notifying):
    with Receiver() as ignoring, Receiver() as only, Receiver() as off:
        server = notifying(
            ignoring.endpoint("ignoring", ignoredmediatypes=["application/octet-stream"], ignore={"actions": ["pull"]}),
            only.endpoint("only", events=["delete"]),
            off.endpoint("off", disabled=True),
        )
        registry = server.registry()
        image = images.image()
        registry.push_image("app", image, "v1")
        expect(registry.get_manifest("app", "v1"), 200)
        expect(registry.delete(f"/v2/app/manifests/{image.digest}"), 202)
        expect(registry.delete(f"/v2/app/blobs/{image.blobs[0].digest}"), 202)
        assert [words(event) for event in ignoring.wait_for(4)] == ["push app v1", "delete app -", "delete app v1", "delete app -"]
        assert [words(event) for event in only.wait_for(3)] == ["delete app -", "delete app v1", "delete app -"]
        assert only.events[0]["target"] == {"repository": "app", "digest": image.digest}
        assert only.events[1]["target"] == {"repository": "app", "tag": "v1"}
        assert not off.requests
        assert server.said("'events' list")


def test_a_receiver_that_is_down_for_a_while_loses_nothing(notifying):
    receiver = Receiver()
    server = notifying(receiver.endpoint())
    expected = push_tags(server.registry(), "app", range(10))
    assert until(lambda: "is tried again" in server.log)
    receiver.start()
    receiver.wait_for(15)
    receiver.status = 500
    expected += push_tags(server.registry(), "app", range(10, 14))
    assert until(lambda: len(receiver.refused) > 3)
    receiver.status = 200
    receiver.wait_for(len(expected))
    assert receiver.words() == expected
    receiver.stop()


def test_a_receiver_has_as_long_as_its_timeout_and_a_redirect_is_no_delivery(notifying, receiver):
    receiver.delay = 1.5
    receiver.status = 302
    server = notifying(receiver.endpoint(timeout="300ms", backoff="100ms"))
    expected = push_tags(server.registry(), "app", range(1))
    assert until(lambda: "no answer within" in server.log)
    receiver.delay = 0
    assert until(lambda: len(receiver.refused) > 2)
    time.sleep(1.5)
    receiver.events.clear()
    receiver.status = 204
    receiver.wait_for(3)
    assert receiver.words() == expected
    assert {path for path, _ in receiver.requests} == {"/events"}


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(notifying, authority):
    with Receiver(authority.issue("receiver")) as receiver:
        server = notifying(receiver.endpoint())
        push_tags(server.registry(), "app", range(1))
        assert until(lambda: "not of an authority that this machine trusts" in server.log), server.log
        assert not receiver.requests


def test_a_slow_receiver_keeps_no_other_waiting(notifying, receiver):
    with Receiver() as slow:
        slow.delay = 1
        server = notifying(slow.endpoint("slow", timeout="5s"), receiver.endpoint("quick"))
        began = time.monotonic()
        expected = push_tags(server.registry(), "app", range(5))
        receiver.wait_for(len(expected))
        assert time.monotonic() - began < 5
        assert len(slow.events) < 6
        slow.delay = 0
        slow.wait_for(len(expected))
        assert slow.words() == receiver.words() == expected


def test_a_server_that_is_stopped_does_not_wait_for_a_receiver_that_hangs(notifying, receiver):
    receiver.delay = 20
    server = notifying(receiver.endpoint(timeout="60s"))
    expected = push_tags(server.registry(), "app", range(1))
    assert until(lambda: receiver.requests)
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - began < 8
    receiver.delay = 0
    server.start()
    receiver.wait_for(len(expected))
    assert [words(event) for event in receiver.unique] == expected


def test_kill_9_loses_nothing_and_keeps_the_order(notifying, receiver):
    """Killed while a receiver is away, in the middle of a delivery, and right after an acknowledgement."""
    receiver.stop()
    server = notifying(receiver.endpoint())
    expected = push_tags(server.registry(), "app", range(5))
    server.kill()
    receiver.start()
    receiver.delay = 0.02
    server.start()
    receiver.wait_for(7)
    server.kill()
    server.start()
    expected += push_tags(server.registry(), "app", range(5, 10))
    server.kill()
    server.start()
    assert until(lambda: len(receiver.unique) >= len(expected)), receiver.words()
    assert [words(event) for event in receiver.unique] == expected
    # At most what was delivered in the last quarter of a second before a kill comes again.
    assert len(receiver.events) - len(expected) < 30


def test_an_endpoint_that_is_new_begins_with_what_happens_from_then_on(new_server, receiver):
    server = new_server().start()
    push_tags(server.registry(), "app", range(3))
    server.stop()
    server.config["notifications"] = {"endpoints": [receiver.endpoint()]}
    server.write_config()
    server.start()
    expected = push_tags(server.registry(), "app", range(3, 4))
    receiver.wait_for(3)
    server.restart()
    expected += push_tags(server.registry(), "app", range(4, 5))
    receiver.wait_for(6)
    assert receiver.words() == expected


def traffic(server: Server, skopeo, layout) -> None:
    """What clients do, one thing after another."""
    there = f"docker://{server.host}/team/app:1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:one", there)
    skopeo("copy", "--src-tls-verify=false", there, f"dir:{layout.parent}/{server.port}")
    registry = server.registry()
    image = images.image({"a": b"the same on both"}, docker=True)
    for repository, tags in (("raw", ["b", "a"]), ("raw/other", [])):
        registry.push_image(repository, image, *tags)
    layer = image.blobs[1].digest
    expect(registry.post("/v2/mounted/blobs/uploads/", params={"mount": layer, "from": "raw"}), 201)
    expect(registry.post("/v2/mounted/blobs/uploads/", params={"mount": layer, "from": "raw"}), 201)
    expect(registry.head("/v2/raw/manifests/a", headers={"Accept": images.DOCKER_MANIFEST}), 200)
    expect(registry.get_manifest("raw", "b"), 200)
    expect(registry.get_manifest("raw", image.digest), 200)
    expect(registry.head(f"/v2/raw/blobs/{layer}"), 200)
    expect(registry.get(f"/v2/raw/blobs/{layer}"), 200)
    expect(registry.get(f"/v2/raw/blobs/{layer}", headers={"Range": "bytes=0-3"}), 206)
    expect(registry.get("/v2/raw/manifests/absent"), 404)
    expect(registry.delete(f"/v2/raw/manifests/{image.digest}"), 202)
    expect(registry.delete(f"/v2/raw/blobs/{layer}"), 202)
    expect(registry.delete(f"/v2/raw/blobs/{layer}"), 404)
    skopeo("delete", "--tls-verify=false", there)


def test_receivers_are_told_what_registry_2_tells_them(notifying, skopeo, tmp_path):
    """The same traffic to both, side by side: for each repository the same events, in the same order, with the same fields."""
    program = programs.need("docker-registry")
    image = images.image({"file": b"of one layer, so that nothing is sent at once"})
    layout = images.write_layout(tmp_path / "layout", {"one": image.manifest}, image.blobs)
    told = []
    for options in ({}, {"program": program}):
        with Receiver() as receiver:
            server = notifying(receiver.endpoint(), events={"includereferences": True}, **options)
            traffic(server, skopeo, layout)
            told.append([comparable(event, server) for event in receiver.wait_until_still()])
            types = {headers["Content-Type"] for _, headers in receiver.requests}
            assert types == {"application/vnd.docker.distribution.events.v1+json"}
            server.stop()
    repositories = {event["target"]["repository"] for events in told for event in events}
    assert repositories == {"team/app", "raw", "raw/other", "mounted"}
    for repository in repositories:
        ours, theirs = (
            sorted_deletions([event for event in events if event["target"]["repository"] == repository]) for events in told
        )
        assert [event["words"] for event in ours] == [event["words"] for event in theirs]
        for our, their in zip(ours, theirs, strict=True):
            assert our == their


def sorted_deletions(events: list[dict]) -> list[dict]:
    """The tags that go with a manifest by name: registry:2 has them in the order of a directory."""
    groups = itertools.groupby(events, key=lambda event: event["action"] == "delete" and "tag" in event["target"])
    return [event for of_tags, group in groups for event in (sorted(group, key=lambda e: e["words"]) if of_tags else group)]


def comparable(event: dict, server: Server) -> dict:
    """An event without what differs from one server to another."""
    target = dict(event["target"])
    if "url" in target:
        target["url"] = target["url"].replace(server.host, "host")
    request = event["request"]
    return {
        "action": event["action"],
        "words": f"{words(event)} ({request['method']})",
        "target": target,
        "agent": request["useragent"],
        "fields": [sorted(event), sorted(request), sorted(event["actor"]), sorted(event["source"])],
    }
