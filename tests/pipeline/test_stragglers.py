"""A feed that was broken and comes back for one country after the other, or of which too few speak to tell."""

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN
from pipeline.records import Entity
from pipeline.stragglers import WAIT, Stragglers
from tests.pipeline.moved import COUNTRIES, DAYS, NETWORKS, WIDTH, judged, seen, states

FIRST = np.arange(7) < 4


@pytest.mark.parametrize("left", [0.0, 0.05, 0.5, 1.5])
def test_who_still_stands_as_the_broken_feed_did_is_not_out(left: float) -> None:
    steps = [left, left, np.where(FIRST, 1.0, left), np.where(FIRST, 1.0, left), 1.0]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[DAYS : DAYS + 2]).all()
    assert np.array_equal(np.isnan(found.value[DAYS + 2 : DAYS + 4]), np.tile(~FIRST, (2, 1)))
    assert set(found.state[DAYS:].ravel().tolist()) <= {NORMAL, UNKNOWN}
    assert states(found) == {NORMAL}


def test_they_were_when_only_the_feed_as_a_whole_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stragglers, "gone", lambda self, x, expected, calm, share, span: np.full(len(x), share != 1))
    found = judged(COUNTRIES, seen(COUNTRIES, 0.5, 0.5, np.where(FIRST, 1.0, 0.5), noise=0.02), "traffic.radar")
    assert (found.state[-1] == LOW_CONFIRMED).tolist() == (~FIRST).tolist()


def test_whoever_comes_back_shows_that_it_goes_on_and_who_does_not_is_out_in_the_end() -> None:
    """One country an hour comes back, but the last one."""
    steps = [np.where(np.arange(7) < hour, 1.0, 0.3) for hour in (0, 0, 0, 1, 2, 3, 4, 5, 6, *[6] * 4)]
    found = judged(COUNTRIES, seen(COUNTRIES, *steps, noise=0.02), "traffic.radar")
    assert not (found.state[DAYS:, :6] == LOW_CONFIRMED).any()
    lows = found.state[DAYS:, 6] == LOW_CONFIRMED
    assert lows.argmax() == 9 + WAIT // WIDTH
    assert lows[lows.argmax() :].all()


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


@pytest.mark.parametrize(("countries", "dark"), [(5, 1), (5, 2), (6, 2)])
@pytest.mark.parametrize("left", [0.5, 0.0])
def test_a_country_that_is_out_counts_among_those_that_are_observed(countries: int, dark: int, left: float) -> None:
    some, out = COUNTRIES[:countries], np.where(np.arange(countries) < dark, 0.05, 1.0)
    found = judged(some, seen(some, *[out] * 6, left * out, noise=0.02), "traffic.radar")
    assert np.isnan(found.value[-1]).all()


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
