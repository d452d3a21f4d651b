"""The calendar: weekends, and one kind of day for detectors, prior and likeness."""

from dataclasses import replace

import numpy as np
import pytest

import detectors.base
from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.engine import Engine
from pipeline.fusion import FuseStage
from pipeline.fusion.likeness import Event, likeness
from pipeline.fusion.prior import Prior
from pipeline.fusion.roll import Roll
from pipeline.geo.calendar import HOLIDAY, Almanac, Day, calendar
from pipeline.records import Entity, Outage, Run
from pipeline.settings import Fusing, Judging, Settings
from tests.judge.verdicts import verdicts

HOUR = 3600
PROBING = "probing.ioda"
NAMED, PUBLIC, PLAIN = ("2024-02-20", "2024-02-05", "2024-02-21")
"""Days in Pakistan: the first is free where the settings say so."""


def at(day: str, hour: int = 8) -> int:
    return seconds(f"{day}T{hour:02}:00:00Z")


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("named", [(), (f"PK {NAMED}",)])
@pytest.mark.parametrize("day", [NAMED, PUBLIC, PLAIN])
def test_a_holiday_is_one_to_slow_detectors_and_to_the_prior_alike(
    named: tuple[str, ...], public: bool, day: str
) -> None:
    engine = Engine(Settings(judging=Judging(holidays=named, public_holidays=public)))
    is_free = (day == NAMED and bool(named)) or (day == PUBLIC and public)
    _, kind = engine.judge().slow_calendar(("PK",), np.array([at(day)]))
    assert (kind[0, 0] == detectors.base.HOLIDAY) == is_free
    frame = verdicts(PROBING, "..LL", run=Run("r", "replay", (PROBING,)), at=at(day))
    frame = replace(frame, detector=engine.settings.judging.detector)
    *_, outage = (out for out in engine.fuse(0).step(frame) if isinstance(out, Outage))
    assert ("day.holiday" in {term.signal for term in outage.signals}) == is_free


@pytest.mark.parametrize("day", [NAMED, PUBLIC])
def test_a_day_that_matters_is_no_holiday_to_any_detector(day: str) -> None:
    judging = Judging(holidays=(f"PK {NAMED}",))
    for days, kinds in ({}, {detectors.base.HOLIDAY}), ({f"PK {day}": "protest"}, {detectors.base.WORKDAY}):
        judge = Engine(Settings(judging=judging, fusing=Fusing(days=days))).judge()
        calendars = [judge.slow_calendar] + [judge.calendar] * (day == NAMED)
        assert {calendar(("PK",), np.array([at(day)]))[1].item() for calendar in calendars} == kinds


@pytest.mark.parametrize(
    ("country", "time", "width"),
    [("RU", "2024-03-14T22:00:00Z", 300), ("US", "2024-03-15T00:00:00Z", DAY), ("US", "2024-03-16T03:00:00Z", 300)],
)  # fmt: skip
def test_a_country_of_several_zones_has_one_day_for_prior_and_likeness(country: str, time: str, width: int) -> None:
    """That of the zone which most of it lives by; of a bin of a day the one that most of it is of."""
    almanac, start, roll = Almanac(matter={f"{country} 2024-03-15": "election"}), seconds(time), Roll()
    roll.enter(Entity("country", country, country))
    middle = start + width // 2
    term = Prior(roll, Fusing(), almanac).term(0, middle, middle)
    signs = likeness(Event("country", country, start, start + HOUR, False, (), width, 0.0, ()), almanac)
    assert (term and term.signal, [sign.name for sign in signs]) == ("day.election", ["election"])


def test_a_day_that_matters_does_so_though_it_is_free() -> None:
    almanac = Almanac(["PK 2024-02-20"], matter={"PK 2024-02-20": "protest", "PK 2024-02-05": "election"})
    assert [almanac.kind("PK", at(day)) for day in (NAMED, PUBLIC, PLAIN)] == ["protest", "election", ""]


def test_holidays_that_follow_one_another_are_one_feast_also_over_the_end_of_a_year() -> None:
    almanac = Almanac(["NL 2024-12-30", "NL 2024-12-31"], matter={"NL 2025-01-02": "protest"})
    noon = seconds("2025-01-01T12:00:00Z") // DAY
    begin, new_year = seconds("2024-12-29T23:00:00Z"), seconds("2025-01-01T23:00:00Z")
    assert almanac.around("NL", noon - 7, noon + 1)[-2:] == (
        Day(begin, new_year, HOLIDAY), Day(new_year, new_year + DAY, "protest")
    )  # fmt: skip
    christmas = almanac.around("NL", noon - 7, noon)[0]
    assert (christmas.end - christmas.start, christmas.end < begin) == (2 * DAY, True)


@pytest.mark.parametrize(
    ("country", "day", "weekend"),
    [
        ("PK", "2024-02-08", [5, 6]), ("", "2024-02-08", [5, 6]), ("IQ", "2023-08-20", [4, 5]),
        ("IR", "2022-09-16", [4]), ("VE", "2019-03-07", [5, 6]), ("LY", "2011-02-17", [4, 5]),
        ("SA", "2011-03-11", [3, 4]), ("SA", "2020-01-01", [4, 5]), ("AE", "2021-06-01", [4, 5]),
        ("AE", "2022-06-01", [5, 6]), ("MR", "2013-06-01", [4, 5]), ("MR", "2024-06-01", [5, 6]),
    ],
)  # fmt: skip
def test_the_weekend_is_that_of_the_country_at_that_time(country: str, day: str, weekend: list[int]) -> None:
    days = seconds(f"{day}T12:00:00Z") + DAY * np.arange(7)
    slot, kind = calendar((country,), days)
    assert sorted((slot // DAY)[kind == detectors.base.WEEKEND].tolist()) == weekend


def test_without_an_almanac_fusion_knows_public_holidays_and_the_days_of_its_settings() -> None:
    almanac = FuseStage(0, Fusing(days={f"PK {PLAIN}": "coup"})).almanac
    assert [almanac.kind("PK", at(day)) for day in (NAMED, PUBLIC, PLAIN)] == ["", HOLIDAY, "coup"]
