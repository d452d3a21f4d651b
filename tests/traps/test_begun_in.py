"""A recording that begins in an outage: what was missing then is not missing from what is expected later."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.base import utc_context
from detectors.seasonal import seasonal, similar
from detectors.seasonal.state import SeasonalState
from pipeline.bins import DAY
from pipeline.fusion import moments
from pipeline.records import Entity
from tests.worlds import HOUR, MONDAY, PK, hours, made_rows, played

BEGIN, END, LASTS = HOUR + 1800, 5 * HOUR, 4 * HOUR
"""Of the first day what is recorded begins at the first, and the outage is over at the second; the next ones begin half
an hour before the first, and last for the third [s]."""


def found(
    day: int, left: float = 0.1, ramp: int = 0, weekday: int = 0, width: int = 600, place: Entity = PK, late: int = 0
) -> list[tuple[float, float]]:
    """When outages begin and end [hours after the one that begins on a ``day``]; that of the first day is over within
    a ``ramp`` [s].  All of it is so much ``late`` [s], and so are the stamps."""
    t = np.arange(BEGIN, (day + 2) * DAY, width)
    rng, at, start = np.random.default_rng(day), day * DAY + BEGIN - 1800, MONDAY + weekday * DAY + late
    share = np.clip(left + (1 - left) * (t - END) / max(ramp, 1), left, 1)
    share = np.where((t >= at) & (t < at + LASTS), left, share)
    series = [
        made_rows(signal, rng.poisson(2000 * mean * share).astype(float), place, width=width, start=start + BEGIN)
        for signal, mean in (
            ("probing.ioda", np.ones(len(t))),
            ("traffic.radar", 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))),
        )
    ]
    outages = played([replace(rows, phase=(start + BEGIN) % width) for rows in series]).of(place.name)
    return [((o.start - start - at) / HOUR, ((o.end or 0) - start - at) / HOUR) for o in outages]


@pytest.mark.parametrize("day", [2, 3, 4, 5, 8, 15, 22])
@pytest.mark.parametrize("width", [600, 1800, HOUR])
def test_the_next_outage_at_its_hours_is_told_whole(day: int, width: int) -> None:
    ((begin, end),) = found(day, width=width)
    assert abs(begin) <= 1
    assert abs(end - 4) <= 1


@pytest.mark.parametrize(("width", "late"), [(600, 60), (900, 300), (900, 1800), (HOUR, 60)])
def test_so_it_is_where_stamps_lie_beside_the_slots_of_the_day(width: int, late: int) -> None:
    ((begin, end),) = found(2, width=width, late=late)
    assert abs(begin) <= 1
    assert abs(end - 4) <= 1


@pytest.mark.parametrize("late", [0, 60, 900])
def test_what_has_begun_anew_is_settled_a_day_later(late: int) -> None:
    t = 3 * DAY + late + np.arange(0, 2 * DAY, 600)
    x = np.random.default_rng(1).poisson(np.where(np.arange(len(t)) < 30, 200, 2000)).astype(float)[:, None]
    context = replace(utc_context(t, 1, 600), switched=np.zeros(1, bool))
    state, verdict = seasonal.Seasonal().run(x, t, context)
    back = int(state.first[0])
    assert 0 <= back - t[30] <= HOUR
    assert not verdict.settled[t < back + DAY].any()
    assert verdict.settled[t >= back + DAY].all()


@pytest.mark.parametrize("day", [5, 6, 9, 15, 16, 22])
@pytest.mark.parametrize("weekday", [0, 3])
def test_so_it_is_after_a_slow_return_once_two_days_were_so_far_above_it(day: int, weekday: int) -> None:
    ((begin, end),) = found(day, left=0.3, ramp=2 * HOUR, weekday=weekday)
    assert abs(begin) <= 0.5
    assert abs(end - 4) <= 0.5


def test_its_end_was_lost_for_weeks_when_the_first_day_was_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(rule: seasonal.Seasonal, state: SeasonalState, *given: object) -> SeasonalState:
        return state

    monkeypatch.setattr(seasonal, "returned", nothing)
    monkeypatch.setattr(similar, "_later", lambda chosen, *given: chosen)
    for day in (3, 22):
        assert found(day)[0][1] < 1


@pytest.mark.parametrize("swing", [0.5, 0.9])
def test_a_morning_is_no_end_of_an_outage(swing: float) -> None:
    """What begins in the deepest hour of the night: its first days are known, and a blackout is found."""
    t = np.arange(4 * HOUR, 5 * DAY, 900)
    mean = 20_000 * (1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
    out = (t >= 3 * DAY + 10 * HOUR) & (t < 3 * DAY + 14 * HOUR)
    x = np.random.default_rng(1).poisson(mean * np.where(out, 0.1, 1.0)).astype(float)
    (outage,) = played([made_rows("traffic.radar", x, PK, width=900, start=MONDAY + 4 * HOUR)]).of("PK")
    assert abs(outage.start - MONDAY - 3 * DAY - 10 * HOUR) <= 1800


def begun_anew(mean: np.ndarray, width: int, switched: bool = False) -> list[bool]:
    """Which of places, or networks, that count so much on their first day ``(t, n)`` begin anew within it."""
    t = MONDAY + width * np.arange(len(mean))
    context = replace(utc_context(t, mean.shape[1], width), switched=np.full(mean.shape[1], switched))
    state, _ = seasonal.Seasonal().run(np.random.default_rng(1).poisson(mean).astype(float), t, context)
    return (state.first > t[0]).tolist()


@pytest.mark.parametrize("width", [300, 600, 900])
def test_only_a_place_that_has_at_once_twice_of_all_that_it_had_begins_anew(width: int) -> None:
    """With others it is the hour at which all begin to work, and networks may be switched off by night."""
    times = np.array([1.3, 1.5, 1.75, 2.3, 4.0, 10.0])
    mean = np.where(hours(1.25, width)[:, None] < 9 * HOUR, 2000, 2000 * times)
    assert begun_anew(mean, width) == [False, False, False, True, True, True]
    assert not any(begun_anew(mean, width, switched=True))


@pytest.mark.parametrize("width", [1800, HOUR])
def test_in_bins_in_which_a_value_may_have_gone_wrong_it_does_by_the_second(width: int) -> None:
    mean = np.where(hours(1.25, width)[:, None] < 9 * HOUR, 2000, 2000 * np.array([1.3, 1.75, 4.0, 10.0]))
    assert begun_anew(mean, width) == [False, False, True, True]
    mean[9 * HOUR // width + 1 :] = 2000.0
    assert not any(begun_anew(mean, width))


@pytest.mark.parametrize("width", [300, 600, 1800, HOUR])
@pytest.mark.parametrize("swing", [0.5, 0.8, 0.9])
def test_no_morning_begins_anew_whenever_it_comes(width: int, swing: float) -> None:
    hour = hours(1.25, width)[:, None] / HOUR - np.arange(24)
    assert not any(begun_anew(20_000 * (1 - swing * np.cos(2 * np.pi * hour / 24)), width))


@pytest.mark.parametrize("width", [600, 1800, HOUR])
def test_nor_do_counts_of_a_few_that_double_by_chance(width: int) -> None:
    assert not any(begun_anew(np.arange(1, 41) * np.ones((len(hours(1.25, width)), 1)), width))


@pytest.mark.parametrize("days", [(1,), (1, 2), (1, 2, 3)])
def test_busy_hours_of_the_next_days_are_no_usual_ones(days: tuple[int, ...]) -> None:
    t = np.arange(0, 8 * DAY, 600)
    busy = np.isin(t // DAY, days) & (t % DAY >= 10 * HOUR) & (t % DAY < 12 * HOUR)
    mean = 2000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * np.where(busy, 3.0, 1.0)
    assert not played(
        [made_rows("traffic.radar", np.random.default_rng(1).poisson(mean).astype(float), PK, width=600)]
    ).of("PK")


@pytest.mark.parametrize(("over", "fall", "lasts"), [(4, 26, 4), (4, 27, 4), (6, 27, 5)])
def test_a_night_that_nobody_has_seen_yet_dates_no_outage_back(
    over: int, fall: int, lasts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded begins in an outage of all kinds, and the next one falls in the night after it [hours]."""
    t, rng = hours(5, 900), np.random.default_rng(2)
    gone = (t < over * HOUR) | ((t >= fall * HOUR) & (t < (fall + lasts) * HOUR))
    day = 0.6 + 0.4 * np.sin(2 * np.pi * (t / DAY - 11 / 24))  # falls from 17:00 to 05:00
    means = {"bgp.ris": 900 + 0 * t, "probing.ioda": 800 + 0 * t, "traffic.radar": 4000 * day}
    share = np.where(gone, 0.03, 1.0)
    series = [made_rows(name, rng.poisson(mean * share).astype(float), width=900) for name, mean in means.items()]
    (outage,) = played(series).of("PK")
    assert (outage.start, outage.end) == (MONDAY + fall * HOUR, MONDAY + (fall + lasts) * HOUR)
    monkeypatch.setattr(moments, "KNOWN", 0)
    (naive,) = played(series).of("PK")
    assert naive.start < outage.start - HOUR


@pytest.mark.parametrize("first", [0.62, 0.66])
def test_but_a_third_that_is_gone_at_once_is_its_beginning(first: float) -> None:
    """In the first days of a recording two kinds lose a third at eight, and all of them nearly all at ten."""
    t, rng, fall = hours(5, 900), np.random.default_rng(2), 2 * DAY + 8 * HOUR
    later = np.where((t >= fall + 2 * HOUR) & (t < fall + 12 * HOUR), 0.1, 1.0)
    sooner = np.where((t >= fall) & (t < fall + 2 * HOUR), first, later)
    shares = {"bgp.ris": later, "probing.ioda": sooner, "traffic.radar": sooner}
    series = [made_rows(name, rng.poisson(4000 * share).astype(float), width=900) for name, share in shares.items()]
    (outage,) = played(series).of("PK")
    assert outage.start == MONDAY + fall
