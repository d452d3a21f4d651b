"""The calendar: weekends, and the kinds of days."""

from datetime import date, timedelta

import pytest

from detectors.base import HOLIDAY
from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.geo.calendar import Almanac, Day, is_weekend
from pipeline.settings import Calendar

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
def test_a_day_is_a_holiday_or_one_that_matters(days: dict[str, str], public: bool, kinds: dict[str, str]) -> None:
    almanac = Calendar(days, (f"PK {NAMED}",), public).almanac
    for day, kind in kinds.items():
        time = seconds(f"{day}T08:00:00Z")
        assert almanac.kind("PK", time) == kind
        today = almanac.today("PK", time)
        assert (today.kind >= HOLIDAY, today.matters) == (kind == "holiday", kind.replace("holiday", ""))


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
    week = [date.fromisoformat(day) + timedelta(days=n) for n in range(7)]
    assert sorted(one.weekday() for one in week if is_weekend(country, one)) == weekend
