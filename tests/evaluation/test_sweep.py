"""Every threshold at every value: a curve for each detector, held against ours."""

import json
from html import escape
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from detectors import REGISTRY
from pipeline.cli.arguments import app
from pipeline.engine import Engine
from pipeline.evaluation import sweep as swept
from pipeline.evaluation.cases import read_cases
from pipeline.evaluation.report import COLOURS, CURVES, curves, report
from pipeline.evaluation.runs import ANY, FUSED, OURS, outcome
from pipeline.evaluation.sweep import CONFIRM, SWEPT, Point, against, at, fused, recorded, steps, sweep
from pipeline.evaluation.traces import COLUMNS
from tests.evaluation.made import case, judged


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of a few values."""
    monkeypatch.setitem(SWEPT, "median", ("critical", (0.9, 0.5, 0.1)))
    monkeypatch.setattr(swept, "CONFIRM", ("model.confirm", (0.95, 0.999999)))


@pytest.mark.usefixtures("short")
def test_a_threshold_moves_from_hit_to_miss(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    cases = read_cases([case(tmp_path / "third", left=0.3)])
    found = list(sweep(cases, [OURS, "median"], Engine(), lambda name, value: told.append((name, value))))
    assert [(p.value, p.shipped, p.hits) for p in found if p.detector == "median" and p.reading == ANY] == [
        (0.9, False, 1), (0.5, True, 1), (0.1, False, 0),
    ]  # fmt: skip
    ours = [(p.value, p.shipped, p.labels) for p in found if p.detector == OURS]
    assert ours == [(0.95, True, 1), (0.999999, False, 1)]
    assert {p.reading for p in found if p.detector == "median"} == {ANY}
    assert told == [(name, value) for name, _, value in steps([OURS, "median"])]


def test_recorded_verdicts_fuse_to_the_same_outages(tmp_path: Path) -> None:
    (read,) = read_cases([case(tmp_path / "third", left=0.3)])
    once, told = outcome(read, Engine()), fused(recorded(read, Engine()), Engine())
    assert len(told.traces) == len(once.traces) > 0
    for again, there in zip(told.traces, once.traces, strict=True):
        assert all(np.array_equal(getattr(again, name), getattr(there, name), equal_nan=True) for name in COLUMNS)
    assert [replace(outage, id="") for outage in told.outages] == [replace(outage, id="") for outage in once.outages]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_detector_is_shipped_with_one_of_its_values_and_can_be_made_at_each(name: str) -> None:
    parameter, values = SWEPT[name]
    made = [getattr(at(Engine(), name, parameter, value).rule("bgp.ris"), parameter) for value in values]
    assert made == list(values)
    assert made in (sorted(set(made)), sorted(set(made), reverse=True))
    assert getattr(REGISTRY[name]("bgp.ris"), parameter) in values


def test_ours_is_shipped_with_one_of_its_values_and_can_be_made_at_each() -> None:
    parameter, values = CONFIRM
    assert Engine().settings.model.confirm in values
    assert [at(Engine(), OURS, parameter, value).settings.model.confirm for value in values] == list(values)
    assert at(Engine(), OURS, parameter, 0.3).settings.model.suspect == 0.3
    assert steps(["without a threshold"]) == []


def point(detector: str, value: float, hits: int, false: int, shipped: bool = False) -> Point:
    return Point(detector, FUSED if detector == OURS else ANY, "x", value, shipped, 10, hits, hits, false, false / 2)


def test_a_curve_may_never_be_as_good_or_as_quiet() -> None:
    ours = point(OURS, 1, 9, 0, shipped=True)
    _, (median,) = against([ours, point("median", 1, 8, 3), point("median", 2, 7, 1)])
    assert (median.as_quiet, median.as_good) == (None, None)
    assert against([point("median", 1, 8, 3)]) == (None, [])


def test_the_page_has_a_curve_for_each_detector(tmp_path: Path) -> None:
    found = [point(OURS, 1, 9, 0, shipped=True), point("median", 1, 8, 300), point("median", 2, 0, 0, shipped=True)]
    assert curves(found) == curves(found) != curves(found[:2])
    assert len(set(COLOURS)) >= len(REGISTRY)
    one = judged(case(tmp_path / "dark"))
    assert escape(CURVES) in report(one, found)
    assert escape(CURVES) not in report(one)


@pytest.mark.usefixtures("short")
def test_a_sweep_compares_with_the_own_threshold_of_ours(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[model]\nconfirm = 0.97\n")
    words = ["evaluate", str(case(tmp_path / "third", left=0.3)), "--detector", "median", "--sweep", "--settings"]
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*words, str(tmp_path / "own.toml")], catch_exceptions=False)
    assert "each threshold swept  ours: 1/1 hit, 1 met, 0 false (model.confirm 0.97)" in done.stdout
    assert "1/1 hit, 1 met, 0 false (critical 0.9)" in done.stdout
    told = json.loads(CliRunner().invoke(app, [*words[:-1], "--json"], catch_exceptions=False).stdout)
    assert len(told["sweep"]) == 2 + 3
    assert {"detector": "median", "value": 0.1}.items() <= told["sweep"][-1].items()
