"""Networks are born and step up for good, and a country may have no row of its own."""

from pathlib import Path

import numpy as np

from detectors.base import HIGH, NORMAL, UNKNOWN
from pipeline.bins import DAY
from pipeline.settings import Fusing, Settings
from tests.detectors.real import stamp
from tests.worlds import HOUR, MONDAY, Series, case, hours, made_rows, noisy, played

SIGNAL = "bgp.ris"
LATER, FALL, END = 9 * DAY, 24 * DAY, 24.5 * DAY


def from_then_on(before: float) -> Series:
    """Nine days at a share of the level, the level from then on, and half a day of outage in the fourth week."""
    t = hours(26)
    share = np.where(t < LATER, before, np.where((t >= FALL) & (t < END), 0.35, 1.0))
    return [made_rows(SIGNAL, noisy(5000 * share, 0.01))]


NEVER_RENEWED = {"renew_high": 99 * DAY, "renew_back": 99 * DAY}


def test_a_network_that_is_born_after_weeks_of_zero_is_judged_soon() -> None:
    cured, naive = played(from_then_on(0.0)), played(from_then_on(0.0), seasonal=NEVER_RENEWED)
    settled = cured.said("PK", SIGNAL).between(MONDAY + LATER + 4 * DAY, MONDAY + FALL)
    assert (settled.state == NORMAL).all()
    assert [(outage.start, outage.end) for outage in cured.of("PK")] == [(MONDAY + FALL, MONDAY + END)]
    assert (naive.said("PK", SIGNAL).state == UNKNOWN).all()
    assert not naive.outages


def test_one_that_steps_up_for_good_has_its_level_after_a_week() -> None:
    cured, naive = played(from_then_on(0.4)), played(from_then_on(0.4), seasonal=NEVER_RENEWED)
    begin, end = MONDAY + LATER + 7.5 * DAY, MONDAY + FALL
    assert (cured.said("PK", SIGNAL).between(begin, end).state == NORMAL).all()
    assert [(outage.start, outage.end) for outage in cured.of("PK")] == [(MONDAY + FALL, MONDAY + END)]
    assert (naive.said("PK", SIGNAL).between(begin, end).state == HIGH).all()
    assert not naive.of("PK"), "what has lost two thirds looks almost usual"


def test_venezuela_has_no_row_of_its_own_and_is_out_all_the_same(data: Path) -> None:
    series = case(data, "venezuela-2019-blackout")
    assert "VE" not in {entity.name for entity in series[0].entities}
    (outage,) = played(series).of("VE")
    assert abs(outage.start - stamp("2019-07-22T20:50:00Z")) <= 4 * HOUR
    every_region = Settings(fusing=Fusing(known_parts=1.0))
    assert not [outage for outage in played(series, every_region).outages if outage.entity == "VE"]
