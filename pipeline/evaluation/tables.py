"""The tables of an evaluation: the lines of each case, all cases together, and how a terminal shows them."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from math import isnan
from statistics import median
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import few, printable
from pipeline.evaluation.phrases import NONE, exactness, legend, minutes, remarks, seen, share, uncounted
from pipeline.evaluation.runs import ANY, FIELD, FUSED, OURS, WARNING, Judged, Read

WIDE = 120
"""Columns of a terminal in which all columns of a table have room [-]."""

BEST = "best signal"
"""A way to read a detector: in each case the signal that served best, which is known only afterwards."""

MUTE = 0.5
"""A rule that refused to judge this share of the time is not quiet but mute [0-1]."""

SHARED = (FUSED, ANY, WARNING, BEST)
"""The readings that every case has, in the order in which they are shown."""

MEDIANS = ("suspected", "confirmed", "onset_error", "end_error", "cover", "fragments")
"""Fields of `Answer` of which a total has the median."""


class Total(NamedTuple):
    """A detector, read one way, over some cases; ``medians``: over labels hit; ``refused``: [0-1] or NaN."""

    detector: str
    reading: str
    cases: int
    labels: int
    hits: int
    met: int
    false: int
    others: int
    false_rate: float
    medians: dict[str, float | None]
    refused: float
    refused_labels: float


def total(detector: str, reading: str, reads: list[Read]) -> Total:
    """The total of the same reading of several cases."""
    made = [read.account for read in reads]
    hits = [answer for one in made for answer in one.answers if answer.hit]
    found = {name: [value for hit in hits if (value := getattr(hit, name)) is not None] for name in MEDIANS}
    false, months = sum(len(one.false) for one in made), sum(one.months for one in made)
    return Total(
        detector, reading, len(reads), sum(len(one.answers) for one in made), len(hits), sum(one.met for one in made),
        false, sum(len(one.others) for one in made), false / months if months else 0.0,
        {name: float(median(values)) if values else None for name, values in found.items()},
        _mean([(read.refused, read.account.months) for read in reads]),
        _mean([(read.refused_labels, len(read.account.answers)) for read in reads]),
    )  # fmt: skip


def _mean(each: list[tuple[float, float]]) -> float:
    """Weighted mean of the values that are not NaN."""
    if len(each) == 1:
        return each[0][0]
    known = [(value, weight) for value, weight in each if not isnan(value)]
    whole = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / whole if whole else float("nan")


def totals(judged: Iterable[Judged]) -> list[Total]:
    """All cases together, detectors in the order in which they came."""
    reads: dict[tuple[str, str], list[Read]] = {}
    for case in judged:
        for reading, read in _shared(case).items():
            reads.setdefault((case.detector, reading), []).append(read)
    return [total(*name, found) for name, found in reads.items()]


def _shared(judged: Judged) -> dict[str, Read]:
    found = {read.reading: read for read in judged.readings} | {BEST: judged.best_signal}
    return {name: read for name in SHARED if (read := found.get(name)) is not None}


def verdict(judged: Iterable[Judged]) -> str:
    """How ours did, and which rules come nearest, or are as quiet; '' without ours."""
    made = totals(judged)
    ours = next((total for total in made if (total.detector, total.reading) == (OURS, FUSED)), None)
    if ours is None:
        return ""
    asked = "" if FIELD.keys() <= {total.detector for total in made} else " that were asked"
    theirs = f"Of the field's rules{asked}, without our fusion,"
    rivals = [total for total in made if total.detector in FIELD and total.reading in (ANY, WARNING)]
    if not ours.labels:
        said = f"Nothing is labelled, and nothing to be met: ours has {ours.false:,} false."
        return f"{said} {theirs} {_quiet(ours, rivals)}." if rivals else said
    said = f"Ours meets {ours.met} of {ours.labels} labels, with {ours.false:,} false."
    return f"{said} {theirs} {_nearest(ours, rivals)}." if rivals else said


def _quiet(ours: Total, rivals: list[Total]) -> str:
    mute = [total for total in rivals if total.refused >= MUTE]
    quiet = [total for total in rivals if total.false <= ours.false and total not in mute]
    loudest = max(rivals, key=lambda total: total.false)
    said = [f"no more false outages have {_names(quiet)}" if quiet else "none has so few false outages"]
    if mute:
        said.append(f"silent for having refused to judge: {_names(mute)}")
    if loudest.false > ours.false:
        said.append(f"most false outages: {_names([loudest])}, {loudest.false:,}")
    return "; ".join(said)


def _names(of: list[Total]) -> str:
    return ", ".join(f"{total.detector} by {total.reading}" for total in of)


def _nearest(ours: Total, rivals: list[Total]) -> str:
    best = list[Total]()
    for total in sorted(rivals, key=_rank, reverse=True):
        if not best or (total.met and total.false < best[-1].false):
            best.append(total)
    if not best[0].met:
        return "none meets any"
    if equals := [total for total in best if _rank(total) >= _rank(ours)]:
        best, how = equals, _how(equals, ours)
    else:
        how = "the nearest is" if len(best) == 1 else "the nearest are"
    each = "; ".join(f"{_names([total])}: {total.met}, with {total.false:,}" for total in best)
    return f"{how} {each}"


def _how(equals: list[Total], ours: Total) -> str:
    if len(equals) > 1:
        return "as much or more is met by"
    if _rank(equals[0]) == _rank(ours):
        return "as good is"
    return "better is" if equals[0].false <= ours.false else "more is met by"


def _rank(total: Total) -> tuple[int, int]:
    return total.met, -total.false


COLUMNS = (
    "hit", "met", "false", "suspected", "confirmed", "onset", "end", "cover", "fragments", "refused", "labels refused",
    "others", "false per entity-month",
)  # fmt: skip

IN_MINUTES = ("suspected", "confirmed", "onset", "end")

Line = tuple[str, list[str]]
"""Name of a line of a table, and its `COLUMNS`."""


def case_lines(judged: Judged) -> Iterator[Line]:
    """A line for each way to read a detector; the best signal only where there are several."""
    for name, read in _shared(judged).items():
        if name != BEST or len(judged.readings) > 4:
            yield total_line(total(judged.detector, f"best: {read.reading}" if name == BEST else name, [read]))


def who(detector: str, reading: str) -> str:
    """Name of a line."""
    return detector if detector == OURS else f"{detector}, {reading}"


def total_line(made: Total) -> Line:
    """The line of a total."""
    suspected, confirmed, onset, end, cover, fragments = made.medians.values()
    return who(made.detector, made.reading), [
        *(f"{count}/{made.labels}" if made.labels else NONE for count in (made.hits, made.met)), str(made.false),
        *map(minutes, (suspected, confirmed, onset)), minutes(end) or (NONE if made.hits else ""),
        "" if cover is None else f"{cover:.0%}", "" if fragments is None else f"{fragments:g}",
        share(made.refused), share(made.refused_labels), str(made.others), f"{made.false_rate:.2f}",
    ]  # fmt: skip


NARROW = (
    "hit", "met", "fal-\nse", "sus-\npect.\nmin", "con-\nfirm.\nmin", "on-\nset\nmin", "end\nmin", "cov-\ner",
    "frag-\nments", "ref-\nused",
)  # fmt: skip

BROAD = "labels\nrefused", "others", "false per\nentity-month"

NAME = 13

TOLD = "refused", "labels refused", "others"
"""Columns that a sentence below the table tells of where they have no room and are not empty."""


def show(console: Console, judged: Iterable[Judged]) -> None:
    """Show the table of every case, then that of all together with the verdict below it."""
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


def _show_case(console: Console, judged: list[Judged], said: str) -> bool:
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
        console.print(Text(printable(sentence), "yellow"))
    return told


def _show_table(console: Console, lines: list[Line], said: str) -> bool:
    """Returns whether a column had no room."""
    console.print(_table(console, lines))
    hidden = list(_hidden(console, lines))
    for sentence in hidden:
        console.print(Text(printable(sentence)))
    if said:
        console.print(Text("\n" + printable(said), "bold"))
    return bool(hidden)


def _hidden(console: Console, lines: list[Line]) -> Iterator[str]:
    for i in range(len(_wide(console, lines)), len(COLUMNS)):
        found = [f"{name} {cells[i]}" for name, cells in lines if cells[i] not in ("", "0", "0%")]
        if COLUMNS[i] in TOLD and found:
            yield f"{COLUMNS[i]} (no room for the column): {few(sorted(found, key=_ours_first))}"


def _ours_first(told: str) -> tuple[bool, float]:
    return not told.startswith(f"{OURS} "), -float(re.sub(r"[^0-9.]", "", told.rsplit(" ", 1)[-1]) or 0)


def _wide(console: Console, lines: list[Line]) -> list[int]:
    names = (*NARROW, *(BROAD if console.width >= WIDE else ()))
    wide = [max(map(len, [*name.split("\n"), *(row[i] for _, row in lines)])) for i, name in enumerate(names)]
    return [width for i, width in enumerate(wide, 1) if NAME + sum(wide[:i]) + 2 * i <= console.width]


def _table(console: Console, lines: list[Line]) -> Table:
    """No number is cut."""
    wide = _wide(console, lines)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("detector", overflow="fold", min_width=NAME)
    for name, width in zip((*NARROW, *BROAD), wide, strict=False):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    for name, cells in lines:
        table.add_row(Text(printable(name), "bold" if name == OURS else ""), *cells[: len(wide)])
    return table
