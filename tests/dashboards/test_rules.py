"""Rules: silent before, firing after, with promtool's own clock."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from dashboards.__main__ import FOLDER
from dashboards.links import NoPageError, runbook_link, sections
from dashboards.rules import ALERTS, rules, rules_text
from dashboards.rules.alert import Timing
from dashboards.rules.health import QUORUM
from detectors.field.median import Median
from tests.dashboards.alerts import AFTER, BEFORE, ENDED, PK, UP, WORDS, ZONG, firing, inputs, out, promtool_test
from tests.dashboards.expressions import KNOWN, metric_names
from tests.programs import program


@dataclass
class Case:
    """Series, a value a minute, and the labels of the alert that fires at last."""

    alert: str
    series: list[tuple[str, str]]
    labels: dict[str, str]
    before: str = BEFORE
    after: str = AFTER
    workers: list[tuple[str, str]] = field(default_factory=lambda: [UP])


PLACE = {"entity_type": "country", "entity": "PK", "country": "PK", "name": "Pakistan", "tense": "live"}
PTCL = 'entity_type="asn",entity="AS17557"'
GRAFANA = {"grafana": "http://localhost:3000"}
PROBES = 'signal="probing.ioda",name="probes (probing.ioda)"'

RIS, PK_BLIND = {"feed": "ris", "severity": "warning"}, {"country": "PK", "severity": "critical"}
WATCHED = ('netvigil_watch_active{country="PK",name="Election"}', "1x60")
HEALTH = f"netvigil_signal_health_ratio{{{PK},signal="
DEAD, LATE = 'netvigil_dead_letters_total{feed="ris",reason="bad-json"}', 'netvigil_late_records_total{feed="ris"}'
MESSAGES = ('netvigil_feed_messages_total{feed="ris"}', "0+6000x60")
NEWEST, EVENT = (f"netvigil_{name}_timestamp_seconds" for name in ("feed_last_event", "event"))


def ended(outcome: str) -> list[tuple[str, str]]:
    """The series of an outage that ended."""
    return [(f'netvigil_restored_info{{{PK},tense="live",outcome="{outcome}",{ENDED}}}', "_x9 1x60")]


CASES = [
    Case("NetvigilOutageConfirmed", out(), {**PLACE, "severity": "critical"}),
    Case(
        "NetvigilOutageConfirmed", out(ZONG), PLACE | {"entity_type": "asn", "entity": "AS59257", "severity": "warning"}
    ),
    Case(
        "NetvigilOutageGrown",
        [*out(value="1x60"), (f'netvigil_outage_grown{{{PK},tense="live"}}', "0x9 2x60")],
        PLACE | {"severity": "critical", "grown": "2"},
        after="15m",
    ),
    Case("NetvigilOutageSuspected", out(value="_x9 0x60"), {**PLACE, "severity": "info"}),
    Case("NetvigilOutageRestored", ended("restored"), {**PLACE, "severity": "warning"}),
    Case("NetvigilOutageRetracted", ended("retracted"), {**PLACE, "severity": "warning"}),
    Case("NetvigilFeedDead", [('netvigil_feed_up{feed="ris"}', "1x9 0x60")], RIS),
    Case(
        "NetvigilFeedSilent",
        [('netvigil_feed_up{feed="ris"}', "1x300"), (f'{NEWEST}{{feed="ris"}}', "0x300")],
        RIS,
        before="2h50m",
        after="3h10m",
    ),
    Case(
        "NetvigilSignalBlind",
        [('netvigil_bin_health_ratio{signal="bgp.ris"}', "0.9x9 0.3x60")],
        {"signal": "bgp.ris", "severity": "warning"},
    ),
    Case(
        "NetvigilCountryBlind",
        [WATCHED, (f'{HEALTH}"bgp.ris"}}', "0.9x9 0.3x60"), (f'{HEALTH}"probing.ioda"}}', "0.2x60")],
        PK_BLIND,
    ),
    Case("NetvigilCountryBlind", [WATCHED, (f'{HEALTH}"bgp.ris"}}', "0.9x9 stale")], PK_BLIND),  # nothing is measured
    Case("NetvigilDeadLetters", [MESSAGES, (DEAD, "0+10x9 100+600x50")], RIS),
    Case("NetvigilDeadLetters", [(DEAD, "0x9 1+1x50")], RIS),  # its messages are not counted
    Case("NetvigilLateRecords", [MESSAGES, (LATE, "0+100x9 1000+2000x50")], RIS),
    Case(
        "NetvigilWorkerDown",
        [('up{job="netvigil",instance="w2"}', "1x9 0x60")],
        {"job": "netvigil", "instance": "w2", "severity": "warning"},
    ),
    *(
        Case("NetvigilWorkerAbsent", [], {"job": "netvigil", "severity": "critical"}, workers=[(UP[0], values)])
        for values in ("1x9 stale", "1x9 0x60")
    ),
    Case("NetvigilWatchdog", [], {"severity": "none"}, before=""),
    Case("NetvigilBehind", [(f'{EVENT}{{tense="live"}}', "0x300")], {"severity": "critical"}, "2h50m", "3h10m"),
]


def shows(folder: Path, series: list[tuple[str, str]], *expected: dict[str, Any]) -> None:
    """Fails unless these alerts fire for these series, a value a minute."""
    promtool_test(folder, [{"interval": "1m", "input_series": inputs(series), "promql_expr_test": list(expected)}])


@pytest.mark.system
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_is_silent_before_and_fires_after(case: Case, tmp_path: Path) -> None:
    before = [firing(case.alert, case.before, None)] if case.before else []
    shows(tmp_path, case.workers + case.series, *before, firing(case.alert, case.after, case.labels))


def test_every_alert_has_its_case() -> None:
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}


@pytest.mark.system
def test_a_dead_feed_is_not_a_dead_country(tmp_path: Path) -> None:
    series = [
        UP,
        ('netvigil_feed_up{feed="ris"}', "1x9 0x60"),
        (f'netvigil_signal_value{{{PK},signal="bgp.ris"}}', "100x9 stale"),
        (f'netvigil_signal_ratio{{{PK},signal="bgp.ris"}}', "1x9 stale"),
        (f'netvigil_signal_health_ratio{{{PK},signal="bgp.ris"}}', "1x9 0x60"),
    ]
    expr = 'ALERTS{alertstate="firing",alertname!="NetvigilWatchdog"}'
    labels = 'ALERTS{alertname="NetvigilFeedDead",alertstate="firing",feed="ris",severity="warning"}'
    shows(tmp_path, series, {"expr": expr, "eval_time": AFTER, "exp_samples": [{"labels": labels, "value": 1}]})


def by(instance: str, series: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same series, of one worker."""
    return [(name.replace("}", f',instance="{instance}"}}'), values) for name, values in series]


