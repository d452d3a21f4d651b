"""A plateau at a threshold is one outage, and a network that flaps the day before is no onset of its country."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import moments, sags
from pipeline.fusion.columns import HALF
from pipeline.fusion.evidence import losses
from pipeline.fusion.weighing import Scales
from pipeline.settings import Fusing, Judging, Settings
from tests.detectors.real import stamp
from tests.traps.test_returning import forgotten
from tests.traps.test_standing import SIX
from tests.worlds import HOUR, MONDAY, PK, Series, between, case, hours, made_rows, noisy, played

FALL = 6 * DAY
COUP = stamp("2021-02-01T02:00:00Z")
"""The first bin in which Myanmar is down [s]."""


def fallen(deep: int, plateau: np.ndarray, noise: float, seed: int) -> Series:
    """Six flat days, so many hours at a fifth, the plateau [share, by hour], and a day of the level again."""
    share = np.concatenate([np.ones(FALL // HOUR), np.full(deep, 0.2), plateau, np.ones(24)])
    return [made_rows("probing.ioda", noisy(5000 * share, noise, seed))]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_plateau_between_48_and_51_percent_is_one_outage_also_by_the_rule_of_half(seed: int) -> None:
    series = fallen(6, np.where(np.arange(30) // 5 % 2, 0.51, 0.48), 0.06, seed)
    rule = Settings(judging=Judging(detector="median"))
    (outage,) = played(series, rule).of("PK")
    assert (outage.start, outage.end) == (MONDAY + FALL, MONDAY + FALL + 36 * HOUR)
    without = Fusing(leave=0.49, calm=0, calm_bins=0)
    assert len(played(series, Settings(judging=rule.judging, fusing=without)).of("PK")) >= 3


@pytest.mark.parametrize(("seed", "forgets"), [(1, 7), (2, 8)])
def test_one_that_is_as_deep_as_our_own_threshold_does_not_end_it(
    seed: int, forgets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forgets what it had before ends it after so many hours, of 42, in the first or the second of the plateau."""
    series = fallen(6, np.full(36, 0.75), 0.05, seed)
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + FALL, MONDAY + FALL + 42 * HOUR)
    forgotten(monkeypatch)
    assert played(series).of("PK")[0].end == MONDAY + FALL + forgets * HOUR


def about_half(lost: float, rough: float, lasts: int) -> Series:
    """Two kinds lose about half for so long [s] while eleven stand, in bins of a quarter of an hour."""
    t, rng, fall = hours(9, 900), np.random.default_rng(5), 8 * DAY
    left = np.where((t >= fall) & (t < fall + lasts), 1 - lost, 1.0)
    falls, stand = (
        ("bgp.ris", "telescope.ioda"),
        (*SIX, "ooni.tor", "ooni.signal", "probing.third", "probing.fourth", "atlas.other"),
    )
    share = {name: left * (1 + rough * rng.standard_normal(len(t))) for name in falls}
    share |= {name: 1 + 0.01 * rng.standard_normal(len(t)) for name in stand}
    units = {name: 18_000 if name.startswith("ooni") else 1 for name in share}
    return [made_rows(name, 9000 * own / units[name], PK, width=900) for name, own in share.items()]


@pytest.mark.parametrize(("lost", "rough"), [(0.45, 0.02), (0.44, 0.05), (0.47, 0.05)])
def test_nor_does_a_bin_in_which_two_kinds_have_lost_a_little_less_than_half(lost: float, rough: float) -> None:
    (outage,) = played(about_half(lost, rough, 10 * HOUR)).outages
    assert (outage.state, outage.start, outage.end) == ("ended", MONDAY + 8 * DAY, MONDAY + 8 * DAY + 10 * HOUR)


def test_it_began_anew_when_each_bin_had_to_show_half(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_bin(self: Scales, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
        deep = (terms > 0) & (losses(self.cells["ratio"][rows]) >= HALF)
        return np.asarray(self.cells.of_kinds(deep).sum(axis=1))

    monkeypatch.setattr(Scales, "_deep", by_bin)
    assert len(played(about_half(0.45, 0.02, 10 * HOUR)).outages) > 2


def flapping(data: Path) -> Series:
    """The coup of Myanmar, and AS136255, an eighth of the country, is at a third in the half day before."""
    (rows,) = between(case(data, "myanmar-2021-coup"), 0, stamp("2021-02-03T00:00:00Z"))
    names, value = [entity.name for entity in rows.entities], rows.value.copy()
    country, network = (rows.entity == names.index(name) for name in ("MM", "AS136255"))
    for time in range(COUP - DAY // 2, COUP, 6 * HOUR):
        at = rows.time == time
        lost = np.rint(value[at & network] * 0.7)
        value[at & network] -= lost
        value[at & country] -= lost
    return [replace(rows, value=value)]


def test_one_flapping_network_does_not_drag_its_country_s_onset(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = flapping(data)
    found = played(series)
    assert [outage.start for outage in found.of("AS136255")] == [COUP - DAY // 2]
    assert [outage.start for outage in found.of("MM")] == [COUP]
    monkeypatch.setattr(moments, "onsets", lambda cells, rows: cells["low_from"][rows])
    monkeypatch.setattr(sags, "FEAST", 0.0)
    assert [outage.start for outage in played(series).of("MM")] == [COUP - DAY // 2]
