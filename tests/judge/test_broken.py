"""A feed of which all countries fall or rise alike is broken: nothing is said, and no country is called out."""

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low
from detectors.seasonal import Seasonal
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.records import Entity
from tests.judge.moved import COUNTRIES, DAYS, judged, seen, states


@pytest.mark.parametrize("left", [0.0, 0.5, 0.8, 1.4, 10.0])
def test_of_countries_that_all_fall_or_rise_alike_nothing_can_be_said(left: float) -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, *[left] * 3, 1.0, noise=0.02), "traffic.radar")
    assert np.allclose(found.common[DAYS:], [left, left, left, 1.0], rtol=0.03)
    assert np.isnan(found.value[DAYS:-1]).all()
    assert (found.health[DAYS:-1] == 0).all()
    assert found.health[-1].all()
    assert states(found) == {NORMAL}
    assert np.allclose(found.expected[DAYS:-1], 1000, rtol=0.05), "what a feed that is whole would show"


@pytest.mark.parametrize(
    ("countries", "left", "is_feed"), [(3, 0.6, True), (3, 0.85, True), (4, 0.5, True), (2, 0.6, False), (3, 0, False)]
)
def test_networks_of_several_countries_that_lose_the_same_share_have_lost_their_feed(
    countries: int, left: float, is_feed: bool
) -> None:
    """Of two it may be chance, and of islands on one cable nothing is left."""
    entities = tuple(Entity("asn", f"AS{i}", ("BR", "DE", "IN", "KE")[i % countries]) for i in range(4 * countries))
    found = judged(entities, seen(entities, left))
    assert np.isnan(found.value[-1]).all() == is_feed
    assert (states(found) == {LOW_CONFIRMED}) != is_feed


@pytest.mark.parametrize("left", [0.02, 0.3, 0.6])
def test_those_of_one_country_are_its_own_however_many_they_are(left: float) -> None:
    """A dozen of its networks, and one each of two neighbours that stand; then all three, each network by its share."""
    entities = tuple(Entity("asn", f"AS{i}", "YE" if i < 12 else ("SY", "SO")[i % 2]) for i in range(14))
    found = judged(entities, seen(entities, np.where(np.arange(14) < 12, left, 1.0)))
    assert set(found.state[-1, :12].tolist()) == {LOW_CONFIRMED}
    shares = left * np.random.default_rng(1).uniform(0.5, 1.5, 14)
    assert is_low(judged(entities, seen(entities, shares)).state[-1]).all()


def test_one_that_is_broken_stays_so_while_they_spread() -> None:
    spread = np.linspace(0.3, 0.7, 7)
    found = judged(COUNTRIES, seen(COUNTRIES, 0.5, spread, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS:]).all()
    assert states(judged(COUNTRIES, seen(COUNTRIES, spread, noise=0.02), "traffic.radar")) == {LOW_CONFIRMED}


def test_of_a_cable_that_is_cut_in_the_midst_of_a_bin_that_bin_looks_like_a_feed_and_the_next_ones_do_not() -> None:
    cable = np.linspace(0.2, 0.4, 7)
    found = judged(COUNTRIES, seen(COUNTRIES, 1 - 0.3 * (1 - cable), *[cable] * 3, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS]).all()
    assert states(found) == {LOW_CONFIRMED}
    found = judged(COUNTRIES, seen(COUNTRIES, 0.8, *[0.3] * 3, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS:]).all(), "of a feed they do"


def test_few_countries_on_one_cable_are_out_and_many_that_fall_so_are_their_feed_s() -> None:
    left = np.array([0.01, 0.1, 0.2, 0.05, 0.15, 0.02, 0.3])
    found = judged(COUNTRIES, seen(COUNTRIES, left, left, noise=0.05), "traffic.radar")
    assert (found.common == 1).all()
    assert states(found) == {LOW_CONFIRMED}
    codes = [f"{a}{b}" for a in "BCDGHI" for b in "AEGRZ"]
    many = tuple(Entity("country", code, code) for code in codes)
    found = judged(many, seen(many, np.resize(left, 30), noise=0.05), "traffic.radar")
    assert np.isnan(found.value[-1]).all()


