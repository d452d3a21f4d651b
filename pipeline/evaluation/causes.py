"""Why an entity was called out, why so late, or why not: what the code knows of it, in sentences."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from detectors.base import DAY, NORMAL, is_low
from pipeline.columns import HALF, MOST
from pipeline.evaluation.accounting import Answer
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.parts import by_signal, how_many, is_judged
from pipeline.evaluation.phrases import number
from pipeline.evaluation.readings import LOW
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace, silent
from pipeline.evidence import log_odds, probability
from pipeline.holding import LASTING, MOST_LASTING
from pipeline.kinds import kind_of
from pipeline.outages import ENDED
from pipeline.reasons import resemblance, signal_name, signed, speaking, term_text
from pipeline.records import Entity, Outage
from pipeline.series import Gazetteer
from pipeline.settings import Fusing
from pipeline.show import lasted
from pipeline.subdivisions import SUBDIVISIONS
from pipeline.wording import KIND_WORDS, chance_text, printable, utc_text

LATE = 3600
"""Who is called out so long after the start of a label is told why [s]."""

SUNK = 0.95
"""What is usual at less than so much of what it was before an outage has sunk [0-1]."""

LATE_BINS = 4
"""What is no later than so many of its narrowest bins is so for their width [bins]."""


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
    """
    terms = [*speaking(outage.signals), *(term for term in outage.signals if term.weight < 0)]
    prior = settings.prior.get(outage.entity_type, min(settings.prior.values()))
    weights = np.array([[term.weight for term in terms]])
    odds = log_odds(np.array([prior]), weights, [term.signal for term in terms], settings) if terms else [prior]
    chance = float(probability(np.asarray(odds))[0])
    now, most = chance_text(chance), chance_text(max(chance, outage.probability))
    sure = outage.confirmed_at is not None or max(chance, outage.probability) < settings.confirm
    more = f", {most} in other bins" if most != now else ""
    takes = f"it takes {settings.confirm:.0%} to confirm"
    together = f"together {now} (with {signed(prior)} before anything is seen){more}"
    if sure:
        return f"{together}; {takes}"
    return f"no signal was confirmed low, or one kind alone while another stood, which confirms nothing ({together})"


def first_day(traces: Iterable[Trace], time: Span) -> Iterator[str]:
    """That a time is of the first day of all series that show it."""
    seen = [trace for trace in traces if (trace.within(time) & trace.is_observed).any()]
    if seen and not any((trace.within(time) & trace.is_observed & trace.settled).any() for trace in seen):
        first = min(int(trace.start[trace.is_observed][0]) for trace in seen)
        yield (
            "Nothing is confirmed in a series' first day, which only serves to compare with: it was first seen at "
            f"{utc_text(first)}. No expected line is drawn of that day."
        )


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
    fusing = judged.settings.fusing
    if not found:
        yield f"{why}no signal looked low before, and what is summed over days takes its time."
        return
    since, _, trace = found[0]
    now, before = _left(trace, since), _left(trace, at - trace.width)
    told = [f"{signal_name(trace.signal)} first looked low in its bin of {utc_text(since)}, at {now:.0%} of usual"]
    if 1 - now < fusing.full_depth:
        told.append(
            f"a bin counts {fusing.per_deviation:+g} for each standard deviation that it is below, {fusing.cap:+g} at "
            f"most, and with a drop of less than {fusing.full_depth:.0%} in proportion to its depth"
        )
    span = Span(since, at)
    low = {trace.signal for *_, trace in found}
    others = [t for t in own if t.detector == judged.first and t.signal not in low]
    stood = [t.signal for t in others if (t.state[t.within(span)] == NORMAL).all() and t.within(span).any()]
    if stood:
        enough = f"{MOST:.0%} has been gone for {lasted(MOST_LASTING)}, or {HALF:.0%} for {lasted(LASTING)}"
        speaks = f"which speaks against it{f', but less once {enough}' if late >= MOST_LASTING else ''}"
        told.append(f"{', '.join(map(signal_name, stood))} stood, {speaks}")
        if len({kind_of(signal) for signal in low}) == 1:
            told.append("one kind that is low alone is not confirmed as long as they are heard")
    told.append(f"it was confirmed only at {utc_text(at)}, when the bin was known in which it was at {before:.0%}")
    yield f"{why}{'; '.join(told)}."


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
        back = f"{', '.join(up)} of usual, which is within what {'it strays' if len(up) == 1 else 'they stray'}"
        yield f"{why}{back}.{_sunk(first, answer.label.start + (answer.onset_error or 0), at)}"


def _sunk(traces: Iterable[Trace], onset: int, at: int) -> str:
    """That what is expected has sunk in an outage of a day or more; '' where it has not."""
    told = []
    for trace in traces if at - onset >= DAY else ():
        now, before = (_expects(trace, time) for time in (at, at - -(-(at - onset) // DAY) * DAY))
        if now < SUNK * before:
            told.append(f"of {signal_name(trace.signal)} {number(now)}, at that hour before it {number(before)}")
    return f" What was usual had sunk by then: {'; '.join(told)}." if told else ""


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
    lows, scores = [], []
    for trace in traces:
        inside = trace.within(time)
        states = trace.state[inside]
        if is_low(states).any():
            lows.append(trace.signal)
        score = trace.score[inside]
        if not np.isnan(score).all():
            scores.append((float(np.nanmin(score)), trace.signal))
    if not scores:
        return f"Nothing was said of it: {silent(traces, time)}."
    lowest, signal = min(scores)
    score = f"{lowest:.1f}".replace("-", "−") + " robust standard deviations from what was expected"
    if not lows:
        return f"Not called out: no signal was low, the lowest score is {score} ({signal})."
    looked = f"though {', '.join(sorted(set(lows)))} looked low, the lowest score being {score}"
    return f"Not called out, {looked}: all together was less than {suspect:.0%} sure, from which on it is suspected."
