"""What a picture tells: what was expected, what was seen, and why it was called out or not."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, UNKNOWN
from pipeline.bins import DAY
from pipeline.doings import blind, moves
from pipeline.evaluation.accounting import Answer, Called
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.phrases import FEW, number, why
from pipeline.evaluation.readings import LOW
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace
from pipeline.outages import ENDED, RETRACTED
from pipeline.reasons import resemblance, signal_name, speaking, term_text
from pipeline.records import Entity, Outage
from pipeline.series import Gazetteer, placed
from pipeline.show import lasted
from pipeline.wording import KIND_WORDS, printable, utc_text

MARGIN = (6 * 3600, 3 * DAY)
"""Time that a picture shows before and after, at least and at most [s]."""

BINS_BESIDE = 8
"""And so many bins of the widest signal, where these are wider than that [bins]."""


WORTH_A_WORD = 0.02
"""What all series of a signal did at once is told and drawn from so much on [-]."""


class Story(NamedTuple):
    """One picture: of an entity, over a window, with what is to be said above it.

    ``traces`` are the entity's own, of each signal the first detector's before others; of a country without any, those
    of its parts.  ``label`` is the time of the label,
    None where there is none.
    """

    headline: str
    sentences: tuple[str, ...]
    entity: Entity
    window: Span
    label: Span | None
    traces: tuple[Trace, ...]

    @property
    def is_of_parts(self) -> bool:
        """Whether the traces are those of parts."""
        return any(trace.entity[:2] != self.entity[:2] for trace in self.traces)


def stories(judged: Judged) -> Iterator[Story]:
    """A picture of every label, of the first false outages, or of the deepest dip where there was neither."""
    made = judged.readings[0].account
    for answer in made.answers:
        yield _of_label(judged, answer)
    for outage in made.false[:FEW]:
        yield _of_false(judged, outage)
    if not made.answers and not made.false:
        yield _of_quiet(judged)


def _of_label(judged: Judged, answer: Answer) -> Story:
    label = answer.label
    place = placed(label.entity_type, label.entity, judged.places)
    time = Span(label.start, label.end)
    traces = traces_of(judged, place, time)
    known = f"labelled {label.kind or 'out'}, {lasted(label.end - label.start)} from {utc_text(label.start)}"
    head = f"{_name(place)}: {printable(known)}. {_verdict(judged, answer)}"
    said = _said(judged, traces, time, place)
    return Story(head, said, place, _window(time, judged, place), time, traces)


def _of_false(judged: Judged, outage: Called) -> Story:
    end = judged.readings[0].account.observed.end if outage.end is None else outage.end
    time = Span(outage.start, end)
    traces = traces_of(judged, outage.entity, time)
    head = f"{_name(outage.entity)}, {utc_text(outage.start)}: called out falsely, no label explains it."
    said = _said(judged, traces, time, outage.entity)
    return Story(head, said, outage.entity, _window(time, judged, outage.entity), None, traces)


def _of_quiet(judged: Judged) -> Story:
    """A control in which nothing was called out: where it looked worst."""
    first = [trace for trace in judged.traces if trace.detector == judged.first]
    judged_traces = [trace for trace in first if not np.isnan(trace.score).all()]
    if not judged_traces:
        trace = first[0]
        time = Span(int(trace.start[0]), int(trace.start[-1]) + trace.width)
        quiet = f"{_name(trace.entity)}: no outage, and none was called out."
        return Story(quiet, (_why_not((), time),), trace.entity, time, None, (trace,))
    trace = min(judged_traces, key=lambda trace: float(np.nanmin(trace.score)))
    at = int(trace.start[np.nanargmin(trace.score)])
    time = Span(at, at + trace.width)
    head = f"{_name(trace.entity)}, {utc_text(at)}: the deepest dip of this control. Rightly not called out."
    traces = traces_of(judged, trace.entity, time)
    said = _said(judged, traces, time, trace.entity)
    return Story(head, said, trace.entity, _window(time, judged, trace.entity), None, traces)


def _said(judged: Judged, traces: tuple[Trace, ...], time: Span, place: Entity) -> tuple[str, ...]:
    """What was expected and seen, and why it was called out or not."""
    why = _because(_outage(judged, place, time), traces, time)
    return (*_expected(traces, time, place), *_doings(judged, traces, time), *why)


def traces_of(judged: Judged, place: Entity, time: Span) -> tuple[Trace, ...]:
    """The entity's own series by its first detector, and by others where these alone found it low; without any, its
    parts'."""
    own = [trace for trace in judged.traces if trace.entity[:2] == place[:2]]
    if not own and place.type == "country":
        own = [trace for trace in judged.traces if placed(*trace.entity[:2], judged.places).country == place.name]
    own.sort(key=lambda trace: (trace.signal, trace.detector != judged.first))
    found = {(t.entity, t.signal) for t in own if t.detector == judged.first and _is_low(t, time)}
    return tuple(
        t for t in own if t.detector == judged.first or (_is_low(t, time) and (t.entity, t.signal) not in found)
    )


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


