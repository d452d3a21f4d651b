"""What every signal showed of every entity and what the detectors said of it, bin by bin; of a country without a series
of its own: what its parts show together."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from detectors.base import UNKNOWN
from pipeline.bins import ends_of
from pipeline.evaluation.spans import Span, Spans, joined
from pipeline.fusion import Beside, Fused
from pipeline.fusion.parts import judged_from, needed
from pipeline.records import Entity, Verdicts
from pipeline.settings import Fusing

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

    @property
    def is_judged(self) -> np.ndarray:
        """Bins with a value of which something is said ``(t,) bool``."""
        return self.is_observed & (self.state != UNKNOWN)

    def within(self, time: Span) -> np.ndarray:
        """Bins that touch a stretch of time ``(t,) bool``."""
        return (self.start < time.end) & (self.ends > time.start)

    @cached_property
    def observed(self) -> list[Span]:
        """The time with a value."""
        return self.stretches(self.is_observed)

    @cached_property
    def judged(self) -> list[Span]:
        """And that in which something is said of it."""
        return self.stretches(self.is_judged)

    @cached_property
    def ends(self) -> np.ndarray:
        """Ends of the bins ``(t,) int64`` [s], see `pipeline.bins.ends_of`."""
        return ends_of(self.start, self.width)

    def stretches(self, bins: np.ndarray) -> list[Span]:
        """The time of some bins ``(t,) bool``, in as few stretches as possible.

        Examples
        --------
        >>> start, one = np.array([0, 300, 900, 1200]), np.ones(4)
        >>> trace = Trace("bgp.ris", "median", Entity("country", "PK"), 300, start, *[one] * 5, one, one > 0, one)
        >>> trace.stretches(np.array([True, True, True, False]))
        [Span(start=0, end=600), Span(start=900, end=1200)]
        """
        start, end = self.start[bins], self.ends[bins]
        if not len(start):
            return []
        breaks = np.flatnonzero(start[1:] > end[:-1])
        first, last = np.append(0, breaks + 1), np.append(breaks, len(start) - 1)
        return [Span(*pair) for pair in zip(start[first].tolist(), end[last].tolist(), strict=True)]


def silent(traces: Iterable[Trace], time: Span) -> str:
    """Why nothing was said in a time of what a recording has: of an entity's traces, none of which was judged then."""
    seen = [(trace, trace.within(time) & trace.is_observed) for trace in traces]
    if not any(then.any() for _, then in seen):
        return "it was not observed then"
    if all(np.isnan(trace.expected[then]).all() for trace, then in seen):
        return "its past was too short to compare with"
    return "the detector says nothing of values so small, or that stray so far"


@dataclass
class Collected:
    """Takes in what comes out of an engine, and keeps all verdicts: of each frame those of the bins that came out."""

    frames: dict[int, tuple[Verdicts, list[int]]] = field(default_factory=dict)
    moved: dict[tuple[str, int], float] = field(default_factory=dict)

    def see(self, output: object) -> None:
        """Take in one output."""
        if isinstance(output, Fused | Beside):
            verdicts = output.verdicts
            start, common = int(verdicts.start[output.bin]), float(verdicts.common[output.bin])
            if not math.isnan(common):  # of all partitions one tells
                self.moved[verdicts.signal, start] = common
            self.frames.setdefault(id(verdicts), (verdicts, []))[1].append(output.bin)

    def traces(self) -> list[Trace]:
        """All of it by signal, detector and entity, in that order; bins in order of time."""
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


Choose = Callable[[Entity], bool]


