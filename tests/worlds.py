"""The whole path, with what cures a trap or without it: series through the engine, and what was said on the way."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detectors import REGISTRY
from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, AnyDetector
from pipeline.bins import DAY, Cadence
from pipeline.engine import Engine, chain
from pipeline.feeds import read_entities, read_table
from pipeline.fusion import Beside, Fused
from pipeline.records import Entity, Outage, Rows, Run, Verdicts
from pipeline.settings import Settings
from tests.replay.tapes import pieces
from tests.replay.truth import confirmed

HOUR = 3600
MONDAY = 2818 * 7 * DAY + 4 * DAY
"""8 January 2024, when made series begin [s]."""

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)
PK = Entity("country", "PK", "PK")

Series = list[Rows]
"""One or more signals."""


class Said(NamedTuple):
    """What one detector said of one entity, arrays ``(t,)``; ``common``: what the feed shows of all."""

    t: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    score: np.ndarray
    state: np.ndarray
    common: np.ndarray

    def between(self, begin: float, end: float) -> "Said":
        """The bins that start in ``[begin, end)`` [s]."""
        inside = (self.t >= begin) & (self.t < end)
        return Said(*(column[inside] for column in self))

    @property
    def low(self) -> np.ndarray:
        """Which bins are low, provisional or confirmed ``(t,) bool``."""
        return np.isin(self.state, LOW)

    @property
    def sure(self) -> np.ndarray:
        """Which bins are confirmed low ``(t,) bool``."""
        return self.state == LOW_CONFIRMED


@dataclass(frozen=True)
class Played:
    """What came out of the path: outages, each by its last revision, in order of onset, and every bin's verdicts."""

    first: str
    outages: list[Outage]
    bins: list[tuple[Verdicts, int]]

    def of(self, entity: str) -> list[Outage]:
        """The confirmed outages of an entity."""
        return [outage for outage in confirmed(self.outages) if outage.entity == entity]

    def said(self, entity: str, signal: str, detector: str = "") -> Said:
        """What was said of an entity: by the detector of that name, else by the first."""
        rows = []
        for v, i in self.bins:
            names = [each.name for each in v.entities]
            if v.signal == signal and v.detector == (detector or self.first) and entity in names:
                j = names.index(entity)
                columns = (v.value, v.expected, v.score, v.state)
                rows.append((v.start[i], *(column[i, j] for column in columns), v.common[i]))
        return Said(*(np.array(column) for column in zip(*rows, strict=True)))


def played(series: Series, settings: Settings | None = None, **changed: dict[str, Any]) -> Played:
    """Series through the engine; ``changed``: parameters of detectors, by their names, that are not the usual ones."""
    settings = settings or Settings()
    first = settings.judging.detector
    engine = Engine(settings, {**REGISTRY, **{name: made_with(REGISTRY[name], own) for name, own in changed.items()}})
    out = list(chain(pieces(series), engine))  # type: ignore[arg-type]
    last = {each.id: each for each in out if isinstance(each, Outage)}
    bins = [(each.verdicts, each.bin) for each in out if isinstance(each, Fused | Beside)]
    return Played(first, sorted(last.values(), key=lambda outage: (outage.start, outage.id)), bins)


def made_with(usual: Callable[[str], AnyDetector], changed: dict[str, Any]) -> Callable[[str], AnyDetector]:
    """Makes the usual detector of a signal with other parameters."""
    return lambda signal: replace(usual(signal), **changed)


def case(data: Path, name: str, *signals: str, cadences: Mapping[str, Cadence] | None = None) -> Series:
    """The series of a labelled case: all of them, or these signals."""
    folder = data / "signals" / name
    kin = read_entities(folder / "entities.csv") if (folder / "entities.csv").exists() else {}
    with gzip.open(folder / "signals.csv.gz") as stream:
        table = read_table(stream, kin, cadences)
    return [rows for rows in table.series if not signals or rows.signal in signals]


def where(series: Series, keep: Callable[[Rows], np.ndarray]) -> Series:
    """The rows that are to be kept, ``keep(rows) -> (n,) bool``: what is left out was not observed."""
    return [rows.take(keep(rows)) for rows in series]


def between(series: Series, begin: int, end: int) -> Series:
    """The rows of ``[begin, end)`` [s]: a test needs no more days than the trap."""
    return where(series, lambda rows: (rows.time >= begin) & (rows.time < end))


def hours(days: float, width: int = HOUR) -> np.ndarray:
    """Starts of the bins of so many days, from 0 on [s]."""
    return np.arange(0, int(days * DAY), width, dtype=np.int64)


def noisy(mean: np.ndarray, noise: float, seed: int = 1) -> np.ndarray:
    """Whole numbers around a mean, ``noise`` as a share of it."""
    return np.rint(mean * np.random.default_rng(seed).normal(1, noise, mean.shape))


def made_rows(signal: str, x: np.ndarray, *entities: Entity, width: int = HOUR, start: int = MONDAY) -> Rows:
    """A made series ``x (t, n)``, NaN where there is no row; a series ``(t,)`` is one country's."""
    x = x[:, None] if x.ndim == 1 else x
    at, column = np.nonzero(~np.isnan(x))
    time = start + width * at.astype(np.int64)
    return Rows(
        Run(), "table", 0, signal, width, (), 0, entities or (PK,), time, column.astype(np.int32), x[at, column]
    )  # fmt: skip
