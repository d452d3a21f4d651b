"""What there is no all-clear for: days that the recording says nothing about."""

from datetime import UTC, datetime

from pipeline.bins import DAY
from pipeline.explain.no_all_clear import days_elsewhere
from pipeline.replay.coverage import Observed, Stretch

SATURDAY = int(datetime(2024, 12, 7, tzinfo=UTC).timestamp())


def test_a_mistyped_year_of_a_named_day_is_told() -> None:
    first, last = SATURDAY - 5 * DAY, SATURDAY + 4 * DAY
    seen = Observed({("traffic.radar", "region", "GH-AA"): [Stretch(first, last, 300, 3600)]}, first, last)
    assert len(list(days_elsewhere({"GH 2023-12-07": "election"}, seen, {}))) == 1
    assert not list(days_elsewhere({"GH 2024-12-07": "election"}, seen, {}))
