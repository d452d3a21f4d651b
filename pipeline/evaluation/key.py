"""The key of a picture: what its colours mean, of those that occur in it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from detectors.base import UNKNOWN
from pipeline.evaluation.lanes import Bar
from pipeline.evaluation.looks import (
    BAND,
    FAINT,
    LABEL,
    MOVED,
    NEW,
    PALE,
    REFUSED,
    SAYS,
    SEEN,
    SHADES,
    UNSEEN,
    USUAL,
)
from pipeline.evaluation.spans import Span, clipped, touch
from pipeline.evaluation.story import WORTH_A_WORD, Story
from pipeline.evaluation.traces import Trace


def is_new(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` that were seen with no past to compare with."""
    return np.asarray(trace.is_observed & ~trace.settled)


def moved(trace: Trace, window: Span) -> np.ndarray:
    """Bins ``(t,) bool`` in which all series of the signal had moved at once, by more than what is worth a word."""
    return (np.abs(trace.common - 1) >= WORTH_A_WORD) & trace.within(window)


def is_usual(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` of which it is drawn what was expected: of what nothing is said there is nothing usual, and
    little in a first day."""
    return np.asarray((trace.state != UNKNOWN) & trace.settled)


def shaded(trace: Trace, code: int) -> np.ndarray:
    """Bins ``(t,) bool`` in the shade of a state; nothing is said of what is too new, or not observed, anyway."""
    return np.asarray((trace.state == code) & (trace.is_observed & trace.settled if code == UNKNOWN else True))


def late(bars: Iterable[Bar], window: Span) -> list[Span]:
    """When what a bar shows was not confirmed yet, within a window."""
    pairs = [pair for bar in bars for pair in zip(bar.spans, bar.known, strict=False)]
    return clipped((Span(span.start, min(span.end, known)) for span, known in pairs if span.start < known), window)


def handles(story: Story, bars: Sequence[Bar]) -> list[Any]:
    """What the colours and lines mean that occur; a tuple of handles that mean the same."""
    window = story.window
    ends = (
        [Line2D([], [], color=LABEL, linewidth=0.8, linestyle=":", label="begin and end labelled")]
        if story.label
        else []
    )
    return [*(_of_parts(story) if story.is_of_parts else _of_series(story)), *ends, *_of_bars(bars, window)]


def _of_parts(story: Story) -> list[Any]:
    lines: list[Any] = [Line2D([], [], color=SEEN, label="seen of each part")]
    lines.append(Line2D([], [], color=USUAL, linestyle="--", label="expected"))
    lines.append(Line2D([], [], color=LABEL, linewidth=2.2, label="all together"))
    return lines + _of_moves(story)


def _of_series(story: Story) -> list[Any]:
    """Of series; an array of bins says where each occurs."""
    inside = [(trace, trace.within(story.window)) for trace in story.traces]

    def occurs(which: Any) -> bool:
        return any((which(trace) & near).any() for trace, near in inside)

    made: list[tuple[bool, Any]] = [
        (occurs(lambda t: t.is_observed), Line2D([], [], color=SEEN, label="seen")),
        (
            occurs(lambda t: is_usual(t) & np.isfinite(t.expected)),
            Line2D([], [], color=USUAL, linestyle="--", label="expected"),
        ),
        (occurs(lambda t: is_usual(t) & (t.upper > t.lower)), Patch(color=BAND, alpha=0.4, linewidth=0, label="usual")),
    ]
    for code, colour in SHADES.items():
        made.append((occurs(lambda t, c=code: shaded(t, c)), Patch(color=colour, linewidth=0, label=SAYS[code])))
    made.append((occurs(lambda t: ~t.is_observed), Patch(**UNSEEN, label="not observed")))
    made.append((occurs(is_new), Patch(**NEW, label="too new to judge")))
    return [line for there, line in made if there] + _of_moves(story)


def _of_moves(story: Story) -> list[Any]:
    there = any(moved(trace, story.window).any() for trace in story.traces)
    return [Patch(color=MOVED, linewidth=0, label="moved by the feed itself")] if there else []


def _of_bars(bars: Sequence[Bar], window: Span) -> list[Any]:
    """Of bars; each in all the colours of those that it is true of."""
    made: list[Any] = []
    if unknown := dict.fromkeys(bar.colour for bar in bars if late([bar], window)):
        word = "not confirmed yet"
        made.append(tuple(Patch(color=c, alpha=PALE, linewidth=0, label=word) for c in unknown))
    if found := dict.fromkeys(bar.colour for bar in bars if any(touch(span, window) for span in bar.suspected)):
        made.append(tuple(Patch(facecolor=faint(c), edgecolor=c, linewidth=0.8, label="only suspected") for c in found))
    if any(touch(span, window) for bar in bars for span in bar.refused):
        made.append(Patch(**REFUSED, label="refused: could not judge"))
    return made


def faint(colour: str) -> tuple[float, float, float, float]:
    """A colour as it is where something was suspected only."""
    return to_rgba(colour, FAINT)
