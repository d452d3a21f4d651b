"""That we cannot see is told within two heartbeats: two bins of the narrowest signal."""

import io
import time
from itertools import count
from pathlib import Path

import pytest

from dashboards.webhook import Receiver, listening
from pipeline import topics
from pipeline.bins import WIDTH
from pipeline.codec import encode
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.transport import Sender
from pipeline.records import Heartbeat, Run
from pipeline.settings import Settings
from tests.dashboards.alerts import UP, firing, inputs, promtool_test
from tests.dashboards.servers import alertmanager, answers, free_port, prometheus, until
from tests.replay.runners import Worker

BEAT, SCRAPE = 60, 15
"""How often ingest says that a feed is there, and Prometheus looks at a worker [s]."""

LAST = 600
"""When something was last seen, by promtool's clock [s]."""

LOST = [
    # what is lost, when a worker shows it at the latest [s], its series before and after, the alert
    ("feed", LAST + Settings().silence + SCRAPE, 'netvigil_feed_up{feed="ris"}', "NetvigilFeedDead", {"feed": "ris"}),
    (
        "sources",
        LAST + WIDTH + BEAT + SCRAPE,
        'netvigil_bin_health_ratio{signal="bgp.ris"}',
        "NetvigilSignalBlind",
        {"signal": "bgp.ris"},
    ),
]


@pytest.mark.system
@pytest.mark.parametrize(("what", "shown", "series", "alert", "labels"), LOST, ids=[row[0] for row in LOST])
def test_by_the_rules_it_fires_within_two_bins(
    what: str, shown: int, series: str, alert: str, labels: dict[str, str], tmp_path: Path
) -> None:
    steps = shown // SCRAPE
    given = [(UP[0], "1x300"), (series, f"1x{steps - 1} 0x120")]
    expected = [
        firing(alert, f"{shown - SCRAPE}s", None),
        firing(alert, f"{LAST + 2 * WIDTH}s", {**labels, "severity": "warning"}),
    ]
    promtool_test(tmp_path, [{"interval": f"{SCRAPE}s", "input_series": inputs(given), "promql_expr_test": expected}])


@pytest.mark.system
@pytest.mark.slow
def test_a_feed_that_ends_at_a_worker_is_told_within_two_heartbeats(tmp_path: Path) -> None:
    """All by a hundredth: heartbeats of three seconds for bins of three hundred, a silence of three."""
    port, topic, heartbeat = free_port(), topics.feed("table"), WIDTH / 100
    live, receiver, times = Run("live", "live", ("probing.ioda",)), Receiver(io.StringIO()), count(0, 60)
    with embedded() as broker, listening(receiver) as webhook, alertmanager(webhook, tmp_path / "alerts") as alerts:
        create(broker, topics.every(FEEDS))
        more = ("--feed", "table", "--silence", str(Settings().silence // 100), "--metrics-port", str(port))
        worker = Worker(broker, tmp_path / "worker.log", more).start()
        until(lambda: answers(f"http://127.0.0.1:{port}/metrics"), 60)
        with prometheus(f"127.0.0.1:{port}", alerts, tmp_path / "prometheus") as asked, Sender(broker) as sender:

            def beat() -> float:
                at = next(times)
                for partition in range(topic.partitions):
                    sender.send(
                        topic.name, encode(Heartbeat(live, "table", partition, at, "up", live.signals)), partition
                    )
                sender.flush()
                return time.monotonic()

            def is_up() -> bool:
                beat()  # until it is seen it must not fall silent
                return bool(asked.at("netvigil_feed_up == 1"))

            until(is_up, 60)
            for _ in range(3):
                last = beat()
                time.sleep(heartbeat / 3)
            assert asked.at('ALERTS{alertname="NetvigilFeedDead"}') == []
            until(lambda: asked.at('ALERTS{alertname="NetvigilFeedDead",alertstate="firing"}'), 60)
            took = time.monotonic() - last
        assert worker.stop() == 0
    print(f"{took:.1f} s from the last heartbeat to the alert, {took / heartbeat:.1f} heartbeats")  # noqa: T201
    looks = 0.5 + 0.5 + 1 + 1
    """The worker's, the scrape's and the rules' own intervals do not shrink by a hundred [s]."""
    assert took <= 2 * heartbeat + looks
