"""A replay through real agents, seen by a real Prometheus and told by a real Alertmanager to a real receiver."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dashboards.webhook import Receiver, Told, listening
from pipeline.codec import encode
from pipeline.explain.text import local_text
from pipeline.geo.countries import zone
from pipeline.kafka.transport import Sender
from pipeline.records import Entity, Heartbeat, Rows, Run
from pipeline.topics import feed
from tests.dashboards.servers import Queries, alertmanager, answers, free_port, prometheus, until
from tests.dashboards.test_boards import further, queries

pytestmark = [pytest.mark.system, pytest.mark.sockets, pytest.mark.slow]

ONSET = 1692579600
"""2023-08-21T01:00Z, when the first of Iraq's exam shutdowns began [s]."""
SPEED = 1800
"""Event time to a second of the clock: the shutdown takes nine seconds [-]."""


SHOWN = {
    "${__interval_ms}": "1000", "$__rate_interval": "30s", "$__range:1m": "90s:1s", "$__range": "90s",
    "$__interval": "1s",
    '"$country"': '"IQ"', "$signal": ".*", "$tense": ".*",
}  # fmt: skip
"""What the boards' variables stand for."""


ABSENT = (
    "_feed_dead_info",
    "netvigil_watch_active",
    "Regions, networks",
    "Networks, regions",
    "Suspicions",
    "Suspected",
    'entity_type!="country"',
    'entity_type="region"',
    "Moved by the feed itself",
    "offset -1d",
)
"""What this recording does not have: a watch list, parts of the country, a suspicion longer than a scrape, enough
countries for a common mode, and an outage of the time of the clock.  These expressions return something in
tests/dashboards/test_told.py."""


@contextmanager
def damaged(broker: str, asked: Queries) -> Iterator[int]:
    """Send bytes that are no frame, and a row long after its bin: the boards show these too."""
    began = asked.now()
    run = Run("damaged", "replay", ("probing.other",))
    place = Entity("country", "IQ", "IQ")
    row = Rows(
        run, "table", 0, "probing.other", 600, (), 0, (place,), np.array([0]), np.array([0], np.int32), np.array([1.0])
    )
    with Sender(broker) as sender:
        topic = feed("table").name
        sender.send(topic, b"no frame", 0)
        sender.send(topic, encode(Heartbeat(run, "table", 0, 6000, signals=run.signals)), 0)
        sender.send(topic, encode(row), 0)
    until(lambda: asked.at("netvigil_late_records_total") and asked.at("netvigil_dead_letters_total"), 60)
    yield began


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A netvigil command beside this process."""
    child = subprocess.Popen([sys.executable, "-m", "pipeline", *arguments])
    try:
        yield child
    finally:
        child.terminate()
        child.wait(20)


@pytest.fixture
def two_days(data: Path, tmp_path: Path) -> Path:
    """Iraq's recording until the morning after the first shutdown: a day, and one of the eight."""
    import gzip

    with gzip.open(data / "signals" / "iraq-2023-exams" / "signals.csv.gz", "rt") as text:
        head, *rows = text.readlines()
    short = tmp_path / "iraq" / "signals.csv"
    short.parent.mkdir()
    short.write_text(head + "".join(row for row in rows if row < "2023-08-21T09"))
    return short


def test_a_replayed_shutdown_fires_and_resolves_with_local_time_and_duration(two_days, own_broker, tmp_path):
    receiver, broker, port = Receiver(io.StringIO()), f"kafka://{own_broker}", free_port()

    def told(alert: str, status: str = "firing") -> list[Told]:
        return [t for n in receiver.seen() for t in n.alerts if (t.labels["alertname"], t.status) == (alert, status)]

    worker = ("worker", "--broker", broker, "--metrics-port", str(port), "--tense", "replay", "--feed", "table")
    replay = ("replay", str(two_days), "--through", "kafka", "--broker", broker, "--workers", "0")
    with (
        listening(receiver) as webhook,
        alertmanager(webhook, tmp_path / "alertmanager") as alerts,
        running(*worker, "--group", "told"),
    ):
        until(lambda: answers(f"http://127.0.0.1:{port}/metrics"), 60)
        with (
            prometheus(f"127.0.0.1:{port}", alerts, tmp_path / "prometheus") as asked,
            damaged(own_broker, asked) as began,
            running(*replay, "--speed", str(SPEED)) as playing,
        ):
            (firing,) = until(lambda: told("NetvigilOutageConfirmed"), 180)
            assert (firing.labels["country"], firing.labels["tense"]) == ("IQ", "replay")
            assert firing.annotations["since_local"] == local_text(ONSET, zone("IQ"))
            assert firing.annotations["lasting"]
            (resolved,) = until(lambda: told("NetvigilOutageConfirmed", "resolved"), 60)
            assert resolved.labels == firing.labels
            (restored,) = until(lambda: told("NetvigilOutageRestored"), 60)
            assert restored.annotations["title"] == "Iraq: back after 4 hours"
            assert playing.wait(60) == 0
            silent = nothing_from(asked, began)
    assert {n.receiver for n in receiver.seen() if any(t.labels.get("tense") == "replay" for t in n.alerts)} == {
        "replay"
    }
    assert {place for place in silent if not any(word in place for word in ABSENT)} == set()


def nothing_from(asked: Queries, began: int) -> set[str]:
    """Expressions of the boards that returned nothing since ``began``, as a board over that time would ask."""
    now = asked.now()
    silent = set()
    for place, expr in queries():
        for name, value in SHOWN.items():
            expr = expr.replace(name, value)
        if not further(expr) and not asked.over(expr, began, now):
            silent.add(f"{place}: {expr}")
    return silent
