"""Why an entity was called out, why late, or why not: in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, DAY, HIGH, NORMAL, is_low
from pipeline.errors import printable
from pipeline.evaluation.accounting import LOW, Answer
from pipeline.evaluation.phrases import number
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace, by_signal, how_many, is_judged, silent
from pipeline.explain.terms import resemblance, signal_name, signed, term_text
from pipeline.explain.text import KIND_WORDS, Gazetteer, chance_text, lasted, utc_text
from pipeline.fusion.alone import IN_FULL
from pipeline.fusion.columns import HALF, MOST
from pipeline.fusion.evidence import log_odds, probability, speaking
from pipeline.fusion.holding import LASTING, MOST_LASTING, lifted
from pipeline.fusion.likeness import OF_DAY, OF_PARTS
from pipeline.fusion.outages import DIGITS, ENDED, RETRACTED
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.kinds import ROUTES, kind_of
from pipeline.records import Entity, Outage
from pipeline.settings import Fusing


def because(outage: Outage | None, judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why it was called out or not; and of what is confirmed, what it looks like."""
    if outage is None:
        yield from why_not(judged, traces, time, place)
        return
    for_it = [f"{term_text(term, ' of usual')} (+{term.weight:.1f})" for term in speaking(outage.signals)]
    against = [f"{term_text(term, ' of usual')} (−{-term.weight:.1f})" for term in outage.signals if term.weight < 0]
    called = f"Called out as {outage.kind} ({KIND_WORDS[outage.kind]})"
    begin = f"{called if outage.confirmed_at is not None else 'Only suspected,'} because of"
    said = f"{begin} {', '.join(for_it) or 'nothing'}" + (f"; against it spoke {', '.join(against)}" if against else "")
    yield f"{said} [log-odds, as it stood when the evidence weighed most]: {comes_to(outage, judged.settings.fusing)}."
    if outage.confirmed_at is None:
        yield from first_day(traces, time)
    if outage.state == ENDED and outage.end is not None and (still := _low_at(outage.end, outage, traces)):
        yield f"It was over at {utc_text(outage.end)}: what was back outweighed what still looked low, {still}."
    if outage.confirmed_at is not None and not outage.part_of:  # it is the whole that may look like a shutdown
        yield resemblance(outage)


def comes_to(outage: Outage, settings: Fusing) -> str:
    """What the terms of an outage add up to, with what an outage has against it before anything is seen.

    Examples
    --------
    >>> from msgspec.structs import replace
    >>> from pipeline.records import Term
    >>> terms = (Term("traffic.radar", 0.3, -9.0, 8.0, 1.0), Term("probing.ioda", 1.0, 0.0, -2.0, 1.0))
    >>> outage = Outage("id", "country", "IR", "suspected", "partial", "replay", 0, None, 0, None, 0.3, 0.5, terms, 1)
    >>> comes_to(outage, Fusing())
    'together 88% (with −4.0 before anything is seen); it takes 95% to confirm'
    >>> comes_to(replace(outage, probability=0.993, confirmed_at=600), Fusing())
    'together 88% (with −4.0 before anything is seen), >99% in other bins; it takes 95% to confirm'
    >>> print(*comes_to(replace(outage, probability=0.993), Fusing()).partition(" (")[0].split(": "), sep="\\n")
    sure enough, but held back
    one kind of signals alone told it, or none for long enough
    """
    against = [term for term in outage.signals if term.weight < 0]
    terms = [*speaking(outage.signals), *(term for term in against if not term.signal.startswith(OF_DAY))]
    prior = settings.prior.get(outage.entity_type, min(settings.prior.values()))
    prior += sum(term.weight for term in against if term.signal.startswith(OF_DAY))
    weights = np.array([[term.weight for term in terms]])
    signals = [term.signal for term in terms]
    fell = [term for term in terms if term.weight > 0 and not term.signal.startswith((OF_PARTS, OF_DAY))]
    deep = {kind_of(term.signal) for term in fell if term.ratio is not None and term.ratio <= 1 - HALF}
    lifts = lifted(np.array([len(deep)]), np.array([outage.confirmed_at is not None]), settings)
    odds = log_odds(np.array([prior]), weights, signals, settings, lifts) if terms else [prior]
    chance = round(float(probability(np.asarray(odds))[0]), DIGITS)  # as the outage has it
    now, most = chance_text(chance), chance_text(max(chance, outage.probability))
    sure = outage.confirmed_at is not None or max(chance, outage.probability) < settings.confirm
    more = f", {most} in other bins" if most != now else ""
    takes = f"it takes {settings.confirm:.0%} to confirm"
    together = f"together {now} (with {signed(prior)} before anything is seen){more}"
    if sure:
        return f"{together}; {takes}"
    return f"sure enough, but held back: one kind of signals alone told it, or none for long enough ({together})"


