"""When each place of a recording was observed, how far back its series reach, and which times of outages that leaves
open."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, SETTLING
from detectors.state import FORGETS, MISSED
from pipeline.bins import DAY, NEVER, WIDTH, Cadence
from pipeline.fusion.life import BESIDE
from pipeline.kinds import kind_of
from pipeline.records import Elements, Outage, Rows

LONG, PATIENCE = 3600, 2
"""Shorter holes are not reported [s], [bins]."""

Series = tuple[str, str, str]
"""``(signal, entity_type, entity)``; a signal that netvigil counts itself has no entity: it is one for all places."""

Unseen = tuple[tuple[str, ...], str, str]
"""``(signals, entity_type, entity)``: the signals that did not show the place; none where no signal at all did."""


class Gap(NamedTuple):
    """``[start, end)`` of what was not observed [s]; None beyond all that was replayed."""

    start: int | None
    end: int | None


class Stretch(NamedTuple):
    """``[start, end)`` in which a signal observed a place, bin width, and the longest hole not reported [s]."""

    start: int
    end: int
    width: int
    patience: int


@dataclass
class Observed:
    """When each place was observed."""

    stretches: dict[Series, list[Stretch]] = field(default_factory=dict)
    first: int = ALWAYS
    last: int = NEVER

    def take(self, frame: Elements | Rows, signals: Iterable[str]) -> None:
        first, last = int(frame.time.min()), int(frame.time.max())
        self.first, self.last = min(self.first, first), max(self.last, last)
        if isinstance(frame, Elements) or (frame.entities and frame.entities[0].type == "probe"):
            for signal in signals:  # no message is no hole, as long as the recording goes on
                self._extend((signal, "", ""), Stretch(first, last + WIDTH, WIDTH, LONG), ALWAYS)
            return
        for entity in frame.entities:
            self.stretches.setdefault((frame.signal, *entity[:2]), [])
        step = _step(frame)
        for i, start, end in _stretches(frame, step):
            stretch = Stretch(start, end, frame.width, self.patience(step))
            self._extend((frame.signal, *frame.entities[i][:2]), stretch, step - frame.width)

    def patience(self, step: int) -> int:
        """The longest hole that is not reported where a bin begins every ``step``, both [s]."""
        return max(LONG, PATIENCE * step)

    def _extend(self, series: Series, stretch: Stretch, pause: int) -> None:
        """``pause``: the longest time between bins [s]."""
        known = self.stretches.setdefault(series, [])
        if known and known[-1].start <= stretch.start <= known[-1].end + pause:
            before = known.pop()
            stretch = stretch._replace(start=before.start, end=max(before.end, stretch.end))
        known.append(stretch)

    def hole(self, series: Series, end: int) -> int | None:
        """Where the hole begins that ends at ``end`` [s]; None where the series has no hole there."""
        stretches = self.stretches.get(series, [])
        seen = max((s.end for s in stretches if s.start < end), default=end)
        return seen if seen < end and any(s.start == end for s in stretches) else None

    def without(self, blind: Iterable[tuple[str, int, int]]) -> "Observed":
        """The same without the times ``(signal, start, end)`` [s] in which a signal could not be judged."""
        left = {series: list(stretches) for series, stretches in self.stretches.items()}
        for signal, start, end in blind:
            for series in (series for series in left if series[0] == signal):
                cut = [(s._replace(end=min(s.end, start)), s._replace(start=max(s.start, end))) for s in left[series]]
                left[series] = [part for pair in cut for part in pair if part.start < part.end]
        return replace(self, stretches=left)

    def gaps(self) -> dict[Unseen, tuple[Gap, ...]]:
        """The long holes: of places by all of their signals, by all but routes, and by single ones."""
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
        """No time is reported twice, and none before a signal begins."""
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
        """The signals that still showed a place, where all of these are of routes."""
        missing, *place = unseen
        left = [signal for signal, *own in self.stretches if own == place and signal not in missing]
        return sorted(left) if missing and place[0] and all(map(is_routes, left)) else []

    def _between(self, stretches: list[Stretch]) -> Iterator[Gap]:
        seen: int | None = None
        until = self.first + stretches[0].patience if stretches else NEVER
        for start, end, _, patience in stretches:
            if start > until:
                yield Gap(seen, start)
            seen, until = max(end, seen or end), max(end + patience, until)
        if self.last > until:
            yield Gap(seen, None)


def is_routes(signal: str) -> bool:
    """Routes stay up while the phones of a country are cut off."""
    return signal.startswith("bgp.")


def _step(frame: Rows) -> int:
    """The longest time between bins of a series [s]."""
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


class Span(NamedTuple):
    """``[first, last)`` with values, bin width, and starts ``again`` after holes that reset the detector [s]."""

    first: int
    last: int
    width: int
    again: tuple[int, ...] = ()

    @property
    def judged_from(self) -> int:
        return self.first + SETTLING

    def settled(self, time: int) -> int:
        """The same for what goes on at a time, after holes too [s]."""
        return max((at for at in self.again if at <= time), default=self.first) + SETTLING

    @property
    def too_short(self) -> bool:
        return self.last - self.first < SETTLING + DAY


@dataclass
class Past:
    """How far back series reach, and which times of outages that leaves open; a first day confirms nothing."""

    spans: dict[Series, Span] = field(default_factory=dict)
    observed: Observed = field(default_factory=Observed)

    @classmethod
    def of(cls, observed: Observed) -> "Past":
        """The past of what was observed; a value that is not observed is no past."""
        seen = {series: stretches for series, stretches in observed.stretches.items() if stretches}
        spans = {
            series: Span(
                min(s.start for s in stretches), max(s.end for s in stretches), stretches[0].width, _again(stretches)
            )
            for series, stretches in seen.items()
        }
        return cls(spans, observed)

    @property
    def judged_from(self) -> int | None:
        """From when on something can be confirmed in any series [s]; None where all of them are too short."""
        return min((span.judged_from for span in self.spans.values() if not span.too_short), default=None)

    def first_days(self) -> list[tuple[int, int]]:
        return [(at, at + SETTLING) for at in sorted({at for span in self.spans.values() for at in span.again})]

    @property
    def is_settled(self) -> bool:
        """Whether anything could be confirmed: not where no series has more than its first day."""
        return not self.spans or any(span.last > span.judged_from for span in self.spans.values())

    def too_short(self) -> list[Series]:
        return sorted(series for series, span in self.spans.items() if span.too_short)

    def undated(self, outage: Outage) -> bool:
        """Whether an outage may have begun before its onset: its signals were low as soon as they could be judged."""
        known = [self.spans[series] for series in self._own_series(outage)]
        return bool(known) and all(outage.start <= span.settled(outage.start) + span.width for span in known)

    def in_first_day(self, outage: Outage) -> bool:
        known = [self.spans[series] for series in self._own_series(outage)]
        return bool(known) and all(outage.start < span.settled(outage.start) for span in known)

    def known_from(self, outage: Outage, kind: str) -> int | None:
        """Since when there are values of the signals of a kind that show an outage [s]; None where there are none."""
        own = (series for series in self._own_series(outage) if kind_of(series[0]) == kind)
        return min((self.spans[series].settled(outage.start) - SETTLING for series in own), default=None)

    def began(self, outage: Outage) -> Gap | None:
        holes = self._holes(outage, outage.start)
        return Gap(min(holes), outage.start) if holes else None

    def ended(self, outage: Outage) -> Gap | None:
        holes = [] if outage.end is None else self._holes(outage, outage.end)
        return Gap(max(holes), outage.end) if holes else None

    def unseen(self, outage: Outage) -> list[tuple[str, int]]:
        return self._no_longer(outage) + self._over_unseen(outage)

    def _no_longer(self, outage: Outage) -> list[tuple[str, int]]:
        """Low signals keep an outage open when unseen; its last revision may be older than the hole."""
        series = self._own_series(outage) if outage.end is None else []
        last = [(one[0], max(self.observed.stretches[one], key=lambda s: s.end)) for one in series]
        return [(signal, seen.end) for signal, seen in last if seen.end + seen.patience < self.observed.last]

    def _over_unseen(self, outage: Outage) -> list[tuple[str, int]]:
        """Signals without a value at the end, nor for a day after their last one."""
        if (end := outage.end) is None:
            return []
        found = []
        for series in self._own_series(outage):
            before = [s.end for s in self.observed.stretches[series] if s.start < end]
            after = [s.start for s in self.observed.stretches[series] if s.start >= end]
            again = min(after, default=self.observed.last)
            if before and max(before) <= end < again and again - max(before) > DAY:
                found.append((series[0], max(before)))
        return found

    def inexact(self, outage: Outage) -> bool:
        return self.undated(outage) or any((self.began(outage), self.ended(outage), self._over_unseen(outage)))

    def marks(self, outage: Outage) -> tuple[bool, bool]:
        """Whether onset and end are not exactly known."""
        return self.undated(outage) or bool(self.began(outage)), bool(self.ended(outage) or self.unseen(outage))

    def _holes(self, outage: Outage, end: int) -> list[int]:
        found = [self.observed.hole(series, end) for series in self._own_series(outage)]
        return [start for start in found if start is not None]

    def _own_series(self, outage: Outage) -> list[Series]:
        return self._series(outage, (term.signal for term in outage.signals if term.weight > 0))

    def _series(self, outage: Outage, names: Iterable[str]) -> list[Series]:
        own = dict.fromkeys(name.partition(BESIDE)[0] for name in names)
        series = [((name, outage.entity_type, outage.entity), (name, "", "")) for name in own]
        return [own if own in self.spans else counted for own, counted in series if {own, counted} & self.spans.keys()]


def _again(stretches: Iterable[Stretch]) -> tuple[int, ...]:
    return tuple(
        after.start for before, after in pairwise(sorted(stretches, key=lambda s: s.start))
        if after.start - before.end > max(FORGETS, MISSED * after.width)
    )  # fmt: skip
