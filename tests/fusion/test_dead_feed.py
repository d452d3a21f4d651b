"""A feed that is dead takes nobody's word away: who stumbles meanwhile is no more an outage than before."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import alone
from tests.traps.test_alone import CODES, FALL, Fall, late, seen, sure
from tests.worlds import HOUR, MONDAY

SILENT = Fall(np.nan, 6 * HOUR)
"""Of the other kind, from the country's hour on."""


def stumbles(lasts: int, left: float, low: str = "probing.ioda", silent: str = "traffic.radar") -> list[str]:
    """Who of three is called out that stumble an hour, two and four after another kind has fallen silent."""
    found = seen([{silent: SILENT, low: Fall(left, lasts, hours * HOUR)} for hours in (1, 2, 4)])
    assert {outage.entity for outage in found.outages} == set(CODES[:3]), "not even suspected: this tests nothing"
    return sure(found)


@pytest.mark.parametrize(("lasts", "left"), [(600, 0.5), (1200, 0.4), (2400, 0.0), (2 * HOUR, 0.7)])
def test_a_prober_that_stumbles_while_traffic_is_not_observed_is_no_outage(lasts: int, left: float) -> None:
    assert stumbles(lasts, left) == []


def test_nor_is_traffic_while_probes_are_not() -> None:
    assert stumbles(1800, 0.3, "traffic.radar", "probing.ioda") == []


def test_it_was_one_when_who_is_silent_was_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_unwatched", lambda cells, rows, falls, fell, now: np.zeros(len(rows), bool))
    assert stumbles(1200, 0.4) == list(CODES[:3])


@pytest.mark.parametrize(("left", "at_most"), [(0.02, 1), (0.4, 1), (0.65, 3)])
def test_an_outage_meanwhile_is_told_within_hours(left: float, at_most: int) -> None:
    (outage,) = seen([{"traffic.radar": SILENT, "probing.ioda": Fall(left, 4 * HOUR, HOUR)}]).of("PK")
    assert late(outage) <= HOUR + at_most * HOUR + 600
    assert abs(outage.start - MONDAY - FALL - HOUR) <= 600


def test_who_has_been_silent_for_a_day_or_was_never_there_is_not_waited_for() -> None:
    gone = Fall(np.nan, 40 * HOUR)
    (outage,) = seen([{"traffic.radar": gone, "probing.ioda": Fall(0.3, 4 * HOUR, 30 * HOUR)}]).of("PK")
    assert late(outage) <= 30 * HOUR + 1200
    (outage,) = seen([{"probing.ioda": Fall(0.3, 4 * HOUR)}], {"bgp.ris": 900, "probing.ioda": 600}).of("PK")
    assert late(outage) <= 1200


@pytest.mark.parametrize("left", [0.02, 0.5, 0.65])
def test_who_has_wide_bins_is_not_silent_in_them(left: float) -> None:
    """What happens at nine is in a bin that is known at noon."""
    falls = {"probing.ioda": Fall(left, 6 * HOUR), "traffic.radar": Fall(0.1, 6 * HOUR)}
    (outage,) = seen([falls], {"probing.ioda": 600, "traffic.radar": 3 * HOUR}).of("PK")
    assert late(outage) <= HOUR / 2


def test_two_kinds_that_fall_and_routes_that_fall_are_told_at_once() -> None:
    widths = {"bgp.ris": 900, "probing.ioda": 600, "traffic.radar": 900, "telescope.ioda": 600}
    both = {"traffic.radar": SILENT, "probing.ioda": Fall(0.3, HOUR, HOUR), "telescope.ioda": Fall(0.3, HOUR, HOUR)}
    cut = {"traffic.radar": SILENT, "probing.ioda": Fall(0.3, HOUR, HOUR), "bgp.ris": Fall(0.3, HOUR, HOUR)}
    found = seen([both, cut], widths, apart=DAY)
    assert sure(found) == list(CODES[:2])
    for place, code in enumerate(CODES[:2]):
        (outage,) = found.of(code)
        assert (outage.confirmed_at or 0) - outage.start <= 1800, place
