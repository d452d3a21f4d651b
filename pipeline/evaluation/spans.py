"""Spans of event time: which overlap, and how much of a window they fill."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """``[start, end)`` [s]."""

    start: int
    end: int


def touch(one: Span, other: Span) -> bool:
    """Whether two spans overlap."""
    return one.start < other.end and other.start < one.end


def joined(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The union of spans, in order; spans at most ``gap`` [s] apart become one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.start <= made[-1].end + gap:
            made[-1] = Span(made[-1].start, max(made[-1].end, span.end))
        else:
            made.append(span)
    return made


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The parts of spans that no other span covers.

    Examples
    --------
    >>> without([Span(0, 10), Span(20, 30)], [Span(4, 6), Span(25, 40)])
    [Span(start=0, end=4), Span(start=6, end=10), Span(start=20, end=25)]
    """
    left, taken = [], joined(others)
    for span in joined(spans):
        at = span.start
        for other in taken:
            if touch(Span(at, span.end), other):
                left.append(Span(at, other.start))
                at = other.end
        left.append(Span(at, span.end))
    return [span for span in left if span.start < span.end]


def clipped(spans: Iterable[Span], window: Span) -> list[Span]:
    """The parts of spans within a window."""
    return [Span(max(s.start, window.start), min(s.end, window.end)) for s in spans if touch(s, window)]


def seconds_within(spans: Iterable[Span], window: Span) -> int:
    """How much of a window spans that do not overlap fill [s]."""
    return sum(part.end - part.start for part in clipped(spans, window))
