"""What every signal showed of every entity, and what was said of it, bin by bin: collected from the engine's output."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from detectors.base import UNKNOWN
from pipeline.evaluation.spans import Span, joined, seconds_within
from pipeline.fusion import Beside, Fused
from pipeline.records import Entity, Verdicts

COLUMNS = ("value", "expected", "lower", "upper", "score", "state", "settled")


@dataclass(frozen=True)
class Trace:
    """One entity in one signal, judged by one detector; arrays ``(t,)`` as in `pipeline.records.Verdicts`.

    start ``int64`` [s], width [s]; value NaN where nothing was observed; state as in `detectors.base.STATES`; settled:
    whether an outage could be confirmed; common: the share of their level at which all series of the signal stood at
    once, 1 = they did not.
    """

    signal: str
    detector: str
    entity: Entity
    width: int
    start: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    score: np.ndarray
    state: np.ndarray
    settled: np.ndarray
    common: np.ndarray

    @property
    def is_observed(self) -> np.ndarray:
        """Bins with a value ``(t,) bool``."""
        return ~np.isnan(self.value)

    def stretches(self, bins: np.ndarray) -> list[Span]:
        """The time of some bins ``(t,) bool``: an uneven bin lasts no longer than to the next one."""
        end = self.start + self.width
        if len(end):
            end[:-1] = np.minimum(end[:-1], self.start[1:])
        return joined(Span(int(a), int(b)) for a, b in zip(self.start[bins], end[bins], strict=True))


@dataclass
class Collected:
    """Takes in what comes out of an engine, and keeps all verdicts."""

    bins: dict[tuple[str, str, Entity], list[tuple[Verdicts, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    moved: dict[tuple[str, int], float] = field(default_factory=dict)

    def see(self, output: object) -> None:
        """Take in one output."""
        if isinstance(output, Fused | Beside):
            verdicts = output.verdicts
            start, common = int(verdicts.start[output.bin]), float(verdicts.common[output.bin])
            if not math.isnan(common):  # of all partitions one tells
                self.moved[verdicts.signal, start] = common
            for column, entity in enumerate(verdicts.entities):
                self.bins[verdicts.signal, verdicts.detector, entity].append((verdicts, output.bin, column))

    def traces(self) -> list[Trace]:
        """All of it by signal, detector and entity, in that order; bins in order of time."""
        return [self._trace(*key, cells) for key, cells in sorted(self.bins.items())]

    def _trace(self, signal: str, detector: str, entity: Entity, cells: list[tuple[Verdicts, int, int]]) -> Trace:
        start = np.array([verdicts.start[row] for verdicts, row, _ in cells], np.int64)
        columns = {name: np.array([getattr(v, name)[row, column] for v, row, column in cells]) for name in COLUMNS}
        common = np.array([self.moved.get((signal, at), 1.0) for at in start.tolist()])
        return Trace(signal, detector, entity, cells[-1][0].width, start, **columns, common=common)


Choose = Callable[[Entity], bool]


def refused(traces: Iterable[Trace], windows: Iterable[Span], of: Choose = lambda entity: True) -> float:
    """Share of the observed time of ``windows`` in which no signal of an entity got a verdict [0-1]; NaN where none is.

    Nothing is said where the past is too short to say it, or the series too small.  Time counts once for each entity
    that ``of`` is true for, however many signals it has.
    """
    seen: dict[Entity, tuple[list[Span], list[Span]]] = defaultdict(lambda: ([], []))
    for trace in traces:
        if of(trace.entity):
            observed, judged = seen[trace.entity]
            observed += trace.stretches(trace.is_observed)
            judged += trace.stretches(trace.is_observed & (trace.state != UNKNOWN))
    whole = silent = 0
    for window in windows:
        for observed, judged in seen.values():
            whole += (there := seconds_within(joined(observed), window))
            silent += there - seconds_within(joined(judged), window)
    return silent / whole if whole else float("nan")
