"""Values and verdicts of every signal and entity, bin by bin; and what the parts of a country show together."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from detectors.base import UNKNOWN
from pipeline.bins import ends_of
from pipeline.evaluation.spans import Span, joined, seconds_within, touch
from pipeline.fusion import Beside, Fused
from pipeline.records import DAILY, PARTS, Entity, Verdicts

COLUMNS = ("value", "expected", "lower", "upper", "score", "state", "settled")


@dataclass(frozen=True)
class Trace:
    """One entity in one signal, judged by one detector; arrays ``(t,)`` as in `pipeline.records.Verdicts`.

    start ``int64`` [s], width [s]; value NaN where nothing was observed; state as in `detectors.base.STATES`; settled:
    whether an outage could be confirmed; common: the common mode of the signal, as a share of the level [-].
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
    def is_made(self) -> bool:
        """Whether its values are made of others, see `pipeline.records.Verdicts`."""
        return self.detector in (PARTS, DAILY)

    @property
    def is_observed(self) -> np.ndarray:
        return ~np.isnan(self.value)

    @property
    def is_judged(self) -> np.ndarray:
        return self.is_observed & (self.state != UNKNOWN)

    def within(self, time: Span) -> np.ndarray:
        return (self.start < time.end) & (self.ends > time.start)

    @cached_property
    def observed(self) -> list[Span]:
        return self.stretches(self.is_observed)

    @cached_property
    def judged(self) -> list[Span]:
        return self.stretches(self.is_judged)

    @cached_property
    def ends(self) -> np.ndarray:
        return ends_of(self.start, self.width)

    def stretches(self, bins: np.ndarray) -> list[Span]:
        """The time of some bins ``(t,) bool``, as few spans as possible."""
        start, end = self.start[bins], self.ends[bins]
        if not len(start):
            return []
        breaks = np.flatnonzero(start[1:] > end[:-1])
        first, last = np.append(0, breaks + 1), np.append(breaks, len(start) - 1)
        return [Span(*pair) for pair in zip(start[first].tolist(), end[last].tolist(), strict=True)]


def silent(traces: Iterable[Trace], time: Span) -> str:
    """Why no trace of an entity has a verdict in a time that the recording has."""
    seen = [(trace, trace.within(time) & trace.is_observed) for trace in traces]
    if not any(then.any() for _, then in seen):
        return "it was not observed then"
    if all(np.isnan(trace.expected[then]).all() for trace, then in seen):
        return "its past was too short to compare with"
    return "the detector says nothing of values so small, or that stray so far"


@dataclass
class Collected:
    """Collects the verdicts from the output of an engine: of each frame the bins that came out."""

    frames: dict[int, tuple[Verdicts, list[int]]] = field(default_factory=dict)
    moved: dict[tuple[str, int], float] = field(default_factory=dict)

    def see(self, output: object) -> None:
        if isinstance(output, Fused | Beside):
            verdicts = output.verdicts
            start, common = int(verdicts.start[output.bin]), float(verdicts.common[output.bin])
            if not math.isnan(common):  # NaN in all partitions but one
                self.moved[verdicts.signal, start] = common
            self.frames.setdefault(id(verdicts), (verdicts, []))[1].append(output.bin)

    def traces(self) -> list[Trace]:
        alike: dict[tuple[str, str, tuple[Entity, ...]], list[tuple[Verdicts, list[int]]]] = defaultdict(list)
        for verdicts, bins in self.frames.values():
            alike[verdicts.signal, verdicts.detector, verdicts.entities].append((verdicts, bins))
        parts: dict[tuple[str, str, Entity], list[tuple[int, list[np.ndarray]]]] = defaultdict(list)
        for (signal, detector, entities), frames in alike.items():
            columns = [np.concatenate([getattr(v, name)[bins] for v, bins in frames]).T for name in COLUMNS]
            start = np.concatenate([verdicts.start[bins] for verdicts, bins in frames])
            common = np.array([self.moved.get((signal, at), 1.0) for at in start.tolist()])
            for entity, *own in zip(entities, *columns, strict=True):
                parts[signal, detector, entity].append((frames[-1][0].width, [start, common, *own]))
        return [self._trace(*key, own) for key, own in sorted(parts.items(), key=lambda part: part[0])]

    @staticmethod
    def _trace(signal: str, detector: str, entity: Entity, parts: list[tuple[int, list[np.ndarray]]]) -> Trace:
        start, common, *own = (np.concatenate(column) for column in zip(*(each for _, each in parts), strict=True))
        order = np.argsort(start, kind="stable")
        columns = dict(zip(COLUMNS, (column[order] for column in own), strict=True))
        return Trace(signal, detector, entity, parts[-1][0], start[order], **columns, common=common[order])


def refused(traces: Iterable[Trace], window: Span) -> float:
    """Share of the observed time of all entities without a verdict in any signal [0-1]; NaN where there is none."""
    seen: dict[Entity, list[Trace]] = defaultdict(list)
    for trace in traces:
        seen[trace.entity].append(trace)
    whole = silent = 0
    for own in seen.values():
        observed, judged = (joined(span for trace in own for span in getattr(trace, n)) for n in ("observed", "judged"))
        whole += (there := seconds_within(observed, window))
        silent += there - seconds_within(judged, window)
    return silent / whole if whole else float("nan")


def by_signal(traces: Iterable[Trace]) -> dict[str, list[Trace]]:
    """The traces by signal, each entity once."""
    found: dict[str, dict[Entity, Trace]] = {}
    for trace in traces:
        found.setdefault(trace.signal, {}).setdefault(trace.entity, trace)
    return {signal: list(own.values()) for signal, own in found.items()}


def together(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """Starts ``(t,)`` [s] and observed share of the expected sum ``(t,)`` [-], NaN where no part was observed."""
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    value, expected = (np.concatenate([getattr(trace, name) for trace in traces]) for name in ("value", "expected"))
    known = np.isfinite(value) & (expected > 0)
    seen, usual = (np.bincount(place[known], column[known], len(start)) for column in (value, expected))
    with np.errstate(invalid="ignore"):
        return start, seen / usual


def _judged_parts(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """Starts ``(t,) int64`` [s], and how many of these parts have a verdict then ``(t,)``."""
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    judged = np.concatenate([trace.is_judged for trace in traces])
    return start, np.bincount(place[judged], minlength=len(start))


def most_judged(traces: Iterable[Trace], time: Span, kind: str) -> int:
    """How many parts of a kind have a verdict at once in a time, at most, in one signal."""
    most = 0
    for own in by_signal(trace for trace in traces if trace.entity.type == kind).values():
        start, many = _judged_parts(own)
        most = max(most, int(many[(start < time.end) & (start + own[0].width > time.start)].max(initial=0)))
    return most


def is_judged(traces: Iterable[Trace], time: Span) -> bool:
    """Whether a country is ever judged from its parts in a time, of which these are the traces."""
    return any(touch(span, time) for trace in traces if trace.detector == PARTS for span in trace.judged)
