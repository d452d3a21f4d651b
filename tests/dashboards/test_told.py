"""The whole way: metrics, a real Prometheus, a real Alertmanager, the receiver; the boards ask the same Prometheus."""

import io
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from dashboards.webhook import Receiver, Told, listening
from pipeline.explain.text import local_text, utc_text
from pipeline.geo.countries import zone
from pipeline.serve.metrics import Metrics
from tests.dashboards.servers import Queries, alertmanager, prometheus, until
from tests.dashboards.test_boards import further, queries
from tests.explain.shown import PK, SD, ZONG, T, outage, verdicts

pytestmark = [pytest.mark.system, pytest.mark.sockets, pytest.mark.slow]

HOUR = 3600


@dataclass
class Way:
    """Everything between a metric and a notification; ``began`` is the time of its start [s]."""

    metrics: Metrics
    receiver: Receiver
    printed: io.StringIO
    asked: Queries
    began: int

    def told(self, alert: str, status: str = "firing", receiver: str = "desk") -> list[Told]:
        """The alerts of a name in the notifications of a receiver."""
        notifications = [n for n in self.receiver.seen() if n.receiver.startswith(receiver)]
        alerts = [one for n in notifications for one in n.alerts]
        return [one for one in alerts if (one.labels["alertname"], one.status) == (alert, status)]

    def firing(self, alert: str) -> list[dict[str, object]]:
        return self.asked.at(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')

    def judge(self, value: float) -> None:
        """All signals of Pakistan have a ratio in percent."""
        for signal in ("probing.ioda", "bgp.ris"):
            self.metrics.observe(verdicts((PK, SD, ZONG), value=value, at=self.began - 600, signal=signal))

    def outage(self, state: str, revision: int, **changed: Any) -> None:
        """A revision of an outage that began two hours ago."""
        start = self.began - 2 * HOUR
        times = {"start": start, "detected_at": start + 900, "confirmed_at": start + 1800}
        self.metrics.outage(outage(state, revision, **{**times, **changed}))


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder, registry, printed = tmp_path_factory.mktemp("told"), CollectorRegistry(), io.StringIO()
    metrics, receiver = Metrics.on(registry), Receiver(printed)
    exporter, _ = start_http_server(0, "127.0.0.1", registry)
    with (
        listening(receiver) as webhook,
        alertmanager(webhook, folder / "alertmanager") as alerts,
        prometheus(f"127.0.0.1:{exporter.server_port}", alerts, folder / "prometheus") as asked,
    ):
        yield Way(metrics, receiver, printed, asked, asked.now())
    exporter.shutdown()
    exporter.server_close()


def test_an_outage_is_notified_from_confirmation_to_restoration(way: Way) -> None:
    start = way.began - 2 * HOUR
    way.metrics.feed("ioda", up=True, last_event=way.began - 600)
    way.metrics.watch("PK", "General election", True)
    way.judge(100.0)
    until(lambda: way.asked.at("netvigil_signal_value"))

    way.outage("suspected", 1, confirmed_at=None)
    until(lambda: way.firing("NetvigilOutageSuspected"))
    assert not way.told("NetvigilOutageSuspected", receiver="")

    way.judge(20.0)
    way.outage("confirmed", 2)
    (firing,) = until(lambda: way.told("NetvigilOutageConfirmed"))
    assert firing.labels["severity"] == "critical"
    assert firing.annotations["title"] == "Pakistan: mobile networks down"
    assert firing.annotations["since_local"] == local_text(start, zone("PK"))
    assert firing.annotations["since_utc"] == utc_text(start)
    assert firing.annotations["lasting"] == "2 h 0 min"
    assert "probes (probing.ioda) at 20% of usual" in firing.annotations["description"]
    assert "at worst 80%." in firing.annotations["description"]
    assert firing.annotations["description"].endswith("We are 97% sure.")

    way.outage("confirmed", 1, id="n1", entity_type="asn", entity="AS59257")
    way.metrics.outage(outage("confirmed", 1, id="r1", tense="replay", entity="IQ", start=T))
    way.outage("confirmed", 1, id="d1", tense="drill", entity="SN")
    until(lambda: way.told("NetvigilOutageConfirmed", receiver="replay"))
    until(lambda: [t for t in way.told("NetvigilOutageConfirmed") if t.labels["tense"] == "drill"])
    until(lambda: len(way.firing("NetvigilOutageConfirmed")) == 4)

    way.judge(95.0)
    way.outage("ended", 2, id="n1", entity_type="asn", entity="AS59257", end=way.began - 2000)
    way.outage("ended", 3, end=way.began - 1800)
    (restored,) = until(lambda: way.told("NetvigilOutageRestored"))
    assert restored.annotations["title"] == "Pakistan: back after 1 hour 30 minutes"
    assert local_text(way.began - 1800, zone("PK")) in restored.annotations["description"]
    assert "The signals that fell are back at 95% of usual." in restored.annotations["description"]
    assert not way.told("NetvigilOutageConfirmed", status="resolved"), "its end is told once"
    told = way.told("NetvigilOutageConfirmed")
    assert {(t.labels["tense"], t.labels["entity"]) for t in told} == {("live", "PK"), ("drill", "SN")}, (
        "and no network"
    )
    assert {t.labels["tense"] for t in way.told("NetvigilOutageConfirmed", receiver="replay")} == {"replay"}
    assert {t.labels["entity"] for t in way.told("NetvigilOutageRestored")} == {"PK"}
    assert "DRILL: Senegal: mobile networks down" in way.printed.getvalue()


def test_a_dead_feed_is_notified_and_no_country_with_it(way: Way) -> None:
    before = len(way.told("NetvigilOutageConfirmed"))
    way.metrics.feed("ioda", up=False)
    way.judge(math.nan)
    (dead,) = until(lambda: way.told("NetvigilFeedDead"))
    assert dead.annotations["title"] == "Feed ioda is dead"
    assert len(way.told("NetvigilOutageConfirmed")) == before


def test_every_expression_of_the_boards_returns_something(way: Way) -> None:
    way.metrics.feed("ioda", up=True, last_event=way.began)
    way.metrics.feed("radar", up=False, reason="it needs a token")
    for i in range(3):
        way.outage("suspected", 1, id=f"s{i}", entity="GB", confirmed_at=None)
        way.outage("retracted", 2, id=f"s{i}", entity="GB", confirmed_at=None, end=way.began)
        other = {"id": f"p{i}", "start": way.began - 3 * HOUR, "confirmed_at": None}
        way.outage("suspected", 1, **other)
        way.metrics.count("feed_messages", "ioda", n=10)
        way.metrics.count("late_records", "ioda", n=1)
        way.metrics.count("dead_letters", "ioda", "bad-json")
        time.sleep(1.1)
        way.outage("retracted", 2, **other, end=way.began)
    now = way.asked.now()
    values = {
        "$__rate_interval": "30s", "$__range:1m": "90s:1s", "$__range": "90s", "[1d:1m]": "[1d:1s]",
        "${__interval_ms}": "14400000",
        '"$country"': '"PK"', "$signal": ".*", "$tense": ".*",
    }  # fmt: skip
    empty = []
    for place, expr in [(place, expr) for place, expr in queries() if not further(expr)]:
        for name, value in values.items():
            expr = expr.replace(name, value)
        since, step = (way.began - HOUR, 60) if "offset -1d" in expr else (way.began - 5, 1)  # marks are dated back
        if not way.asked.over(expr, since, now, step):
            empty.append((place, expr))
    assert not empty
