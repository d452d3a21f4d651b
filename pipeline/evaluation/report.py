"""An evaluation as one HTML page with pictures: nothing is loaded from elsewhere, no script runs."""

import io
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from pipeline.errors import printable
from pipeline.evaluation.figures import bars_of, picture
from pipeline.evaluation.phrases import (
    PICTURED,
    WEIGHED,
    exactness,
    label_text,
    legend,
    other_settings,
    remarks,
    seen,
    uncounted,
)
from pipeline.evaluation.runs import ANY, OURS, Judged
from pipeline.evaluation.story import stories
from pipeline.evaluation.sweep import Point
from pipeline.evaluation.tables import COLUMNS, IN_MINUTES, case_lines, total_line, totals, verdict
from pipeline.explain.terms import LIMITS

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; color: #24292f; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid #d0d7de; padding-top: 1rem; }
.wide { overflow-x: auto; max-width: 100%; }
table { width: max-content; border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .3rem; text-align: right; white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; max-width: 5rem; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 1px solid #57606a; font-weight: 600; }
tr.ours td { font-weight: 700; background: #f6f8fa; }
figure { margin: 1.5rem 0; border: 1px solid #d0d7de; padding: .3rem .8rem; }
h3 { font-size: 1.05rem; margin: .6rem 0; } figcaption p { margin: .25rem 0; max-width: 75rem; }
img { box-sizing: border-box; width: 100%; min-width: 55rem; height: auto; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
.turn { display: none; }
@media (max-width: 58rem) { .wide { border-right: 3px solid #d0d7de; } .turn { display: block; } }
.small { color: #57606a; font-size: .85rem; } .remark { color: #953800; margin: .2rem 0; }
"""

CURVES = """\
Labels hit, and met, against false outages, as each detector's threshold moves from shouting to silence; large: as it \
is shipped. Detectors are read by any signal, without fusion; ours is the whole."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Whatever the input says, the page loads nothing and runs nothing."""


def report(judged: Iterable[Judged], swept: Iterable[Point] = ()) -> str:
    """The page: each case with a picture of every label, and the rules in a table below; then all cases together."""
    judged = list(judged)
    cases = [list(group) for _, group in groupby(judged, key=lambda one: one.case.name)]
    parts = [f"<p>{_text(said)}</p>"] if (said := verdict(judged)) else []
    if other := other_settings(judged):
        parts.append(f'<p class="remark">Ours is not as shipped here, but with {_text(", ".join(other))}.</p>')
    if len(cases) > 1:
        parts.append(_contents(cases))
    for i, case in enumerate(cases, 1):
        parts += _case(case, i)
    if len(cases) > 1:
        parts += ['<h2 id="all">all cases</h2>', _table(map(total_line, totals(judged)))]
    if points := list(swept):
        parts.append(f"<figure>{_image(curves(points), CURVES)}<figcaption>{escape(CURVES)}</figcaption></figure>")
    return _page("\n".join(parts), f"{legend(judged)}\n{PICTURED}\n{WEIGHED}")


def _contents(cases: list[list[Judged]]) -> str:
    links = []
    for i, case in enumerate(cases, 1):
        made = next(one for one in case if one.detector == OURS).account
        met = f"{made.met} of {len(made.answers)} met" if made.answers else "a control"
        words = f'<span class="small">{met}, {len(made.false)} false</span>'
        links.append(f'<li><a href="#case{i}">{_text(case[0].case.name)}</a> {words}</li>')
    links.append('<li><a href="#all">all cases</a></li>')
    return f"<nav><ul>{''.join(links)}</ul></nav>"


def _page(body: str, explained: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>netvigil: what was called out, and what was known</title><style>{STYLE}</style></head><body>
<h1>What was called out, and what was known to have happened</h1>
<p class="small"><a href="#words">What the words mean</a></p>
<p class="small turn">Tables and pictures are wider than this screen: move them sideways.</p>
{body}
<h2 id="words">What the words mean</h2>
<ul class="small">{"".join(f"<li>{_text(line)}</li>" for line in explained.splitlines())}</ul>
<p class="small">{escape(LIMITS)}</p>
<p class="small">netvigil says what happened to connectivity, not who did it.</p>
</body></html>
"""


def _case(judged: list[Judged], number: int) -> Iterator[str]:
    yield f'<h2 id="case{number}">{_text(judged[0].case.name)}</h2><p>{_text(seen(judged[0]))}</p>'
    ours = next(one for one in judged if one.detector == OURS)
    for i, story in enumerate(stories(ours), 1):
        drawn = _image(picture(story, bars_of(story, judged)), story.headline)
        told = "".join(f"<p>{_text(sentence)}</p>" for sentence in story.sentences)
        head = f"<h3>{_text(story.headline)}</h3>"
        yield f'<figure id="case{number}-{i}">{head}{drawn}<figcaption>{told}</figcaption></figure>'
    if judged[0].case.labels:
        yield f'<p class="small">{_text(exactness(judged[0].tolerance, judged[0].case))}</p>'
    for ignored in judged[0].tolerance.ignored:
        yield f'<p class="small">{_text(uncounted(ignored))}</p>'
    yield _table(line for one in judged for line in case_lines(one))
    yield from (_remark(sentence, ours, number) for sentence in remarks(ours))


def _remark(sentence: str, ours: Judged, number: int) -> str:
    """A missed or unmet label leads to its picture."""
    said = _text(sentence)
    for i, answer in enumerate(ours.account.answers, 1):
        for what in ("missed", "not met"):
            if sentence.startswith(f"{what}: {label_text(answer)}"):
                said = f'<a href="#case{number}-{i}">{what}</a>{said.removeprefix(what)}'
    return f'<p class="remark">{said}</p>'


def _table(lines: Iterable[tuple[str, list[str]]]) -> str:
    names = (f"{name} [min]" if name in IN_MINUTES else name for name in ("detector", *COLUMNS))
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    rows = ""
    for name, cells in lines:
        row = "".join(f"<td>{_text(cell)}</td>" for cell in (name, *cells))
        rows += f'<tr class="ours">{row}</tr>' if name == OURS else f"<tr>{row}</tr>"
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _image(svg: bytes, words: str) -> str:
    return (
        f'<div class="wide"><img alt="{_text(words)}" src="data:image/svg+xml;base64,{b64encode(svg).decode()}"></div>'
    )


def _text(words: str) -> str:
    return escape(printable(words), quote=True)


COLOURS = ("#0072b2", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#999999", "#5c4033", "#24292f")
"""Told apart by every eye (Okabe and Ito); ours is red and thick."""

LINEAR = 0.1
"""Below so many false outages per entity-month the axis is even, so that none at all has a place on it [1/month]."""


def curves(points: Iterable[Point]) -> bytes:
    """The picture as SVG: left the labels hit, right those met; detectors by any signal, ours as the whole."""
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
    ax.spines[["top", "right"]].set_visible(False)


def _line(ax: Any, line: list[Point], what: str, colour: str, name: str) -> None:
    x = [point.false_rate for point in line]
    y = [getattr(point, what) / max(1, point.labels) for point in line]
    wide = 2.4 if name == OURS else 1.2
    ax.plot(x, y, color=colour, linewidth=wide, marker="o", markersize=3, label=name, zorder=3 if name == OURS else 2)
    own = [i for i, point in enumerate(line) if point.shipped]
    ax.plot([x[i] for i in own], [y[i] for i in own], "o", color=colour, markersize=9, alpha=0.6, zorder=4)
