"""``netvigil check``: says what is ready, what is not and what it did not look at, whatever it meets."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from pipeline import topics
from pipeline.cli import commands
from pipeline.cli.check import NOT_CHECKED, NOT_READY, READY, Finding, NoAnswerError, Site, check, is_ready, render
from pipeline.errors import UserError
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.replay.through_kafka import workers
from pipeline.serve.metrics import Metrics
from tests.dashboards import servers
from tests.dashboards.servers import until

pytestmark = pytest.mark.sockets

NOW = 1_800_000_000


class Pages(HTTPServer):
    """A server that answers with what stands in ``pages``: path -> JSON-able, text, or an error's number."""

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


def test_what_no_address_is_given_for_is_not_checked_and_that_is_said_and_is_not_ready() -> None:
    found = check()
    assert states(found) == dict.fromkeys(("broker", "prometheus", "alertmanager", "grafana"), NOT_CHECKED)
    assert detail(found, "grafana") == "--grafana was not given"
    assert not is_ready(found)


@pytest.mark.parametrize("address", ["localhost:9090", "ftp://x", "http://", "http://x:99999", "http://[", "\x00"])
def test_an_address_that_is_none_is_said_in_one_sentence(address: str) -> None:
    with pytest.raises(UserError, match=r"--prometheus .* is no address"):
        check(prometheus=address)


def test_where_nobody_answers_that_is_the_finding() -> None:
    found = check(broker="kafka://127.0.0.1:1", prometheus="http://127.0.0.1:1", grafana="http://127.0.0.1:1/grafana")
    assert states(found) == {
        "broker": NOT_READY, "prometheus": NOT_READY, "alertmanager": NOT_CHECKED, "grafana": NOT_READY
    }  # fmt: skip
    assert detail(found, "prometheus") == "nobody answers at http://127.0.0.1:1: Connection refused"


def test_a_server_that_never_answers_does_not_hold_the_check() -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as silent, pytest.raises(NoAnswerError, match="timed out"):
        Site(f"http://127.0.0.1:{silent.server_port}", patience=0.2).text("/")


@pytest.mark.parametrize("page", ["<html>", "[]", "{}", "null", "[" * 100_000, '{"data": 3}', 500])
@pytest.mark.parametrize("server", ["prometheus", "alertmanager", "grafana"])
def test_another_kind_of_server_is_found_out(server: str, page: Any) -> None:
    paths = ("/api/v1/status/buildinfo", "/api/v2/status", "/api/health")
    with serving(dict.fromkeys(paths, page)) as url:
        found = check(**{server: url})  # type: ignore[arg-type]
    assert states(found)[server] == NOT_READY
    assert not is_ready(found)


def test_a_grafana_with_boards_and_a_datasource_is_ready() -> None:
    with serving(GRAFANA) as url:
        found = [f for f in check(grafana=url + "/") if f.state != NOT_CHECKED]
    assert states(found) == dict.fromkeys(("grafana", "boards", "datasource"), READY)
    assert detail(found, "boards") == "One country"


@pytest.mark.parametrize(
    ("path", "page", "what"),
    [
        ("/api/health", {"database": "failing"}, "grafana"),
        ("/api/search", [], "boards"),
        ("/api/datasources/uid/prometheus/health", {"status": "ERROR", "message": "no route"}, "datasource"),
        ("/api/datasources/uid/prometheus/health", 404, "grafana"),
    ],
)
def test_what_grafana_lacks_is_named(path: str, page: Any, what: str) -> None:
    with serving(GRAFANA | {path: page}) as url:
        found = check(grafana=url)
    assert (what, NOT_READY) in {(finding.what, finding.state) for finding in found}


