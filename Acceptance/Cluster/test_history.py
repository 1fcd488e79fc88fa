"""Two nodes, the same tags, ten thousand changes: the history in the store explains every answer that anybody got."""

import base64
import http.client
import math
import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from harness import htpasswd, images
from harness.images import Manifest, digest_of
from harness.linearizability import Change, History, Read
from harness.raw import ALL_MANIFESTS

CLIENTS = 8
CHANGES = 10_000
REPOSITORIES = ["contended/one", "contended/two"]
TAGS = ["latest", "stable", "v1", "v2"]
PASSWORD = "open sesame"
NOTHING = Change(None, -math.inf, -math.inf, "nothing yet")


@dataclass(frozen=True)
class Done:
    """One request and its answer. `actor` is the user under whom the store writes down what the request changed."""

    actor: str
    verb: str
    repository: str
    tag: str | None
    digest: str | None
    started: float
    ended: float
    status: int
    node: int
    # What a read found there; nothing is None.
    saw: str | None

    def __str__(self) -> str:
        return f"{self.verb} {self.repository}:{self.tag or ''} {self.digest or ''} by {self.actor} on node {self.node}"

    def as_read(self, value: object) -> Read:
        return Read(value, self.started, self.ended, str(self))

    def as_change(self, value: object) -> Change:
        return Change(value, self.started, self.ended, str(self))


@dataclass
class Ground:
    """What the clients share: the manifests there are to push again and to delete."""

    config: images.Blob
    bodies: dict[str, Manifest] = field(default_factory=dict)
    digests: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in REPOSITORIES})

    def recent(self, repository: str, chance: random.Random) -> str | None:
        """A manifest that a tag is at, or has left not long ago."""
        latest = self.digests[repository][-30:]
        return chance.choice(latest) if latest else None


class Client:
    """One of those who change things, and look at them in between.

    It deletes manifests as a user of its own, and puts no manifest under a tag twice, so that each row of the history
    can come from one request only.
    """

    def __init__(self, ground: Ground, number: int, ports: list[int], seed: int, changes: int):
        self.ground = ground
        self.name, self.deleter = f"client{number}", f"deleter{number}"
        self.random = random.Random(seed)
        self.changes = changes
        self.connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for port in ports]
        self.blobs = [f"blob {number} {index}".encode() for index in range(3)]
        self.did: set[tuple] = set()
        self.done: list[Done] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        changes = {self.move: 52, self.move_back: 16, self.delete_tag: 16, self.delete_manifest: 10, self.change_blob: 6}
        looks = {self.look_at_tag: 70, self.look_at_manifest: 20, self.look_at_blob: 10}
        try:
            for _ in range(self.changes):
                for choice in (changes, looks):
                    action = self.random.choices(list(choice), list(choice.values()))[0]
                    action(self.random.choice(REPOSITORIES))
        except BaseException as error:
            self.error = error

    def ask(self, verb: str, request: str, repository: str, statuses, body=None, kind=None, **about) -> Done:
        """One request to either node, written down with its answer."""
        actor = self.deleter if verb == "delete manifest" else self.name
        login = base64.b64encode(f"{actor}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Accept": ALL_MANIFESTS, "Content-Type": kind or "text/plain"}
        node = self.random.randrange(len(self.connections))
        method, where = request.split(" ")
        started = time.monotonic()
        self.connections[node].request(method, f"/v2/{repository}/{where}", body=body, headers=headers)
        answer = self.connections[node].getresponse()
        content = answer.read()
        ended = time.monotonic()
        saw = answer.headers["Docker-Content-Digest"] if answer.status == 200 else None
        tag, digest = about.get("tag"), about.get("digest")
        done = Done(actor, verb, repository, tag, digest, started, ended, answer.status, node, saw)
        assert answer.status in statuses, f"{done}: {answer.status} {content[:300]!r}"
        if method == "GET" and saw:
            assert digest_of(content) == saw, f"{done}: the bytes are not those of {saw}"
        self.done.append(done)
        return done

    # Changes

    def put(self, repository: str, tag: str, manifest: Manifest) -> None:
        self.did.add((repository, tag, manifest.digest))
        about = {"tag": tag, "digest": manifest.digest, "body": manifest.body, "kind": manifest.media_type}
        self.ask("put", f"PUT manifests/{tag}", repository, {201}, **about)

    def move(self, repository: str) -> None:
        """A tag to a manifest that nobody has seen before."""
        value = {
            "schemaVersion": 2,
            "mediaType": images.OCI_MANIFEST,
            "config": self.ground.config.descriptor(),
            "layers": [],
            "annotations": {"unique": f"{self.name} {len(self.done)}"},
        }
        manifest = Manifest.of(value)
        self.ground.bodies[manifest.digest] = manifest
        self.put(repository, self.random.choice(TAGS), manifest)
        self.ground.digests[repository].append(manifest.digest)

    def move_back(self, repository: str) -> None:
        """A tag to a manifest that was there before, and may just have been deleted."""
        digest, tag = self.ground.recent(repository, self.random), self.random.choice(TAGS)
        if digest and (repository, tag, digest) not in self.did:
            self.put(repository, tag, self.ground.bodies[digest])

    def delete_tag(self, repository: str) -> None:
        tag = self.random.choice(TAGS)
        self.ask("delete tag", f"DELETE manifests/{tag}", repository, {202, 404}, tag=tag)

    def delete_manifest(self, repository: str) -> None:
        digest = self.ground.recent(repository, self.random)
        if digest and (repository, digest) not in self.did:
            self.did.add((repository, digest))
            self.ask("delete manifest", f"DELETE manifests/{digest}", repository, {202, 404}, digest=digest)

    def change_blob(self, repository: str) -> None:
        """Pushes or deletes one that nobody else touches: in what order it changed is known without the store."""
        data = self.random.choice(self.blobs)
        digest = digest_of(data)
        if self.random.random() < 0.5:
            self.ask("push blob", f"POST blobs/uploads/?digest={digest}", repository, {201}, body=data, digest=digest)
        else:
            self.ask("delete blob", f"DELETE blobs/{digest}", repository, {202, 404}, digest=digest)

    # Reads

    def look_at_tag(self, repository: str) -> None:
        tag, method = self.random.choice(TAGS), self.random.choice(["GET", "HEAD"])
        self.ask("read tag", f"{method} manifests/{tag}", repository, {200, 404}, tag=tag)

    def look_at_manifest(self, repository: str) -> None:
        if digest := self.ground.recent(repository, self.random):
            self.ask("read manifest", f"GET manifests/{digest}", repository, {200, 404}, digest=digest)

    def look_at_blob(self, repository: str) -> None:
        """Anybody's."""
        data = f"blob {self.random.randrange(CLIENTS)} {self.random.randrange(3)}".encode()
        digest = digest_of(data)
        self.ask("read blob", f"HEAD blobs/{digest}", repository, {200, 404}, digest=digest)


