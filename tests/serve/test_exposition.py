"""How long an end is shown, and under which name a place is."""

import pytest
from prometheus_client import CollectorRegistry

from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR
from pipeline.serve.metrics import Metrics
from tests.explain.shown import PK, T, outage, verdicts

END = T + 13 * 3600


def names(registry: CollectorRegistry, metric: str) -> list[str]:
    """The label ``name`` of the series of a metric."""
    return [s.labels["name"] for m in registry.collect() for s in m.samples if s.name == metric]


@pytest.mark.parametrize(
    ("past_end", "waited", "is_shown"),
    [(RESTORED_FOR, TOLD_FOR - 1, True), (RESTORED_FOR, TOLD_FOR, False), (RESTORED_FOR - 600, 10 * TOLD_FOR, True)],
)
def test_an_end_is_shown_for_two_hours_of_event_time_and_a_quarter_hour_of_the_clock(past_end, waited, is_shown):
    now, registry = [0.0], CollectorRegistry()
    metrics = Metrics.on(registry, clock=lambda: now[0])
    metrics.outage(outage("ended", 3, end=END))
    now[0] = waited
    metrics.observe(verdicts(at=END + past_end - 600))
    assert bool(names(registry, "netvigil_restored_info")) is is_shown


@pytest.mark.parametrize("state", ["confirmed", "ended"])
def test_a_place_in_an_outage_has_its_name_even_if_its_signals_are_not_shown(state: str) -> None:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry, tense="live")
    metrics.observe(verdicts(tense="replay"))
    metrics.outage(outage(state, tense="replay", end=END if state == "ended" else None))
    assert names(registry, "netvigil_entity_info") == ["Pakistan"]
    metrics.begin("replay")
    assert not names(registry, "netvigil_entity_info")


def test_a_replay_does_not_rename_a_live_place() -> None:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry)
    metrics.observe(verdicts((PK,)))
    metrics.observe(verdicts((PK._replace(title="Pakistan (reconstructed)"),), tense="replay"))
    metrics.outage(outage())
    assert names(registry, "netvigil_outage_info") == ["Pakistan"]
