"""The check of histories against made-up ones: it must find what is wrong, and nothing where nothing is."""

import math
import random

import pytest

from harness.linearizability import Change, History, Read

BEFORE = Change(None, -math.inf, -math.inf)
A, B = Change("a", 1, 3), Change("b", 5, 7)


@pytest.mark.parametrize(
    "reads",
    [
        [],
        [Read(None, 0, 2)],  # still before, though the write has begun
        [Read("a", 1, 2)],  # seen before it was acknowledged
        [Read("a", 3, 6)],  # still there while the next one is on its way
        [Read("a", 5, 6), Read("b", 6, 6.5)],
        [Read(None, 0, 2), Read("a", 2, 2.5)],
        [Read("b", 8, 9)],
    ],
)
def test_what_can_be_explained_is_not_held_against_anybody(reads):
    assert History([BEFORE, A, B], reads).contradictions() == []


@pytest.mark.parametrize(
    "reads",
    [
        [Read(None, 4, 5)],  # the write was acknowledged before the read began
        [Read("a", 8, 9)],  # a move was acknowledged
        [Read("b", 2, 4)],  # nobody had written it yet
        [Read("c", 0, 9)],  # nobody ever wrote it
        [Read("a", 1, 2), Read(None, 2.1, 2.2)],  # there, and then not there
        [Read("b", 5, 5.5), Read("a", 5.6, 5.8)],  # moved, and then not moved, both before the answer
    ],
)
def test_what_cannot_be_explained_is_found(reads):
    assert History([BEFORE, A, B], reads).contradictions()


def test_an_order_against_the_clock_is_found():
    assert History([BEFORE, B, A]).contradictions()


def test_a_value_that_stood_twice_explains_a_read_at_either_place():
    changes = [BEFORE, A, Change(None, 4, 5), B, Change(None, 8, 9)]
    assert History(changes, [Read(None, 5.5, 6), Read(None, 10, 11)]).contradictions() == []
    assert History(changes, [Read(None, 3.1, 3.9)]).contradictions()
    assert History(changes, [Read(None, 7.1, 7.9)]).contradictions()


def test_a_change_without_an_answer_may_come_late():
    late = Change("late", 2, math.inf)
    assert History([BEFORE, A, B, late], [Read("b", 8, 9), Read("late", 10, 11)]).contradictions() == []


def random_history(seed: int) -> History:
    """Changes at moments of their own within requests that overlap, and reads of what stood at a moment within each."""
    chance = random.Random(seed)
    moments = sorted(chance.uniform(0, 100) for _ in range(40))
    changes = [BEFORE]
    for number, moment in enumerate(moments):
        value = None if number % 5 == 4 else f"value {number}"
        changes.append(Change(value, moment - chance.uniform(0, 5), moment + chance.uniform(0, 5)))
    reads = []
    for _ in range(200):
        moment = chance.uniform(0, 110)
        standing = sum(other <= moment for other in moments)
        reads.append(Read(changes[standing].value, moment - chance.uniform(0, 3), moment + chance.uniform(0, 3)))
    return History(changes, reads)


def test_histories_that_happened_are_explained():
    for seed in range(200):
        assert random_history(seed).contradictions() == [], seed


def test_a_stale_read_among_many_is_found():
    missed = 0
    for seed in range(200):
        history = random_history(seed)
        chance = random.Random(seed)
        index = chance.randrange(2, 30)
        # The value before a change, read after the change was acknowledged and before any later one began.
        after = history.changes[index].ended
        stale = history.changes[index - 1].value
        if stale is None or history.changes[index].value is None:
            continue
        history.reads.append(Read(stale, after + 0.001, after + 0.002))
        missed += not history.contradictions()
    assert missed == 0
