"""Half of the traffic gone for days is out, however many others stand; of a third nobody can tell it from a feast."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import alone, cells, holding, weighing
from pipeline.fusion.columns import LADDER
from pipeline.geo.calendar import public_holidays
from pipeline.settings import Fusing, Judging, Settings
from tests.worlds import HOUR, MONDAY, PK, hours, made_rows, played

FALL, FEAST = 21 * DAY, 28 * DAY
STAND = ("bgp.ris", "bgp.routeviews", "telescope.ioda", "probing.ioda", "ooni.web")
MANY = (*STAND, "atlas.connected", "probing.other", "bgp.ioda")
SIX = ("probing.ioda", "probing.other", "traffic.radar", "traffic.other", "atlas.connected", "ooni.web")


def confirmed(
    left: float, stand: tuple[str, ...], fall: int = FALL, back: int = 99 * DAY, dip: float | None = None,
    lasts: int = HOUR, settings: Settings | None = None,
) -> list[float]:  # fmt: skip
    """When what is left of the traffic from some day on, and for an hour of it, or so long [s], only ``dip``, is
    confirmed [hours after its fall]."""
    t, rng = hours(fall // DAY + 7), np.random.default_rng(5)
    day = 1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    unit = {"ooni.web": 6000.0}  # shares, and counts of all others
    series = [made_rows(signal, rng.poisson(3000, len(t)) / unit.get(signal, 1.0), PK) for signal in stand]
    mean = 20_000 * day * np.where((t >= fall) & (t < back), left, 1.0)
    if dip is not None:
        mean = np.where((t >= fall + 14 * HOUR) & (t < fall + 14 * HOUR + lasts), dip / left, 1.0) * mean
    found = played([*series, made_rows("traffic.radar", rng.poisson(mean).astype(float), PK)], settings).of("PK")
    return [((outage.confirmed_at or 0) - MONDAY - fall) / HOUR for outage in found]


@pytest.mark.parametrize("left", [0.35, 0.45])
@pytest.mark.parametrize("stand", [STAND[:1], STAND[:4], STAND])
def test_traffic_that_stays_low_for_a_day_is_confirmed_whatever_stands(left: float, stand: tuple[str, ...]) -> None:
    (late,) = confirmed(left, stand)
    assert 0 < late <= 24


def test_it_was_not_when_each_of_them_spoke_against_it_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_hushed", lambda terms, least: np.maximum(terms, least))
    assert confirmed(0.45, STAND) == []
    monkeypatch.setattr(holding, "_hushed", lambda terms, least: terms)
    assert confirmed(0.45, STAND[:4]) == []


@pytest.mark.parametrize("left", [0.02, 0.15, 0.2])
@pytest.mark.parametrize("stand", [STAND[:4], STAND, MANY])
def test_most_of_it_is_told_as_soon_with_a_week_of_past_however_many_others_are_measured(
    left: float, stand: tuple[str, ...]
) -> None:
    fall = 8 * DAY + 9 * HOUR
    assert confirmed(left, stand, fall, fall + 12 * HOUR) == [2]
    if stand is MANY:
        unbounded = Settings(fusing=Fusing(normal_most=-99.0))
        assert confirmed(left, stand, fall, fall + 12 * HOUR, settings=unbounded) == []


def test_two_weak_kinds_that_lost_a_fifth_are_none_where_six_stand() -> None:
    t, rng, fall = hours(12), np.random.default_rng(5), 8 * DAY
    lost = np.where((t >= fall) & (t < fall + 10 * HOUR), 0.8, 1.0)
    shares = [*((signal, 1.0) for signal in SIX), ("telescope.ioda", lost), ("bgp.ris", lost)]
    units = {"ooni.web": 18_000}  # shares, and counts of all others
    rows = [made_rows(name, rng.poisson(9000 * share, len(t)) / units.get(name, 1), PK) for name, share in shares]
    assert played(rows).of("PK") == []


@pytest.mark.parametrize("left", [0.6, 0.68])
def test_a_third_of_it_gone_for_days_is_what_a_feast_or_a_strike_takes_and_only_suspected(left: float) -> None:
    assert confirmed(left, STAND[:4]) == []


@pytest.mark.parametrize("left", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("fall", [FALL + HOUR, FEAST, FEAST + 9 * HOUR])
def test_most_of_it_gone_for_hours_is_confirmed_by_night_and_on_a_feast(fall: int, left: float) -> None:
    """5 February is free in Pakistan: daily means say nothing then, and at night it is a small part of the day."""
    assert public_holidays("PK", 2024) >= {"2024-02-05"}
    (late,) = confirmed(left, STAND[:4], fall, fall + 6 * HOUR)
    assert 0 < late <= 5


@pytest.mark.parametrize(
    ("width", "low", "unseen"), [(900, 1, 0), (900, 1, 6), (900, 1, 20), (HOUR, 1, 2), (HOUR, 1, 0)]
)
def test_hours_in_which_nobody_looked_are_none_of_them(width: int, low: int, unseen: int) -> None:
    """Gone for so many hours, then not observed for so many, and whole again."""
    t, rng, fall = hours(FALL // DAY + 4, width), np.random.default_rng(5), FALL + 9 * HOUR
    series = [made_rows(signal, rng.poisson(3000, len(t)).astype(float), PK, width=width) for signal in STAND[:4]]
    mean = 20_000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
    x = rng.poisson(mean * np.where((t >= fall) & (t < fall + low * HOUR), 0.1, 1.0)).astype(float)
    x[(t >= fall + low * HOUR) & (t < fall + (low + unseen) * HOUR)] = np.nan
    played_ = played([*series, made_rows("traffic.radar", x, PK, width=width)])
    assert played_.outages
    assert not played_.of("PK")


def test_it_was_not_when_daily_means_alone_could_hush_who_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "MOST_LASTING", 99 * DAY)
    assert confirmed(0.1, STAND[:4], FEAST, FEAST + 6 * HOUR) == []


def test_half_of_it_on_a_feast_is_only_suspected() -> None:
    assert confirmed(0.45, STAND[:4], FEAST, FEAST + DAY) == []


@pytest.mark.parametrize("named", [(), ("PK 2024-02-05",)])
def test_it_is_told_where_somebody_fears_a_shutdown_on_that_day(named: tuple[str, ...]) -> None:
    feared = Settings(judging=Judging(holidays=named), fusing=Fusing(days={"PK 2024-02-05": "protest"}))
    (late,) = confirmed(0.45, STAND[:4], FEAST, FEAST + DAY, settings=feared)
    assert 0 < late <= 6


@pytest.mark.parametrize("left", [0.5, 0.6, 0.7])
@pytest.mark.parametrize("dip", [0.0, 0.15])
def test_nor_is_one_on_which_an_hour_is_lost(left: float, dip: float) -> None:
    assert confirmed(left, STAND[:4], FEAST, FEAST + DAY, dip) == []


def test_it_was_when_a_third_was_as_good_as_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "GONE", len(LADDER) - 2)
    assert confirmed(0.6, STAND[:4], FEAST, FEAST + DAY, 0.15)


@pytest.mark.parametrize("lasts", [HOUR, 2 * HOUR])
@pytest.mark.parametrize("dip", [0.0, 0.4])
def test_nor_are_days_without_a_third_in_which_a_bin_lacks_half(dip: float, lasts: int) -> None:
    """What a bin or two lack is no more than noise makes of it, where a third has been gone for days."""
    assert confirmed(0.68, STAND[:4], FALL, FALL + 7 * DAY, dip, lasts) == []


def test_they_were_when_two_bins_could_hush_who_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (holding, alone):
        monkeypatch.setattr(room, "LASTING", HOUR)
    monkeypatch.setattr(holding, "PART", 0.0)
    assert confirmed(0.68, STAND[:4], FALL, FALL + 7 * DAY, 0.4, 2 * HOUR)


def by_minutes(left: float, lasts: int, days: int = 1) -> list[float]:
    """When traffic of which so much is left for so long [s], every morning of some days, is confirmed while probes and
    routes stand [hours after each fall]."""
    t, rng, falls = hours(FALL // DAY + days, 900), np.random.default_rng(5), FALL + 9 * HOUR
    series = [made_rows(signal, rng.poisson(3000, len(t)).astype(float), PK, width=900) for signal in STAND[:4]]
    out = (t >= falls) & ((t - falls) % DAY < lasts)
    mean = 20_000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * np.where(out, left, 1.0)
    found = played([*series, made_rows("traffic.radar", rng.poisson(mean).astype(float), PK, width=900)]).of("PK")
    return [((outage.confirmed_at or 0) - MONDAY - falls) % DAY / HOUR for outage in found]


@pytest.mark.parametrize("left", [0.02, 0.1, 0.2])
def test_phones_that_are_cut_off_for_two_hours_are_told_before_they_are_back(left: float) -> None:
    (late,) = by_minutes(left, 2 * HOUR)
    assert late <= 1.75


@pytest.mark.parametrize("left", [0.02, 0.2])
def test_an_hour_of_it_is_only_suspected(left: float) -> None:
    assert by_minutes(left, HOUR) == []


@pytest.mark.parametrize("left", [0.3, 0.4])
def test_more_than_half_that_is_cut_off_every_morning_is_told_every_morning(left: float) -> None:
    late = by_minutes(left, 4 * HOUR, days=4)
    assert len(late) == 4
    assert max(late) <= 3.5


def test_it_was_not_when_only_daily_means_could_hush_who_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_half", lambda cells, rows, terms, part: np.zeros(terms.shape, bool))
    assert by_minutes(0.4, 4 * HOUR) == []


@pytest.mark.parametrize(("width", "small"), [(900, 0.9), (HOUR, 0.88)])
def test_what_is_only_suspected_by_a_bound_is_not_confirmed_by_it(
    width: int, small: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Routes lose three fifths, and six stand: once it was confirmed these were heard in full, and it was over."""
    t, rng, fall = hours(12, width), np.random.default_rng(5), 8 * DAY
    out = (t >= fall) & (t < fall + 10 * HOUR)
    shares = {"bgp.ris": np.where(out, 0.4, 1.0), "telescope.ioda": np.where(out, small, 1.0)}
    rows = [
        made_rows(name, rng.poisson(9000 * shares.get(name, 1.0), len(t)) / (18_000 if name == "ooni.web" else 1), PK,
                  width=width)
        for name in (*SIX, *shares)
    ]  # fmt: skip
    found = played(rows)
    (outage,) = found.outages
    assert (outage.state, found.of("PK")) == ("retracted", [])
    assert outage.probability < 0.95
    monkeypatch.setattr(Fusing, "unsure", 99.0)
    assert len(played(rows).of("PK")) > 1, "and there it began anew"