BRIEF = "_x9 1x10 stale"
EARLIER = WORDS.replace("06:45", "06:30").replace("01:45", "01:30")


@pytest.mark.system
@pytest.mark.parametrize(
    ("series", "fires", "silent"),
    [
        pytest.param([(UP[0], "1x19 0x200"), *out(value=BRIEF)], ["3h"], [], id="all workers crash"),
        pytest.param(
            [UP, *by("w1", out(value=BRIEF)), *by("w2", out(value="_x21 1x60"))], ["15m", "21m", "25m", "40m"], [],
            id="another worker takes over",
        ),
        pytest.param(
            [UP, out()[0], out(value=BRIEF)[1], out(value="_x20 1x60", words=EARLIER)[1]], ["15m", "25m"], [],
            id="the onset is estimated better",
        ),
        pytest.param([UP, *out(value=BRIEF)], ["25m"], ["35m"], id="the outage ends"),
    ],
)  # fmt: skip
def test_an_alert_of_an_outage_is_one_alert_until_the_outage_ends(
    series: list[tuple[str, str]], fires: list[str], silent: list[str], tmp_path: Path
) -> None:
    labels = {**PLACE, "severity": "critical"}
    expected = [firing("NetvigilOutageConfirmed", at, labels) for at in fires]
    shows(tmp_path, series, *expected, *(firing("NetvigilOutageConfirmed", at, None) for at in silent))


