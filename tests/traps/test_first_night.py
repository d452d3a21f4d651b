"""The hour in which a series begins is not what is usual, above all where that is at night."""

import numpy as np

from detectors.base import HIGH, NORMAL
from pipeline.bins import DAY
from pipeline.settings import Judging, Settings
from tests.worlds import HOUR, MONDAY, Series, hours, made_rows, noisy, played

SIGNAL = "traffic.google"
RULE = Settings(judging=Judging(detector="median"))
"""IODA's: an hour of warm-up, and what is twice too high is left out of its past."""

FALL, LASTS = 4 * DAY + 10 * HOUR, 4 * HOUR


def nightly() -> Series:
    """Begins at midnight with a seventh of what it has at noon; on the fifth day four hours are missing."""
    t = hours(4.8, 1800)
    shape = 1000 * (1 - 0.75 * np.cos(2 * np.pi * t / DAY))
    share = np.where((t >= FALL) & (t < FALL + LASTS), 0.2, 1.0)
    return [made_rows(SIGNAL, noisy(shape * share, 0.02), width=1800)]


def test_one_hour_of_warm_up_at_night_sets_no_level_for_ever() -> None:
    begin = MONDAY + 3 * DAY + 8 * HOUR
    ours, rule = (played(nightly(), s).said("PK", SIGNAL).between(begin, begin + 8 * HOUR) for s in (Settings(), RULE))
    assert (ours.state == NORMAL).all()
    assert (rule.state == HIGH).all(), "by day everything is twice too high, and never enters the rule's past"
    assert (rule.expected < 0.3 * rule.value).all()


def test_so_that_an_outage_at_noon_is_seen() -> None:
    (outage,) = played(nightly()).of("PK")
    assert (outage.start, outage.end) == (MONDAY + FALL, MONDAY + FALL + LASTS)
    assert not played(nightly(), RULE).outages


def test_the_rule_itself_is_cured_where_it_waits_a_day_before_it_leaves_values_out() -> None:
    waits, hastes = (played(nightly(), RULE, median={"warmup": at}).said("PK", SIGNAL) for at in (DAY, HOUR))
    assert not (waits.state == HIGH).any()
    assert (hastes.state == HIGH).mean() > 0.5
