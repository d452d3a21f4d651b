"""What there is no all-clear for: series that were not judged, and days that the recording says little about."""

from datetime import UTC, datetime

import pytest

from pipeline.bins import DAY
from pipeline.explain.no_all_clear import days_elsewhere, first_weekends, weekends_unseen
from pipeline.replay.coverage import Observed, Stretch

SATURDAY = int(datetime(2024, 12, 7, tzinfo=UTC).timestamp())


def observed(before: float, after: float, country: str = "GH", signal: str = "traffic.radar") -> Observed:
    """A region of a country, seen from so many days before a Saturday to so many after it has begun there."""
    first, last = int(SATURDAY - before * DAY), int(SATURDAY + after * DAY)
    return Observed({(signal, "region", f"{country}-AA"): [Stretch(first, last, 300, 3600)]}, first, last)


@pytest.mark.parametrize(
    ("before", "said"), [(0, "no weekend"), (6.5, "no weekend"), (8, "only one"), (13, "only one"), (14, ""), (30, "")]
)
def test_a_named_weekend_is_told_where_fewer_than_two_before_it_were_read(before: float, said: str) -> None:
    found = list(weekends_unseen({"GH 2024-12-07": "election"}, observed(before, 2), {}))
    assert [one[: len(said) + 35] for one in found] == [f"GH 2024-12-07 is on a weekend, and {said}"] * bool(said)


@pytest.mark.parametrize("day", ["GH 2024-12-06", "GH 2024-12-09", "TG 2024-12-07", "GH 2024-12-14", "GH 2024-11-30"])
def test_nothing_is_said_of_a_working_day_another_country_or_a_day_that_was_not_read(day: str) -> None:
    assert not list(weekends_unseen({day: "election"}, observed(5, 4), {}))


def test_the_weekend_is_that_of_the_country_and_a_mistyped_year_is_told() -> None:
    days = {f"IQ 2024-12-0{day}": "protest" for day in (6, 7, 8)}
    found = [sentence[:13] for sentence in weekends_unseen(days, observed(5, 4, "IQ"), {})]
    assert found == ["IQ 2024-12-06", "IQ 2024-12-07"]
    assert len(list(days_elsewhere({"GH 2023-12-07": "election"}, observed(5, 4), {}))) == 1
    assert not list(days_elsewhere({"GH 2024-12-07": "election"}, observed(5, 4), {}))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (5, 0.5, "2024-12-07"), (5, 6.5, "2024-12-07"), (5, 8, ""), (2, -0.1, ""), (2.1, 0.05, "2024-12-07"),
        (8, 2, ""), (0.5, 0.9, "2024-12-07"), (0.5, 0.4, ""), (0, 1.5, "2024-12-08"), (-2, 8, "2024-12-14"),
    ],
)  # fmt: skip
def test_a_first_weekend_is_told_until_a_week_after_it(before: float, after: float, said: str) -> None:
    found = list(first_weekends({}, observed(before, after), {}))
    assert [sentence[18:].partition(" ")[0] for sentence in found] == ([said] if said else [])
    assert not list(first_weekends({f"GH {said or '2024-12-07'}": "election"}, observed(before, after), {}))
    assert not list(first_weekends({}, observed(before, after, signal="bgp.ris"), {})), "routes have no weekend"
