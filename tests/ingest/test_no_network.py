"""Without any network each feed says so in a sentence, and a process that is told to stop does, within seconds."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.codec import decode
from pipeline.feeds.live.registry import CLIENTS
from pipeline.kafka.embedded import free_port
from pipeline.records import DEAD, Heartbeat
from pipeline.topics import feed as topic_of
from tests.kafka.collected import collect


def beats(broker: str, feed: str) -> list[Heartbeat]:
    frames = [decode(message) for message in collect(broker, topic_of(feed).name)]
    return [frame for frame in frames if isinstance(frame, Heartbeat)]


@pytest.mark.slow
def test_each_feed_is_dead_with_a_sentence_and_the_process_ends_when_told(embedded_broker: str, tmp_path: Path) -> None:
    closed = f"127.0.0.1:{free_port()}"
    token = tmp_path / "token"
    token.write_text("a-secret")
    words = [f"--url={feed}={'wss' if feed == 'rislive' else 'http'}://{closed}" for feed in CLIENTS]
    words += [f"--token={feed}={token}" for feed, live in CLIENTS.items() if live.needs_token]
    command = [sys.executable, "-m", "pipeline", "ingest", "--broker", f"kafka://{embedded_broker}", "--only", "PK"]
    with subprocess.Popen([*command, *words], stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        told: dict[str, str] = {}
        give_up = time.monotonic() + 60
        while len(told) < len(CLIENTS) and time.monotonic() < give_up:
            _, _, said = child.stderr.readline().strip().partition(": ")
            feed, _, sentence = said.partition(": dead: ")
            told |= {feed: sentence} if sentence else {}
        assert told.keys() == CLIENTS.keys()
        begun = time.monotonic()
        child.send_signal(signal.SIGTERM)
        rest = child.communicate(timeout=15)[0]
        assert child.returncode == 0, rest
        assert time.monotonic() - begun < 10
    for feed, sentence in told.items():
        assert "127.0.0.1" in sentence or "table of countries" in sentence, (feed, sentence)
        last = beats(embedded_broker, feed)[-1]
        assert (last.status, last.reason) == (DEAD, sentence)
        assert "a-secret" not in sentence
