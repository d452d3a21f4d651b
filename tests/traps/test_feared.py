"""On a day that matters half of the traffic that is gone at once is out, though nobody knows two weeks of past yet."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion import holding, prior, sudden
from pipeline.records import Entity, Outage
from pipeline.settings import Fusing, Judging, Settings
from tests.worlds import HOUR, MONDAY, PK, Series, hours, made_rows, played

STAND = ("bgp.ris", "bgp.routeviews", "telescope.ioda", "probing.ioda")
MIDNIGHT = 3 * DAY - 5 * HOUR
"""When the fourth day of what is recorded begins in Pakistan, 11 January [s]."""


Regions = tuple[Entity, ...]


def series(left: np.ndarray, width: int, *of: Entity, days: int = 5) -> Series:
    """Who stands, and the traffic of which only so much is ``left (t,)``: of the country, or of each of these."""
    t, rng = hours(days, width), np.random.default_rng(5)
    shape, mean = (len(t), len(of) or 1), (20_000 * day(t) * left)[:, None]
    stand = [made_rows(signal, rng.poisson(3000, shape).astype(float), *of, width=width) for signal in STAND]
    return [*stand, made_rows("traffic.radar", rng.poisson(mean, shape).astype(float), *of, width=width)]


def day(t: np.ndarray) -> np.ndarray:
    """The traffic of days by the clock of Pakistan, which rises from five to ten ``(t,)``."""
    return np.interp((t / HOUR + 5) % 24, [0, 4, 5, 10, 20, 24], [0.5, 0.35, 0.4, 1.0, 1.1, 0.5])


def told(made: Series, *feared: str) -> list[Outage]:
    """Confirmed outages of the country, where these of its days are named."""
    return played(made, Settings(fusing=Fusing(days={f"PK {each}": "election" for each in feared}))).of("PK")


def cut(fall: int, lasts: int, left: float = 0.42, width: int = 900, ramp: int = 0, of: Regions = ()) -> Series:
    """Only so much is left for so long, after a fall that takes ``ramp`` [s]."""
    t = hours(5, width)
    gone = np.clip((t - fall + width) / max(ramp, width), 0, 1) * (t < fall + lasts)
    return series(1 - (1 - left) * gone, width, *of)


@pytest.mark.parametrize(("width", "first"), [(900, 1), (3600, 2)])
@pytest.mark.parametrize("at", [2, 9, 13])
def test_half_of_it_is_out_from_the_second_day_on_and_in_bins_of_an_hour_from_the_third(
    width: int, first: int, at: int
) -> None:  # fmt: skip
    fall = first * DAY + at * HOUR
    (outage,) = told(cut(fall, 6 * HOUR, 0.38, width), "2024-01-09", "2024-01-10", "2024-01-11")
    assert (outage.start, outage.end) == (MONDAY + fall, MONDAY + fall + 6 * HOUR)
    assert outage.confirmed_at == MONDAY + fall + 3 * HOUR


def test_on_a_day_like_any_other_it_may_be_a_weekend_and_is_only_suspected() -> None:
    assert told(cut(MIDNIGHT + 9 * HOUR, 6 * HOUR), "2024-01-12") == []


def test_nor_is_it_where_only_daily_means_could_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudden, "least", lambda width, apart: 2.0)
    assert told(cut(MIDNIGHT + 9 * HOUR, 6 * HOUR), "2024-01-11") == []


@pytest.mark.parametrize("before", [1, 7])
def test_a_cut_of_the_evening_before_is_out_once_the_day_has_come(before: int) -> None:
    (outage,) = told(cut(MIDNIGHT - before * HOUR, 20 * HOUR), "2024-01-11")
    assert outage.start == MONDAY + MIDNIGHT - before * HOUR
    assert 0 <= (outage.confirmed_at or 0) - MONDAY - MIDNIGHT <= 3 * HOUR


@pytest.mark.parametrize(("after", "count"), [(1, 1), (5, 1), (7, 0)])
def test_so_is_one_of_the_night_in_which_votes_are_counted_and_none_of_the_morning_after(
    after: int, count: int
) -> None:  # fmt: skip
    fall = MIDNIGHT + DAY + after * HOUR
    found = told(cut(fall, 8 * HOUR), "2024-01-11")
    assert [(each.start - MONDAY, each.end) for each in found] == [(fall, MONDAY + fall + 8 * HOUR)] * count


@pytest.mark.parametrize("code", ["GH", "NG", "BR"])
def test_so_it_is_wherever_midnight_is(code: str) -> None:
    midnight, here = 3 * DAY - {"GH": 0, "NG": 1, "BR": -3}[code] * HOUR, Entity("country", code, code)
    for fall in (midnight + DAY + HOUR, midnight - HOUR):
        found = played(cut(fall, 8 * HOUR, of=(here,)), Settings(fusing=Fusing(days={f"{code} 2024-01-11": "coup"})))
        assert [each.start - MONDAY for each in found.of(code)] == [fall]


def behind(before: float, begins: int, *feasts: str) -> list[Outage]:
    """So much is left from noon on, and two fifths since some hour [s] of the next day, which may be a feast."""
    t, next_ = hours(6, 900), MIDNIGHT + DAY
    left = np.where((t >= MIDNIGHT + 12 * HOUR) & (t < next_ + begins), before, 1.0)
    left = np.where((t >= next_ + begins) & (t < next_ + DAY), 0.42, left)
    feared = Fusing(days={"PK 2024-01-11": "election"})
    return played(series(left, 900, days=6), Settings(judging=Judging(holidays=feasts), fusing=feared)).of("PK")


def test_what_is_suspected_on_it_makes_no_outage_of_a_quiet_day_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert behind(0.76, 6 * HOUR) == []
    monkeypatch.setattr(prior, "AFTER", 2 * DAY)
    assert len(behind(0.76, 6 * HOUR)) == 1


def test_nor_of_a_feast_in_the_night_behind_it() -> None:
    assert behind(0.76, 0, "PK 2024-01-12") == []
    assert len(behind(0.76, 0)) == 1


@pytest.mark.parametrize("left", [0.6, 0.7])
def test_less_than_half_of_it_is_only_suspected(left: float) -> None:
    assert told(cut(MIDNIGHT + 9 * HOUR, 11 * HOUR, left), "2024-01-11") == []


def slept_in(late: int, level: float, width: int = 900) -> Series:
    """The morning of that day comes so many hours late, and the day is quieter."""
    t = hours(5, width)
    on = (t >= MIDNIGHT) & (t < MIDNIGHT + DAY)
    return series(np.where(on, np.minimum(1, day(t - late * HOUR) / day(t)) * level, 1.0), width)


@pytest.mark.parametrize("width", [900, 1800])
@pytest.mark.parametrize(("late", "level"), [(2, 0.85), (3, 0.85), (4, 0.85), (4, 1.0)])
def test_a_free_day_on_which_people_sleep_in_is_none(late: int, level: float, width: int) -> None:
    assert told(slept_in(late, level, width), "2024-01-11") == []


def test_it_was_one_when_it_did_not_have_to_fall_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudden, "least", lambda width, apart: 0.0)
    assert len(told(slept_in(4, 0.85), "2024-01-11")) == 1


@pytest.mark.parametrize(
    ("width", "left", "ramp", "count"),
    [(900, 0.4, 1, 1), (900, 0.4, 3, 0), (900, 0.46, 2, 0), (1800, 0.4, 1, 1), (1800, 0.4, 3, 0), (1800, 0.46, 3, 0)],
)
def test_what_falls_for_hours_is_only_suspected(width: int, left: float, ramp: int, count: int) -> None:
    made = cut(MIDNIGHT + 8 * HOUR, 12 * HOUR, left, width, ramp * HOUR)
    assert len(told(made, "2024-01-11")) == count


def test_phones_that_are_cut_off_while_a_third_is_away_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    t, opened = hours(5, 900), MIDNIGHT + 5 * HOUR
    left = np.where((t >= opened) & (t < opened + 15 * HOUR), 0.65, 1.0)
    made = series(np.where((t >= opened + 6 * HOUR) & (t < opened + 15 * HOUR), 0.33, left), 900)
    (outage,) = told(made, "2024-01-11")
    assert (outage.start, outage.end) == (MONDAY + opened + 6 * HOUR, MONDAY + opened + 15 * HOUR)
    assert (outage.confirmed_at or 0) <= outage.start + 4 * HOUR
    monkeypatch.setattr(holding, "PART", holding.GREAT_PART)
    assert told(made, "2024-01-11") == []


def two_hours_in(width: int) -> list[Outage]:
    """Seven tenths are left since the polls have opened, and two hours later phones are cut off."""
    t, opened = hours(5, width), MIDNIGHT + 8 * HOUR
    left = np.where((t >= opened) & (t < opened + 12 * HOUR), 0.7, 1.0)
    return told(series(np.where((t >= opened + 2 * HOUR) & (t < opened + 9 * HOUR), 0.36, left), width), "2024-01-11")


@pytest.mark.parametrize("width", [900, 1800])
def test_what_is_cut_off_soon_after_the_polls_have_opened_is_out(width: int) -> None:
    (outage,) = two_hours_in(width)
    assert (outage.confirmed_at or 0) - MONDAY - MIDNIGHT <= 13 * HOUR


def test_it_was_not_when_it_had_to_fall_from_its_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudden, "DROP", 0.45)
    assert two_hours_in(900) == []


def blocked(*others: float) -> list[Outage]:
    """One source of traffic loses more than half, and of others so much is left."""
    t, fall = hours(5, 900), MIDNIGHT + 9 * HOUR
    made, rng = cut(fall, 6 * HOUR), np.random.default_rng(6)
    for n, left in enumerate(others):
        mean = 5000 * day(t) * np.where((t >= fall) & (t < fall + 6 * HOUR), left, 1.0)
        made.append(made_rows(f"traffic.other{n}", rng.poisson(mean).astype(float), width=900))
    return told(made, "2024-01-11")


def test_one_service_that_is_blocked_while_another_one_stands_is_only_suspected() -> None:
    assert [len(blocked(*others)) for others in ((), (0.45,), (1.0,), (1.3,))] == [1, 1, 0, 0]


def test_they_were_out_when_one_source_was_as_good_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_of_one_source", lambda cells, rows, terms, now: np.zeros(terms.shape, bool))
    assert len(blocked(1.0)) == 1


@pytest.mark.parametrize(("since", "left", "count"), [(10, 0.42, 1), (10, 0.62, 0), (30, 0.42, 0)])
def test_what_was_half_gone_before_the_day_has_to_be_so_still_and_not_for_long(
    since: int, left: float, count: int
) -> None:  # fmt: skip
    t = hours(5, 900)
    lost = np.where((t >= MIDNIGHT - since * HOUR) & (t < MIDNIGHT - 2 * HOUR), 0.42, 1.0)
    lost = np.where((t >= MIDNIGHT - 2 * HOUR) & (t < MIDNIGHT + 10 * HOUR), left, lost)
    assert len(told(series(lost, 900), "2024-01-11")) == count


def test_a_network_may_be_one_of_offices_and_is_only_suspected() -> None:
    made = cut(MIDNIGHT + 9 * HOUR, 6 * HOUR, of=(PK, Entity("asn", "AS17557", "PK")))
    found = played(made, Settings(fusing=Fusing(days={"PK 2024-01-11": "election"})))
    assert len(found.of("PK")) == 1
    assert found.of("AS17557") == []


def test_regions_of_a_country_that_has_no_row_are_out_with_it() -> None:
    regions = tuple(Entity("region", f"PK-{name}", "PK") for name in ("PB", "SD", "KP", "BA", "IS", "GB", "JK"))
    made = cut(MIDNIGHT + 9 * HOUR, 6 * HOUR, of=regions)
    found = played(made, Settings(fusing=Fusing(days={"PK 2024-01-11": "election"}))).outages
    assert {each.entity for each in found if each.confirmed_at} == {"PK"} | {each.name for each in regions}
