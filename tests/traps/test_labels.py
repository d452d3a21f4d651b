"""Labels are rounded: coarse series fall hours after their start, and sources are back half an hour after their end."""

from dataclasses import replace
from pathlib import Path

from pipeline.engine import Engine
from pipeline.evaluation.accounting import Account
from pipeline.evaluation.cases import Case, Tolerance, read_cases
from pipeline.evaluation.runs import OURS, judge, outcome
from pipeline.feeds import write_case
from pipeline.settings import Settings
from tests.detectors.real import stamp
from tests.worlds import HOUR, between, case

EXACT = Tolerance(0, 0, 0, 0, 0.0)
"""To the second."""


def accounts(labelled: Case) -> tuple[Account, Account]:
    """What was made of a case within its own tolerance, and without any."""
    came = outcome(labelled, Engine())
    ways = (labelled, replace(labelled, tolerance=EXACT))
    ours, naive = (judge(way, OURS, came, Settings()).readings[0].account for way in ways)
    return ours, naive


def test_the_shutdowns_of_myanmar_are_met_though_six_hours_a_bin_see_them_late(data: Path) -> None:
    ours, naive = accounts(*read_cases([data / "signals" / "myanmar-2021-coup"]))
    late = [answer.onset_error or 0 for answer in ours.answers]
    assert HOUR <= min(late) <= max(late) <= 6 * HOUR
    assert (ours.hits, ours.met) == (2, 2)
    assert (naive.hits, naive.met) == (2, 0)


def test_those_of_iraq_are_met_though_probes_are_back_half_an_hour_after_the_label(data: Path, tmp_path: Path) -> None:
    (whole,) = read_cases([data / "signals" / "iraq-2023-exams"])
    end = stamp("2023-08-22T12:00:00Z")
    two = tuple(label for label in whole.labels if label.end < end)
    write_case(tmp_path / "iraq", between(case(data, whole.name), 0, end), two, {})
    ours, naive = accounts(replace(whole, folder=tmp_path / "iraq", labels=two))
    assert [answer.end_error for answer in ours.answers] == [1800, 1800]
    assert (ours.hits, ours.met) == (2, 2)
    assert (naive.hits, naive.met) == (2, 0)
