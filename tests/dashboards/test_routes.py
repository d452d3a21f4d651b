"""Alertmanager: the receiver of each alert, and the text of a notification."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

import dashboards
from dashboards.rules import ALERTS
from pipeline.serve.exposition import TOLD_FOR
from tests.programs import program

FOLDER = Path(dashboards.__file__).parent
CONFIG = str(FOLDER / "alertmanager.yml")
SETTINGS = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())

OTHERS = ("FeedSilent", "SignalBlind", "DeadLetters", "LateRecords", "WorkerDown", "Behind")
ROUTES = {
    "alertname=NetvigilOutageConfirmed severity=critical country=PK": "desk-once",
    "alertname=NetvigilOutageConfirmed severity=critical country=PK tense=live": "desk-once",
    "alertname=NetvigilOutageConfirmed severity=warning country=PK tense=live": "desk-once",
    "alertname=NetvigilOutageConfirmed severity=critical country=PK tense=drill": "desk-once",
    "alertname=NetvigilOutageGrown severity=critical country=PK tense=live": "desk-once",
    "alertname=NetvigilOutageConfirmed severity=critical country=PK tense=replay": "replay",
    "alertname=NetvigilOutageSuspected severity=info country=PK tense=replay": "replay",
    "alertname=NetvigilOutageRestored severity=warning country=PK tense=replay": "replay",
    "alertname=NetvigilOutageSuspected severity=info country=PK tense=live": "board",
    "alertname=NetvigilOutageSuspected severity=info country=PK tense=drill": "board",
    "alertname=NetvigilOutageRestored severity=warning country=PK tense=live": "desk-once",
    "alertname=NetvigilOutageRestored severity=warning country=PK tense=drill": "desk-once",
    "alertname=NetvigilOutageRetracted severity=warning country=PK tense=live": "desk-once",
    "alertname=NetvigilFeedDead severity=warning feed=ris": "desk",
    "alertname=NetvigilCountryBlind severity=critical country=PK": "desk",
    "alertname=NetvigilWorkerAbsent severity=critical job=netvigil": "desk",
    "alertname=NetvigilWatchdog severity=none": "watchdog",
    **{f"alertname=Netvigil{name} severity=warning": "desk" for name in OTHERS},
}


@pytest.mark.system
def test_amtool_accepts_the_settings_and_their_templates() -> None:
    run = subprocess.run([program("amtool"), "check-config", CONFIG], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "1 templates" in run.stdout


@pytest.mark.system
@pytest.mark.parametrize(("labels", "receiver"), ROUTES.items())
def test_an_alert_goes_to_its_receiver_and_to_no_other(labels: str, receiver: str) -> None:
    test = [program("amtool"), "config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}"]
    run = subprocess.run([*test, *labels.split()], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_its_route_here() -> None:
    assert {labels.split()[0].partition("=")[2] for labels in ROUTES} == {alert.name for alert in ALERTS}


def test_an_end_is_shown_for_longer_than_alertmanager_waits() -> None:
    waits = [SETTINGS["route"][name] for name in ("group_wait", "group_interval")]
    assert waits == ["30s", "5m"]
    assert TOLD_FOR > 30 + 5 * 60 + 15 + 15, "and a scrape, and a rule"


def test_an_alert_that_mutes_others_has_every_label_that_must_be_equal() -> None:
    for rule in SETTINGS["inhibit_rules"]:
        if rule.get("equal"):
            assert 'entity_type="country"' in rule["source_matchers"], "both sides may lack the label"


def test_a_confirmed_outage_is_muted_only_by_its_own_country() -> None:
    for rule in SETTINGS["inhibit_rules"]:
        targets = " ".join(rule["target_matchers"])
        if "NetvigilOutageConfirmed" in targets:
            assert 'alertname="NetvigilOutageConfirmed"' in rule["source_matchers"]
            assert 'entity_type=~"region|asn|service"' in targets


def test_no_secret_stands_in_the_settings() -> None:
    text = (FOLDER / "alertmanager.yml").read_text().lower()
    assert not any(word in text for word in ("password:", "token:", "api_key:", "secret:"))


STORY = "Since Thu 8 Feb 2024, 06:45 (UTC+5) local time."
TITLE = "Pakistan: mobile networks down"


@pytest.mark.system
@pytest.mark.parametrize(
    ("tense", "status", "count", "title", "text"),
    [
        ("live", "firing", 1, TITLE, f"{STORY}\nBoard: http://g/d/c"),
        ("drill", "firing", 1, f"DRILL: {TITLE}", "This is a DRILL. Nothing is out.\n"),
        ("replay", "firing", 1, f"REPLAY: {TITLE}", STORY),
        ("live", "resolved", 1, f"No longer: {TITLE}", f"No longer: {TITLE}. Last report: {STORY}"),
        ("live", "firing", 3, f"{TITLE} (3 in all)", f"{TITLE}. {STORY}\nBoard: http://g/d/c\n\n{TITLE}. {STORY}"),
    ],
)
def test_a_notification_has_its_title_and_text(
    tense: str, status: str, count: int, title: str, text: str, tmp_path: Path
) -> None:
    labels = {"alertname": "NetvigilOutageConfirmed", "country": "PK", "tense": tense}
    facts = {"title": TITLE, "description": STORY, "dashboard_url": "http://g/d/c"}
    alert = {"status": status, "labels": labels, "annotations": facts, "startsAt": "2024-02-08T02:15:00Z"}
    told = {
        "receiver": "desk", "status": status, "alerts": [alert] * count, "groupLabels": labels,
        "commonLabels": labels, "commonAnnotations": facts, "externalURL": "http://alertmanager",
    }  # fmt: skip
    (tmp_path / "told.json").write_text(json.dumps(told))
    rendered = []
    for name in ("title", "text"):
        template = f'--template.text={{{{ template "netvigil.{name}" . }}}}'
        files = [f"--template.glob={FOLDER}/*.tmpl", f"--template.data={tmp_path}/told.json"]
        command = [program("amtool"), "template", "render", *files, template]
        rendered.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    assert rendered[0] == title
    assert rendered[1].startswith(text)


@pytest.mark.system
def test_promtool_accepts_the_scrape_settings() -> None:
    check = [program("promtool"), "check", "config", "--syntax-only", str(FOLDER / "prometheus.yml")]
    subprocess.run(check, check=True, capture_output=True)
