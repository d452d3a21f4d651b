"""What agents tell the metrics."""

import pytest
from prometheus_client import CollectorRegistry

from pipeline.agents import metrics as module
from pipeline.agents.metrics import LINGER, WorkerMetrics
from pipeline.fusion import FuseStage, Missed
from pipeline.records import DEAD, UP, Entity, Heartbeat, Outage, Progress, Run
from pipeline.serve.metrics import Metrics
from pipeline.settings import Fusing
from pipeline.signals.binning import BinStage
from pipeline.signals.series import Series
from tests.judge.verdicts import verdicts

NOW = 1707357600


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def beat(tense: str, status: str = UP) -> Heartbeat:
    return Heartbeat(Run(f"{tense}-1", tense), "table", 0, NOW, status)


def test_a_feed_that_is_replayed_does_not_look_like_a_live_one_that_fell_silent(registry):
    WorkerMetrics(Metrics.on(registry)).note(beat("replay"), None)
    assert registry.get_sample_value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) is None


@pytest.mark.parametrize(("status", "up"), [(UP, 1.0), (DEAD, 0.0)])
@pytest.mark.parametrize("tense", ["live", "replay"])
def test_a_feed_of_the_tense_that_is_shown_is_up_or_dead(registry, tense, status, up):
    noting = WorkerMetrics(Metrics.on(registry, tense=tense))
    noting.note(beat(tense), None)
    noting.note(beat(tense, status), None)
    assert registry.get_sample_value("netvigil_feed_up", {"feed": "table"}) == up
    assert registry.get_sample_value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) == NOW


LABELS = {"entity_type": "country", "entity": "PK", "kind": "mobile"}


def left_open(told: WorkerMetrics, tense: str, run: str = "", ended: bool = True) -> None:
    """A run in which an outage is open, and stays so at its end."""
    last = Heartbeat(Run(run or f"{tense}-1", tense), "table", 0, NOW)
    told.note(last, Outage("id", "country", "PK", "confirmed", "mobile", tense, NOW, None, NOW, NOW, 0.9, 0.5, (), 2))
    told.note(last, Progress(last.run.id, 0, NOW, ended=ended))


@pytest.mark.parametrize("tense", ["replay", "drill"])
def test_an_outage_that_is_open_at_the_end_of_a_recording_is_not_told_for_ever(registry, monkeypatch, tense):
    monkeypatch.setattr(module.time, "monotonic", lambda: 1000.0)
    told = WorkerMetrics(Metrics.on(registry))
    left_open(told, tense)
    told.tidy(1000.0 + LINGER - 1)
    assert registry.get_sample_value("netvigil_outage_active", LABELS | {"tense": tense}) == 1
    told.tidy(1000.0 + LINGER)
    assert registry.get_sample_value("netvigil_outage_active", LABELS | {"tense": tense}) is None


def test_what_is_live_stays_whatever_ended(registry, monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: 1000.0)
    told = WorkerMetrics(Metrics.on(registry))
    for tense in ("live", "replay"):
        left_open(told, tense)
    told.tidy(1e9)
    assert registry.get_sample_value("netvigil_outage_active", LABELS | {"tense": "live"}) == 1


def test_a_newer_replay_is_not_taken_away_with_the_one_before(registry, monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: 1000.0)
    told = WorkerMetrics(Metrics.on(registry))
    left_open(told, "replay", "first")
    left_open(told, "replay", "second", ended=False)
    told.tidy(1000.0 + LINGER)
    assert registry.get_sample_value("netvigil_outage_active", LABELS | {"tense": "replay"}) == 1


def test_an_open_outage_of_a_network_keeps_its_country_over_a_restart_so_that_its_alert_stays_the_same(registry):
    zong = Entity("asn", "AS59257", "PK", title="Zong")
    before, after = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    before.step(verdicts("probing.ioda", "....LLLL", run=Run("l", "live", ("probing.ioda",)), entity=zong))
    after.load(before.save())
    WorkerMetrics(Metrics.on(registry)).resume(after)
    (info,) = [s for m in registry.collect() if m.name == "netvigil_outage_info" for s in m.samples]
    assert (info.labels["entity"], info.labels["country"]) == ("AS59257", "PK")
    assert info.labels["name"] == "Zong, AS59257 (Pakistan)"
    assert info.labels["since_local"].endswith("(UTC+5)")


