"""Alerts keep to one form, and each has its page in the runbook."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from dashboards.__main__ import FOLDER
from dashboards.links import NoPageError, runbook_link, sections
from dashboards.rules import ALERTS, rules, rules_text
from dashboards.rules.alert import Timing
from dashboards.rules.health import QUORUM
from detectors.median import Median
from tests.dashboards.expressions import KNOWN, metric_names
from tests.programs import program

WITHOUT_METRIC = {"NetvigilWatchdog"}
"""It fires always."""


@pytest.mark.system
@pytest.mark.parametrize("timing", [Timing(), Timing(pause=1, hold=2, interval=1)])
def test_promtool_finds_nothing_to_complain_about(timing: Timing, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(rules_text(timing))
    check = [program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yml")]
    subprocess.run(check, check=True, capture_output=True)


def test_the_rules_are_what_yaml_reads_from_them() -> None:
    assert yaml.safe_load(rules_text()) == rules()


def test_every_alert_has_a_heading_in_the_runbook_and_none_is_left_over() -> None:
    assert set(sections()) == {alert.name for alert in ALERTS}
    assert all("**What it means.**" in text and "**What to do.**" in text for text in sections().values())


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_keeps_to_the_form(alert: Any) -> None:
    assert alert.name.startswith("Netvigil")
    assert alert.severity in ("critical", "warning", "info", "none")
    assert "{{" not in alert.summary
    assert alert.summary.endswith(".")
    rule = alert.rule(Timing())
    assert {"summary", "title", "description", "runbook_url", "dashboard_url"} <= set(rule["annotations"])


@pytest.mark.parametrize(
    ("name", "expr"),
    [(r.get("alert") or r["record"], r["expr"]) for group in rules()["groups"] for r in group["rules"]],
)
def test_the_expression_of_a_rule_parses_and_names_known_metrics(name: str, expr: str) -> None:
    names = metric_names(expr)
    assert names <= KNOWN
    assert names or name in WITHOUT_METRIC


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
    assert critical == {"NetvigilOutageConfirmed", "NetvigilCountryBlind", "NetvigilWorkerAbsent", "NetvigilBehind"}


def test_blind_means_the_same_for_alerts_and_for_detectors() -> None:
    assert Median().quorum == QUORUM
