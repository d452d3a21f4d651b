"""The judge stage: one detector says of every bin of a signal what it expected and what it thinks of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Context, Detector, Verdict
from detectors.state import extend
from detectors.state import pack as pack_state
from detectors.state import unpack as unpack_state
from pipeline.bins import NEVER
from pipeline.common import Votes, common_mode, shifted, votes, without
from pipeline.records import END, Bins, Entity, Run, Verdicts
from pipeline.runs import touch
from pipeline.settings import Judging
from pipeline.snapshot import pack, unpack
from pipeline.topics import partition_for

Calendar = Callable[[tuple[str, ...], int], tuple[np.ndarray, np.ndarray]]
"""``(countries, time [s])`` -> local week slot [s] and day kind, each ``(n,)``."""


@dataclass
class Series:
    """All series of one signal of one run; ``level``: the shift that their feed has had for days, as a logarithm."""

    run: Run
    signal: str
    detector: Detector
    state: Any
    entities: list[Entity] = field(default_factory=list)
    countries: tuple[str, ...] = ()
    judged: int = NEVER
    level: float = 0.0
    who: Votes | None = None
    places: dict[tuple[Entity, ...], np.ndarray] = field(default_factory=dict)
    homes: dict[tuple[Entity, ...], list[np.ndarray]] = field(default_factory=dict)


class JudgeStage:
    """Judges merged bins.

    Input: merged `Bins`, in order of start per signal.  Output: `Verdicts`, one frame for every fusion partition (by
    country) each time, so that all of them hear of the watermark.  A bin that comes again is ignored.

    What a feed's series have in common (`pipeline.common`) is divided out before they are judged: the detector sees a
    feed that is whole.  The value that goes on is the one that came, what was expected of it is as the feed shows it.
    """

    def __init__(
        self, detector: Callable[[str], Detector], calendar: Calendar, partitions: int,
        settings: Judging | None = None,
    ) -> None:  # fmt: skip
        self.detector, self.calendar, self.partitions = detector, calendar, partitions
        self.settings = settings or Judging()
        self.series: dict[tuple[str, str], Series] = {}

    def step(self, bins: Bins) -> list[Verdicts]:
        """Judge the bins of one frame."""
        series = self._series(bins)
        fresh = np.flatnonzero(bins.start > series.judged)
        columns = self._columns(series, bins.entities)
        judged = [self._judge(series, bins, int(i), columns) for i in fresh]
        verdicts = [verdict for verdict, _ in judged]
        shape = (len(fresh), len(bins.entities))
        fields = {
            name: np.array([getattr(v, name)[columns] for v in verdicts]).reshape(shape)
            for name in ("expected", "lower", "upper", "score", "state", "settled")
        }
        fields |= {"value": bins.value[fresh], "health": bins.health[fresh], "start": bins.start[fresh]}
        fields["common"] = np.array([common for _, common in judged], np.float64)
        if bins.status == END:
            del self.series[bins.run.id, bins.signal]
        homes = self._homes(series, bins.entities)
        teller = next((partition for partition, own in enumerate(homes) if len(own)), 0)
        return [self._frame(series, bins, fields, partition, teller) for partition in range(self.partitions)]

    def _series(self, bins: Bins) -> Series:
        key = (bins.run.id, bins.signal)
        if key not in self.series:
            detector = self.detector(bins.signal)
            self.series[key] = Series(bins.run, bins.signal, detector, detector.init(0))
        touch(self.series, key)
        return self.series[key]

    def _columns(self, series: Series, entities: tuple[Entity, ...]) -> np.ndarray:
        """Where the frame's entities stand in the detector's state; new ones are appended to it."""
        if entities not in series.places:
            known = {entity[:2]: i for i, entity in enumerate(series.entities)}
            fresh = [entity for entity in entities if entity[:2] not in known]
            if fresh:
                series.state = extend(series.state, len(fresh))
                known |= {entity[:2]: len(known) + i for i, entity in enumerate(fresh)}
                series.entities += fresh
                series.countries = tuple(entity.country for entity in series.entities)
                series.who = None
            series.places = {entities: np.array([known[entity[:2]] for entity in entities], np.intp)}
        return series.places[entities]

    def _judge(self, series: Series, bins: Bins, i: int, columns: np.ndarray) -> tuple[Verdict, float]:
        """The verdict on bin ``i``, and the share at which all of its series stand for their feed's reasons."""
        start = int(bins.start[i])
        size = len(series.entities)
        x, health = np.full(size, np.nan), np.zeros(size)
        health[columns] = np.nan_to_num(bins.health[i])
        x[columns] = bins.value[i]
        slot, day = self.calendar(series.countries, start)
        context = Context(bins.width, health, slot, day)
        before = without(x, series.level)
        state, verdict = series.detector.step(series.state, before, start, context)
        if series.who is None:
            series.who = votes(series.signal, series.entities, self.settings)
        shift = common_mode(before, verdict, series.who, self.settings)
        if shift:
            own = without(x, series.level + shift)
            state, verdict = series.detector.step(series.state, own, start, context)
        verdict = shifted(verdict, series.level + shift)
        series.level -= float(np.expm1(-bins.width / self.settings.common_follow)) * shift
        series.state, series.judged = state, start
        return verdict, float(np.exp(shift))

    def _frame(
        self, series: Series, bins: Bins, fields: dict[str, np.ndarray], partition: int, teller: int
    ) -> Verdicts:
        own = self._homes(series, bins.entities)[partition]
        common = fields["common"] if partition == teller else np.full(len(fields["start"]), np.nan)
        columns = {name: a[:, own] for name, a in fields.items() if name not in ("start", "common")}
        return Verdicts(
            run=bins.run, feed=bins.feed, partition=partition, signal=bins.signal, detector=series.detector.name,
            width=bins.width, watermark=bins.watermark, status=bins.status,
            entities=tuple(bins.entities[i] for i in own.tolist()),
            start=fields["start"], common=common, **columns,
        )  # fmt: skip

    def _homes(self, series: Series, entities: tuple[Entity, ...]) -> list[np.ndarray]:
        """Where the entities of each fusion partition stand in a frame."""
        if entities not in series.homes:
            home = np.array([partition_for(e.country or e.name, self.partitions) for e in entities], np.intp)
            series.homes = {entities: [np.flatnonzero(home == partition) for partition in range(self.partitions)]}
        return series.homes[entities]

    def form(self) -> str:
        """The detector and the fields of its state, which what is saved consists of."""
        detector = self.detector("")
        arrays = pack_state(detector.init(0))
        return f"{detector.name}: " + ", ".join(f"{name} {a.dtype}{list(a.shape[1:])}" for name, a in arrays.items())

    def save(self) -> bytes:
        """Every series' detector state."""
        head: list[Any] = []
        arrays: dict[str, np.ndarray] = {}
        for i, s in enumerate(self.series.values()):
            packed = pack_state(s.state)
            head.append((s.run, s.signal, s.entities, s.judged, s.level))
            arrays |= {f"{i}.{name}": array for name, array in packed.items()}
        return pack(head, arrays)

    def load(self, state: bytes) -> None:
        """Take over saved series."""
        head, arrays = unpack(state)
        self.series = {}
        for i, (run, signal, entities, judged, level) in enumerate(head):
            prefix = f"{i}."
            own = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
            detector = self.detector(signal)
            self.series[run[0], signal] = Series(
                Run(run[0], run[1], tuple(run[2])), signal, detector, unpack_state(detector, own),
                [Entity(*e) for e in entities], tuple(e[2] for e in entities), judged, level,
            )  # fmt: skip
