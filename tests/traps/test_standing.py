"""Half of the traffic gone for days is out, however many others stand; of a third nobody can tell it from a feast."""

import numpy as np
import pytest

from pipeline import holding
from pipeline.bins import DAY
from tests.traps.path import HOUR, MONDAY, PK, hours, made_rows, played

FALL = 21 * DAY
STAND = ("bgp.ris", "bgp.routeviews", "telescope.ioda", "probing.ioda", "ooni.web")


def confirmed(left: float, stand: tuple[str, ...]) -> list[float]:
    """When what is left of the traffic from some day on is confirmed [hours after its fall]."""
    t, rng = hours(28), np.random.default_rng(5)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    series = [made_rows(signal, rng.poisson(3000, len(t)).astype(float), PK) for signal in stand]
    mean = 20_000 * day * np.where(t >= FALL, left, 1.0)
    found = played([*series, made_rows("traffic.radar", rng.poisson(mean).astype(float), PK)]).of("PK")
    return [((outage.confirmed_at or 0) - MONDAY - FALL) / HOUR for outage in found]


@pytest.mark.parametrize("left", [0.35, 0.45])
@pytest.mark.parametrize("stand", [STAND[:1], STAND[:4], STAND])
def test_traffic_that_stays_low_for_a_day_is_confirmed_whatever_stands(left: float, stand: tuple[str, ...]) -> None:
    (late,) = confirmed(left, stand)
    assert 0 < late <= 24


def test_it_was_not_when_each_of_them_spoke_against_it_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_hushed", lambda terms, least: np.maximum(terms, least))
    assert confirmed(0.45, STAND) == []
    monkeypatch.setattr(holding, "_hushed", lambda terms, least: terms)
    assert confirmed(0.45, STAND[:4]) == []


@pytest.mark.parametrize("left", [0.6, 0.68])
def test_a_third_of_it_gone_for_days_is_what_a_feast_or_a_strike_takes_and_only_suspected(left: float) -> None:
    assert confirmed(left, STAND[:4]) == []
