"""A feed that is broken, stuck or frozen is not observed: neither a calm day nor an outage of any place."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low
from pipeline.engine import Engine, verdicts
from pipeline.records import Entity, Verdicts
from tests.judge.feeds import COUNTRIES, DAY, MANY, QUIET, daily, feed, judged, repeated
from tests.replay.tapes import recorded

PLACES = (*COUNTRIES[:2], Entity("asn", "AS1", "IN"))
FIRST = np.arange(7) < 4
ONE = np.where(np.arange(7) == 3, 0.05, 1.0)
NIGHT = 6 * DAY - 1


def is_blind(found: Verdicts) -> np.ndarray:
    """Of which bins nothing was observed ``(t, n) bool``."""
    blind = found.health == 0
    assert np.isnan(found.value[blind]).all()
    assert (found.state[blind] == UNKNOWN).all()
    return blind


@pytest.mark.parametrize("left", [0.0, 0.5, 0.8, 1.4, 10.0])
def test_a_feed_of_which_all_countries_fall_or_rise_alike_is_not_observed(left: float) -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[left] * 3, 1.0, 1.0))
    blind, broken = is_blind(found), slice(QUIET, QUIET + 3)
    assert blind[broken].all()
    assert not blind[-1].any()
    assert np.allclose(found.common[broken], left, rtol=0.03)
    assert np.allclose(found.expected[broken], 1000, rtol=0.05), "what a feed that is whole would show"
    assert (found.state[-1] == NORMAL).all()


@pytest.mark.parametrize(("countries", "left", "is_feed"), [(4, 0.5, True), (2, 0.6, False), (3, 0.0, False)])
def test_networks_of_several_countries_that_lose_the_same_share_have_lost_their_feed(
    countries: int, left: float, is_feed: bool
) -> None:
    """Of two countries it may be chance, and of three islands on one cable nothing is left."""
    entities = tuple(Entity("asn", f"AS{i}", ("BR", "DE", "IN", "KE")[i % countries]) for i in range(4 * countries))
    found = judged(entities, feed(entities, left, noise=0.001), "bgp.routeviews")
    assert is_blind(found)[-1].all() == is_feed
    assert (found.state[-1] == LOW_CONFIRMED).all() != is_feed


@pytest.mark.parametrize("left", [0.0, 0.5, 1.5])
def test_a_broken_feed_that_comes_back_one_country_after_the_other_shows_no_outage(left: float) -> None:
    some = np.where(FIRST, 1.0, left)
    found = judged(COUNTRIES, feed(COUNTRIES, left, left, some, some, 1.0))
    assert is_blind(found)[QUIET:].tolist() == [[True] * 7] * 2 + [(~FIRST).tolist()] * 2 + [[False] * 7]
    assert not is_low(found.state).any()


def test_a_country_that_does_not_come_back_with_the_feed_is_out_after_hours() -> None:
    out = np.where(np.arange(7) == 6, 0.3, 1.0)
    found = judged(COUNTRIES, feed(COUNTRIES, 0.3, 0.3, out, 0.3, *[out] * 24))
    low = found.state == LOW_CONFIRMED
    assert not low[: QUIET + 5].any()
    assert (low[-1] == (out < 1)).all()


@pytest.mark.parametrize("left", [0.0, 0.4])
def test_a_feed_that_stops_part_by_part_within_a_bin_shows_no_outage(left: float) -> None:
    stops = left + (1 - left) * np.linspace(0.05, 0.95, 7)
    two = np.where(FIRST, stops, 1.0), np.where(FIRST, left, stops)
    for steps in ((stops, left, left), (*two, left, left)):
        found = judged(COUNTRIES, feed(COUNTRIES, *steps))
        assert not is_low(found.state).any()
        assert is_blind(found)[-1].all()


@pytest.mark.parametrize("fallen", [1, 2, 3])
def test_few_countries_of_a_feed_that_fall_together_are_out(fallen: int) -> None:
    left = np.where(np.arange(7) < fallen, 0.1, 1.0)
    found = judged(COUNTRIES, feed(COUNTRIES, *[left] * 3))
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (left < 1).tolist()
    many = np.where(np.arange(30) < fallen, 0.1, 1.0)
    assert (judged(MANY, feed(MANY, *[many] * 3)).state[-1] == LOW_CONFIRMED).tolist() == (many < 1).tolist()


def test_a_feed_that_counts_in_another_unit_is_judged_again_after_a_day_or_two() -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[0.4] * 2 * DAY, 0.4 * ONE, 0.4 * ONE))
    blind = is_blind(found)
    assert blind[QUIET : QUIET + DAY // 2].all()
    assert not blind[-2:].any()
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (ONE < 1).tolist()


def test_a_feed_of_zeros_is_never_taken_for_one_that_counts_less() -> None:
    found = judged(COUNTRIES, feed(COUNTRIES, *[0.0] * 2 * DAY, 1.0))
    assert is_blind(found)[QUIET:-1].all()
    assert (found.state[-1] == NORMAL).all()


@pytest.mark.parametrize("columns", [slice(None), slice(1)], ids=["the feed", "one series"])
def test_what_repeats_its_night_is_not_observed_and_no_outage_of_the_day(columns: slice) -> None:
    found = judged(PLACES, repeated(daily(1500, 900), NIGHT, NIGHT + 46, columns))
    blind = is_blind(found)
    assert blind[NIGHT + 10 : NIGHT + 46, columns].all()
    assert not np.delete(blind, np.arange(NIGHT, NIGHT + 46), axis=0).any()
    assert columns.stop is None or not blind[:, 1:].any()
    assert not is_low(found.state).any()
    assert (found.state[NIGHT + 46 :, :2] == NORMAL).all(), "what moves again is judged again"


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("columns", [1, 2], ids=["one", "all"])
def test_an_outage_that_is_flat_is_observed_as_long_as_it_lasts(left: float, columns: int) -> None:
    x, noon = daily(1500, 900), 6 * DAY + DAY // 2
    x[noon : noon + 30, :columns] = np.rint(left * np.array([3000, 1200])[:columns])
    found = judged(PLACES, x)
    assert not is_blind(found).any()
    assert (found.state[noon + 2 : noon + 6, :columns] == LOW_CONFIRMED).all()


def test_series_that_are_often_flat_are_observed() -> None:
    rng = np.random.default_rng(6)
    shape = 2 - np.cos(2 * np.pi * np.arange(16 * DAY) / DAY)
    rests = repeated(daily(1500, days=16), 0, 0)[:, 0]
    for night in range(2 * DAY, 16 * DAY, DAY):
        rests[night : night + 12] = rests[night - 1]
    small, routes = rng.poisson(3 * shape), 8000 + np.cumsum(rng.random(len(shape)) < 0.03)
    routes[13 * DAY : 13 * DAY + 60] = routes[13 * DAY - 1]
    blind = is_blind(judged((*PLACES, Entity("asn", "AS2", "IN")), np.column_stack([small, routes, rests, rests])))
    assert not blind[:, :2].any()
    assert not blind[13 * DAY :].any()


@pytest.mark.parametrize("case", ["control-britain-2020-peerloss", "louisiana-2020-laura", "myanmar-2021-coup"])
def test_no_bin_of_a_real_series_is_taken_for_a_stuck_or_frozen_one(case: str, data: Path) -> None:
    found = verdicts(recorded(data / "signals" / case), Engine())
    assert not any((each.health == 0).any() for each in found if isinstance(each, Verdicts))
