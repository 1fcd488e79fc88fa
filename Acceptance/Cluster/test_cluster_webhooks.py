"""Projects' webhooks where several nodes share a store: each event is delivered once, whichever node it happened at, and by
those that are left when one is gone."""

import pytest

from harness.accounts import ACCOUNTS, ADMIN, ADMINISTRATOR, Harbor, make_project
from harness.hooks import FAST, Receiver, webhook
from harness.images import image
from harness.server import until

pytestmark = pytest.mark.beyond


def tags(receiver: Receiver) -> list[str]:
    return sorted(event["event_data"]["resources"][0]["tag"] for event in receiver.of_type("PUSH_ARTIFACT"))


def test_each_event_is_delivered_once_and_goes_on_when_a_node_is_killed(new_cluster):
    cluster = new_cluster(ACCOUNTS | {"webhooks": FAST, "jobs": {"lease": "2s"}}, size=2)
    for node in cluster.nodes:
        node.env |= ADMINISTRATOR
    cluster.start()
    harbor = Harbor(cluster.nodes[1])
    project = make_project(harbor)
    receiver = Receiver().start()
    webhook(harbor, project, receiver.url, ["PUSH_ARTIFACT"])
    pushed = image()
    for number in range(12):
        cluster.nodes[number % 2].registry(auth=ADMIN).push_image(f"{project}/app", pushed, f"v{number:02}")
    expected = [f"v{number:02}" for number in range(12)]
    assert until(lambda: len(tags(receiver)) >= 12, 30), tags(receiver)
    cluster.nodes[0].kill()
    for number in range(12, 16):
        cluster.nodes[1].registry(auth=ADMIN).push_image(f"{project}/app", pushed, f"v{number:02}")
        expected.append(f"v{number:02}")
    assert until(lambda: len(tags(receiver)) >= 16, 30), tags(receiver)
    assert tags(receiver) == expected
    receiver.stop()
