"""Every threshold at every value: a curve, and what it costs to be as good as ours."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from msgspec.structs import replace
from typer.testing import CliRunner

from detectors import REGISTRY
from pipeline.cli.arguments import app
from pipeline.engine import Engine
from pipeline.evaluation import sweep as swept
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.report import COLOURS, CURVES, curves, report
from pipeline.evaluation.runs import ANY, FUSED, OURS, judge_all, outcome
from pipeline.evaluation.sweep import SWEPT, Point, against, at, fused, recorded, steps, sweep
from pipeline.evaluation.traces import COLUMNS
from pipeline.judge import JudgeStage
from pipeline.records import Bins, Verdicts
from tests.evaluation.made import case


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of a few values."""
    monkeypatch.setitem(SWEPT, "median", ("critical", (0.9, 0.5, 0.1)))
    monkeypatch.setattr(swept, "CONFIRM", ("fusing.confirm", (0.95, 0.999999)))


def points(folder: Path) -> list[Point]:
    return list(sweep(read_cases([folder]), [OURS, "median"], Engine(), lambda name, value: None))


@pytest.mark.usefixtures("short")
def test_a_threshold_moves_from_hit_to_miss(tmp_path: Path) -> None:
    found = points(case(tmp_path / "third", left=0.3))
    assert [(p.value, p.shipped, p.hits) for p in found if p.detector == "median" and p.reading == ANY] == [
        (0.9, False, 1), (0.5, True, 1), (0.1, False, 0),
    ]  # fmt: skip
    assert [(p.value, p.shipped, p.labels) for p in found if p.detector == OURS] == [
        (0.95, True, 1),
        (0.999999, False, 1),
    ]
    assert {p.reading for p in found if p.detector == "median"} == {FUSED, ANY}


