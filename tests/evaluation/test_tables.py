"""The tables of an evaluation: totals, the verdict, and what a terminal has room for."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from pipeline.evaluation.accounting import Account, Answer, Called, Observed
from pipeline.evaluation.runs import ANY, FUSED, OURS, Judged, Read
from pipeline.evaluation.tables import show, verdict
from pipeline.feeds import Label
from pipeline.records import Entity
from tests.evaluation.made import case, judged


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judged(case(tmp_path_factory.mktemp("tables") / "dark"))[0]


def read(reading: str, met: int, false: int, labels: int, refused: float = 0.1) -> Read:
    """A reading that meets so many of so many labels."""
    label = Label(0, 1, "country", "PK", "shutdown", "")
    answers = tuple(Answer(label, hit=i < met, met=i < met) for i in range(labels))
    made = Account(answers, (Called(Entity("country", "PK"), 0, 1, 0, 0),) * false, (), Observed(0, 1, 1, 1, 1.0))
    return Read(reading, (), made, refused, 0.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ((1, 0), [(1, 0)], "as good is median by any signal: 1, with 0."),
        ((1, 1), [(1, 0)], "better is median by any signal: 1, with 0."),
        ((0, 0), [(1, 9)], "more is met by median by any signal: 1, with 9."),
        ((1, 2), [(1, 0), (2, 1)],
         "as much or more is met by burst by any signal: 2, with 1; median by any signal: 1, with 0."),
        ((2, 0), [(1, 5), (1, 6)],
         "that were asked, without our fusion, the nearest is median by any signal: 1, with 5."),
        ((3, 0), [(1, 0), (2, 900)],
         "the nearest are burst by any signal: 2, with 900; median by any signal: 1, with 0."),
        ((3, 0), [(0, 0), (0, 4)], "without our fusion, none meets any."),
        ((3, 0), [], "Ours meets 3 of 3 labels, with 0 false."),
    ],
)  # fmt: skip
def test_the_verdict_names_the_best_published_rules(
    ours: tuple[int, int], theirs: list[tuple[int, int]], said: str, dark: Judged
) -> None:
    assert verdict(field(dark, [(*ours, 3), *((*one, 3) for one in theirs)])).endswith(said)


def field(dark: Judged, made: list[tuple[int, ...]], refused: float = 0.1) -> list[Judged]:
    """Ours, a detector of ours that is better and not compared, and the median and burst."""
    (met, false, labels), *theirs = made
    ours = replace(dark, detector=OURS, readings=(read(FUSED, met, false, labels),))
    better = replace(dark, detector="predictive", readings=(read(ANY, labels, 0, labels),))
    rules = [
        replace(dark, detector=name, readings=(read(FUSED, labels, 0, labels), read(ANY, *one, share)))
        for name, one, share in zip(("median", "burst"), theirs, (0.1, refused), strict=False)
    ]
    return [ours, better, *rules]


@pytest.mark.parametrize(("width", "columns"), [(60, 9), (80, 11), (130, 14)])
def test_no_number_of_a_table_is_cut(width: int, columns: int, dark: Judged) -> None:
    console = Console(width=width, record=True, file=StringIO())
    show(console, [dark])
    ours = next(line.split() for line in console.export_text().splitlines() if line.startswith("ours "))
    full = ["ours", "1/1", "1/1", "0", "+10", "+10", "0", "0", "100%", "1", "2%", "0%", "0", "0.00"]
    assert ours == full[:columns]
