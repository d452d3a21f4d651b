"""Why an entity was called out, why late, or why not: in sentences."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from detectors.base import NORMAL, is_low
from pipeline.evaluation.accounting import LOW, Answer
from pipeline.evaluation.phrases import why_missed
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import Trace
from pipeline.explain.terms import held_back, resemblance, showing, signal_name, term_text
from pipeline.explain.text import KIND_WORDS, chance_text, lasted, utc_text
from pipeline.fusion.life import ENDED
from pipeline.records import Entity, Outage

LATE = 3600
"""A confirmation, or an end, that is off by more than this is explained [s]."""

LATE_BINS = 4
"""A delay of at most so many of the narrowest bins is explained by their width [bins]."""


def because(outage: Outage | None, judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why an entity was called out or not; and what a confirmed outage looks like."""
    if outage is None:
        yield from why_not(judged, traces, time, place)
        return
    for_it = [f"{term_text(term, ' of usual')} (+{term.weight:.1f})" for term in showing(outage.signals)]
    against = [f"{term_text(term, ' of usual')} (−{-term.weight:.1f})" for term in outage.signals if term.weight < 0]
    sure = f"together {chance_text(outage.probability)} sure"
    if outage.confirmed_at is None:
        sure += f"; not confirmed: {held_back(outage)}"
    called = f"Called out as {outage.kind} ({KIND_WORDS[outage.kind]})" if outage.confirmed_at else "Only suspected,"
    said = f"{called} because of {', '.join(for_it) or 'nothing'}"
    if against:
        said += f"; against it: {', '.join(against)}"
    yield f"{said} [log-odds, when the evidence weighed most]: {sure}."
    if outage.state == ENDED and outage.end is not None and (still := _low_at(outage.end, outage, traces)):
        yield f"It was over at {utc_text(outage.end)}, by what came back then or in the next bin. Still low: {still}."
    if outage.confirmed_at is not None and not outage.part_of:
        yield resemblance(outage)


def _low_at(time: int, outage: Outage, traces: Iterable[Trace]) -> str:
    told = []
    for trace in (trace for trace in traces if trace.entity[:2] == (outage.entity_type, outage.entity)):
        low = trace.within(Span(time, time + 1)) & is_low(trace.state) & (trace.expected > 0)
        shares = trace.value[low] / trace.expected[low]
        told += [f"{signal_name(trace.signal)} at {share:.0%} of usual" for share in shares]
    return ", ".join(told)


def why_not(judged: Judged, traces: Sequence[Trace], time: Span, place: Entity) -> Iterator[str]:
    """Why nothing was called out, and how low it got."""
    if reason := why_missed(judged, time, (place.type, place.name)):
        yield f"Not called out: {reason}."
    if any((~np.isnan(trace.score) & trace.within(time)).any() for trace in traces):
        yield _how_low(traces, time, judged.settings.model.suspect)


def _how_low(traces: Sequence[Trace], time: Span, suspect: float) -> str:
    low, scores = set[str](), dict[str, float]()
    for trace in traces:
        inside = trace.within(time) & ~np.isnan(trace.score)
        if inside.any():
            scores[trace.signal] = min(float(trace.score[inside].min()), scores.get(trace.signal, np.inf))
        if is_low(trace.state[inside]).any():
            low.add(trace.signal)
    lowest, signal = min((score, signal) for signal, score in scores.items())
    number = f"{lowest:.1f}".replace("-", "−")
    said = f"The lowest score was {number} robust standard deviations from what was expected ({signal})"
    if not low:
        return f"{said}."
    normal = sorted(scores.keys() - low)
    others = f", and {' and '.join(normal)} did not" if normal else ""
    return f"{said}. {', '.join(sorted(low))} looked low{others}: together less than {suspect:.0%} sure."


def why_off(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    """Why a label was confirmed long after its start, or was over long before or after its end."""
    yield from _why_late(answer, judged, traces)
    yield from _why_early(answer, judged, traces)
    yield from _why_longer(answer, judged, traces)


def _why_late(answer: Answer, judged: Judged, traces: Iterable[Trace]) -> Iterator[str]:
    own, late = _own(answer, traces), answer.confirmed
    if late is None or not own or late <= LATE:
        return
    why = f"Why {lasted(late)} after its start: "
    if late <= LATE_BINS * (narrow := min(trace.width for trace in own)):
        yield f"{why}its narrowest bins are of {lasted(narrow)}, and what a bin shows is known when it is over."
        return
    start, at = answer.label.start, answer.label.start + late
    then = Span(start - judged.tolerance.onset_early, at)
    looked = [(trace.start[trace.within(then) & np.isin(trace.state, LOW)], trace) for trace in own]
    found = sorted(((int(at[0]), trace.signal, trace) for at, trace in looked if len(at)), key=lambda it: it[:2])
    if not found:
        yield f"{why}no signal looked low before, and what is summed over days takes its time."
        return
    since, _, trace = found[0]
    low, after = {trace.signal for *_, trace in found}, Span(since, at)
    normal = [
        signal_name(t.signal) for t in own
        if not t.is_made and t.signal not in low and (t.state[t.within(after)] == NORMAL).all()
    ]  # fmt: skip
    others = f"{', '.join(normal)} did not; " if normal else ""
    yield (
        f"{why}{signal_name(trace.signal)} first looked low in its bin of {utc_text(since)}, at "
        f"{_share(trace, since):.0%} of usual; {others}it was confirmed only "
        f"at {utc_text(at)}, when the bin was known in which it was at {_share(trace, at - trace.width):.0%}."
    )


def _why_early(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    if answer.end_error is None or answer.end_error > -LATE:
        return
    at = answer.label.end + answer.end_error
    why = f"Why {lasted(-answer.end_error)} before its end: at {utc_text(at)} "
    own = [trace for trace in _own(answer, traces) if not trace.is_made]
    if not own:
        low = {t.entity for t in traces if is_low(t.state[t.within(Span(at, at + 1))]).any()}
        parts = len({trace.entity for trace in traces})
        yield f"{why}{len(low)} of its {parts} parts that have series looked low, too little to make the whole low."
    elif up := [f"{signal_name(t.signal)} had {_share(t, at):.0%}" for t in own if not _looks_low(t, at)]:
        often = "it often is" if len(up) == 1 else "they often are"
        yield f"{why}{', '.join(up)} of usual, no further below it than {often}."


def _why_longer(answer: Answer, judged: Judged, traces: Sequence[Trace]) -> Iterator[str]:
    if answer.end_error is None or answer.end_error < LATE or answer.open:
        return
    end, over = answer.label.end, answer.label.end + answer.end_error
    told = []
    for trace in (trace for trace in _own(answer, traces) if not trace.is_made):
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


def _share(trace: Trace, at: int) -> float:
    """Share of the expected value in the last bin that began by a time [s]; NaN where it is not known."""
    i = _last(trace, at, (trace.expected > 0) & trace.is_observed)
    return float("nan") if i is None else float(trace.value[i] / trace.expected[i])