def _is_low(trace: Trace, time: Span) -> bool:
    return bool(np.isin(trace.state[within(trace, time)], LOW).any())


def _name(place: Entity) -> str:
    return printable(Gazetteer().name(place))


def _verdict(judged: Judged, answer: Answer) -> str:
    if not answer.hit:
        return "Missed."
    late = answer.confirmed or 0
    said = f"Called out {_apart(late)} its start"
    if answer.open:
        said += f", and still out when the recording ended, {utc_text(judged.readings[0].account.observed.end)}"
    elif answer.end_error is not None:
        said += f", over {_apart(answer.end_error)} its end"
    return f"{said}." if answer.met else f"{said}, but not as exactly as is allowed: {why(answer, judged.tolerance)}."


def _apart(time: int) -> str:
    return f"{lasted(abs(time))} {'after' if time >= 0 else 'before'}" if time else "at"


def _window(time: Span, judged: Judged, place: Entity) -> Span:
    """The time around, and the outage of it as far as the margin goes."""
    widest = max(trace.width for trace in judged.traces)
    beside = max(min(max(time.end - time.start, MARGIN[0]), MARGIN[1]), BINS_BESIDE * widest)
    observed = judged.readings[0].account.observed
    first = min(int(trace.start[0]) for trace in judged.traces)
    seen = Span(max(first, time.start - beside), min(observed.end, time.end + beside))
    return seen if seen.start < seen.end else Span(time.start - beside, time.end + beside)


def _expected(traces: Iterable[Trace], time: Span, place: Entity) -> Iterator[str]:
    """What was expected and seen in each signal at its worst."""
    own = [trace for trace in traces if trace.entity[:2] == place[:2]]
    first = {trace.signal: trace for trace in reversed(own)}.values()
    told = [text for trace in sorted(first, key=lambda trace: trace.signal) if (text := _worst(trace, time))]
    if told:
        yield f"Seen when it was lowest, of what was expected: {'; '.join(told)}."
        return
    if own:
        yield "Nothing of it was observed then."
        return
    parts = {trace.entity for trace in traces}
    low = {trace.entity for trace in traces if (trace.state[within(trace, time)] == LOW_CONFIRMED).any()}
    if parts:
        low_parts = f"of its {len(parts)} parts that have, {len(low)} were confirmed low"
        yield f"It has no series of its own; {low_parts}{_together(traces, time)}."


def _doings(judged: Judged, traces: Iterable[Trace], time: Span) -> Iterator[str]:
    """What the feeds of its signals did by themselves then."""
    signals = {trace.signal for trace in traces}
    then = [d for d in judged.doings if d.signal in signals and d.start < time.end and time.start < d.end]
    yield from moves(d for d in then if abs(d.share - 1) >= WORTH_A_WORD)
    yield from blind(then)


def _together(traces: Iterable[Trace], time: Span) -> str:
    """What the regions of each signal showed together at the lowest."""
    told = []
    for signal, own in regions(traces).items():
        start, share = together(own)
        share = share[(start < time.end) & (start + own[0].width > time.start) & np.isfinite(share)]
        if len(share):
            told.append(f"{signal_name(signal)} at {share.min():.0%} of usual")
    return f"; its regions together, at the lowest: {', '.join(told)}" if told else ""


