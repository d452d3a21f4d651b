"""Stretches of event time: which touch, and how much of a window they fill."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """``[start, end)`` [s]."""

    start: int
    end: int


def touch(one: Span, other: Span) -> bool:
    """Whether two stretches have a moment in common.

    Examples
    --------
    >>> touch(Span(0, 10), Span(9, 20)), touch(Span(0, 10), Span(10, 20))
    (True, False)
    """
    return one.start < other.end and other.start < one.end


def joined(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The stretches as few as possible, in order: those no more than ``gap`` [s] apart become one.

    Examples
    --------
    >>> joined([Span(20, 30), Span(0, 10), Span(5, 12)]), joined([Span(0, 10), Span(20, 30)], gap=10)
    ([Span(start=0, end=12), Span(start=20, end=30)], [Span(start=0, end=30)])
    """
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.start <= made[-1].end + gap:
            made[-1] = Span(made[-1].start, max(made[-1].end, span.end))
        else:
            made.append(span)
    return made


def seconds_within(spans: Iterable[Span], window: Span) -> int:
    """How much of a window stretches that do not overlap fill [s].

    Examples
    --------
    >>> seconds_within([Span(0, 10), Span(20, 30)], Span(5, 25))
    10
    """
    return sum(max(0, min(span.end, window.end) - max(span.start, window.start)) for span in spans)
