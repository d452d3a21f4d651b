"""What was hit, what was false, how late and how exact: outages held against labels."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN, is_low
from pipeline.evaluation.cases import Tolerance
from pipeline.evaluation.spans import Span, clipped, joined, seconds_within, touch
from pipeline.evaluation.traces import Trace
from pipeline.explain.terminal import marks
from pipeline.feeds import Label
from pipeline.fusion.life import RETRACTED
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage, Places

MONTH = 365.25 / 12 * 24 * 3600
"""Mean length of a month [s]."""

ONSET, END = "onset", "end"

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)
"""States in which a value looks low: provisional (a warning) and confirmed."""

CountryOf = Callable[[Label], str]
"""Country of a label's entity, '' where it has none."""


class Called(NamedTuple):
    """An outage, ``[start, end)`` [s], with an open ``end`` None; ``undated``: its times that are not exactly known."""

    entity: Entity
    start: int
    end: int | None
    suspected: int
    confirmed: int
    undated: tuple[str, ...] = ()


class Observed(NamedTuple):
    """What a case observed: begin, start of the last bin, and end [s]; entities, and their observed time summed [s]."""

    begin: int
    last: int
    end: int
    entities: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """What was made of one label: ``hit`` where a confirmed outage overlaps it, ``met`` where one is within tolerance.

    Delays and errors are signed [s]; None without a hit, and of the end also where both outlast the recording.
    ``cover``: share of its observed time [0-1].  ``fragments``: outages that touch it, tolerance included.
    """

    label: Label
    hit: bool = False
    met: bool = False
    suspected: int | None = None
    confirmed: int | None = None
    onset_error: int | None = None
    end_error: int | None = None
    cover: float = 0.0
    fragments: int = 0
    open: bool = False
    undated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What was made of one case: outages that no label explains are ``false``, or ``others`` where then a label exists
    of the country they are in, or of a part of it.
    """

    answers: tuple[Answer, ...]
    false: tuple[Called, ...]
    others: tuple[Called, ...]
    observed: Observed

    @property
    def hits(self) -> int:
        return sum(answer.hit for answer in self.answers)

    @property
    def met(self) -> int:
        return sum(answer.met for answer in self.answers)

    @property
    def months(self) -> float:
        return self.observed.seconds / MONTH


def account(
    called: Iterable[Called], labels: Iterable[Label], exact: Tolerance, observed: Observed, country_of: CountryOf
) -> Account:
    """Hold outages against the labels of a case; a label within an ignored window counts neither way.

    Examples
    --------
    >>> iraq = Entity("country", "IQ", "IQ")
    >>> label = Label(3600, 7200, "country", "IQ", "shutdown", "")
    >>> called = [Called(iraq, 3900, 7200, 4200, 4500), Called(iraq, 90000, 93600, 91000, 92000)]
    >>> exact = Tolerance(300, 1800, 1800, 3600, 0.9)
    >>> made = account(called, [label], exact, Observed(0, 99600, 99900, 1, 99900.0), lambda label: label.entity)
    >>> made.hits, made.met, made.answers[0].onset_error, made.answers[0].cover
    (1, 1, 300, 0.9166666666666666)
    >>> [outage.start for outage in made.false]
    [90000]
    """
    called = sorted(called, key=lambda o: (o.start, o.entity, o.suspected))
    ignored = [window.span for window in exact.ignored]
    labels = sorted(
        label for label in labels if not any(s.start <= label.start and label.end <= s.end for s in ignored)
    )
    answers = tuple(_answer(label, called, exact, observed) for label in labels)
    false: list[Called] = []
    others: list[Called] = []
    for outage in called:
        span = _span(outage, observed)
        near = [label for label in labels if touch(span, exact.grown(label))]
        if any(_is_of(outage, label) for label in near) or any(touch(span, window) for window in ignored):
            continue
        (others if any(kin(outage.entity, label, country_of(label)) for label in near) else false).append(outage)
    return Account(answers, tuple(false), tuple(others), observed)


def _answer(label: Label, called: list[Called], exact: Tolerance, observed: Observed) -> Answer:
    whole, seen = Span(label.start, label.end), Span(observed.begin, observed.end)
    own = [outage for outage in called if _is_of(outage, label)]
    spans = [_span(outage, observed) for outage in own]
    fragments = sum(touch(span, exact.grown(label)) for span in spans)
    hits = [outage for outage, span in zip(own, spans, strict=True) if touch(span, whole)]
    if not hits:
        return Answer(label, fragments=fragments)
    first = min(hits, key=lambda outage: outage.start)
    last = max(hits, key=lambda outage: _end(outage, label, observed))
    onset = first.start - label.start
    end = None if last.end is None and label.end > observed.end else _end(last, label, observed) - label.end
    out = joined(spans)
    cover = sum(seconds_within(out, part) / (part.end - part.start) for part in clipped([whole], seen))
    is_dated = -exact.onset_early <= onset <= exact.onset_late
    is_dated &= end is None or -exact.end_early <= end <= exact.end_late
    return Answer(
        label, hit=True, met=is_dated and cover >= exact.cover and fragments == 1,
        suspected=min(outage.suspected for outage in hits) - label.start,
        confirmed=min(outage.confirmed for outage in hits) - label.start,
        onset_error=onset, end_error=end, cover=cover, fragments=fragments,
        open=any(outage.end is None for outage in hits),
        undated=tuple(word for word, outage in ((ONSET, first), (END, last)) if word in outage.undated),
    )  # fmt: skip


def _end(outage: Called, label: Label, observed: Observed) -> int:
    """An open outage ends with a label that lasts to the last bin."""
    if outage.end is None and label.end >= observed.last:
        return label.end
    return _span(outage, observed).end


def _span(outage: Called, observed: Observed) -> Span:
    return Span(outage.start, max(outage.start, observed.end) if outage.end is None else outage.end)


def _is_of(outage: Called, label: Label) -> bool:
    return outage.entity[:2] == (label.entity_type, label.entity)


def kin(entity: Entity, label: Label, country: str) -> bool:
    """Whether one of an entity and a label is the country, and the other is in it, or is it."""
    if not country or country != (entity.country or entity.name):
        return False
    return "country" in (entity.type, label.entity_type)


def fused(outages: Iterable[Outage], places: Places) -> list[Called]:
    """The outages of fusion that were confirmed and not retracted."""
    return [
        Called(
            placed(o.entity_type, o.entity, places), o.start, o.end, o.detected_at, o.confirmed_at,
            tuple(word for word, is_undated in zip((ONSET, END), marks(o), strict=True) if is_undated),
        )
        for o in outages
        if o.confirmed_at is not None and o.state != RETRACTED
    ]  # fmt: skip


def plain(traces: Iterable[Trace], gap: int, called_by: tuple[int, ...] = (LOW_CONFIRMED,)) -> list[Called]:
    """An entity is out while any signal is in one of these states, and for ``gap`` [s] after."""
    by_entity: dict[Entity, list[tuple[list[Called], int]]] = defaultdict(list)
    for trace in traces:
        if len(known := trace.start[trace.state != UNKNOWN]):
            by_entity[trace.entity].append((events(trace, called_by), int(known[-1]) + trace.width))
    return [outage for found in by_entity.values() for outage in _joined(_closed(found, gap), gap)]


def events(trace: Trace, called_by: tuple[int, ...] = (LOW_CONFIRMED,)) -> list[Called]:
    """Maximal runs of bins in such a state; a bin without a verdict neither begins nor ends one."""
    known = trace.state != UNKNOWN
    start, state = trace.start[known], trace.state[known]
    inside, low = np.isin(state, called_by), is_low(state)
    begins, ends, falls = (np.flatnonzero(a & ~np.append(False, a[:-1])) for a in (inside, ~inside, low))
    over = np.searchsorted(ends, begins)
    fell = start[falls[np.searchsorted(falls, begins, side="right") - 1]]
    end = [int(start[ends[i]]) if i < len(ends) else None for i in over.tolist()]
    return [
        Called(trace.entity, first, last, suspected, first + trace.width)
        for first, last, suspected in zip(start[begins].tolist(), end, (fell + trace.width).tolist(), strict=True)
    ]


def _closed(found: list[tuple[list[Called], int]], gap: int) -> list[Called]:
    """A signal that ends low before the others do ends its event there."""
    last = max(end for _, end in found) - gap
    return [
        event._replace(end=end) if event.end is None and end < last else event
        for called, end in found for event in called
    ]  # fmt: skip


def _joined(events: list[Called], gap: int) -> list[Called]:
    made: list[Called] = []
    for event in sorted(events, key=lambda event: event.start):
        last = made[-1] if made else None
        if last is None or (last.end is not None and event.start > last.end + gap):
            made.append(event)
            continue
        end = None if last.end is None or event.end is None else max(last.end, event.end)
        suspected, confirmed = min(last.suspected, event.suspected), min(last.confirmed, event.confirmed)
        made[-1] = last._replace(end=end, suspected=suspected, confirmed=confirmed)
    return made
