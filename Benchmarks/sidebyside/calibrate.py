"""Is the client fast enough to measure a server with?"""

from __future__ import annotations

from collections.abc import Callable

from .content import BlobMaker
from .sink import Sink
from .traffic import pull, push


def calibrate(size: int, say: Callable[[str], None], rounds: int = 3) -> None:
    """The push and the pull client against a server that does nothing with the bytes."""
    blob = BlobMaker(size).make()
    with Sink(blob) as sink:
        for _ in range(rounds):
            for name, measure in (("push", push), ("pull", pull)):
                timing = measure(sink.port, "bench/big", blob)
                speed = size / timing.seconds / 1e9
                say(f"{name}: {timing.seconds:.3f} s, {speed:.1f} GB/s, client {timing.client_busy:.0%} of a core")
