"""A feed that is broken or stuck is not observed: neither a calm day nor an outage of any place."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low
from pipeline.engine import Engine, verdicts
from pipeline.records import Verdicts
from tests.judge.feeds import COUNTRIES, DAY, MANY, QUIET, feed, judged, repeated
from tests.replay.tapes import recorded

NIGHT = 2 * DAY + 10


def is_blind(found: Verdicts) -> np.ndarray:
    """Of which bins nothing was observed ``(t, n) bool``."""
    blind = found.health == 0
    assert np.isnan(found.value[blind]).all()
    assert (found.state[blind] == UNKNOWN).all()
    assert np.isnan(found.likelihood[blind]).all()
    return blind


@pytest.mark.parametrize("left", [0.0, 0.5])
def test_a_feed_that_lost_most_of_all_countries_is_not_observed(left: float) -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[left] * 3, 1.0, 1.0))
    assert is_blind(found)[-5:].all(axis=1).tolist() == [True] * 3 + [False] * 2
    assert (found.state[-1] == NORMAL).all()


@pytest.mark.parametrize("left", [0.8, 1.4, 10.0])
def test_a_step_of_all_countries_is_the_feed_s(left: float) -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[left] * 3, 1.0, 1.0))
    assert np.allclose(found.common[QUIET : QUIET + 3], left, rtol=0.03)
    assert np.allclose(found.expected[QUIET : QUIET + 3], 1000 * left, rtol=0.05), "what a whole feed would show"
    assert not is_low(found.state).any()


@pytest.mark.parametrize("fallen", [1, 2, 3])
def test_few_countries_of_a_feed_that_fall_together_are_out(fallen: int) -> None:
    left = np.where(np.arange(7) < fallen, 0.1, 1.0)
    found = judged(COUNTRIES, feed(COUNTRIES, *[left] * 3))
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (left < 1).tolist()
    many = np.where(np.arange(30) < fallen, 0.1, 1.0)
    assert (judged(MANY, feed(MANY, *[many] * 3)).state[-1] == LOW_CONFIRMED).tolist() == (many < 1).tolist()


def test_a_feed_of_zeros_is_never_taken_for_one_that_counts_less() -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[0.0] * 2 * DAY, 1.0))
    assert is_blind(found)[QUIET:-1].all()
    assert (found.state[-1] == NORMAL).all()


def test_a_feed_that_repeats_its_night_is_not_observed_and_no_outage_of_the_day() -> None:
    found = judged(COUNTRIES, repeated(feed(COUNTRIES, *[1.0] * DAY), NIGHT, NIGHT + 20))
    blind = is_blind(found)
    assert blind[NIGHT + 8 : NIGHT + 20].all()
    assert not blind[:NIGHT].any()
    assert not blind[NIGHT + 20 :].any()
    assert not is_low(found.state).any()


@pytest.mark.parametrize("left", [0.0, 0.3])
def test_one_series_that_is_flat_is_observed(left: float) -> None:
    x = feed(COUNTRIES, *[1.0] * DAY)
    x[QUIET : QUIET + 12, 0] = 1000 * left
    found = judged(COUNTRIES, x)
    assert not is_blind(found).any()
    assert (found.state[QUIET + 2 : QUIET + 12, 0] == LOW_CONFIRMED).all()


@pytest.mark.parametrize("case", ["control-britain-2020-peerloss", "louisiana-2020-laura", "myanmar-2021-coup"])
def test_no_bin_of_a_real_series_is_taken_for_a_stuck_one(case: str, data: Path) -> None:
    found = verdicts(recorded(data / "signals" / case), Engine())
    assert not any((each.health == 0).any() for each in found if isinstance(each, Verdicts))
