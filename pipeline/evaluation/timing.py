"""Why a label was called out hours after its start, or over hours before or after its end: in sentences."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from detectors.base import DAY, NORMAL, is_low
from pipeline.evaluation.accounting import Answer
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.phrases import number
from pipeline.evaluation.readings import LOW
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import Trace
from pipeline.explain.terminal import lasted
from pipeline.explain.terms import signal_name
from pipeline.explain.text import utc_text
from pipeline.fusion.alone import IN_FULL
from pipeline.fusion.columns import HALF, MOST
from pipeline.fusion.holding import LASTING, MOST_LASTING
from pipeline.kinds import ROUTES, kind_of
from pipeline.settings import Fusing

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
