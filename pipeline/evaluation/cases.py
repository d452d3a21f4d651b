"""A labelled case: its series, what is known to have happened, and how exactly that is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.errors import UserError
from pipeline.evaluation.spans import Span
from pipeline.feeds import Label, inside, nearby, read_labels, rows_of, seconds
from pipeline.settings import Evaluating

T = TypeVar("T")

LABELLED = "labels.csv"

TOLERANCES = "TOLERANCE.csv"

COLUMNS = (
    "case", "onset_early_min", "onset_late_min", "end_early_min", "end_late_min", "cover_min", "ignore_start",
    "ignore_end", "why",
)  # fmt: skip
"""Columns of `TOLERANCES`; a case with several ignored windows has a line for each."""


class Ignored(NamedTuple):
    """A window of which it is not known what happened: it counts neither way."""

    span: Span
    why: str = ""


class Tolerance(NamedTuple):
    """How exact the labels of a case are [s], which share of them is to be covered [0-1], and what is ignored."""

    onset_early: int
    onset_late: int
    end_early: int
    end_late: int
    cover: float
    ignored: tuple[Ignored, ...] = ()

    def grown(self, label: Label) -> Span:
        """The time in which a label explains an outage."""
        return Span(label.start - self.onset_early, label.end + self.end_late)


@dataclass(frozen=True)
class Case:
    """``tolerance``: None where ``TOLERANCE.csv`` has no line for it; ``listed``: the cases of that table."""

    folder: Path
    labels: tuple[Label, ...]
    tolerance: Tolerance | None = None
    listed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.name


def read_cases(folders: Iterable[str | Path]) -> list[Case]:
    """The cases in these folders; UserError where one has no labels, cannot be read, or comes twice."""
    cases = [_read(Path(folder)) for folder in folders]
    for case in cases:
        if sum(other.name == case.name for other in cases) > 1:
            raise UserError(f"{case.folder}: there are several cases of the name {case.name!r}")
    return cases


def _read(folder: Path) -> Case:
    folder = folder.resolve() if folder.name in ("", "..") else folder
    if not folder.is_dir():
        wanted = f"signals.csv or signals.csv.gz, and {LABELLED}"
        raise UserError(f"{folder}: no folder of a case ({wanted}){nearby(folder)}")
    if not (folder / LABELLED).is_file():
        what = "which says what is known to have happened"
        raise UserError(f"{folder}: a folder without {LABELLED}, {what}{inside(folder, LABELLED)}")
    if (folder / TOLERANCES).is_file():
        raise UserError(f"{folder / TOLERANCES}: it belongs beside the folders of cases, not in one")
    beside = folder.absolute().parent / TOLERANCES
    tolerances = read_tolerances(beside) if beside.is_file() else {}
    return Case(folder, tuple(read_labels(folder / LABELLED)), tolerances.get(folder.name), tuple(tolerances))


def read_tolerances(path: Path) -> dict[str, Tolerance]:
    """``TOLERANCE.csv`` by name of case; UserError where it is not such a table."""
    made: dict[str, Tolerance] = {}
    for place, row in rows_of(path, COLUMNS):
        early, late, sooner, later = (60 * _cell(place, row, name, int) for name in COLUMNS[1:5])
        cover = _cell(place, row, "cover_min", float)
        window = (_window(place, row),) if row["ignore_start"] or row["ignore_end"] else ()
        if min(early, late, sooner, later) < 0:
            raise UserError(f"{place}: minutes are not below 0: {min(early, late, sooner, later) // 60}")
        if not 0 <= cover <= 1:
            raise UserError(f"{place}: a share to cover is within 0 and 1, and not {cover:g}")
        known = made.get(row["case"])
        ignored = (known.ignored if known else ()) + tuple(Ignored(span, row["why"]) for span in window)
        exact = Tolerance(early, late, sooner, later, cover, ignored)
        if known and exact._replace(ignored=()) != known._replace(ignored=()):
            raise UserError(f"{place}: another tolerance of {row['case']} than the line before")
        made[row["case"]] = exact
    return made


WANTED: dict[Any, str] = {int: "whole minutes", float: "a share", seconds: "an ISO time"}


def _cell(place: str, row: dict[str, str], name: str, read: Callable[[str], T]) -> T:
    try:
        return read(row[name])
    except ValueError:
        raise UserError(f"{place}: {name} is {row[name][:100]!r}, wanted {WANTED[read]}") from None


def _window(place: str, row: dict[str, str]) -> Span:
    span = Span(_cell(place, row, "ignore_start", seconds), _cell(place, row, "ignore_end", seconds))
    if span.end <= span.start:
        raise UserError(f"{place}: ignore_end {row['ignore_end']} is not after ignore_start {row['ignore_start']}")
    return span


def usual_tolerance(width: int, settings: Evaluating) -> Tolerance:
    """The tolerance of a case without one of its own, by the width of its widest bins [s]."""
    onset = (width * settings.onset_early, width * settings.onset_late)
    end = (width * settings.end_early, width * settings.end_late)
    return Tolerance(*onset, *end, settings.cover)