def evidence(signal: str, weight: float, ratio: float | None) -> list[tuple[str, str]]:
    """The series of a signal's evidence."""
    own = f'{PK},tense="live",{signal}'
    shown = [] if ratio is None else [(f"netvigil_outage_evidence_ratio{{{own}}}", f"{ratio}x60")]
    return [(f"netvigil_outage_evidence_weight{{{own}}}", f"{weight}x60"), *shown]


@pytest.mark.system
def test_a_notification_has_all_facts_in_words(tmp_path: Path) -> None:
    key = f'{PK},kind="mobile",tense="live"'
    series = [
        UP, *out(value="1x60"),
        (f"netvigil_outage_severity_ratio{{{key}}}", "0.757x60"),
        (f"netvigil_outage_depth_ratio{{{key}}}", "0.401x60"),
        out(ZONG, "1x60", WORDS.replace('name="Pakistan"', 'name="Zong, AS59257 (Pakistan)"'))[1],
        (f'netvigil_outage_depth_ratio{{{ZONG},kind="mobile",tense="live"}}', "0.9x60"),
        (f'netvigil_entity_info{{{PTCL},country="PK",name="PTCL, AS17557 (Pakistan)",mobile="no"}}', "1x60"),
        (f'netvigil_signal_ratio{{{PTCL},signal="traffic.radar"}}', "1.01x60"),
        (f"netvigil_outage_probability_ratio{{{key}}}", "0.9996x60"),
        (f"netvigil_outage_start_timestamp_seconds{{{key}}}", "1707356700x60"),
        (f'{EVENT}{{tense="live"}}', "1707361200x60"),
        *evidence(PROBES, 7, 0.2), *evidence('signal="traffic.radar",name="traffic.radar"', 5, 0.3),
        *evidence('signal="bgp.ris",name="routes (bgp.ris)"', -0.5, 1),
        *evidence('signal="prior",name="without its signals"', -6, None),
        (f'netvigil_outage_likeness{{{PK},tense="live",looks="likely"}}', "1.4x60"),
    ]  # fmt: skip
    story = (
        "Since Thu 8 Feb 2024, 06:45 (UTC+5), that is Thu 8 Feb 2024, 01:45 UTC; 1 h 15 min by now. "
        "Lost now 40%, at worst 76%. Out: Zong 90%. Stand: PTCL. "
        "Evidence: probes (probing.ioda) at 20% of usual, traffic.radar at 30% of usual. "
        "Looks like a shutdown: likely; never an attribution. We are over 99% sure."
    )
    facts = {
        "summary": "A connectivity outage is confirmed.", "title": "Pakistan: mobile networks down",
        "description": story, "what": "mobile networks down", "since_local": "Thu 8 Feb 2024, 06:45 (UTC+5)",
        "since_utc": "Thu 8 Feb 2024, 01:45 UTC", "lasting": "1 h 15 min", "lost": "76%", "sure": "over 99%",
        "dashboard_url": "http://localhost:3000/d/netvigil-country?var-country=PK&var-tense=live",
        "runbook_url": "http://localhost:3000/d/netvigil-runbook?viewPanel=panel-1",
    }  # fmt: skip
    alert = {"exp_labels": {**PLACE, "severity": "critical"}, "exp_annotations": facts}
    expected = {"alertname": "NetvigilOutageConfirmed", "eval_time": "5m", "exp_alerts": [alert]}
    told = {"interval": "1m", "input_series": inputs(series), "alert_rule_test": [expected], "external_labels": GRAFANA}
    promtool_test(tmp_path, [told])


