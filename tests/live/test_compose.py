"""docker-compose.yml, really up: a recorded stream in; an outage, a firing and a resolved notification out."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboards.webhook import Told, notification
from pipeline.cli.check import NOT_CHECKED, READY, check
from pipeline.codec import decode, encode, seconds
from pipeline.drill.run import Asked, drill
from pipeline.kafka.transport import Sender
from pipeline.records import Heartbeat
from pipeline.replay.reconstruction import reconstruct, write
from pipeline.topics import OUTAGES, feed
from tests.dashboards.servers import until
from tests.kafka.collected import collect
from tests.live.stack import COMPOSE, SERVICES, Stack, compose, engine, skip_unless_wanted
from tests.lookalikes import restored

pytestmark = [pytest.mark.compose, pytest.mark.slow]

BEGIN = "2024-02-07"
"""A day before the shutdown is enough to know what is usual."""

SPEED = 3600
"""Event time to a second of the clock: the two days take 48 s, and the shutdown of 13 hours 13 s [-]."""

BACK = seconds("2024-02-08T07:00:00Z")
"""The phones of the live day are back after five and a half hours: 33 s of the look-alikes' clock."""

PLACE = '{entity="PK",entity_type="country",tense="replay"}'
FEED = feed("table").name
ACTIVE = f"netvigil_outage_active{PLACE}"
CONFIRMED, RESTORED = "NetvigilOutageConfirmed", "NetvigilOutageRestored"


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services, up and well; gone afterwards with all that they kept."""
    skip_unless_wanted(request)
    with engine(COMPOSE) as environment:
        stack = Stack(compose(), tmp_path_factory.mktemp("compose"), environment)
        stack.sweep()
        stack.compose("build", "worker")
        try:
            stack.up()
            yield stack
        finally:
            sys.stderr.write(stack.compose("logs", "--no-color", "--tail=50", "topics", "worker", "webhook"))
            stack.away()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reconstruction that ``netvigil demo --write`` leaves, its last two days."""
    folder = tmp_path_factory.mktemp("recording")
    write(reconstruct(seed=0), folder)
    head, *rows = (folder / "signals.csv").read_text().splitlines(keepends=True)
    (folder / "signals.csv").write_text(head + "".join(row for row in rows if row >= BEGIN))
    return folder


@pytest.fixture(scope="module")
def expected(recording: Path) -> bytes:
    """Its outages, as they are without any Kafka."""
    netvigil("replay", recording, "--outages", recording / "expected.jsonl")
    return (recording / "expected.jsonl").read_bytes()


