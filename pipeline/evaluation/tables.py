"""The tables of an evaluation: the lines of each case, all cases together, and how both are shown in a terminal."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from math import isnan
from statistics import median

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import few, printable
from pipeline.evaluation.accounting import Account
from pipeline.evaluation.phrases import NONE, exactness, legend, minutes, remarks, seen, share, uncounted
from pipeline.evaluation.runs import ANY, FIELD, FUSED, OURS, WARNING, Judged, Read
from pipeline.explain.terminal import WIDE

BEST = "best signal"
"""Of each case the signal that served best, known only afterwards: more than anybody could have had."""

MUTE = 0.5
"""Who has refused so much of the time is not quiet, but mute [0-1]."""

SHARED = (FUSED, ANY, WARNING, BEST)
"""Ways to read that every case has, in the order in which they are shown."""


@dataclass(frozen=True)
class Total:
    """One detector, read one way, over several cases."""

    detector: str
    reading: str
    reads: tuple[Read, ...]

    @property
    def accounts(self) -> list[Account]:
        """The cases."""
        return [read.account for read in self.reads]

    @property
    def labels(self) -> int:
        """All labels."""
        return sum(len(made.answers) for made in self.accounts)

    @property
    def hits(self) -> int:
        """Labels that were hit."""
        return sum(made.hits for made in self.accounts)

    @property
    def met(self) -> int:
        """Labels that were met."""
        return sum(made.met for made in self.accounts)

    @property
    def false(self) -> int:
        """False outages."""
        return sum(len(made.false) for made in self.accounts)

    @property
    def false_rate(self) -> float:
        """False outages per entity-month; 0 where nothing was observed."""
        months = sum(made.months for made in self.accounts)
        return self.false / months if months else 0.0

    def middle(self, name: str) -> float | None:
        """Median of a field of `Answer` over all labels that were hit; None where none has one."""
        hit = [answer for made in self.accounts for answer in made.answers if answer.hit]
        found = [value for answer in hit if (value := getattr(answer, name)) is not None]
        return float(median(found)) if found else None

    @property
    def refused(self) -> float:
        """Share of the observed time of all cases that was refused [0-1]; NaN where nothing was observed."""
        return _mean((read.refused, read.account.months) for read in self.reads)

    @property
    def refused_labels(self) -> float:
        """Share that was refused of the labels' time, each label counting the same [0-1]; NaN where there is none."""
        return _mean((read.refused_labels, len(read.account.answers)) for read in self.reads)


def _mean(each: Iterable[tuple[float, float]]) -> float:
    """Mean of what is known of values with a weight each; NaN where nothing is.

    Examples
    --------
    >>> _mean([(1.0, 1), (0.5, 3), (float("nan"), 9)])
    0.625
    """
    known = [(value, weight) for value, weight in each if not isnan(value)]
    whole = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / whole if whole else float("nan")


def totals(judged: Iterable[Judged]) -> list[Total]:
    """All cases together, detectors in the order in which they came."""
    reads: dict[tuple[str, str], list[Read]] = {}
    for case in judged:
        for reading, read in shared(case).items():
            reads.setdefault((case.detector, reading), []).append(read)
    return [Total(detector, reading, tuple(found)) for (detector, reading), found in reads.items()]


def shared(judged: Judged) -> dict[str, Read]:
    """The readings that every case has, by name; only fusion's where nothing was read without it."""
    by_name = {read.reading: read for read in judged.readings}
    best = judged.best_signal
    found = {name: by_name.get(name, best if name == BEST else None) for name in SHARED}
    return {name: read for name, read in found.items() if read is not None}


def verdict(judged: Iterable[Judged]) -> str:
    """How ours did, and the field's rules without our fusion: which come nearest, or, where nothing is labelled, which
    are as quiet; '' where ours was not asked.

    Of two rules of which one meets more and the other is quieter both are the nearest.
    """
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
    """Which rules call out no more than ours does, of cases of which nothing is labelled, and which are so for having
    refused to judge."""
    mute = [total for total in rivals if total.refused >= MUTE]
    quiet = [total for total in rivals if total.false <= ours.false and total not in mute]
    loudest = max(rivals, key=lambda total: total.false)
    most = f"most false outages: {loudest.detector} by {loudest.reading}, {loudest.false:,}"
    said = [f"no more false outages have {_names(quiet)}" if quiet else "none has so few false outages"]
    if mute:
        said.append(f"silent for having refused to judge: {_names(mute)}")
    return "; ".join([*said, most] if loudest.false > ours.false else said)


def _names(of: list[Total]) -> str:
    return ", ".join(f"{total.detector} by {total.reading}" for total in of)


def _nearest(ours: Total, rivals: list[Total]) -> str:
    """The rules that come nearest to ours or do better, those that none of the others beats, and how they compare."""
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
    each = "; ".join(f"{total.detector} by {total.reading}: {total.met}, with {total.false:,}" for total in best)
    return f"{how} {each}"


def _how(equals: list[Total], ours: Total) -> str:
    """How rules compare that meet as much as ours does, or more."""
    if len(equals) > 1:
        return "as much or more is met by"
    if _rank(equals[0]) == _rank(ours):
        return "as good is"
    return "better is" if equals[0].false <= ours.false else "more is met by"


def _rank(total: Total) -> tuple[int, int]:
    """The more it met, and then the less was false, the higher."""
    return total.met, -total.false


COLUMNS = (
    "hit", "met", "false", "suspected", "confirmed", "onset", "end", "cover", "fragments", "refused", "labels refused",
    "others", "false per entity-month",
)  # fmt: skip

IN_MINUTES = ("suspected", "confirmed", "onset", "end")
"""Those of them that are times [min]."""


def case_lines(judged: Judged) -> Iterator[tuple[str, list[str]]]:
    """Each way to read a detector, and its `COLUMNS`; the best signal only where there are several."""
    single = len(judged.readings) <= 4
    for name, read in shared(judged).items():
        if name != BEST or not single:
            yield who(judged.detector, f"best: {read.reading}" if name == BEST else name), _of_read(read)


def who(detector: str, reading: str) -> str:
    """Name of a line.

    Examples
    --------
    >>> who("ours", "fused"), who("median", "any signal")
    ('ours', 'median, any signal')
    """
    return OURS if detector == OURS and reading == FUSED else f"{detector}, {reading}"


def total_line(total: Total) -> tuple[str, list[str]]:
    """The same of several cases."""
    others = sum(len(made.others) for made in total.accounts)
    cells = _cells(total, total.labels, total.false, (total.refused, total.refused_labels), others)
    return who(total.detector, total.reading), cells


def _of_read(read: Read) -> list[str]:
    made = read.account
    silent = read.refused, read.refused_labels
    return _cells(made, len(made.answers), len(made.false), silent, len(made.others))


def _cells(made: Account | Total, labels: int, false: int, refused: tuple[float, float], others: int) -> list[str]:
    early = (minutes(made.middle(name)) for name in ("suspected", "confirmed", "onset_error"))
    end = minutes(made.middle("end_error")) or (NONE if made.hits else "")
    cover, fragments = made.middle("cover"), made.middle("fragments")
    return [
        *(f"{count}/{labels}" if labels else NONE for count in (made.hits, made.met)), str(false),
        *early, end, "" if cover is None else f"{cover:.0%}", "" if fragments is None else f"{fragments:g}",
        *map(share, refused), str(others), f"{made.false_rate:.2f}",
    ]  # fmt: skip


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
