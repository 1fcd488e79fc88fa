"""A client that does not give up: what docker does when a request fails, with every attempt written down."""

import random
import threading
import time
from dataclasses import dataclass

import requests

from .images import Image, Manifest, digest_of
from .raw import ALL_MANIFESTS, Registry, with_query

# What a client takes as "not now".
PASSING = (429, 500, 502, 503, 504, 507)


class GaveUp(AssertionError):
    """It went on for too long, or got an answer that no retry can mend."""


@dataclass(frozen=True)
class Attempt:
    """One request: when it began and ended (monotonic seconds), and its status, or what broke."""

    method: str
    path: str
    started: float
    ended: float
    status: int | None
    retry_after: str | None = None
    error: str | None = None

    @property
    def failed(self) -> bool:
        return self.status is None or self.status in PASSING

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class RetryingClient:
    def __init__(self, url: str, patience: float = 60, **options):
        self.registry = Registry(url, **options)
        self.patience = patience
        self.attempts: list[Attempt] = []
        self.random = random.Random(url)

    @property
    def failures(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.failed]

    def attempt(self, method: str, where: str, **options) -> requests.Response | None:
        """One request, once; None where it failed in a way that passes."""
        started = time.monotonic()
        try:
            response = self.registry.request(method, where, **options)
        except requests.RequestException as error:
            kind = type(error).__name__
            self.attempts.append(Attempt(method, where, started, time.monotonic(), None, error=kind))
            return None
        after = response.headers.get("Retry-After")
        self.attempts.append(Attempt(method, where, started, time.monotonic(), response.status_code, after))
        return None if response.status_code in PASSING else response

    def _until_done(self, what: str, step):
        """Repeats `step` until it hands something back."""
        deadline = time.monotonic() + self.patience
        pause = 0.05
        while True:
            if (done := step()) is not None:
                return done
            if time.monotonic() > deadline:
                last = self.attempts[-1]
                raise GaveUp(f"{what} after {self.patience} s; at last {last.method}: {last.status} {last.error}")
            time.sleep(self.random.uniform(pause / 2, pause))
            pause = min(2 * pause, 1)

    def request(self, method: str, where: str, *statuses: int, **options) -> requests.Response:
        """A request that may be repeated, until it is answered with one of these."""

        def step():
            response = self.attempt(method, where, **options)
            if response is not None and response.status_code not in statuses:
                raise GaveUp(f"{method} {where}: {response.status_code} {response.text[:300]}")
            return response

        return self._until_done(f"{method} {where}", step)

    # Pushing

    def push_blob(self, repository: str, data: bytes) -> str:
        """POST, PATCH, PUT; after a failure from where the registry says the upload is, or anew when it is gone."""
        digest = digest_of(data)
        blob = f"/v2/{repository}/blobs/{digest}"
        upload: str | None = None
        sent = 0

        def step():
            nonlocal upload, sent
            if upload is None:
                if (begun := self.attempt("POST", f"/v2/{repository}/blobs/uploads/")) is None:
                    return None
                upload, sent = begun.headers["Location"], 0
            if sent < len(data):
                headers = {"Content-Range": f"{sent}-{len(data) - 1}", "Content-Type": "application/octet-stream"}
                patched = self.attempt("PATCH", upload, data=data[sent:], headers=headers)
                if patched is None or patched.status_code != 202:
                    return ask()
                sent = len(data)
            finished = self.attempt("PUT", with_query(upload, digest=digest))
            if finished is not None and finished.status_code == 201:
                return digest
            return ask()

        def ask():
            """Where things stand. The answer to the PUT may be all that was lost."""
            nonlocal upload, sent
            found = self.attempt("HEAD", blob)
            if found is not None and found.status_code == 200:
                return digest
            status = self.attempt("GET", upload)
            if status is None:
                return None
            if status.status_code == 204:
                last = int(status.headers["Range"].split("-")[1])
                sent = last + 1 if last else 0
            else:
                upload = None
            return None

        return self._until_done(f"pushing {digest}", step)

    def push_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        where = f"/v2/{repository}/manifests/{reference}"
        self.request("PUT", where, 201, data=manifest.body, headers={"Content-Type": manifest.media_type})

    def push_image(self, repository: str, image: Image, tag: str) -> None:
        for blob in image.blobs:
            self.push_blob(repository, blob.data)
        self.push_manifest(repository, tag, image.manifest)

    # Pulling

    def pull_image(self, repository: str, reference: str, image: Image) -> None:
        """Everything of it, compared byte for byte."""
        where = f"/v2/{repository}/manifests/{reference}"
        served = self.request("GET", where, 200, headers={"Accept": ALL_MANIFESTS})
        if served.content != image.manifest.body:
            raise GaveUp(f"{where}: {digest_of(served.content)}, not {image.digest}")
        for blob in image.blobs:
            content = self.request("GET", f"/v2/{repository}/blobs/{blob.digest}", 200, allow_redirects=True).content
            if content != blob.data:
                raise GaveUp(f"{repository}: blob {blob.digest} has other bytes")


class Crowd:
    """Several clients at once, each in a thread, until they are told to stop. What one runs into is raised at the end."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.errors: list[BaseException] = []
        self.threads: list[threading.Thread] = []
        self.done = 0
        self._lock = threading.Lock()

    def add(self, work, *arguments) -> None:
        """`work(*arguments)` again and again."""

        def run() -> None:
            try:
                while not self.stopping.is_set():
                    work(*arguments)
                    with self._lock:
                        self.done += 1
            except BaseException as error:
                self.errors.append(error)

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def finish(self, seconds: float = 120) -> int:
        """How often work was done in all."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a client hangs"
        if self.errors:
            raise self.errors[0]
        return self.done

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.finish()
        else:
            self.stopping.set()
