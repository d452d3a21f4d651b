"""The lines of the tables of an evaluation, whatever they are shown in."""

from collections.abc import Iterator

from pipeline.evaluation.accounting import Account
from pipeline.evaluation.judged import FUSED, OURS, Judged, Read
from pipeline.evaluation.phrases import NONE, minutes, share
from pipeline.evaluation.totals import BEST, Total, shared

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
