"""A surge in a series' first day, a match or a counter gone wrong: what is missing from it later is no outage."""

import numpy as np
import pytest

from detectors.seasonal import seasonal, similar
from pipeline.bins import DAY
from pipeline.records import Entity
from tests.worlds import HOUR, MONDAY, PK, made_rows, played

SIGNALS = ("traffic.radar", "probing.ioda", "bgp.ioda")


def found(
    times: float, hour: int, lasts: int, ramp: int = 0, out: int | None = None, width: int = 1800, signals: int = 1
) -> list[tuple[float, float]]:
    """When outages begin and end [hours after that in which a tenth is left, from noon of a day ``out`` on for six
    hours]; on the first day there is so many ``times`` the traffic at an ``hour`` [h], it rises within a ``ramp``
    [s]."""
    t = np.arange(0, 9 * DAY, width)
    of_day = np.minimum(t - hour * HOUR, (hour + lasts) * HOUR - t) + width
    surge = 1 + (times - 1) * np.clip(of_day / (ramp + width), 0, 1)
    at = DAY * (99 if out is None else out) + 12 * HOUR
    left = np.where((t >= at) & (t < at + 6 * HOUR), 0.1, 1.0)
    rng = np.random.default_rng(hour)
    series = []
    for signal in SIGNALS[:signals]:
        mean = (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * surge if signal == SIGNALS[0] else 1
        series.append(made_rows(signal, rng.poisson(3000 * mean * left).astype(float), PK, width=width, start=MONDAY))
    at = at if out is not None else 0
    return [((o.start - MONDAY - at) / HOUR, ((o.end or 0) - MONDAY - at) / HOUR) for o in played(series).of("PK")]


@pytest.mark.parametrize("hour", [2, 14, 19])
@pytest.mark.parametrize(("times", "lasts", "ramp"), [(1.5, 3, 0), (2, 2, 1800), (3, 2, 0), (5, 3, 0), (10, 1, 0)])
def test_what_it_had_more_is_not_missed_on_later_days(times: float, hour: int, lasts: int, ramp: int) -> None:
    assert not found(times, hour, lasts, ramp, width=900)


@pytest.mark.parametrize("begin", [0, 9, 20])
@pytest.mark.parametrize("times", [2.5, 10])
def test_nor_is_what_a_recording_begins_in(times: float, begin: int) -> None:
    t = np.arange(begin * HOUR, 7 * DAY, 1800)
    surge = np.where(t < (begin + 4) * HOUR, times, 1.0)
    mean = 3000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * surge
    x = np.random.default_rng(1).poisson(mean).astype(float)
    assert not played([made_rows("traffic.radar", x, PK, width=1800, start=MONDAY + begin * HOUR)]).of("PK")


@pytest.mark.parametrize("hour", [2, 14])
def test_nor_is_it_where_others_stand(hour: int) -> None:
    assert not found(10, hour, 3, signals=3)


@pytest.mark.parametrize(("hour", "out"), [(2, 2), (2, 7), (11, 3), (14, 3), (14, 7)])
def test_an_outage_after_it_is_told_whole(hour: int, out: int) -> None:
    ((begin, end),) = found(5, hour, 2, out=out)
    assert abs(begin) <= 0.5
    assert abs(end - 6) <= 0.5


def blackout(day: int, surge: int = 6, times: float = 2.5, width: int = HOUR) -> int:
    """Outages of a country at whose noon everything is lost for ten hours on a ``day``; its first day was a surge of
    some hours."""
    t = np.arange(0, 12 * DAY, width)
    mean = 20_000 * (1 - 0.5 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * np.exp(0.02 * np.sin(t / DAY * 5))
    mean = np.where((t >= 8 * HOUR) & (t < (8 + surge) * HOUR), times * mean, mean)
    out = (t >= day * DAY + 12 * HOUR) & (t < day * DAY + 22 * HOUR)
    x = np.random.default_rng(day).poisson(np.where(out, 0, mean)).astype(float)
    return len(played([made_rows("traffic.radar", x, Entity("country", "BD", "BD"), width=width)]).of("BD"))


@pytest.mark.parametrize("day", [2, 3, 4, 7])
@pytest.mark.parametrize(("surge", "times", "width"), [(4, 2, HOUR), (6, 2.5, HOUR), (6, 2.5, 1800), (3, 5, HOUR)])
def test_it_makes_nobody_deaf_for_a_week(surge: int, times: float, width: int, day: int) -> None:
    assert blackout(day, surge, times, width) == 1


def test_it_did_when_what_it_missed_was_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal, "hearing", lambda rule, state, *given: state)
    assert [blackout(day, width=1800) for day in (2, 4)] == [0, 0]


@pytest.mark.parametrize("left", [0.1, 0.4])
def test_a_curfew_from_the_second_evening_on_is_no_surge_of_the_first(left: float) -> None:
    t = np.arange(0, 6 * DAY, 900)
    evening = 1 + 0.7 * np.exp(-0.5 * (t % DAY / HOUR - 21) ** 2)
    off = (t >= DAY) & (t % DAY >= 20 * HOUR) & (t % DAY < 22 * HOUR)
    mean = (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * evening * np.where(off, left, 1.0)
    x = np.random.default_rng(1).poisson(3000 * mean).astype(float)
    outages = played([made_rows("traffic.radar", x, PK, width=900, start=MONDAY)]).of("PK")
    assert [(o.start - MONDAY) // DAY for o in outages] == [1, 2, 3, 4, 5]


def test_it_was_an_outage_of_every_day_when_the_first_one_was_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "usual", lambda *given: (given[5], given[7]))
    assert len(found(3, 14, 2, width=900)) >= 3
