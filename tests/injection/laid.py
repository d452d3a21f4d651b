"""Losses laid over quiet stretches of the real recordings: what ours confirms of them, and the field's median."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

import numpy as np
from rich.table import Table

from detectors import REGISTRY
from pipeline.bins import DAY
from pipeline.engine import Engine, Output
from pipeline.evaluation.accounting import LOW, Called, Observed, account, fused, plain
from pipeline.evaluation.by_rule import ByRule
from pipeline.evaluation.cases import Case, Tolerance, usual_tolerance
from pipeline.evaluation.runs import ANY, OURS, WARNING, country_of
from pipeline.evaluation.traces import Collected
from pipeline.feeds import recordings
from pipeline.fusion import Beside, Fused
from pipeline.kinds import TRAFFIC, kind_of
from pipeline.records import Entity, Heartbeat, Outage, Rows, known
from tests.conftest import FOLDERS
from tests.evaluation.measured import cases_in
from tests.injection.given import HOUR, minutes, table
from tests.replay.stages import Stages
from tests.replay.tapes import pieces
from tests.tracked import tracked

CLASSES = {
    "routes": "places seen by their routes alone", "probes": "places seen by their probes alone",
    "several": "places with several signals, all of which fall",
    "traffic": "places seen by their traffic alone", "daily": "places seen by their users a day alone",
}  # fmt: skip
LOSSES = (0.20, 0.35, 0.60, 0.90)
HOURS = (3, 6, 12, 24, 48)
ROOM = ((21 * DAY, 3 * DAY), (2 * DAY, 3 * DAY), (2 * DAY, 2 * HOUR), (DAY, 2 * HOUR))
"""Past before a loss, and time between it and the labels with their tolerance [s]: the first that a recording has."""
AFTER, BINS = 12 * HOUR, 4
"""A recording goes on after a loss for so long [s], and for so many of its widest bins."""
PIECE = 6 * HOUR
"""A recording is replayed in pieces of so long, at whose begins copies go on with losses [s]."""
PARTS, SPARED = 5, 0.2
"""A country is seen in its parts if it has so many; such a share of them loses nothing."""
FEW = 100
"""Counts with a smaller median are thinned by chance; other values are multiplied."""
MEDIAN = "median"
READERS = (OURS, f"{MEDIAN}, {ANY}", f"{MEDIAN}, {WARNING}")
Said = dict[str, list[Called]]
"""Confirmed outages by reader."""


@dataclass(frozen=True, eq=False)
class Source:
    """A recording, or its traffic alone; ``series``: the rows of each signal."""

    case: Case
    series: tuple[Rows, ...]

    @cached_property
    def widest(self) -> Rows:
        return max(self.series, key=lambda rows: rows.width)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        return tuple(sorted({entity for rows in self.series for entity in rows.entities}))

    @property
    def kind(self) -> str:
        """One of `CLASSES`."""
        if len(self.series) > 1:
            return "several"
        kinds = {"bgp": "routes", "probing": "probes", TRAFFIC: "daily" if self.widest.width == DAY else "traffic"}
        return kinds[kind_of(self.widest.signal)]

    @property
    def observed(self) -> Observed:
        begin, last = (int(f([f(rows.time) for rows in self.series])) for f in (np.min, np.max))
        end, n = last + self.widest.width, len(self.entities)
        return Observed(begin, last, end, n, float(n * (end - begin)))

    def parts(self, country: Entity) -> list[Entity]:
        """The networks or regions in which a country is seen, none where these are few."""
        own = [entity for entity in self.entities if entity != country and entity.country == country.name]
        return own if len(own) >= PARTS else []

    def places(self) -> tuple[list[Entity], list[Entity]]:
        """The countries that are seen in their parts, and the other places."""
        names = {entity.country for entity in self.entities}
        whole = [own for name in sorted(names) if self.parts(own := Entity("country", name, name))]
        return whole, [entity for entity in self.entities if entity not in whole]

    def tolerance(self, engine: Engine) -> Tolerance:
        return self.case.tolerance or usual_tolerance(self.widest.width, engine.settings.evaluating)

    def onsets(self, place: Entity, hours: int, engine: Engine) -> tuple[int, np.ndarray]:
        """Index of the `ROOM` there is, and when a loss of so many hours may begin ``(n,)`` [s]."""
        rows, lasts, exact = self.widest, hours * HOUR, self.tolerance(engine)
        own = [entity in (place, *self.parts(place)) for entity in rows.entities]
        at = np.unique(rows.time[np.array(own)[rows.entity]])
        few, until = (1 if rows.width == DAY else 2), self.observed.end - DAY - lasts
        bins = np.searchsorted(at, at + lasts) - np.arange(len(at))
        # some bins may be missing, as the last day of each month, but no more than half
        fits = (lasts >= few * rows.width) & (bins >= max(few, lasts / rows.width / 2)) & (at <= until)
        spans = [*(exact.grown(label) for label in self.case.labels), *(window.span for window in exact.ignored)]
        for index, (past, around) in enumerate(ROOM):
            quiet = fits & (at >= self.observed.begin + past)
            for span in spans:
                quiet &= (at + lasts <= span.start - around) | (at >= span.end + around)
            if quiet.any():
                return index, at[quiet]
        return len(ROOM), at[:0]


@dataclass(frozen=True)
class Stretch:
    """A quiet stretch of a place: an onset [s], and for how many hours a loss may last from there."""

    source: Source
    place: Entity
    onset: int
    hours: tuple[int, ...]
    seed: int

    @property
    def since(self) -> int:
        """The begin of the piece of the onset [s]: the recording is the same before."""
        return self.onset // PIECE * PIECE

    def laid(self, loss: float, hours: int) -> list[Rows]:
        """The series with a loss.  A country that has a series beside those of its parts loses what they do."""
        random, made = np.random.default_rng((self.seed, self.onset)), []
        parts = self.source.parts(self.place)
        country = Entity("country", self.place.country, self.place.country)
        for rows in self.source.series:
            inside = (rows.time >= self.onset) & (rows.time < self.onset + hours * HOUR)
            value, shares = rows.value.copy(), {self.place: loss}
            if parts:
                before = (rows.time >= self.onset - DAY) & (rows.time < self.onset)
                levels = [np.nansum(rows.value[before & _of(rows, part)]) for part in parts]
                shares = dict(zip(parts, unlike(np.array(levels), loss, random), strict=True))
            for entity, share in shares.items():
                own = inside & _of(rows, entity)
                value[own] = less(value[own], share, rows.value[_of(rows, entity)], random)
            for row in np.flatnonzero(inside & _of(rows, country)) if country not in shares else ():
                value[row] -= np.nansum((rows.value - value)[rows.time == rows.time[row]])
            made.append(replace(rows, value=value))
        return made

    def rest(self, loss: float, hours: int) -> list[Rows]:
        """The same from the piece of the onset to some time after the loss."""
        until = self.onset + hours * HOUR + max(AFTER, BINS * self.source.widest.width)
        series = self.laid(loss, hours)
        return [rows.take((rows.time >= self.since) & (rows.time < until)) for rows in series]

    def found(self, called: Iterable[Called], hours: int) -> int | None:
        """How long after the onset an outage of the place, or of its country, was confirmed that overlaps the loss [s].

        One that was confirmed before does not count.
        """
        over, wanted = self.onset + hours * HOUR, {self.place[:2], ("country", self.place.country)}
        own = [o for o in called if o.entity[:2] in wanted and o.start < over and (o.end is None or o.end > self.onset)]
        return min((o.confirmed - self.onset for o in own if o.confirmed > self.onset), default=None)


def _of(rows: Rows, entity: Entity) -> np.ndarray:
    """Which rows ``(n,) bool`` are of an entity."""
    return np.array([one == entity for one in rows.entities])[rows.entity]


def unlike(levels: np.ndarray, loss: float, random: np.random.Generator) -> np.ndarray:
    """Unlike shares ``(n,)`` that parts of these levels ``(n,)`` lose, so that of all together ``loss`` is lost [0-1].

    `SPARED` lose nothing, or fewer, where these have more than half of what is left.

    Examples
    --------
    >>> levels = np.array([50.0, 3.0, 10.0, 20.0, 17.0])
    >>> lost = unlike(levels, 0.6, np.random.default_rng(1))
    >>> round(float(levels @ lost / levels.sum()), 3), int((lost == 0).sum())
    (0.6, 1)
    """
    weight, left, kept, spared = levels / levels.sum(), 1 - random.beta(2 * loss, 2 * (1 - loss), len(levels)), 0.0, 0
    left = left.clip(0.01, 0.99)
    for i in random.permutation(len(levels)).tolist():
        if spared + 1 <= SPARED * len(levels) and kept + weight[i] <= (1 - loss) / 2:
            left[i], kept, spared = 1.0, kept + weight[i], spared + 1
    low, high = -20.0, 20.0
    for _ in range(60):  # the power of what is left, by bisection
        middle = (low + high) / 2
        low, high = (middle, high) if weight @ left ** np.exp(middle) > 1 - loss else (low, middle)
    return np.asarray(1 - left ** np.exp(low))


def less(value: np.ndarray, share: float, series: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Values ``(n,)`` without a share [0-1], in the steps of their series."""
    seen = series[~np.isnan(series)]
    digits = next(d for d in range(-6, 13) if d == 12 or np.allclose(seen, seen.round(d), rtol=0, atol=1e-9))
    if digits <= 0 and np.median(seen) < FEW:
        return np.where(np.isnan(value), np.nan, random.binomial(np.nan_to_num(value).astype(int), 1 - share))
    return np.asarray((value * (1 - share)).round(digits))


