"""What fell before an outage, and was none, dates neither its onset nor its end."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import sags
from pipeline.fusion.outages import Life
from tests.worlds import HOUR, MONDAY, PK, Series, hours, made_rows, played

FALL = 21 * DAY + 9 * HOUR


def sagging(begun: int, left: float, seed: int, after: int = 0, sways: float = 0.0) -> Series:
    """A total outage of four hours, before which only ``left`` of the traffic has been there since ``begun`` [s], and
    so for a time ``after`` it [s]; by the hour by so much more or less."""
    t, rng = hours(24, width=300), np.random.default_rng(seed)
    out = (t >= FALL) & (t < FALL + 4 * HOUR)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    feast = (t >= begun) & (t < FALL + (4 * HOUR + after if after else 0))
    traffic = 20_000 * day * np.where(out, 0.02, np.where(feast, left + sways * np.sin(2 * np.pi * t / DAY), 1.0))
    return [
        made_rows("traffic.radar", rng.poisson(traffic[::3]).astype(float), PK, width=900),
        *(
            made_rows(signal, rng.poisson(3000 * np.where(out, 0.1, 1.0)).astype(float), PK, width=300)
            for signal in ("bgp.ris", "probing.ioda")
        ),
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("left", [0.7, 0.8])
@pytest.mark.parametrize("ago", [9 * HOUR, 2 * DAY])
def test_a_feast_or_a_sag_that_an_outage_begins_in_is_no_part_of_it(ago: int, left: float, seed: int) -> None:
    (outage,) = played(sagging(FALL - ago, left, seed)).of("PK")
    assert abs(outage.start - MONDAY - FALL) <= HOUR / 2
    assert outage.end is not None
    assert abs(outage.end - MONDAY - FALL - 4 * HOUR) <= HOUR / 2


def test_it_was_when_it_was_dated_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Life, "_is_young", lambda life, seen: False)
    (outage,) = played(sagging(FALL - 9 * HOUR, 0.7, 1)).of("PK")
    assert outage.start < MONDAY + FALL - 8 * HOUR


FEASTS = [
    (0.65, 9, 0.0),
    (0.65, 33, 0.1),
    (0.7, 9, 0.1),
    (0.75, 3, 0.0),
    (0.75, 33, 0.1),
    (0.8, 9, 0.0),
    (0.85, 9, 0.1),
]
"""What is left of the traffic on a feast, since how many hours, and by how much it goes up and down."""


def moments_of(left: float, ago: int, sways: float) -> list[tuple[float, float]]:
    """Onset and end of each outage in a feast of two days, in hours after the fall."""
    told = played(sagging(FALL - ago * HOUR, left, 1, 30 * HOUR, sways)).of("PK")
    return [((own.start - MONDAY - FALL) / HOUR, ((own.end or 0) - MONDAY - FALL) / HOUR) for own in told]


@pytest.mark.parametrize(("left", "ago", "sways"), FEASTS)
def test_what_lacks_no_more_than_before_it_fell_is_back(left: float, ago: int, sways: float) -> None:
    ((start, end),) = moments_of(left, ago, sways)
    assert abs(start) <= 0.25
    assert abs(end - 4) <= 0.25


def test_it_was_out_for_as_long_as_the_feast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "LASTS", 99 * DAY)
    assert all(moments_of(*feast)[-1][1] > 20 for feast in (FEASTS[0], FEASTS[3], FEASTS[5]))


def test_and_since_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "FEAST", 0.0)
    assert moments_of(*FEASTS[0])[0][0] == -9


def falling(traffic: np.ndarray, probes: np.ndarray | None, width: int = 900) -> list[tuple[float, float]]:
    """Onset and end of each outage, in hours after the fall, of what is left of the traffic and of the probes, where
    there are any."""
    t, rng = hours(25, width=width), np.random.default_rng(5)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    series = [
        made_rows("traffic.radar", rng.poisson(20_000 * day * traffic).astype(float), PK, width=width),
        made_rows("bgp.ris", rng.poisson(np.full(len(t), 3000.0)).astype(float), PK, width=width),
    ]
    if probes is not None:
        series.append(made_rows("probing.ioda", rng.poisson(3000 * probes).astype(float), PK, width=width))
    told = played(series).of("PK")
    return [((own.start - MONDAY - FALL) / HOUR, ((own.end or 0) - MONDAY - FALL) / HOUR) for own in told]


def at(*steps: tuple[float, float, float, float], width: int = 900) -> np.ndarray:
    """What is left, from one hour after the fall to another, from one share to another."""
    h = (hours(25, width=width) - FALL) / HOUR
    left = np.ones(len(h))
    for since, until, first, last in steps:
        inside = (h >= since) & (h < until)
        left[inside] = (first + (last - first) * (h - since) / (until - since))[inside]
    return left


@pytest.mark.parametrize("width", [900, 3600])
@pytest.mark.parametrize("left", [0.35, 0.5, 0.6])
def test_mobile_networks_that_go_on_a_holiday_are_out_for_as_long_as_they_are(left: float, width: int) -> None:
    traffic = at((-9, 15, 0.75, 0.75), (0, 12, 0.75 * left, 0.75 * left), width=width)
    ((start, end),) = falling(traffic, at((0, 12, 0.88, 0.88), width=width), width)
    assert (start, end) == (pytest.approx(0, abs=0.25), pytest.approx(12, abs=0.25))


def deepening() -> list[tuple[float, float]]:
    """Of what goes on a holiday and then loses a little more by the hour, beyond one of the steps of losses."""
    return falling(at((-9, 15, 0.75, 0.75), (0, 12, 0.275, 0.235)), at((0, 12, 0.85, 0.85)))


def test_nor_is_it_out_for_longer_where_a_little_more_goes_hours_later() -> None:
    ((start, end),) = deepening()
    assert abs(start) <= 0.25
    assert abs(end - 12) <= 0.25


def test_it_was_when_the_last_of_its_steps_was_the_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "NEAR", 1.0)
    assert deepening()[-1][1] > 14


def voting(left: float) -> list[tuple[float, float]]:
    """Of phones that are cut off, while seven tenths of the traffic are left of a day on which people vote."""
    return falling(at((-9, 0, 0.7, 0.7), (0, 8, left, left)), at())


@pytest.mark.parametrize("left", [0.36, 0.42, 0.47])
def test_phones_that_are_cut_off_while_people_vote_are_out_from_then_on(left: float) -> None:
    assert voting(left) == [(pytest.approx(0, abs=0.25), pytest.approx(8, abs=0.25))]


def test_they_were_since_the_morning_when_a_sag_was_no_more_than_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "FAR", 0.5)
    assert voting(0.42)[0][0] <= -8


def in_steps() -> list[tuple[float, float]]:
    """Of what traffic and probes lose in two steps, on the sixth day of what is recorded, in bins of an hour."""
    t, rng, fall = hours(8), np.random.default_rng(2), 5 * DAY + 8 * HOUR
    h = (t - fall) / HOUR
    left = np.where((h >= 0) & (h < 9), 0.72, np.where((h >= 9) & (h < 21), 0.517, 1.0))
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    means = {"traffic.radar": 3000 * day * left, "probing.ioda": 3000 * left}
    told = played([made_rows(name, rng.poisson(mean).astype(float), PK) for name, mean in means.items()]).of("PK")
    return [((own.start - MONDAY - fall) / HOUR, ((own.end or 0) - MONDAY - fall) / HOUR) for own in told]


def test_what_probes_lose_in_two_steps_is_out_since_the_first() -> None:
    assert in_steps() == [(0, 21)]


def test_it_was_since_the_second_when_they_were_as_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sags, "NEARER", sags.FAR)
    assert in_steps()[-1] == (9, 21)


def test_what_falls_for_hours_begins_as_it_falls() -> None:
    ((start, end),) = falling(at((-8, 0, 1, 0.3), (0, 4, 0.02, 0.02)), at((0, 4, 0.1, 0.1)))
    assert start <= -3
    assert end == pytest.approx(4, abs=0.25)


def test_so_does_what_loses_no_more_than_one_step() -> None:
    traffic = at((-9, 0, 0.86, 0.86), (0, 8, 0.86, 0.655), (8, 14, 0.655, 0.655), (14, 40, 0.86, 0.86))
    ((start, _),) = falling(traffic, at((8, 14, 0.5, 0.5)))
    assert start <= 2


@pytest.mark.parametrize(("before", "after"), [(0.8, 0.62), (0.75, 0.58), (0.8, 0.66)])
def test_what_lacks_much_more_than_before_is_still_out(before: float, after: float) -> None:
    ((start, end),) = falling(
        at((-9, 0, before, before), (0, 4, 0.02, 0.02), (4, 52, after, after)), at((0, 4, 0.1, 0.1))
    )
    assert start == pytest.approx(0, abs=0.25)
    assert end == pytest.approx(52, abs=0.25)


def test_a_second_cut_in_the_feast_is_one_by_itself() -> None:
    traffic = at((-9, 40, 0.75, 0.75), (0, 4, 0.02, 0.02), (6, 9, 0.02, 0.02))
    first, second = falling(traffic, at((0, 4, 0.1, 0.1), (6, 9, 0.1, 0.1)))
    assert first == (pytest.approx(0, abs=0.25), pytest.approx(4, abs=0.25))
    assert second == (pytest.approx(6, abs=0.25), pytest.approx(9, abs=0.25))


def test_what_it_took_of_the_day_leaves_no_throttling_in_the_sag() -> None:
    ((_, end),) = falling(at((-9, 40, 0.88, 0.88), (0, 4, 0.02, 0.02)), None)
    assert end == pytest.approx(4, abs=0.25)
