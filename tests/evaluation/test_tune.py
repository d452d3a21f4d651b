"""Settings are chosen without the case that they are judged on."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from pipeline.evaluation.cases import Case, read_cases
from tests.evaluation.tune import (
    GRID,
    Score,
    leave,
    made,
    measured,
    points,
    shipped,
    shown,
)

OWN = shipped()
EVERY = points()
OTHER = EVERY[1]
CASES = [Case(Path(name), ()) for name in ("here", "there")]


def test_the_engine_judges_and_fuses_by_a_point() -> None:
    for point in EVERY:
        engine, values = made(point), dict(zip(GRID, point, strict=True))
        for name, value in values.items():
            where, field = name.split(".")
            there = engine.settings.fusing if where == "fusing" else engine.detectors[where]("traffic.google")
            assert getattr(there, field) == value, name


def test_the_case_left_out_does_not_choose() -> None:
    table = {
        OWN: {"here": Score(2, 0, 2, -1.0), "there": Score(1, 0, 1, -1.0)},
        OTHER: {"here": Score(0, -3, 0, -9.0), "there": Score(1, 0, 1, -0.5)},
    }
    left = leave(table, CASES[0])
    assert (left.chosen, left.made, left.own) == (OTHER, table[OTHER]["here"], table[OWN]["here"])
    assert (left.alike, left.worse) == (2, 1)
    left = leave(table, CASES[1])
    assert (left.chosen, left.made, left.alike, left.worse) == (OWN, table[OWN]["there"], 1, 0)


def test_a_grid_is_measured_and_told_as_a_table(data: Path) -> None:
    cases = read_cases([data / "signals" / name for name in ("louisiana-2020-laura", "venezuela-2019-blackout")])
    deaf = tuple(20.0 if name == "seasonal.enter" else value for name, value in zip(GRID, OWN, strict=True))
    table = measured(cases, [OWN, deaf])
    assert [table[OWN][case.name][:3] for case in cases] == [(1, 0, 1), (1, 0, 1)]
    assert table[deaf] != table[OWN]
    left = leave(table, cases[0])
    assert (left.made.met, left.own.met) == (1, 1)
    console = Console(width=160, record=True, file=StringIO())
    console.print(shown([left], len(table)))
    said = console.export_text()
    assert "louisiana-2020-laura" in said
    assert "1/1" in said
