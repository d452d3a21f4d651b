"""Pictures of a story: each signal with what was expected of it, what was said, and when it was called out."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple

from pipeline.errors import printable
from pipeline.evaluation.key import faint, handles, is_new, is_usual, moved, shaded
from pipeline.evaluation.lanes import Bar
from pipeline.evaluation.looks import (
    BAND,
    BAR,
    KEY,
    KEYS,
    LABEL,
    LETTER,
    LINE,
    MOVED,
    NAMES,
    NEW,
    OTHER_BAR,
    PALE,
    PANEL,
    REFUSED,
    SEEN,
    SHADES,
    TOP,
    UNSEEN,
    USUAL,
    WIDTH,
)  # fmt: skip
from pipeline.evaluation.parts import by_signal, together
from pipeline.evaluation.phrases import number
from pipeline.evaluation.spans import Span, clipped
from pipeline.evaluation.story import Story
from pipeline.evaluation.traces import Trace
from pipeline.evaluation.units import per_bin, unit
from pipeline.explain.terminal import utc
from pipeline.explain.terms import signal_name, term_name
from pipeline.explain.text import offset
from pipeline.fusion.evidence import BESIDE
from pipeline.geo.countries import clock


def picture(story: Story, bars: Sequence[Bar]) -> bytes:
    """The panels and bars of a story as SVG, the same bytes every time; its words stand beside them."""
    panels = panels_of(story)
    key = handles(story, bars)
    above = TOP + KEY + LINE * (_rows(key) - 1)
    below = BAR * len(bars) + 0.3
    height = above + PANEL * len(panels) + below + 0.45
    with rc_context({"svg.hashsalt": "netvigil", "font.size": 8, "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.subplots(
            len(panels) + 1, 1, sharex=True, squeeze=False,
            gridspec_kw={"height_ratios": [PANEL] * len(panels) + [below], "hspace": 0.12,
                         "top": 1 - above / height, "bottom": 0.4 / height, "left": left_of(bars), "right": 0.98},
        )[:, 0]  # fmt: skip
        for ax, (name, traces) in zip(axes, panels, strict=False):
            _panel(ax, name, traces, story)
        _bars(axes[-1], bars, story)
        _axis(axes[0], axes[-1], story)
        figure.align_ylabels(axes[:-1])
        _key(figure, key, 1 - TOP / height)
        made = io.BytesIO()
        figure.savefig(made, format="svg", metadata={"Date": None, "Title": printable(story.headline)})
    return made.getvalue()


def _rows(key: Sequence[Any]) -> int:
    return max(1, -(-len(key) // KEYS))


def _key(figure: Figure, key: list[Any], top: float) -> None:
    """What the colours mean, in a line or two above the panels."""
    columns = max(1, -(-len(key) // _rows(key)))
    labels = [(one[0] if isinstance(one, tuple) else one).get_label() for one in key]
    figure.legend(key, labels, loc="upper right", bbox_to_anchor=(0.99, top), ncols=columns, fontsize=7.5,
                  frameon=False, borderaxespad=0, handlelength=1.4, columnspacing=1.2,
                  handler_map={tuple: HandlerTuple(ndivide=None, pad=0)})  # fmt: skip


def left_of(bars: Iterable[Bar]) -> float:
    """Where the panels begin, as a share of the width: so that the longest name of a bar has room beside it [0-1]."""
    return max(0.1, (0.2 + LETTER * max((len(bar.name) for bar in bars), default=0)) / WIDTH)


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
    for span in traces[0].stretches(moved(traces[0], story.window)):
        ax.axvspan(days(span.start), days(span.end), 0.93, 1, color=MOVED, linewidth=0)
    ax.set_ylim(bottom=0)
    plate = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5}
    ax.text(0.006, 0.07, printable(name), transform=ax.transAxes, fontsize=8.5, fontweight="bold", bbox=plate)
    ax.tick_params(labelsize=7)
    ax.margins(x=0)
    what = (
        f"of what is expected,\n{per_bin(traces[0].width)}"
        if story.is_of_parts
        else unit(traces[0].signal, traces[0].width)
    )
    ax.set_ylabel(what, fontsize=6.5, color=USUAL, labelpad=3)
    if not story.is_of_parts:
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if story.label:
        for time in story.label:
            ax.axvline(days(time), color=LABEL, linewidth=0.8, linestyle=":")


def _series(ax: Any, trace: Trace, window: Span) -> None:
    near = trace.within(window)
    if not near.any():
        return
    start, value = trace.start[near], trace.value[near]
    said = is_usual(trace)[near]
    lower, expected, upper = (np.where(said, a[near], np.nan) for a in (trace.lower, trace.expected, trace.upper))
    time = days(np.append(start, start[-1] + trace.width))
    top = np.nanmax(np.concatenate([value, expected, [0.0]]))
    upper = np.minimum(upper, 1.25 * top) if top > 0 else upper
    ax.fill_between(time, _held(np.maximum(lower, 0)), _held(upper), color=BAND, alpha=0.4, linewidth=0, step="post")
    ax.step(time, _held(expected), where="post", color=USUAL, linewidth=1, linestyle="--")
    ax.step(time, _held(value), where="post", color=SEEN, linewidth=1.4)
    for code, colour in SHADES.items():
        for span in trace.stretches(shaded(trace, code) & near):
            ax.axvspan(days(span.start), days(span.end), color=colour, linewidth=0, zorder=0)
    for bins, hatched in ((~trace.is_observed, UNSEEN), (is_new(trace), NEW)):
        for span in trace.stretches(bins & near):
            ax.axvspan(days(span.start), days(span.end), **hatched)
    if top > 0:
        ax.set_ylim(0, 1.15 * top)


def _parts(ax: Any, traces: list[Trace], window: Span) -> None:
    """Each part as a share of what was expected of it; the heavy line: all together."""
    for trace in traces:
        near = trace.within(window) & (trace.expected > 0)
        ratio = 100 * trace.value[near] / trace.expected[near]
        _step(ax, trace.start[near], ratio, trace.width, color=SEEN, linewidth=0.8, alpha=0.6)
    for own in by_signal(traces).values():
        start, share = together(own)
        near = (start < window.end) & (start + own[0].width > window.start)
        _step(ax, start[near], 100 * share[near], own[0].width, color=LABEL, linewidth=2.2)
    ax.axhline(100, color=USUAL, linewidth=1, linestyle="--")
    ax.set_ylim(0, 130)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")


def _step(ax: Any, start: np.ndarray, values: np.ndarray, width: int, **look: Any) -> None:
    """A line of bins, each as wide as it is."""
    if len(start):
        ax.step(days(np.append(start, start[-1] + width)), _held(values), where="post", **look)


def _held(values: np.ndarray) -> np.ndarray:
    """The values with the last one twice, so that its bin has a width."""
    return np.append(values, values[-1:])


def _bars(ax: Any, bars: Sequence[Bar], story: Story) -> None:
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_yticks(range(len(bars)), [printable(bar.name) for bar in bars], fontsize=NAMES)
    ax.tick_params(axis="y", length=0)
    for i, bar in enumerate(bars):
        _lane(ax, i, bar, story.window)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _lane(ax: Any, i: int, bar: Bar, window: Span) -> None:
    """One line of bars: hatched where it could not judge, an outline where it suspected, full where it was sure."""

    def draw(spans: Iterable[Span], **how: Any) -> None:
        for start, end in clipped(spans, window):
            ax.barh(i, days(end) - days(start), left=days(start), height=0.62, **how)

    draw(bar.refused, **REFUSED)
    draw(bar.suspected, facecolor=faint(bar.colour), edgecolor=bar.colour, linewidth=0.8)
    for span, known in zip(bar.spans, bar.known or (span.start for span in bar.spans), strict=True):
        draw([Span(span.start, min(known, span.end))], color=bar.colour, linewidth=0, alpha=PALE)
        draw([Span(max(known, span.start), span.end)], color=bar.colour, linewidth=0)
        if span.start < known and window.start <= known <= window.end:  # also where it was only at its end
            ax.plot([days(min(known, span.end))] * 2, [i - 0.31, i + 0.31], color=bar.colour, linewidth=2, zorder=3)
    plate = {"facecolor": "white", "linewidth": 0, "pad": 1.0, "alpha": 0.9}
    if word := bar.word(window):
        ax.text(days(window.start), i, f" {word}", va="center", fontsize=7.5, color=OTHER_BAR, bbox=plate)


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
