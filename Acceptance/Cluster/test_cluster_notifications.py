"""Webhooks where several nodes share a store: each event once, by one node, and by another when that one is gone."""

import secrets

from harness import images
from harness.server import until
from harness.webhooks import Receiver, words


def push(registry, repository: str, tag: str) -> None:
    image = images.image({"file": secrets.token_bytes(16)})
    registry.push_image(repository, image, tag)


def test_nodes_take_turns_at_telling_and_lose_nothing_when_one_is_killed(new_cluster):
    with Receiver() as receiver:
        endpoint = receiver.endpoint(ignoredmediatypes=["application/octet-stream"])
        cluster = new_cluster({"notifications": {"endpoints": [endpoint]}}, size=2).start()
        expected: dict[str, list[str]] = {"one": [], "two": []}
        for tag in range(12):
            for number, repository in enumerate(expected):
                push(cluster.nodes[(tag + number) % 2].registry(), repository, str(tag))
                expected[repository].append(f"push {repository} {tag}")
        receiver.wait_for(24)
        assert len(receiver.events) == 24
        for victim, survivor in ((0, 1), (1, 0)):
            cluster.nodes[victim].kill()
            for repository in expected:
                for tag in (f"{victim}a", f"{victim}b"):
                    push(cluster.nodes[survivor].registry(), repository, tag)
                    expected[repository].append(f"push {repository} {tag}")
            total = sum(len(events) for events in expected.values())
            assert until(lambda: len(receiver.unique) >= total, seconds=30), receiver.words()
            cluster.nodes[victim].start()
        for repository, events in expected.items():
            assert [words(event) for event in receiver.unique if event["target"]["repository"] == repository] == events
