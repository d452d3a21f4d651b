"""What a detector takes for the level after a week of an outage: it neither ends the outage nor keeps it open."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.settings import Fusing, Judging, Settings
from pipeline.usual import Usual
from tests.traps.path import MONDAY, Played, Series, hours, made_rows, noisy, played

SIGNAL = "probing.ioda"
FALL, LASTS = 6 * DAY, 10 * DAY


def weeks(left: float, swing: float = 0.3, lasts: int = LASTS) -> Series:
    """Six days with a daily shape, ten (or more) of which a share is ``left``, and what is over of twenty days."""
    t = hours(20)
    shape = 5000 * (1 - swing * np.cos(2 * np.pi * t / DAY))
    return [made_rows(SIGNAL, noisy(shape * np.where((t >= FALL) & (t < FALL + lasts), left, 1.0), 0.01))]


def end(found: Played) -> float:
    """When the one outage of it ended [days after the fall]."""
    (outage,) = found.of("PK")
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
    series, settings = weeks(0.0, lasts=30 * DAY), Settings(fusing=Fusing(new_level=12 * DAY))
    assert end(played(series, settings)) == 12
    monkeypatch.setattr(Usual, "hold", lambda self, said, *_: said)
    (naive,) = played(series, settings).of("PK")
    assert (naive.state, naive.end) == ("confirmed", None)
