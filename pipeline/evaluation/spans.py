"""Spans of event time: which overlap, and how much of a window they fill."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Span(NamedTuple):
    """``[start, end)`` [s]."""

    start: int
    end: int


def touch(one: Span, other: Span) -> bool:
    """Whether two spans overlap.

    Examples
    --------
    >>> touch(Span(0, 10), Span(9, 20)), touch(Span(0, 10), Span(10, 20))
    (True, False)
    """
    return one.start < other.end and other.start < one.end


def joined(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The union of spans, in order; spans at most ``gap`` [s] apart become one.

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
    """The parts of spans within a window.

    Examples
    --------
    >>> clipped([Span(0, 10), Span(20, 30)], Span(5, 15))
    [Span(start=5, end=10)]
    """
    return [Span(max(s.start, window.start), min(s.end, window.end)) for s in spans if touch(s, window)]


class Spans:
    """Ordered spans that do not overlap, for many questions about windows.

    Examples
    --------
    >>> Spans([Span(0, 10), Span(20, 30)]).within(Span(5, 25)), Spans([]).within(Span(0, 9))
    (10, 0)
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        self.edges = np.array(list(spans), np.int64).reshape(-1, 2)
        self.until = np.append(0, np.cumsum(self.edges[:, 1] - self.edges[:, 0]))

    def within(self, window: Span) -> int:
        """How much of a window they fill [s]."""
        return max(0, self._before(window.end) - self._before(window.start))

    def _before(self, time: int) -> int:
        """How much of the time before ``time`` they fill [s]."""
        i = int(np.searchsorted(self.edges[:, 0], time, side="right")) - 1
        return 0 if i < 0 else int(self.until[i]) + min(time, int(self.edges[i, 1])) - int(self.edges[i, 0])