def first_day(traces: Iterable[Trace], time: Span) -> Iterator[str]:
    """That a time is of the first day of all series that show it."""
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
        told += [
            f"{signal_name(trace.signal)} at {left:.0%} of usual" for left in trace.value[low] / trace.expected[low]
        ]
    return ", ".join(told)


def why_not(judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why nothing was called out: the reason that is known, else how low it got, or why nothing was said."""
    if absent := _absent(judged, traces, time):
        yield f"Nothing was said of it: {absent}."
        return
    if place.type == "country" and traces and all(trace.entity[:2] != place[:2] for trace in traces):
        if few := too_few(traces, time, place, judged.settings.fusing):
            yield few
            return
        yield from _low_parts(traces, time, judged.settings.fusing)
    young = list(first_day(traces, time))
    yield from young or [_how_low(traces, time, judged.settings.fusing.suspect)]


def _absent(judged: Judged, traces: Sequence[Trace], time: Span) -> str:
    """That a recording has nothing of a place, or of a time; '' where it has."""
    if not traces:
        return "no row tells of it"
    seen = judged.readings[0].account.observed
    if touch(time, Span(seen.begin, seen.end)):
        return ""
    return f"the recording is of another time, {utc_text(seen.begin)} to {utc_text(seen.end)}"


def too_few(traces: Iterable[Trace], time: Span, place: Entity, settings: Fusing) -> str:
    """That a country without a series of its own cannot be judged from so few parts; '' where it can."""
    traces = list(traces)
    if is_judged(traces, place.name, settings, time):
        return ""
    name = printable(Gazetteer().name(place))
    regions, networks = how_many(traces, time)
    ways = list[str]()
    if regions or not networks:
        every = SUBDIVISIONS.get(place.name)
        known = f"{regions} of its {every}" if every else "nobody knows how many it has"
        ways.append(f"from its regions, where at least {settings.known_parts:.0%} of them are known: here {known}")
    if networks:
        least = f"{settings.known_networks} at least, and {settings.known_parts:.0%} of all that lately said anything,"
        ways.append(f"from its networks, where {least} are known: here {networks}")
    why = f"without a series of its own a country is judged {', or '.join(ways)}"
    return f"{name} cannot be judged: {why}. Never a country from a few of its parts."


def _low_parts(traces: Iterable[Trace], time: Span, settings: Fusing) -> Iterator[str]:
    """How much of a country was low at most, where that was too little."""
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
    """Why nothing was called out: how low it got, or why nothing was said."""
    lows, stood, scores = [], [], []
    for trace in traces:
        inside = trace.within(time) & ~np.isnan(trace.score)
        if is_low(trace.state[inside]).any():
            lows.append(trace.signal)
        elif inside.any():
            stood.append(trace.signal)
        if inside.any():
            scores.append((float(trace.score[inside].min()), trace.signal))
    if not scores:
        return f"Nothing was said of it: {silent(traces, time)}."
    lowest, signal = min(scores)
    score = f"{lowest:.1f}".replace("-", "−") + " robust standard deviations from what was expected"
    if not lows:
        return f"Not called out: no signal was low, the lowest score is {score} ({signal})."
    looked = f"though {', '.join(sorted(set(lows)))} looked low, the lowest score being {score}"
    together = f"all together was less than {suspect:.0%} sure, from which on it is suspected"
    stands = sorted(set(stood) - set(lows))
    against = f", as {' and '.join(stands)} stood, which speaks against it" if stands else ""
    return f"Not called out, {looked}: {together}{against}."


LATE = 3600
"""Who is called out so long after the start of a label is told why [s]."""

SUNK = 0.95
"""What is usual at less than so much of what it was before an outage has sunk [0-1]."""

LATE_BINS = 4
"""What is no later than so many of its narrowest bins is so for their width [bins]."""


def why_late(answer: Answer, judged: Judged, traces: Iterable[Trace]) -> Iterator[str]:
    """Why a label was hit hours after its start: since when what looked low, how far down that was, and what stood."""
    own = [trace for trace in traces if trace.entity[:2] == (answer.label.entity_type, answer.label.entity)]
    late = answer.confirmed
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
    low = {trace.signal for *_, trace in found}
    told = [
        f"{signal_name(trace.signal)} first looked low in its bin of {utc_text(since)}, at {_left(trace, since):.0%} "
        "of usual",
        *_little(1 - _left(trace, since), judged.settings.fusing),
        *_against(low, [t for t in own if t.detector == judged.first], Span(since, at), late, judged.settings.fusing),
        f"it was confirmed only at {utc_text(at)}, when the bin was known in which it was at "
        f"{_left(trace, at - trace.width):.0%}",
    ]
    yield f"{why}{'; '.join(told)}."


def _little(lost: float, settings: Fusing) -> Iterator[str]:
    """That what was lost at first [0-1] counts for less than its cap."""
    if lost < settings.full_depth:
        yield (
            f"so little weighs little: a bin counts {settings.per_deviation:+g} for each standard deviation that it is "
            f"below usual, {settings.cap:+g} at most, and in full only from {settings.full_depth:.0%} lost on"
        )


def _against(low: set[str], traces: Iterable[Trace], time: Span, late: int, settings: Fusing) -> Iterator[str]:
    """Who stood all the time, and what that counted, where these signals were low for so long [s]."""
    others = [trace for trace in traces if trace.signal not in low]
    stood = [t.signal for t in others if t.within(time).any() and (t.state[t.within(time)] == NORMAL).all()]
    if not stood:
        return
    yield f"{', '.join(map(signal_name, stood))} stood, which speaks against it"
    heard = [signal_name(signal) for signal in stood if settings.against(kind_of(signal)) <= -IN_FULL]
    if not heard:  # routes stand in most outages: they hold up none
        return
    if late >= MOST_LASTING:
        enough = f"{MOST:.0%} has been gone for {lasted(MOST_LASTING)}, or {HALF:.0%} for {lasted(LASTING)}"
        yield f"{', '.join(heard)} less so once {enough}"
    if len(kinds := {kind_of(signal) for signal in low}) == 1 and ROUTES not in kinds:
        yield f"until then one kind that is low alone is not confirmed against {', '.join(heard)}"


def why_early(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was called over hours before its end: what its signals, or its parts, showed then."""
    if answer.end_error is None or answer.end_error > -LATE:
        return
    at = answer.label.end + answer.end_error
    why = f"Why {lasted(-answer.end_error)} before its end: at {utc_text(at)} "
    own = [trace for trace in traces if trace.entity[:2] == (answer.label.entity_type, answer.label.entity)]
    if not own:
        low = {t.entity for t in traces if is_low(t.state[t.within(Span(at, at + 1))]).any()}
        parts = len({trace.entity for trace in traces})
        yield f"{why}{len(low)} of its {parts} parts that have series looked low, too little to make the whole low."
        return
    first = [trace for trace in own if trace.detector == judged.first]
    up = [f"{signal_name(t.signal)} had {_left(t, at):.0%}" for t in first if not _looks_low(t, at)]
    if up:  # of what still looked low then `because` tells
        back = (
            f"{', '.join(up)} of usual, no further below it than {'it often is' if len(up) == 1 else 'they often are'}"
        )
        yield f"{why}{back}.{_sunk(first, answer.label.start + (answer.onset_error or 0), at)}"


def why_longer(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was over hours after its end: what still looked low then, and until when."""
    if answer.end_error is None or answer.end_error < LATE or answer.open:
        return
    end, over = answer.label.end, answer.label.end + answer.end_error
    own = [trace for trace in traces if trace.entity[:2] == (answer.label.entity_type, answer.label.entity)]
    told = []
    for trace in (trace for trace in own if trace.detector == judged.first):
        low = np.flatnonzero(trace.within(Span(end, over)) & is_low(trace.state) & (trace.expected > 0))
        if len(low):
            at = int(trace.start[low[-1]])
            bins = f" (bins of {lasted(trace.width)})" if trace.width >= LATE else ""
            until, left = f"{utc_text(at + trace.width)}{bins}", _left(trace, at)
            told.append(f"{signal_name(trace.signal)} still looked low until {until}, at {left:.0%} of usual at last")
    if told:
        yield f"Why {lasted(answer.end_error)} after its end: {'; '.join(told)}."


def _sunk(traces: Iterable[Trace], onset: int, at: int) -> str:
    """That what is expected has sunk in an outage of a day or more; '' where it has not."""
    told = []
    for trace in traces if at - onset >= DAY else ():
        now, before = (_expects(trace, time) for time in (at, at - -(-(at - onset) // DAY) * DAY))
        if now < SUNK * before:
            told.append(f"{number(now)} of {signal_name(trace.signal)}, and {number(before)} at that hour before it")
    return f" But what counts as usual had sunk in the outage: by then it was {'; '.join(told)}." if told else ""


def _last(trace: Trace, at: int, bins: np.ndarray) -> int | None:
    """The place of the last bin that began by then [s], of some bins ``(t,) bool``; None where none did."""
    found = np.flatnonzero((trace.start <= at) & bins)
    return int(found[-1]) if len(found) else None


def _expects(trace: Trace, at: int) -> float:
    """What was expected in the last bin that began by then; NaN where that is not known."""
    i = _last(trace, at, ~np.isnan(trace.expected))
    return float("nan") if i is None else float(trace.expected[i])


def _looks_low(trace: Trace, at: int) -> bool:
    """Whether its last bin that began by then [s] looked low."""
    i = _last(trace, at, trace.is_observed)
    return i is not None and bool(is_low(trace.state[i]))


def _first(trace: Trace, time: Span, states: tuple[int, ...]) -> int | None:
    found = trace.start[trace.within(time) & np.isin(trace.state, states)]
    return int(found[0]) if len(found) else None


def _left(trace: Trace, at: int) -> float:
    """Share of what was expected in the last bin that began by then; NaN where that is not known."""
    i = _last(trace, at, (trace.expected > 0) & trace.is_observed)
    return float("nan") if i is None else float(trace.value[i] / trace.expected[i])


LESS = 0.8
"""Less than this share of what was expected at that time of the day before an outage is the low level [0-1]."""


class Long(NamedTuple):
    """An outage that lasted so long that a detector may get used to it [s]; ``sure``: whether it was confirmed."""

    start: int
    end: int
    sure: bool


def long_outages(judged: Judged, place: Entity) -> list[Long]:
    """The outages of an entity, confirmed or suspected to the end, that lasted so long."""
    end = judged.readings[0].account.observed.end
    own = [o for o in judged.outages if (o.entity_type, o.entity) == place[:2] and o.state != RETRACTED]
    spans = [Long(o.start, end if o.end is None else o.end, o.confirmed_at is not None) for o in own]
    return sorted(span for span in spans if span.end - span.start >= judged.settings.fusing.used_to)


def learnt(trace: Trace, outages: Iterable[Long], used_to: int) -> np.ndarray:
    """Bins ``(t,) bool`` in which what is expected is the low level of a long outage: in it, and after it until the
    value is no longer high beyond what is expected.

    Examples
    --------
    >>> start, full = np.arange(20) * DAY, np.full(20, 100.0)
    >>> value, expected = full.copy(), full.copy()
    >>> value[3:13], expected[10:16] = 5.0, 5.0
    >>> state = np.where(np.arange(20) < 10, 3, np.where((value > expected), HIGH, 1))
    >>> trace = Trace("traffic.x", "seasonal", Entity("country", "SD"), DAY, start, value, expected, *[full] * 3, state,
    ...               full > 0, full)
    >>> np.flatnonzero(learnt(trace, [Long(3 * DAY, 13 * DAY, True)], 6 * DAY)).tolist()
    [10, 11, 12, 13, 14, 15]
    """
    made = np.zeros(len(trace.start), bool)
    spans = [*outages, Long(ALWAYS, ALWAYS, False)]
    for span, following in pairwise(spans):
        high = trace.start[(trace.state == HIGH) & (trace.start >= span.end) & (trace.start < following.start)]
        last = max(span.end, int(high[-1]) + trace.width) if len(high) else span.end
        used = (trace.start >= span.start + used_to) & (trace.start < last)
        made |= used & (trace.expected < LESS * _before(trace, span.start))
    return made


def _before(trace: Trace, at: int) -> np.ndarray:
    """What was expected at the same time of the last day before a time [s], ``(t,)``; NaN where nothing was."""
    day = (trace.start >= at - DAY) & (trace.start < at) & np.isfinite(trace.expected)
    if not day.any():
        return np.full(len(trace.start), np.nan)
    phase, expected = trace.start[day] % DAY, trace.expected[day]
    order = np.argsort(phase)
    return np.asarray(expected[order][np.searchsorted(phase[order], trace.start % DAY) % len(order)])


def got_used(judged: Judged, place: Entity, traces: Sequence[Trace], window: Span) -> Iterator[str]:
    """That the detector has got used to the low level while ours holds on, from when on, and what is not drawn."""
    used_to, outages = judged.settings.fusing.used_to, long_outages(judged, place)
    own = [trace for trace in traces if trace.detector == judged.first and trace.entity[:2] == place[:2]]
    for span in outages:
        since = {trace.signal: at for trace in own if (at := _used_from(trace, span, used_to)) is not None}
        if since and min(since.values()) < window.end and window.start < span.end:
            holds = "holds on to what was expected before, and to the outage" if span.sure else "goes on suspecting it"
            yield (
                f"From {utc_text(min(since.values()))} on the detector has got used to the low level of "
                f"{', '.join(map(signal_name, since))} and calls it low no more; ours {holds}."
            )
    low = {trace.signal: (trace, learnt(trace, outages, used_to)) for trace in own}
    starts = [int(trace.start[bins][0]) for trace, bins in low.values() if (bins & trace.within(window)).any()]
    if starts:
        yield (
            f"What the detector expects from {utc_text(min(starts))} on is the low level that it has got used to: that "
            "is no usual level, and is not drawn until it has learnt anew."
        )


def _used_from(trace: Trace, span: Long, used_to: int) -> int | None:
    """From when on a detector calls what is as low as before no longer low [s]; None where it never does."""
    inside = (trace.start >= span.start) & (trace.start < span.end) & trace.is_observed
    low = trace.start[inside & is_low(trace.state)]
    if not len(low):
        return None
    since = int(low[-1]) + trace.width
    after = inside & (trace.start >= since) & (trace.start < since + DAY) & (trace.start < span.end)
    still = after & (trace.value < LESS * _before(trace, span.start))
    return since if since >= span.start + used_to and 2 * still.sum() > after.sum() else None


def without_learnt(judged: Judged, place: Entity, traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """The traces with nothing expected where that is a low level that the detector has got used to."""
    outages = long_outages(judged, place)
    return tuple(_bare(trace, learnt(trace, outages, judged.settings.fusing.used_to)) for trace in traces)


def _bare(trace: Trace, bins: np.ndarray) -> Trace:
    if not bins.any():
        return trace
    expected, lower, upper = (np.where(bins, np.nan, column) for column in (trace.expected, trace.lower, trace.upper))
    return replace(trace, expected=expected, lower=lower, upper=upper)
