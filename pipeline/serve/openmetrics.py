"""Written history: OpenMetrics with true timestamps, for ``promtool tsdb create-blocks-from openmetrics``.

promtool drops samples that are out of order and takes milliseconds for seconds, both silently: so every series is
sorted here, and times are whole seconds.  Prometheus forgets a sample after five minutes: so the value of a wide bin
is repeated until the next one, as a scraped gauge would be.
"""

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

import numpy as np
from prometheus_client.utils import floatToGoString

from pipeline.bins import DAY
from pipeline.explain.metric_points import (
    Gazetteer,
    Point,
    ended_points,
    entity_point,
    home_points,
    outage_points,
    verdict_points,
)
from pipeline.fusion.outages import OPEN
from pipeline.records import Entity, Outage, Verdicts
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR, Place, Shown
from pipeline.serve.metric_names import ENDINGS, FAMILIES

STEP = 240
"""Longest distance of two samples of a series that goes on [s]: below the five minutes of Prometheus."""

LOOKBACK = 300
"""How long Prometheus shows a sample [s]."""

MANY = 500
"""Entities of a frame up to which all of them are written; of larger frames (all networks there are) only countries,
regions and what is asked for [-]."""


class Sample(NamedTuple):
    """One value of one series; ``labels`` are (name, value) pairs, ``time`` whole seconds UTC."""

    name: str
    labels: tuple[tuple[str, str], ...]
    time: int
    value: float


Series = tuple[array, array]
"""Times [s] and values of one series."""


def write_history(samples: Iterable[Sample], file: TextIO) -> int:
    """Write samples in any order as OpenMetrics; returns how many were written.

    Where a series has several samples of one time, the last one given holds.

    Examples
    --------
    >>> import sys
    >>> labels = (("signal", "bgp.ioda"), ("entity_type", "country"), ("entity", "PK"))
    >>> name = "netvigil_signal_ratio"
    >>> n = write_history([Sample(name, labels, 1200, float("nan")), Sample(name, labels, 600, 1.0)], sys.stdout)
    # HELP netvigil_signal_ratio Last bin as a share of what was expected.
    # TYPE netvigil_signal_ratio gauge
    netvigil_signal_ratio{signal="bgp.ioda",entity_type="country",entity="PK"} 1.0 600
    netvigil_signal_ratio{signal="bgp.ioda",entity_type="country",entity="PK"} NaN 1200
    # EOF
    """
    families: dict[str, dict[str, Series]] = {}
    for sample in samples:
        series = families.setdefault(sample.name, {}).setdefault(_labels(sample.labels), (array("q"), array("d")))
        series[0].append(sample.time)
        series[1].append(sample.value)
    return _write(families, file)


def _write(families: dict[str, dict[str, Series]], file: TextIO) -> int:
    written = 0
    for name in sorted(families):
        file.write(_head(name))
        for labels in sorted(families[name]):
            times, values = in_order(families[name][labels])
            rows = zip(times.tolist(), values.tolist(), strict=True)
            file.writelines(f"{name}{labels} {floatToGoString(value)} {time}\n" for time, value in rows)
            written += len(times)
    file.write("# EOF\n")
    return written


