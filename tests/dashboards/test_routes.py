"""Alertmanager: who is told what, and what it says."""

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

ROUTES = {
    "alertname=NetvigilOutageConfirmed severity=critical country=PK": "desk",
    "alertname=NetvigilOutageConfirmed severity=critical country=PK tense=live": "desk",
    "alertname=NetvigilOutageConfirmed severity=warning country=PK tense=live": "desk",
    "alertname=NetvigilOutageConfirmed severity=critical country=PK tense=drill": "desk",
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


def test_every_alert_is_routed_somewhere_on_purpose() -> None:
    routed = {labels.split()[0].partition("=")[2] for labels in ROUTES}
    others = {"NetvigilFeedSilent", "NetvigilSignalBlind", "NetvigilDeadLetters", "NetvigilLateRecords"}
    assert routed | others | {"NetvigilWorkerDown", "NetvigilBehind"} == {alert.name for alert in ALERTS}


def test_the_receiver_of_replays_is_named_once() -> None:
    def named(route: dict[str, object]) -> list[object]:
        inner = route.get("routes", [])
        assert isinstance(inner, list)
        return [route["receiver"], *(name for child in inner for name in named(child))]

    assert named(SETTINGS["route"]).count("replay") == 1
    assert not any(route.get("continue") for route in SETTINGS["route"]["routes"])


def test_a_drill_is_never_in_one_notification_with_something_live() -> None:
    drill = [route for route in SETTINGS["route"]["routes"] if route.get("matchers") == ['tense="drill"']]
    assert [route["receiver"] for route in drill] == ["desk"]


def test_alerts_of_a_country_come_together_and_not_too_often() -> None:
    route = SETTINGS["route"]
    assert route["group_by"] == ["alertname", "country"]
    assert (route["group_wait"], route["repeat_interval"]) == ("30s", "12h")


def test_an_end_is_shown_until_alertmanager_has_told_it_of_any_replay() -> None:
    waits = [SETTINGS["route"][name] for name in ("group_wait", "group_interval")]
    assert waits == ["30s", "5m"]
    assert TOLD_FOR > 30 + 5 * 60 + 15 + 15, "and a scrape, and a rule"


def test_what_mutes_another_has_every_label_that_must_be_equal() -> None:
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


def rendered(name: str, folder: Path, tense: str = "live", status: str = "firing", count: int = 1) -> str:
    labels = {"alertname": "NetvigilOutageConfirmed", "country": "PK", "tense": tense}
    facts = {"title": "Pakistan: mobile networks down", "description": STORY, "dashboard_url": "http://g/d/c"}
    alert = {"status": status, "labels": labels, "annotations": facts, "startsAt": "2024-02-08T02:15:00Z"}
    told = {
        "receiver": "desk", "status": status, "alerts": [alert] * count, "groupLabels": labels,
        "commonLabels": labels, "commonAnnotations": facts, "externalURL": "http://alertmanager",
    }  # fmt: skip
    (folder / "told.json").write_text(json.dumps(told))
    render = [program("amtool"), "template", "render", f"--template.glob={FOLDER}/*.tmpl"]
    text = f'--template.text={{{{ template "{name}" . }}}}'
    run = subprocess.run(
        [*render, text, f"--template.data={folder}/told.json"], check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


@pytest.mark.system
@pytest.mark.parametrize(
    ("tense", "status", "count", "title"),
    [
        ("live", "firing", 1, "Pakistan: mobile networks down"),
        ("drill", "firing", 1, "DRILL: Pakistan: mobile networks down"),
        ("replay", "firing", 1, "REPLAY: Pakistan: mobile networks down"),
        ("live", "resolved", 1, "No longer: Pakistan: mobile networks down"),
        ("live", "firing", 3, "Pakistan: mobile networks down (3 in all)"),
    ],
)
def test_a_title_says_what_and_whether_it_is_real(
    tense: str, status: str, count: int, title: str, tmp_path: Path
) -> None:
    assert rendered("netvigil.title", tmp_path, tense, status, count) == title


@pytest.mark.system
def test_a_text_tells_the_story_and_where_to_look(tmp_path: Path) -> None:
    assert rendered("netvigil.text", tmp_path) == f"{STORY}\nBoard: http://g/d/c"


@pytest.mark.system
def test_of_several_alerts_each_stands_under_its_title(tmp_path: Path) -> None:
    lines = rendered("netvigil.text", tmp_path, count=2).splitlines()
    assert lines.count(f"Pakistan: mobile networks down. {STORY}") == 2


@pytest.mark.system
def test_the_text_of_a_drill_begins_with_saying_so(tmp_path: Path) -> None:
    assert rendered("netvigil.text", tmp_path, tense="drill").startswith("This is a DRILL. Nothing is out.\n")


@pytest.mark.system
def test_a_resolved_text_does_not_read_as_if_it_were_still_so(tmp_path: Path) -> None:
    text = rendered("netvigil.text", tmp_path, status="resolved")
    assert text.startswith(f"No longer: Pakistan: mobile networks down. Last report: {STORY}")


@pytest.mark.system
def test_promtool_accepts_the_scrape_settings() -> None:
    check = [program("promtool"), "check", "config", "--syntax-only", str(FOLDER / "prometheus.yml")]
    subprocess.run(check, check=True, capture_output=True)