def two_of_nine(seed: int) -> int:
    """How often two kinds that stray and lose three fifths, on the third day, are confirmed where seven stand."""
    t, rng, fall = hours(4, HOUR), np.random.default_rng(seed), 2 * DAY + 13 * HOUR
    out = np.where((t >= fall) & (t < fall + 6 * HOUR), 0.4, 1.0)
    day = 1 - 0.3 * np.cos(2 * np.pi * (t / DAY - 4 / 24))
    shares = {"telescope.ioda": day * out, "bgp.ris": out, "bgp.ioda": 1.0} | dict.fromkeys(SIX, day)
    noise = {"telescope.ioda": 0.1, "bgp.ris": 0.1}
    rows = [
        made_rows(name, rng.poisson(9000 * share, len(t)) * (1 + noise.get(name, 0.02) * rng.standard_normal(len(t)))
                  / (18_000 if name == "ooni.web" else 1), PK, width=HOUR)
        for name, share in shares.items()
    ]  # fmt: skip
    return len(played(rows).of("PK"))


def test_two_kinds_that_lost_half_are_confirmed_by_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [two_of_nine(seed) for seed in range(3)] == [1, 1, 1]
    monkeypatch.setattr(weighing, "lifted", lambda deep, out, settings: np.where(out, -np.inf, settings.unsure))
    assert 0 in [two_of_nine(seed) for seed in range(3)]
