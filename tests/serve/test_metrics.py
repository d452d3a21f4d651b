"""Metrics: exact text of the exposition, always on a fresh registry."""

import dataclasses
import math

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from detectors.base import NORMAL
from pipeline.records import DEAD, UP, Entity
from pipeline.serve.exposition import RESTORED_FOR, TOLD_FOR
from pipeline.serve.metrics import Metrics
from tests.explain.shown import PK, SD, ZONG, T, outage, verdicts, without_bins

PLACE = 'entity="PK",entity_type="country"'
SUSPECTED, ENDED = outage("suspected", 1, confirmed_at=None), outage("ended", 3, end=T + 7200)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics.on(registry, version="1.2.3")


def shown(registry: CollectorRegistry, *names: str) -> list[str]:
    """The samples of the families that begin with one of these names."""
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith(tuple("netvigil_" + name for name in names))]


def values(registry: CollectorRegistry, *names: str) -> list[str]:
    """The values of those samples."""
    return [line.split()[-1] for line in shown(registry, *names)]


def test_fresh_metrics_have_the_version_and_counters_at_zero(registry: CollectorRegistry, metrics: Metrics) -> None:
    samples = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    assert len([line for line in samples if line.startswith("netvigil_outages_total")]) == 60, "of any tense"
    assert [line for line in samples if "_created" not in line and not line.endswith(" 0.0")] == [
        'netvigil_build_info{tense="live",version="1.2.3"} 1.0'
    ]


def test_a_bin_is_shown_with_its_expectation(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts())
    key = f'{PLACE},signal="probing.ioda"'
    assert shown(registry, "signal", "bin", "event", "entity") == [
        f"netvigil_signal_value{{{key}}} 20.0",
        f"netvigil_signal_ratio{{{key}}} 0.2",
        *(
            f'netvigil_signal_expected{{bound="{bound}",{key}}} {value}'
            for bound, value in (("lower", 90.0), ("expected", 100.0), ("upper", 110.0))
        ),
        f"netvigil_signal_score{{{key}}} -16.0",
        *(f"netvigil_signal_{name}{{{key}}} {value}" for name, value in (("health_ratio", 0.75), ("settled", 1.0))),
        f'netvigil_entity_info{{country="PK",{PLACE},mobile="no",name="Pakistan"}} 1.0',
        'netvigil_bin_health_ratio{signal="probing.ioda"} 0.75',
        'netvigil_event_timestamp_seconds{tense="live"} 1.7073573e+09',
    ]


def test_not_observed_is_nan_and_never_zero(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(value=math.nan, status=DEAD, health=np.zeros((1, 1), np.float32)))
    assert values(registry, "signal_value", "signal_ratio") == ["NaN", "NaN"]
    assert values(registry, "bin_health") == ["0.0"]


