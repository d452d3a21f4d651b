"""When a recording begins and ends, when rows of its signals came, and when a signal says nothing of a place."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, UNKNOWN, Detector
from pipeline.bins import NEVER
from pipeline.records import Elements, Entity, Rows, Verdicts

LONG = 3600
"""Shorter silences are not told [s]."""

FEW_BINS = 2
"""Nor are those of so many bins [-]: one value that is missing in six hours is no hole."""

NOT_SEEN, TOO_LITTLE_PAST = "not seen", "too little past"
"""Why nothing is said: there is no value that counts, or nothing is expected yet."""

_NOTHING, _SAYS, _NOT_SEEN, _YOUNG = range(4)
WHY = {_NOT_SEEN: NOT_SEEN, _YOUNG: TOO_LITTLE_PAST}


@dataclass
class Observed:
    """First and last record [s]; ``came``: by signal, starts of the bins with a value in the rows [s]."""

    first: int = ALWAYS
    last: int = NEVER
    came: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def take(self, frame: Elements | Rows) -> None:
        """Take in the records of a frame."""
        self.first, self.last = min(self.first, int(frame.time.min())), max(self.last, int(frame.time.max()))
        if isinstance(frame, Rows):
            self.came[frame.signal].update(frame.time[np.isfinite(frame.value)].tolist())


class Silence(NamedTuple):
    """A signal says nothing of a place in ``[start, end)`` [s], to the end where that is None, and why."""

    signal: str
    entity_type: str
    entity: str
    why: str
    start: int
    end: int | None


@dataclass
class Silences:
    """When one signal says nothing of its places, once they are known.

    Arrays ``(n,)``: ``what`` it says, ``since`` when [s], ``begun``: bins before that, ``bins``: all of them, ``said``:
    whether it ever said anything.
    """

    signal: str
    entities: list[Entity] = field(default_factory=list)
    column: dict[Entity, int] = field(default_factory=dict)
    over: list[Silence] = field(default_factory=list)
    judged_from: int = ALWAYS
    last: int = NEVER
    width: int = 0

    def __post_init__(self) -> None:
        self.known: tuple[tuple[Entity, ...], np.ndarray] = (), np.empty(0, np.intp)
        self.what, self.said = np.empty(0, np.int8), np.empty(0, np.bool_)
        self.since, self.begun, self.bins = (np.empty(0, np.int64) for _ in range(3))

    def take(self, verdicts: Verdicts) -> None:
        """Take in the bins of a frame that come after all before."""
        fresh = np.flatnonzero(verdicts.start > self.last)
        if not len(fresh):
            return
        self.last, self.width = int(verdicts.start[-1]), verdicts.width
        columns = self._columns(verdicts.entities)
        start, state = verdicts.start[fresh], verdicts.state[fresh]
        health, is_missing = verdicts.health[fresh], np.isnan(verdicts.value[fresh])
        cases = [state != UNKNOWN, np.isnan(health), is_missing | (health < Detector.quorum)]
        what = np.select(cases, [_SAYS, _NOTHING, _NOT_SEEN], _YOUNG).astype(np.int8)
        says = (what == _SAYS).any(1)
        self.judged_from = min(self.judged_from, int(start[says.argmax()]) if says.any() else ALWAYS)
        before = np.concatenate([self.what[columns][None], what])
        for i, own in zip(*np.nonzero(before[1:] != before[:-1]), strict=True):
            column, at = int(columns[own]), int(start[i])
            if (silence := self._silence(column, int(self.bins[column]) + int(i), at)) is not None:
                self.over.append(silence)
            self.what[column], self.since[column], self.begun[column] = what[i, own], at, self.bins[column] + i
            self.said[column] |= what[i, own] == _SAYS
        self.bins[columns] += len(fresh)

    def _columns(self, entities: tuple[Entity, ...]) -> np.ndarray:
        if entities == self.known[0]:
            return self.known[1]
        new = [entity for entity in entities if entity not in self.column]
        self.column |= {entity: len(self.entities) + i for i, entity in enumerate(new)}
        self.entities += new
        self.what = np.append(self.what, np.full(len(new), _NOTHING, np.int8))
        self.said = np.append(self.said, np.zeros(len(new), np.bool_))
        self.since, self.begun, self.bins = (
            np.append(a, np.zeros(len(new), np.int64)) for a in (self.since, self.begun, self.bins)
        )
        self.known = entities, np.array([self.column[entity] for entity in entities], np.intp)
        return self.known[1]

    def _silence(self, column: int, bins: int, end: int | None) -> Silence | None:
        """What ends now, or goes on; the first hours of a series are no silence, once they are over."""
        what, length = int(self.what[column]), (bins - int(self.begun[column])) * self.width
        is_first = what == _YOUNG and end is not None and not self.said[column]
        if what not in WHY or is_first or length <= max(LONG, FEW_BINS * self.width):
            return None
        entity = self.entities[column]
        return Silence(self.signal, entity.type, entity.name, WHY[what], int(self.since[column]), end)

    def all(self, until: int) -> list[Silence]:
        """Those that are over, and those that go on; a signal whose bins end long before the recording, ``until`` [s],
        is not seen from there on."""
        end, n = self.last + self.width, len(self.entities)
        if until - end <= max(LONG, FEW_BINS * self.width):
            going = [self._silence(column, int(self.bins[column]), None) for column in range(n)]
            return [*self.over, *(silence for silence in going if silence is not None)]
        since = np.where(self.what == _NOT_SEEN, self.since, end).tolist()
        ended = [Silence(self.signal, *e[:2], NOT_SEEN, at, None) for e, at in zip(self.entities, since, strict=True)]
        return [*self.over, *ended]

    def mute(self) -> set[Entity]:
        """The places of which it never said anything."""
        return {entity for entity, said in zip(self.entities, self.said, strict=True) if not said}


def silences(signals: Iterable[Silences], until: int) -> list[Silence]:
    """Of all signals of a recording, by its end [s]: of countries first, by name."""
    found = [one for signal in signals for one in signal.all(until)]
    return sorted(found, key=lambda one: (one.entity_type != "country", *one[1:3], one.signal, one.why, one.start))
