"""What agents tell the metrics."""

import pytest
from prometheus_client import CollectorRegistry

from pipeline.agents.noting import Noting
from pipeline.metrics import Metrics
from pipeline.records import DEAD, UP, Heartbeat, Run

NOW = 1707357600


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def beat(tense: str, status: str = UP) -> Heartbeat:
    return Heartbeat(Run(f"{tense}-1", tense), "table", 0, NOW, status)


def test_a_feed_that_is_replayed_does_not_look_like_a_live_one_that_fell_silent(registry):
    Noting(Metrics.on(registry)).note(beat("replay"), None)
    assert registry.get_sample_value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) is None


@pytest.mark.parametrize(("status", "up"), [(UP, 1.0), (DEAD, 0.0)])
@pytest.mark.parametrize("tense", ["live", "replay"])
def test_a_feed_of_the_tense_that_is_shown_is_up_or_dead(registry, tense, status, up):
    Noting(Metrics.on(registry, tense=tense)).note(beat(tense, status), None)
    assert registry.get_sample_value("netvigil_feed_up", {"feed": "table"}) == up
    assert registry.get_sample_value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) == NOW
