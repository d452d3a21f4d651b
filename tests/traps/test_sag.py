"""What fell before an outage, and was none, dates it only as long as it says no more than it did."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.outages import Life
from tests.traps.path import HOUR, MONDAY, PK, Series, hours, made_rows, played

FALL = 21 * DAY + 9 * HOUR


def sagging(begun: int, left: float, seed: int) -> Series:
    """A total outage of four hours, before which only ``left`` of the traffic has been there since ``begun`` [s]."""
    t, rng = hours(24, width=300), np.random.default_rng(seed)
    out = (t >= FALL) & (t < FALL + 4 * HOUR)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    traffic = 20_000 * day * np.where(out, 0.02, np.where((t >= begun) & (t < FALL), left, 1.0))
    return [
        made_rows("traffic.radar", rng.poisson(traffic[::3]).astype(float), PK, width=900),
        *(
            made_rows(signal, rng.poisson(3000 * np.where(out, 0.1, 1.0)).astype(float), PK, width=300)
            for signal in ("bgp.ris", "probing.ioda")
        ),
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("left", [0.7, 0.8])
@pytest.mark.parametrize("ago", [9 * HOUR, 2 * DAY])
def test_a_feast_or_a_sag_that_an_outage_begins_in_is_no_part_of_it(ago: int, left: float, seed: int) -> None:
    (outage,) = played(sagging(FALL - ago, left, seed)).of("PK")
    assert abs(outage.start - MONDAY - FALL) <= HOUR / 2
    assert outage.end is not None
    assert abs(outage.end - MONDAY - FALL - 4 * HOUR) <= HOUR / 2


def test_it_was_when_it_was_dated_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Life, "_is_young", lambda life, seen: False)
    (outage,) = played(sagging(FALL - 9 * HOUR, 0.7, 1)).of("PK")
    assert outage.start < MONDAY + FALL - 8 * HOUR