def test_countries_that_fall_unalike_are_out() -> None:
    fall = np.linspace(0.0, 0.8, 7)
    found = judged(COUNTRIES, seen(COUNTRIES, fall, noise=0.02), "traffic.radar")
    assert found.common[-1] == 1
    assert (found.state[-1] == LOW_CONFIRMED).sum() >= 5


def test_countries_that_went_out_one_after_the_other_are_out_together() -> None:
    steps = [np.where(np.arange(7) <= i, 0.0, 1.0) for i in range(7)]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, *[0.0] * 3, noise=0.02), "traffic.radar")
    assert (found.common[DAYS:] == 1).all(), "those that were low before are no votes"
    assert states(found) == {LOW_CONFIRMED}


def test_a_first_night_is_no_broken_feed() -> None:
    night = 1 - 0.5 * np.sin(np.arange(20) / 19 * np.pi)
    found = judged(COUNTRIES, np.rint(seen(COUNTRIES, 1.0)[:20] * night[:, None]), "traffic.radar")
    assert (found.common == 1).all(), "there is no shape that it could fall from"


def test_a_feed_that_counts_in_another_unit_is_judged_again_after_a_day() -> None:
    steps = [0.4] * 40 + [np.where(np.arange(7) == 3, 0.04, 0.4)]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    blind = np.isnan(found.value[DAYS:]).all(axis=1)
    assert 24 <= blind.sum() <= 26
    assert not blind[26:].any()
    assert set(found.state[DAYS:-1].ravel().tolist()) <= {UNKNOWN, NORMAL}
    assert found.state[-1, 3] == LOW_CONFIRMED


def test_one_that_says_zero_of_all_never_teaches_it() -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, *[0.0] * 100, 1.0, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS:-1]).all()
    assert states(found) == {NORMAL}


def test_bins_one_by_one_and_cut_apart_are_judged_as_in_one_frame() -> None:
    one_low = np.where(np.arange(7) == 3, 0.2, 1.0)
    moves = [
        0.96,
        0.5,
        np.linspace(0.3, 0.7, 7),
        np.where(np.arange(7) < 3, 0.5, 1.0),
        0.96,
        one_low,
        0.5 * one_low,
        0.0,
        np.nan,
        one_low,
        *[0.4] * 30,
        1.0,
    ]
    value = seen(COUNTRIES, *moves, noise=0.01)
    whole = judged(COUNTRIES, value, "traffic.radar")
    assert np.isnan(whole.value[DAYS:]).all(axis=1).sum() > 20
    stage = JudgeStage(Seasonal.for_signal, calendar, 1)
    for i in range(len(value)):
        one = judged(COUNTRIES, value[i : i + 1], "traffic.radar", stage, start=i)
        for name in ("value", "health", "expected", "score", "state"):
            assert np.array_equal(getattr(one, name)[0], getattr(whole, name)[i], equal_nan=True), (i, name)
        assert one.common[0] == whole.common[i]
        cut = JudgeStage(Seasonal.for_signal, calendar, 1)
        cut.load(stage.save())
        stage = cut


def test_their_small_networks_take_no_vote_from_countries() -> None:
    networks = tuple(Entity("asn", f"AS{i}{c.name}", c.name) for c in COUNTRIES for i in range(3))
    value = np.hstack([seen(COUNTRIES, 0.5, noise=0.02), np.rint(seen(networks, 0.5, noise=0.5) / 400)])
    found = judged(COUNTRIES + networks, value, "probing.x")
    assert np.isnan(found.score[-2, len(COUNTRIES) :]).mean() > 0.5, "none of them is judged"
    assert np.isnan(found.value[-1]).all()


def test_those_that_are_out_already_have_no_vote() -> None:
    out = np.where(np.arange(7) < 2, 0.05, 1.0)
    for left in (0.5, 0.0):
        found = judged(COUNTRIES, seen(COUNTRIES, *[out] * 6, left * out, noise=0.02), "traffic.radar")
        assert (found.state[-2] == LOW_CONFIRMED).tolist() == (out < 1).tolist()
        assert np.isnan(found.value[-1]).all()


