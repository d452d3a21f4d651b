"""Who is switched off every night is out every night, for as long as it goes on."""

import numpy as np
import pytest

from detectors.seasonal import similar
from pipeline.bins import DAY
from pipeline.records import Entity
from tests.worlds import HOUR, MONDAY, hours, made_rows, played

HALF_HOUR = 1800
BOTH = ("probing.ioda", "traffic.radar")
PLACE = Entity("country", "PK", "PK")


def nights_told(clean: int, nights: int, left: float = 0.1, swing: float = 0.3, place: Entity = PLACE) -> list[int]:
    """Which nights are confirmed: from 01:00 to 05:00 all but a share is gone, after so many clean days."""
    t = hours(clean + nights, HALF_HOUR)
    day = 1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    dark = (t >= clean * DAY) & (t % DAY >= HOUR) & (t % DAY < 5 * HOUR)
    rng = np.random.default_rng(clean)
    mean = 800 * day * np.where(dark, left, 1.0)
    found = played([made_rows(signal, rng.poisson(mean).astype(float), place, width=HALF_HOUR) for signal in BOTH])
    began = [(o.start - MONDAY - HOUR) / HALF_HOUR - clean * 48 for o in found.of(place.name)]
    assert all(abs(late - round(late / 48) * 48) <= 1 for late in began)
    return [round(late / 48) for late in began]


@pytest.mark.parametrize("clean", [1, 2, 3, 4, 5, 6, 8, 13])
@pytest.mark.parametrize("left", [0.1, 0.5])
def test_few_clean_days_are_enough_to_find_every_night_of_three_weeks(clean: int, left: float) -> None:
    assert nights_told(clean, 21, left) == list(range(21))


def long_nights(first: int, clean: int = 15, nights: int = 13) -> list[tuple[int, int]]:
    """When nights of eight hours from 18:30 UTC on, without most of the traffic, begin and end [half hours after that],
    while routes stand; the recording begins so many days after 8 January 2024."""
    t = hours(clean + nights + 1, HALF_HOUR)
    day = 1 - 0.45 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    begin = clean * DAY + 18 * HOUR + HALF_HOUR
    dark = (t >= begin) & ((t - begin) % DAY < 8 * HOUR)
    rng = np.random.default_rng(7)
    start = MONDAY + first * DAY
    series = [
        made_rows(signal, rng.poisson(mean).astype(float), PLACE, width=HALF_HOUR, start=start)
        for signal, mean in (
            ("bgp.ris", np.full(len(t), 4000.0)),
            ("probing.ioda", np.where(dark, 180.0, 900.0)),
            ("traffic.radar", 4000 * day * np.where(dark, 0.2, 1.0)),
        )
    ]
    since = [start + begin + night * DAY for night in range(nights)]
    found = played(series).of("PK")
    return [
        ((o.start - at) // HALF_HOUR, ((o.end or at) - at) // HALF_HOUR) for at, o in zip(since, found, strict=False)
    ]


@pytest.mark.parametrize("first", [0, 15, 17, 20])
def test_each_night_is_over_by_day_whatever_a_slow_detector_last_said(first: int) -> None:
    """With a feast in the second week daily means say nothing of that weekday in the third."""
    assert long_nights(first) == [(0, 16)] * 13


def test_a_region_is_no_other_than_a_country() -> None:
    assert nights_told(2, 21, place=Entity("region", "PK-SD", "PK")) == list(range(21))


@pytest.mark.parametrize("clean", [3, 10, 30])
def test_months_of_nights_are_found_on_sundays_too(clean: int) -> None:
    assert nights_told(clean, 70) == list(range(70))


def test_a_week_of_nights_was_the_way_of_a_young_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "OTHERS", ())
    assert len(nights_told(2, 21)) < 15


def test_five_weeks_of_nights_were_the_way_of_sundays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_works", "_left"):
        monkeypatch.setattr(similar, name, lambda raw, *_: np.ones(raw.shape[1], bool))
    assert len(nights_told(10, 70)) < 70
