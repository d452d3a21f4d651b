"""Shapes of shutdowns that were published, laid over two years of real traffic: one outage each, and nothing after it.

The shapes are those of Gabon 2023, Kazakhstan 2022, Senegal 2023, Bangladesh 2024 and Iran 2019, as newsrooms and
measurement teams told them; the traffic is that of countries where nothing happened.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.records import Outage
from tests.detectors.real import stamp
from tests.worlds import Series, between, case, played

HOUR = 3600


class Part(NamedTuple):
    """What is left of all, from one time to another [s]: at first, and at last [0-1]."""

    start: int
    end: int
    left: float
    last: float


def part(start: str, end: str, left: float, last: float | None = None) -> Part:
    return Part(stamp(f"{start}:00Z"), stamp(f"{end}:00Z"), left, left if last is None else last)


WEEKEND_OF_AN_ELECTION = [part("2023-08-26T20:00", "2023-08-30T06:00", 0.05)]
OFF_BUT_FOR_FOUR_HOURS_A_NIGHT = [
    each
    for day in range(5, 9)
    for each in (
        part(f"2024-01-0{day}T12:00", f"2024-01-0{day + 1}T00:00", 0.05),
        part(f"2024-01-0{day + 1}T00:00", f"2024-01-0{day + 1}T04:00", 0.6),
        part(f"2024-01-0{day + 1}T04:00", f"2024-01-0{day + 1}T12:00", 0.1),
    )
]
PHONES_FIRST_THEN_ALL_THEN_NO_PHONES = [
    part("2023-07-17T18:00", "2023-07-18T14:00", 0.75),
    part("2023-07-18T14:00", "2023-07-23T18:00", 0.02),
    part("2023-07-23T18:00", "2023-07-28T08:00", 0.6),
]
ONE_OPERATOR_AFTER_THE_OTHER = [
    part("2023-11-16T10:00", "2023-11-17T10:00", 1.0, 0.05),
    part("2023-11-17T10:00", "2023-11-21T10:00", 0.05),
    part("2023-11-21T10:00", "2023-11-24T10:00", 0.05, 1.0),
]
EVERY_EVENING = [part(f"2023-06-0{day}T12:00", f"2023-06-0{day + 1}T00:00", 0.4) for day in range(2, 8)]


def laid_over(data: Path, name: str, parts: list[Part]) -> Series:
    """Two months before, and three weeks after."""
    (rows,) = between(case(data, name), parts[0].start - 60 * DAY, parts[-1].end + 21 * DAY)
    left = np.ones(len(rows))
    for own in parts:
        inside = (rows.time >= own.start) & (rows.time < own.end)
        ramp = (rows.time[inside] - own.start) / (own.end - own.start)
        left[inside] = own.left + (own.last - own.left) * ramp
    return [replace(rows, value=rows.value * left)]


def found(data: Path, name: str, parts: list[Part]) -> list[Outage]:
    """All outages of it but suspicions that were taken back."""
    return [outage for outage in played(laid_over(data, name, parts)).outages if outage.confirmed_at]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["control-youtube-ge", "control-youtube-nl"])
@pytest.mark.parametrize(
    ("parts", "late", "early_end", "late_end"),
    [
        (WEEKEND_OF_AN_ELECTION, 0, 0, 0),
        (OFF_BUT_FOR_FOUR_HOURS_A_NIGHT, 0, 0, 2),
        (PHONES_FIRST_THEN_ALL_THEN_NO_PHONES, 0, 0, 24),
        (ONE_OPERATOR_AFTER_THE_OTHER, 10, 18, 0),
    ],
    ids=["election", "kazakhstan", "bangladesh", "iran"],
)  # fmt: skip
def test_it_is_one_outage_that_ends_with_it(
    data: Path, name: str, parts: list[Part], late: int, early_end: int, late_end: int
) -> None:
    (outage,) = found(data, name, parts)
    assert 0 <= outage.start - parts[0].start <= late * HOUR
    assert outage.end is not None
    # over GE it comes back on a public holiday, which is a day like any other to the first detector
    on_a_holiday = 12 if name.endswith("-ge") else 0
    early_end += on_a_holiday if parts is ONE_OPERATOR_AFTER_THE_OTHER else 0
    assert -early_end * HOUR <= outage.end - parts[-1].end <= late_end * HOUR
    assert outage.severity > 0.9
    assert outage.kind != "throttle"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["control-youtube-ge", "control-youtube-nl"])
def test_every_evening_is_an_outage_of_its_own_and_no_throttling(data: Path, name: str) -> None:
    outages = found(data, name, EVERY_EVENING)
    assert [(outage.start, outage.end) for outage in outages] == [(own.start, own.end) for own in EVERY_EVENING]
    assert all(outage.kind != "throttle" for outage in outages)
    first, *others = [(outage.confirmed_at or 0) - outage.start for outage in outages]
    assert first <= 6 * HOUR
    assert max(others) <= 2 * HOUR