def sources(classes: Collection[str] = tuple(CLASSES)) -> list[Source]:
    """The recordings of these classes, and the traffic alone of those with several signals."""
    found = []
    for case in cases_in(FOLDERS):
        (recording,) = recordings([str(case.folder)])
        rows = [item for item in recording.items if isinstance(item, Rows)]
        series = tuple(joined([own for own in rows if own.signal == signal]) for signal in recording.signals)
        alone = [(own,) for own in series if kind_of(own.signal) == TRAFFIC and len(series) > 1]
        found += [Source(case, own) for own in (series, *alone)]
    return [source for source in found if source.kind in classes]


def joined(rows: Sequence[Rows]) -> Rows:
    """The pieces of a series as one."""
    entities = tuple(sorted({entity for own in rows for entity in own.entities}))
    place = {entity: i for i, entity in enumerate(entities)}
    entity = [np.array([place[each] for each in own.entities], np.int32)[own.entity] for own in rows]
    time, value = (np.concatenate([getattr(own, name) for own in rows]) for name in ("time", "value"))
    return replace(rows[0], entities=entities, time=time, entity=np.concatenate(entity), value=value)


def stretches(own: Sequence[Source], seeds: int, engine: Engine) -> list[Stretch]:
    """So many for each of the `HOURS`, in the sources by turns, first of countries and then of other places.

    Where there is room in plenty, one stretch serves for all lengths.
    """
    wholes, others = ([(one, group) for one in own if (group := one.places()[i])] for i in (0, 1))
    turns, made = [*wholes, *others], []
    for seed in range(seeds):
        source, places = turns[seed % len(turns)]
        random = np.random.default_rng((seed, crc32(source.case.name.encode())))
        place, onset, chosen = places[random.integers(len(places))], -1, defaultdict[int, list[int]](list)
        for hours in reversed(HOURS):
            room, at = source.onsets(place, hours, engine)
            if len(at):
                onset = onset if onset in at and room == 0 else int(random.choice(at))
                chosen[onset].append(hours)
        made += [Stretch(source, place, at, tuple(lasting), seed) for at, lasting in chosen.items()]
    return made


