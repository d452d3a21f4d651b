"""What an outage of hours leaves behind in daily means is no throttling, and loud noise hides nobody who is dark."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors import cusum
from pipeline.bins import DAY
from pipeline.fusion import holding
from pipeline.records import Entity, Outage
from tests.detectors.real import stamp
from tests.worlds import HOUR, MONDAY, PK, Played, Series, between, case, hours, made_rows, played

HALF_HOUR = 1800
CODES = ("PK", "KE", "NG", "IN", "LK", "TR", "UZ", "TH", "VN", "PH", "TZ", "GH")
OUTAGES = [
    ("nl", "2024-01-06T12:00:00Z", 12, 0.1), ("nl", "2024-01-06T12:00:00Z", 6, 0.0),
    ("nl", "2024-01-06T12:00:00Z", 12, 0.4), ("ge", "2023-05-17T00:00:00Z", 12, 0.1),
]  # fmt: skip
"""After these the traffic was a few percent below its level for days, as seasons have it."""


def dark(data: Path, country: str, since: str, long: int, left: float) -> Series:
    """Three months of real traffic with one outage laid over it, and two weeks after it."""
    begin, end = stamp(since), stamp(since) + long * HOUR
    (rows,) = between(case(data, f"control-youtube-{country}"), begin - 90 * DAY, end + 15 * DAY)
    out = (rows.time >= begin) & (rows.time < end)
    return [replace(rows, value=np.where(out, left * rows.value, rows.value))]


def sure(found: Played) -> list[Outage]:
    return [outage for outage in found.outages if outage.confirmed_at]


@pytest.mark.parametrize(("country", "since", "long", "left"), OUTAGES)
def test_an_outage_of_hours_is_one_outage(data: Path, country: str, since: str, long: int, left: float) -> None:
    (outage,) = sure(played(dark(data, country, since, long, left)))
    assert (outage.start, outage.end) == (stamp(since), stamp(since) + long * HOUR)


@pytest.mark.parametrize(("country", "since", "long", "left"), OUTAGES[:3])
def test_a_throttling_followed_when_its_day_had_to_be_all_back(
    data: Path, country: str, since: str, long: int, left: float
) -> None:
    found = sure(played(dark(data, country, since, long, left), cusum={"rest": 0.05}))
    assert [outage.kind for outage in found[1:]] == ["throttle"]


def loud(left: float, noise: float, long: int = 6 * HOUR) -> tuple[Series, list[int]]:
    """Traffic of a dozen countries that strays for hours, each out once in its third week; when they are."""
    t, random = hours(26, HALF_HOUR), np.random.default_rng(2)
    again, stray = np.exp(-HALF_HOUR / (3 * HOUR)), random.normal(size=(len(t), 12))
    for i in range(1, len(t)):
        stray[i] = again * stray[i - 1] + np.sqrt(1 - again**2) * stray[i]
    begins = (15 * DAY + random.integers(0, 5 * DAY // HALF_HOUR, 12) * HALF_HOUR).tolist()
    day = 4000 * (1 - 0.45 * np.cos(2 * np.pi * (t[:, None] / DAY + np.arange(12) / 12)))
    out = (t[:, None] >= begins) & (t[:, None] < np.array(begins) + long)
    x = random.poisson(day * np.exp(noise * stray) * np.where(out, left, 1.0))
    countries = [Entity("country", name, name) for name in CODES]
    return [made_rows("traffic.radar", x, *countries, width=HALF_HOUR)], begins


@pytest.mark.parametrize("left", [0.0, 0.1])
def test_who_was_out_and_strays_is_not_out_again_the_day_after(left: float) -> None:
    series, begins = loud(left, 0.05)
    found = sure(played(series))
    assert sorted(outage.start - MONDAY for outage in found) == sorted(begins)


def test_but_one_bin_is_one_bin_however_wide() -> None:
    t = hours(24, 3 * HOUR)
    share = np.random.default_rng(1).lognormal(sigma=0.1, size=len(t)) * np.where(t == 20 * DAY + 9 * HOUR, 0.2, 1.0)
    day = 20_000 * (1 - 0.4 * np.cos(2 * np.pi * t / DAY))
    assert not sure(played([made_rows("traffic.radar", np.rint(day * share), PK, width=3 * HOUR)]))


@pytest.mark.parametrize("long", [2, 4, 8])
def test_loud_noise_hides_nobody_who_is_dark(long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    series, begins = loud(0.0, 0.12, long * HOUR)
    assert len(sure(played(series))) == len(begins)
    monkeypatch.setattr(holding, "_gone", lambda cells, rows, terms: np.zeros(terms.shape))
    assert len(sure(played(series))) < len(begins), "no single bin says enough"


def sagging() -> tuple[Series, list[int]]:
    """Traffic of a dozen countries that sags by 8 % in twelve days, each dark for 8 hours in it; when they are."""
    t, random = hours(50, HOUR), np.random.default_rng(3)
    begins = (24 * DAY + random.integers(0, 10 * 24, 12) * HOUR).tolist()
    day = 40_000 * (1 - 0.45 * np.cos(2 * np.pi * (t[:, None] / DAY + np.arange(12) / 12)))
    sag = np.exp(-0.08 * np.clip((t - 20 * DAY) / (12 * DAY), 0, 1))[:, None]
    out = (t[:, None] >= begins) & (t[:, None] < np.array(begins) + 8 * HOUR)
    x = random.poisson(day * sag * np.exp(random.normal(0, 0.01, (len(t) // 24, 12)).repeat(24, axis=0)))
    countries = [Entity("country", name, name) for name in CODES]
    return [made_rows("traffic.radar", np.where(out, 0, x), *countries, width=HOUR)], begins


def test_an_outage_of_hours_in_a_sag_leaves_no_throttling_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow detector had seen the sag for days when it fell: these are no days of the outage."""
    series, begins = sagging()
    assert sorted(outage.start - MONDAY for outage in sure(played(series))) == sorted(begins)
    monkeypatch.setattr(cusum, "SHORT", -1)
    assert "throttle" in {outage.kind for outage in sure(played(series))}
