"""Signals of the same entities are judged side by side: what a detector is asked of each is asked in one call."""

from collections.abc import Generator, Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from detectors.base import AnyDetector, Context, Verdict
from detectors.state import in_common, joint, parted
from pipeline.records import Bins

WORTH = 6
"""Fewer bins cost less than to join the pasts of those that are asked, and to part them [bins]."""

CROWD = 1000
"""More entities than that cost about the same in several calls as in one."""


class Ask(NamedTuple):
    """What a detector is asked: bins ``x (t, n)`` that start at ``start (t,)``, after ``state``; ``countries (n,)``
    are those of the entities."""

    detector: AnyDetector
    x: np.ndarray
    start: np.ndarray
    context: Context
    state: Any
    countries: tuple[str, ...]


Answer = tuple[Any, Verdict]
"""The state afterwards, and the verdict on each bin ``(t, n)``."""

T = TypeVar("T")
Asking = Generator[Ask, Answer, T]
"""What asks detectors now and then, and says at last what came of it."""


def rounds(frames: Sequence[Bins]) -> Iterator[list[Bins]]:
    """The same frames, in rounds of one run, of which each has a signal but once."""
    some: dict[str, Bins] = {}
    run = ""
    for bins in frames:
        if bins.signal in some or bins.run.id != run:
            yield list(some.values())
            some, run = {}, bins.run.id
        some[bins.signal] = bins
    yield list(some.values())


def jointly(askers: Sequence[Asking[T]]) -> list[T]:
    """What comes of each of them, which know nothing of each other; who is ahead waits for the others."""
    said: dict[int, T] = {}
    asks: dict[int, Ask] = {}
    answers: dict[int, Answer | None] = dict.fromkeys(range(len(askers)))
    while answers:
        for i, answer in answers.items():
            try:
                asks[i] = askers[i].send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                said[i] = end.value
        earliest = min((ask.start[0] for ask in asks.values()), default=0)
        alike: dict[Hashable, list[int]] = {}
        for i, ask in asks.items():
            if ask.start[0] == earliest:
                alike.setdefault(_key(ask) if len(asks) > 1 else i, []).append(i)
        answers = {}
        for some in alike.values():
            answers.update(zip(some, _answers([asks.pop(i) for i in some]), strict=True))
    return [said[i] for i in range(len(askers))]


def _key(ask: Ask) -> Hashable:
    """What is the same of all that can be asked at once; of what cannot, nothing else has it."""
    t, n = ask.x.shape
    common = in_common(ask.state) if t >= WORTH and n <= CROWD else None
    if common is None:
        return object()
    return ask.detector, ask.context.width, ask.countries, ask.start.tobytes(), *common


def _answers(asks: Sequence[Ask]) -> list[Answer]:
    if len(asks) == 1:
        (ask,) = asks
        return [ask.detector.run(ask.x, ask.start, ask.context, ask.state)]
    first, states = asks[0], [ask.state for ask in asks]
    x, context = np.concatenate([ask.x for ask in asks], axis=1), _contexts([ask.context for ask in asks])
    state, verdict = first.detector.run(x, first.start, context, joint(states))
    edges = np.cumsum([0, *(ask.x.shape[1] for ask in asks)]).tolist()
    parts = [Verdict(*(a[:, start:end] for a in verdict)) for start, end in pairwise(edges)]
    return list(zip(parted(state, states), parts, strict=True))


def _contexts(contexts: Sequence[Context]) -> Context:
    arrays = [(c.health, c.week_slot, c.day_kind, c.switched) for c in contexts]
    health, slot, kind, switched = (np.concatenate(each, axis=-1) for each in zip(*arrays, strict=True))
    return Context(contexts[0].width, health, slot, kind, switched)
