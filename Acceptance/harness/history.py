"""What a name may hold after a crash, given all that was written to it and which writes were acknowledged."""

import itertools
from dataclasses import dataclass, field

_clock = itertools.count(1)


@dataclass
class Write:
    value: object
    started: int
    acknowledged: int | None = None

    def acknowledge(self) -> None:
        self.acknowledged = next(_clock)


@dataclass
class Register:
    """One name (a tag, or whether a blob or a manifest is there) and the writes to it, begun in this order.

    A write that was never acknowledged may have happened or not. An acknowledged one has happened, and whatever was
    acknowledged before it began is overwritten.
    """

    writes: list[Write] = field(default_factory=lambda: [Write(None, 0, 0)])

    def begin(self, value: object) -> Write:
        write = Write(value, next(_clock))
        self.writes.append(write)
        return write

    def allowed(self) -> set:
        latest = max(write.started for write in self.writes if write.acknowledged is not None)
        return {write.value for write in self.writes if write.acknowledged is None or write.acknowledged >= latest}

    def certain(self) -> object:
        """The one value it must hold; None when that is not known."""
        allowed = self.allowed()
        return next(iter(allowed)) if len(allowed) == 1 else None

    def settle(self, value: object) -> None:
        """It was seen to hold `value` after a restart: from here on it must."""
        self.writes = [Write(value, next(_clock), next(_clock))]
