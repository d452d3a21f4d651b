"""When the places of a playback were observed: what happened while they were not, nobody saw."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS
from pipeline.bins import DAY, NEVER, WIDTH, Cadence
from pipeline.records import Elements, Rows
from pipeline.settings import Fusing

LONG = 3600
"""Shorter holes are not worth a word [s]."""

Series = tuple[str, str, str]
"""``(signal, entity_type, entity)``; without an entity where netvigil counts a signal itself: of all that it has."""

Unseen = tuple[tuple[str, ...], str, str]
"""``(signals, entity_type, entity)``: which signals did not show it; none is named where no signal at all did."""


class Gap(NamedTuple):
    """``[start, end)`` in which something was not observed [s].

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

    ``stretches``: by series, as they came, without a hole; ``first``, ``last``: the earliest and the latest stamp of
    all [s]; ``stale``: for so many bins fusion lets a verdict stand, and holes of as many are not worth a word [bins].
    """

    stretches: dict[Series, list[Stretch]] = field(default_factory=dict)
    first: int = ALWAYS
    last: int = NEVER
    stale: int = Fusing.stale

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
        {((), 'country', 'PK'): (Gap(start=2700, end=None),)}
        """
        first, last = int(frame.time.min()), int(frame.time.max())
        self.first, self.last = min(self.first, first), max(self.last, last)
        if isinstance(frame, Elements):
            for signal in signals:  # where it hears nothing it is not blind, as long as its recording goes on
                self._extend((signal, "", ""), Stretch(first, last + WIDTH, WIDTH, LONG), ALWAYS)
            return
        for entity in frame.entities:
            self.stretches.setdefault((frame.signal, *entity[:2]), [])
        step = _step(frame)
        for i, start, end in _stretches(frame, step):
            stretch = Stretch(start, end, frame.width, self.patience(step))
            self._extend((frame.signal, *frame.entities[i][:2]), stretch, step - frame.width)

    def patience(self, step: int) -> int:
        """How long a hole between bins of which one begins every ``step`` may be without a word, both [s]."""
        return max(LONG, self.stale * step)

    def _extend(self, series: Series, stretch: Stretch, pause: int) -> None:
        """Add a stretch to a series whose bins lie up to ``pause`` apart [s]."""
        known = self.stretches.setdefault(series, [])
        if known and known[-1].start <= stretch.start <= known[-1].end + pause:
            before = known.pop()
            stretch = stretch._replace(start=before.start, end=max(before.end, stretch.end))
        known.append(stretch)

    def hole(self, series: Series, end: int) -> int | None:
        """Since when a series had not been observed where it was again from ``end`` on, None where it had [s]."""
        stretches = self.stretches.get(series, [])
        seen = max((s.end for s in stretches if s.start < end), default=end)
        return seen if seen < end and any(s.start == end for s in stretches) else None

    def without(self, blind: Iterable[tuple[str, int, int]]) -> "Observed":
        """This, less the times ``(signal, start, end)`` [s] in which a signal came and nothing could be said by it.

        Examples
        --------
        >>> observed = Observed({("bgp.ris", "country", "PK"): [Stretch(0, 9000, 300, LONG)]}, 0, 9000)
        >>> observed.without([("bgp.ris", 3000, 4500)]).stretches["bgp.ris", "country", "PK"]
        [Stretch(start=0, end=3000, width=300, patience=3600), Stretch(start=4500, end=9000, width=300, patience=3600)]
        """
        left = {series: list(stretches) for series, stretches in self.stretches.items()}
        for signal, start, end in blind:
            for series in (series for series in left if series[0] == signal):
                cut = [(s._replace(end=min(s.end, start)), s._replace(start=max(s.start, end))) for s in left[series]]
                left[series] = [part for pair in cut for part in pair if part.start < part.end]
        return replace(self, stretches=left)

    def gaps(self) -> dict[Unseen, tuple[Gap, ...]]:
        """What was not observed for long: places by all of their signals, by all but routes, and by single ones."""
        places: dict[tuple[str, str], dict[str, list[Stretch]]] = defaultdict(dict)
        found: dict[Unseen, tuple[Gap, ...]] = {}
        for (signal, kind, entity), stretches in self.stretches.items():
            if kind:
                places[kind, entity][signal] = stretches
            else:
                whole = Stretch(self.first, max(s.end for s in stretches), WIDTH, LONG)
                found[(signal,), "", ""] = tuple(self._between([whole]))
        for place, own in places.items():
            found |= {(missing, *place): gaps for missing, gaps in self._unseen(own)}
        return {unseen: gaps for unseen, gaps in sorted(found.items()) if gaps}

    def _unseen(self, own: dict[str, list[Stretch]]) -> Iterator[tuple[tuple[str, ...], tuple[Gap, ...]]]:
        """By which signals a place was not observed when; no time is told twice, and none before a signal begins."""
        patience = max((s.patience for stretches in own.values() for s in stretches), default=LONG)
        told: list[Stretch] = []
        for missing in ((), tuple(s for s in sorted(own) if not is_routes(s)), *((s,) for s in own)):
            stretches = [stretch for signal in missing or own for stretch in own[signal]]
            gaps = tuple(self._between(sorted(stretches + told)))
            if missing:
                gaps = tuple(gap for gap in gaps if gap.start is not None or gap.end is None)
            if gaps:
                yield missing, gaps
            told += [
                Stretch(self.first if start is None else start, self.last if end is None else end, WIDTH, patience)
                for start, end in gaps
            ]

    def routes_left(self, unseen: Unseen) -> list[str]:
        """The signals that still showed a place, where they are only such of routes."""
        missing, *place = unseen
        left = [signal for signal, *own in self.stretches if own == place and signal not in missing]
        return sorted(left) if missing and place[0] and all(map(is_routes, left)) else []

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


def is_routes(signal: str) -> bool:
    """Whether a signal is of routes: they stand while the phones of a country are dead."""
    return signal.startswith("bgp.")


def _step(frame: Rows) -> int:
    """The longest time from one bin of a series to its next [s]."""
    if not frame.slots:
        return frame.width
    return int(np.diff(frame.slots, append=frame.slots[0] + DAY).max())


def _stretches(frame: Rows, step: int) -> Iterator[tuple[int, int, int]]:
    """Entity, start and end of its observed bins, as long as the next comes within a step [s]."""
    seen = np.isfinite(frame.value)
    entity, time = frame.entity[seen], Cadence(frame.width, frame.slots, frame.phase).floor(frame.time[seen])
    order = np.lexsort((time, entity))
    entity, time = entity[order], time[order]
    cut = (np.diff(entity) != 0) | (np.diff(time) > step)
    begins = np.flatnonzero(np.append(True, cut)) if len(entity) else np.array([], int)
    ends = np.append(begins[1:], len(entity))[: len(begins)] - 1
    yield from zip(entity[begins].tolist(), time[begins].tolist(), (time[ends] + frame.width).tolist(), strict=True)
