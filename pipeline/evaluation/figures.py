"""Pictures of a story: each signal with what was expected of it, what was said, and when it was called out."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN
from pipeline.evaluation.phrases import number
from pipeline.evaluation.spans import Span, joined
from pipeline.evaluation.story import WORTH_A_WORD, Story, regions, together, within
from pipeline.evaluation.traces import Trace
from pipeline.evidence import BESIDE
from pipeline.localtime import clock
from pipeline.reasons import signal_name, term_name
from pipeline.show import utc
from pipeline.wording import offset, printable

SEEN, USUAL, BAND = "#1f4e79", "#57606a", "#9fb3c8"
SHADES = {LOW_PROVISIONAL: "#fde0b6", LOW_CONFIRMED: "#f4a582", UNKNOWN: "#e6e6e6"}
SAYS = {LOW_PROVISIONAL: "looks low", LOW_CONFIRMED: "confirmed low", UNKNOWN: "nothing said"}
MOVED = "#8250df"
"""Colours that differ in lightness too: for eyes that do not tell red from green, and for paper."""

UNSEEN: dict[str, Any] = {"facecolor": "none", "edgecolor": "#b5bbc2", "hatch": "////", "linewidth": 0, "zorder": 0}
"""How a time looks in which nothing was observed."""

NEW: dict[str, Any] = UNSEEN | {"hatch": "...."}
"""And one in which there is no past yet to compare with."""

LABEL, OURS_BAR, OTHER_BAR = "#24292f", "#b2182b", "#8c959f"
WIDTH, PANEL, HEAD, KEY, BAR = 9.6, 1.25, 0.22, 0.66, 0.24
"""Width of a picture, height of a panel, of a line above, of the key with the axis below it, and of a bar [inch]."""

PALE = 0.35
"""How much of its colour a bar has while what it shows was not known yet [0-1]."""

NAMES, LETTER = 8.5, 0.066
"""Size of the names of bars [point], and how wide a letter of theirs is, on average [inch]."""


class Bar(NamedTuple):
    """A line of bars below the panels: its name, its stretches [s], its colour; ``known``: the time from which on each
    of them was known [s], if that was not from its begin."""

    name: str
    spans: tuple[Span, ...]
    colour: str
    known: tuple[int, ...] = ()


def picture(story: Story, bars: Sequence[Bar]) -> bytes:
    """The story as SVG, the same bytes every time."""
    panels = panels_of(story)
    lines = [line for text in story.sentences for line in textwrap.wrap(printable(text), 142, break_on_hyphens=False)]
    title = textwrap.wrap(story.headline, 98)
    above = 0.25 + 0.3 * len(title) + HEAD * len(lines) + KEY
    below = BAR * len(bars) + 0.3
    height = above + PANEL * len(panels) + below + 0.45
    with rc_context({"svg.hashsalt": "netvigil", "font.size": 8, "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, height))
        _write(figure, title, lines, height)
        axes = figure.subplots(
            len(panels) + 1, 1, sharex=True, squeeze=False,
            gridspec_kw={"height_ratios": [PANEL] * len(panels) + [below], "hspace": 0.12,
                         "top": 1 - above / height, "bottom": 0.4 / height, "left": left_of(bars), "right": 0.98},
        )[:, 0]  # fmt: skip
        for ax, (name, traces) in zip(axes, panels, strict=False):
            _panel(ax, name, traces, story)
        _bars(axes[-1], bars, story)
        _axis(axes[0], axes[-1], story)
        moved = any(_moved(trace, story.window).any() for trace in story.traces)
        late = any(bar.known for bar in bars)
        _key(figure, 1 - (above - KEY) / height, story, moved, late)
        made = io.BytesIO()
        figure.savefig(made, format="svg", metadata={"Date": None, "Title": printable(story.headline)})
    return made.getvalue()


def left_of(bars: Iterable[Bar]) -> float:
    """Where the panels begin, as a share of the width: so that the longest name of a bar has room beside it [0-1]."""
    return max(0.1, (0.2 + LETTER * max((len(bar.name) for bar in bars), default=0)) / WIDTH)


def _write(figure: Figure, title: list[str], lines: list[str], height: float) -> None:
    at = height - 0.12
    for line in title:
        figure.text(0.012, at / height, line, fontsize=11, fontweight="bold", va="top")
        at -= 0.26
    at -= 0.06
    for line in lines:
        figure.text(0.012, at / height, line, fontsize=8.5, va="top", color="#24292f")
        at -= HEAD


def panels_of(story: Story) -> list[tuple[str, list[Trace]]]:
    """A panel for each signal; where several detectors judged it, one for each of them, with its name."""
    panels: dict[tuple[str, str], list[Trace]] = {}
    for trace in story.traces:
        panels.setdefault((trace.signal, trace.detector), []).append(trace)
    named: dict[str, list[Trace]] = {}
    for (signal, name), found in panels.items():
        named[term_name(f"{signal}{BESIDE}{name}" if signal_name(signal) in named else signal)] = found
    return list(named.items())


def _panel(ax: Any, name: str, traces: list[Trace], story: Story) -> None:
    if story.is_of_parts:
        _parts(ax, traces, story.window)
    else:
        _series(ax, traces[0], story.window)
    for span in joined(traces[0].stretches(_moved(traces[0], story.window))):
        ax.axvspan(days(span.start), days(span.end), 0.93, 1, color=MOVED, linewidth=0)
    ax.set_ylim(bottom=0)
    plate = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5}
    ax.text(0.006, 0.07, printable(name), transform=ax.transAxes, fontsize=8.5, fontweight="bold", bbox=plate)
    ax.tick_params(labelsize=7)
    ax.margins(x=0)
    if not story.is_of_parts:
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if story.label:
        for time in story.label:
            ax.axvline(days(time), color=LABEL, linewidth=0.8, linestyle=":")


def _moved(trace: Trace, window: Span) -> np.ndarray:
    """Bins ``(t,) bool`` in which all series of the signal had moved at once, by more than what is worth a word."""
    return (np.abs(trace.common - 1) >= WORTH_A_WORD) & within(trace, window)


def _series(ax: Any, trace: Trace, window: Span) -> None:
    near = within(trace, window)
    if not near.any():
        return
    start, value = trace.start[near], trace.value[near]
    # of what nothing is said there is nothing usual, and little in a first day
    said = (trace.state[near] != UNKNOWN) & trace.settled[near]
    lower, expected, upper = (np.where(said, a[near], np.nan) for a in (trace.lower, trace.expected, trace.upper))
    time = days(np.append(start, start[-1] + trace.width))
    top = np.nanmax(np.concatenate([value, expected, [0.0]]))
    upper = np.minimum(upper, 1.25 * top) if top > 0 else upper
    ax.fill_between(time, _held(np.maximum(lower, 0)), _held(upper), color=BAND, alpha=0.4, linewidth=0, step="post")
    ax.step(time, _held(expected), where="post", color=USUAL, linewidth=1, linestyle="--")
    ax.step(time, _held(value), where="post", color=SEEN, linewidth=1.4)
    for code, colour in SHADES.items():
        shown = trace.is_observed & trace.settled if code == UNKNOWN else True
        for span in joined(trace.stretches((trace.state == code) & near & shown)):
            ax.axvspan(days(span.start), days(span.end), color=colour, linewidth=0, zorder=0)
    for bins, hatched in ((~trace.is_observed, UNSEEN), (is_new(trace), NEW)):
        for span in joined(trace.stretches(bins & near)):
            ax.axvspan(days(span.start), days(span.end), **hatched)
    if top > 0:
        ax.set_ylim(0, 1.15 * top)


def is_new(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` that were seen with no past to compare with."""
    return np.asarray(trace.is_observed & ~trace.settled)


