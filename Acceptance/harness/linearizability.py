"""Whether what clients saw of one name can be explained by the order in which it changed.

The order is known: it is in the store. What is not known is when between its request and its answer each change took
place. An explanation is a moment for each, in that order, such that every read saw the value that stood at some moment
between its own request and answer. Whoever reads after an answer must therefore never see what was before it; and once
anybody has seen a change, answered or not, nobody who asks afterwards may see what was before.

The moments are bounded from below and above, by the requests and by the reads; there is an explanation when no lower
bound lies above its upper one. A read of a value that stood several times (deleted, say) is a bound only once all but
one of its places have become impossible.
"""

import bisect
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """One change, with the times of its request and its answer (infinite: it was not answered)."""

    value: object
    started: float
    ended: float
    what: str = ""


@dataclass(frozen=True)
class Read:
    value: object
    started: float
    ended: float
    what: str = ""


@dataclass(frozen=True, order=True)
class Bound:
    """A moment, and what makes it a bound."""

    moment: float
    why: str = field(compare=False, default="")


@dataclass
class History:
    """One name: its changes in the order of the store, beginning with what it held at first, and all reads of it."""

    changes: list[Change]
    reads: list[Read] = field(default_factory=list)

    def contradictions(self) -> list[str]:
        """What cannot be explained; empty when all of it can."""
        self.low = [Bound(change.started, "its request") for change in self.changes]
        self.high = [Bound(change.ended, "its answer") for change in self.changes]
        found = self._propagate()
        waiting = list(self.reads)
        while waiting and not found:
            # Both are in order here, so that the places of a read can be looked up.
            low, high = list(self.low), list(self.high)
            undecided = []
            for read in waiting:
                first = max(0, bisect.bisect_left(high, Bound(read.started)) - 1)
                last = bisect.bisect_right(low, Bound(read.ended))
                places = [index for index in range(first, last) if self.changes[index].value == read.value]
                if not places:
                    found.append(f"{read.what or 'a read'} saw {read.value}, which stood at no moment of it")
                elif len(places) == 1:
                    self._narrow(places[0], read)
                else:
                    undecided.append(read)
            found += self._propagate()
            if len(undecided) == len(waiting):
                break
            waiting = undecided
        return found

    def _narrow(self, index: int, read: Read) -> None:
        """The value was there before the read ended, and had not gone when it began."""
        self.high[index] = min(self.high[index], Bound(read.ended, f"{read.what} saw it"))
        if index + 1 < len(self.low):
            still = Bound(read.started, f"{read.what} saw what was before it")
            self.low[index + 1] = max(self.low[index + 1], still)

    def _propagate(self) -> list[str]:
        """Each change comes after the one before it."""
        for index in range(1, len(self.low)):
            self.low[index] = max(self.low[index], self.low[index - 1])
        for index in range(len(self.high) - 2, -1, -1):
            self.high[index] = min(self.high[index], self.high[index + 1])
        return [
            f"change {index} ({change.what}; {change.started:.4f} to {change.ended:.4f}) cannot be both "
            f"before {high.moment:.4f}, as {high.why}, and after {low.moment:.4f}, as {low.why}"
            for index, (change, low, high) in enumerate(zip(self.changes, self.low, self.high, strict=True))
            if low > high
        ]
