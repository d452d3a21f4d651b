"""Parameters are chosen without the case that they are judged on."""

from io import StringIO

from rich.console import Console

from detectors.model import Model
from tests.evaluation.measured import Change, Figures, key, made
from tests.evaluation.tune import leave, points, shown

OTHER: Change = {"confirm": 0.9}
EVERY: list[Change] = [{}, OTHER]


def test_every_point_is_an_engine_and_the_shipped_one_comes_first() -> None:
    every = points()
    assert every[0] == {}
    assert max(map(len, every)) > 1
    for point in every:
        assert made(point) != made({}) or point == {}
        assert point.keys() <= vars(Model()).keys()


def test_the_case_left_out_does_not_choose() -> None:
    table = {
        key({}): {"here": Figures(2, 2, 0, score=-0.1, hours=9), "there": Figures(1, 1, 0, score=-0.2, hours=9)},
        key(OTHER): {"here": Figures(2, 0, 3, score=-0.9, hours=9), "there": Figures(1, 1, 0, score=-0.1, hours=9)},
    }
    without_here, without_there = (leave(table, EVERY, name) for name in ("here", "there"))
    assert (without_here.chosen, without_here.made, without_here.own) == (
        OTHER,
        table[key(OTHER)]["here"],
        table[key({})]["here"],
    )
    assert (without_there.chosen, without_there.made) == ({}, table[key({})]["there"])
    console = Console(width=160, record=True, file=StringIO())
    console.print(shown([without_here, without_there], len(EVERY)))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["here", "confirm", "0.9", "-0.9000", "0/2", "3", "-0.1000", "2/2", "0"] in lines
    assert ["mean", "-0.5500", "-0.1500"] in lines


def test_a_point_that_failed_on_a_case_is_not_chosen() -> None:
    table = {
        key({}): {"here": Figures(score=-0.1), "there": Figures(score=-0.2)},
        key(OTHER): {"there": Figures(score=-0.1)},
    }
    assert leave(table, EVERY, "here").chosen == {}