@pytest.mark.system
def test_a_blind_country_tells_the_reason_of_each_dead_feed(tmp_path: Path) -> None:
    dead = {"atlas": r"its name is \"x\"", "radar": "it needs a token", "ris": r"its name is \"x\""}
    series = [
        UP,
        WATCHED,
        *((f'netvigil_feed_dead_info{{feed="{feed}",reason="{why}"}}', "1x60") for feed, why in dead.items()),
        ('netvigil_build_info{job="drill",instance="w2",tense="drill"}', "1x60"),
        ('netvigil_feed_dead_info{job="drill",instance="w2",feed="table",reason="a drill"}', "1x60"),
    ]
    facts = {
        "summary": "A watched country cannot be seen.", "title": "We cannot see PK",
        "description": "No signal of the watched country PK has enough healthy sources. An outage there would go "
        "unnoticed: seeing none does not mean that there is none. "
        'Dead feeds: radar (it needs a token); atlas, ris (its name is "x")',
        "dashboard_url": "http://localhost:3000/d/netvigil-country?var-country=PK&var-tense=live",
        "runbook_url": "http://localhost:3000/d/netvigil-runbook?viewPanel=panel-9",
    }  # fmt: skip
    alert = {"exp_labels": PK_BLIND, "exp_annotations": facts}
    expected = {"alertname": "NetvigilCountryBlind", "eval_time": "6m", "exp_alerts": [alert]}
    told = {"interval": "1m", "input_series": inputs(series), "alert_rule_test": [expected], "external_labels": GRAFANA}
    promtool_test(tmp_path, [told])


@pytest.mark.system
def test_a_restoration_tells_its_length_and_how_much_is_back(tmp_path: Path) -> None:
    place = f'{PK},tense="live"'
    series = [
        UP,
        (f'netvigil_restored_info{{{place},outcome="restored",{ENDED}}}', "1x60"),
        (f"netvigil_outage_regained_ratio{{{place}}}", "0.95x60"),
    ]
    story = (
        "Back since Thu 8 Feb 2024, 20:00 (UTC+5), that is Thu 8 Feb 2024, 15:00 UTC. It was out for "
        "13 hours 15 minutes, from Thu 8 Feb 2024, 06:45 (UTC+5). The signals that fell are back at 95% of usual."
    )
    facts = {
        "summary": "A connectivity outage is over.", "title": "Pakistan: back after 13 hours 15 minutes",
        "description": story, "what": "mobile networks down", "since_local": "Thu 8 Feb 2024, 06:45 (UTC+5)",
        "until_local": "Thu 8 Feb 2024, 20:00 (UTC+5)", "until_utc": "Thu 8 Feb 2024, 15:00 UTC",
        "lasted": "13 hours 15 minutes",
        "dashboard_url": "http://localhost:3000/d/netvigil-country?var-country=PK&var-tense=live",
        "runbook_url": "http://localhost:3000/d/netvigil-runbook?viewPanel=panel-4",
    }  # fmt: skip
    alert = {"exp_labels": {**PLACE, "severity": "warning"}, "exp_annotations": facts}
    expected = {"alertname": "NetvigilOutageRestored", "eval_time": "5m", "exp_alerts": [alert]}
    told = {"interval": "1m", "input_series": inputs(series), "alert_rule_test": [expected], "external_labels": GRAFANA}
    promtool_test(tmp_path, [told])


@pytest.mark.system
@pytest.mark.parametrize(("tense", "is_told"), [("live", False), ("drill", True)])
def test_the_end_of_a_network_is_told_with_that_of_its_country(tense: str, is_told: bool, tmp_path: Path) -> None:
    country = out(value="1x9 stale", tense=tense)
    over = (f'netvigil_restored_info{{{ZONG},tense="live",outcome="restored",{ENDED}}}', "_x9 1x60")
    labels = PLACE | {"entity_type": "asn", "entity": "AS59257", "severity": "warning"}
    shows(tmp_path, [UP, *country, over], firing("NetvigilOutageRestored", "31m", labels if is_told else None))


@pytest.mark.system
def test_a_first_start_may_take_a_while_and_a_worker_that_was_there_is_missed_at_once(tmp_path: Path) -> None:
    begun = ('process_start_time_seconds{job="prometheus"}', "0x60")
    labels = {"job": "netvigil", "severity": "critical"}
    shows(tmp_path, [begun], firing("NetvigilWorkerAbsent", "15m", None), firing("NetvigilWorkerAbsent", "25m", labels))
    shows(tmp_path, [begun, (UP[0], "1x4 stale")], firing("NetvigilWorkerAbsent", "12m", labels))


