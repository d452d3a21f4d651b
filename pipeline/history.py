"""Written history: OpenMetrics with true timestamps, for ``promtool tsdb create-blocks-from openmetrics``.

promtool drops samples that are out of order and takes milliseconds for seconds, both silently: so every series is
sorted here, and times are whole seconds.  Prometheus forgets a sample after five minutes: so the value of a wide bin
is repeated within the bin, as a scraped gauge would be.
"""

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

import msgspec
import numpy as np
from prometheus_client.utils import floatToGoString

from pipeline.families import ENDINGS, FAMILIES
from pipeline.outages import CONFIRMED, ENDED, RETRACTED, SUSPECTED
from pipeline.records import Entity, Outage, Verdicts
from pipeline.series import Gazetteer, Point, ended_points, entity_point, outage_points, placed, verdict_points
from pipeline.shown import RESTORED_FOR

STEP = 240
"""Longest distance of two samples of a series that goes on [s]: below the five minutes of Prometheus."""

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


@dataclass
class History:
    """Collects what a replay shows, and writes it.

    A value is stamped with the start of its bin and holds until the bin's end: a drop stands where it happened, not
    where it was noticed.  An outage holds from its onset to its end, both as its last revision has them.

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
    outages: dict[str, Outage] = field(default_factory=dict)
    countries: dict[tuple[str, str], str] = field(default_factory=dict)
    last: int = 0

    def observe(self, verdicts: Verdicts, row: int = -1) -> None:
        """Take in one bin of a frame."""
        start = int(verdicts.start[row])
        self.last = max(self.last, start + verdicts.width)
        times = range(start, start + verdicts.width, self.step)
        self.countries |= {e[:2]: e.country for e in verdicts.entities if e.country}
        every = len(verdicts.entities) <= MANY
        wanted = [every or e.type in ("country", "region") or self.keep(e) for e in verdicts.entities]
        for entity, points in verdict_points(verdicts, row, np.flatnonzero(wanted)):
            self._add([*points, entity_point(entity, self.gazetteer)], times)
        known = verdicts.health[row][np.isfinite(verdicts.health[row])]
        self._add([("bin_health", (verdicts.signal,), float(known.mean()) if len(known) else 0.0)], times)
        for time in times:
            self._add([("event_time", (verdicts.run.tense,), float(time))], (time,))

    def outage(self, outage: Outage) -> None:
        """Take in a revision of an outage; the last one is written."""
        known = self.outages.get(outage.id)
        if known is None or outage.revision > known.revision:
            self.outages[outage.id] = outage

    def write(self, file: TextIO) -> int:
        """Write everything as OpenMetrics; returns the number of samples."""
        for outage in sorted(self.outages.values(), key=lambda o: (o.start, o.id)):
            if outage.state != RETRACTED:
                self._add(*self._period(outage))
            if outage.confirmed_at is not None and outage.end is not None and outage.state in (ENDED, RETRACTED):
                over = ended_points(outage, self._place(outage), math.nan, self.gazetteer)
                self._add(over, range(outage.end, outage.end + RESTORED_FOR, self.step))
        self.outages.clear()
        return _write(self.series, file)

    def _period(self, outage: Outage) -> tuple[list[Point], range]:
        """What was shown while it lasted, had it been known from the beginning."""
        state = SUSPECTED if outage.confirmed_at is None else CONFIRMED
        points = outage_points(msgspec.structs.replace(outage, state=state), self._place(outage), self.gazetteer)
        return points, range(outage.start, self.last if outage.end is None else outage.end, self.step)

    def _place(self, outage: Outage) -> Entity:
        country = self.countries.get((outage.entity_type, outage.entity), "")
        return placed(outage.entity_type, outage.entity, country)

    def _add(self, points: Iterable[Point], times: Iterable[int]) -> None:
        for name, values, value in points:
            family = FAMILIES[name]
            labels = _labels(zip(family.labels, values, strict=True))
            times_of, values_of = self.series.setdefault(family.name, {}).setdefault(labels, (array("q"), array("d")))
            for time in times:
                times_of.append(time)
                values_of.append(value)
