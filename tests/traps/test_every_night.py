"""Who is switched off every night is out every night, for as long as it goes on."""

import numpy as np
import pytest

from detectors import similar
from pipeline.bins import DAY
from pipeline.records import Entity
from tests.traps.path import HOUR, MONDAY, hours, made_rows, played

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


def test_a_region_is_no_other_than_a_country() -> None:
    assert nights_told(2, 21, place=Entity("region", "PK-SD", "PK")) == list(range(21))


@pytest.mark.parametrize("clean", [3, 10, 30])
def test_months_of_nights_are_found_on_sundays_too(clean: int) -> None:
    assert nights_told(clean, 70) == list(range(70))


def test_a_week_of_nights_was_the_way_of_a_young_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "OTHERS", ())
    assert len(nights_told(2, 21)) < 15


def test_five_weeks_of_nights_were_the_way_of_sundays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "_works", lambda raw, most, alike: np.ones(raw.shape[1], bool))
    assert len(nights_told(10, 70)) < 70
