"""``netvigil check``: what is ready, what is not, and what was not checked, whatever it meets."""

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console

import dashboards
from dashboards.rules import rules
from pipeline import topics
from pipeline.cli import commands
from pipeline.cli.check import NOT_CHECKED, NOT_READY, READY, Finding, check, is_ready, render
from pipeline.errors import UserError
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.replay.through_kafka import workers
from pipeline.serve.metrics import Metrics
from pipeline.site import NoAnswerError, Site
from tests.dashboards import servers
from tests.dashboards.servers import until

pytestmark = pytest.mark.sockets

SHIPPED = (Path(dashboards.__file__).parent / "alertmanager.yml").read_text()


class Pages(HTTPServer):
    """A server of ``pages``: path -> a value for JSON, a text, or the number of an error."""

    def __init__(self, pages: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.pages = pages
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Page(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        found = self.server.pages.get(urlsplit(self.path).path, 404)
        body = (found if isinstance(found, str) else json.dumps(found)).encode()
        self.send_response(found if isinstance(found, int) else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(pages: dict[str, Any]) -> Iterator[str]:
    with Pages(pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


GRAFANA = {
    "/api/health": {"database": "ok", "version": "13.2.3"},
    "/api/search": [{"title": "One country", "uid": "netvigil-country"}],
    "/api/datasources/uid/prometheus/health": {"status": "OK", "message": "Successfully queried."},
}
SETTINGS = """
receivers:
  - name: desk
    email_configs: [{to: desk@example.org, smarthost: smtp.example.org}]
  - name: replay
  - name: watchdog
    webhook_configs: [{url: https://user:token@dead.example.org/ping/token}]
"""
ALERTMANAGER: dict[str, Any] = {
    "/api/v2/status": {"versionInfo": {"version": "0.34.2"}, "config": {"original": SETTINGS}},
    "/api/v2/receivers": [{"name": "desk"}, {"name": "replay"}],
    "/metrics": 'alertmanager_notifications_total{integration="webhook"} 3\n'
    'alertmanager_notifications_failed_total{integration="webhook"} 0\n',
    "/api/v2/alerts": [{"labels": {"alertname": "NetvigilWatchdog"}}],
    "/api/v2/silences": [],
}


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.state for finding in findings}


def detail(findings: list[Finding], what: str) -> str:
    return next(finding.detail for finding in findings if finding.what == what)


def test_a_part_without_an_address_is_not_checked_and_nothing_is_ready() -> None:
    found = check()
    assert states(found) == dict.fromkeys(
        ("broker", "prometheus", "alertmanager", "grafana", "live feeds"), NOT_CHECKED
    )
    assert detail(found, "grafana") == "--grafana was not given"
    assert not is_ready(found)


@pytest.mark.parametrize("address", ["localhost:9090", "ftp://x", "http://", "http://x:99999", "http://[", "\x00"])
def test_what_is_not_an_address_is_one_sentence(address: str) -> None:
    with pytest.raises(UserError, match=r"--prometheus .* is no address"):
        check(prometheus=address)


def test_a_server_that_does_not_answer_is_a_finding() -> None:
    found = check(broker="kafka://127.0.0.1:1", prometheus="http://127.0.0.1:1", grafana="http://127.0.0.1:1/grafana")
    assert states(found) == {
        "broker": NOT_READY, "prometheus": NOT_READY, "alertmanager": NOT_CHECKED, "grafana": NOT_READY,
        "live feeds": NOT_CHECKED,
    }  # fmt: skip
    assert detail(found, "prometheus") == "no answer from http://127.0.0.1:1: Connection refused"


def test_a_server_that_never_answers_does_not_hold_the_check() -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as silent, pytest.raises(NoAnswerError, match="timed out"):
        Site(f"http://127.0.0.1:{silent.server_port}", patience=0.2).text("/")


def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    with serving({"/x": "[" + "1," * 10_000 + "1]"}) as url, pytest.raises(NoAnswerError, match="which is no JSON"):
        Site(url, largest=1000).json("/x")


@pytest.mark.parametrize("page", ["<html>", "[]", "null", "[" * 100_000, '{"data": 3}', 500])
@pytest.mark.parametrize("server", ["prometheus", "alertmanager", "grafana"])
def test_another_kind_of_server_is_not_ready(server: str, page: Any) -> None:
    paths = ("/api/v1/status/buildinfo", "/api/v2/status", "/api/health")
    with serving(dict.fromkeys(paths, page)) as url:
        found = check(**{server: url})  # type: ignore[arg-type]
    assert states(found)[server] == NOT_READY
    assert not is_ready(found)


@pytest.mark.parametrize(
    ("path", "page", "what", "said"),
    [
        ("/api/health", {"database": "failing"}, "grafana", " answers at http"),
        ("/api/search", [], "boards", "no board has the tag netvigil"),
        (
            "/api/datasources/uid/prometheus/health",
            {"status": "ERROR", "message": "no route"},
            "datasource",
            "no route",
        ),
        ("/api/datasources/uid/prometheus/health", 404, "grafana", "answers 404 Not Found"),
    ],
)
def test_what_grafana_lacks_is_named(path: str, page: Any, what: str, said: str) -> None:
    with serving(GRAFANA) as url:
        found = check(grafana=url + "/")
        assert is_ready(found)
        assert detail(found, "boards") == "One country"
    with serving(GRAFANA | {path: page}) as url:
        found = check(grafana=url)
    assert any(finding.state == NOT_READY and finding.what == what and said in finding.detail for finding in found)


@pytest.mark.parametrize(
    ("path", "page", "what", "said"),
    [
        ("/api/v2/receivers", [{"name": "desk"}], "receivers", "missing: replay"),
        ("/api/v2/receivers", [{"name": "replay"}], "receivers", "replay"),
        ("/api/v2/alerts", [], "watchdog", "the watchdog does not come through from Prometheus"),
        (
            "/metrics",
            ALERTMANAGER["/metrics"].replace("} 0", "} 2"),
            "delivery",
            "3 notifications sent, 2 of them failed",
        ),
        (
            "/api/v2/silences",
            [{"status": {"state": "active"}, "createdBy": "ana", "endsAt": "2026-02-08T06:00:00Z", "comment": "quiet"}],
            "silences",
            "ana until 2026-02-08T06:00: quiet",
        ),
    ],
)
def test_what_keeps_alertmanager_from_notifying_is_named(path: str, page: Any, what: str, said: str) -> None:
    with serving(ALERTMANAGER | {path: page}) as url:
        found = check(alertmanager=url)
    assert (states(found)[what], detail(found, what)) == (NOT_READY, said)


def receivers(settings: str) -> dict[str, tuple[str, str]]:
    """State and detail of each receiver where Alertmanager runs with these settings."""
    status = {"versionInfo": {"version": "0.34.2"}, "config": {"original": settings}}
    with serving(ALERTMANAGER | {"/api/v2/status": status}) as url:
        return {one.what: (one.state, one.detail) for one in check(alertmanager=url) if "receiver " in one.what}


def test_the_recipients_of_a_receiver_are_named_without_secrets() -> None:
    assert receivers(SETTINGS) == {
        "receiver desk": (READY, "email desk@example.org"), "receiver watchdog": (READY, "webhook dead.example.org")
    }  # fmt: skip
    assert receivers(yaml.safe_dump({"receivers": [{"name": "desk"}]})) == {
        "receiver desk": (NOT_READY, "tells nobody")
    }


def test_the_receivers_that_are_shipped_may_reach_nobody_and_the_findings_say_so() -> None:
    found = receivers(SHIPPED)
    assert {name: state for name, (state, _) in found.items()} == {
        "receiver desk": NOT_CHECKED, "receiver desk-once": NOT_CHECKED, "receiver watchdog": NOT_CHECKED
    }  # fmt: skip
    assert "only prints" in found["receiver desk"][1]
    assert "tells nobody" in found["receiver watchdog"][1]


@pytest.mark.parametrize("settings", ["{", "receivers: 3", "[]", ""])
def test_settings_of_alertmanager_that_cannot_be_read_are_not_ready(settings: str) -> None:
    status = {"versionInfo": {"version": "0.34.2"}, "config": {"original": settings}}
    with serving(ALERTMANAGER | {"/api/v2/status": status}) as url:
        assert not is_ready(check(alertmanager=url))


def test_topics_that_are_missing_or_have_other_partitions_and_missing_workers_are_named() -> None:
    first, *others = topics.every(FEEDS)
    with embedded() as broker:
        found = check(broker=f"kafka://{broker}")
        assert "netvigil.fuse.outages" in detail(found, "topics")
        create(broker, (dataclasses.replace(first, partitions=2), *others))
        found = check(broker=f"kafka://{broker}")
    assert states(found) | {"topics": NOT_READY, "workers": NOT_READY} == states(found)
    assert detail(found, "topics") == f"{first.name} has 2 partitions, not {first.partitions}"
    assert detail(found, "workers") == "none at work"


@pytest.mark.slow
def test_topics_and_a_worker_are_ready() -> None:
    with embedded() as broker, workers(1, broker, "--feed", "table"):
        create(broker, topics.every(FEEDS))
        until(lambda: states(check(broker=f"kafka://{broker}")).get("workers") == READY, 60)
        found = check(broker=f"kafka://{broker}")
    assert states(found)["topics"] == READY
    assert detail(found, "workers") == "1 of group netvigil at work"


@pytest.fixture
def worker() -> Iterator[tuple[Metrics, str]]:
    """The metrics of a worker, and their address."""
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield Metrics.on(registry), f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.system
@pytest.mark.slow
def test_a_real_prometheus_and_alertmanager_are_ready_except_for_a_feed_that_is_dead_or_old(
    worker: tuple[Metrics, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, exporter = worker
    with (
        servers.alertmanager("http://127.0.0.1:1", tmp_path / "alertmanager") as alerts,
        servers.prometheus(exporter, alerts, tmp_path / "prometheus") as asked,
    ):

        def found() -> list[Finding]:
            return check(prometheus=asked.url, alertmanager=f"http://{alerts}")

        def not_ready() -> list[str]:
            return [finding.what for finding in found() if finding.state == NOT_READY]

        assert states(found())["watchdog"] == NOT_READY
        watchdog = [{"labels": {"alertname": "NetvigilWatchdog"}}]  # Prometheus sends its first one too early
        requests.post(f"http://{alerts}/api/v2/alerts", json=watchdog, timeout=5).raise_for_status()
        until(lambda: states(found()).get("watchdog") == READY)
        assert detail(found(), "feeds") == "no feed has reported yet"
        metrics.feed("rislive", True, asked.now())
        metrics.watch("PK", "Election", True)
        metrics.watch("IQ", "", True)
        until(lambda: is_ready(found()))
        assert detail(found(), "watches") == "Election (PK) on, IQ on"
        metrics.feed("rislive", False)
        metrics.feed("ioda", True, asked.now() - 5 * 3600)
        until(lambda: not_ready() == ["feed ioda", "feed rislive"])
        assert detail(found(), "feed ioda").startswith("newest event 5 hours")
        assert detail(found(), "feed rislive").startswith("dead, newest event")
        assert commands.check("", asked.url, f"http://{alerts}", "", True) == 1
    said = json.loads(capsys.readouterr().out)
    alerts_count = sum("alert" in rule for group in rules()["groups"] for rule in group["rules"])
    assert said["ready"] is False
    assert {"what": "rules", "state": "ready", "detail": f"{alerts_count} alerts"} in said["findings"]


def test_ready_is_exit_code_0_and_the_table_has_a_row_for_each_part(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(ALERTMANAGER) as alerts, serving(GRAFANA) as boards:
        assert commands.check("", "", alerts, boards, False) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()].count("receivers") == 1


def test_the_table_does_not_interpret_markup() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(render([Finding("silences", NOT_READY, "[bold]x[/bold]")]))
    assert "[bold]x[/bold]" in captured.get()
