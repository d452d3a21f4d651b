"""What comes after an outage, or stands beside it, and is not to be told as another: each once was false or missed."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.geo.countries import SUBDIVISIONS
from pipeline.records import Entity
from tests.worlds import MONDAY, PK, hours, made_rows, noisy, played

QUIET = 28
Share = Callable[[np.ndarray], np.ndarray]


def made(days: float, share: Share, weekend: float = 0.0) -> np.ndarray:
    """A daily shape over four weeks and so many days, of which a ``share(day)`` is left; weekends are local ones."""
    day = hours(QUIET + days) / DAY
    quieter = np.where((day + 5 / 24) % 7 >= 5, 1 - weekend, 1.0)
    return noisy(5000 * (1 - 0.3 * np.cos(2 * np.pi * day)) * quieter * share(day - QUIET), 0.01)


def told(series: dict[str, np.ndarray]) -> list[tuple[float, float | None]]:
    """From when to when Pakistan was out [days after the fourth week]."""
    outages = played([made_rows(signal, x, PK) for signal, x in series.items()]).of("PK")
    return [((o.start - MONDAY) / DAY - QUIET, o.end and (o.end - MONDAY) / DAY - QUIET) for o in outages]


def out(until: float, left: float, busy_until: float = 0.0, busy: float = 1.0) -> Share:
    """So much is left until one day, and until another it is busy."""
    return lambda day: np.where(
        (day >= 0) & (day < until), left, np.where((day >= until) & (day < busy_until), busy, 1.0)
    )


@pytest.mark.parametrize("busy", [1.3, 2.0, 4.0, 7.0])
def test_one_busy_day_after_a_blackout_is_no_throttling_when_it_is_over(busy: float) -> None:
    assert told({"traffic.radar": made(30, out(3, 0.05, 4, busy))}) == [(0, 3)]


@pytest.mark.parametrize(("busy", "until"), [(3.0, 9), (3.0, 8.5), (1.6, 9)])
def test_a_busy_return_from_a_lost_level_makes_no_outage_every_week(busy: float, until: float) -> None:
    assert told({"probing.ioda": made(40, out(8, 0.3, until, busy))}) == [(0, 8)]


@pytest.mark.parametrize(("busy", "days"), [(1.3, 4), (1.6, 3), (1.6, 5), (2.0, 4)])
def test_busy_days_after_an_outage_of_more_than_a_week_are_no_level(busy: float, days: int) -> None:
    both = {signal: made(45, out(8, 0.3, 8 + days, busy)) for signal in ("probing.ioda", "traffic.radar")}
    assert told(both) == [(0, 8)]


@pytest.mark.parametrize("days", [2.9, 6.5])
def test_days_of_more_than_twice_as_much_are_not_missed_when_they_are_over(days: float) -> None:
    assert told({"probing.ioda": made(40, out(0, 1.0, days, 2.5))}) == []


@pytest.mark.parametrize("standing", [(), ("bgp.ris",), ("probing.ioda",), ("bgp.ris", "probing.ioda")])
def test_halved_traffic_is_confirmed_whatever_stands(standing: tuple[str, ...]) -> None:
    calm = {signal: made(15, out(0, 1.0)) for signal in standing}
    assert told({"traffic.radar": made(15, out(10, 0.45))} | calm) == [(0, 10)]


def test_half_an_outage_does_not_end_after_a_week_where_weekends_are_quieter() -> None:
    assert told({"probing.ioda": made(28, out(20, 0.5), weekend=0.3)}) == [(0, 20)]


@pytest.mark.parametrize("signals", [("probing.ioda",), ("bgp.ris", "probing.ioda", "traffic.radar")])
def test_half_is_out_again_a_day_after_its_return_where_weekends_are_quieter(signals: tuple[str, ...]) -> None:
    def share(day: np.ndarray) -> np.ndarray:
        return np.where((day >= 0) & (day < 9) | (day >= 10) & (day < 12), 0.5, 1.0)

    assert told({signal: made(30, share, weekend=0.3) for signal in signals}) == [(0, 9), (10, 12)]


def test_a_country_of_regions_is_back_when_they_are_and_out_again_when_they_are() -> None:
    states = [Entity("region", f"VE-{i:02d}", "VE") for i in range(SUBDIVISIONS["VE"])]
    share = out(9, 0.0)(hours(QUIET + 16) / DAY - QUIET) * out(2, 0.0)(hours(QUIET + 16) / DAY - QUIET - 10)
    one = made(16, lambda day: np.ones(len(day))) * share
    x = np.stack([np.rint(one * (0.2 + i / 25)) for i in range(len(states))], axis=1)
    outages = played([made_rows("probing.ioda", x, *states)]).of("VE")
    assert [((o.start - MONDAY) / DAY - QUIET, ((o.end or 0) - MONDAY) / DAY - QUIET) for o in outages] == [
        (0, 9),
        (10, 12),
    ]


@pytest.mark.parametrize(
    ("at", "hours_back", "left"), [(3, 1, 1.0), (10, 1, 1.0), (10, 1, 0.6), (10, 2, 1.0), (20, 1, 1.0)]
)
@pytest.mark.parametrize("others", [(), ("traffic.radar",)])
def test_an_hour_of_return_in_an_outage_of_weeks_does_not_end_it(
    at: int, hours_back: int, left: float, others: tuple[str, ...]
) -> None:
    """Its detector has got used to the low level by then, and would not see that it is out again."""

    def share(day: np.ndarray) -> np.ndarray:
        blip = (np.rint(24 * day) >= 24 * at) & (np.rint(24 * day) < 24 * at + hours_back)
        return np.where(blip, left, np.where((day >= 0) & (day < 30), 0.05, 1.0))

    series = {"probing.ioda": made(40, share)} | {signal: made(40, out(30, 0.05)) for signal in others}
    found = told(series)
    if hours_back == 1 or others:
        assert found == [(0, 30)]
    else:  # two good hours are an end; what is out again after them is told
        assert [(round(24 * start), round(24 * (end or 0))) for start, end in found] == [(0, 240), (242, 720)]


@pytest.mark.parametrize("gap", [26, 48, 100])
def test_a_gap_in_the_only_witness_that_is_still_low_ends_no_outage_of_weeks(gap: int) -> None:
    x = made(40, out(25, 0.05))
    x[24 * QUIET + 12 : 24 * QUIET + 12 + gap] = np.nan
    assert told({"probing.ioda": x, "traffic.radar": made(40, out(0.5, 0.05))}) == [(0, 25)]