def regions(traces: Iterable[Trace]) -> dict[str, list[Trace]]:
    """Those of the traces that are of regions, by signal, each region once."""
    found: dict[str, dict[Entity, Trace]] = {}
    for trace in traces:
        if trace.entity.type == "region":
            found.setdefault(trace.signal, {}).setdefault(trace.entity, trace)
    return {signal: list(own.values()) for signal, own in found.items()}


def within(trace: Trace, time: Span) -> np.ndarray:
    """Bins ``(t,) bool`` that touch a stretch of time."""
    return (trace.start < time.end) & (trace.start + trace.width > time.start)


def _worst(trace: Trace, time: Span) -> str:
    inside = within(trace, time) & trace.is_observed & (trace.expected > 0)
    if not inside.any():
        return ""
    ratio = np.where(inside, trace.value / np.where(inside, trace.expected, 1.0), np.inf)
    i = int(np.argmin(ratio))
    name = signal_name(trace.signal)
    if (trace.state[inside] == UNKNOWN).all():  # it strays too far, or is too little, to be held against anything
        return f"{name} (nothing said)"
    return f"{name} {number(trace.value[i])} of {number(trace.expected[i])} ({ratio[i]:.0%})"


def _outage(judged: Judged, place: Entity, time: Span) -> Outage | None:
    """The outage of an entity that is nearest to being sure at that time."""
    end = judged.readings[0].account.observed.end
    there = [
        outage
        for outage in judged.outages
        if (outage.entity_type, outage.entity) == place[:2]
        and touch(Span(outage.start, max(outage.start + 1, end if outage.end is None else outage.end)), time)
    ]
    return max(there, key=lambda o: (o.confirmed_at is not None, o.state != RETRACTED, o.probability), default=None)


def _because(outage: Outage | None, traces: Iterable[Trace], time: Span) -> Iterator[str]:
    """Why it was called out or not; and of what is confirmed, what it looks like."""
    if outage is None:
        yield _why_not(traces, time)
        return
    for_it = [f"{term_text(term, ' of usual')} (+{term.weight:.1f})" for term in speaking(outage.signals)]
    against = [f"{term_text(term, ' of usual')} (−{-term.weight:.1f})" for term in outage.signals if term.weight < 0]
    called = f"Called out as {outage.kind} ({KIND_WORDS[outage.kind]})"
    begin = f"{called if outage.confirmed_at is not None else 'Only suspected,'} because of"
    said = f"{begin} {', '.join(for_it) or 'nothing'}"
    yield said + (f"; against it spoke {', '.join(against)}" if against else "") + " [log-odds]."
    if outage.state == ENDED and outage.end is not None and (still := _low_at(outage.end, outage, traces)):
        yield f"It was over at {utc_text(outage.end)}: what was back outweighed what still looked low, {still}."
    if outage.confirmed_at is not None and not outage.part_of:  # it is the whole that may look like a shutdown
        yield resemblance(outage)


def _low_at(time: int, outage: Outage, traces: Iterable[Trace]) -> str:
    """Which of its signals looked low at a time [s], and how low."""
    told = []
    for trace in (trace for trace in traces if trace.entity[:2] == (outage.entity_type, outage.entity)):
        low = within(trace, Span(time, time + 1)) & np.isin(trace.state, LOW) & (trace.expected > 0)
        told += [
            f"{signal_name(trace.signal)} at {left:.0%} of usual" for left in trace.value[low] / trace.expected[low]
        ]
    return ", ".join(told)


def _why_not(traces: Iterable[Trace], time: Span) -> str:
    """Why nothing was called out: how low it got, or that nothing was said."""
    lows, scores = [], []
    for trace in traces:
        inside = within(trace, time)
        states = trace.state[inside]
        if np.isin(states, LOW).any():
            lows.append(trace.signal)
        score = trace.score[inside]
        if not np.isnan(score).all():
            scores.append((float(np.nanmin(score)), trace.signal))
    if not scores:
        return "Nothing was said of it: nothing was observed, the past was too short, or the series too small."
    lowest, signal = min(scores)
    score = f"{lowest:.1f}".replace("-", "−") + " robust standard deviations from what was expected"
    if not lows:
        return f"Not called out: no signal was low, the lowest score is {score} ({signal})."
    return f"Not called out, though {', '.join(sorted(set(lows)))} looked low: the lowest score is {score}."
