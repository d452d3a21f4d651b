"""One value gone wrong, a dip or a spike: it hides no outage later, and is missed by nobody."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detectors import cusum
from detectors.base import utc_context
from detectors.seasonal import course as seasonal_course
from detectors.seasonal import first_day, seasonal, similar_once
from detectors.seasonal import hearing as seasonal_hearing
from pipeline.bins import DAY
from pipeline.records import Rows
from tests.worlds import HOUR, MONDAY, PK, case, hours, made_rows, played

BOTH = ("probing.ioda", "traffic.radar")
OUT = 12.0
"""Hour of the second day at which a fifth and more is lost for six hours, where it is."""


def after(
    times: float, lasts: int = 300, width: int = 300, swing: float = 0.0, begin: float = 7 + 5 / 12, out: bool = True
) -> list[tuple[float, float]]:
    """Outages [hours of the second day] of two signals that on the first one, from the hour ``begin`` on, had so many
    ``times`` what they have, for as long as it ``lasts`` [s]."""
    t = hours(4, width)
    is_out = (t >= DAY + OUT * HOUR) & (t < DAY + (OUT + 6) * HOUR) & out
    mean = 3000 * (1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * np.where(is_out, 0.8 - swing, 1.0)
    x = np.random.default_rng(4).normal(mean, 12.0, (2, len(t)))
    x[:, (t > begin * HOUR - width) & (t < begin * HOUR + lasts)] *= times
    found = played([made_rows(s, v.round(), PK, width=width) for s, v in zip(BOTH, x, strict=True)]).of("PK")
    return [((o.start - MONDAY - DAY) / HOUR, ((o.end or 0) - MONDAY - DAY) / HOUR) for o in found]


@pytest.mark.parametrize("swing", [0.0, 0.4])
@pytest.mark.parametrize(
    ("times", "lasts"), [(0.45, 300), (0, 900), (1.9, 1800), (3, 300), (10, 900), (1e6, 300), (1e6, 900)]
)
def test_on_the_first_day_it_hides_no_outage_of_the_second(times: float, lasts: int, swing: float) -> None:
    ((begin, end),) = after(times, lasts, swing=swing)
    assert abs(begin - OUT) <= 0.5
    assert abs(end - OUT - 6) <= 0.5


@pytest.mark.parametrize("width", [600, 900, 1800, HOUR])
@pytest.mark.parametrize("times", [0, 10, 1e6])
def test_so_it_is_in_other_bins(times: float, width: int) -> None:
    ((begin, end),) = after(times, width, width, begin=7)
    assert abs(begin - OUT) <= 1
    assert abs(end - OUT - 6) <= 1


@pytest.mark.parametrize("begin", [0.5, 12.2, 14.5, 23 + 7 / 12])
@pytest.mark.parametrize(("times", "lasts"), [(0, 300), (3, 300), (10, 600), (1e6, 900)])
def test_nor_is_it_missed_whenever_it_was(times: float, lasts: int, begin: float) -> None:
    assert after(times, lasts, begin=begin, out=False) == []
    assert [abs(start - OUT) <= 0.5 for start, _ in after(times, lasts, begin=begin)] == [True]


@pytest.mark.parametrize(("times", "lasts"), [(0, 900), (1.9, 300)])
def test_it_hid_one_when_what_was_seen_once_was_noise(
    times: float, lasts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seasonal_hearing, "LOUDER", np.inf)
    assert after(times, lasts) == []


def test_what_dips_all_day_long_is_noise() -> None:
    """A bin of an hour does: it goes on, and is no outage."""
    t, rng = hours(6, 300), np.random.default_rng(5)
    x = rng.normal(670.0, 3.0, len(t)) * np.where(rng.random(len(t)) < 0.08, 0.5, 1.0)
    assert not played([made_rows("bgp.ioda", x.round(), PK, width=300)]).of("PK")


def test_it_was_missed_the_next_day_when_that_was_the_day_s_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_day, "_peak", lambda past, slot, grid, first, rows: np.full(len(rows), np.inf))
    assert [6 <= begin <= 8 for begin, _ in after(1.9, 900, 900, out=False)] == [True]


def test_one_a_million_times_too_high_was_the_end_of_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_course, "TWICE", np.inf)
    assert after(1e6, begin=23 + 7 / 12) == []


@pytest.mark.parametrize("width", [300, 600, 1800, HOUR, 6 * HOUR, DAY])
@pytest.mark.parametrize("level", [7.5, 40.0, 5e6])
def test_what_is_always_the_same_is_expected_to_be_so(level: float, width: int) -> None:
    t = hours(20 if width == DAY else 4, width)
    _, verdict = seasonal.Seasonal().run(np.full((len(t), 1), level), t, utc_context(t, 1, width))
    known = ~np.isnan(verdict.expected)
    assert known.sum() > 5
    np.testing.assert_allclose(verdict.expected[known], level)


@pytest.mark.parametrize("width", [300, 600, 900, 1800, HOUR])
@pytest.mark.parametrize("times", [12.0, 1e6])
def test_no_place_begins_anew_for_one_bin(times: float, width: int) -> None:
    t = MONDAY + hours(1.5, width)
    x = np.full((len(t), 1), 2000.0)
    x[9 * HOUR // width] *= times
    context = replace(utc_context(t, 1, width), switched=np.zeros(1, bool))
    state, _ = seasonal.Seasonal().run(x, t, context)
    assert state.first[0] == t[0]


def one_cell(data: Path, name: str, entity: str, signal: str, at: int, times: float) -> list[tuple[int, int | None]]:
    """Outages of a recording's entity, where its value of that number ``at`` is so many ``times`` what it is."""
    series: list[Rows] = []
    for rows in case(data, name):
        who = next((i for i, each in enumerate(rows.entities) if each.name == entity), None)
        own = np.flatnonzero(rows.entity == who) if who is not None and rows.signal == signal else np.zeros(0, np.intp)
        value = rows.value.copy()
        value[own[at : at + 1]] *= times
        series.append(replace(rows, value=value))
    return [(o.start, o.end) for o in played(series).of(entity)]


