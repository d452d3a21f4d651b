"""The judge stage: merged bins become verdicts, each with its likelihoods for fusion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from detectors.base import DAY, Context, Verdict
from detectors.base import observed as usable
from detectors.common_mode import CommonMode
from detectors.daily import Daily
from detectors.model import Model
from detectors.predictive import Judged, Predictive, State
from detectors.state import extend
from detectors.state import pack as pack_state
from detectors.state import unpack as unpack_state
from detectors.stuck import Stuck
from pipeline.bins import NEVER
from pipeline.kinds import KINDS, kind_of
from pipeline.records import DAILY, END, PARTS, UP, Bins, Entity, Run, Verdicts
from pipeline.state import pack, remember, touch, unpack
from pipeline.topics import partition_for

SLOW = ("traffic",)
"""Kinds of signals in which throttling shows."""

COLUMNS = ("expected", "lower", "upper", "score", "state", "settled")


@dataclass
class Parts:
    """The series of countries that have none of their own in a signal, made from their parts in it: the mean share that
    each part has left, in percent.

    ``home (n,) intp``: index into ``countries`` of each entity, -1 for none.
    """

    countries: tuple[Entity, ...] = ()
    home: np.ndarray = field(default_factory=lambda: np.empty(0, np.intp))

    @classmethod
    def of(cls, entities: Sequence[Entity], known: Sequence[Entity], least: int) -> "Parts":
        """Those of the entities so far, after the countries ``known`` before; of each country the type of part that it
        has more of."""
        rows: dict[tuple[str, str], list[int]] = {}
        for row, entity in enumerate(entities):
            if entity.type in ("region", "asn") and entity.country:
                rows.setdefault((entity.country, entity.type), []).append(row)
        whole = {entity.name for entity in entities if entity.type == "country"}
        chosen: dict[str, list[int]] = {}
        for (country, _), own in sorted(rows.items()):
            if country not in whole and len(own) >= least and len(own) > len(chosen.get(country, ())):
                chosen[country] = own
        names = [country.name for country in known] + sorted(set(chosen) - {country.name for country in known})
        home = np.full(len(entities), -1, np.intp)
        for place, name in enumerate(names):
            home[chosen.get(name, [])] = place
        return cls(tuple(Entity("country", name, name) for name in names), home)

    def values(self, ratio: np.ndarray) -> np.ndarray:
        """The series ``(t, c)`` from ratios ``(t, n)``; NaN where less than half of the parts are known."""
        at = np.flatnonzero(self.home >= 0)
        left, home, n = np.minimum(ratio[:, at], 1.0), self.home[at], len(self.countries)
        many = np.bincount(home, minlength=n)
        made = np.full((len(ratio), n), np.nan)
        for i, row in enumerate(left):
            known = ~np.isnan(row)
            count = np.bincount(home[known], minlength=n)
            enough = (count > 0) & (2 * count >= many)
            made[i, enough] = 100 * np.bincount(home[known], row[known], n)[enough] / count[enough]
        return made


@dataclass
class Series:
    """All series of one signal of one run."""

    run: Run
    signal: str
    detector: Predictive
    state: State
    part_state: State
    stuck: Stuck
    common: CommonMode
    daily: Daily
    daily_state: State
    parts: Parts = field(default_factory=Parts)
    entities: list[Entity] = field(default_factory=list)
    place: dict[Entity, int] = field(default_factory=dict)
    judged: int = NEVER
    homes: dict[tuple[Entity, ...], list[np.ndarray]] = field(default_factory=dict)
    columns_of: dict[tuple[Entity, ...], np.ndarray] = field(default_factory=dict)

    @classmethod
    def new(cls, run: Run, signal: str, model: Model) -> "Series":
        detector = replace(Predictive.for_signal(signal), model=model)
        common = CommonMode(model, np.empty(0, np.intp))
        states = detector.init(0), detector.init(0), Stuck(model), common, Daily.of(0), detector.init(0)
        return cls(run, signal, detector, *states)

    def columns(self, entities: tuple[Entity, ...]) -> np.ndarray:
        """Where these stand in the state; new ones are appended to it."""
        found = self.columns_of.get(entities)
        if found is None:
            fresh = [entity for entity in entities if entity not in self.place]
            if fresh:
                self.add(fresh)
            found = np.array([self.place[entity] for entity in entities], np.intp)
            if entities:
                self.columns_of = {entities: found}
        return found

    def add(self, fresh: Sequence[Entity]) -> None:
        """Room for new entities."""
        for entity in fresh:
            self.place[entity] = len(self.entities)
            self.entities.append(entity)
        self.state, self.daily = extend(self.state, len(fresh)), extend(self.daily, len(fresh))
        self.daily_state = extend(self.daily_state, len(fresh))
        model = self.detector.model
        parts = Parts.of(self.entities, self.parts.countries, model.company)
        self.part_state = extend(self.part_state, len(parts.countries) - len(self.parts.countries))
        self.parts = parts
        names = [entity.country or entity.name for entity in self.entities]
        number = {name: place for place, name in enumerate(dict.fromkeys(names))}
        self.common = replace(self.common, country=np.array([number[name] for name in names], np.intp))

    @property
    def voters(self) -> np.ndarray:
        """Which series tell what the feed does, ``(n,) bool``: the finest of each country."""
        types = np.array([entity.type for entity in self.entities])
        country = self.common.country
        has_parts = np.zeros(int(country.max(initial=-1)) + 1, np.bool_)
        has_parts[country[types != "country"]] = True
        return np.asarray((types != "country") | ~has_parts[country])


class Made(NamedTuple):
    """Judged bins ``(t, n)`` of one detector; ``health``: ones where it is not given."""

    start: np.ndarray
    value: np.ndarray
    width: int
    judged: Judged
    health: np.ndarray | None = None

    def columns(self) -> dict[str, np.ndarray]:
        """The columns of `Verdicts` with a row a bin and a column a series."""
        health = np.ones(self.value.shape, np.float32) if self.health is None else self.health
        own = {"value": self.value, "health": health, "likelihood": self.judged.likelihood, "left": self.judged.left}
        return own | {name: getattr(self.judged.verdict, name) for name in COLUMNS}


class JudgeStage:
    """Judges merged bins.

    Input: merged `Bins`, in order of start per signal.  Output: `Verdicts`, one frame for every fusion partition (by
    country) each time, so that all of them hear of the watermark.  A bin that comes again is ignored.

    What a feed's series have in common is divided out before they are judged (`detectors.common_mode`).  What a feed
    says that is stuck or broken is not observed: values go on as NaN, health as 0.  Countries with several parts in a
    signal have a series of these too, in frames of the detector ``parts``, which come first and move no watermark.
    """

    def __init__(self, model: Model, partitions: int) -> None:
        self.model, self.partitions = model, partitions
        self.series: dict[tuple[str, str], Series] = {}
        self.ended: dict[tuple[str, str], None] = {}

    def step(self, bins: Bins) -> list[Verdicts]:
        """Judge the bins of one frame; one that comes again after the end of its signal is nothing new."""
        key = (bins.run.id, bins.signal)
        if key in self.ended:
            return []
        if key not in self.series:
            self.series[key] = Series.new(bins.run, bins.signal, self.model)
        for gone in touch(self.series, key):
            remember(self.ended, gone)
        told = self._judge(self.series[key], bins)
        if bins.status == END:
            del self.series[key]
            remember(self.ended, key)
        return told

    def steps(self, frames: Sequence[Bins]) -> list[Verdicts]:
        """Judge frames, one after the other."""
        return [verdicts for bins in frames for verdicts in self.step(bins)]

    def _judge(self, series: Series, bins: Bins) -> list[Verdicts]:
        fresh = np.flatnonzero(bins.start > series.judged)
        columns = series.columns(bins.entities)
        if not len(fresh):
            return self._frames(series, bins, bins.entities, _nothing(len(bins.entities)))
        start, n = bins.start[fresh], len(series.entities)
        x, health = np.full((len(fresh), n), np.nan), np.zeros((len(fresh), n))
        x[:, columns], health[:, columns] = bins.value[fresh], np.nan_to_num(bins.health[fresh])
        voters = series.voters
        is_feed = int(voters.sum()) >= self.model.company
        stuck = series.stuck.take(x)
        x = usable(np.where(stuck[:, None], np.nan, x), _context(bins.width, health), series.detector.quorum)

        def common(ratio: np.ndarray, noise: np.ndarray, low: np.ndarray, t: np.ndarray) -> np.ndarray:
            return series.common.shares(np.where(voters, ratio, np.nan), noise, low, t, bins.width)

        context = _context(bins.width, health)
        series.state, judged = series.detector.evidence(series.state, x, start, context, common if is_feed else None)
        series.judged = int(start[-1])
        blind = (stuck | np.isnan(judged.common))[:, None]
        gone = blind & ~np.isnan(bins.health[fresh])
        made = Made(start, np.where(blind, np.nan, bins.value[fresh]), bins.width, judged.of(columns))
        made = made._replace(health=np.where(gone, np.float32(0), bins.health[fresh]))
        told = []
        for name, entities, own in self._beside(series, x, judged, start, bins.width):
            told += self._frames(series, replace(bins, watermark=NEVER, status=UP), entities, own, name)
        return told + self._frames(series, bins, bins.entities, made)

    def _beside(
        self, series: Series, x: np.ndarray, judged: Judged, start: np.ndarray, width: int
    ) -> Iterator[tuple[str, tuple[Entity, ...], "Made"]]:
        """What is made of bins ``(t, n)`` beside them: the series of countries from their parts, and daily means."""
        detector, countries = series.detector, series.parts.countries
        if countries:
            value = series.parts.values(judged.ratio)
            context = _context(width, np.ones(value.shape))
            series.part_state, made = detector.evidence(series.part_state, value, start, context)
            yield PARTS, countries, Made(start, value, width, made)
        if kind_of(series.signal) in SLOW and width < DAY:
            series.daily, days, means = series.daily.take(x, judged.verdict.expected, start, width)
            if len(days):
                context = _context(DAY, np.ones(means.shape))
                slow = detector.daily()
                series.daily_state, made = slow.evidence(series.daily_state, means, days, context)
                yield DAILY, tuple(series.entities), Made(days, means, DAY, made)

    def _frames(
        self, series: Series, bins: Bins, entities: tuple[Entity, ...], made: "Made", name: str = Predictive.name
    ) -> list[Verdicts]:
        """A frame for every fusion partition; the first that has an entity tells what is common."""
        homes = self._homes(series, entities)
        teller = next((partition for partition, rows in enumerate(homes) if len(rows)), 0)
        common = made.judged.common if name == Predictive.name else np.full(len(made.start), np.nan)
        columns = made.columns()
        return [
            Verdicts(
                run=bins.run, feed=bins.feed, partition=partition, signal=bins.signal, detector=name, width=made.width,
                watermark=bins.watermark, status=bins.status, entities=tuple(entities[i] for i in rows.tolist()),
                start=made.start, common=common if partition == teller else np.full(len(made.start), np.nan),
                **{column: values[:, rows] for column, values in columns.items()},
            )
            for partition, rows in enumerate(homes)
        ]  # fmt: skip

    def _homes(self, series: Series, entities: tuple[Entity, ...]) -> list[np.ndarray]:
        """Where the entities of each fusion partition stand in a frame."""
        found = series.homes.get(entities)
        if found is None:
            home = np.array([partition_for(e.country or e.name, self.partitions) for e in entities], np.intp)
            found = [np.flatnonzero(home == partition) for partition in range(self.partitions)]
            series.homes = (series.homes if len(series.homes) < 3 else {}) | {entities: found}
        return found

    def form(self) -> str:
        """The fields of the detector's state, which what is saved consists of."""
        arrays = pack_state(Predictive().init(0))
        each = ", ".join(f"{name} {a.dtype}{list(a.shape[1:])}" for name, a in arrays.items())
        return f"{Predictive.name}: {each}; {' '.join(KINDS)}"

    def save(self) -> bytes:
        """Every series' state."""
        head: list[Any] = []
        arrays: dict[str, np.ndarray] = {}
        for i, s in enumerate(self.series.values()):
            countries = s.parts.countries
            common = float(s.common.g), float(s.common.step), s.common.at
            head.append((s.run, s.signal, s.entities, countries, s.judged, common, s.stuck.save()))
            arrays |= {f"{i}.stuck": s.stuck.last, f"{i}.out": s.common.out}
            for name, state in (("own", s.state), ("parts", s.part_state), ("daily", s.daily_state), ("day", s.daily)):
                arrays |= {f"{i}.{name}.{key}": array for key, array in pack_state(state).items()}
        return pack((head, list(self.ended)), arrays)

    def load(self, state: bytes) -> None:
        """Take over saved series."""
        (head, ended), arrays = unpack(state)
        self.series, self.ended = {}, dict.fromkeys((run, signal) for run, signal in ended)
        for i, (run, signal, entities, countries, judged, common, stuck) in enumerate(head):
            series = Series.new(Run.of(run), signal, self.model)
            series.parts = Parts(tuple(Entity(*country) for country in countries))
            series.part_state = extend(series.part_state, len(countries))
            series.add([Entity(*entity) for entity in entities])
            series.common.g, series.common.step, series.common.at = common
            series.common.out = arrays[f"{i}.out"].copy()
            run_length, still, seen = stuck
            series.stuck = Stuck(self.model, run_length, still, seen, arrays[f"{i}.stuck"].copy())
            series.state, series.part_state, series.daily_state = (
                unpack_state(series.detector, _under(f"{i}.{name}.", arrays)) for name in ("own", "parts", "daily")
            )
            series.daily = Daily(**_under(f"{i}.day.", arrays) | {"day": int(arrays[f"{i}.day.day"])})
            series.judged = judged
            self.series[run[0], signal] = series


def _context(width: int, health: np.ndarray) -> Context:
    return Context(width, health, np.zeros(health.shape, np.int64), np.zeros(health.shape, np.int8))


def _nothing(n: int) -> Made:
    """No bin of n series."""
    none = np.empty((0, n))
    verdict = Verdict(none, none, none, none, np.empty((0, n), np.int8), np.empty((0, n), np.bool_))
    judged = Judged(verdict, np.empty((0, n, 5), np.float32), none.astype(np.float32), none, np.empty(0))
    return Made(np.empty(0, np.int64), none, 0, judged, np.empty((0, n), np.float32))


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Copies of the arrays whose names begin so, by the rest of their names."""
    return {name[len(prefix) :]: array.copy() for name, array in arrays.items() if name.startswith(prefix)}
