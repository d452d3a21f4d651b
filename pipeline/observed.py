"""When the places of a playback were observed: what happened while they were not, nobody saw."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.bins import DAY, NEVER, WIDTH
from pipeline.records import Elements, Rows

LONG = 3600
"""Shorter holes are not worth a word [s]."""

PATIENCE = 2
"""Nor are those of so many bins, for which fusion lets a verdict stand (`pipeline.settings.Fusing.stale`) [bins]."""

Place = tuple[str, str, str]
"""``("", entity_type, entity)``; ``(signal, "", "")`` for all that netvigil counts itself."""


class Gap(NamedTuple):
    """``[start, end)`` in which a place was not observed [s].

    None for a start before, or an end after, all that was replayed.
    """

    start: int | None
    end: int | None


class Stretch(NamedTuple):
    """``[start, end)`` in which a signal observed a place in bins of a width, and how much longer a hole is not worth a
    word, all [s]."""

    start: int
    end: int
    width: int
    patience: int


@dataclass
class Observed:
    """When each place of a playback was observed.

    ``stretches``: by ``(signal, entity_type, entity)``, as they came; ``first``, ``last``: the earliest and the latest
    stamp of all [s].
    """

    stretches: dict[Place, list[Stretch]] = field(default_factory=dict)
    first: int = -NEVER
    last: int = NEVER

    def take(self, frame: Elements | Rows, signals: Iterable[str]) -> None:
        """Take in a frame of a feed that serves these signals.

        Examples
        --------
        >>> from pipeline.records import Entity, Run
        >>> rows = Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK", "PK"),),
        ...             np.arange(0, 9000, 300), np.zeros(30, int), np.where(np.arange(30) < 9, 7.0, np.nan))
        >>> observed = Observed()
        >>> observed.take(rows, ["bgp.ris"])
        >>> observed.gaps()
        {('', 'country', 'PK'): (Gap(start=2700, end=None),)}
        """
        first, last = int(frame.time.min()), int(frame.time.max())
        self.first, self.last = min(self.first, first), max(self.last, last)
        if isinstance(frame, Elements):
            for signal in signals:  # where it hears nothing it is not blind, as long as its recording goes on
                self._extend((signal, "", ""), Stretch(first, last + WIDTH, WIDTH, -NEVER))
            return
        for entity in frame.entities:
            self.stretches.setdefault((frame.signal, *entity[:2]), [])
        patience = max(LONG, PATIENCE * _step(frame))
        for i, start, end in _stretches(frame, patience):
            self._extend((frame.signal, *frame.entities[i][:2]), Stretch(start, end, frame.width, patience))

    def _extend(self, series: Place, stretch: Stretch) -> None:
        known = self.stretches.setdefault(series, [])
        if known and known[-1].start <= stretch.start <= known[-1].end + stretch.patience:
            before = known.pop()
            stretch = stretch._replace(start=before.start, end=max(before.end, stretch.end))
        known.append(stretch)

    def gaps(self) -> dict[Place, tuple[Gap, ...]]:
        """When a place was not observed for long, of those that were not: none as long as any of its signals is."""
        places: dict[Place, list[Stretch]] = defaultdict(list)
        for (signal, kind, entity), stretches in self.stretches.items():
            if kind:
                places["", kind, entity] += stretches
            else:
                places[signal, "", ""] = [Stretch(self.first, max(s.end for s in stretches), WIDTH, LONG)]
        found = {place: tuple(self._between(sorted(stretches))) for place, stretches in sorted(places.items())}
        return {place: gaps for place, gaps in found.items() if gaps}

    def _between(self, stretches: list[Stretch]) -> Iterator[Gap]:
        """What long holes stretches in order of time leave."""
        seen: int | None = None
        until = self.first + stretches[0].patience if stretches else NEVER
        for start, end, _, patience in stretches:
            if start > until:
                yield Gap(seen, start)
            seen, until = max(end, seen or end), max(end + patience, until)
        if self.last > until:
            yield Gap(seen, None)


def _step(frame: Rows) -> int:
    """The longest time from one bin of a series to its next [s]."""
    if not frame.slots:
        return frame.width
    return int(np.diff(frame.slots, append=frame.slots[0] + DAY).max())


def _stretches(frame: Rows, patience: int) -> Iterator[tuple[int, int, int]]:
    """Entity, start and end of its observed bins, as long as the next comes in time [s]."""
    seen = np.isfinite(frame.value)
    entity, time = frame.entity[seen], frame.time[seen]
    order = np.lexsort((time, entity))
    entity, time = entity[order], time[order]
    cut = (np.diff(entity) != 0) | (np.diff(time) > frame.width + patience)
    begins = np.flatnonzero(np.append(True, cut)) if len(entity) else np.array([], int)
    ends = np.append(begins[1:], len(entity))[: len(begins)] - 1
    yield from zip(entity[begins].tolist(), time[begins].tolist(), (time[ends] + frame.width).tolist(), strict=True)
