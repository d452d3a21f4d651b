"""A feed whose parts stop, or start, at different minutes of a bin; and countries that fall together by themselves."""

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, UNKNOWN, Verdict, is_low
from detectors.seasonal import Seasonal
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.judge.at_once import AtOnce, fall_at_once
from pipeline.judge.votes import votes
from pipeline.records import Entity
from pipeline.settings import Judging
from tests.judge.moved import COUNTRIES, DAYS, NETWORKS, judged, seen
from tests.worlds import DAY, HOUR, made_rows, played

CODES = ("PK", "IQ", "MM", "KE", "GH", "TZ", "UG", "SN", "ML", "TD", "PE", "EC")
WIDTHS = {"bgp.ris": 1800, "probing.ioda": 900, "traffic.radar": 900}
PART = np.linspace(0.05, 0.95, 7)
"""How much of a bin was left of each when its part of the feed stopped."""

FEW = np.where(np.arange(7) < 3, 0.1, 1.0)
BREAKS, LASTS = 8 * DAY + 5 * HOUR, 2 * HOUR


def broken_between(
    stops: np.ndarray, starts: np.ndarray, left: float, signals: tuple[str, ...], seed: int
) -> list[str]:
    """Who is called out, where each country's part of the feeds stops and starts again at times of its own [s]."""
    rng, places = np.random.default_rng(seed), [Entity("country", code, code) for code in CODES]
    rows = []
    for signal, width in WIDTHS.items():
        t = np.arange(0, 9 * DAY + 12 * HOUR, width)
        level, phase = 10 ** rng.uniform(3, 5, 12), rng.uniform(0, 2 * np.pi, 12)
        swing = 0.0 if signal.startswith("bgp") else 0.3
        mean = level * (1 + swing * np.sin(2 * np.pi * t[:, None] / DAY + phase))
        if signal in signals:
            inside = np.minimum(t[:, None] + width, starts) - np.maximum(t[:, None], stops)
            mean = mean * (1 - (1 - left) * np.clip(inside / width, 0, 1))
        value = np.rint(np.maximum(mean * rng.normal(1, 0.02, mean.shape), 0))
        rows.append(made_rows(signal, value, *places, width=width))
    found = played(rows)
    return [code for code in CODES for outage in found.of(code) if outage.confirmed_at is not None]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("left", [0.0, 0.3])
@pytest.mark.parametrize("signals", [("traffic.radar",), ("traffic.radar", "probing.ioda")])
def test_nobody_is_out_where_parts_of_a_feed_stop_and_start_at_minutes_of_their_own(
    signals: tuple[str, ...], left: float, seed: int
) -> None:
    rng = np.random.default_rng(100 + seed)
    stops = BREAKS + rng.uniform(0, 880, 12)
    again = np.where(rng.random(12) < 0.5, *(LASTS + rng.uniform(0, 6000, 2)))  # each part starts at one moment
    assert broken_between(stops, BREAKS + again, left, signals, seed) == []


def test_they_were_out_before_they_were_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = BREAKS + np.linspace(0, 880, 12)
    monkeypatch.setattr(AtOnce, "hold", lambda self, verdict, calm, *asked: np.zeros(len(calm), bool))
    assert len(broken_between(stops, np.full(12, BREAKS + LASTS), 0.0, tuple(WIDTHS)[1:], 1)) >= 6


@pytest.mark.parametrize("left", [0.0, 0.4])
def test_a_feed_that_stops_part_by_part_is_broken_from_its_first_bin_on(left: float) -> None:
    stops = left + (1 - left) * PART
    found = judged(COUNTRIES, seen(COUNTRIES, stops, left, left, noise=0.02), "traffic.radar", width=1800)
    assert np.isnan(found.value[DAYS + 1 :]).all()
    assert not is_low(found.state[DAYS:]).any()
    two = np.where(np.arange(7) < 4, stops, 1.0), np.where(np.arange(7) < 4, left, stops)
    found = judged(COUNTRIES, seen(COUNTRIES, *two, left, left, noise=0.02), "traffic.radar", width=1800)
    assert not is_low(found.state[DAYS:]).any(), "also where the bin ends meanwhile"


def test_who_fell_with_others_and_not_with_the_feed_is_told_a_bin_later() -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, FEW, FEW, FEW, noise=0.02), "traffic.radar", width=1800)
    assert found.state[DAYS].tolist() == [UNKNOWN] * 3 + [1] * 4
    assert np.isnan(found.value[DAYS, :3]).all()
    assert (found.state[DAYS + 1 :] == LOW_CONFIRMED).tolist() == [(FEW < 1).tolist()] * 2


def test_in_bins_of_an_hour_an_outage_of_an_hour_is_told() -> None:
    found = judged(COUNTRIES, seen(COUNTRIES, FEW, 1.0, noise=0.02), "traffic.radar", width=3600)
    assert (found.state[DAYS] == LOW_CONFIRMED).tolist() == (FEW < 1).tolist()


