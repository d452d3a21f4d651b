"""What is shown of outages, for how long, and under which name."""

import pytest
from prometheus_client import CollectorRegistry

from pipeline.records import Entity
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR
from pipeline.serve.metrics import Metrics
from tests.explain.shown import PK, T, outage, verdicts

END = T + 13 * 3600
MADE = Entity("country", "PK", "PK", title="Pakistan (reconstructed)")


class Clock:
    """A clock that stands still unless it is moved [s]."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def names(registry: CollectorRegistry, metric: str) -> list[str]:
    """The names that stand on a metric's series."""
    return [s.labels["name"] for m in registry.collect() for s in m.samples if s.name == metric]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_an_end_is_shown_for_long_enough_to_be_told_however_fast_event_time_runs(registry: CollectorRegistry) -> None:
    clock = Clock()
    metrics = Metrics.on(registry, clock=clock)
    metrics.outage(outage("ended", 3, tense="replay", end=END))
    clock.now = TOLD_FOR - 1
    metrics.observe(verdicts(tense="replay", at=END + 2 * RESTORED_FOR))
    assert names(registry, "netvigil_restored_info")
    clock.now = TOLD_FOR
    metrics.observe(verdicts(tense="replay", at=END + 2 * RESTORED_FOR + 600))
    assert not names(registry, "netvigil_restored_info")


def test_an_end_is_shown_for_two_hours_of_event_time_however_long_they_take(registry: CollectorRegistry) -> None:
    clock = Clock()
    metrics = Metrics.on(registry, clock=clock)
    metrics.outage(outage("ended", 3, end=END))
    clock.now = 10 * TOLD_FOR
    metrics.observe(verdicts(at=END + RESTORED_FOR - 1200))
    assert names(registry, "netvigil_restored_info")


@pytest.mark.parametrize("state", ["confirmed", "ended"])
def test_a_place_is_named_with_its_outage_also_where_its_signals_are_not_shown(
    registry: CollectorRegistry, state: str
) -> None:
    metrics = Metrics.on(registry, tense="live")
    metrics.observe(verdicts(tense="replay"))
    metrics.outage(outage(state, tense="replay", end=END if state == "ended" else None))
    assert names(registry, "netvigil_entity_info") == ["Pakistan"]
    metrics.begin("replay")
    assert not names(registry, "netvigil_entity_info")


def test_a_replay_does_not_name_what_is_live(registry: CollectorRegistry) -> None:
    metrics = Metrics.on(registry)
    metrics.observe(verdicts((PK,)))
    metrics.observe(verdicts((MADE,), tense="replay"))
    metrics.outage(outage())
    assert names(registry, "netvigil_outage_info") == ["Pakistan"]
