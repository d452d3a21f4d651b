"""Metrics: exact text of the exposition, always on a fresh registry."""

import dataclasses
import inspect
import math

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from detectors.base import NORMAL
from pipeline.records import DEAD, UP, Entity
from pipeline.serve.exposition import REMEMBERED, RESTORED_FOR
from pipeline.serve.metric_names import FAMILIES, sample_names
from pipeline.serve.metrics import Metrics
from tests.explain.shown import PK, SD, ZONG, T, outage, verdicts, without_bins


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


def test_the_country_of_a_part_has_a_name_as_long_as_one_of_its_parts_is_shown(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    named = {"entity_type": "country", "entity": "PK", "country": "PK", "name": "Pakistan", "mobile": "no"}
    metrics.observe(verdicts((SD,)))
    assert registry.get_sample_value("netvigil_entity_info", named) == 1
    metrics.observe(verdicts((), at=T + 600))
    assert registry.get_sample_value("netvigil_entity_info", named) is None


def test_every_family_has_its_field() -> None:
    fields = {f.name: f.type for f in dataclasses.fields(Metrics)}
    assert {name: fields.get(name) for name in FAMILIES} == {
        name: getattr(inspect.getmodule(Metrics), family.kind.capitalize()) for name, family in FAMILIES.items()
    }


def test_the_names_of_the_contract_are_all_there() -> None:
    contract = """signal_value signal_ratio signal_expected signal_score outage_active outage_probability_ratio
        outage_severity_ratio outage_start_timestamp_seconds outages_total detection_latency_seconds_bucket feed_up
        feed_last_event_timestamp_seconds feed_messages_total dead_letters_total late_records_total bin_health_ratio
        watch_active build_info"""
    assert {"netvigil_" + name for name in contract.split()} <= sample_names()


def test_a_fresh_record_says_its_version_and_that_nothing_has_happened(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    samples = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    assert len([line for line in samples if line.startswith("netvigil_outages_total")]) == 60, "of any tense"
    assert [line for line in samples if "_created" not in line and not line.endswith(" 0.0")] == [
        'netvigil_build_info{tense="live",version="1.2.3"} 1.0'
    ]


def test_a_bin_is_shown_with_its_expectation(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts())
    key = 'entity="PK",entity_type="country",signal="probing.ioda"'
    assert shown(registry, "signal", "bin", "event", "entity") == [
        f"netvigil_signal_value{{{key}}} 20.0",
        f"netvigil_signal_ratio{{{key}}} 0.2",
        *(
            f'netvigil_signal_expected{{bound="{bound}",{key}}} {value}'
            for bound, value in (("lower", 90.0), ("expected", 100.0), ("upper", 110.0))
        ),
        f"netvigil_signal_score{{{key}}} -16.0",
        *(f"netvigil_signal_{name}{{{key}}} {value}" for name, value in (("health_ratio", 0.75), ("settled", 1.0))),
        'netvigil_entity_info{country="PK",entity="PK",entity_type="country",mobile="no",name="Pakistan"} 1.0',
        'netvigil_bin_health_ratio{signal="probing.ioda"} 0.75',
        'netvigil_event_timestamp_seconds{tense="live"} 1.7073573e+09',
    ]


def test_not_observed_is_nan_and_never_zero(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(value=math.nan, status=DEAD, health=np.zeros((1, 1), np.float32)))
    assert [line.split()[-1] for line in shown(registry, "signal_value", "signal_ratio")] == ["NaN", "NaN"]
    assert shown(registry, "bin_health") == ['netvigil_bin_health_ratio{signal="probing.ioda"} 0.0']


def test_a_frame_without_bins_shows_nothing(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(without_bins(UP))
    assert not shown(registry, "signal", "event")


def test_a_feed_that_dies_between_two_bins_turns_what_it_showed_to_nan(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.observe(verdicts((PK, SD)))
    metrics.observe(without_bins(DEAD))
    told = shown(registry, "signal_value", "signal_ratio", "signal_score", "signal_expected")
    assert {line.split()[-1] for line in told} == {"NaN"}
    assert {line.split()[-1] for line in shown(registry, "signal_health", "bin_health")} == {"0.0"}
    metrics.observe(verdicts((PK, SD), at=T + 600))
    assert "NaN" not in {line.split()[-1] for line in shown(registry, "signal", "bin_health")}


def test_a_network_has_series_only_while_it_is_watched_or_out(registry: CollectorRegistry, metrics: Metrics) -> None:
    frame = verdicts((PK, SD, ZONG))
    metrics.observe(frame)
    assert len(shown(registry, "signal_value")) == 2
    metrics.observe(frame, keep=lambda entity: entity.name == "AS59257")
    assert len(shown(registry, "signal_value")) == 3
    metrics.observe(frame)
    assert len(shown(registry, "signal_value")) == 2
    metrics.outage(outage(entity_type="asn", entity="AS59257"))
    metrics.observe(frame)
    assert len(shown(registry, "signal_value")) == 3
    metrics.outage(outage("ended", 3, entity_type="asn", entity="AS59257", end=T + 9000))
    metrics.observe(dataclasses.replace(frame, start=np.array([T + 9000 + RESTORED_FOR])))
    assert len(shown(registry, "signal_value")) == 2
    assert not [line for line in shown(registry, "entity_info") if "AS59257" in line]


def test_a_drill_does_not_draw_over_the_real_series(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(value=100.0, state=np.full((1, 1), NORMAL, np.int8)))
    metrics.observe(verdicts(value=0.0, tense="drill"))
    assert [line.split()[-1] for line in shown(registry, "signal_value")] == ["100.0"]


def test_a_suspicion_is_zero_until_it_is_confirmed(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage("suspected", 1, confirmed_at=None))
    assert [line.split()[-1] for line in shown(registry, "outage_active")] == ["0.0"]
    metrics.outage(outage())
    assert [line.split()[-1] for line in shown(registry, "outage_active")] == ["1.0"]


def test_an_outage_whose_kind_becomes_clear_stays_one_series(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage(kind="unknown"))
    metrics.outage(outage(kind="mobile", revision=3))
    assert len(shown(registry, "outage_active", "outage_severity")) == 2


def test_an_outage_that_ended_leaves_a_notice(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.observe(verdicts(value=95.0, at=T + 13 * 3600))
    metrics.outage(outage("ended", 3, end=T + 13 * 3600 + 900))
    place = 'entity="PK",entity_type="country"'
    assert shown(registry, "outage_", "restored") == [
        f'netvigil_outage_restored_timestamp_seconds{{{place},tense="live"}} 1.7074044e+09',
        f'netvigil_outage_duration_seconds{{{place},tense="live"}} 47700.0',
        f'netvigil_outage_regained_ratio{{{place},tense="live"}} 0.95',
        f'netvigil_restored_info{{country="PK",{place},lasted="13 hours 15 minutes",name="Pakistan",'
        'outcome="restored",since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",tense="live",'
        'until_local="Thu 8 Feb 2024, 20:00 (UTC+5)",until_utc="Thu 8 Feb 2024, 15:00 UTC",'
        'what="mobile networks down"} 1.0',
    ]


def test_a_notice_goes_by_event_time(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.outage(outage("ended", 3, end=T + 7200))
    metrics.observe(verdicts(at=T + 7200 + RESTORED_FOR - 1200))
    assert shown(registry, "restored_info")
    metrics.observe(verdicts(at=T + 7200 + RESTORED_FOR - 600))
    assert not shown(registry, "restored_info", "outage_duration", "outage_restored")


def test_a_new_outage_takes_the_notice_of_the_old_one_away(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.outage(outage("ended", 3, end=T + 7200))
    metrics.outage(outage("suspected", 1, id="b2", start=T + 9000))
    assert not shown(registry, "restored_info")


def test_a_suspicion_that_is_retracted_leaves_nothing(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage("suspected", 1, confirmed_at=None))
    metrics.outage(outage("retracted", 2, confirmed_at=None, end=T + 3600))
    assert not shown(registry, "outage_", "restored")


def test_a_confirmed_outage_that_is_retracted_is_taken_back_aloud(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.outage(outage())
    metrics.outage(outage("retracted", 3, end=T + 3600))
    assert 'outcome="retracted"' in shown(registry, "restored_info")[0]


def test_a_revision_that_comes_again_changes_nothing(registry: CollectorRegistry, metrics: Metrics) -> None:
    for revision in (outage("suspected", 1, confirmed_at=None), outage(), outage("ended", 3, end=T + 7200)):
        metrics.outage(revision)
    before = shown(registry, "outage", "restored", "detection_latency_seconds_count")
    metrics.outage(outage("suspected", 1, confirmed_at=None))
    metrics.outage(outage())
    assert shown(registry, "outage", "restored", "detection_latency_seconds_count") == before
    counted = {line for line in before if "outages_total" in line and line.endswith(" 1.0")}
    assert counted == {
        f'netvigil_outages_total{{entity_type="country",state="{state}",tense="live"}} 1.0'
        for state in ("suspected", "confirmed", "ended")
    }


def test_latency_is_from_onset_to_confirmation(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    assert registry.get_sample_value("netvigil_detection_latency_seconds_sum", {"tense": "live"}) == 1800


def test_outages_of_one_place_in_two_tenses_are_two(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage())
    metrics.outage(outage(id="d1", tense="drill"))
    metrics.outage(outage("ended", 3, id="d1", tense="drill", end=T + 3600))
    assert ['tense="live"' in line for line in shown(registry, "outage_active")] == [True]


def test_a_network_brings_its_country_along(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts((PK, ZONG)))
    metrics.outage(outage(entity_type="asn", entity="AS59257"))
    assert 'country="PK"' in shown(registry, "outage_info")[0]
    assert 'name="AS59257 (Pakistan)"' in shown(registry, "outage_info")[0]
    metrics.observe(verdicts((PK, ZONG._replace(title="Zong"))))
    metrics.outage(outage(entity_type="asn", entity="AS59257", revision=3))
    assert 'name="Zong, AS59257 (Pakistan)"' in shown(registry, "outage_info")[0]
    assert len(shown(registry, "outage_info")) == 1


def test_after_a_rebalance_nothing_stays_but_counters(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts())
    metrics.outage(outage())
    metrics.late("ioda", 3)
    metrics.forget()
    assert not shown(registry, "signal", "outage_", "bin_health", "event_", "entity_info")
    kept = shown(registry, "outages_total", "late_records_total")
    assert [line for line in kept if not line.endswith(" 0.0")] == [
        'netvigil_outages_total{entity_type="country",state="confirmed",tense="live"} 1.0',
        'netvigil_late_records_total{feed="ioda"} 3.0',
    ]


def test_outages_that_go_on_after_a_rebalance_are_not_counted_again(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    metrics.outage(outage())
    metrics.forget()
    metrics.resume("live", [outage()])
    assert shown(registry, "outage_active")
    assert registry.get_sample_value(
        "netvigil_outages_total", {"entity_type": "country", "tense": "live", "state": "confirmed"}
    )
    assert registry.get_sample_value("netvigil_detection_latency_seconds_count", {"tense": "live"}) == 1


def test_feeds_and_losses_are_counted(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.feed("ris", up=True, last_event=T)
    metrics.feed("ris", up=False)
    metrics.messages("ris", 40)
    metrics.dead_letter("ris", "bad-json", 2)
    assert shown(registry, "feed_", "dead_letters_total") == [
        'netvigil_feed_up{feed="ris"} 0.0',
        'netvigil_feed_last_event_timestamp_seconds{feed="ris"} 1.7073567e+09',
        'netvigil_feed_messages_total{feed="ris"} 40.0',
        *shown(registry, "feed_messages_created"),
        'netvigil_dead_letters_total{feed="ris",reason="bad-json"} 2.0',
    ]


def test_a_watch_expires_by_itself(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.watch("PK", "General election", False)
    metrics.watch("PK", "General election", True)
    assert shown(registry, "watch") == ['netvigil_watch_active{country="PK",name="General election"} 1.0']
    metrics.watch("PK", "General election", None)
    assert not shown(registry, "watch")


def test_health_is_the_mean_over_all_partitions(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(verdicts(health=np.full((1, 1), 1.0, np.float32)))
    metrics.observe(verdicts((Entity("country", "IQ", "IQ"),), partition=1, health=np.full((1, 1), 0.5, np.float32)))
    assert shown(registry, "bin_health") == ['netvigil_bin_health_ratio{signal="probing.ioda"} 0.75']


def test_a_flood_of_outages_is_remembered_only_so_far(metrics: Metrics) -> None:
    for i in range(REMEMBERED + 10):
        metrics.shown.take(outage("ended", id=str(i), end=T))
    assert len(metrics.shown.revisions) == REMEMBERED


def test_no_label_holds_an_event_id(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.outage(outage(id="deadbeef0123"))
    assert "deadbeef0123" not in generate_latest(registry).decode()
