"""One series that says the same again and again while others move is not observed, and a flat outage is no such one."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.seasonal import Seasonal
from pipeline.feeds import open_source
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.judge.frozen import Frozen
from pipeline.judge.stuck import Repeats
from pipeline.settings import Judging
from tests.judge.test_stuck import CASES, DAY, grid, judged, repeated

ODDS = Judging().stuck_odds


def moving(bins: int = 8 * DAY, seed: int = 4) -> np.ndarray:
    """A country whose nights are a third of its days, another one, and a network that is flat."""
    rng = np.random.default_rng(seed)
    shape = 2 - np.cos(2 * np.pi * (np.arange(bins) % DAY) / DAY)
    return np.column_stack([rng.poisson(1500 * shape), rng.poisson(900 * shape), np.full(bins, 8.0)]).astype(float)


def alone(x: np.ndarray, begin: int, end: int) -> np.ndarray:
    """The first series repeats its last value before ``begin`` until ``end``."""
    return np.column_stack([repeated(x, begin, end)[:, 0], x[:, 1:]])


NIGHT = 6 * DAY - 1
FROZEN = alone(moving(), NIGHT, NIGHT + 46)


def test_a_series_that_is_frozen_at_night_is_no_outage_of_the_day_and_is_seen_again_when_it_moves() -> None:
    assert LOW_CONFIRMED in judged(FROZEN, odds=0).state[:, 0]
    found = judged(FROZEN)
    unseen = np.flatnonzero(found.health[:, 0] == 0)
    assert unseen.tolist() == list(range(NIGHT + 4, NIGHT + 46))
    assert np.isnan(found.value[unseen, 0]).all()
    assert (found.state[unseen, 0] == UNKNOWN).all()
    assert LOW_CONFIRMED not in found.state
    assert (found.state[NIGHT + 46 :, 0] == NORMAL).all()
    assert (found.health[:, 1:] == 1).all(), "the others are seen, and so is who is always flat"


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3, 0.7])
def test_an_outage_that_is_flat_is_seen_as_long_as_it_lasts(left: float) -> None:
    x = moving()
    x[NIGHT - 20 : NIGHT + 26, 0] = np.rint(left * x[NIGHT - 21, 0])
    found = judged(x)
    assert (found.health == 1).all()
    assert (found.state[NIGHT - 18 : NIGHT - 15, 0] == LOW_CONFIRMED).all()


def test_an_outage_that_falls_in_steps_and_is_flat_then_is_seen() -> None:
    x, noon = moving(), 6 * DAY + DAY // 2
    x[noon : noon + 4, 0] *= (0.9, 0.7, 0.55, 0.42)
    x[noon + 4 : noon + 30, 0] = x[noon + 3, 0]
    found = judged(x)
    assert (found.health == 1).all()
    assert (found.state[noon + 4 : noon + 10, 0] == LOW_CONFIRMED).all()


def test_an_outage_that_begins_with_the_fall_of_every_night_is_seen_by_day() -> None:
    rng = np.random.default_rng(7)
    night = np.arange(8 * DAY) % DAY < 16
    x = np.column_stack([rng.poisson(np.where(night, 0.5, 1) * level) for level in (3000, 2000)]).astype(float)
    x[6 * DAY : 6 * DAY + 40, 0] = x[6 * DAY, 0]
    found = judged(np.column_stack([x, np.full(len(x), 8.0)]))
    assert (found.health == 1).all()
    assert (found.state[6 * DAY + 18 : 6 * DAY + 40, 0] == LOW_CONFIRMED).all()


def test_what_repeats_often_by_its_own_history_is_believed() -> None:
    rng = np.random.default_rng(6)
    shape = 2 - np.cos(2 * np.pi * np.arange(20 * DAY) / DAY)
    small, coarse = rng.poisson(3 * shape), np.round(0.02 * shape * rng.normal(1, 0.1, len(shape)), 2)
    routes = 8000 + np.cumsum(rng.random(len(shape)) < 0.03)
    for day, x in zip((13, 15, 17), (small, coarse, routes), strict=True):
        x[day * DAY : day * DAY + 60] = x[day * DAY - 1]
    found = judged(np.column_stack([small, coarse, routes]).astype(float))
    assert (found.health == 1).all()


def test_a_series_that_rests_again_and_again_is_believed_in_the_end() -> None:
    x = moving(32 * DAY)
    nights = range(4 * DAY, 32 * DAY, 4 * DAY)
    for night in nights:
        x[night : night + 12, 0] = x[night - 1, 0]
    health = judged(x).health[:, 0]
    hidden = [int((health[night : night + 12] == 0).sum()) for night in nights]
    assert hidden[0] > 0
    assert hidden[-3:] == [0, 0, 0]


def test_a_first_day_says_nothing_of_a_series_that_stands_still() -> None:
    assert (judged(alone(moving(), DAY - 8, DAY + 20)).health == 1).all()


@pytest.mark.parametrize("reach", [1, 2, 7, 50, 1000])
def test_bins_in_frames_of_any_length_and_a_state_that_was_saved_tell_the_same(reach: int) -> None:
    x, whole = FROZEN, judged(FROZEN)
    x[3 * DAY : 3 * DAY + 12, 1] = np.rint(x[3 * DAY - 1, 1] / 9)
    x[NIGHT + 8, 0] = np.nan
    whole = judged(x)
    stage = JudgeStage(Seasonal.for_signal, calendar, 1)
    found = []
    for at in range(0, len(x), reach):
        found.append(judged(x[at : at + reach], stage=stage, start=at))
        saved, stage = stage.save(), JudgeStage(Seasonal.for_signal, calendar, 1)
        stage.load(saved)
        assert stage.save() == saved
    for name in ("value", "health", "state", "score"):
        parts = np.concatenate([getattr(one, name) for one in found])
        assert np.array_equal(parts, getattr(whole, name), equal_nan=True), name


def test_series_do_not_interact() -> None:
    frozen = [Frozen() for _ in range(4)]
    for one, n in zip(frozen, (3, 1, 1, 1), strict=True):
        one.grow(n)
    before = np.vstack([np.full((1, 3), np.nan), FROZEN[:-1]])
    together = _all(frozen[0], FROZEN, before)
    for i in range(3):
        assert np.array_equal(_all(frozen[1 + i], FROZEN[:, [i]], before[:, [i]])[:, 0], together[:, i])
    assert together.any()


def _all(frozen: Frozen, x: np.ndarray, before: np.ndarray) -> np.ndarray:
    told, at = [np.zeros((0, x.shape[1]), bool)], 0
    while at < len(x):
        told.append(frozen.take(x[at:], before[at:], np.ones(x.shape[1], bool), ODDS, DAY))
        at += len(told[-1])
    return np.concatenate(told)


@pytest.mark.parametrize("case", CASES)
def test_no_real_series_is_frozen_and_one_that_always_moves_is_when_it_stops(case: str, data: Path) -> None:
    whole = open_source(data / "signals" / case).whole
    assert whole is not None
    for rows in whole.series:
        x, repeats = grid(rows), Repeats()
        assert not any(repeats.take(row[None], ODDS, rows.width).any() for row in x), rows.signal
        _, _, still, seen, longest = repeats.frozen.counts
        stops = ~np.isnan(x[-1]) & (x[-1] > 99) & (still < 0.05 * seen) & (seen > 99) & repeats.frozen.usual
        if stops.any() and not stops.all():
            told = [repeats.take(np.where(stops, x[-1], i + 1.0)[None], ODDS, rows.width) for i in range(30)]
            assert (told[-1][0] == stops)[(longest < 20) & stops].all(), rows.signal
