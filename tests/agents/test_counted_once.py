"""After a rebalance a stage goes on from its snapshot: what it says again is shown again, and counted once."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from pipeline.agents.host import Host
from pipeline.agents.metrics import WorkerMetrics
from pipeline.agents.snapshots import Snapshots
from pipeline.records import UP, Entity, Frame, Heartbeat, Outage, Rows, Run
from pipeline.serve.exposition import REMEMBERED
from pipeline.serve.metrics import Metrics
from pipeline.signals.binning import BinStage
from pipeline.signals.series import Series
from tests.agents.hosts import Changelog, Event, run, table
from tests.explain.shown import T, outage

RUN = Run("live", "live", ("probing.ioda",))
SUSPECTED, CONFIRMED = outage("suspected", 1, confirmed_at=None), outage()
ENDED = outage("ended", 3, end=T + 7200)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics.on(registry)


def came(registry: CollectorRegistry, state: str) -> float | None:
    labels = {"entity_type": "country", "tense": "live", "state": state}
    return registry.get_sample_value("netvigil_outages_total", labels)


def latencies(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("netvigil_detection_latency_seconds_count", {"tense": "live"})


@pytest.mark.parametrize("saved", [[], [SUSPECTED], [CONFIRMED]])
def test_an_outage_that_is_told_again_after_a_rebalance_is_counted_once(
    registry: CollectorRegistry, metrics: Metrics, saved: list[Outage]
) -> None:
    told = [SUSPECTED, CONFIRMED, ENDED]
    for revision in told:
        metrics.outage(revision)
    for _ in range(2):
        metrics.forget()
        metrics.resume("live", saved)
        for revision in told:
            metrics.outage(revision)
    assert [came(registry, state) for state in ("suspected", "confirmed", "ended")] == [1, 1, 1]
    assert latencies(registry) == 1


def test_what_is_told_again_is_shown_as_it_is_told(registry: CollectorRegistry, metrics: Metrics) -> None:
    for revision in (SUSPECTED, CONFIRMED):
        metrics.outage(revision)
    metrics.forget()
    metrics.resume("live", [SUSPECTED])
    labels = {"entity_type": "country", "entity": "PK", "kind": "mobile", "tense": "live"}
    assert registry.get_sample_value("netvigil_outage_active", labels) == 0
    metrics.outage(CONFIRMED)
    assert registry.get_sample_value("netvigil_outage_active", labels) == 1


def test_what_is_fresh_after_a_rebalance_is_counted(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(SUSPECTED)
    metrics.forget()
    metrics.resume("live", [SUSPECTED])
    metrics.outage(CONFIRMED)
    assert (came(registry, "suspected"), came(registry, "confirmed"), latencies(registry)) == (1, 1, 1)


def test_the_next_run_of_a_tense_counts_its_outages_anew(registry: CollectorRegistry, metrics: Metrics) -> None:
    for _ in range(2):
        metrics.outage(CONFIRMED)
        metrics.begin("live")
    assert came(registry, "confirmed") == 2


def test_what_was_counted_is_remembered_only_so_far(metrics: Metrics) -> None:
    for i in range(REMEMBERED + 10):
        metrics.shown.take(outage("ended", id=str(i), end=T))
    metrics.forget()
    assert len(metrics.shown.counted) == REMEMBERED


def rows(*times: int) -> Rows:
    at = np.array(times)
    zeros = np.zeros(len(at), np.int32)
    return Rows(RUN, "table", 0, "probing.ioda", 600, (), 0, (Entity("country", "PK"),), at, zeros, np.ones(len(at)))


def test_records_that_are_read_again_after_a_rebalance_are_counted_once(registry: CollectorRegistry) -> None:
    told = WorkerMetrics(Metrics.on(registry))
    frames: list[Frame] = [
        rows(0, 600), Heartbeat(RUN, "table", 0, 1200, UP, RUN.signals), rows(0, 1200, 1800), rows(600, 2400),
    ]  # fmt: skip

    async def emit(output: object, frame: Frame | None, source: bytes) -> list[object]:
        told.note(frame, output, source)
        return []

    def counted() -> tuple[float | None, float | None]:
        names = ("netvigil_feed_messages_total", "netvigil_late_records_total")
        messages, late = (registry.get_sample_value(name, {"feed": "table"}) for name in names)
        return messages, late

    async def story() -> None:
        snapshots = Snapshots(table(Changelog()))
        host = Host(
            "table", "bin-table", lambda partition: BinStage(partition, Series), snapshots,
            lambda number: frames[int(number)], emit,  # type: ignore[arg-type]
        )  # fmt: skip
        for saved_at in (1, 2):
            for offset in range(3):
                await host.take(Event(offset, b"%d" % offset))
                if offset == saved_at:
                    await host.save_due(anyway=True)
            assert counted() == (5, 1)
            told.forget()
            host.begin([0])
        await host.take(Event(3, b"3"))
        assert counted() == (7, 2)

    run(story())
