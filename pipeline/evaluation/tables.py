"""What an evaluation shows in a terminal: a table for each case, and one for all of them."""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.evaluation.accounting import Account, Answer, Called, Tolerance
from pipeline.evaluation.judged import FUSED, OURS, Judged, Read
from pipeline.evaluation.totals import BEST, Total, shared, totals
from pipeline.show import WIDE, utc
from pipeline.wording import counted, printable

COLUMNS = ("hit", "met", "false", "sus-\npect.", "con-\nfirm.", "on-\nset", "end", "cover", "pie-\nces", "refu-\nsed")
FEW = 4
"""So many labels or outages of a kind are named, the others counted [-]."""

LEGEND = """\
hit: a confirmed outage of the labelled entity overlaps the label. met: one outage does, with onset, end and cover as \
allowed. false: explained by no label. suspected, confirmed: minutes after the label's start; onset, end: error in \
minutes, late is positive; medians over the labels that were hit. pieces: outages to a label, median. refused: share \
of the time in which nothing was said, the past being too short or the series too small. any signal, any warning: the \
detector without fusion, out while a signal is confirmed low, or looks low at all; best signal: the one that served \
best, known only afterwards."""


def show(console: Console, judged: Iterable[Judged]) -> None:
    """Show the account of every case, and of all together."""
    judged = list(judged)
    for _, group in groupby(judged, key=lambda one: one.case.name):
        _show_case(console, list(group))
    if len({one.case.name for one in judged}) > 1:
        console.print(Text("\nall cases", "bold"))
        console.print(_table(console, ((_who(t.detector, t.reading), _total(t)) for t in totals(judged))))
    console.print(Text(f"\n{LEGEND}", "dim"))


def _show_case(console: Console, judged: list[Judged]) -> None:
    ours = judged[0].readings[0].account
    labels = counted(len(ours.answers), "label") if ours.answers else "no label: a control"
    console.print(Text.assemble("\n", (printable(judged[0].case.name), "bold"), f"  {labels}, {_seen(judged[0])}"))
    if ours.answers:
        console.print(Text(exactness(judged[0].tolerance), "dim"))
    rows = ((_who(one.detector, _named(name, read)), _read(read)) for one in judged for name, read in _shown(one))
    console.print(_table(console, rows))
    for one in judged:
        if one.detector == OURS:
            for sentence in remarks(one):
                console.print(Text(printable(sentence), "yellow"))  # not as markup: it has words of the input


def _shown(judged: Judged) -> Iterator[tuple[str, Read]]:
    single = len(judged.readings) <= 4
    yield from ((name, read) for name, read in shared(judged).items() if name != BEST or not single)


def _seen(judged: Judged) -> str:
    made = judged.readings[0].account
    entities = made.observed.entities
    return f"{entities:,} {'entity' if entities == 1 else 'entities'}, {made.months:.1f} entity-months"


def exactness(exact: Tolerance) -> str:
    """What is allowed of an outage that meets a label, in words.

    Examples
    --------
    >>> exactness(Tolerance(300, 1800, 1800, 3600, 0.9))
    'allowed: onset −5 to +30 min, end −30 to +60 min, at least 90% covered'
    """
    early, late, sooner, later = (minutes(sign * t) for sign, t in zip((-1, 1, -1, 1), exact[:4], strict=True))
    return f"allowed: onset {early} to {late} min, end {sooner} to {later} min, at least {exact.cover:.0%} covered"


def _named(name: str, read: Read) -> str:
    return f"best: {read.reading}" if name == BEST else name


def _who(detector: str, reading: str) -> Text:
    own = detector == OURS and reading == FUSED
    return Text(printable(OURS if own else f"{detector}, {reading}"), "bold" if own else "")


def _table(console: Console, rows: Iterable[tuple[Text, list[str]]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("detector", overflow="fold", min_width=16)
    names = (*COLUMNS, *(("others", "false per\nentity-month") if console.width >= WIDE else ()))
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for who, cells in rows:
        table.add_row(who, *cells[: len(names)])
    return table


def _read(read: Read) -> list[str]:
    made = read.account
    return _cells(made, len(made.answers), len(made.false), read.refused, len(made.others))


def _total(total: Total) -> list[str]:
    others = sum(len(made.others) for made in total.accounts)
    return _cells(total, total.labels, total.false, total.refused, others)


def _cells(made: Account | Total, labels: int, false: int, refused: float, others: int) -> list[str]:
    times = (made.middle(name) for name in ("suspected", "confirmed", "onset_error", "end_error"))
    cover, pieces = made.middle("cover"), made.middle("fragments")
    return [
        *(f"{count}/{labels}" if labels else "–" for count in (made.hits, made.met)), str(false),
        *map(minutes, times), "" if cover is None else f"{cover:.0%}", "" if pieces is None else f"{pieces:g}",
        share(refused), str(others), f"{made.false_rate:.2f}",
    ]  # fmt: skip


def minutes(time: float | None) -> str:
    """Signed minutes of a time [s], nothing where there is none.

    Examples
    --------
    >>> minutes(330), minutes(-3600), minutes(0), minutes(None)
    ('+6', '−60', '0', '')
    """
    if time is None:
        return ""
    whole = math.floor(time / 60 + 0.5)
    return f"{'−' if whole < 0 else '+' if whole else ''}{abs(whole)}"


def share(value: float) -> str:
    """A share in percent, nothing where there is none; what is not whole is neither nothing nor all.

    Examples
    --------
    >>> share(0.5), share(0.001), share(0.9999), share(float("nan"))
    ('50%', '<1%', '>99%', '')
    """
    if math.isnan(value):
        return ""
    if 0 < value < 0.01:
        return "<1%"
    return ">99%" if 0.99 < value < 1 else f"{value:.0%}"


def remarks(judged: Judged) -> Iterator[str]:
    """What fusion missed, did not meet, or called out falsely, each in a sentence."""
    made = judged.readings[0].account
    yield from _some([f"missed: {_label(answer)}" for answer in made.answers if not answer.hit])
    yield from _some([f"not met: {_label(a)}: {why(a, judged.tolerance)}" for a in made.answers if a.hit and not a.met])
    yield from _some([f"false: {_outage(outage)}" for outage in made.false])


def _some(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:FEW]
    if len(sentences) > FEW:
        yield f"... and {len(sentences) - FEW} more"


def why(answer: Answer, exact: Tolerance) -> str:
    """Why a label that was hit is not met."""
    said = []
    if answer.onset_error is not None and not -exact.onset_early <= answer.onset_error <= exact.onset_late:
        said.append(f"onset {minutes(answer.onset_error)} min")
    if answer.end_error is not None and not -exact.end_early <= answer.end_error <= exact.end_late:
        said.append(f"end {minutes(answer.end_error)} min")
    if answer.cover < exact.cover:
        said.append(f"{share(answer.cover)} covered")
    if answer.fragments != 1:
        said.append(f"{answer.fragments} pieces")
    return ", ".join(said)


def _label(answer: Answer) -> str:
    label = answer.label
    return f"{label.entity_type}/{label.entity}, {utc(label.start)} to {utc(label.end)} UTC"


def _outage(outage: Called) -> str:
    until = f"to {utc(outage.end)} UTC" if outage.end is not None else "UTC on"
    return f"{outage.entity.type}/{outage.entity.name}, {utc(outage.start)} {until}"
