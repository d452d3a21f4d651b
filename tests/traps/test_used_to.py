"""What a detector takes for the level after a week of an outage: it neither ends the outage nor keeps it open."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion.returned import Returned
from pipeline.fusion.usual import Usual
from pipeline.records import Entity, Outage
from pipeline.settings import Fusing, Judging, Settings
from tests.worlds import HOUR, MONDAY, PK, Played, Series, hours, made_rows, noisy, played

SIGNAL = "probing.ioda"
FALL, LASTS = 6 * DAY, 10 * DAY


def weeks(left: float, swing: float = 0.3, lasts: int = LASTS, days: int = 20, entity: Entity = PK) -> Series:
    """Six days with a daily shape, ten (or more) of which a share is ``left``, and what is over of the ``days``."""
    t = hours(days)
    shape = 5000 * (1 - swing * np.cos(2 * np.pi * t / DAY))
    x = noisy(shape * np.where((t >= FALL) & (t < FALL + lasts), left, 1.0), 0.01)
    return [made_rows(SIGNAL, x, entity)]


def end(found: Played, name: str = "PK") -> float:
    """When the one outage of it ended [days after the fall]."""
    (outage,) = found.of(name)
    assert outage.start == MONDAY + FALL
    return ((outage.end or 0) - outage.start) / DAY


@pytest.mark.parametrize("left", [0.54, 0.05])
def test_an_outage_does_not_close_at_half_because_seven_days_have_passed(left: float) -> None:
    assert end(played(weeks(left))) == 10
    assert end(played(weeks(left), Settings(fusing=Fusing(used_to=60 * DAY)))) < 7.5


@pytest.mark.parametrize(("detector", "swing"), [("seasonal", 0.3), ("median", 0.0)])
@pytest.mark.parametrize("left", [0.0, 0.001])
def test_one_whose_new_level_is_below_the_floor_closes_with_the_return_and_not_days_later(
    left: float, detector: str, swing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    series, settings = weeks(left, swing), Settings(judging=Judging(detector=detector))
    assert end(played(series, settings)) == 10
    monkeypatch.setattr(Usual, "hold", lambda self, said, *_: said)
    (naive,) = played(series, settings).of("PK")
    assert naive.end is None or naive.end >= naive.start + LASTS + 2 * DAY


def test_a_network_that_is_gone_for_good_is_not_out_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Entity("asn", "AS1", "PK")
    series, settings = weeks(0.0, lasts=30 * DAY, entity=network), Settings(fusing=Fusing(new_level=12 * DAY))
    assert end(played(series, settings), "AS1") == 12
    monkeypatch.setattr(Usual, "hold", lambda self, said, *_: said)
    (naive,) = played(series, settings).of("AS1")
    assert (naive.state, naive.end) == ("confirmed", None)


@pytest.mark.parametrize("place", [PK, Entity("region", "PK-BA", "PK")])
@pytest.mark.parametrize("left", [0.0, 0.05])
def test_but_nobody_gets_used_to_a_place_that_is_dark(place: Entity, left: float) -> None:
    settings = Settings(fusing=Fusing(new_level=12 * DAY))
    (outage,) = played(weeks(left, lasts=30 * DAY, entity=place), settings).of(place.name)
    assert (outage.state, outage.end) == ("confirmed", None)
    assert end(played(weeks(left, lasts=20 * DAY, days=30, entity=place), settings), place.name) == 20


def test_half_a_country_that_is_gone_for_good_is_its_level() -> None:
    settings = Settings(fusing=Fusing(new_level=12 * DAY))
    assert 12 <= end(played(weeks(0.5, lasts=30 * DAY), settings)) <= 13


@pytest.mark.parametrize("returns", [0.83, 0.88])
def test_what_has_most_of_it_again_for_a_week_is_not_out_for_two_months(returns: float) -> None:
    t = hours(60)
    share = np.where(t < FALL, 1.0, np.where(t < FALL + 6 * HOUR, 0.05, returns))
    blackout = np.where((t >= 20 * DAY) & (t < 20 * DAY + 4 * HOUR), 0.05, 1.0)
    x = noisy(5000 * (1 - 0.3 * np.cos(2 * np.pi * t / DAY)) * share * blackout, 0.01)
    first, second = (outage for outage in played([made_rows(SIGNAL, x, PK)]).of("PK") if outage.confirmed_at)
    assert (first.end or 0) - first.start < 9 * DAY
    assert (second.start, second.end) == (MONDAY + 20 * DAY, MONDAY + 20 * DAY + 4 * HOUR)


def twice(left: float, back: float, returns: float = 1.0) -> Series:
    """Four weeks of a daily shape, nine days of which a share is ``left``, some ``back``, and two days out again."""
    t = hours(28 + 9 + back + 2 + 5)
    day = t / DAY - 28
    share = np.where((day >= 0) & (day < 9 + back), np.where(day < 9, left, returns), returns)
    share = np.where((day >= 9 + back) & (day < 11 + back), left, np.where(day < 0, 1.0, share))
    return [made_rows(SIGNAL, noisy(5000 * (1 - 0.3 * np.cos(2 * np.pi * t / DAY)) * share, 0.01), PK)]


def days(outage: Outage) -> tuple[float, float]:
    """From when to when it lasted, after the first fall [days]."""
    assert outage.end
    return (outage.start - MONDAY) / DAY - 28, (outage.end - MONDAY) / DAY - 28


@pytest.mark.parametrize("left", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("back", [0.25, 1, 2, 2.5, 4, 6, 8, 14])
def test_what_was_out_for_more_than_a_week_and_is_out_again_is_told_at_once(
    left: float, back: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = twice(left, back)
    first, second = played(series).of("PK")
    assert (days(first), days(second)) == ((0, 9), (9 + back, 11 + back))
    assert (second.confirmed_at or 0) - second.start <= 2 * HOUR
    if back <= 1:
        monkeypatch.setattr(Returned, "hold", lambda self, said, *_: said)
        assert len(played(series).of("PK")) == 1


def test_it_is_so_where_not_all_had_come_back() -> None:
    _, second = played(twice(0.0, 1, returns=0.6)).of("PK")
    assert days(second) == (10, 12)


@pytest.mark.parametrize(("left", "returns"), [(0.0, 0.55), (0.0, 0.7), (0.5, 0.76), (0.5, 0.85), (0.0, 1.0)])
def test_what_comes_back_in_part_and_is_loud_is_not_out_again(left: float, returns: float) -> None:
    t = hours(28 + 9 + 10)
    share = np.where(t < 28 * DAY, 1.0, np.where(t < 37 * DAY, left, returns))
    x = noisy(5000 * (1 - 0.3 * np.cos(2 * np.pi * t / DAY)) * share, 0.04)
    assert len(played([made_rows(SIGNAL, x, PK)]).of("PK")) == 1
