"""A feed that comes back after weeks: its first day is a first day again, and after months it is a new feed."""

import numpy as np
import pytest

from detectors import state
from detectors.base import utc_context
from detectors.seasonal import seasonal
from detectors.seasonal import state as seasonal_state
from pipeline.bins import DAY
from tests.worlds import HOUR, MONDAY, PK, made_rows, played

WIDTH = 1800


def found(
    known: int, hole: int, times: float = 1.0, left: float = 1.0, out: int | None = None, swing: float = 0.4
) -> list[tuple[float, float]]:
    """When outages begin and end [days after the return]: of traffic with that ``swing`` of the day [-] that is known
    for so many days, gone for a ``hole`` [days], and comes back for twelve with as much ``left`` [-]; on the first of
    these it has for three hours so many ``times`` as much [-], and on a day ``out`` a tenth from noon on for six
    hours."""
    t = np.arange(0, (known + hole + 12) * DAY, WIDTH)
    back = t - (known + hole) * DAY
    mean = 5000.0 * (1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
    mean = mean * np.where((back >= 14 * HOUR) & (back < 17 * HOUR), times, 1.0) * np.where(back >= 0, left, 1.0)
    at = DAY * (99 if out is None else out) + 12 * HOUR
    mean = mean * np.where((back >= at) & (back < at + 6 * HOUR), 0.1, 1.0)
    x = np.random.default_rng(5).poisson(mean).astype(float)
    x[(t >= known * DAY) & (back < 0)] = np.nan
    begin = MONDAY + (known + hole) * DAY
    rows = made_rows("traffic.radar", x, PK, width=WIDTH, start=MONDAY)
    return [((o.start - begin) / DAY, ((o.end or 0) - begin) / DAY) for o in played([rows]).of("PK")]


@pytest.mark.parametrize(("known", "hole"), [(7, 14), (7, 21), (7, 33), (28, 40), (1, 20)])
@pytest.mark.parametrize(("times", "swing"), [(1.6, 0.0), (2.0, 0.0), (3.0, 0.0), (2.0, 0.4)])
def test_a_surge_of_the_day_it_comes_back_on_is_not_missed_later(
    known: int, hole: int, times: float, swing: float
) -> None:
    assert not found(known, hole, times, swing=swing)


@pytest.mark.parametrize("left", [0.3, 0.6, 3.0])
def test_what_has_another_level_after_months_is_no_outage(left: float) -> None:
    assert not found(21, 60, left=left)


@pytest.mark.parametrize(("hole", "left", "out"), [(14, 1.0, 1), (14, 1.0, 5), (60, 1.0, 5), (60, 0.3, 5)])
def test_an_outage_after_it_is_told_whole(hole: int, left: float, out: int) -> None:
    ((begin, end),) = found(21, hole, left=left, out=out)
    assert begin == pytest.approx(out + 0.5, abs=0.05)
    assert end == pytest.approx(out + 0.75, abs=0.05)


def test_it_was_missed_when_the_first_day_was_that_of_weeks_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_state, "WEEK", 999 * DAY)
    assert found(7, 14, 2.0, swing=0.0)


def test_it_was_an_outage_when_months_were_no_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "FORGETS", 999 * DAY)
    assert found(21, 60, left=0.3)


@pytest.mark.parametrize("bins", [1, 5, 48])
def test_however_it_is_cut_into_frames_the_hole_is_the_same(bins: int) -> None:
    t = MONDAY + np.arange(0, 60 * DAY, 1800)
    x = np.random.default_rng(2).poisson(900, (len(t), 2)).astype(float)
    x[500:900, 0], x[500:2100, 1] = np.nan, np.nan
    rule, each = seasonal.Seasonal(), []
    for step in (len(t), bins):
        own = rule.init(2)
        for at in range(0, len(t), step):
            now = slice(at, at + step)
            own, _ = rule.run(x[now], t[now], utc_context(t[now], 2, 1800), own)
        each.append(own)
    for name in ("heard", "stretch", "first", "noise", "level"):
        assert np.array_equal(getattr(each[0], name), getattr(each[1], name)), name
    assert each[0].stretch.tolist() == [t[900], t[2100]]
    assert each[0].first.tolist() == [t[0], t[2100]]
