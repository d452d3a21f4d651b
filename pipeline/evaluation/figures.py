"""Pictures of a story: each signal with what was expected, the verdicts, and when every detector called it out."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from detectors.base import UNKNOWN
from pipeline.errors import printable
from pipeline.evaluation.accounting import Called
from pipeline.evaluation.phrases import number
from pipeline.evaluation.runs import ANY, FUSED, OURS, WARNING, Judged, Read, subject
from pipeline.evaluation.spans import Span, clipped, joined, touch, without
from pipeline.evaluation.story import COMMON_LEAST, Story
from pipeline.evaluation.tables import who
from pipeline.evaluation.traces import Trace, by_signal, together
from pipeline.explain.terms import signal_name, term_name
from pipeline.explain.text import offset, utc
from pipeline.fusion.life import BESIDE
from pipeline.geo.countries import clock
from pipeline.kinds import KINDS, ROUTES, kind_of
from pipeline.records import PARTS, Outage

SEEN, USUAL, BAND, MOVED = "#1f4e79", "#57606a", "#9fb3c8", "#8250df"
SILENT, LABEL, OURS_BAR, OTHER_BAR, UNCOUNTED = "#e6e6e6", "#24292f", "#b2182b", "#8c959f", "#d0d7de"
"""Colours that differ in lightness too: for readers who do not tell red from green, and for paper."""

UNSEEN: dict[str, Any] = {"facecolor": "none", "edgecolor": "#b5bbc2", "hatch": "////", "linewidth": 0, "zorder": 0}
NEW: dict[str, Any] = UNSEEN | {"hatch": "...."}
REFUSED: dict[str, Any] = UNSEEN | {"hatch": "\\\\\\\\", "edgecolor": "#d0d5db"}
"""Hatches of a time without a value, without a past to compare with, and without a verdict."""

SHADE, FAINT = 0.2, 0.15
"""Opacity of an outage of ours in the panels, and of a bar that was only suspected [0-1]."""

MARKS: dict[str, dict[str, Any]] = {
    word: {"marker": "o", "markersize": 5, "markeredgewidth": 1, "markeredgecolor": edge, "markerfacecolor": face}
    for word, face, edge in (("suspected", "white", LABEL), ("confirmed", LABEL, "white"))
}
"""The marks on a bar, in the order in which they become known."""

WIDTH, PANEL, TOP, KEY, BAR = 9.6, 1.25, 0.1, 0.66, 0.24
"""Width of a picture; heights of a panel, the upper margin, the key with the axis below it, and a bar [inch]."""

KEYS, LINE = 8, 0.17
"""Entries of the key in a line [-], and the height of a further line [inch]."""

NAMES, LETTER = 8.5, 0.066
"""Size of the names of bars [point], and the mean width of a letter [inch]."""


def unit(signal: str, width: int) -> str:
    r"""What a signal counts in a bin of this width [s], in two lines."""
    kind = kind_of(signal)
    what = KINDS[kind].unit or "as the feed gives it"
    if kind == ROUTES and signal.endswith("6"):
        what = "prefixes seen"
    elif signal == "probing.monash":
        what = "an index, 0 to 10"
    return f"{what},\n{per_bin(width)}"


def per_bin(width: int) -> str:
    """The width of a bin [s] in words."""
    lengths = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    size, name = next((size, name) for size, name in lengths if width % size == 0)
    return f"a bin of {width // size} {name}"


class Bar(NamedTuple):
    """A line of bars; ``known``: when each span was suspected, and confirmed [s]; ``mute``: never had a verdict."""

    name: str
    spans: tuple[Span, ...]
    colour: str
    known: tuple[tuple[int, int], ...] = ()
    suspected: tuple[Span, ...] = ()
    refused: tuple[Span, ...] = ()
    mute: bool = False

    def word(self, window: Span) -> str:
        """What is written in place of a bar; '' where there is one."""
        if any(touch(span, window) for span in (*self.spans, *self.suspected)):
            return ""
        return "refused" if self.refused and self.mute else "none"


def bars_of(story: Story, judged: Iterable[Judged]) -> list[Bar]:
    """The bars below the panels: the labels of the entity, ignored windows, and the outages of each detector."""
    judged = list(judged)
    own = [label for label in judged[0].case.labels if (label.entity_type, label.entity) == story.entity[:2]]
    bars = [Bar("label", tuple(Span(label.start, label.end) for label in own), LABEL)]
    if ignored := tuple(span for span, _ in judged[0].tolerance.ignored if touch(span, story.window)):
        bars.append(Bar("not counted", ignored, UNCOUNTED))
    return bars + [_bar(story, one) for one in judged]


def _bar(story: Story, one: Judged) -> Bar:
    is_ours = one.detector == OURS
    ways = [read for read in one.readings if is_ours or read.reading in (ANY, FUSED)]
    read = max(reversed(ways), key=lambda read: read.account.hits)  # of a rival the better reading
    called = [called for called in read.called if called.entity[:2] == story.entity[:2]]
    spans = _spans(called, read)
    silent, said = refused(story, one)
    return Bar(
        who(one.detector, read.reading), spans, OURS_BAR if is_ours else OTHER_BAR,
        tuple((each.suspected, each.confirmed) for each in called), tuple(without(_suspected(story, one, read), spans)),
        tuple(silent), not said,
    )  # fmt: skip


def _spans(outages: Iterable[Called | Outage], read: Read) -> tuple[Span, ...]:
    end = read.account.observed.end
    return tuple(Span(outage.start, end if outage.end is None else outage.end) for outage in outages)


def _suspected(story: Story, one: Judged, read: Read) -> tuple[Span, ...]:
    if read.reading == FUSED:
        own = [o for o in one.outages if (o.entity_type, o.entity) == story.entity[:2] and o.confirmed_at is None]
        return _spans(own, read)
    warned = [c for way in one.readings if way.reading == WARNING for c in way.called]
    return _spans([called for called in warned if called.entity[:2] == story.entity[:2]], read)


def refused(story: Story, one: Judged) -> tuple[list[Span], list[Span]]:
    """When the entity, or its parts, had values and no verdict; and when they had one."""
    own = subject(one.traces, story.entity[:2], one.places)
    of_parts = bool(own) and own[0].entity[:2] != story.entity[:2]  # only the model judges a country from its parts
    said = joined(span for trace in own if trace.detector == PARTS or not of_parts for span in trace.judged)
    seen = joined(span for trace in own if not trace.is_made for span in trace.observed)
    return clipped(without(seen, said), story.window), clipped(said, story.window)


def is_new(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` with a value and no past to compare with."""
    return np.asarray(trace.is_observed & ~trace.settled)