@pytest.mark.parametrize("share", [0.93, 0.97, 1.05])
def test_a_lost_peer_makes_nobody_fall(share: float) -> None:
    left = np.where(np.arange(7) == 3, 0.5 * share, share)
    found = judged(COUNTRIES, seen(COUNTRIES, *[share] * 8, left, noise=0.001), "bgp.routeviews", width=1800)
    assert np.allclose(found.common[DAYS:], share, atol=0.01)
    assert not np.isnan(found.value).any()
    assert (found.state[DAYS:] == LOW_CONFIRMED).any(axis=0).tolist() == (left < 0.9 * share).tolist()


def test_who_is_not_observed_any_more_holds_up_nobody() -> None:
    gone = np.where(np.arange(7) == 0, np.nan, 1.0)
    alone = np.where(np.arange(7) == 5, 0.1, gone)
    found = judged(COUNTRIES, seen(COUNTRIES, FEW, *[gone] * 9, alone, noise=0.02), "traffic.radar", width=1800)
    assert found.state[-1].tolist() == [UNKNOWN, *[1] * 4, LOW_CONFIRMED, 1]


@pytest.mark.parametrize("fallen", [1, 2])
def test_who_falls_with_nobody_or_one_other_is_told_at_once(fallen: int) -> None:
    left = np.where(np.arange(7) < fallen, 0.1, 1.0)
    found = judged(COUNTRIES, seen(COUNTRIES, left, noise=0.02), "traffic.radar", width=1800)
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (left < 1).tolist()


def test_of_two_hundred_countries_three_fall_by_chance_and_networks_of_one_are_its_own() -> None:
    many = tuple(Entity("country", f"{a}{b}", f"{a}{b}") for a in "BCDGHIKLMN" for b in "AEGRZTPOMN")
    left = np.where(np.arange(100) < 20, 0.1, 1.0)
    assert (judged(many, seen(many, left, noise=0.02), "traffic.x", width=1800).state[-1] == LOW_CONFIRMED).sum() == 20
    assert not is_low(
        judged(many, seen(many, np.roll(left, 9) * left, noise=0.02), "traffic.x", width=1800).state[-1]
    ).any()
    own = np.where(np.arange(10) < 6, 0.1, 1.0)
    assert (judged(NETWORKS, seen(NETWORKS, own), width=1800).state[-1] == LOW_CONFIRMED).sum() == 6


def test_who_falls_again_and_again_with_others_is_held_for_two_bins_and_no_longer() -> None:
    steps = [np.where(np.arange(7) < n, 0.1, 1.0) for n in (3, 6, 7, 7, 7)]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar", width=1800)
    held = np.isnan(found.value[DAYS:, 0])
    assert held.tolist()[:2] == [True, True]
    assert not np.isnan(found.value[-1]).all(axis=0) or (found.common[-1] != 1)


def test_it_does_not_hang_on_how_frames_are_cut_nor_on_a_restart() -> None:
    steps = [
        FEW,
        FEW,
        1.0,
        PART,
        0.0,
        0.0,
        np.where(np.arange(7) < 4, PART, 0.0),
        np.where(np.arange(7) < 4, 1, 0),
        PART,
    ]
    value = seen(COUNTRIES, *steps, 1.0, FEW, np.nan, FEW, 1.0, noise=0.02)
    whole, stage = judged(COUNTRIES, value, "traffic.radar", width=1800), JudgeStage(Seasonal.for_signal, calendar, 1)
    for i in range(len(value)):
        one = judged(COUNTRIES, value[i : i + 1], "traffic.radar", stage, start=i, width=1800)
        assert np.array_equal(one.state[0], whole.state[i]), i
        assert np.array_equal(one.value[0], whole.value[i], equal_nan=True), i
        again = JudgeStage(Seasonal.for_signal, calendar, 1)
        again.load(stage.save())
        stage = again


@pytest.mark.parametrize("seed", range(4))
def test_bins_in_which_many_fall_are_found_alike_all_at_once_and_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    who = votes("traffic.x", COUNTRIES, Judging())
    state = rng.choice([0, 1, 1, 1, 3], (40, 7)).astype(np.int8)
    score = np.where(state > 0, 1.0, np.nan)
    one = np.ones((40, 7))

    def said(at: slice | int) -> Verdict:
        return Verdict(one[at], one[at], one[at], score[at], state[at], one[at] > 0)

    calm, told = np.ones(7, bool), []
    for i in range(40):
        feed = AtOnce()
        feed.grow(7)
        told.append(bool(feed.hold(said(i), calm, who, 900, 1.0).any()))
        calm = np.where(state[i] > 0, state[i] != LOW_CONFIRMED, calm)
    assert fall_at_once(said(slice(None)), np.ones(7, bool), who, 900).tolist() == told
    assert any(told)
