"""The traps that the real series hold (REFERENCE.md, section 1): each was seen, each is laid here once more."""

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, LOW_PROVISIONAL
from detectors.seasonal import Seasonal
from detectors.synthetic import made

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)


def test_the_first_hour_of_a_weekend_is_no_outage_of_a_workday() -> None:
    series = made(22, width=300, n=4, level=1e4, daily=0.3, weekend=0.3, seed=2)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    saturday = (series.t - series.t[0]) // DAY % 7 == 5
    late = saturday & (series.t >= series.t[0] + 14 * DAY)
    assert not np.isin(verdict.state[late], LOW).any()
