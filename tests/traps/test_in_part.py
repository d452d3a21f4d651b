"""What comes back in part, and stays there, is over when it left the bottom, whatever its noise does later."""

import numpy as np
import pytest

from pipeline import moments
from pipeline.bins import DAY
from tests.traps.path import HOUR, MONDAY, PK, Series, hours, made_rows, noisy, played

FALL, BACK = 17 * DAY + 16 * HOUR, 22 * DAY + 16 * HOUR
LEFT = {"bgp.ioda": (300, 0.002, 0.72), "probing.ioda": (700, 0.01, 0.12), "traffic.radar": (4000, 0.03, 0.03)}
"""By signal its level, its noise, and what is left of it in the outage [share]."""


def world(
    again: float, seed: int, others: float = 1.0, lasts: int = 99 * DAY, hour: int = 0
) -> Series:  # fmt: skip
    """Five days of blackout; for so long so much of the traffic is back, and so much of the rest, but for one ``hour``
    of all of it."""
    t = hours(29)
    day = 1 - 0.45 * np.cos(2 * np.pi * (t / DAY - 1 / 24))
    series = []
    for i, (signal, (level, noise, left)) in enumerate(LEFT.items()):
        after = again if signal == "traffic.radar" else others
        share = np.where(t < FALL, 1.0, np.where(t < BACK, left, np.where(t < BACK + lasts, after, 1.0)))
        share[(t >= BACK) & (t < BACK + hour)] = 1.0
        mean = level * (day if signal == "traffic.radar" else 1) * share
        series.append(made_rows(signal, noisy(mean, noise, 10 * seed + i), PK))
    return series


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("again", [1.0, 0.9, 0.85, 0.8, 0.75])
def test_the_end_of_a_blackout_does_not_hang_on_how_much_is_missing_of_one_signal(again: float, seed: int) -> None:
    (outage,) = played(world(again, seed)).of("PK")
    assert (outage.start, outage.end) == (MONDAY + FALL, MONDAY + BACK)


@pytest.mark.parametrize("seed", [0, 1])
def test_who_dates_it_by_the_first_calm_bin_dates_it_hours_late(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "NEARLY", 0.0)
    ends = [played(world(again, seed)).of("PK")[0].end or 0 for again in (0.9, 0.85)]
    assert max(ends) >= MONDAY + BACK + 3 * HOUR


def test_what_lacks_a_third_is_still_out() -> None:
    (outage,) = played(world(0.65, 0)).of("PK")
    assert outage.end is None


@pytest.mark.parametrize("again", [0.6, 0.7, 0.75, 0.8])
def test_what_then_comes_back_as_a_whole_was_back_then(again: float, monkeypatch: pytest.MonkeyPatch) -> None:
    (outage,) = played(world(again, 0, lasts=6 * HOUR)).of("PK")
    assert outage.end == MONDAY + BACK + 6 * HOUR
    monkeypatch.setattr(moments, "FURTHER", 0.0)
    assert again < 0.75 or played(world(again, 0, lasts=6 * HOUR)).of("PK")[0].end == MONDAY + BACK


@pytest.mark.parametrize("others", [0.72, 0.78])
def test_witnesses_that_all_lag_excuse_nobody(others: float) -> None:
    (outage,) = played(world(others, 1, others, lasts=3 * DAY)).of("PK")
    assert outage.end == MONDAY + BACK + 3 * DAY


def test_what_falls_again_after_an_hour_is_out_again() -> None:
    (outage,) = played(world(1.0, 1, 0.75, lasts=2 * DAY, hour=HOUR)).of("PK")
    assert outage.end == MONDAY + BACK + 2 * DAY