def test_a_partition_that_lives_does_not_hide_one_whose_feed_is_dead(registry):
    told, run = WorkerMetrics(Metrics.on(registry)), Run("live", "live")
    for partition, status in ((0, UP), (1, DEAD), (0, UP)):
        told.note(Heartbeat(run, "table", partition, NOW, status), None)
    assert registry.get_sample_value("netvigil_feed_up", {"feed": "table"}) == 0
    told.note(Heartbeat(run, "table", 1, NOW, UP), None)
    assert registry.get_sample_value("netvigil_feed_up", {"feed": "table"}) == 1


def test_a_feed_that_is_dead_in_one_run_is_not_dead_in_another(registry):
    told, up = WorkerMetrics(Metrics.on(registry)), ("netvigil_feed_up", {"feed": "table"})
    told.note(Heartbeat(Run("live-4f2a", "live"), "table", 1, NOW, DEAD), None)
    told.note(Heartbeat(Run("live", "live"), "table", 0, NOW, UP), None)
    assert registry.get_sample_value(*up) == 1


def test_after_a_rebalance_nothing_is_said_of_feeds_that_went_to_another_worker(registry):
    told = WorkerMetrics(Metrics.on(registry))
    told.note(beat("live", DEAD), None)
    told.forget()
    assert registry.get_sample_value("netvigil_feed_up", {"feed": "table"}) is None


def test_a_feed_that_dies_takes_its_signals_out_of_sight(registry):
    told, run = WorkerMetrics(Metrics.on(registry)), Run("live", "live", ("bgp.ris",))
    stage, labels = FuseStage(0, Fusing()), {"signal": "bgp.ris", "entity_type": "country", "entity": "PK"}
    for frame in (verdicts("bgp.ris", "....", run=run), verdicts("bgp.ris", "", run=run, at=1200, status=DEAD)):
        told.note(frame, None)
        for output in stage.step(frame):
            told.note(frame, output)
    assert registry.get_sample_value("netvigil_signal_health_ratio", labels) == 0
    assert registry.get_sample_value("netvigil_bin_health_ratio", {"signal": "bgp.ris"}) == 0


def test_a_signal_of_a_dead_feed_stays_blind_although_bins_of_it_still_wait_for_slower_ones(registry):
    told, run = WorkerMetrics(Metrics.on(registry)), Run("live", "live", ("bgp.ris", "probing.ioda"))
    stage, health = FuseStage(0, Fusing()), ("netvigil_bin_health_ratio", {"signal": "bgp.ris"})

    def take(frame):
        told.note(frame, None)
        for output in stage.step(frame):
            told.note(frame, output)

    take(verdicts("bgp.ris", "....", run=run))
    take(verdicts("probing.ioda", "..", run=run))
    assert registry.get_sample_value(*health) == 1
    take(verdicts("bgp.ris", "", run=run, at=1200, status=DEAD))
    take(verdicts("probing.ioda", "..", run=run, at=600))
    assert registry.get_sample_value(*health) == 0
    take(verdicts("bgp.ris", ".", run=run, at=1200))
    take(verdicts("probing.ioda", ".", run=run, at=1200))
    assert registry.get_sample_value(*health) == 1


def test_a_feed_that_was_dead_before_a_restart_is_dead_after_it(registry):
    run, up = Run("live", "live", ("bgp.ris",)), ("netvigil_feed_up", {"feed": "table"})

    def stage() -> BinStage:
        return BinStage(0, lambda run, feed, partition: Series(run, feed, partition))

    before, after, told = stage(), stage(), WorkerMetrics(Metrics.on(registry))
    before.step(Heartbeat(run, "table", 0, NOW, UP, run.signals))
    before.step(Heartbeat(run, "table", 0, NOW, DEAD, run.signals))
    after.load(before.save())
    told.resume(after)
    told.note(Heartbeat(run, "table", 1, NOW, UP), None)
    assert registry.get_sample_value(*up) == 0
    told.note(Heartbeat(run, "table", 0, NOW + 60, UP), None)
    assert registry.get_sample_value(*up) == 1


def test_bins_that_missed_their_time_are_counted_by_signal(registry):
    WorkerMetrics(Metrics.on(registry)).note(verdicts("bgp.ris", "..", run=Run("live-1", "live")), Missed("bgp.ris", 2))
    assert registry.get_sample_value("netvigil_missed_bins_total", {"signal": "bgp.ris"}) == 2
