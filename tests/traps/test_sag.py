"""What fell before an outage, and was none, dates neither its onset nor its end."""

import numpy as np
import pytest

from pipeline import moments, sags
from pipeline.bins import DAY
from pipeline.outages import Life
from tests.traps.path import HOUR, MONDAY, PK, Series, hours, made_rows, played

FALL = 21 * DAY + 9 * HOUR


def sagging(begun: int, left: float, seed: int, after: int = 0, sways: float = 0.0) -> Series:
    """A total outage of four hours, before which only ``left`` of the traffic has been there since ``begun`` [s], and
    so for a time ``after`` it [s]; by the hour by so much more or less."""
    t, rng = hours(24, width=300), np.random.default_rng(seed)
    out = (t >= FALL) & (t < FALL + 4 * HOUR)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    feast = (t >= begun) & (t < FALL + (4 * HOUR + after if after else 0))
    traffic = 20_000 * day * np.where(out, 0.02, np.where(feast, left + sways * np.sin(2 * np.pi * t / DAY), 1.0))
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


FEASTS = [
    (0.65, 9, 0.0),
    (0.65, 33, 0.1),
    (0.7, 9, 0.1),
    (0.75, 3, 0.0),
    (0.75, 33, 0.1),
    (0.8, 9, 0.0),
    (0.85, 9, 0.1),
]
"""What is left of the traffic on a feast, since how many hours, and by how much it goes up and down."""


def moments_of(left: float, ago: int, sways: float) -> list[tuple[float, float]]:
    """Onset and end of each outage in a feast of two days, in hours after the fall."""
    told = played(sagging(FALL - ago * HOUR, left, 1, 30 * HOUR, sways)).of("PK")
    return [((own.start - MONDAY - FALL) / HOUR, ((own.end or 0) - MONDAY - FALL) / HOUR) for own in told]


@pytest.mark.parametrize(("left", "ago", "sways"), FEASTS)
def test_what_lacks_no_more_than_before_it_fell_is_back(left: float, ago: int, sways: float) -> None:
    ((start, end),) = moments_of(left, ago, sways)
    assert abs(start) <= 0.25
    assert abs(end - 4) <= 0.25


def test_it_was_out_for_as_long_as_the_feast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "SWAY", 0.0)
    assert all(moments_of(*feast)[-1][1] > 20 for feast in (FEASTS[0], FEASTS[3], FEASTS[5]))


def test_and_since_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "FEAST", 0.0)
    assert moments_of(*FEASTS[0])[0][0] == -9