@pytest.mark.usefixtures("short")
def test_a_case_and_a_value_are_told_of_as_they_are_done(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    cases = read_cases([case(tmp_path / "one"), case(tmp_path / "two", labelled=False)])
    list(sweep(cases, ["median"], Engine(), lambda name, value: told.append((name, value))))
    assert told == [("median", value) for value in (0.9, 0.9, 0.5, 0.5, 0.1, 0.1)]
    assert len(told) == len(cases) * len(steps(["median"]))


@pytest.mark.usefixtures("short")
def test_the_whole_is_judged_once_however_many_values_of_fusion_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    steps_of = JudgeStage.steps

    def counted(stage: JudgeStage, frames: Sequence[Bins]) -> list[Verdicts]:
        judged.extend(bins.signal for bins in frames)
        return steps_of(stage, frames)

    (read,) = read_cases([case(tmp_path / "third", left=0.3)])
    monkeypatch.setattr(JudgeStage, "steps", counted)
    once = outcome(read, Engine())
    asked = len(judged)
    two = list(sweep([read], [OURS], Engine(), lambda name, value: None))
    assert len(two) == 2
    assert len(judged) == 2 * asked, "once for its own, once for all values"
    told = fused(recorded(read, Engine()), Engine())
    assert len(told.traces) == len(once.traces) > 0
    for again, there in zip(told.traces, once.traces, strict=True):
        assert all(np.array_equal(getattr(again, name), getattr(there, name), equal_nan=True) for name in COLUMNS)
    assert [replace(outage, id="") for outage in told.outages] == [replace(outage, id="") for outage in once.outages]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_detector_can_be_made_at_every_value_and_comes_with_one_of_them(name: str) -> None:
    parameter, values = SWEPT[name]
    made = [getattr(at(Engine(), name, parameter, value).detectors[name]("bgp.ris"), parameter) for value in values]
    assert made == list(values)
    assert made in (sorted(set(made)), sorted(set(made), reverse=True))
    assert getattr(REGISTRY[name]("bgp.ris"), parameter) in values
    assert REGISTRY[name]("bgp.ris") == Engine().detectors[name]("bgp.ris")


def test_the_whole_comes_with_one_of_its_values_and_can_be_made_at_each() -> None:
    parameter, values = swept.CONFIRM
    assert Engine().settings.fusing.confirm in values
    assert [at(Engine(), OURS, parameter, value).settings.fusing.confirm for value in values] == list(values)
    assert at(Engine(), OURS, parameter, 0.3).settings.fusing.suspect == 0.3


def test_who_has_no_threshold_is_left_out() -> None:
    assert steps(["nobody"]) == []


def point(detector: str, value: float, hits: int, false: int, shipped: bool = False) -> Point:
    return Point(detector, FUSED if detector == OURS else ANY, "x", value, shipped, 10, hits, hits, false, false / 2)


def test_a_curve_that_is_never_as_good_or_never_as_quiet_says_so() -> None:
    ours = point(OURS, 1, 9, 0, shipped=True)
    _, (median,) = against([ours, point("median", 1, 8, 3), point("median", 2, 7, 1)])
    assert (median.as_quiet, median.as_good) == (None, None)
    assert against([point("median", 1, 8, 3)]) == (None, [])


def test_the_picture_has_a_curve_for_each_and_is_the_same_every_time() -> None:
    found = [point(OURS, 1, 9, 0, shipped=True), point("median", 1, 8, 300), point("median", 2, 0, 0, shipped=True)]
    assert curves(found) == curves(found)
    assert curves(found) != curves(found[:2])


def test_every_detector_has_a_colour_of_its_own() -> None:
    assert len(set(COLOURS)) >= len(REGISTRY)


def test_the_names_of_all_detectors_lie_beside_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    curves(Point(name, FUSED if name == OURS else ANY, "x", 1.0, True, 8, 8, 8, 0, 0.0) for name in (OURS, *REGISTRY))
    (figure,) = drawn
    figure.canvas.draw()
    (names,), (title,) = figure.legends, figure.texts
    room = names.get_window_extent()
    others = [title.get_window_extent(), *(ax.get_tightbbox() for ax in figure.axes)]
    assert not any(room.overlaps(other) for other in others)
    assert room.width < figure.bbox.width


def test_the_page_has_the_curves(tmp_path: Path) -> None:
    judged = list(judge_all(read_cases([case(tmp_path / "dark")])[0], [OURS], Engine()))
    assert escape(CURVES) in report(judged, [point(OURS, 1, 9, 0)])
    assert escape(CURVES) not in report(judged)


@pytest.mark.usefixtures("short")
def test_a_sweep_of_ours_alone_shows_its_own_values_and_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    words = ["evaluate", str(case(tmp_path / "third", left=0.3)), "--detector", "ours", "--sweep"]
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(app, words, catch_exceptions=False).stdout.splitlines()
    at = shown.index("each threshold swept  only ours was asked: nothing to compare it with")
    assert shown[at + 1].split() == ["fusing.confirm", "ours"]
    assert [" ".join(line.split()) for line in shown[at + 3 :]] == [
        "0.95, its own 1/1 hit, 1 met, 0 false",
        "0.999999 1/1 hit, 1 met, 0 false",
    ]


@pytest.mark.usefixtures("short")
def test_the_threshold_of_ours_is_swept_whatever_it_is_so_that_others_are_held_to_it(tmp_path: Path) -> None:
    assert [value for _, _, value in steps([OURS], 0.97)] == [0.95, 0.97, 0.999999]
    (tmp_path / "own.toml").write_text("[fusing]\nconfirm = 0.97\n")
    words = ["evaluate", str(case(tmp_path / "third", left=0.3)), "--detector", "median", "--sweep", "--settings"]
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*words, str(tmp_path / "own.toml")], catch_exceptions=False)
    assert "each threshold swept  ours: 1/1 hit, 1 met, 0 false (fusing.confirm 0.97)" in done.stdout


@pytest.mark.usefixtures("short")
def test_the_command_shows_the_sweep_and_has_its_points_in_json(tmp_path: Path) -> None:
    words = ["evaluate", str(case(tmp_path / "third", left=0.3)), "--detector", "median", "--sweep"]
    shown = CliRunner(env={"COLUMNS": "120"}).invoke(app, words, catch_exceptions=False).stdout
    assert "ours: 1/1 hit, 1 met, 0 false (fusing.confirm 0.95)" in shown
    assert "1/1 hit, 1 met, 0 false (critical 0.9)" in shown
    told = json.loads(CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False).stdout)
    assert len(told["sweep"]) == 2 + 2 * 3
    assert {"detector": "median", "value": 0.1}.items() <= told["sweep"][-1].items()