def _parts(ax: Any, traces: list[Trace], window: Span) -> None:
    """Each part as a share of what was expected of it; the heavy line: its regions together."""
    for trace in traces:
        near = within(trace, window) & (trace.expected > 0)
        ratio = 100 * trace.value[near] / trace.expected[near]
        ax.plot(days(trace.start[near]), ratio, color=SEEN, linewidth=0.8, alpha=0.6)
    for own in regions(traces).values():
        start, share = together(own)
        near = (start < window.end) & (start + own[0].width > window.start)
        ax.plot(days(start[near]), 100 * share[near], color=LABEL, linewidth=2.2)
    ax.axhline(100, color=USUAL, linewidth=1, linestyle="--")
    ax.set_ylim(0, 130)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")


def _held(values: np.ndarray) -> np.ndarray:
    """The values with the last one twice, so that its bin has a width."""
    return np.append(values, values[-1:])


def _bars(ax: Any, bars: Sequence[Bar], story: Story) -> None:
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_yticks(range(len(bars)), [printable(bar.name) for bar in bars], fontsize=NAMES)
    ax.tick_params(axis="y", length=0)
    for i, bar in enumerate(bars):
        for span, known in zip(bar.spans, bar.known or (span.start for span in bar.spans), strict=True):
            for start, end, alpha in ((span.start, min(known, span.end), PALE), (known, span.end, 1.0)):
                left, right = max(start, story.window.start), min(end, story.window.end)
                if left < right:
                    ax.barh(i, days(right) - days(left), left=days(left), height=0.62, color=bar.colour, linewidth=0,
                            alpha=alpha)  # fmt: skip
        if not any(span.start < story.window.end and span.end > story.window.start for span in bar.spans):
            ax.text(days(story.window.start), i, " none", va="center", fontsize=7.5, color=OTHER_BAR)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _axis(top: Any, bottom: Any, story: Story) -> None:
    """UTC below; above the clocks there, where they have one."""
    bottom.set_xlim(days(story.window.start), days(story.window.end))
    _dated(bottom.xaxis, UTC)
    bottom.set_xlabel(f"UTC, {utc(story.window.start)[:10]} on", loc="left", fontsize=8.5, labelpad=4)
    country = story.entity.country or (story.entity.name if story.entity.type == "country" else "")
    zone = clock(country, story.window.start)
    if zone is not None and zone == clock(country, story.window.end):
        there = top.secondary_xaxis("top")
        _dated(there, zone)
        there.tick_params(labelsize=7)
        ends = [datetime.fromtimestamp(time, zone).utcoffset() for time in (story.window.start, story.window.end)]
        distance = ", then ".join(dict.fromkeys(map(offset, ends)))
        there.set_xlabel(f"by the clocks there ({distance})", loc="left", fontsize=8.5, labelpad=5)


