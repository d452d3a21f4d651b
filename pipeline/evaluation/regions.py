"""A country of which there are only regions: what they show together, and whether it can be judged from them."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.evaluation.spans import Span, joined
from pipeline.evaluation.traces import Trace
from pipeline.records import Entity
from pipeline.subdivisions import SUBDIVISIONS


def regions(traces: Iterable[Trace]) -> dict[str, list[Trace]]:
    """Those of the traces that are of regions, by signal, each region once."""
    found: dict[str, dict[Entity, Trace]] = {}
    for trace in traces:
        if trace.entity.type == "region":
            found.setdefault(trace.signal, {}).setdefault(trace.entity, trace)
    return {signal: list(own.values()) for signal, own in found.items()}


def together(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """What regions show together: starts ``(t,) int64`` [s], and the share of what was expected of those observed.

    NaN where none was; as `pipeline.parts` judges a country of which there are only regions.
    """
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    value, expected = (np.concatenate([getattr(trace, name) for trace in traces]) for name in ("value", "expected"))
    known = np.isfinite(value) & (expected > 0)
    seen, usual = (np.bincount(place[known], column[known], len(start)) for column in (value, expected))
    with np.errstate(invalid="ignore"):
        return start, seen / usual


def known(traces: Sequence[Trace]) -> tuple[np.ndarray, np.ndarray]:
    """Of how many of these regions something is said: starts ``(t,) int64`` [s], and their number ``(t,)``."""
    start, place = np.unique(np.concatenate([trace.start for trace in traces]), return_inverse=True)
    said = np.concatenate([trace.is_judged for trace in traces])
    return start, np.bincount(place[said], minlength=len(start))


def most_known(traces: Iterable[Trace], time: Span) -> int:
    """Of how many of the regions among these traces something is said at once, at most, by one signal in a time."""
    most = 0
    for own in regions(traces).values():
        start, many = known(own)
        most = max(most, int(many[(start < time.end) & (start + own[0].width > time.start)].max(initial=0)))
    return most


def needed(country: str, share: float) -> float:
    """How many of a country's regions must be known before it is judged from them; infinitely many where nobody knows
    how many it has.

    Examples
    --------
    >>> needed("NG", 0.5), needed("XX", 0.5)
    (18.5, inf)
    """
    return share * SUBDIVISIONS[country] if country in SUBDIVISIONS else float("inf")


def judged_spans(traces: Iterable[Trace], country: str, share: float) -> list[Span]:
    """When a country can be judged from the regions among these traces: while at least ``share`` of all that it has
    are known [0-1]."""
    found = []
    for own in regions(traces).values():
        start, many = known(own)
        enough = start[many >= needed(country, share)]
        found += [Span(at, at + own[0].width) for at in enough.tolist()]
    return joined(found)
