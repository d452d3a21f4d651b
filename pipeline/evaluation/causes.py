"""Why an entity was called out, why late, or why not: in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from detectors.base import ALWAYS, DAY, HIGH, NORMAL, is_low
from pipeline.errors import printable
from pipeline.evaluation.accounting import LOW, Answer
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace, by_signal, is_judged, most_judged, silent
from pipeline.explain.terms import resemblance, signal_name, term_text
from pipeline.explain.text import KIND_WORDS, Gazetteer, chance_text, lasted, utc_text
from pipeline.fusion.evidence import speaking
from pipeline.fusion.outages import ENDED, RETRACTED
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.records import Entity, Outage
from pipeline.settings import Fusing

LATE = 3600
"""A confirmation, or an end, that is off by more than this is explained [s]."""

LATE_BINS = 4
"""A delay of at most so many of the narrowest bins is explained by their width [bins]."""

LEARNT = 0.8
"""An expected value below this share of the one before the outage is a low level that the detector has learnt [0-1]."""


def because(outage: Outage | None, judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why an entity was called out or not; and what a confirmed outage looks like."""
    if outage is None:
        yield from why_not(judged, traces, time, place)
        return
    for_it = [f"{term_text(term, ' of usual')} (+{term.weight:.1f})" for term in speaking(outage.signals)]
    against = [f"{term_text(term, ' of usual')} (−{-term.weight:.1f})" for term in outage.signals if term.weight < 0]
    called = f"Called out as {outage.kind} ({KIND_WORDS[outage.kind]})" if outage.confirmed_at else "Only suspected,"
    said = f"{called} because of {', '.join(for_it) or 'nothing'}"
    if against:
        said += f"; against it: {', '.join(against)}"
    yield f"{said} [log-odds, when the evidence weighed most]: {_sure(outage, judged.settings.fusing)}."
    if outage.confirmed_at is None:
        yield from _first_day(traces, time)
    if outage.state == ENDED and outage.end is not None and (still := _low_at(outage.end, outage, traces)):
        yield f"It was over at {utc_text(outage.end)}: what was back outweighed what still looked low, {still}."
    if outage.confirmed_at is not None and not outage.part_of:
        yield resemblance(outage)


def _sure(outage: Outage, settings: Fusing) -> str:
    sure = f"together {chance_text(outage.probability)} sure"
    if outage.confirmed_at is None and outage.probability >= settings.confirm:
        return f"{sure}, but only one kind of signal was low, or none for long enough"
    return f"{sure}; it takes {settings.confirm:.0%} to confirm"


def _first_day(traces: Iterable[Trace], time: Span) -> Iterator[str]:
    """That all series were observed for less than a day then."""
    seen = [trace for trace in traces if (trace.within(time) & trace.is_observed).any()]
    if seen and not any((trace.within(time) & trace.is_observed & trace.settled).any() for trace in seen):
        first = min(int(trace.start[trace.is_observed][0]) for trace in seen)
        yield (
            "Nothing is confirmed in a series' first day, which only serves to compare with: it was first seen at "
            f"{utc_text(first)}. No expected line is drawn of that day."
        )


def _low_at(time: int, outage: Outage, traces: Iterable[Trace]) -> str:
    """Which of its signals looked low at a time [s], and how low."""
    told = []
    for trace in (trace for trace in traces if trace.entity[:2] == (outage.entity_type, outage.entity)):
        low = trace.within(Span(time, time + 1)) & is_low(trace.state) & (trace.expected > 0)
        shares = trace.value[low] / trace.expected[low]
        told += [f"{signal_name(trace.signal)} at {share:.0%} of usual" for share in shares]
    return ", ".join(told)


