"""The calendar: weekends, and one kind of day for detectors and fusion."""

import numpy as np
import pytest

from detectors.base import HOLIDAY, WEEKEND, WORKDAY
from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.engine import Engine
from pipeline.geo.calendar import Almanac, Day, calendar
from pipeline.settings import Fusing, Judging, Settings

NAMED, PUBLIC, PLAIN = "2024-02-20", "2024-02-05", "2024-02-21"
"""Days in Pakistan: the first is a holiday only where the settings name it."""


@pytest.mark.parametrize(
    ("days", "public", "kinds"),
    [
        ({}, True, {NAMED: "holiday", PUBLIC: "holiday", PLAIN: ""}),
        ({}, False, {NAMED: "holiday", PUBLIC: "", PLAIN: ""}),
        ({f"PK {PUBLIC}": "election"}, True, {NAMED: "holiday", PUBLIC: "election", PLAIN: ""}),
        ({f"PK {NAMED}": "protest", f"PK {PLAIN}": "coup"}, True, {NAMED: "protest", PUBLIC: "holiday", PLAIN: "coup"}),
    ],
)
def test_a_day_is_of_one_kind_to_slow_detectors_and_to_fusion(
    days: dict[str, str], public: bool, kinds: dict[str, str]
) -> None:
    judging = Judging(holidays=(f"PK {NAMED}",), public_holidays=public)
    engine = Engine(Settings(judging=judging, fusing=Fusing(days=days)))
    for day, kind in kinds.items():
        time = seconds(f"{day}T08:00:00Z")
        assert engine.almanac().kind("PK", time) == kind
        _, number = engine.judge().slow_calendar(("PK",), np.array([time]))
        assert number.item() == (HOLIDAY if kind == "holiday" else WORKDAY)


def test_holidays_that_follow_one_another_are_one_feast_also_over_the_end_of_a_year() -> None:
    almanac = Almanac(["NL 2024-12-30", "NL 2024-12-31"], matter={"NL 2025-01-02": "protest"})
    noon = seconds("2025-01-01T12:00:00Z") // DAY
    begin, new_year = seconds("2024-12-29T23:00:00Z"), seconds("2025-01-01T23:00:00Z")
    assert almanac.around("NL", noon - 7, noon + 1)[-2:] == (
        Day(begin, new_year, "holiday"), Day(new_year, new_year + DAY, "protest")
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
    assert sorted((slot // DAY)[kind == WEEKEND].tolist()) == weekend