# The check


def tag_histories(done: list[Done], rows: list[tuple[str, ...]]) -> tuple[dict[tuple[str, str], History], list[str]]:
    """The changes of each tag as the store has them, each with the request that made it, and the reads.

    Also what does not fit: rows that nobody asked for, and acknowledged requests that left none.
    """
    wrong: list[str] = []
    puts = {(d.repository, d.tag, d.digest, d.actor): d for d in done if d.verb == "put"}
    manifests = {(d.repository, d.digest, d.actor): d for d in done if d.verb == "delete manifest" and d.status == 202}
    deletes: dict[tuple, list[Done]] = defaultdict(list)
    for one in done:
        if one.verb == "delete tag" and one.status == 202:
            deletes[one.repository, one.tag, one.actor].append(one)

    histories = {(repository, tag): History([NOTHING]) for repository in REPOSITORIES for tag in TAGS}
    for repository, tag, text, actor in rows:
        changes = histories[repository, tag].changes
        digest, before = f"sha256:{text}" if text else None, changes[-1].value
        if digest is not None:
            cause = puts.pop((repository, tag, digest, actor), None)
        elif actor.startswith("deleter"):
            cause = manifests.get((repository, before, actor))
        else:
            cause = deletes[repository, tag, actor].pop(0) if deletes[repository, tag, actor] else None
        if cause is None:
            wrong.append(f"{repository}:{tag} went from {before} to {digest} by {actor}, who asked for no such thing")
        elif digest == before:
            wrong.append(f"{repository}:{tag} was {before} already when {cause} was acknowledged as a change")
        else:
            changes.append(cause.as_change(digest))

    # Acknowledged, but no change: the tag was there already.
    for (repository, tag, digest, _), one in puts.items():
        histories[repository, tag].reads.append(one.as_read(digest))
    wrong += [f"{one} was acknowledged and is not in the history" for left in deletes.values() for one in left]
    for one in done:
        if one.verb == "read tag":
            histories[one.repository, one.tag].reads.append(one.as_read(one.saw))
        elif one.verb == "delete tag" and one.status == 404:
            histories[one.repository, one.tag].reads.append(one.as_read(None))
    return histories, wrong


