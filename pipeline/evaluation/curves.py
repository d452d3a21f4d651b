"""The curves of a sweep as one picture: labels hit and met against false outages."""

import io
from collections.abc import Iterable
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from pipeline.evaluation.judged import ANY, OURS
from pipeline.evaluation.sweep import Point

COLOURS = ("#0072b2", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#999999", "#5c4033")
"""Told apart by every eye (Okabe and Ito); ours is red and thick."""

LINEAR = 0.1
"""Below so many false outages per entity-month the axis is even, so that none at all has a place on it [1/month]."""


def curves(points: Iterable[Point]) -> bytes:
    """The picture as SVG: left the labels that were hit, right those that were met; large: as shipped for all signals.

    Detectors are read without fusion, by any signal; ours as the whole.
    """
    lines: dict[str, list[Point]] = {}
    for point in points:
        if point.detector == OURS or point.reading == ANY:
            lines.setdefault(point.detector, []).append(point)
    with rc_context({"svg.hashsalt": "netvigil", "font.size": 8}):
        figure = Figure(figsize=(9.6, 3.9))
        axes = figure.subplots(
            1, 2, sharey=True, gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.78, "bottom": 0.13}
        )
        for ax, what in zip(axes, ("hits", "met"), strict=True):
            _axes(ax, what, max((point.false_rate for line in lines.values() for point in line), default=0.0))
            for i, (name, line) in enumerate(lines.items()):
                _line(ax, line, what, "#b2182b" if name == OURS else COLOURS[i % len(COLOURS)], name)
        keys = {"loc": "upper left", "bbox_to_anchor": (0, 0.94), "ncols": len(lines), "frameon": False}
        figure.legend(*axes[0].get_legend_handles_labels(), **keys)
        figure.text(0.012, 0.95, "Up and to the left is better", fontsize=11, fontweight="bold")
        made = io.BytesIO()
        figure.savefig(made, format="svg", metadata={"Date": None})
    return made.getvalue()


def _axes(ax: Any, what: str, most: float) -> None:
    ax.set_title(f"labels {'hit' if what == 'hits' else 'met'}", loc="left", fontsize=9)
    ax.set_xscale("symlog", linthresh=LINEAR)
    ax.set_xlim(-LINEAR / 10, 1.5 * max(most, LINEAR))
    ax.set_ylim(-0.03, 1.04)
    ax.set_xlabel("false outages per entity-month")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.grid(color="#d8dee4", linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _line(ax: Any, line: list[Point], what: str, colour: str, name: str) -> None:
    x = [point.false_rate for point in line]
    y = [getattr(point, what) / max(1, point.labels) for point in line]
    wide = 2.4 if name == OURS else 1.2
    ax.plot(x, y, color=colour, linewidth=wide, marker="o", markersize=3, label=name, zorder=3 if name == OURS else 2)
    own = [i for i, point in enumerate(line) if point.shipped]
    ax.plot([x[i] for i in own], [y[i] for i in own], "o", color=colour, markersize=9, alpha=0.6, zorder=4)