@pytest.mark.parametrize("day", [[0.0] * 30, [0.95] * 24, [0.95] * 23])
def test_one_bin_does_not_set_the_level_whatever_the_day_was(day: list[float]) -> None:
    one_low = np.where(np.arange(7) == 3, 0.05, 1.0)
    found = judged(COUNTRIES, seen(COUNTRIES, *day, 0.5, 1.0, 1.0, one_low, noise=0.01), "traffic.radar")
    assert np.isnan(found.value[-4]).all()
    assert not np.isnan(found.value[-3:]).any()
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (one_low < 1).tolist()


def test_one_that_is_repaired_after_days_is_judged_at_once() -> None:
    one_low = np.where(np.arange(7) == 3, 0.05, 1.0)
    found = judged(COUNTRIES, seen(COUNTRIES, *[0.5] * 40, 1.0, one_low, noise=0.01), "traffic.radar")
    assert np.isnan(found.value[DAYS : DAYS + 20]).all()
    assert not np.isnan(found.value[-15:]).any()
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (one_low < 1).tolist()


@pytest.mark.parametrize("before", [1.0, 0.97])
def test_a_lost_peer_before_it_makes_no_cable_a_broken_feed(before: float) -> None:
    cable = np.linspace(0.3, 0.7, 7)
    found = judged(COUNTRIES, seen(COUNTRIES, *[before] * 3, cable, cable, noise=0.01), "traffic.radar")
    assert found.common[-1] == 1
    assert states(found) == {LOW_CONFIRMED}


def test_many_that_fall_by_shares_far_apart_are_out_and_few_noisy_ones_by_chance_are_judged() -> None:
    many = tuple(Entity("country", f"{a}{b}", f"{a}{b}") for a in "BCDGH" for b in "AEGRZ")
    found = judged(many, seen(many, np.resize([0.01, 0.9, 0.5, 0.3, 0.7], 25), noise=0.02), "traffic.radar")
    assert found.common[-1] == 1
    spread = judged(many, seen(many, np.linspace(0.33, 0.67, 25), noise=0.005), "traffic.radar")
    assert states(spread) == {LOW_CONFIRMED}
    noisy = judged(COUNTRIES[:6], seen(COUNTRIES[:6], *[0.8] * 8, noise=0.4), "traffic.radar")
    assert not np.isnan(noisy.value[DAYS:]).any(), "it does not stand out of their noise"
    unlike = judged(COUNTRIES[:6], seen(COUNTRIES[:6], np.linspace(0.2, 0.8, 6), noise=0.1), "traffic.radar")
    assert not np.isnan(unlike.value[-1]).any()


@pytest.mark.parametrize(
    ("steps", "blind"),
    [
        ([0.5] * 24 + [0.3] * 6, [1, 1, 1, 1, 1, 1]),  # the day of a level begins anew with it
        ([0.5] * 30 + [0.3] * 30 + [0.5] * 6, [0, 0, 0, 0, 0, 0]),  # and the one before is known
        ([0.5] * 30 + [1.0] * 5 + [0.5] * 6, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_feed_is_blind_for_a_day_at_a_new_level_and_not_at_one_that_it_had(
    steps: list[float], blind: list[int]
) -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.01), "traffic.radar")
    assert np.isnan(found.value[-6:]).all(axis=1).tolist() == blind


def test_between_two_levels_a_feed_turns_to_one_of_them() -> None:
    value = np.repeat([82.0, 67.0, 74.0], [72, 30, 3])[:, None] * np.ones(len(COUNTRIES))
    stage = JudgeStage(Seasonal.for_signal, calendar, 1)
    judged(COUNTRIES, value[:102], "traffic.radar", stage)
    found = judged(COUNTRIES, value[102:], "traffic.radar", stage, start=102)  # without end, were it to turn once more
    assert not np.isin(found.state, [LOW_CONFIRMED]).any()
