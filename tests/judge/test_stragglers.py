"""A feed that was broken and comes back for one country after the other, or of which too few speak to tell."""

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.seasonal import Seasonal
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.judge.stragglers import WAIT, Stragglers
from pipeline.records import Entity
from tests.judge.moved import COUNTRIES, DAYS, NETWORKS, WIDTH, judged, seen, states

FIRST = np.arange(7) < 4
OUT, OUT_HALF = (np.where(np.arange(7) == 6, left, 1.0) for left in (0.3, 0.5))


@pytest.mark.parametrize("left", [0.0, 0.05, 0.5, 1.5])
def test_who_still_stands_as_the_broken_feed_did_is_not_out(left: float) -> None:
    steps = [left, left, np.where(FIRST, 1.0, left), np.where(FIRST, 1.0, left), 1.0]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS : DAYS + 2]).all()
    assert np.array_equal(np.isnan(found.value[DAYS + 2 : DAYS + 4]), np.tile(~FIRST, (2, 1)))
    assert set(found.state[DAYS:].ravel().tolist()) <= {NORMAL, UNKNOWN}
    assert states(found) == {NORMAL}


def test_they_were_when_only_the_feed_as_a_whole_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stragglers, "gone", lambda self, x, expected, calm, share, width: np.full(len(x), share != 1))
    found = judged(COUNTRIES, seen(COUNTRIES, 0.5, 0.5, np.where(FIRST, 1.0, 0.5), noise=0.02), "traffic.radar")
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (~FIRST).tolist()


@pytest.mark.parametrize("between", [[], [0.3, OUT], [OUT, 0.3, np.nan, 0.3, OUT]])
def test_who_does_not_come_back_is_out_after_hours_of_a_feed_that_is_whole(between: list[float | np.ndarray]) -> None:
    """However often it breaks again meanwhile, and however long it is silent."""
    steps = [0.3, 0.3, OUT, *between, *[np.nan] * 8, *[OUT] * 4]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert not (found.state[DAYS:, :6] == LOW_CONFIRMED).any()
    whole = [i for i, step in enumerate(steps) if step is OUT]
    lows = found.state[DAYS:, 6] == LOW_CONFIRMED
    assert lows.argmax() == whole[WAIT // WIDTH]
    assert lows[lows.argmax() :].all()


def test_it_does_not_hang_on_how_frames_are_cut() -> None:
    one = np.where(np.arange(7) == 6, np.nan, 1.0)
    value = seen(COUNTRIES, 0.5, one, OUT_HALF, 0.5, OUT_HALF, one, one, OUT_HALF, 1.0, noise=0.02)
    whole, stage = judged(COUNTRIES, value, "traffic.radar"), JudgeStage(Seasonal.for_signal, calendar, 1)
    by_bin = [judged(COUNTRIES, value[i : i + 1], "traffic.radar", stage, start=i).state[0] for i in range(len(value))]
    assert np.array_equal(np.stack(by_bin), whole.state)


def test_who_was_out_before_or_falls_deeper_is_no_straggler() -> None:
    out = np.where(np.arange(7) == 6, 0.05, 1.0)
    steps = [out, out, 0.1 * out, np.where(np.arange(7) == 5, 0.1, out), np.where(np.arange(7) == 5, 0.1, out)]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert found.state[-1].tolist() == [NORMAL] * 5 + [UNKNOWN, LOW_CONFIRMED]
    deeper = [0.5, np.where(FIRST, 1.0, 0.05)]
    found = judged(COUNTRIES, seen(COUNTRIES, *deeper, noise=0.02), "traffic.radar")
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (~FIRST).tolist()


@pytest.mark.parametrize(("left", "is_blind"), [(0.5, True), (0.0, True), (1.0, False)])
def test_of_a_broken_feed_of_which_too_few_speak_nothing_is_said_until_these_are_back(
    left: float, is_blind: bool
) -> None:
    few = np.where(FIRST, left, np.nan)
    found = judged(COUNTRIES, seen(COUNTRIES, 0.5 if left else 0.0, few, few, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[-1, FIRST]).all() == is_blind
    assert not (found.state[DAYS:] == LOW_CONFIRMED).any()


def test_a_gap_does_not_begin_its_day_anew() -> None:
    """A feed that counts half from now on, and of which an hour is missing."""
    one_low = np.where(np.arange(7) == 3, 0.05, 0.5)
    steps = [*[0.5] * 12, np.nan, *[0.5] * 14, one_low]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert found.state[-1, 3] == LOW_CONFIRMED


@pytest.mark.parametrize(("countries", "dark"), [(5, 1), (6, 2), (7, 3)])
@pytest.mark.parametrize(
    ("left", "is_feed"),
    [(0.5, True), (0.0, False), (np.linspace(0.4, 0.5, 7), False), (np.linspace(0.02, 0.06, 7), False)],
)
def test_where_some_are_out_the_few_that_are_left_are_their_feed_s_if_they_lose_the_very_same(
    countries: int, dark: int, left: float | np.ndarray, is_feed: bool
) -> None:
    """Of nothing that is left it cannot be told whose it is."""
    some, out = COUNTRIES[:countries], np.where(np.arange(countries) < dark, 0.05, 1.0)
    last = np.broadcast_to(left, 7)[:countries] * out
    found = judged(some, seen(some, *[out] * 6, last, noise=0.01), "traffic.radar")
    assert np.isnan(found.value[-1]).all() == is_feed
    assert (states(found) == {LOW_CONFIRMED}) != is_feed


@pytest.mark.parametrize("share", [0.93, 1.06])
def test_a_peer_is_taken_out_of_those_that_are_left_however_many_are_out(share: float) -> None:
    out = np.where(np.arange(10) < 4, 0.0, 1.0)
    found = judged(NETWORKS, seen(NETWORKS, *[out] * 6, share * out, share * out))
    assert np.allclose(found.common[-2:], share, atol=0.01)
    assert found.state[-1].tolist() == [LOW_CONFIRMED] * 4 + [NORMAL] * 6


def test_fewer_than_three_that_are_left_tell_of_no_feed() -> None:
    some = tuple(Entity("country", code, code) for code in ("BR", "DE", "IN", "KE", "PK"))
    out = np.where(np.arange(5) < 3, 0.05, 1.0)
    found = judged(some, seen(some, *[out] * 6, 0.4 * out, noise=0.02), "traffic.radar")
    assert states(found) == {LOW_CONFIRMED}
