"""A discrete-event simulation in little: a clock, processes, and what they wait for.

A process is a generator. It yields what it waits for (`yield station.use(0.001)`) and goes on when that is over.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator

Resume = Callable[[], None]
Wait = Callable[[Resume], None]
Process = Generator[Wait, None, None]


class Clock:
    """Time, in seconds, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._agenda: list[tuple[float, int, Resume]] = []
        self._order = 0

    def after(self, delay: float, action: Resume) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (self.now + delay, self._order, action))

    def sleep(self, delay: float) -> Wait:
        return lambda resume: self.after(delay, resume)

    def start(self, process: Process) -> None:
        def step() -> None:
            wait = next(process, None)
            if wait is not None:
                wait(step)

        step()

    def run(self, until: float) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, action = heapq.heappop(self._agenda)
            action()
        self.now = until


class Station:
    """`servers` alike that serve one queue in the order of arrival: processors, a network card, a request rate."""

    def __init__(self, clock: Clock, name: str, servers: int) -> None:
        self.clock, self.name, self.servers = clock, name, servers
        self.busy_time = 0.0
        self._busy = 0
        self._queue: deque[tuple[float, Resume]] = deque()

    def use(self, service: float) -> Wait:
        def arrive(resume: Resume) -> None:
            if self._busy < self.servers:
                self._busy += 1
                self._serve(service, resume)
            else:
                self._queue.append((service, resume))

        return arrive

    def _serve(self, service: float, resume: Resume) -> None:
        def done() -> None:
            self.busy_time += service
            if self._queue:
                self._serve(*self._queue.popleft())
            else:
                self._busy -= 1
            resume()

        self.clock.after(service, done)

    def utilisation(self, since: float = 0.0, busy_then: float = 0.0) -> float:
        return (self.busy_time - busy_then) / self.servers / max(self.clock.now - since, 1e-9)


class Pool:
    """Connections: taken before a transaction, given back after it."""

    def __init__(self, clock: Clock, name: str, servers: int) -> None:
        self.clock, self.name, self.servers = clock, name, servers
        self._free = servers
        self._since = 0.0
        self._held_time = 0.0
        self._queue: deque[Resume] = deque()

    @property
    def busy_time(self) -> float:
        self._account()
        return self._held_time

    def _account(self) -> None:
        self._held_time += (self.servers - self._free) * (self.clock.now - self._since)
        self._since = self.clock.now

    def take(self, resume: Resume) -> None:
        if self._free:
            self._account()
            self._free -= 1
            resume()
        else:
            self._queue.append(resume)

    def give(self) -> None:
        if self._queue:
            self.clock.after(0.0, self._queue.popleft())
        else:
            self._account()
            self._free += 1

    utilisation = Station.utilisation


class Log:
    """A write-ahead log. One flush takes every commit that waits, so a flush is shared the more the busier it is.

    `busy_time` counts what a flush cannot share: its bytes, and a sync for `most` commits. A log is full when that
    reaches one, not when it flushes all the time.
    """

    servers = 1

    def __init__(self, clock: Clock, name: str, sync: float, bandwidth: float, most: int = 100) -> None:
        self.clock, self.name, self.sync, self.bandwidth, self.most = clock, name, sync, bandwidth, most
        self.busy_time = 0.0
        self.flushes = self.commits = 0
        self.bytes = 0.0
        self._flushing = False
        self._waiting: list[tuple[float, Resume]] = []

    def commit(self, size: float) -> Wait:
        def arrive(resume: Resume) -> None:
            self._waiting.append((size, resume))
            if not self._flushing:
                self._flush()

        return arrive

    def _flush(self) -> None:
        batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
        self._flushing = True
        size = sum(bytes_ for bytes_, _ in batch)

        def done() -> None:
            self.flushes += 1
            self.commits += len(batch)
            self.bytes += size
            self.busy_time += size / self.bandwidth + self.sync * len(batch) / self.most
            self._flushing = False
            for _, resume in batch:
                self.clock.after(0.0, resume)
            if self._waiting and not self._flushing:
                self._flush()

        self.clock.after(self.sync + size / self.bandwidth, done)

    utilisation = Station.utilisation
