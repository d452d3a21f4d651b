"""A country of which there are only parts: what they show together, and whether it can be judged from them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.evaluation.spans import Span, joined
from pipeline.evaluation.traces import Trace
from pipeline.fusion.parts import judged_from, needed
from pipeline.records import Entity
from pipeline.settings import Fusing


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
