"""What an evaluation shows in a terminal: a table for each case, and one for all of them."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import few, printable
from pipeline.evaluation.judged import OURS, Judged
from pipeline.evaluation.lines import COLUMNS, case_lines, total_line
from pipeline.evaluation.phrases import exactness, legend, seen, uncounted
from pipeline.evaluation.remarks import remarks
from pipeline.evaluation.sweep import Point, against
from pipeline.evaluation.totals import totals, verdict
from pipeline.explain.terminal import WIDE

NARROW = (
    "hit", "met", "fal-\nse", "sus-\npect.\nmin", "con-\nfirm.\nmin", "on-\nset\nmin", "end\nmin", "cov-\ner",
    "frag-\nments", "ref-\nused",
)  # fmt: skip
"""The columns that a terminal of 80 has room for."""

BROAD = "labels\nrefused", "others", "false per\nentity-month"
"""And those that a wider one shows too."""

Line = tuple[str, list[str]]
"""Whose line of a table it is, and its `COLUMNS`."""

NAME = 13
"""Characters of a detector's name in a line [-]."""


TOLD = "refused", "labels refused", "others"
"""Those that are told in a line where there is no room for them and there is something in them: what was neither hit
nor false, and whose silence it is."""


def show(console: Console, judged: Iterable[Judged]) -> None:
    """Show the account of every case, and of all together; what it comes to stands below the last table."""
    judged = list(judged)
    cases, said = [list(group) for _, group in groupby(judged, key=lambda one: one.case.name)], verdict(judged)
    told = [_show_case(console, case, said if len(cases) == 1 else "") for case in cases]
    if len(cases) > 1:
        console.print(Text("\nall cases", "bold"))
        told.append(_show_table(console, list(map(total_line, totals(judged))), said))
    words = Table.grid(padding=(0, 1))
    for line in legend(judged, console.width >= WIDE or any(told)).splitlines():
        words.add_row(*(Text(part, "dim") for part in ("·", printable(line))))
    console.print(Text(), words)


def show_sweep(console: Console, points: Iterable[Point]) -> None:
    """Show every curve against ours at its own threshold; where nobody else was asked, that of ours by itself."""
    points = list(points)
    ours, curves = against(points)
    if ours is None:
        return
    against_it = f"ours: {_at(ours)}" if curves else "only ours was asked: nothing to compare it with"
    console.print(Text.assemble("\n", ("each threshold swept", "bold"), f"  {against_it}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    of_ours = ours.parameter, "ours"
    of_all = "detector", "with no more false than ours", "with as many met and hit as ours"
    for name in of_all if curves else of_ours:
        table.add_column(name, overflow="fold")
    for curve in curves:
        name = f"{curve.detector}, {curve.reading}"
        table.add_row(printable(name), *(_at(point) if point else "never" for point in curve[2:]))
    for point in [] if curves else points:
        table.add_row(f"{point.value:g}{', its own' if point.shipped else ''}", _made(point))
    console.print(table)


def _at(point: Point) -> str:
    return f"{_made(point)} ({point.parameter} {point.value:g})"


def _made(point: Point) -> str:
    return f"{point.hits}/{point.labels} hit, {point.met} met, {point.false} false"


def _show_case(console: Console, judged: list[Judged], said: str) -> bool:
    """The account of a case, with what all comes to where it is the only one; whether a column had no room."""
    console.print(Text.assemble("\n", (printable(judged[0].case.name), "bold"), f"  {seen(judged[0])}"))
    if judged[0].case.labels:
        console.print(Text(exactness(judged[0].tolerance, judged[0].case), "dim"))
    for ignored in judged[0].tolerance.ignored:
        console.print(Text(printable(uncounted(ignored)), "dim"))
    told = _show_table(console, [line for one in judged for line in case_lines(one)], said)
    found = [sentence for one in judged if one.detector == OURS for sentence in remarks(one)]
    if said and found:
        console.print()
    for sentence in found:
        console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input
    return told


def _show_table(console: Console, lines: list[Line], said: str) -> bool:
    """The table, what of it has no room, and what it comes to; whether anything had none."""
    console.print(_table(console, lines))
    hidden = list(_hidden(console, lines))
    for sentence in hidden:
        console.print(Text(printable(sentence)))
    if said:
        console.print(Text("\n" + printable(said), "bold"))
    return bool(hidden)


def _hidden(console: Console, lines: list[Line]) -> Iterator[str]:
    """Of each column without room what is in it, where that is not nothing."""
    for i in range(len(_wide(console, lines)), len(COLUMNS)):
        found = [f"{name} {cells[i]}" for name, cells in lines if cells[i] not in ("", "0", "0%")]
        if COLUMNS[i] in TOLD and found:
            yield f"{COLUMNS[i]} (no room for the column): {few(sorted(found, key=_ours_first))}"


def _ours_first(told: str) -> tuple[bool, float]:
    """Orders what was told of a column by its number, the largest first, but what is told of ours before all."""
    return not told.startswith(f"{OURS} "), -float(re.sub(r"[^0-9.]", "", told.rsplit(" ", 1)[-1]) or 0)


def _wide(console: Console, lines: list[Line]) -> list[int]:
    """How wide the columns are for which there is room [characters]."""
    names = (*NARROW, *(BROAD if console.width >= WIDE else ()))
    wide = [max(map(len, [*name.split("\n"), *(row[i] for _, row in lines)])) for i, name in enumerate(names)]
    return [width for i, width in enumerate(wide, 1) if NAME + sum(wide[:i]) + 2 * i <= console.width]


def _table(console: Console, lines: list[Line]) -> Table:
    """As many columns as there is room for: no number is cut."""
    wide = _wide(console, lines)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("detector", overflow="fold", min_width=NAME)
    for name, width in zip((*NARROW, *BROAD), wide, strict=False):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    for name, cells in lines:
        table.add_row(Text(printable(name), "bold" if name == OURS else ""), *cells[: len(wide)])
    return table
