"""What comes back in part, and stays there, is over when it left the bottom, whatever its noise does later."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import cells, moments
from tests.worlds import HOUR, MONDAY, PK, Series, hours, made_rows, noisy, played

FALL, BACK = 17 * DAY + 16 * HOUR, 22 * DAY + 16 * HOUR
LEFT = {"bgp.ioda": (300, 0.002, 0.72), "probing.ioda": (700, 0.01, 0.12), "traffic.radar": (4000, 0.03, 0.03)}
"""By signal its level, its noise, and what is left of it in the outage [share]."""


def world(seed: int, *tail: tuple[int, float], others: tuple[tuple[int, float], ...] = ()) -> Series:
    """Five days of blackout, and what then comes back of the traffic, and of the ``others``: for so many hours which
    share, and then all."""
    t = hours(29)
    day = 1 - 0.45 * np.cos(2 * np.pi * (t / DAY - 1 / 24))
    series = []
    for i, (signal, (level, noise, left)) in enumerate(LEFT.items()):
        share, at = np.where((t >= FALL) & (t < BACK), left, 1.0), BACK
        for lasts, again in tail if signal == "traffic.radar" else others:
            share[(t >= at) & (t < at + lasts * HOUR)] = again
            at += lasts * HOUR
        mean = level * (day if signal == "traffic.radar" else 1) * share
        series.append(made_rows(signal, noisy(mean, noise, 10 * seed + i), PK))
    return series


def ends(series: Series) -> list[float | None]:
    """When each outage ended, in hours after the blackout."""
    return [None if own.end is None else (own.end - MONDAY - BACK) / HOUR for own in played(series).of("PK")]


LONG = 999
"""For good [hours]."""


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("again", [1.0, 0.9, 0.85, 0.8, 0.75])
def test_the_end_of_a_blackout_does_not_hang_on_how_much_is_missing_of_one_signal(again: float, seed: int) -> None:
    assert ends(world(seed, (LONG, again))) == [0]


@pytest.mark.parametrize("seed", [0, 1])
def test_who_dates_it_by_the_first_calm_bin_dates_it_hours_late(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "LITTLE", 0.0)
    assert max(ends(world(seed, (LONG, again)))[0] or 0 for again in (0.9, 0.85)) >= 3


def test_what_lacks_a_third_is_still_out() -> None:
    assert ends(world(0, (LONG, 0.65))) == [None]


@pytest.mark.parametrize("again", [0.6, 0.7, 0.75, 0.8])
def test_what_then_comes_back_as_a_whole_was_back_then(again: float, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends(world(0, (6, again))) == [6]
    monkeypatch.setattr(moments, "FURTHER", 0.0)
    assert ends(world(0, (6, again))) == [0 if again >= 0.75 else 6]


def test_a_bin_on_the_way_there_is_no_sign_that_it_stays() -> None:
    assert ends(world(1, (12, 0.8), (1, 0.88))) in ([12], [13])


@pytest.mark.parametrize("others", [0.72, 0.78])
def test_witnesses_that_all_lag_excuse_nobody(others: float) -> None:
    assert ends(world(1, (72, others), others=((72, others),))) == [72]


def test_what_falls_again_after_an_hour_is_out_again() -> None:
    assert ends(world(1, others=((1, 1.0), (47, 0.75)))) == [48]


def lagging(seed: int) -> Series:
    """Two days of outage after eight; then all is back of the stray packets, and four fifths of the traffic."""
    t = hours(14)
    out = (t >= 8 * DAY) & (t < 10 * DAY)
    packets, traffic = (np.where(t < 8 * DAY, 1.0, np.where(out, *own)) for own in ((0.3, 1.0), (0.1, 0.79)))
    return [
        made_rows("telescope.ioda", noisy(3000 * packets, 0.02, 10 * seed), PK),
        made_rows("traffic.radar", noisy(3000 * traffic, 0.03, 10 * seed + 1), PK),
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_what_still_lacks_a_little_when_it_is_over_is_no_other_outage(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outage,) = played(lagging(seed)).of("PK")
    assert outage.end == MONDAY + 10 * DAY
    monkeypatch.setattr(cells, "OF_OUTAGE", tuple(name for name in cells.OF_OUTAGE if name != "heaviest"))
    assert len(played(lagging(seed)).of("PK")) == 2, "it says what it said at the bottom of the first"