@pytest.mark.system
@pytest.mark.parametrize("tense", ["replay", "drill", "live"])
def test_what_a_worker_of_a_replay_cannot_see_pages_nobody(tense: str, tmp_path: Path) -> None:
    at = 'job="netvigil",instance="w1"'
    series = [
        UP,
        (f'netvigil_build_info{{{at},version="1",tense="{tense}"}}', "1x300"),
        (f'netvigil_feed_up{{{at},feed="table"}}', "0x300"),
        (f'netvigil_feed_up{{{at},feed="ris"}}', "1x300"),
        (f'netvigil_feed_last_event_timestamp_seconds{{{at},feed="ris"}}', "0x300"),
        (f'netvigil_bin_health_ratio{{{at},signal="bgp.ris"}}', "0x300"),
        (f'netvigil_dead_letters_total{{{at},feed="ris",reason="bad-json"}}', "0+600x300"),
        (f'netvigil_late_records_total{{{at},feed="ris"}}', "0+600x300"),
    ]
    names = {"FeedDead", "FeedSilent", "SignalBlind", "DeadLetters", "LateRecords"} if tense == "live" else set()
    expr = 'count by (alertname) (ALERTS{alertstate="firing",alertname!="NetvigilWatchdog"})'
    samples = [{"labels": f'{{alertname="Netvigil{name}"}}', "value": 1} for name in sorted(names)]
    shows(tmp_path, series, {"expr": expr, "eval_time": "4h", "exp_samples": samples})


@pytest.mark.system
@pytest.mark.parametrize("timing", [Timing(), Timing(pause=1, hold=2, interval=1)])
def test_promtool_and_yaml_read_the_rules(timing: Timing, tmp_path: Path) -> None:
    assert yaml.safe_load(rules_text(timing)) == rules(timing)
    (tmp_path / "rules.yml").write_text(rules_text(timing))
    check = [program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yml")]
    subprocess.run(check, check=True, capture_output=True)


def test_every_alert_has_a_heading_in_the_runbook_and_none_is_left_over() -> None:
    assert set(sections()) == {alert.name for alert in ALERTS}
    assert all("**What it means.**" in text and "**What to do.**" in text for text in sections().values())


@pytest.mark.parametrize(
    ("name", "expr"),
    [(r.get("alert") or r["record"], r["expr"]) for group in rules()["groups"] for r in group["rules"]],
)
def test_the_expression_of_a_rule_parses_and_names_known_metrics(name: str, expr: str) -> None:
    names = metric_names(expr)
    assert names <= KNOWN
    assert names or name == "NetvigilWatchdog", "it always fires"


def test_a_command_of_the_runbook_is_one_of_the_docs() -> None:
    """So it has its addresses: at three in the morning nobody looks them up."""
    docs = (FOLDER.parent.parent / "docs" / "watch.md").read_text("utf-8").splitlines()
    text = "\n".join(sections().values())
    commands = re.findall(r"^netvigil .*|(?<=`)netvigil [a-z][^`]*(?=`)", text, re.MULTILINE)
    assert commands
    assert set(commands) <= set(docs)


def test_an_alert_without_its_heading_in_the_runbook_is_one_sentence() -> None:
    with pytest.raises(NoPageError, match=r"^dashboards/runbook.md has no heading '## NetvigilUnheard': every alert"):
        runbook_link("NetvigilUnheard")


def test_only_a_country_that_is_out_and_our_own_blindness_page() -> None:
    critical = {alert.name for alert in ALERTS if alert.severity == "critical"}
    outages = {"NetvigilOutageConfirmed", "NetvigilOutageGrown"}
    assert critical == outages | {"NetvigilCountryBlind", "NetvigilWorkerAbsent", "NetvigilBehind"}


def test_blind_means_the_same_for_alerts_and_for_detectors() -> None:
    assert Median().quorum == QUORUM
