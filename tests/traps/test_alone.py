"""What one kind of signals shows alone, while another stands that would show it too, is no outage that is sure."""

import numpy as np
import pytest

from pipeline import ledger
from pipeline.bins import DAY
from tests.traps.path import HOUR, MONDAY, PK, Played, hours, made_rows, played

FALL = 21 * DAY + 9 * HOUR
WIDTHS = {"bgp.ris": 300, "probing.ioda": 600, "traffic.radar": 900}


WIDTHS_OF_TWO = {"probing.ioda": 600, "traffic.radar": 3 * HOUR}


def seen(left: dict[str, tuple[float, int]], widths: dict[str, int] = WIDTHS) -> Played:
    """Signals of a country of these widths [s], of which so much is left for so long [s] from `FALL` on."""
    rng, series = np.random.default_rng(3), []
    for signal, width in widths.items():
        t = hours(24, width)
        share, lasts = left.get(signal, (1.0, 0))
        day = 1 - (0 if signal == "bgp.ris" else 0.3) * np.cos(2 * np.pi * (t / DAY - 4 / 24))
        mean = 20_000 * day * np.where((t >= FALL) & (t < FALL + lasts), share, 1.0)
        x = np.rint(mean) if signal == "bgp.ris" else rng.poisson(mean)
        series.append(made_rows(signal, x.astype(float), PK, width=width))
    return played(series)


GLITCHES = [
    {"probing.ioda": (0.5, 600), "bgp.ris": (0.985, 3 * HOUR)},
    {"probing.ioda": (0.65, 600), "bgp.ris": (0.985, 3 * HOUR)},
    {"probing.ioda": (0.3, 1800), "bgp.ris": (0.985, 3 * HOUR)},
    {"probing.ioda": (0.6, 6 * HOUR), "bgp.ris": (0.985, 3 * HOUR)},
]
"""A prober that stumbles, or measures otherwise, while routes are a little below their usual."""


@pytest.mark.parametrize("glitch", GLITCHES)
def test_probes_that_fall_while_traffic_stands_are_none(glitch: dict[str, tuple[float, int]]) -> None:
    found = seen(glitch)
    assert found.outages, "not even suspected: this tests nothing"
    assert not found.of("PK")


def test_they_were_when_a_hundredth_of_the_routes_was_a_second_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "alone", lambda cells, rows, terms, now: np.zeros(len(rows), bool))
    assert seen(GLITCHES[0]).of("PK")


def test_two_kinds_that_fall_are_one_at_once() -> None:
    (outage,) = seen({"probing.ioda": (0.5, HOUR), "traffic.radar": (0.5, HOUR)}).of("PK")
    assert (outage.confirmed_at or 0) - MONDAY - FALL <= 1200


def test_what_a_slower_signal_said_before_the_fall_is_waited_for_half_an_hour() -> None:
    """Probes go at nine; of traffic the bin from six to nine was well, and the next one is known at noon."""
    dark = {"probing.ioda": (0.02, 6 * HOUR), "traffic.radar": (0.1, 6 * HOUR)}
    (outage,) = seen(dark, WIDTHS_OF_TWO).of("PK")
    assert HOUR / 2 <= (outage.confirmed_at or 0) - MONDAY - FALL <= HOUR


def test_a_feed_that_counts_nothing_for_two_hours_is_no_country_that_is_dark() -> None:
    assert seen({"traffic.radar": (0.02, 2 * HOUR)}).of("PK")
    assert not seen({"traffic.radar": (0.0, 2 * HOUR)}).of("PK")