@pytest.mark.parametrize(
    ("path", "page", "what", "told"),
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
def test_what_keeps_alertmanager_from_telling_anybody_is_named(path: str, page: Any, what: str, told: str) -> None:
    with serving(ALERTMANAGER) as url:
        assert is_ready(check(alertmanager=url))
    with serving(ALERTMANAGER | {path: page}) as url:
        found = check(alertmanager=url)
    assert states(found)[what] == NOT_READY
    assert detail(found, what) == told


def test_a_broker_without_topics_and_workers_is_not_ready_and_one_with_topics_says_what_else_is_missing() -> None:
    with embedded() as broker:
        found = check(broker=f"kafka://{broker}")
        assert states(found)["topics"] == NOT_READY
        assert "netvigil.fuse.outages" in detail(found, "topics")
        create(broker, topics.every(FEEDS))
        found = check(broker=f"kafka://{broker}")
        assert (states(found)["topics"], states(found)["workers"]) == (READY, NOT_READY)
        assert detail(found, "workers") == "nobody at work"


@pytest.mark.slow
def test_a_worker_that_is_at_work_is_counted() -> None:
    with embedded() as broker, workers(1, broker, "--feed", "table"):
        until(lambda: states(check(broker=f"kafka://{broker}")).get("workers") == READY, 60)
        assert detail(check(broker=f"kafka://{broker}"), "workers") == "1 of group netvigil at work"


def test_a_topic_with_other_partitions_is_named() -> None:
    import dataclasses

    wrong = [dataclasses.replace(topic, partitions=2) for topic in topics.every(FEEDS)[:1]]
    with embedded() as broker:
        create(broker, (*wrong, *topics.every(FEEDS)[1:]))
        found = check(broker=f"kafka://{broker}")
    assert detail(found, "topics") == f"{wrong[0].name} has 2 partitions, not {topics.every(FEEDS)[0].partitions}"


@pytest.fixture
def worker() -> Iterator[tuple[Metrics, str]]:
    """What a worker shows, and where."""
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield Metrics.on(registry), f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.system
@pytest.mark.slow
def test_a_real_prometheus_and_alertmanager_are_ready_but_for_a_feed_that_is_dead_or_old(
    worker: tuple[Metrics, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, exporter = worker
    with (
        servers.alertmanager("http://127.0.0.1:1", tmp_path / "alertmanager") as alerts,
        servers.prometheus(exporter, alerts, tmp_path / "prometheus") as asked,
    ):
        addresses = {"prometheus": asked.url, "alertmanager": f"http://{alerts}"}
        assert states(check(**addresses))["watchdog"] == NOT_READY
        bark(f"http://{alerts}")
        until(lambda: states(check(**addresses)).get("watchdog") == READY)
        assert detail(check(**addresses), "feeds") == "no feed has said anything"
        metrics.feed("rislive", True, asked.now())
        metrics.watch("PK", "Election", True)
        until(lambda: is_ready(check(**addresses)))
        assert detail(check(**addresses), "watches") == "Election (PK) on"
        metrics.feed("rislive", False)
        metrics.feed("ioda", True, asked.now() - 5 * 3600)
        until(lambda: "feed ioda" in states(check(**addresses)) and not is_ready(check(**addresses)))
        found = until(
            lambda: [f for f in check(**addresses) if f.state == NOT_READY and len(found_feeds(addresses)) == 2]
        )
        assert [f.what for f in found] == ["feed ioda", "feed rislive"]
        assert detail(found, "feed ioda").startswith("newest event 5 hours")
        assert detail(found, "feed rislive").startswith("dead, newest event")
        assert commands.check("", asked.url, f"http://{alerts}", "", True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    assert {"what": "rules", "state": "ready", "detail": f"{alert_count()} alerts"} in told["findings"]


def bark(alertmanager: str) -> None:
    """The watchdog, as Prometheus sends it: its own first word comes before it knows of any Alertmanager."""
    body = json.dumps([{"labels": {"alertname": "NetvigilWatchdog"}}]).encode()
    request = urllib.request.Request(f"{alertmanager}/api/v2/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5):
        pass


def found_feeds(addresses: dict[str, str]) -> list[Finding]:
    return [f for f in check(**addresses) if f.what.startswith("feed ") and f.state == NOT_READY]


def alert_count() -> int:
    from dashboards.rules import rules

    return sum("alert" in rule for group in rules()["groups"] for rule in group["rules"])


def test_ready_is_exit_code_0_and_the_table_says_each_thing_once(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(ALERTMANAGER) as alerts, serving(GRAFANA) as boards:
        assert commands.check("", "", alerts, boards, False) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()].count("receivers") == 1


def test_the_table_shows_markup_as_it_stands() -> None:
    from rich.console import Console

    console = Console(width=80)
    with console.capture() as captured:
        console.print(render([Finding("silences", NOT_READY, "[bold]x[/bold]")]))
    assert "[bold]x[/bold]" in captured.get()


def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    with serving({"/x": "[" + "1," * 10_000 + "1]"}) as url, pytest.raises(NoAnswerError, match="which is no JSON"):
        Site(url, largest=1000).json("/x")