def blob_histories(done: list[Done]) -> dict[tuple[str, str], History]:
    """The changes of each blob, in the order in which its only writer asked for them."""
    histories: dict[tuple[str, str], History] = defaultdict(lambda: History([NOTHING]))
    for one in sorted(done, key=lambda one: one.started):
        history = histories[one.repository, one.digest]
        if one.verb == "push blob":
            history.changes.append(one.as_change(one.digest))
        elif one.verb == "delete blob" and one.status == 202:
            history.changes.append(one.as_change(None))
        elif one.verb == "delete blob":
            history.reads.append(one.as_read(None))
        elif one.verb == "read blob":
            history.reads.append(one.as_read(one.digest if one.status == 200 else None))
    return histories


def manifest_contradictions(done: list[Done]) -> list[str]:
    """Reads of manifests by digest. Who deletes and who pushes again at the same time is not ordered by the store's
    history; but what was pushed and not deleted since is there, and what was deleted and not pushed since is not."""
    by_digest: dict[tuple[str, str], dict[str, list[Done]]] = defaultdict(lambda: defaultdict(list))
    for one in done:
        if one.verb in ("put", "delete manifest", "read manifest"):
            by_digest[one.repository, one.digest][one.verb].append(one)
    wrong = []
    for requests in by_digest.values():
        puts = requests["put"]
        deletes = [one for one in requests["delete manifest"] if one.status == 202]
        reads = [(one, one.status == 200) for one in requests["read manifest"]]
        reads += [(one, False) for one in requests["delete manifest"] if one.status == 404]
        for read, was_there in reads:
            makers, breakers = (puts, deletes) if was_there else (deletes, puts)
            # Something must have made it so, and nothing may have undone that for certain before the read.
            explained = not was_there and not any(put.ended < read.started for put in puts)
            for maker in makers:
                undone = any(maker.ended < other.started and other.ended < read.started for other in breakers)
                explained = explained or (maker.started <= read.ended and not undone)
            if not explained:
                wrong.append(f"{read} said {read.status}")
    return wrong


@pytest.mark.slow
def test_the_history_in_the_store_explains_every_answer_that_any_client_got(new_cluster, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    names = [f"{kind}{number}" for kind in ("client", "deleter") for number in range(CLIENTS)]
    passwords = htpasswd.write(tmp_path / "htpasswd", cost=4, **{name: PASSWORD for name in names})
    cluster = new_cluster(
        {"auth": {"htpasswd": {"realm": "acceptance", "path": str(passwords)}}, "log": {"level": "warn"}}, size=2
    ).start()
    ground = Ground(images.Blob(b"{}", images.OCI_CONFIG))
    for repository in REPOSITORIES:
        cluster.nodes[0].registry(auth=("client0", PASSWORD)).push_blob(repository, ground.config.data)

    ports = [node.port for node in cluster.nodes]
    clients = [
        Client(ground, number, ports, chance.randrange(1 << 60), CHANGES // CLIENTS) for number in range(CLIENTS)
    ]
    began = time.monotonic()
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [client.error for client in clients if client.error]
    assert not errors, errors[0]
    done = [one for client in clients for one in client.done]
    print(f"{len(done)} requests in {time.monotonic() - began:.0f} s")

    rows = cluster.database.query(
        """
        SELECT r.name, h.name, substr(encode(h.digest, 'hex'), 3), h.actor
        FROM tag_history h JOIN repository r ON r.id = h.repository_id ORDER BY h.id
        """
    )
    tags, wrong = tag_histories(done, rows)
    for kind, histories in (("tag", tags), ("blob", blob_histories(done))):
        for name, history in histories.items():
            wrong += [f"{kind} {name}: {text}" for text in history.contradictions()]
    wrong += manifest_contradictions(done)
    assert not wrong, f"{len(wrong)} answers cannot be explained, such as:\n" + "\n".join(wrong[:10])

    changes = sum(len(history.changes) - 1 for history in tags.values())
    reads = sum(len(history.reads) for history in tags.values())
    print(f"{changes} changes and {reads} reads of tags explained")
    assert changes > CHANGES / 3 and reads > CHANGES / 3, "too little happened to prove anything"
    for node in cluster.nodes:
        registry = node.registry(auth=("client0", PASSWORD))
        for repository in REPOSITORIES:
            last = {tag: tags[repository, tag].changes[-1].value for tag in TAGS}
            for tag, digest in last.items():
                answer = registry.get_manifest(repository, tag)
                assert answer.headers.get("Docker-Content-Digest") == digest, f"{repository}:{tag}"
                assert digest is None or answer.content == ground.bodies[digest].body
            assert registry.tags(repository) == sorted(tag for tag, digest in last.items() if digest)