def replayed(
    source: Source, own: Iterable[Stretch], engine: Engine
) -> Iterator[tuple[Stretch | None, float, int, list[Output]]]:
    """What an engine puts out for each stretch, loss and hours; and last for the recording as it is.

    The recording is replayed once; at the begin of each stretch copies of the stages go on with the losses.
    """
    stages, said = Stages(engine, "table"), list[Output]()
    waiting = sorted(own, key=lambda stretch: stretch.since)
    for frame in pieces(list(source.series), PIECE):
        while waiting and isinstance(frame, Heartbeat) and frame.time >= waiting[0].since:
            stretch = waiting.pop(0)
            near = [one for one in said if _end(one) >= stretch.since - 2 * DAY]
            for loss in LOSSES:
                for hours in stretch.hours:
                    rest = deepcopy(stages).steps(pieces(stretch.rest(loss, hours), PIECE).sent)
                    yield stretch, loss, hours, [*near, *rest]
        said += stages.steps([frame])
    yield None, 0.0, 0, said


def _end(output: Output) -> float:
    """When an output ends [s]: a bin with its end, anything else never."""
    if isinstance(output, Fused | Beside):
        return float(output.verdicts.start[output.bin] + output.verdicts.width)
    return float("inf")


def called(source: Source, outputs: Iterable[Output], engine: Engine) -> Said:
    """The confirmed outages among the outputs of an engine, by every reader of it."""
    places = known(source.entities)
    if not isinstance(engine, ByRule):
        return {OURS: fused({o.id: o for o in outputs if isinstance(o, Outage)}.values(), places)}
    collected, gap = Collected(), engine.settings.evaluating.gap
    for output in outputs:
        collected.see(output)
    traces = collected.traces()
    return {READERS[1]: plain(traces, gap), READERS[2]: plain(traces, gap, LOW)}


