"""An open outage as series: numbers, words, and what it looks like."""

import pytest
from prometheus_client import CollectorRegistry

from pipeline.records import Outage
from pipeline.serve.metrics import Metrics
from tests.explain.shown import outage
from tests.serve.test_metrics import shown


def series(*revisions: Outage) -> list[str]:
    registry = CollectorRegistry()
    metrics = Metrics.on(registry)
    for revision in revisions:
        metrics.outage(revision)
    return shown(registry, "outage_")


def test_an_open_outage_is_told_in_numbers_and_in_words() -> None:
    key = 'entity="PK",entity_type="country",kind="mobile",tense="live"'
    short, probes = 'entity="PK",entity_type="country"', 'name="probes (probing.ioda)",signal="probing.ioda"'
    assert series(outage()) == [
        f"netvigil_outage_active{{{key}}} 1.0",
        f"netvigil_outage_probability_ratio{{{key}}} 0.97",
        f"netvigil_outage_severity_ratio{{{key}}} 0.8",
        f"netvigil_outage_start_timestamp_seconds{{{key}}} 1.7073567e+09",
        f'netvigil_outage_info{{country="PK",{short},name="Pakistan",since_local="Thu 8 Feb 2024, 06:45 (UTC+5)",'
        'since_utc="Thu 8 Feb 2024, 01:45 UTC",state="confirmed",tense="live",what="mobile networks down"} 1.0',
        f'netvigil_outage_evidence_weight{{{short},{probes},tense="live"}} 7.0',
        f'netvigil_outage_evidence_weight{{{short},name="routes (bgp.ris)",signal="bgp.ris",tense="live"}} -0.5',
        f'netvigil_outage_evidence_ratio{{{short},{probes},tense="live"}} 0.2',
        f'netvigil_outage_evidence_ratio{{{short},name="routes (bgp.ris)",signal="bgp.ris",tense="live"}} 1.0',
        f'netvigil_outage_likeness{{{short},looks="unclear",tense="live"}} 0.62',
        f'netvigil_outage_sign_weight{{{short},name="it lasted three hours or more",sign="lasts",source="SIGCOMM 2023",'
        'tense="live"} 0.62',
    ]


@pytest.mark.parametrize("changed", [{"confirmed_at": None}, {"part_of": "a0"}])
def test_nothing_is_said_of_what_a_suspicion_looks_like_nor_a_part(changed: dict[str, object]) -> None:
    assert not [line for line in series(outage(**changed)) if "likeness" in line or "sign_weight" in line]


def test_what_it_looks_like_goes_when_it_changes_and_when_it_is_over() -> None:
    likely = outage(revision=3, likeness=1.4)
    assert [line for line in series(outage(), likely) if "likeness" in line] == [
        'netvigil_outage_likeness{entity="PK",entity_type="country",looks="likely",tense="live"} 1.4'
    ]
    over = series(outage(), outage("ended", 3, end=outage().start + 60))
    assert over
    assert not [line for line in over if "likeness" in line or "sign_weight" in line]
