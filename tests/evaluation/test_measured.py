"""Engines whose parameters differ are held against cases: log score, what is kept, and the tables of it."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from detectors.model import Model
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.evaluation.cases import Ignored, Tolerance, read_cases
from pipeline.evaluation.spans import Span
from pipeline.feeds import Label
from pipeline.records import Entity, Outage
from tests.conftest import FOLDERS
from tests.evaluation.ablate import HOLIDAYS, SHIPPED, cells, shown, worlds
from tests.evaluation.made import BACK, FALL, case
from tests.evaluation.measured import (
    HOUR,
    LEAST,
    Figures,
    Heard,
    allowed,
    cases_in,
    key,
    made,
    measure,
    of_case,
    singles,
    truth,
)
from tests.injection import plain

IRAQ = Entity("country", "IQ", "IQ")


def revision(state: str, probability: float, detected: int = 0) -> Outage:
    return Outage("id", "country", "IQ", state, "unknown", "replay", 0, None, detected, None, probability, 1.0, (), 1)


def test_a_change_is_an_engine_with_other_parameters_or_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    tried = list(allowed([*singles(), ("confirm", "nothing", {"confirm": 0.0})]))
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("confirm at nothing is not tried")]
    for name, _, change in tried:
        engine = made(change)
        assert getattr(engine.settings.model, name) == change[name] != getattr(Model(), name)


@pytest.mark.usefixtures("data")
def test_the_cases_are_those_of_both_folders_each_with_its_own_tolerance(tmp_path: Path) -> None:
    cases = cases_in(FOLDERS)
    assert {case.folder.parent for case in cases} == set(FOLDERS)
    assert all(case.tolerance for case in cases if case.labels)
    with pytest.raises(UserError, match="no folder of a case"):
        cases_in([*FOLDERS, tmp_path])


def test_the_probability_at_a_time_is_that_of_the_last_revision_known_by_then() -> None:
    heard = Heard()
    for now, said in ((HOUR, revision("suspected", 0.6)), (2 * HOUR, revision("confirmed", 0.97))):
        heard.now = now
        heard.see(said)
    heard.now = 5 * HOUR
    heard.see(revision("ended", 0.97))
    times = np.array([0, HOUR, 2 * HOUR, 4 * HOUR, 5 * HOUR])
    assert heard.at(("country", "IQ"), times).tolist() == [0.0, 0.6, 0.97, 0.97, 0.0]
    assert heard.at(("country", "PK"), times).tolist() == [0.0] * 5


def test_the_truth_is_not_known_around_a_label_of_a_part_or_in_an_ignored_window() -> None:
    exact = Tolerance(HOUR, HOUR, HOUR, HOUR, 0.9, (Ignored(Span(20 * HOUR, 22 * HOUR)),))
    label = Label(5 * HOUR, 12 * HOUR, "country", "IQ", "", "")
    times = HOUR * np.arange(24)
    out, known = truth(IRAQ, times, [(label, "IQ")], exact)
    assert np.flatnonzero(out).tolist() == [*range(5, 12)]
    assert np.flatnonzero(~known).tolist() == [4, 5, 6, 11, 12, 13, 20, 21]
    out, known = truth(Entity("region", "IQ-BG", "IQ"), times, [(label, "IQ")], exact)
    assert (out.any(), np.flatnonzero(~known).tolist()) == (False, [*range(4, 13), 20, 21])
    out, known = truth(Entity("country", "PK", "PK"), times, [(label, "IQ")], exact)
    assert (out.any(), np.flatnonzero(~known).tolist()) == (False, [20, 21])


def test_a_case_is_scored_by_the_probability_that_was_given_to_the_truth(tmp_path: Path) -> None:
    (dark,) = read_cases([case(tmp_path / "dark")])
    found = of_case(dark, Engine())
    assert (found.labels, found.met, found.false, found.confirmed) == (1, 1, 0, "10")
    assert found.score == pytest.approx(np.log(1 - LEAST), abs=0.001)
    (missed,) = read_cases([case(tmp_path / "missed", left=1.0)])
    never = of_case(missed, Engine())
    hours = (BACK - FALL) // HOUR - 1  # its begin and its end are not counted
    assert never.hours == found.hours
    assert never.score == pytest.approx((hours * np.log(LEAST)) / never.hours, abs=0.002)


def counted(engine: Engine) -> Figures:
    if engine.settings.model.late_hours == 9:
        raise ZeroDivisionError
    return Figures(labels=1, met=engine.settings.model.company, hours=1, score=-0.5)


def never(engine: Engine) -> Figures:
    raise AssertionError("it was kept")


def test_what_was_measured_is_kept_and_what_failed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every = [{}, {"company": 1}, {"late_hours": 9}]
    found = measure(every, {"case": counted}, tmp_path / "own" / "kept.csv")
    assert [found[key(change)] for change in every] == [
        {"case": Figures(1, 5, hours=1, score=-0.5)}, {"case": Figures(1, 1, hours=1, score=-0.5)}, {},
    ]  # fmt: skip
    assert '{"late_hours": 9} on case failed: ZeroDivisionError' in capsys.readouterr().err
    assert measure(every[:2], {"case": never}, tmp_path / "own" / "kept.csv") == {
        change: own for change, own in found.items() if own
    }
    console = Console(width=160, record=True, file=StringIO())
    changes = [("company", "half", every[1]), ("late_hours", "double", every[2]), ("none", "away", {"company": 5})]
    differ, idle = shown([SHIPPED, *changes], found | {key({"company": 5}): found[key({})]})
    console.print(differ)
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in console.export_text().splitlines() if "|" in line
    ]
    assert lines[2][:3] == ["as shipped", "", "5/1"]
    assert lines[3][:7] == ["company", "half", "1/1", "", "", "", ""]
    assert lines[4][:3] == ["late_hours", "double", "failed"]
    assert idle == ["none (away)"]


def test_worlds_are_told_beside_the_cases() -> None:
    runs = worlds()
    assert sum(name.startswith("plain ") for name in runs) * len(plain.LOST) == 12
    assert {name.partition(",")[0] for name in runs if not name.startswith("plain ")} == set(HOLIDAYS)
    steady, free = Figures(lost=4, found=3), Figures(wrong=2)
    case = Figures(2, 1, 1, "10;20", -0.5, 9)
    control = Figures(false=3, hours=9, score=-0.1)
    found = cells({"case": case, "control": control, "plain": steady, "holiday": free})
    assert found == ["1/2", "3", "1", "15", "-0.3000", "3/4", "2"]
    assert cells({"case": case})[-2:] == ["–", "–"]
