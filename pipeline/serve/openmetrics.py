"""Written history: OpenMetrics with true timestamps, for ``promtool tsdb create-blocks-from openmetrics``.

promtool silently drops samples that are out of order, and takes milliseconds for seconds: so every series is sorted
here, and times are whole seconds.  Prometheus shows a sample for five minutes only: so the value of a wide bin is
repeated until the next bin, as if it were scraped.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np
from prometheus_client.utils import floatToGoString

from pipeline.bins import DAY
from pipeline.explain.metric_points import Point, ended_points, entity_point, home_points, outage_points, verdict_points
from pipeline.fusion.life import OPEN
from pipeline.records import Outage, Verdicts
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR, Place, Shown
from pipeline.serve.metric_names import ENDINGS, FAMILIES

STEP = 240  # longest time between two samples of a series that goes on [s]: below the five minutes of Prometheus
LOOKBACK = 300  # how long Prometheus shows a sample [s]
MANY = 500  # entities of a frame up to which all of them are written; of larger frames only countries and regions are

HEADS = {
    family.name + end: f"# HELP {family.name} {family.text}\n# TYPE {family.name} {family.kind}\n"
    for family in FAMILIES.values()
    for end in ENDINGS[family.kind]
}

Series = tuple[array, array]  # times [s] and values of one series


def in_order(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Times and values, sorted by time; of several values at one time the last one given."""
    times, first = np.unique(np.array(series[0], np.int64)[::-1], return_index=True)
    return times, np.array(series[1], np.float64)[::-1][first]


def held(start: int, end: int) -> list[int]:
    """Times of the samples that show a state from ``start`` until just before ``end`` [s].

    Prometheus shows a sample for `LOOKBACK`, so that the last one comes that long before the end.
    """
    if end <= start:
        return []
    last = max(start, end - 1 - LOOKBACK)
    return [*range(start, last, STEP), last]


@dataclass
class History:
    """Collects the series of a replay, and writes them.

    A value has the time of its bin's start and is repeated until the bin's end, or where bins are uneven until the next
    one, a day at most.  An outage is shown as it was known then, each revision until the next one: a board shows at any
    moment what it would have shown at that moment.
    """

    series: dict[str, dict[str, Series]] = field(default_factory=dict)
    found: dict[tuple[str, tuple[str, ...]], Series] = field(default_factory=dict)
    shown: Shown = field(default_factory=Shown)
    going: dict[Place, tuple[int, int | None, list[Point]]] = field(default_factory=dict)
    before: dict[tuple[str, str, int], tuple[Verdicts, int]] = field(default_factory=dict)
    now: int = 0
    last: int = 0

    def observe(self, verdicts: Verdicts, row: int = -1) -> None:
        """Take in one bin of a frame."""
        start = int(verdicts.start[row])
        place = (verdicts.run.id, verdicts.signal, verdicts.partition)
        if place in self.before:
            self._hold(*self.before[place], start)
        self.before[place] = (verdicts, row)
        self.now = start + verdicts.width
        self.last = max(self.last, self.now)
        self.shown.learn(verdicts, row)
        self._bin(verdicts, row, range(start, self.now, STEP))

    def _hold(self, verdicts: Verdicts, row: int, until: int) -> None:
        """Repeat a bin until the next one of its signal begins: bins may be uneven."""
        end = int(verdicts.start[row]) + verdicts.width
        if end < until <= end - verdicts.width + DAY:
            self._bin(verdicts, row, range(end, until, STEP))

    def _bin(self, verdicts: Verdicts, row: int, times: range) -> None:
        every = len(verdicts.entities) <= MANY
        wanted = [every or e.type in ("country", "region") for e in verdicts.entities]
        homes: dict[tuple[str, ...], Point] = {}
        for entity, points in verdict_points(verdicts, row, np.flatnonzero(wanted)):
            self._add([*points, entity_point(entity)], times)
            home = home_points(entity, self.shown.places.get(verdicts.run.tense))
            homes |= {point[1]: point for point in home}
        self._add(homes.values(), times)
        known = verdicts.health[row][np.isfinite(verdicts.health[row])]
        self._add([("bin_health_ratio", (verdicts.signal,), float(known.mean()) if len(known) else 0.0)], times)
        common = float(verdicts.common[row])
        if not math.isnan(common):
            self._add([("feed_common_mode_ratio", (verdicts.feed, verdicts.signal), common)], times)
        for time in times:
            self._add([("event_timestamp_seconds", (verdicts.run.tense,), float(time))], (time,))

    def outage(self, outage: Outage) -> None:
        """Take in a revision of an outage, right after the bin that led to it; an older one changes nothing."""
        before = self.shown.revisions.get(outage.id)
        if before is not None and before.revision >= outage.revision:
            return
        at = self._known(outage, before)
        place, entity = (outage.tense, outage.entity_type, outage.entity), self.shown.place(outage)
        if outage.state in OPEN:
            self._show(place, at, None, outage_points(outage, entity))
        elif self.shown.latest(outage):
            regained = self.shown.regained(outage)
            over = ended_points(outage, entity, regained) if outage.confirmed_at is not None else []
            until = (at if outage.end is None else outage.end) + RESTORED_FOR
            self._show(place, at, max(until, at + TOLD_FOR), over)  # with bins of hours, an end is known hours after it
        self.shown.take(outage)

    def write(self, file: TextIO) -> int:
        """Write all series as OpenMetrics; returns the number of samples."""
        for place, (since, until, _) in list(self.going.items()):
            # what became known with the last bin is shown too: at its end, for a moment
            self._show(place, max(self.last, since + 1) if until is None else until, None, [])
        written = 0
        for name in sorted(self.series):
            file.write(HEADS[name])
            for labels in sorted(self.series[name]):
                times, values = in_order(self.series[name][labels])
                rows = zip(times.tolist(), values.tolist(), strict=True)
                file.writelines(f"{name}{labels} {floatToGoString(value)} {time}\n" for time, value in rows)
                written += len(times)
        file.write("# EOF\n")
        return written

    def _known(self, outage: Outage, before: Outage | None) -> int:
        """When a revision was known, event time [s]: with the bin that led to it, and not before what it states."""
        told = max(outage.detected_at, outage.confirmed_at or 0)
        if before is None or (before.confirmed_at is None and outage.confirmed_at is not None):
            return told
        return max(told, self.now)

    def _show(self, place: Place, at: int, until: int | None, points: list[Point]) -> None:
        """Show these points of a place from ``at`` on, until its next points or until a given time [s]."""
        since, end, shown = self.going.pop(place, (at, at, []))
        self._add(shown, held(since, at if end is None else min(at, end)))
        if points:
            self.going[place] = (at, until, points)

    def _add(self, points: Iterable[Point], times: Sequence[int]) -> None:
        for name, values, value in points:
            if (name, values) not in self.found:
                self.found[name, values] = self._series(name, values)
            times_of, values_of = self.found[name, values]
            times_of.extend(times)
            values_of.extend([value] * len(times))

    def _series(self, name: str, values: tuple[str, ...]) -> Series:
        family = FAMILIES[name]
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(family.labels, values, strict=True))
        return self.series.setdefault(family.name, {}).setdefault(f"{{{labels}}}", (array("q"), array("d")))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
