"""Why an entity was called out, why so late, or why not: what the code knows of it, in sentences."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from detectors.base import is_low
from pipeline.errors import printable
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.parts import by_signal, how_many, is_judged
from pipeline.evaluation.spans import Span, touch
from pipeline.evaluation.traces import Trace, silent
from pipeline.explain.metric_points import Gazetteer
from pipeline.explain.terms import resemblance, signal_name, signed, term_text
from pipeline.explain.text import KIND_WORDS, chance_text, utc_text
from pipeline.fusion.columns import HALF
from pipeline.fusion.evidence import log_odds, probability, speaking
from pipeline.fusion.holding import lifted
from pipeline.fusion.likeness import OF_DAY, OF_PARTS
from pipeline.fusion.outages import DIGITS, ENDED
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.kinds import kind_of
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
