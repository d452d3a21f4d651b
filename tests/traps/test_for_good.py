"""What goes on the first day of a recording, and does not come back, was no surge before it: it is out all the time."""

import numpy as np
import pytest

from detectors.seasonal import first_day
from pipeline.bins import DAY
from pipeline.records import Entity
from tests.worlds import HOUR, MONDAY, made_rows, played

UG, BR, NZ = (Entity("country", code, code) for code in ("UG", "BR", "NZ"))
SIGNALS = ("bgp.ris", "probing.ioda", "traffic.radar")
AT = 15 * HOUR
"""When it goes [s]."""


def found(
    known: int, left: float = 0.03, widths: tuple[int, ...] = (300, 600, 900), place: Entity = UG, days: float = 4,
    at: int = AT, back: int = 99 * DAY, early: int = 0,
) -> list[tuple[float, float | None]]:  # fmt: skip
    """When outages begin and end [hours after it has gone], where so many hours are ``known`` before all but a share
    goes ``at`` some time [s], until it is ``back``, and for an hour so much ``early`` [s] before; of signals in bins
    of these ``widths`` [s]."""
    start, series, rng = at - known * HOUR, [], np.random.default_rng(known)
    for signal, width in zip(SIGNALS, widths, strict=False):
        t = np.arange(start, start + int(days * DAY), width)
        day = 1 + 0.35 * np.cos(2 * np.pi * (t / DAY - 17 / 24)) if signal == SIGNALS[2] else np.ones(len(t))
        gone = (t >= at) & (t < at + back) | (t >= at - early) & (t < at - early + HOUR)
        x = rng.poisson(4000 * day * np.where(gone, left, 1.0)).astype(float)
        series.append(made_rows(signal, x, place, width=width, start=MONDAY + start))
    outages = played(series).of(place.name)
    return [((o.start - MONDAY - at) / HOUR, o.end and (o.end - MONDAY - at) / HOUR) for o in outages]


@pytest.mark.parametrize("known", [6, 7, 8, 9, 12, 20])
@pytest.mark.parametrize(("left", "width"), [(0.03, 300), (0.2, 900), (0.03, 1800), (0.0, HOUR), (0.2, HOUR)])
def test_it_is_one_outage_and_still_out(known: int, left: float, width: int) -> None:
    assert found(known, left, (width, width)) == [(0, None)]


@pytest.mark.parametrize("place", [UG, BR, NZ])
@pytest.mark.parametrize("at", [3 * HOUR, 15 * HOUR, 22 * HOUR])
@pytest.mark.parametrize("widths", [(900,), (300, 600, 900)])
def test_so_it_is_wherever_midnight_is_and_whoever_measures(place: Entity, at: int, widths: tuple[int, ...]) -> None:
    assert found(8, widths=widths, place=place, at=at) == [(0, None)]


@pytest.mark.parametrize("width", [600, HOUR])
def test_so_are_the_hours_between_two_cuts_of_the_first_day(width: int) -> None:
    assert found(12, widths=(width, width), early=5 * HOUR)[-1] == (0, None)


@pytest.mark.parametrize("days", [1, 2.5])
def test_it_ends_when_it_is_back(days: float) -> None:
    ((begin, end),) = found(8, back=int(days * DAY))
    assert begin == 0
    assert end is not None
    assert abs(end - 24 * days) <= 0.5


def test_it_was_over_every_day_when_what_is_out_told_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_day, "_beside", lambda told, before, after: np.ones(before.shape, bool))
    assert len(found(7)) > 1
    assert len(found(8)) > 1