class Silence:
    """When the entities of some traces were observed, and when any of their signals got a verdict: worked out once,
    however many windows are asked for.

    Examples
    --------
    >>> start, one = np.array([0, 300]), np.ones(2)
    >>> trace = Trace("bgp.ris", "median", Entity("country", "PK"), 300, start, *[one] * 5, np.array([UNKNOWN, 1]),
    ...               one > 0, one)
    >>> Silence([trace]).refused([Span(0, 600)]), Silence([trace]).refused([Span(300, 600)])
    (0.5, 0.0)
    """

    def __init__(self, traces: Iterable[Trace]) -> None:
        seen: dict[Entity, list[Trace]] = defaultdict(list)
        for trace in traces:
            seen[trace.entity].append(trace)
        self.spans = {
            entity: (
                Spans(joined(span for trace in own for span in trace.observed)),
                Spans(joined(span for trace in own for span in trace.judged)),
            )
            for entity, own in seen.items()
        }

    def refused(self, windows: Iterable[Span], of: Choose = lambda entity: True) -> float:
        """Share of the observed time of ``windows`` in which no signal of an entity got a verdict [0-1]; NaN where none
        is.

        Nothing is said where the past is too short to say it, or the series too small.  Time counts once for each
        entity that ``of`` is true for, however many signals it has.
        """
        own = [spans for entity, spans in self.spans.items() if of(entity)]
        whole = silent = 0
        for window in windows:
            for observed, judged in own:
                whole += (there := observed.within(window))
                silent += there - judged.within(window)
        return silent / whole if whole else float("nan")


class Parts(NamedTuple):
    """The parts that a country is judged from in a signal, a trace of each, and how many of them must be known."""

    traces: list[Trace]
    need: float


def by_signal(traces: Iterable[Trace]) -> dict[str, list[Trace]]:
    """The traces by signal, each part once."""
    found: dict[str, dict[Entity, Trace]] = {}
    for trace in traces:
        found.setdefault(trace.signal, {}).setdefault(trace.entity, trace)
    return {signal: list(own.values()) for signal, own in found.items()}


def judging(traces: Iterable[Trace], country: str, settings: Fusing) -> dict[str, Parts]:
    """Of the traces of a country's parts those from which it is judged, by signal."""
    made = {}
    for signal, own in by_signal(traces).items():
        regions, networks = ([t for t in own if t.entity.type == kind] for kind in ("region", "asn"))
        if judged_from(country, len(regions), len(networks), settings) == "asn":
            made[signal] = Parts(networks, max(settings.known_networks, settings.known_parts * len(networks)))
        else:
            made[signal] = Parts(regions, needed(country, settings))
    return made


def together(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """What parts show together: starts ``(t,) int64`` [s], and the share of what was expected of those observed.

    NaN where none was; as `pipeline.fusion.parts` judges a country of which there are only parts.
    """
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    value, expected = (np.concatenate([getattr(trace, name) for trace in traces]) for name in ("value", "expected"))
    known = np.isfinite(value) & (expected > 0)
    seen, usual = (np.bincount(place[known], column[known], len(start)) for column in (value, expected))
    with np.errstate(invalid="ignore"):
        return start, seen / usual


def known(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """Of how many of these parts something is said: starts ``(t,) int64`` [s], and their number ``(t,)``."""
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    said = np.concatenate([trace.is_judged for trace in traces])
    return start, np.bincount(place[said], minlength=len(start))


def most_known(traces: Iterable[Trace], time: Span) -> int:
    """Of how many of the parts among these traces something is said at once, at most, by one signal in a time."""
    most = 0
    for own in by_signal(traces).values():
        start, many = known(own)
        most = max(most, int(many[(start < time.end) & (start + own[0].width > time.start)].max(initial=0)))
    return most


def how_many(traces: Iterable[Trace], time: Span) -> tuple[int, int]:
    """Of how many regions and networks among these traces something is said at once, at most, in a time."""
    traces = list(traces)
    regions, networks = ([t for t in traces if t.entity.type == kind] for kind in ("region", "asn"))
    return most_known(regions, time), most_known(networks, time)


def is_judged(traces: Iterable[Trace], country: str, settings: Fusing, time: Span) -> bool:
    """Whether a country is ever judged from its parts in a time."""
    return any(most_known(own.traces, time) >= own.need for own in judging(traces, country, settings).values())


def judged_spans(traces: Iterable[Trace], country: str, settings: Fusing) -> list[Span]:
    """When a country can be judged from the parts among these traces: while as many as it takes are known."""
    found = []
    for own, need in judging(traces, country, settings).values():
        if own:
            start, many = known(own)
            found += [Span(at, at + own[0].width) for at in start[many >= need].tolist()]
    return joined(found)