def in_order(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Times and values by time; of several at one time the last one given.

    Examples
    --------
    >>> [a.tolist() for a in in_order((array("q", [600, 300, 600]), array("d", [1, 2, 3])))]
    [[300, 600], [2.0, 3.0]]
    """
    times, values = np.array(series[0], np.int64), np.array(series[1], np.float64)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    last = np.append(times[1:] != times[:-1], True) if len(times) else np.empty(0, bool)
    return times[last], values[last]


KINDS = {family.name + end: family for family in FAMILIES.values() for end in ENDINGS[family.kind]}


def _head(name: str) -> str:
    family = KINDS.get(name)
    if family is None:
        return f"# TYPE {name} unknown\n"
    return f"# HELP {family.name} {family.text}\n# TYPE {family.name} {family.kind}\n"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def nothing_more(entity: Entity) -> bool:
    """Nothing is asked for."""
    return False


def held(start: int, end: int, step: int) -> list[int]:
    """Times of the samples that let a state be seen from ``start`` on and no longer at ``end`` [s].

    Prometheus shows a sample for `LOOKBACK`: the last one stands that long before the end.

    Examples
    --------
    >>> held(0, 900, 240), held(0, 60, 240), held(0, 0, 240)
    ([0, 240, 480, 599], [0], [])
    """
    if end <= start:
        return []
    last = max(start, end - 1 - LOOKBACK)
    return [*range(start, last, step), last]


@dataclass
class History:
    """Collects what a replay shows, and writes it.

    A value is stamped with the start of its bin and holds until the bin's end, or where bins are uneven until the next
    one, a day at most: a drop stands where it happened, and what was not observed has a bin of its own, with NaN.  An
    outage is shown as it was known: suspected from when it was detected, confirmed from when it was confirmed, each
    revision until the next one.  So a board at any moment says what it would have said then; when it began, as far as
    was known, is a value of its own.

    Parameters
    ----------
    gazetteer
        Names and local times of places.
    keep
        Which further entities of large frames are written.
    step
        Longest distance of two samples of a series that goes on [s].
    """

    gazetteer: Gazetteer = field(default_factory=Gazetteer)
    keep: Callable[[Entity], bool] = nothing_more
    step: int = STEP
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
        self._bin(verdicts, row, range(start, self.now, self.step))

    def _hold(self, verdicts: Verdicts, row: int, until: int) -> None:
        """Show a bin until the next one of its signal where that does not begin at its end: bins are uneven."""
        start = int(verdicts.start[row])
        if start + verdicts.width < until <= start + DAY:
            self._bin(verdicts, row, range(start + verdicts.width, until, self.step))

    def _bin(self, verdicts: Verdicts, row: int, times: range) -> None:
        """Write a bin at these times."""
        every = len(verdicts.entities) <= MANY
        wanted = [every or e.type in ("country", "region") or self.keep(e) for e in verdicts.entities]
        homes: dict[tuple[str, ...], Point] = {}
        for entity, points in verdict_points(verdicts, row, np.flatnonzero(wanted)):
            self._add([*points, entity_point(entity, self.gazetteer)], times)
            home = home_points(entity, self.gazetteer, self.shown.places.get(verdicts.run.tense))
            homes |= {point[1]: point for point in home}
        self._add(homes.values(), times)
        known = verdicts.health[row][np.isfinite(verdicts.health[row])]
        self._add([("bin_health", (verdicts.signal,), float(known.mean()) if len(known) else 0.0)], times)
        common = float(verdicts.common[row])
        if not math.isnan(common):
            self._add([("feed_common_mode", (verdicts.feed, verdicts.signal), common)], times)
        for time in times:
            self._add([("event_time", (verdicts.run.tense,), float(time))], (time,))

    def outage(self, outage: Outage) -> None:
        """Take in a revision of an outage, right after the bin that led to it; an older one again changes nothing."""
        before = self.shown.before(outage)
        if before is not None and before.revision >= outage.revision:
            return
        at = self._known(outage, before)
        place, entity = (outage.tense, outage.entity_type, outage.entity), self.shown.place(outage)
        if outage.state in OPEN:
            self._show(place, at, None, outage_points(outage, entity, self.gazetteer))
        elif self.shown.latest(outage):
            regained = self.shown.regained(outage)
            over = ended_points(outage, entity, regained, self.gazetteer) if outage.confirmed_at is not None else []
            until = (at if outage.end is None else outage.end) + RESTORED_FOR
            self._show(place, at, max(until, at + TOLD_FOR), over)  # with bins of hours, an end is known hours after it
        self.shown.take(outage)

    def write(self, file: TextIO) -> int:
        """Write everything as OpenMetrics; returns the number of samples."""
        for place, (since, until, _) in list(self.going.items()):
            # what became known with the last bin is seen too: at its end, for a moment
            self._show(place, max(self.last, since + 1) if until is None else until, None, [])
        return _write(self.series, file)

    def _known(self, outage: Outage, before: Outage | None) -> int:
        """When a revision was known, event time [s]: with the bin before it, and not before what it tells."""
        told = max(outage.detected_at, outage.confirmed_at or 0)
        if before is None or (before.confirmed_at is None and outage.confirmed_at is not None):
            return told
        return max(told, self.now)

    def _show(self, place: Place, at: int, until: int | None, points: list[Point]) -> None:
        """From ``at`` on a place shows these points, ``until`` something else comes or that time is reached [s]."""
        since, end, shown = self.going.pop(place, (at, at, []))
        self._add(shown, held(since, at if end is None else min(at, end), self.step))
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
        labels = _labels(zip(family.labels, values, strict=True))
        return self.series.setdefault(family.name, {}).setdefault(labels, (array("q"), array("d")))