def _dated(axis: Any, zone: tzinfo) -> None:
    axis = getattr(axis, "xaxis", axis)
    locator = AutoDateLocator(tz=zone, minticks=4, maxticks=9)
    axis.set_major_locator(locator)
    axis.set_major_formatter(ConciseDateFormatter(locator, tz=zone, show_offset=False,
                             formats=["%Y", "%-d %b", "%-d %b", "%H:%M", "%H:%M", "%S"],
                             zero_formats=["", "%Y", "%-d %b", "%-d %b", "%H:%M", "%H:%M"]))  # fmt: skip


def days(time: int | np.ndarray) -> Any:
    """Event time [s] as matplotlib counts it [days since 1970].

    Examples
    --------
    >>> days(43200)
    0.5
    """
    return time / 86400


def _key(figure: Figure, top: float, story: Story, moved: bool, late: bool) -> None:
    """What the colours mean, in one line above the panels."""
    parts = story.is_of_parts
    lines: list[Any] = [Line2D([], [], color=SEEN, label="seen of each part" if parts else "seen")]
    lines.append(Line2D([], [], color=USUAL, linestyle="--", label="expected"))
    if parts and regions(story.traces):
        lines.append(Line2D([], [], color=LABEL, linewidth=2.2, label="regions together"))
    if not parts:
        lines.append(Patch(color=BAND, alpha=0.4, linewidth=0, label="usual"))
        lines += [Patch(color=colour, linewidth=0, label=SAYS[code]) for code, colour in SHADES.items()]
    if not parts and any((~trace.is_observed & within(trace, story.window)).any() for trace in story.traces):
        lines.append(Patch(**UNSEEN, label="not observed"))
    if not parts and any((is_new(trace) & within(trace, story.window)).any() for trace in story.traces):
        lines.append(Patch(**NEW, label="too new to judge"))
    if moved:
        lines.append(Patch(color=MOVED, linewidth=0, label="moved by the feed itself"))
    if late:
        lines.append(Patch(color=OURS_BAR, alpha=PALE, linewidth=0, label="not known yet"))
    figure.legend(handles=lines, loc="upper right", bbox_to_anchor=(0.99, top), ncols=len(lines), fontsize=7.5,
                  frameon=False, borderaxespad=0, handlelength=1.4, columnspacing=1.2)  # fmt: skip