def moved(trace: Trace, window: Span) -> np.ndarray:
    """Bins ``(t,) bool`` with a common mode of the signal that is worth telling."""
    return (np.abs(trace.common - 1) >= COMMON_LEAST) & trace.within(window)


def is_usual(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` whose expected values are drawn: those with a verdict, after the first day."""
    return np.asarray((trace.state != UNKNOWN) & trace.settled)


def is_silent(trace: Trace) -> np.ndarray:
    """Bins ``(t,) bool`` with a value and a past, and without a verdict."""
    return np.asarray((trace.state == UNKNOWN) & trace.is_observed & trace.settled)


def _marks(bar: Bar) -> Iterator[tuple[str, int]]:
    """When its outages were suspected and confirmed; the latter alone where it came at once."""
    for suspected, confirmed in bar.known:
        if suspected < confirmed:
            yield "suspected", suspected
        yield "confirmed", confirmed


def _inside(time: int, window: Span) -> bool:
    return window.start <= time <= window.end


def handles(story: Story, bars: Sequence[Bar]) -> list[Any]:
    """The key: a handle for each colour and line that occurs; a tuple of handles that mean the same."""
    of_parts: list[Any] = [
        Line2D([], [], color=SEEN, label="seen of each part"),
        Line2D([], [], color=USUAL, linestyle="--", label="expected"),
        Line2D([], [], color=LABEL, linewidth=2.2, label="all together"),
    ]
    made = of_parts if story.is_of_parts else _of_series(story)
    if any(moved(trace, story.window).any() for trace in story.traces):
        made.append(Patch(color=MOVED, linewidth=0, label="moved by the feed itself"))
    if story.label:
        made.append(Line2D([], [], color=LABEL, linewidth=0.8, linestyle=":", label="begin and end labelled"))
    return made + _of_bars(bars, story.window)


def _of_series(story: Story) -> list[Any]:
    inside = [(trace, trace.within(story.window)) for trace in story.traces]

    def occurs(which: Any) -> bool:
        return any((which(trace) & near).any() for trace, near in inside)

    expected = Line2D([], [], color=USUAL, linestyle="--", label="expected")
    made: list[tuple[bool, Any]] = [
        (occurs(lambda t: t.is_observed), Line2D([], [], color=SEEN, label="seen")),
        (occurs(lambda t: is_usual(t) & np.isfinite(t.expected)), expected),
        (occurs(lambda t: is_usual(t) & (t.upper > t.lower)), Patch(color=BAND, alpha=0.4, linewidth=0, label="usual")),
    ]
    made.append((occurs(is_silent), Patch(color=SILENT, linewidth=0, label="nothing said")))
    made.append((occurs(lambda t: ~t.is_observed), Patch(**UNSEEN, label="not observed")))
    made.append((occurs(is_new), Patch(**NEW, label="too new to judge")))
    return [line for there, line in made if there]


def _of_bars(bars: Sequence[Bar], window: Span) -> list[Any]:
    made: list[Any] = []
    if any(touch(span, window) for bar in bars if bar.colour == OURS_BAR for span in bar.spans):
        made.append(Patch(color=OURS_BAR, alpha=SHADE, linewidth=0, label="out, as ours has it"))
    found = {word for bar in bars for word, time in _marks(bar) if _inside(time, window)}
    made += [Line2D([], [], linestyle="", label=word, **look) for word, look in MARKS.items() if word in found]
    if alone := dict.fromkeys(bar.colour for bar in bars if any(touch(span, window) for span in bar.suspected)):
        made.append(
            tuple(Patch(facecolor=to_rgba(c, FAINT), edgecolor=c, linewidth=0.8, label="only suspected") for c in alone)
        )
    if any(touch(span, window) for bar in bars for span in bar.refused):
        made.append(Patch(**REFUSED, label="refused: could not judge"))
    return made


def picture(story: Story, bars: Sequence[Bar]) -> bytes:
    """The panels and bars of a story as SVG, the same bytes every time."""
    panels = panels_of(story)
    key = handles(story, bars)
    rows = max(1, -(-len(key) // KEYS))
    above = TOP + KEY + LINE * (rows - 1)
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
            for span in clipped((span for bar in bars if bar.colour == OURS_BAR for span in bar.spans), story.window):
                ax.axvspan(days(span.start), days(span.end), color=OURS_BAR, alpha=SHADE, linewidth=0, zorder=0)
        _bars(axes[-1], bars, story)
        _axis(axes[0], axes[-1], story)
        figure.align_ylabels(axes[:-1])
        _key(figure, key, rows, 1 - TOP / height)
        made = io.BytesIO()
        figure.savefig(made, format="svg", metadata={"Date": None, "Title": printable(story.headline)})
    return made.getvalue()


def _key(figure: Figure, key: list[Any], rows: int, top: float) -> None:
    columns = max(1, -(-len(key) // rows))
    labels = [(one[0] if isinstance(one, tuple) else one).get_label() for one in key]
    figure.legend(key, labels, loc="upper right", bbox_to_anchor=(0.99, top), ncols=columns, fontsize=7.5,
                  frameon=False, borderaxespad=0, handlelength=1.4, columnspacing=1.2,
                  handler_map={tuple: HandlerTuple(ndivide=None, pad=0)})  # fmt: skip


def left_of(bars: Iterable[Bar]) -> float:
    """Where the panels begin, so that the longest name of a bar has room [share of the width]."""
    return max(0.1, (0.2 + LETTER * max((len(bar.name) for bar in bars), default=0)) / WIDTH)


def panels_of(story: Story) -> list[tuple[str, list[Trace]]]:
    """A panel for each signal and detector."""
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
    ax.spines[["top", "right"]].set_visible(False)
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
    silent = {"color": SILENT, "linewidth": 0, "zorder": 0}
    for bins, look in ((is_silent(trace), silent), (~trace.is_observed, UNSEEN), (is_new(trace), NEW)):
        for span in trace.stretches(bins & near):
            ax.axvspan(days(span.start), days(span.end), **look)
    if top > 0:
        ax.set_ylim(0, 1.15 * top)


def _parts(ax: Any, traces: list[Trace], window: Span) -> None:
    """Each part as a share of its expected value; the heavy line: all together."""
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
    if len(start):
        ax.step(days(np.append(start, start[-1] + width)), _held(values), where="post", **look)


def _held(values: np.ndarray) -> np.ndarray:
    """The values with the last one twice, so that the last bin has a width."""
    return np.append(values, values[-1:])


def _bars(ax: Any, bars: Sequence[Bar], story: Story) -> None:
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_yticks(range(len(bars)), [printable(bar.name) for bar in bars], fontsize=NAMES)
    ax.tick_params(axis="y", length=0)
    for i, bar in enumerate(bars):
        _lane(ax, i, bar, story.window)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _lane(ax: Any, i: int, bar: Bar, window: Span) -> None:
    """One line of bars: hatched where refused, an outline where only suspected, else full from start to end."""

    def draw(spans: Iterable[Span], **how: Any) -> None:
        for start, end in clipped(spans, window):
            ax.barh(i, days(end) - days(start), left=days(start), height=0.62, **how)

    draw(bar.refused, **REFUSED)
    draw(bar.suspected, facecolor=to_rgba(bar.colour, FAINT), edgecolor=bar.colour, linewidth=0.8)
    draw(bar.spans, color=bar.colour, linewidth=0)
    for word, time in _marks(bar):
        if _inside(time, window):
            above = 0.15 if word == "suspected" else -0.15  # one may come a minute after the other
            ax.plot(days(time), i - above, linestyle="", zorder=3, **MARKS[word])
    plate = {"facecolor": "white", "linewidth": 0, "pad": 1.0, "alpha": 0.9}
    if word := bar.word(window):
        ax.text(days(window.start), i, f" {word}", va="center", fontsize=7.5, color=OTHER_BAR, bbox=plate)


def _axis(top: Any, bottom: Any, story: Story) -> None:
    """UTC below, local time above where the country has one time zone."""
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
    """Event time [s] as matplotlib counts it [days since 1970]."""
    return time / 86400
