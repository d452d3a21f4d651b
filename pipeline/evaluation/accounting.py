"""What was hit, what was false, how late and how exact: called-out outages against labels."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN, is_low
from pipeline.evaluation.cases import Tolerance
from pipeline.evaluation.spans import Span, clipped, joined, seconds_within, touch
from pipeline.evaluation.traces import Trace
from pipeline.feeds import Label
from pipeline.fusion.outages import RETRACTED
from pipeline.records import Entity, Outage, Places, placed
from pipeline.replay.coverage import Past

MONTH = 365.25 / 12 * 24 * 3600
"""Mean length of a month [s]."""

ONSET, END = "onset", "end"
"""Of an outage, when it began and when it was over."""

CountryOf = Callable[[Label], str]
"""Country of a label's entity, '' where it has none."""


class Called(NamedTuple):
    """An entity was called out for ``[start, end)`` [s], ``end`` None while it is open.

    ``suspected`` and ``confirmed``: the event time at which that was first and surely known [s].  ``undated``: which of
    `ONSET` and `END` stand there without anybody having seen them.
    """

    entity: Entity
    start: int
    end: int | None
    suspected: int
    confirmed: int
    undated: tuple[str, ...] = ()


class Observed(NamedTuple):
    """What of a case was observed: from when on, start of its last bin and its end [s], entities, their time together
    [s]."""

    begin: int
    last: int
    end: int
    entities: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """What was made of one label.

    ``hit``: a confirmed outage of its entity overlaps it.  ``met``: hit, by one outage, whose onset and end are within
    the tolerance and which covers enough of it.  Errors and delays are signed [s], from the label's start (its end for
    ``end_error``), None where there is no hit; that of an end also where both outlast what was observed.  ``cover``:
    share of its time in what was observed that its entity was called out [0-1].  ``fragments``: outages of its entity
    that touch it, tolerance included.  ``open``: it was still out at the end of what was observed.  ``undated``:
    whether its onset, its end are held against the label as they stand, though nobody saw them.
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
    """What was made of one case: an answer to each label, and what no label explains.

    ``false``: confirmed outages of an entity that overlap none of its labels, tolerance included, and no ignored
    window.  ``others``: those that would be false, had not the whole or a part of the entity a label at that time: of
    Ukraine while a region of it is labelled, of a network while its country is.
    """

    answers: tuple[Answer, ...]
    false: tuple[Called, ...]
    others: tuple[Called, ...]
    observed: Observed

    @property
    def hits(self) -> int:
        """Labels that were hit."""
        return sum(answer.hit for answer in self.answers)

    @property
    def met(self) -> int:
        """Labels that were met."""
        return sum(answer.met for answer in self.answers)

    @property
    def months(self) -> float:
        """Months that the entities were observed, together."""
        return self.observed.seconds / MONTH

    @property
    def false_rate(self) -> float:
        """False outages per entity-month; 0 where nothing was observed, and nothing was false."""
        return len(self.false) / self.months if self.months else 0.0

    def middle(self, name: str) -> float | None:
        """Median over the labels of a field of `Answer` [its unit]; None where no label has one."""
        found = [value for answer in self.answers if answer.hit and (value := getattr(answer, name)) is not None]
        return float(median(found)) if found else None


def account(
    called: Iterable[Called], labels: Iterable[Label], exact: Tolerance, observed: Observed, country_of: CountryOf
) -> Account:
    """Hold what was called out against the labels of a case.

    A label that lies within an ignored window counts neither way.  ``country_of`` gives the country of a label's
    entity.  An outage that is open counts as lasting to the end of what was observed, and as exact where the label does
    so, too; of what comes after that nobody can say anything.

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
    labels = sorted(label for label in labels if not any(_is_within(label, window.span) for window in exact.ignored))
    answers = tuple(_answer(label, called, exact, observed) for label in labels)
    false: list[Called] = []
    others: list[Called] = []
    for outage in called:
        span = _span(outage, observed)
        near = [label for label in labels if touch(span, exact.grown(label))]
        if any(_is_of(outage, label) for label in near) or any(touch(span, window.span) for window in exact.ignored):
            continue
        (others if any(_kin(outage.entity, label, country_of(label)) for label in near) else false).append(outage)
    return Account(answers, tuple(false), tuple(others), observed)


def _answer(label: Label, called: list[Called], exact: Tolerance, observed: Observed) -> Answer:
    whole, seen = Span(label.start, label.end), Span(observed.begin, observed.end)
    own = [outage for outage in called if _is_of(outage, label)]
    spans = [_span(outage, observed) for outage in own]
    fragments = sum(touch(span, exact.grown(label)) for span in spans)
    hits = [outage for outage, span in zip(own, spans, strict=True) if touch(span, whole)]
    if not hits:
        return Answer(label, fragments=fragments)
    first, last = (
        min(hits, key=lambda outage: outage.start),
        max(hits, key=lambda outage: _end(outage, label, observed)),
    )
    onset = first.start - label.start
    end = None if last.end is None and label.end > observed.end else _end(last, label, observed) - label.end
    cover = sum(seconds_within(joined(spans), part) / (part.end - part.start) for part in clipped([whole], seen))
    within = -exact.onset_early <= onset <= exact.onset_late and (
        end is None or -exact.end_early <= end <= exact.end_late
    )
    return Answer(
        label, hit=True, met=within and cover >= exact.cover and fragments == 1,
        suspected=min(outage.suspected for outage in hits) - label.start,
        confirmed=min(outage.confirmed for outage in hits) - label.start,
        onset_error=onset, end_error=end, cover=cover, fragments=fragments,
        open=any(outage.end is None for outage in hits),
        undated=tuple(word for word, outage in ((ONSET, first), (END, last)) if word in outage.undated),
    )  # fmt: skip


def _end(outage: Called, label: Label, observed: Observed) -> int:
    """End of an outage [s]; one that is open at the end of what was observed has no other end than such a label."""
    if outage.end is None and label.end >= observed.last:
        return label.end
    return _span(outage, observed).end


def _span(outage: Called, observed: Observed) -> Span:
    return Span(outage.start, max(outage.start, observed.end) if outage.end is None else outage.end)


def _is_within(label: Label, window: Span) -> bool:
    return window.start <= label.start and label.end <= window.end


def _is_of(outage: Called, label: Label) -> bool:
    return outage.entity[:2] == (label.entity_type, label.entity)


def _kin(entity: Entity, label: Label, country: str) -> bool:
    """Whether one of the two is the country that the other is in."""
    if not country or country != (entity.country or entity.name):
        return False
    return "country" in (entity.type, label.entity_type)


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
