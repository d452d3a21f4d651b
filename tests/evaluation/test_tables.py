"""The tables of an evaluation: totals, the verdict, and what a terminal has room for."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.evaluation.accounting import Account, Answer, Called, Observed
from pipeline.evaluation.runs import ANY, FUSED, OURS, Judged, Read
from pipeline.evaluation.tables import _hidden, _table, verdict
from pipeline.feeds import Label
from pipeline.records import Entity
from tests.evaluation.made import case, judged, more
from tests.evaluation.test_command import ran


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
    better = replace(dark, detector="seasonal", readings=(read(ANY, labels, 0, labels),))
    rules = [
        replace(dark, detector=name, readings=(read(FUSED, labels, 0, labels), read(ANY, *one, share)))
        for name, one, share in zip(("median", "burst"), theirs, (0.1, refused), strict=False)
    ]
    return [ours, better, *rules]


@pytest.mark.parametrize(
    ("ours", "theirs", "refused", "said"),
    [
        (0, [4, 0], 1.0, "none has so few false outages; silent for having refused to judge: burst by any signal; most "
            "false outages: median by any signal, 4."),
        (0, [0, 0], 0.1, "ours has 0 false. Of the field's rules that were asked, without our fusion, no more false "
            "outages have median by any signal, burst by any signal."),
        (1, [0, 2], 0.1,
         "no more false outages have median by any signal; most false outages: burst by any signal, 2."),
        (0, [3, 1200], 0.1, "none has so few false outages; most false outages: burst by any signal, 1,200."),
        (2, [], 0.1, "Nothing is labelled, and nothing to be met: ours has 2 false."),
    ],
)  # fmt: skip
def test_the_verdict_of_controls_names_the_quiet_and_the_loudest_rules(
    ours: int, theirs: list[int], refused: float, said: str, dark: Judged
) -> None:
    assert verdict(field(dark, [(0, ours, 0), *((0, false, 0) for false in theirs)], refused)).endswith(said)


@pytest.mark.parametrize(("width", "columns"), [(76, 9), (80, 10), (130, 13)])
def test_no_number_of_a_table_is_cut(width: int, columns: int) -> None:
    cells = ["14/14", "14/14", "300", "+5420", "+5420", "−5780", "+2130", "100%", "1.5", "<1%", "78%", "20", "0.01"]
    console = Console(width=width, record=True)
    console.print(_table(console, [("similar_days, any signal", cells)]))
    (line,) = [line for line in console.export_text().splitlines() if line.startswith("similar_days, ")]
    assert line.split()[-columns:] == cells[:columns]
    assert len(line) <= width


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (130, []),
        (80, ["labels refused (no room for the column): ours <1%", "others (no room for the column): ours 20; ihr 3"]),
        (70, ["refused (no room for the column): ihr 7%", "labels refused (no", "others (no"]),
    ],
)
def test_columns_without_room_are_told_below_the_table(width: int, told: list[str]) -> None:
    rows = [(OURS, "0%", "<1%", "20", "1.00"), ("ihr", "7%", "", "3", "0.50"), ("burst", "0%", "0%", "0", "0.00")]
    numbers = ["14/14", "14/14", "300", "+5420", "+5420", "−5780", "+2130", "100%", "1.5"]
    found = list(_hidden(Console(width=width), [(name, [*numbers, *more]) for name, *more in rows]))
    assert len(found) == len(told)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, told, strict=True))


def test_the_verdict_is_below_the_table_and_the_remarks_and_the_legend_follow(tmp_path: Path) -> None:
    folder = more(case(tmp_path / "shallow", left=0.997), "asn,AS59257")
    (folder / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,AS59257,PK,,\n")
    shown = ran(folder, "--detector", "ours").splitlines()
    ours, others, said, missed, words, meaning = (
        next(i for i, line in enumerate(shown) if line.startswith(begin))
        for begin in ("ours ", "others (no room", "Ours meets 0 of 1", "missed: ", "· ours: ", "· others: ")
    )
    assert (others, said, missed) == (ours + 1, ours + 3, ours + 5)
    assert missed < words < meaning
    assert shown[missed].startswith("missed: country/PK, 2024-02-08 00:00 to 2024-02-08 03:00 UTC")
    assert "· others: " not in ran(case(tmp_path / "deep"), "--detector", "ours"), "no others, and no explanation"