def why_not(judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why nothing was called out: a known reason, else how low it got, or why there was no verdict."""
    if absent := _absent(judged, traces, time):
        yield f"Nothing was said of it: {absent}."
        return
    if place.type == "country" and traces and all(trace.entity[:2] != place[:2] for trace in traces):
        if few := _too_few(traces, time, place, judged.settings.fusing):
            yield few
            return
        yield from _low_parts(traces, time, judged.settings.fusing)
    young = list(_first_day(traces, time))
    yield from young or [_how_low(traces, time, judged.settings.fusing.suspect)]


def _absent(judged: Judged, traces: Sequence[Trace], time: Span) -> str:
    """That the recording has nothing of a place or of a time; '' where it has."""
    if not traces:
        return "no row tells of it"
    seen = judged.readings[0].account.observed
    if touch(time, Span(seen.begin, seen.end)):
        return ""
    return f"the recording is of another time, {utc_text(seen.begin)} to {utc_text(seen.end)}"


def _too_few(traces: Sequence[Trace], time: Span, place: Entity, settings: Fusing) -> str:
    """That too few parts of a country without a series of its own were judged; '' where it were enough."""
    if is_judged(traces, place.name, settings, time):
        return ""
    regions, networks = (most_judged(traces, time, kind) for kind in ("region", "asn"))
    ways = list[str]()
    if regions or not networks:
        every = SUBDIVISIONS.get(place.name)
        known = f"{regions} of its {every}" if every else "it is not known how many it has"
        ways.append(f"from its regions, where at least {settings.known_parts:.0%} of them are known: here {known}")
    if networks:
        least = f"at least {settings.known_networks}, and {settings.known_parts:.0%} of those seen lately,"
        ways.append(f"from its networks, where {least} are known: here {networks}")
    why = f"without a series of its own a country is judged {', or '.join(ways)}"
    return f"{printable(Gazetteer().name(place))} cannot be judged: {why}."


def _low_parts(traces: Iterable[Trace], time: Span, settings: Fusing) -> Iterator[str]:
    """The largest share of a country that was low at once, where that was too little."""
    told = []
    for signal, own in by_signal(traces).items():
        start, place = np.unique(np.concatenate([trace.start for trace in own]), return_inverse=True)
        expected = np.nan_to_num(np.concatenate([np.where(trace.is_judged, trace.expected, 0.0) for trace in own]))
        are_low = np.concatenate([is_low(trace.state) for trace in own])
        low, whole = (np.bincount(place, expected * which, len(start)) for which in (are_low, 1.0))
        inside = (start < time.end) & (start + own[0].width > time.start) & (whole > 0)
        if inside.any() and (most := float((low[inside] / whole[inside]).max())) < settings.low_parts:
            told.append(f"{signal_name(signal)} {most:.0%}")
    if told:
        yield (
            "Parts that were low at once make up, at most, of what is known of it: "
            f"{', '.join(told)}; {settings.low_parts:.0%} make the country low."
        )


def _how_low(traces: Sequence[Trace], time: Span, suspect: float) -> str:
    """How low it got, or why there was no verdict."""
    low, scores = set[str](), dict[str, float]()
    for trace in traces:
        inside = trace.within(time) & ~np.isnan(trace.score)
        if inside.any():
            scores[trace.signal] = min(float(trace.score[inside].min()), scores.get(trace.signal, np.inf))
        if is_low(trace.state[inside]).any():
            low.add(trace.signal)
    if not scores:
        return f"Nothing was said of it: {silent(traces, time)}."
    lowest, signal = min((score, signal) for signal, score in scores.items())
    score = f"{lowest:.1f}".replace("-", "−") + " robust standard deviations from what was expected"
    if not low:
        return f"Not called out: no signal was low, the lowest score is {score} ({signal})."
    normal = sorted(scores.keys() - low)
    against = f", as {' and '.join(normal)} {'was' if len(normal) == 1 else 'were'} not low" if normal else ""
    looked = f"though {', '.join(sorted(low))} looked low, the lowest score being {score}"
    return f"Not called out, {looked}: all together was less than {suspect:.0%} sure{against}."


def why_off(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was confirmed long after its start, or was over long before or after its end."""
    yield from _why_late(answer, judged, traces)
    yield from _why_early(answer, judged, traces)
    yield from _why_longer(answer, judged, traces)


def _why_late(answer: Answer, judged: Judged, traces: Iterable[Trace]) -> Iterator[str]:
    """Why a label was confirmed late: since when a signal looked low, and which signals did not."""
    own, late = _own(answer, traces), answer.confirmed
    if late is None or not own or late <= LATE:
        return
    why = f"Why {lasted(late)} after its start: "
    if late <= LATE_BINS * (narrow := min(trace.width for trace in own)):
        yield f"{why}its narrowest bins are of {lasted(narrow)}, and what a bin shows is known when it is over."
        return
    start, at = answer.label.start, answer.label.start + late
    then = Span(start - judged.tolerance.onset_early, at)
    looked = [(_first(trace, then, LOW), trace) for trace in own]
    found = sorted(((when, trace.signal, trace) for when, trace in looked if when is not None), key=lambda it: it[:2])
    if not found:
        yield f"{why}no signal looked low before, and what is summed over days takes its time."
        return
    since, _, trace = found[0]
    low, after = {trace.signal for *_, trace in found}, Span(since, at)
    normal = [
        signal_name(t.signal) for t in own
        if t.detector == judged.first and t.signal not in low and (t.state[t.within(after)] == NORMAL).all()
    ]  # fmt: skip
    others = f"{', '.join(normal)} did not; " if normal else ""
    yield (
        f"{why}{signal_name(trace.signal)} first looked low in its bin of {utc_text(since)}, at "
        f"{_share(trace, since):.0%} of usual; {others}it was confirmed only "
        f"at {utc_text(at)}, when the bin was known in which it was at {_share(trace, at - trace.width):.0%}."
    )


def _why_early(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was over more than an hour before its end: what its signals, or its parts, showed then."""
    if answer.end_error is None or answer.end_error > -LATE:
        return
    at = answer.label.end + answer.end_error
    why = f"Why {lasted(-answer.end_error)} before its end: at {utc_text(at)} "
    own = [trace for trace in _own(answer, traces) if trace.detector == judged.first]
    if not own:
        low = {t.entity for t in traces if is_low(t.state[t.within(Span(at, at + 1))]).any()}
        parts = len({trace.entity for trace in traces})
        yield f"{why}{len(low)} of its {parts} parts that have series looked low, too little to make the whole low."
    elif up := [f"{signal_name(t.signal)} had {_share(t, at):.0%}" for t in own if not _looks_low(t, at)]:
        often = "it often is" if len(up) == 1 else "they often are"
        yield f"{why}{', '.join(up)} of usual, no further below it than {often}."


def _why_longer(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was over more than an hour after its end: which signals still looked low, and until when."""
    if answer.end_error is None or answer.end_error < LATE or answer.open:
        return
    end, over = answer.label.end, answer.label.end + answer.end_error
    told = []
    for trace in (trace for trace in _own(answer, traces) if trace.detector == judged.first):
        low = np.flatnonzero(trace.within(Span(end, over)) & is_low(trace.state) & (trace.expected > 0))
        if len(low):
            at = int(trace.start[low[-1]])
            bins = f" (bins of {lasted(trace.width)})" if trace.width >= LATE else ""
            last = f"{utc_text(at + trace.width)}{bins}, at {_share(trace, at):.0%} of usual at last"
            told.append(f"{signal_name(trace.signal)} still looked low until {last}")
    if told:
        yield f"Why {lasted(answer.end_error)} after its end: {'; '.join(told)}."


def _own(answer: Answer, traces: Iterable[Trace]) -> list[Trace]:
    return [trace for trace in traces if trace.entity[:2] == (answer.label.entity_type, answer.label.entity)]


def _last(trace: Trace, at: int, bins: np.ndarray) -> int | None:
    """Index of the last of these bins ``(t,) bool`` that began by a time [s]."""
    found = np.flatnonzero((trace.start <= at) & bins)
    return int(found[-1]) if len(found) else None


def _looks_low(trace: Trace, at: int) -> bool:
    i = _last(trace, at, trace.is_observed)
    return i is not None and bool(is_low(trace.state[i]))


def _first(trace: Trace, time: Span, states: tuple[int, ...]) -> int | None:
    found = trace.start[trace.within(time) & np.isin(trace.state, states)]
    return int(found[0]) if len(found) else None


def _share(trace: Trace, at: int) -> float:
    """Share of the expected value in the last bin that began by a time [s]; NaN where it is not known."""
    i = _last(trace, at, (trace.expected > 0) & trace.is_observed)
    return float("nan") if i is None else float(trace.value[i] / trace.expected[i])


def long_outages(judged: Judged, place: Entity) -> list[Span]:
    """The outages of an entity that are long enough for a detector to learn their level."""
    end = judged.readings[0].account.observed.end
    own = [o for o in judged.outages if (o.entity_type, o.entity) == place[:2] and o.state != RETRACTED]
    spans = [Span(o.start, end if o.end is None else o.end) for o in own]
    return sorted(span for span in spans if span.end - span.start >= judged.settings.fusing.used_to)


def learnt(trace: Trace, outages: Iterable[Span], used_to: int) -> np.ndarray:
    """Bins ``(t,) bool`` in which the expected value is the low level of a long outage.

    That is so in it, and after it until the value is no longer high against what is expected.

    Examples
    --------
    >>> start, full = np.arange(20) * DAY, np.full(20, 100.0)
    >>> value, expected = full.copy(), full.copy()
    >>> value[3:13], expected[10:16] = 5.0, 5.0
    >>> state = np.where(np.arange(20) < 10, 3, np.where((value > expected), HIGH, 1))
    >>> trace = Trace("traffic.x", "seasonal", Entity("country", "SD"), DAY, start, value, expected, *[full] * 3, state,
    ...               full > 0, full)
    >>> np.flatnonzero(learnt(trace, [Span(3 * DAY, 13 * DAY)], 6 * DAY)).tolist()
    [10, 11, 12, 13, 14, 15]
    """
    made = np.zeros(len(trace.start), bool)
    for span, following in pairwise([*outages, Span(ALWAYS, ALWAYS)]):
        high = trace.start[(trace.state == HIGH) & (trace.start >= span.end) & (trace.start < following.start)]
        last = max(span.end, int(high[-1]) + trace.width) if len(high) else span.end
        used = (trace.start >= span.start + used_to) & (trace.start < last)
        made |= used & (trace.expected < LEARNT * _expected_before(trace, span.start))
    return made


def _expected_before(trace: Trace, at: int) -> np.ndarray:
    """The value expected at the same time of the last day before a time [s], ``(t,)``; NaN where there is none."""
    day = (trace.start >= at - DAY) & (trace.start < at) & np.isfinite(trace.expected)
    if not day.any():
        return np.full(len(trace.start), np.nan)
    phase, expected = trace.start[day] % DAY, trace.expected[day]
    order = np.argsort(phase)
    return np.asarray(expected[order][np.searchsorted(phase[order], trace.start % DAY) % len(order)])


def low_level_learnt(judged: Judged, place: Entity, traces: Iterable[Trace], window: Span) -> Iterator[str]:
    """That what the first detector expects of a place is the low level of a long outage, from when on."""
    outages, starts = long_outages(judged, place), []
    for trace in traces:
        if trace.detector == judged.first and trace.entity[:2] == place[:2]:
            bins = learnt(trace, outages, judged.settings.fusing.used_to)
            if (bins & trace.within(window)).any():
                starts.append(int(trace.start[bins][0]))
    if starts:
        yield (
            f"From {utc_text(min(starts))} on the detector expects the low level of the outage, which is not drawn. "
            "Ours goes on comparing with what was expected before."
        )


def without_learnt(judged: Judged, place: Entity, traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """The traces with nothing expected where that is a low level that the detector has learnt."""
    outages = long_outages(judged, place)
    return tuple(_bare(trace, learnt(trace, outages, judged.settings.fusing.used_to)) for trace in traces)


def _bare(trace: Trace, bins: np.ndarray) -> Trace:
    if not bins.any():
        return trace
    expected, lower, upper = (np.where(bins, np.nan, column) for column in (trace.expected, trace.lower, trace.upper))
    return replace(trace, expected=expected, lower=lower, upper=upper)