@pytest.mark.parametrize(("at", "times"), [(0, 3), (0, 1000), (2, 1000), (14, 10)])
def test_a_cell_of_myanmar_makes_no_weekend_later_an_outage(data: Path, at: int, times: float) -> None:
    """Bins of six hours: on the second weekend the first one was two of three days that it was held against."""
    right = one_cell(data, "myanmar-2021-coup", "MM", "bgp.routeviews", 0, 1)
    assert one_cell(data, "myanmar-2021-coup", "MM", "bgp.routeviews", at, times) == right
    assert len(right) == 2


def test_it_did_when_each_day_was_believed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_once, "ALONE", np.inf)
    assert len(one_cell(data, "myanmar-2021-coup", "MM", "bgp.routeviews", 0, 3)) > 2


@pytest.mark.parametrize(("at", "times"), [(96, 1000), (96, 3), (72, 1000)])
def test_a_cell_of_zhytomyr_makes_no_third_outage(data: Path, at: int, times: float) -> None:
    assert len(one_cell(data, "zhytomyr-2022", "UA-18", "probing.ioda", at, times)) == 2


def gone_wrong(times: float, many: int, seed: int = 1) -> list[str]:
    """Kinds of the confirmed outages of traffic of a country of which so ``many`` values between the third and the
    twelfth of sixteen days are so many ``times`` too high; where none are, the first one of all and two of that day."""
    t = np.arange(0, 16 * DAY, 900)
    mean = 20_000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
    rng = np.random.default_rng(seed)
    x = rng.poisson(mean).astype(float)
    at = rng.choice(np.arange(2 * 96, 12 * 96), many, replace=False) if many else np.array([0, 20, 59])
    x[at] *= times
    beside = made_rows("bgp.ris", np.full(len(t), 900.0), PK, width=900, start=MONDAY)
    rows = [made_rows("traffic.radar", x, PK, width=900, start=MONDAY), beside]
    return [o.kind for o in played(rows).of("PK") if o.confirmed_at is not None]


@pytest.mark.parametrize("times", [100.0, 1e3, 1e6])
def test_the_first_one_of_all_lets_no_other_pass_for_a_value(times: float) -> None:
    assert not gone_wrong(times, 0)


@pytest.mark.parametrize("day", range(7))
def test_nor_is_its_slot_expected_of_a_second_day_of_another_kind(day: int) -> None:
    t = np.arange(0, 4 * DAY, 900)
    x = np.random.default_rng(3).poisson(20_000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24)))).astype(float)
    x[0] *= 1000
    assert not played([made_rows("traffic.radar", x, PK, width=900, start=MONDAY + day * DAY)]).of("PK")


@pytest.mark.parametrize(("times", "many", "seed"), [(1e6, 6, 0), (1e3, 10, 2), (1e6, 12, 2), (100.0, 12, 1)])
def test_few_a_million_times_too_high_make_no_throttling(times: float, many: int, seed: int) -> None:
    assert not gone_wrong(times, many, seed)


def test_they_made_one_when_an_hour_had_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cusum, "WILD", np.inf)
    assert gone_wrong(1e6, 6, 0) == ["throttle"]
