"""Real traffic from several clients at once, every acknowledgement written down, and the check against it."""

import random
import threading
from collections import defaultdict
from dataclasses import dataclass, field

import requests

from . import images
from .history import Register
from .images import Manifest, digest_of
from .raw import ALL_MANIFESTS, Registry, expect, with_query

REPOSITORIES = ["crash/one", "crash/two/deep", "three"]


class Violation(AssertionError):
    """The server broke a promise."""


def broken(what: str) -> None:
    raise Violation(what)


@dataclass(frozen=True)
class Content:
    """A blob that is made again when it is compared, rather than kept."""

    seed: int
    size: int

    @property
    def data(self) -> bytes:
        return random.Random(self.seed).randbytes(self.size)


@dataclass
class Partial:
    """An upload that nobody finished: what the server said it has."""

    location: str
    content: Content
    acknowledged: int = 0


@dataclass
class Repository:
    """What the clients know of one repository. The lock is for the maps, not for the server."""

    name: str
    blobs: dict[str, Register] = field(default_factory=lambda: defaultdict(Register))
    manifests: dict[str, Register] = field(default_factory=lambda: defaultdict(Register))
    tags: dict[str, Register] = field(default_factory=lambda: defaultdict(Register))
    partials: list[Partial] = field(default_factory=list)
    # Digests that manifests share; never deleted, so that any client may refer to them.
    shared: list[str] = field(default_factory=list)


class Traffic:
    """What was pushed to a server over many lives of it, and what must therefore be there."""

    def __init__(self, seed: int):
        self.seed = seed
        self.random = random.Random(seed)
        self.repositories = {name: Repository(name) for name in REPOSITORIES}
        self.contents: dict[str, Content] = {}
        self.bodies: dict[str, Manifest] = {}
        self.touched: set[tuple[str, str, str]] = set()
        self.acknowledged = 0
        self.unexpected: list[BaseException] = []

    def run(self, url: str, clients: int, stop: threading.Event) -> list[threading.Thread]:
        """Starts the clients. Each ends when told to, or when the server is gone."""
        threads = []
        for number in range(clients):
            client = Client(self, number, url, stop, self.random.randrange(1 << 60))
            threads.append(threading.Thread(target=client.run))
            threads[-1].start()
        return threads

    # Checking

    def check(self, registry: Registry, sample: int | None) -> None:
        """Every tag, all that was touched since the last check, and `sample` older things (None: everything).

        What is seen becomes what must stay.
        """
        for repository in self.repositories.values():
            self._check_uploads(registry, repository)
            self._check_manifests(registry, repository, sample)
            self._check_blobs(registry, repository, sample)
            self._check_tags(registry, repository)
        self.touched.clear()

    def _chosen(self, repository: Repository, kind: str, names: list[str], sample: int | None) -> list[str]:
        if sample is None:
            return names
        touched = [name for name in names if (repository.name, kind, name) in self.touched]
        return touched + self.random.sample(names, min(sample, len(names)))

    def _check_uploads(self, registry: Registry, repository: Repository) -> None:
        """An upload goes on where the server said it was, and its content was not visible before."""
        for partial in repository.partials:
            data = partial.content.data
            digest = digest_of(data)
            if registry.has_blob(repository.name, digest):
                broken(f"{repository.name}: {digest} is visible, but its upload was never finished")
            status = registry.get(partial.location)
            if partial.acknowledged == 0 and status.status_code == 404:
                continue  # its POST may be all there was
            expect(status, 204)
            have = int(status.headers["Range"].split("-")[1]) + 1
            if have == 1 and partial.acknowledged == 0:
                have = 0
            if not partial.acknowledged <= have <= len(data):
                broken(f"{partial.location}: {partial.acknowledged} bytes were acknowledged, {have} are there")
            expect(registry.patch(partial.location, data=data[have:]), 202)
            expect(registry.finish_upload(partial.location, digest), 201)
            self.contents[digest] = partial.content
            repository.blobs[digest].begin(True).acknowledge()
            self.touched.add((repository.name, "blob", digest))
        repository.partials.clear()

    def _check_manifests(self, registry: Registry, repository: Repository, sample: int | None) -> None:
        for digest in self._chosen(repository, "manifest", list(repository.manifests), sample):
            register = repository.manifests[digest]
            response = expect(registry.get_manifest(repository.name, digest), 200, 404)
            there = True if response.status_code == 200 else None
            if there not in register.allowed():
                broken(f"{repository.name}: manifest {digest} is {there}, allowed {register.allowed()}")
            register.settle(there)
            if there:
                manifest = self.bodies[digest]
                if response.content != manifest.body:
                    broken(f"{repository.name}: manifest {digest} has other bytes")
                for blob in [manifest.value["config"], *manifest.value["layers"]]:
                    head = registry.head(f"/v2/{repository.name}/blobs/{blob['digest']}")
                    if head.status_code != 200 or head.headers["Content-Length"] != str(blob["size"]):
                        broken(f"{repository.name}: {digest} is there, its blob {blob['digest']} is not")

    def _check_blobs(self, registry: Registry, repository: Repository, sample: int | None) -> None:
        for digest in self._chosen(repository, "blob", list(repository.blobs), sample):
            register = repository.blobs[digest]
            response = expect(registry.get(f"/v2/{repository.name}/blobs/{digest}"), 200, 404)
            there = True if response.status_code == 200 else None
            if there not in register.allowed():
                broken(f"{repository.name}: blob {digest} is {there}, allowed {register.allowed()}")
            if there and response.content != self.contents[digest].data:
                broken(f"{repository.name}: blob {digest} has other bytes")
            register.settle(there)

    def _head(self, registry: Registry, repository: Repository, reference: str) -> requests.Response:
        headers = {"Accept": ALL_MANIFESTS}
        return expect(registry.head(f"/v2/{repository.name}/manifests/{reference}", headers=headers), 200, 404)

    def _check_tags(self, registry: Registry, repository: Repository) -> None:
        listed = registry.get(f"/v2/{repository.name}/tags/list")
        names = set(listed.json()["tags"] or []) if listed.status_code == 200 else set()
        if unknown := names - set(repository.tags):
            broken(f"{repository.name}: nobody pushed the tags {unknown}")
        for tag, register in repository.tags.items():
            response = self._head(registry, repository, tag)
            digest = response.headers["Docker-Content-Digest"] if response.status_code == 200 else None
            if digest not in register.allowed():
                broken(f"{repository.name}:{tag} is {digest}, allowed {register.allowed()}")
            if (digest is not None) != (tag in names):
                broken(f"{repository.name}:{tag} is {digest}, but the list of tags says otherwise")
            if digest is not None and not self._head(registry, repository, digest).ok:
                broken(f"{repository.name}:{tag} is {digest}, which is not there")
            register.settle(digest)
        for tag in [tag for tag, register in repository.tags.items() if register.certain() is None]:
            if "doomed" in tag:
                del repository.tags[tag]