def netvigil(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def replaying(recording: Path, stack: Stack, outages: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A replay of the recording to the stack's Kafka, from this machine."""
    command = [
        sys.executable, "-m", "pipeline", "replay", str(recording), "--through", "kafka", "--workers", "0",
        "--broker", f"kafka://{stack.broker}", "--speed", str(SPEED), "--outages", str(outages),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        try:
            yield child
        finally:
            child.kill() if child.poll() is None else None


def told(stack: Stack, alert: str, status: str, tense: str = "replay") -> list[Told]:
    """What was told of Pakistan in a tense: of replays to their receiver."""
    with urllib.request.urlopen(stack.url("webhook"), timeout=5) as answer:
        heard = [notification(json.dumps(n).encode()) for n in json.load(answer)]
    alerts = [
        a
        for n in heard
        if (n.receiver == "replay") == (tense == "replay")
        for a in n.alerts
        if a.labels.get("entity") == "PK" and a.labels["tense"] == tense
    ]
    return [a for a in alerts if (a.labels["alertname"], a.status) == (alert, status)]


def revisions(stack: Stack) -> set[bytes]:
    """Every revision on the topic of outages."""
    return set(collect(stack.broker, OUTAGES.name))


def asked(stack: Stack, path: str, body: Any = None) -> Any:
    """An answer of Alertmanager."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(stack.url("alertmanager") + path, content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_the_services_are_ready_and_write_only_to_their_volumes_without_root(stack: Stack) -> None:
    addresses = {name: stack.url(name) for name in ("prometheus", "alertmanager")}
    found = until(lambda: all_ready(check(f"kafka://{stack.broker}", **addresses)), 90)
    assert found["topics"] == found["workers"] == found["scraping"] == found["rules"] == found["watchdog"] == READY
    for service in SERVICES:
        if service != "topics":
            assert is_confined(stack, service), service


def is_confined(stack: Stack, service: str) -> bool:
    """Whether a service runs without root and cannot write where it likes."""
    script = "id -u; touch /somewhere 2>/dev/null && echo written || echo refused"
    uid, written = stack.compose("exec", "-T", service, "sh", "-c", script).split()
    return int(uid) > 0 and written == "refused"


def all_ready(findings: list[Any]) -> dict[str, str]:
    """Findings by name, where none but those on live feeds and on what was not asked for says otherwise."""
    states = {f.what: f.state for f in findings if not f.what.startswith("feed")}
    return states if set(states.values()) <= {READY, NOT_CHECKED} else {}


def test_a_recording_fires_and_resolves_although_all_services_go_down_and_up_in_the_middle_of_its_outage(
    stack: Stack, recording: Path, expected: bytes, tmp_path: Path
) -> None:
    start = stack.prometheus.now()
    with replaying(recording, stack, tmp_path / "outages.jsonl") as child:
        until(lambda: stack.prometheus.at(f"{ACTIVE} == 1"), 90)
        (firing,) = until(lambda: told(stack, CONFIRMED, "firing"), 30)
        assert stack.prometheus.at(f'ALERTS{{alertname="{CONFIRMED}",alertstate="firing",entity="PK"}}')
        child.send_signal(signal.SIGSTOP)
        kept, silence = until(lambda: revisions(stack), 30), silenced(stack)
        stack.compose("down")
        stack.up()
        assert kept <= revisions(stack)
        assert [s["id"] for s in asked(stack, "/api/v2/silences")] == [silence]
        assert stack.prometheus.over(f"{ACTIVE} == 1", start, stack.prometheus.now())
        goes_on(stack)
        up = stack.prometheus.now()  # not a sample of before, which is believed for a minute
        until(lambda: stack.prometheus.at(f"{ACTIVE} == 1 and timestamp({ACTIVE}) > {up}"), 30)
        until(lambda: active(stack, CONFIRMED), 60)
        assert not told(stack, RESTORED, "firing")
        assert not told(stack, CONFIRMED, "resolved")
        child.send_signal(signal.SIGCONT)  # and it hurries to be where it should be by now
        (restored,) = until(lambda: told(stack, RESTORED, "firing"), 120)
        (resolved,) = until(lambda: told(stack, CONFIRMED, "resolved"), 60)
        assert child.wait(90) == 0, child.communicate()[0].decode()
    assert firing.annotations["since_local"].startswith("Thu 8 Feb 2024, 06:")
    assert firing.annotations["title"] == "Pakistan (reconstructed): mobile networks down"
    assert restored.annotations["title"].startswith("Pakistan (reconstructed): back after 13 hours")
    assert restored.annotations["until_local"].startswith("Thu 8 Feb 2024, 20:")
    assert resolved.labels == firing.labels
    assert (tmp_path / "outages.jsonl").read_bytes() == expected


def goes_on(stack: Stack) -> None:
    """Send the newest heartbeat of the replay, which is stopped, once more: a replay that a worker has from a snapshot
    is shown again once something of it comes."""
    frames = [decode(message) for message in collect(stack.broker, FEED)]
    newest = max((frame for frame in frames if isinstance(frame, Heartbeat)), key=lambda beat: beat.time)
    with Sender(stack.broker) as sender:
        sender.send(FEED, encode(newest), newest.partition)


def active(stack: Stack, alert: str) -> list[Any]:
    """Alerts of Pakistan that Alertmanager knows of; it learns them anew after a restart."""
    return [a for a in asked(stack, f"/api/v2/alerts?filter=alertname={alert}") if a["labels"]["entity"] == "PK"]


def silenced(stack: Stack) -> str:
    """A silence of something that does not occur; its id."""
    matcher = {"name": "alertname", "value": "Nothing", "isRegex": False}
    times = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    silence = {"matchers": [matcher], **times, "createdBy": "test", "comment": "survives"}
    return str(asked(stack, "/api/v2/silences", silence)["silenceID"])


def test_a_drill_passes_and_is_told_as_one(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    addresses = {name: stack.url(name) for name in ("prometheus", "alertmanager")}
    assert drill(Asked("PK", broker=f"kafka://{stack.broker}", **addresses), speed=600) == 0
    said = capsys.readouterr().out
    assert said.count("passed") == 12, said
    assert told(stack, CONFIRMED, "firing", "drill")
    assert not told(stack, CONFIRMED, "firing", "live")


def test_an_election_day_that_ingest_reads_from_the_feeds_is_told_and_told_to_be_over(stack: Stack) -> None:
    day = reconstruct(seed=0)
    write(replace(day, rows=tuple(restored(rows, BACK) for rows in day.rows)), stack.folder / "case")
    stack.compose("up", "-d", "--no-deps", "lookalikes")
    stack.compose("up", "-d", "--no-deps", "ingest")
    (firing, *_) = until(lambda: told(stack, CONFIRMED, "firing", "live"), 150)
    assert stack.prometheus.at('min by (feed) (netvigil_feed_up{feed="ioda-probing"}) == 1')
    (over, *_) = until(lambda: told(stack, RESTORED, "firing", "live"), 150)
    assert not told(stack, CONFIRMED, "resolved", "live"), "its end is told once"
    assert "mobile" in firing.annotations["title"]
    assert firing.annotations["since_local"].startswith("Thu 8 Feb 2024, 0")
    assert over.annotations["until_local"].startswith("Thu 8 Feb 2024, 1")
    assert is_confined(stack, "ingest")
    assert stack.states()["worker"] == "healthy"
