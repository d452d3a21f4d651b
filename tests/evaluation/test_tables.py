"""The tables of an evaluation in a terminal: what has room, and what stands below them."""

from pathlib import Path

import pytest
from rich.console import Console

from pipeline.evaluation.runs import OURS
from pipeline.evaluation.tables import _hidden, _table
from tests.evaluation.made import case
from tests.evaluation.test_command import ran


@pytest.mark.parametrize(("width", "columns"), [(76, 9), (80, 10), (130, 13)])
def test_no_number_of_a_table_is_cut_whatever_room_there_is(width: int, columns: int) -> None:
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
def test_what_has_no_room_in_a_table_and_is_not_nothing_is_told_below_it(width: int, told: list[str]) -> None:
    rows = [(OURS, "0%", "<1%", "20", "1.00"), ("ihr", "7%", "", "3", "0.50"), ("burst", "0%", "0%", "0", "0.00")]
    numbers = ["14/14", "14/14", "300", "+5420", "+5420", "−5780", "+2130", "100%", "1.5"]
    found = list(_hidden(Console(width=width), [(name, [*numbers, *more]) for name, *more in rows]))
    assert len(found) == len(told)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, told, strict=True))


def test_what_it_comes_to_stands_below_the_table_before_what_is_remarked_and_what_the_words_mean(
    tmp_path: Path,
) -> None:
    folder, deep = case(tmp_path / "shallow", left=0.997), case(tmp_path / "deep")
    rows = (deep / "signals.csv").read_text().replace('country,"PK"', "asn,AS59257").splitlines(keepends=True)
    with (folder / "signals.csv").open("a") as table:
        table.writelines(rows[1:])
    (folder / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,AS59257,PK,,\n")
    shown = ran(folder, "--detector", "ours").splitlines()
    ours, others, said, missed, words, meaning = (
        next(i for i, line in enumerate(shown) if line.startswith(begin))
        for begin in ("ours ", "others (no room", "Ours meets 0 of 1", "missed: ", "· ours: ", "· others: ")
    )
    assert (others, said, missed) == (ours + 1, ours + 3, ours + 5)
    assert missed < words < meaning
    assert "· others: " in ran(folder, "--detector", "ours", columns=120)
    assert "· others: " not in ran(deep, "--detector", "ours"), "where none are told of, none are explained"