class Client:
    """One client: it pushes, moves and deletes until the server dies under it."""

    def __init__(self, traffic: Traffic, number: int, url: str, stop: threading.Event, seed: int):
        self.traffic = traffic
        self.number = number
        self.registry = Registry(url)
        self.stop = stop
        self.random = random.Random(seed)
        self.loose: list[tuple[Repository, str]] = []
        self.doomed: list[tuple[Repository, str, str]] = []

    def run(self) -> None:
        actions = {
            self.push_image: 40,
            self.move_tag: 20,
            self.delete_tag: 8,
            self.push_doomed_image: 8,
            self.delete_image: 8,
            self.push_loose_blob: 10,
            self.delete_blob: 6,
            self.mount_blob: 5,
            self.leave_an_upload: 8,
        }
        try:
            while not self.stop.is_set():
                action = self.random.choices(list(actions), list(actions.values()))[0]
                action(self.random.choice(list(self.traffic.repositories.values())))
        except requests.RequestException:
            pass  # the server died: what was under way stays unacknowledged
        except BaseException as error:
            self.traffic.unexpected.append(error)

    def _touch(self, repository: Repository, kind: str, name: str) -> None:
        self.traffic.touched.add((repository.name, kind, name))

    def _acknowledge(self, *writes) -> None:
        for write in writes:
            write.acknowledge()
        self.traffic.acknowledged += 1

    # Blobs

    def new_content(self) -> Content:
        # Never so small that two clients make the same bytes by chance.
        size = self.random.choice([20, 100, 10_000, 10_000, 100_000, 400_000, 3_000_000])
        return Content(self.random.randrange(1 << 60), size)

    def push_blob(self, repository: Repository) -> str:
        """One new blob, by any of the ways there are."""
        content = self.new_content()
        data = content.data
        digest = digest_of(data)
        self.traffic.contents[digest] = content
        self._touch(repository, "blob", digest)
        uploads = f"/v2/{repository.name}/blobs/uploads/"
        register = repository.blobs[digest]
        way = self.random.choice(["post", "put", "stream", "chunks"])
        if way == "post":
            write = register.begin(True)
            expect(self.registry.post(uploads, params={"digest": digest}, data=data), 201)
        elif way == "put":
            location = self.registry.start_upload(repository.name)
            write = register.begin(True)
            expect(self.registry.finish_upload(location, digest, data), 201)
        else:
            location = self.registry.start_upload(repository.name)
            pieces = [data] if way == "stream" else [data[: len(data) // 2], data[len(data) // 2 :]]
            for piece in filter(None, pieces):
                response = self.registry.patch(location, data=iter([piece]) if way == "stream" else piece)
                location = expect(response, 202).headers["Location"]
            write = register.begin(True)
            expect(self.registry.finish_upload(location, digest), 201)
        self._acknowledge(write)
        return digest

    def push_loose_blob(self, repository: Repository) -> None:
        """A blob that no manifest will ever refer to: it may be deleted."""
        self.loose.append((repository, self.push_blob(repository)))

    def delete_blob(self, _: Repository) -> None:
        if not self.loose:
            return
        repository, digest = self.loose.pop(self.random.randrange(len(self.loose)))
        self._touch(repository, "blob", digest)
        write = repository.blobs[digest].begin(None)
        expect(self.registry.delete(f"/v2/{repository.name}/blobs/{digest}"), 202)
        self._acknowledge(write)

    def mount_blob(self, repository: Repository) -> None:
        source = self.random.choice(list(self.traffic.repositories.values()))
        if source is repository or not source.shared:
            return
        digest = self.random.choice(source.shared)
        self._touch(repository, "blob", digest)
        write = repository.blobs[digest].begin(True)
        parameters = {"mount": digest, "from": source.name}
        expect(self.registry.post(f"/v2/{repository.name}/blobs/uploads/", params=parameters), 201)
        self._acknowledge(write)

    def leave_an_upload(self, repository: Repository) -> None:
        content = self.new_content()
        if content.size < 1000:
            return
        location = self.registry.start_upload(repository.name)
        partial = Partial(location, content)
        repository.partials.append(partial)
        data = content.data
        sent = 0
        for _ in range(self.random.randrange(3)):
            piece = data[sent : sent + len(data) // 3]
            headers = {"Content-Range": f"{sent}-{sent + len(piece) - 1}"}
            expect(self.registry.patch(location, data=piece, headers=headers), 202)
            sent += len(piece)
            partial.acknowledged = sent

    # Manifests and tags

    def new_manifest(self, repository: Repository, reuse: bool) -> tuple[Manifest, list[str]]:
        digests = [self.push_blob(repository) for _ in range(self.random.randint(1, 3))]
        if reuse and repository.shared:
            digests.append(self.random.choice(repository.shared))
        descriptors = [
            {"mediaType": images.OCI_LAYER, "digest": digest, "size": self.traffic.contents[digest].size}
            for digest in digests
        ]
        value = {
            "schemaVersion": 2,
            "mediaType": images.OCI_MANIFEST,
            "config": descriptors[0] | {"mediaType": images.OCI_CONFIG},
            "layers": descriptors[1:],
        }
        manifest = Manifest.of(value)
        self.traffic.bodies[manifest.digest] = manifest
        return manifest, digests

    def tag(self) -> str:
        """A tag of this client's own, or one that all clients fight for."""
        if self.random.random() < 0.3:
            return f"contended-{self.random.randrange(2)}"
        return f"client-{self.number}-{self.random.randrange(4)}"

    def put(self, repository: Repository, manifest: Manifest, tag: str | None) -> None:
        digest = manifest.digest
        self._touch(repository, "manifest", digest)
        writes = [repository.manifests[digest].begin(True)]
        if tag is not None:
            writes.append(repository.tags[tag].begin(digest))
        if tag is not None and self.random.random() < 0.2:
            where = with_query(f"/v2/{repository.name}/manifests/{digest}", tag=tag)
            headers = {"Content-Type": manifest.media_type}
            expect(self.registry.put(where, data=manifest.body, headers=headers), 201)
        else:
            expect(self.registry.put_manifest(repository.name, tag or digest, manifest), 201)
        self._acknowledge(*writes)

    def push_image(self, repository: Repository) -> None:
        manifest, digests = self.new_manifest(repository, reuse=True)
        self.put(repository, manifest, self.random.choice([self.tag(), None]))
        repository.shared.extend(digests)

    def move_tag(self, repository: Repository) -> None:
        doomed = {digest for _, digest, _ in self.doomed}
        there = [
            digest
            for digest, register in list(repository.manifests.items())
            if register.certain() and digest not in doomed and not self.traffic.bodies[digest].value.get("annotations")
        ]
        if there:
            self.put(repository, self.traffic.bodies[self.random.choice(there)], self.tag())

    def delete_tag(self, repository: Repository) -> None:
        mine = [
            tag
            for tag, register in list(repository.tags.items())
            if tag.startswith(f"client-{self.number}-") and register.certain()
        ]
        if not mine:
            return
        tag = self.random.choice(mine)
        write = repository.tags[tag].begin(None)
        expect(self.registry.delete(f"/v2/{repository.name}/manifests/{tag}"), 202)
        self._acknowledge(write)

    def push_doomed_image(self, repository: Repository) -> None:
        """An image that is going to be deleted; nobody else tags it or shares its blobs."""
        manifest, digests = self.new_manifest(repository, reuse=False)
        marked = Manifest.of(manifest.value | {"annotations": {"doomed": "yes"}})
        self.traffic.bodies[marked.digest] = marked
        tag = f"doomed-{self.number}-{self.random.randrange(1 << 40)}"
        self.put(repository, marked, tag)
        self.doomed.append((repository, marked.digest, tag))

    def delete_image(self, _: Repository) -> None:
        """The manifest goes, and its tag with it; whether its blobs stay is the collector's affair."""
        if not self.doomed:
            return
        repository, digest, tag = self.doomed.pop()
        self._touch(repository, "manifest", digest)
        value = self.traffic.bodies[digest].value
        for blob in [value["config"], *value["layers"]]:
            repository.blobs[blob["digest"]].begin(None)
        writes = [repository.manifests[digest].begin(None), repository.tags[tag].begin(None)]
        expect(self.registry.delete(f"/v2/{repository.name}/manifests/{digest}"), 202)
        self._acknowledge(*writes)
