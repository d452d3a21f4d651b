"""What an evaluation shows in a terminal: a table for each case, and one for all of them."""

from collections.abc import Iterable
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.evaluation.judged import OURS, Judged
from pipeline.evaluation.lines import case_lines, total_line
from pipeline.evaluation.phrases import exactness, legend, remarks, seen, uncounted
from pipeline.evaluation.sweep import Point, against
from pipeline.evaluation.totals import totals, verdict
from pipeline.show import WIDE
from pipeline.wording import printable

NARROW = (
    "hit", "met", "fal-\nse", "sus-\npect.\nmin", "con-\nfirm.\nmin", "on-\nset\nmin", "end\nmin", "cov-\ner",
    "frag-\nments", "ref-\nused",
)  # fmt: skip
"""The columns that a terminal of 80 has room for."""

BROAD = "labels\nrefused", "others", "false per\nentity-month"
"""And those that a wider one shows too."""

NAME = 13
"""Characters of a detector's name in a line [-]."""


def show(console: Console, judged: Iterable[Judged]) -> None:
    """Show the account of every case, and of all together."""
    judged = list(judged)
    for _, group in groupby(judged, key=lambda one: one.case.name):
        _show_case(console, list(group))
    if len({one.case.name for one in judged}) > 1:
        console.print(Text("\nall cases", "bold"))
        console.print(_table(console, map(total_line, totals(judged))))
    words = Table.grid(padding=(0, 1))
    for line in legend(judged, console.width >= WIDE).splitlines():
        words.add_row(*(Text(part, "dim") for part in ("·", printable(line))))
    console.print(Text(), words)
    if said := verdict(judged):
        console.print(Text("\n" + printable(said), "bold"))


def show_sweep(console: Console, points: Iterable[Point]) -> None:
    """Show every curve against ours as shipped."""
    ours, curves = against(points)
    if ours is None or not curves:
        return
    console.print(Text.assemble("\n", ("each threshold swept", "bold"), f"  ours as shipped: {_made(ours)}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("detector", "with no more false than ours", "with as many met and hit as ours"):
        table.add_column(name, overflow="fold")
    for curve in curves:
        name = f"{curve.detector}, {curve.reading}"
        table.add_row(printable(name), *(_at(point) if point else "never" for point in curve[2:]))
    console.print(table)


def _at(point: Point) -> str:
    return f"{_made(point)} ({point.parameter} {point.value:g})"


def _made(point: Point) -> str:
    return f"{point.hits}/{point.labels} hit, {point.met} met, {point.false} false"


def _show_case(console: Console, judged: list[Judged]) -> None:
    console.print(Text.assemble("\n", (printable(judged[0].case.name), "bold"), f"  {seen(judged[0])}"))
    if judged[0].case.labels:
        console.print(Text(exactness(judged[0].tolerance, judged[0].case.tolerance is None), "dim"))
    for ignored in judged[0].tolerance.ignored:
        console.print(Text(printable(uncounted(ignored)), "dim"))
    console.print(_table(console, (line for one in judged for line in case_lines(one))))
    for one in judged:
        if one.detector == OURS:
            for sentence in remarks(one):
                console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input


def _table(console: Console, lines: Iterable[tuple[str, list[str]]]) -> Table:
    """As many columns as there is room for: no number is cut."""
    names, made = (*NARROW, *(BROAD if console.width >= WIDE else ())), list(lines)
    wide = [max(map(len, [*name.split("\n"), *(row[i] for _, row in made)])) for i, name in enumerate(names)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("detector", overflow="fold", min_width=NAME)
    fit = [NAME + sum(wide[: i + 1]) + 2 * (i + 1) <= console.width for i in range(len(names))]
    for name, width in zip(names[: sum(fit)], wide, strict=False):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    for name, cells in made:
        table.add_row(Text(printable(name), "bold" if name == OURS else ""), *cells[: sum(fit)])
    return table
