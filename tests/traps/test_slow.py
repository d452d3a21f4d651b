"""What is throttled sags by five percent within a week before it steps down: daily means see it, single bins do not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import moments
from pipeline.records import Entity, Outage
from pipeline.settings import Judging, Settings
from tests.detectors.real import stamp
from tests.worlds import HOUR, MONDAY, Played, Series, between, case, hours, made_rows, noisy, played

SAG, STEP = stamp("2023-04-30T00:00:00Z"), stamp("2023-05-14T00:00:00Z")
"""5 % less within a week from the first on; from the second on 70 % are left [s]."""

SIGNAL = "traffic.youtube"

ALONE = Settings(judging=Judging(beside={}))


def throttled(data: Path, name: str, before: int, after: int) -> Series:
    """So many days before the sag, and so many after the step."""
    (rows,) = between(case(data, name), SAG - before * DAY, STEP + after * DAY)
    sag = 1 - 0.05 * np.clip((rows.time - SAG) / (7 * DAY), 0, 1)
    return [replace(rows, value=rows.value * np.where(rows.time >= STEP, 0.7, sag))]


def since(found: Played, begin: int) -> list[Outage]:
    return [outage for outage in found.outages if outage.start >= begin]


@pytest.mark.parametrize("name", ["control-youtube-nl", "control-youtube-ge"])
def test_daily_means_see_the_sag_and_the_step_of_a_throttling_and_single_bins_neither(data: Path, name: str) -> None:
    series = throttled(data, name, 60, 5)
    cured, naive = played(series), played(series, ALONE)
    days, bins = (found.said(name[-2:].upper(), SIGNAL, by) for found, by in ((cured, "cusum"), (naive, "seasonal")))
    assert days.between(SAG, STEP).low.any()
    assert not bins.between(SAG, STEP).sure.any()
    (step,) = since(cured, SAG)
    assert (step.kind, step.state, step.start) == ("throttle", "confirmed", STEP)
    assert not since(naive, SAG)


def test_it_is_not_forgotten_after_five_weeks_as_a_baseline_that_rolls_on_forgets_it(data: Path) -> None:
    series = throttled(data, "control-youtube-ge", 20, 42)
    cured, naive = played(series), played(series, cusum={"renew": 35})
    ends = [since(found, STEP)[0].end for found in (cured, naive)]
    assert ends[0] is None
    sag = naive.said("GE", SIGNAL, "cusum").between(SAG, STEP)
    alarm = sag.t[sag.low][0]
    assert (sag.low | np.isnan(sag.score))[sag.t >= alarm].all(), "one run, which the sag began: holidays are missing"
    later = naive.said("GE", SIGNAL, "cusum").between(STEP, int(sag.t[-1]) + 99 * DAY)
    forgot = later.t[~(later.low | np.isnan(later.score))][0]
    assert 35 * DAY <= forgot - alarm < 37 * DAY
    assert ends[1] is not None, "what was expected before holds it some days longer, and then it is over"


def week_at(left: float, seed: int, settings: Settings | None = None) -> tuple[float, float]:
    """Where the outage of a country begins and ends whose hourly traffic is all that is seen: hours after the start and
    after the end of a week in which a share is left."""
    t = hours(50)
    of_day = np.random.default_rng(seed).normal(1, 0.02, 51)[(t + 2 * HOUR) // DAY]
    mean = 2000 * (1 + 0.55 * np.cos(2 * np.pi * (t / DAY - 19 / 24))) * np.where(t // DAY % 7 >= 5, 0.75, 1) * of_day
    begin, end = 31 * DAY + 14 * HOUR, 38 * DAY + 14 * HOUR
    x = noisy(mean * np.where((t >= begin) & (t < end), left, 1), 0.06, seed)
    told = played([made_rows("traffic.radar", x, Entity("country", "EG", "EG"))], settings).of("EG")
    first, last = min(outage.start for outage in told), max(outage.end or 0 for outage in told)
    assert len(told) == 1
    return (first - MONDAY - begin) / HOUR, (last - MONDAY - end) / HOUR


@pytest.mark.parametrize("seed", range(3, 6))
@pytest.mark.parametrize("left", [0.5, 0.6])
def test_a_week_of_it_ends_with_it_though_single_bins_have_got_used_to_it(left: float, seed: int) -> None:
    begin, end = week_at(left, seed)
    assert abs(begin) <= 2
    assert abs(end) <= 12


def test_it_ended_days_too_soon_when_they_alone_told_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_used_to", lambda cells, rows, calm: calm)
    assert week_at(0.6, 4)[1] < -48