@dataclass
class Counted:
    """What came of a class: time to the confirmation of each loss [s], or None, by reader, loss and hours; and false
    outages by reader, in so many days of places."""

    after: dict[tuple[str, float, int], list[int | None]]
    false: dict[str, int]
    days: float = 0.0


def counted(kind: str, seeds: int, engine: Engine) -> Counted:
    """What came of a class."""
    own = sources([kind])
    drawn, made = stretches(own, seeds, engine), Counted(defaultdict(list), dict.fromkeys(READERS, 0))
    for source in tracked(own, f"recordings of {kind}", len(own)):
        for reader in (engine, ByRule(engine.settings, rule=REGISTRY[MEDIAN])):
            mine = [stretch for stretch in drawn if stretch.source is source]
            for stretch, loss, hours, outputs in replayed(source, mine, reader):
                for name, found in called(source, outputs, reader).items():
                    if stretch:
                        made.after[name, loss, hours].append(stretch.found(found, hours))
                    else:
                        made.false[name] += false(source, found, engine)
        made.days += source.observed.seconds / DAY
    return made


def false(source: Source, found: Iterable[Called], engine: Engine) -> int:
    """How many outages of the recording as it is no label explains."""
    places, exact = known(source.entities), source.tolerance(engine)
    labels, observed = source.case.labels, source.observed
    return len(account(found, labels, exact, observed, lambda label: country_of(label, places)).false)


def tables(seeds: int, engine: Engine, classes: Iterable[str] = tuple(CLASSES)) -> Iterator[Table]:
    """A table for each class: how many of so many losses were found, and the median of minutes after the onset."""
    for kind in classes:
        made, rows = counted(kind, seeds, engine), []
        for loss in LOSSES:
            for name in READERS:
                cells = (made.after[name, loss, hours] for hours in HOURS)
                shown = (
                    f"{sum(t is not None for t in one)}/{len(one)}, {minutes(one)}" if one else "" for one in cells
                )
                rows.append((f"{100 * loss:.0f} %", name, *shown, made.false[name] if loss == LOSSES[0] else ""))
        yield table(
            f"laid, {kind}: {CLASSES[kind]}; found of tried, median of min after the onset",
            ["lost", "by", *(f"{hours} h" for hours in HOURS), f"false in {made.days:,.0f} days of places as they are"],
            rows,
        )  # fmt: skip
