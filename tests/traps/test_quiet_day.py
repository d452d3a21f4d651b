"""A weekday that is quiet as a whole, whatever the calendar says, is no outage every week; hours of an outage are."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, utc_context
from detectors.seasonal import Seasonal, similar
from pipeline.bins import DAY
from pipeline.records import Entity
from tests.traps.test_first_weekend import week
from tests.worlds import HOUR, MONDAY, hours, made_rows, played

THURSDAY = 3
NIGHT = 0.3


def weeks_told(
    left: float, begin: int, length: int, night: float = NIGHT, of: float = 4000, days: int = 35, since: int = 0
) -> list:
    """In which weeks hours of Thursday are confirmed low, of which a share is left: from ``begin`` on, so long [s].

    They are lost ``since`` a week.
    """
    t = hours(days, HOUR)
    day = 1 - night * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    after = (t - THURSDAY * DAY - begin) % (7 * DAY)
    x = (
        np.random.default_rng(3)
        .poisson(of * day * np.where((after < length) & (t - THURSDAY * DAY - begin >= since * 7 * DAY), left, 1.0))
        .astype(float)[:, None]
    )
    context = replace(utc_context(t + MONDAY, 1, HOUR), switched=np.zeros(1, bool))
    _, verdict = Seasonal().run(x, t + MONDAY, context)
    sure = verdict.state[:, 0] == LOW_CONFIRMED
    return sorted({int((time - THURSDAY * DAY - begin) // (7 * DAY)) for time in t[sure].tolist()})


@pytest.mark.parametrize("left", [0.2, 0.4, 0.6])
@pytest.mark.parametrize("begin", [-HOUR, 2 * HOUR])
def test_a_day_that_is_quiet_every_week_is_an_outage_once_at_most(left: float, begin: int) -> None:
    assert weeks_told(left, begin, DAY) in ([], [0])


def test_it_was_one_every_week_when_only_the_calendar_knew_of_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "_whole", lambda past, slot, grid, low, may: np.zeros_like(low[similar.SAME]))
    assert weeks_told(0.4, 0, DAY) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("length", [4 * HOUR, 12 * HOUR])
@pytest.mark.parametrize("left", [0.05, 0.4])
def test_hours_of_a_weekday_that_are_lost_every_week_are_found_every_week(left: float, length: int) -> None:
    assert weeks_told(left, 6 * HOUR, length) == [0, 1, 2, 3, 4]


def test_so_is_a_whole_day_of_which_next_to_nothing_is_left() -> None:
    assert weeks_told(0.05, 0, DAY) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("left", [0.4, 0.65])
@pytest.mark.parametrize("since", [3, 4, 6])
def test_a_weekday_that_others_were_unlike_is_an_outage_until_most_of_those_known_were_lost(
    left: float, since: int
) -> None:
    assert weeks_told(left, 8 * HOUR, DAY, days=77, since=since) == [since, since + 1, since + 2]


def test_so_is_one_of_what_knows_neither_day_nor_night() -> None:
    assert weeks_told(0.3, 0, DAY, night=0.0) == [0, 1, 2, 3, 4]


def test_it_was_not_when_probes_had_days_of_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "DIES", 0.0)
    assert weeks_told(0.3, 0, DAY, night=0.0) == [0]


def weekends_told(days: int, width: int, swing: float) -> int:
    """Outages of Britain, whose traffic alone is seen and has half on weekends."""
    _, mean = week(days, width, 5000, 0.5, swing)
    x = np.random.default_rng(1).poisson(mean).astype(float)
    return len(played([made_rows("traffic.radar", x, Entity("country", "GB", "GB"), width=width)]).of("GB"))


@pytest.mark.parametrize("swing", [1.2, 1.3, 1.5])
def test_a_weekend_of_half_of_flat_days_is_one_once_at_most(swing: float) -> None:
    assert weekends_told(23, HOUR, swing) <= 1
