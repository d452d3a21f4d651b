"""A feed that shows many times what is usual has gone wrong: it is no witness that all is well."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import evidence
from pipeline.records import Entity
from tests.worlds import HOUR, MONDAY, PK, Series, hours, made_rows, noisy, played

SLIP, CUT, BACK = 19 * DAY, 22 * DAY + 9 * HOUR, 24 * DAY + 9 * HOUR


def slipped(times: float, of: Entity = PK) -> Series:
    """Two days in which 30 % of the probes and 60 % of the traffic are lost, and a feed of traffic that is so many
    times too high since three days before."""
    t = hours(26)
    cut, day = (t >= CUT) & (t < BACK), 1 - 0.45 * np.cos(2 * np.pi * (t / DAY - 1 / 24))
    traffic = noisy(4000 * day * np.where(cut, 0.4, 1), 0.03, 1) * np.where(t >= SLIP, times, 1)
    probes = noisy(700 * np.where(cut, 0.7, 1), 0.01, 2)
    routes = noisy(np.full(len(t), 300.0), 0.002, 3)
    values = {"bgp.ioda": routes, "probing.ioda": probes, "traffic.radar": traffic}
    return [made_rows(signal, value, of) for signal, value in values.items()]


def test_a_unit_that_slipped_does_not_hide_what_others_show(monkeypatch: pytest.MonkeyPatch) -> None:
    (outage,) = played(slipped(1000.0)).of("PK")
    assert (outage.start, outage.end) == (MONDAY + CUT, MONDAY + BACK)
    assert [term.signal for term in outage.signals if term.signal.startswith("traffic")] == []
    monkeypatch.setattr(evidence, "AMISS", np.inf)
    assert played(slipped(1000.0)).of("PK") == []


@pytest.mark.parametrize("times", [1.0, 12.0])
@pytest.mark.parametrize("left", [0.06, 0.3])
def test_who_returns_from_long_nights_is_heard_at_once(left: float, times: float) -> None:
    """What is back after six days at next to nothing, even with many times what it had before, is back."""
    t = hours(26)
    share = np.where(t < 14 * DAY, 1.0, np.where(t < 20 * DAY, left, times))
    share[(t >= 20 * DAY + 12 * HOUR) & (t < 20 * DAY + 18 * HOUR)] = 0.0
    (first, second) = played([made_rows("traffic.radar", noisy(4000 * share, 0.03, 1), PK)]).of("PK")
    assert (first.start, first.end) == (MONDAY + 14 * DAY, MONDAY + 20 * DAY)
    assert (second.start, second.end) == (MONDAY + 20 * DAY + 12 * HOUR, MONDAY + 20 * DAY + 18 * HOUR)
