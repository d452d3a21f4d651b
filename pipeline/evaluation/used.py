"""Where a detector has got used to a low level that ours still calls out, and what it then has for usual."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, HIGH, is_low
from pipeline.bins import DAY
from pipeline.evaluation.judged import Judged
from pipeline.evaluation.spans import Span
from pipeline.evaluation.traces import Trace
from pipeline.explain.terms import signal_name
from pipeline.explain.text import utc_text
from pipeline.fusion.outages import RETRACTED
from pipeline.records import Entity

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
