"""What a detector calls out by itself, without fusion: the plain reading of its verdicts."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN, is_low
from pipeline.evaluation.accounting import END, ONSET, Called
from pipeline.evaluation.traces import Trace
from pipeline.fusion.outages import RETRACTED
from pipeline.records import Entity, Outage, Places, placed
from pipeline.replay.past import Past

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)
"""States in which a value looks low: a detector's warning, and what it is sure of."""


def fused(outages: Iterable[Outage], places: Places, past: Past) -> list[Called]:
    """What fusion called out: outages that were confirmed and not taken back, as their last revision has them.

    ``past`` tells whose onset or end nobody saw.
    """
    return [
        Called(
            placed(o.entity_type, o.entity, places), o.start, o.end, o.detected_at, o.confirmed_at,
            tuple(word for word, is_undated in zip((ONSET, END), past.marks(o), strict=True) if is_undated),
        )
        for o in outages
        if o.confirmed_at is not None and o.state != RETRACTED
    ]  # fmt: skip


def plain(traces: Iterable[Trace], gap: int, called_by: tuple[int, ...] = (LOW_CONFIRMED,)) -> list[Called]:
    """What these signals call out: an entity is out while any of them says so, and for ``gap`` [s] after.

    ``called_by``: the states that do; only those of a sure detector, or its warnings too (`LOW`).
    """
    by_entity: dict[Entity, list[tuple[list[Called], int]]] = defaultdict(list)
    for trace in traces:
        if len(said := trace.start[trace.state != UNKNOWN]):
            by_entity[trace.entity].append((events(trace, called_by), int(said[-1]) + trace.width))
    return [outage for found in by_entity.values() for outage in _joined(_closed(found, gap), gap)]


def events(trace: Trace, called_by: tuple[int, ...] = (LOW_CONFIRMED,)) -> list[Called]:
    """Maximal runs of bins in such a state; a bin of which nothing is said neither begins nor ends one.

    Examples
    --------
    >>> state = np.array([1, 2, 3, 0, 3, 1, 3])
    >>> nothing, one = np.zeros(7), np.ones(7)
    >>> trace = Trace("bgp.ris", "median", Entity("country", "PK"), 300, np.arange(7) * 300, *[nothing] * 5, state,
    ...               one > 0, one)
    >>> [(event.start, event.end, event.suspected, event.confirmed) for event in events(trace)]
    [(600, 1500, 600, 900), (1800, None, 2100, 2100)]
    """
    said = trace.state != UNKNOWN
    start, state = trace.start[said], trace.state[said]
    inside, low = np.isin(state, called_by), is_low(state)
    begins, ends, falls = (np.flatnonzero(_begins(which)) for which in (inside, ~inside, low))
    over = np.searchsorted(ends, begins)  # none is where another one begins
    fell = start[falls[np.searchsorted(falls, begins, side="right") - 1]]
    end = [int(start[ends[i]]) if i < len(ends) else None for i in over.tolist()]
    known, at = (fell + trace.width).tolist(), start[begins].tolist()
    return [
        Called(trace.entity, first, last, suspected, first + trace.width)
        for first, last, suspected in zip(at, end, known, strict=True)
    ]


def _closed(found: list[tuple[list[Called], int]], gap: int) -> list[Called]:
    """What the signals of an entity call out, each with the end of what it says; one that ends before others does
    leaves nothing open: it is not low for ever after."""
    last = max(end for _, end in found) - gap
    return [
        event._replace(end=end) if event.end is None and end < last else event
        for called, end in found for event in called
    ]  # fmt: skip


def _begins(inside: np.ndarray) -> np.ndarray:
    """Where a run of true begins ``(t,) bool``."""
    return inside & ~np.concatenate([[False], inside[:-1]])


def _joined(events: list[Called], gap: int) -> list[Called]:
    made: list[Called] = []
    for event in sorted(events, key=lambda event: event.start):
        last = made[-1] if made else None
        if last is None or (last.end is not None and event.start > last.end + gap):
            made.append(event)
            continue
        end = None if last.end is None or event.end is None else max(last.end, event.end)
        made[-1] = last._replace(
            end=end, suspected=min(last.suspected, event.suspected), confirmed=min(last.confirmed, event.confirmed)
        )
    return made