def test_the_signals_of_a_dead_feed_become_nan_between_two_bins(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(without_bins(UP))
    assert not shown(registry, "signal", "event")
    metrics.observe(verdicts((PK, SD)))
    metrics.observe(without_bins(DEAD))
    assert set(values(registry, "signal_value", "signal_ratio", "signal_score", "signal_expected")) == {"NaN"}
    assert set(values(registry, "signal_health", "bin_health")) == {"0.0"}
    metrics.observe(verdicts((PK, SD), at=T + 600))
    assert "NaN" not in values(registry, "signal", "bin_health")


def test_health_is_the_mean_over_all_partitions(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(health=np.full((1, 1), 1.0, np.float32)))
    metrics.observe(verdicts((Entity("country", "IQ", "IQ"),), partition=1, health=np.full((1, 1), 0.5, np.float32)))
    assert values(registry, "bin_health") == ["0.75"]


def test_what_all_series_of_a_feed_lose_at_once_is_shown_and_counted(registry, metrics):
    for share in (0.95, 1.0, np.nan):
        metrics.observe(verdicts(common=np.array([share])))
    assert values(registry, "feed_common_mode_ratio", "feed_common_moves_total") == ["1.0", "1.0"]


def test_a_network_has_series_only_while_it_is_in_an_outage(registry: CollectorRegistry, metrics: Metrics) -> None:
    frame = verdicts((PK, SD, ZONG))
    metrics.observe(frame)
    assert len(shown(registry, "signal_value")) == 2
    metrics.outage(outage(entity_type="asn", entity="AS59257"))
    metrics.observe(frame)
    assert len(shown(registry, "signal_value")) == 3
    metrics.outage(outage("ended", 3, entity_type="asn", entity="AS59257", end=T + 9000))
    metrics.observe(dataclasses.replace(frame, start=np.array([T + 9000 + RESTORED_FOR])))
    assert len(shown(registry, "signal_value")) == 2
    assert not [line for line in shown(registry, "entity_info") if "AS59257" in line]


def test_a_country_has_a_name_as_long_as_one_of_its_parts_is_shown(registry, metrics):
    named = {"entity_type": "country", "entity": "PK", "country": "PK", "name": "Pakistan", "mobile": "no"}
    metrics.observe(verdicts((SD,)))
    assert registry.get_sample_value("netvigil_entity_info", named) == 1
    metrics.observe(verdicts((), at=T + 600))
    assert registry.get_sample_value("netvigil_entity_info", named) is None


def test_a_network_has_its_country_and_its_newest_name(registry: CollectorRegistry, metrics: Metrics) -> None:
    for revision, title, name in ((2, "", "AS59257 (Pakistan)"), (3, "Zong", "Zong, AS59257 (Pakistan)")):
        metrics.observe(verdicts((PK, ZONG._replace(title=title))))
        metrics.outage(outage(entity_type="asn", entity="AS59257", revision=revision))
        (info,) = shown(registry, "outage_info")
        assert 'country="PK"' in info
        assert f'name="{name}"' in info


def test_a_drill_does_not_change_the_real_series(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(value=100.0, state=np.full((1, 1), NORMAL, np.int8)))
    metrics.observe(verdicts(value=0.0, tense="drill"))
    assert values(registry, "signal_value") == ["100.0"]


def test_an_open_outage_has_numbers_and_words(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage(id="deadbeef0123"))
    key, probes = f'{PLACE},kind="mobile",tense="live"', 'name="probes (probing.ioda)",signal="probing.ioda"'
    assert shown(registry, "outage_") == [
        f"netvigil_outage_active{{{key}}} 1.0",
        f"netvigil_outage_probability_ratio{{{key}}} 0.97",
        f"netvigil_outage_severity_ratio{{{key}}} 0.8",
        f"netvigil_outage_depth_ratio{{{key}}} 0.3",
        f"netvigil_outage_start_timestamp_seconds{{{key}}} 1.7073567e+09",
        f'netvigil_outage_grown{{{PLACE},tense="live"}} 0.0',
        f'netvigil_outage_info{{country="PK",{PLACE},name="Pakistan",since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",'
        'since_utc="Thu 8 Feb 2024, 01:45 UTC",state="confirmed",tense="live",what="mobile networks down"} 1.0',
        f'netvigil_outage_evidence_weight{{{PLACE},{probes},tense="live"}} 7.0',
        f'netvigil_outage_evidence_weight{{{PLACE},name="routes (bgp.ris)",signal="bgp.ris",tense="live"}} -0.5',
        f'netvigil_outage_evidence_ratio{{{PLACE},{probes},tense="live"}} 0.2',
        f'netvigil_outage_evidence_ratio{{{PLACE},name="routes (bgp.ris)",signal="bgp.ris",tense="live"}} 1.0',
        f'netvigil_outage_likeness{{{PLACE},looks="unclear",tense="live"}} 0.62',
        f'netvigil_outage_sign_weight{{{PLACE},name="it lasted three hours or more",sign="lasts",source="SIGCOMM 2023",'
        'tense="live"} 0.62',
    ]
    assert "deadbeef0123" not in generate_latest(registry).decode(), "no label holds an event id"


@pytest.mark.parametrize("changed", [{"confirmed_at": None}, {"part_of": "a0"}, {"state": "ended", "end": T + 60}])
def test_a_suspicion_a_part_and_an_ended_outage_have_no_likeness(registry, metrics, changed):
    metrics.outage(outage(revision=1, likeness=1.4))
    assert 'looks="likely"' in shown(registry, "outage_likeness")[0]
    metrics.outage(outage(**changed))
    assert not shown(registry, "outage_likeness", "outage_sign_weight")


def test_an_outage_grows_by_quarters_and_parts_never_back_and_the_next_one_begins_at_zero(registry, metrics):
    zong = {"entity_type": "asn", "entity": "AS59257", "id": "z", "confirmed_at": T + 3000}
    metrics.outage(outage("confirmed", 1, severity=0.3))
    seen = values(registry, "outage_grown")
    for changed in (
        outage("confirmed", 1, id="j", entity_type="asn", entity="AS45669"),
        outage("confirmed", 2, severity=0.55),
        outage("confirmed", 1, **zong),
        outage("ended", 2, end=T + 3600, **zong),
        outage("ended", 3, end=T + 7200),
        outage("confirmed", 1, id="next", severity=0.9),
    ):
        metrics.outage(changed)
        seen += values(registry, "outage_grown")
    assert seen == ["0.0", "0.0", "1.0", "2.0", "2.0", "0.0"]


def test_a_suspicion_is_zero_until_it_is_confirmed_and_a_new_kind_replaces_the_old(registry, metrics):
    metrics.outage(outage("suspected", 1, confirmed_at=None, kind="unknown"))
    assert values(registry, "outage_active") == ["0.0"]
    metrics.outage(outage(kind="unknown"))
    metrics.outage(outage(kind="mobile", revision=3))
    assert values(registry, "outage_active", "outage_severity") == ["1.0", "0.8"]


def test_an_outage_that_ended_leaves_a_notice(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.observe(verdicts(value=95.0, at=T + 13 * 3600))
    metrics.outage(outage("ended", 3, end=T + 13 * 3600 + 900))
    assert shown(registry, "outage_", "restored") == [
        f'netvigil_outage_restored_timestamp_seconds{{{PLACE},tense="live"}} 1.7074044e+09',
        f'netvigil_outage_duration_seconds{{{PLACE},tense="live"}} 47700.0',
        f'netvigil_outage_regained_ratio{{{PLACE},tense="live"}} 0.95',
        f'netvigil_restored_info{{country="PK",{PLACE},lasted="13 hours 15 minutes",name="Pakistan",'
        'outcome="restored",since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",tense="live",'
        'until_local="Thu 8 Feb 2024, 20:00 (UTC+5)",until_utc="Thu 8 Feb 2024, 15:00 UTC",'
        'what="mobile networks down"} 1.0',
    ]


def test_a_new_outage_removes_the_notice_of_the_old_one(registry: CollectorRegistry, metrics: Metrics) -> None:
    for revision in (outage(), ENDED, outage("suspected", 1, id="b2", start=T + 9000)):
        metrics.outage(revision)
    assert not shown(registry, "restored_info")


def test_only_a_confirmed_outage_leaves_a_notice_when_it_is_retracted(registry, metrics):
    metrics.outage(SUSPECTED)
    metrics.outage(outage("retracted", 2, confirmed_at=None, end=T + 3600))
    assert not shown(registry, "outage_", "restored")
    metrics.outage(outage(id="b2"))
    metrics.outage(outage("retracted", 3, id="b2", end=T + 3600))
    assert 'outcome="retracted"' in shown(registry, "restored_info")[0]


def test_a_revision_that_comes_again_changes_nothing(registry: CollectorRegistry, metrics: Metrics) -> None:
    for revision in (SUSPECTED, outage(), ENDED):
        metrics.outage(revision)
    before = shown(registry, "outage", "restored", "detection_latency_seconds_count")
    metrics.outage(SUSPECTED)
    metrics.outage(outage())
    assert shown(registry, "outage", "restored", "detection_latency_seconds_count") == before
    assert {line for line in before if "outages_total" in line and line.endswith(" 1.0")} == {
        f'netvigil_outages_total{{entity_type="country",state="{state}",tense="live"}} 1.0'
        for state in ("suspected", "confirmed", "ended")
    }
    assert values(registry, "detection_latency_seconds_sum")[0] == "1800.0", "from onset to confirmation"


def test_outages_of_one_place_in_two_tenses_are_two(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.outage(outage(id="d1", tense="drill"))
    metrics.outage(outage("ended", 3, id="d1", tense="drill", end=T + 3600))
    assert ['tense="live"' in line for line in shown(registry, "outage_active")] == [True]


def test_after_a_rebalance_only_counters_stay(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts())
    metrics.outage(outage())
    metrics.count("late_records", "ioda", n=3)
    metrics.forget()
    assert not shown(registry, "signal", "outage_", "bin_health", "event_", "entity_info")
    metrics.resume("live", [outage()])
    assert shown(registry, "outage_active")
    kept = shown(registry, "outages_total", "late_records_total")
    assert [line for line in kept if not line.endswith(" 0.0")] == [
        'netvigil_outages_total{entity_type="country",state="confirmed",tense="live"} 1.0',
        'netvigil_late_records_total{feed="ioda"} 3.0',
    ]


def test_feeds_losses_and_watches_are_shown(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.feed("ris", up=True, last_event=T)
    for reason in ("it needs a token", "its server does not answer"):
        metrics.feed("ris", up=False, reason=reason)
    metrics.count("feed_messages", "ris", n=40)
    metrics.count("dead_letters", "ris", "bad-json", n=2)
    assert shown(registry, "feed_", "dead_letters_total") == [
        'netvigil_feed_up{feed="ris"} 0.0',
        'netvigil_feed_dead_info{feed="ris",reason="its server does not answer"} 1.0',
        'netvigil_feed_last_event_timestamp_seconds{feed="ris"} 1.7073567e+09',
        'netvigil_feed_messages_total{feed="ris"} 40.0',
        *shown(registry, "feed_messages_created"),
        'netvigil_dead_letters_total{feed="ris",reason="bad-json"} 2.0',
    ]
    metrics.feed("ris", up=True)
    assert values(registry, "feed_dead_info") == []
    for active, lines in ((False, ["0.0"]), (True, ["1.0"]), (None, [])):
        metrics.watch("PK", "General election", active)
        assert values(registry, "watch_active") == lines


@pytest.mark.parametrize(
    ("past_end", "waited", "is_shown"),
    [(RESTORED_FOR, TOLD_FOR - 1, True), (RESTORED_FOR, TOLD_FOR, False), (RESTORED_FOR - 600, 10 * TOLD_FOR, True)],
)
def test_an_end_is_shown_for_two_hours_of_event_time_and_a_quarter_hour_of_the_clock(past_end, waited, is_shown):
    now, registry = [0.0], CollectorRegistry()
    metrics = Metrics.on(registry, clock=lambda: now[0])
    metrics.outage(ENDED)
    now[0] = waited
    metrics.observe(verdicts(at=ENDED.end + past_end - 600))
    assert bool(shown(registry, "restored_info")) is is_shown


@pytest.mark.parametrize("state", ["confirmed", "ended"])
def test_a_place_in_an_outage_has_its_name_even_if_its_signals_are_not_shown(state: str) -> None:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry, tense="live")
    metrics.observe(verdicts(tense="replay"))
    metrics.outage(outage(state, tense="replay", end=ENDED.end if state == "ended" else None))
    assert 'name="Pakistan"' in shown(registry, "entity_info")[0]
    metrics.begin("replay")
    assert not shown(registry, "entity_info")


def test_a_replay_does_not_rename_a_live_place() -> None:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry)
    metrics.observe(verdicts((PK,)))
    metrics.observe(verdicts((PK._replace(title="Pakistan (reconstructed)"),), tense="replay"))
    metrics.outage(outage())
    assert 'name="Pakistan"' in shown(registry, "outage_info")[0]
