"""What a picture of the report tells: an entity, a window, its traces, and what was expected, seen and called out."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from detectors.base import LOW_CONFIRMED, UNKNOWN, is_low
from pipeline.bins import DAY
from pipeline.errors import printable
from pipeline.evaluation.accounting import Answer, Called
from pipeline.evaluation.causes import because, why_not, why_off
from pipeline.evaluation.phrases import FEW, apart, number, times, uncounted, why
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace, by_signal, together
from pipeline.explain.feed_incidents import blind, moves
from pipeline.explain.terms import signal_name
from pipeline.explain.text import counted, entity_name, lasted, utc_text
from pipeline.fusion.life import RETRACTED
from pipeline.geo.homes import placed
from pipeline.records import PARTS, Entity, Outage

MARGIN = (6 * 3600, 3 * DAY)
"""Time that a picture shows before and after, at least and at most [s]."""

BINS_BESIDE = 8
"""At least, of the widest signal [bins]."""

COMMON_LEAST = 0.02
"""A smaller common mode of a signal is not told [-]."""

LINGERS = 3600
"""A signal that looks low for longer than this after an outage is told [s]."""


class Story(NamedTuple):
    """A picture and its sentences; ``label``: None where there is none."""

    headline: str
    sentences: tuple[str, ...]
    entity: Entity
    window: Span
    label: Span | None
    traces: tuple[Trace, ...]

    @property
    def is_of_parts(self) -> bool:
        return any(trace.entity[:2] != self.entity[:2] for trace in self.traces)


def stories(judged: Judged) -> Iterator[Story]:
    """A picture of every label and of the first false outages; without either, of the lowest score."""
    made = judged.account
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
    known = f"labelled ({label.kind or 'out'}), {lasted(label.end - label.start)} from {utc_text(label.start)}"
    head = f"{_name(place)}: {printable(known)}. {_verdict(judged, answer)}"
    told = _story(judged, head, place, time)
    ignored = (f"{uncounted(one)}." for one in judged.tolerance.ignored if touch(one.span, told.window))
    said = (*told.sentences, *why_off(answer, judged, told.traces), *ignored)
    return told._replace(sentences=said, label=time)


def _of_false(judged: Judged, outage: Called) -> Story:
    head = f"{_name(outage.entity)}, {utc_text(outage.start)}: called out falsely, no label explains it."
    return _story(judged, head, outage.entity, _span(judged, outage))


def _of_quiet(judged: Judged) -> Story:
    first = [trace for trace in judged.traces if not trace.is_made]
    scored = [trace for trace in first if not np.isnan(trace.score).all()]
    if not scored:
        trace = first[0]
        time = Span(int(trace.start[0]), int(trace.start[-1]) + trace.width)
        quiet = f"{_name(trace.entity)}: no outage, and none was called out."
        return Story(quiet, tuple(why_not(judged, (trace,), time, trace.entity)), trace.entity, time, None, (trace,))
    trace = min(scored, key=lambda trace: float(np.nanmin(trace.score)))
    at = int(trace.start[np.nanargmin(trace.score)])
    what = "what was most unusual in this control, by its score"
    head = f"{_name(trace.entity)}, {utc_text(at)}: {what}. Rightly not called out."
    return _story(judged, head, trace.entity, Span(at, at + trace.width))


def _story(judged: Judged, head: str, place: Entity, time: Span) -> Story:
    traces, window = traces_of(judged, place, time), _window(time, judged)
    own = [o for o in judged.readings[0].called if o.entity[:2] == place[:2] and touch(_span(judged, o), time)]
    when = times(sorted(own, key=lambda outage: outage.start))
    said = (
        *([when] if when else []),
        *_expected(traces, time, place),
        *_incidents(judged, traces, time),
        *because(_outage(judged, place, time), judged, traces, time, place),
        *_lingers(own, traces, window),
    )
    return Story(head, said, place, window, None, traces)


def _span(judged: Judged, outage: Called | Outage) -> Span:
    end = judged.end if outage.end is None else outage.end
    return Span(outage.start, max(outage.start + 1, end))


def traces_of(judged: Judged, place: Entity, time: Span) -> tuple[Trace, ...]:
    """The entity's traces, or its parts', by the first detector; by another where only that found it low."""
    own = judged.subject(place[:2])
    if own and own[0].entity[:2] != place[:2]:
        own = [trace for trace in own if trace.detector != PARTS]
    own.sort(key=lambda trace: (trace.signal, trace.is_made))
    found = {(t.entity, t.signal) for t in own if not t.is_made and _is_low(t, time)}
    return tuple(t for t in own if not t.is_made or (_is_low(t, time) and (t.entity, t.signal) not in found))


def _is_low(trace: Trace, time: Span) -> bool:
    return bool(is_low(trace.state[trace.within(time)]).any())


def _name(place: Entity) -> str:
    return printable(entity_name(place))


def _verdict(judged: Judged, answer: Answer) -> str:
    if not answer.hit:
        return "Missed."
    said = f"Called out {_apart(answer.confirmed or 0)} its start"
    if answer.open:
        said += f", and still out when the recording ended, {utc_text(judged.end)}"
    elif answer.end_error is not None:
        said += f", and back {_apart(answer.end_error)} its end"
    return f"{said}." if answer.met else f"{said}, but not as exactly as is allowed: {why(answer, judged.tolerance)}."


def _apart(time: int) -> str:
    return apart(time, "after", "before") if time else "at"


def _window(time: Span, judged: Judged) -> Span:
    widest = max(trace.width for trace in judged.traces)
    beside = max(min(max(time.end - time.start, MARGIN[0]), MARGIN[1]), BINS_BESIDE * widest)
    first = min(int(trace.start[0]) for trace in judged.traces)
    seen = Span(max(first, time.start - beside), min(judged.end, time.end + beside))
    return seen if seen.start < seen.end else Span(time.start - beside, time.end + beside)


def _expected(traces: Iterable[Trace], time: Span, place: Entity) -> Iterator[str]:
    own = [trace for trace in traces if trace.entity[:2] == place[:2]]
    first = {trace.signal: trace for trace in reversed(own)}.values()
    told = [text for trace in sorted(first, key=lambda trace: trace.signal) if (text := _worst(trace, time))]
    if told:
        yield f"Seen when it was lowest, of what was expected: {'; '.join(told)}."
    elif own:
        yield "Nothing of it was observed then."
    elif parts := {trace.entity for trace in traces}:
        low = {trace.entity for trace in traces if (trace.state[trace.within(time)] == LOW_CONFIRMED).any()}
        kinds = {{"region": "region", "asn": "network"}.get(part.type, "part") for part in parts}
        have = "has" if len(parts) == 1 else "have"
        of = f"{counted(len(parts), kinds.pop() if len(kinds) == 1 else 'part')} that {have}"
        were = f"{len(low)} {'was' if len(low) == 1 else 'were'} clearly low"
        yield f"It has no series of its own; of the {of}, {were}{_together(traces, time)}."


def _worst(trace: Trace, time: Span) -> str:
    inside = trace.within(time) & trace.is_observed & (trace.expected > 0)
    if not inside.any():
        return ""
    name = signal_name(trace.signal)
    if not (inside & trace.settled).any():
        return f"{name} {number(float(trace.value[inside].min()))} (of a first day, in which nothing is usual yet)"
    inside &= trace.settled
    if (trace.state[inside] == UNKNOWN).all():
        return f"{name} (nothing said)"
    ratio = np.where(inside, trace.value / np.where(inside, trace.expected, 1.0), np.inf)
    i = int(np.argmin(ratio))
    feed = f", all series of it being at {trace.common[i]:.0%}" if abs(trace.common[i] - 1) >= COMMON_LEAST else ""
    return f"{name} {number(trace.value[i])} of {number(trace.expected[i])} ({ratio[i]:.0%}{feed})"


def _together(traces: Iterable[Trace], time: Span) -> str:
    told = []
    for signal, own in by_signal(traces).items():
        start, share = together(own)
        share = share[(start < time.end) & (start + own[0].width > time.start) & np.isfinite(share)]
        if len(share):
            told.append(f"{signal_name(signal)} at {share.min():.0%} of usual")
    return f"; together, at the lowest: {', '.join(told)}" if told else ""


def _lingers(own: Iterable[Called], traces: Iterable[Trace], window: Span) -> Iterator[str]:
    over = max((outage.end or window.end for outage in own), default=window.end)
    told = []
    for trace in traces:
        after = np.flatnonzero(trace.within(Span(over, window.end)) & trace.is_judged)
        after = after[np.logical_and.accumulate(is_low(trace.state[after]))]
        if len(after) and trace.ends[after[-1]] - over > LINGERS:
            share = np.median(trace.value[after] / trace.expected[after])
            told.append(f"{signal_name(trace.signal)} for {lasted(int(trace.ends[after[-1]]) - over)}, at {share:.0%}")
    if told:
        yield f"Still low after its end: {'; '.join(told)} of what was expected."


def _incidents(judged: Judged, traces: Iterable[Trace], time: Span) -> Iterator[str]:
    signals = {trace.signal for trace in traces}
    then = [d for d in judged.incidents if d.signal in signals and d.start < time.end and time.start < d.end]
    yield from moves(d for d in then if abs(d.share - 1) >= COMMON_LEAST)
    yield from blind(then)


def _outage(judged: Judged, place: Entity, time: Span) -> Outage | None:
    own = [outage for outage in judged.outages if (outage.entity_type, outage.entity) == place[:2]]
    there = [outage for outage in own if touch(_span(judged, outage), time)]
    return max(there, key=lambda o: (o.confirmed_at is not None, o.state != RETRACTED, o.probability), default=None)
