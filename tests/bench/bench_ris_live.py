"""RIS Live from its socket to frames in Kafka, the server in a process of its own, beside parsing alone."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pipeline import codec, topics
from pipeline.errors import DecodeError
from pipeline.feeds import ris_live
from pipeline.feeds.base import Dispatch, Item
from pipeline.feeds.live.base import Access, Clock, FeedError, Scope
from pipeline.feeds.live.ris_live import Listening, RisLive
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded, free_port
from pipeline.kafka.transport import Sender
from pipeline.records import UP, Bins, Frame, Run, Verdicts
from tests.bench.rate import Rate
from tests.conftest import DATA
from tests.lookalikes.ris_live import load

FILE = DATA / "feeds/rislive/derived-from-mrt/rrcXX_20160811_1600_rendered.ndjson"
START = 1470931200.0  # its first time [s]


@dataclass
class IntoKafka:
    """An `Outlet` that sends all to Kafka, as ingest does."""

    sender: Sender
    dispatch: Dispatch
    rows: int = 0

    async def put(self, items: Iterable[Item]) -> None:
        await asyncio.to_thread(self._put, items)

    def _put(self, items: Iterable[Item]) -> None:
        for item in items:
            assert not isinstance(item, DecodeError)
            self.rows += len(item)
            self._send(topics.split(item, self.dispatch.partitions))

    def _send(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            assert not isinstance(frame, Bins | Verdicts)
            self.sender.send(topics.feed(ris_live.NAME).name, codec.encode(frame), frame.partition)

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        self._send(self.dispatch.beat(time, status))


def parsed_alone(lines: list[bytes]) -> int:
    return sum(len(item) for item in ris_live.arrived(lines, 1) if not isinstance(item, DecodeError))


def received(broker: str, loops: int) -> int:
    """Rows of so many times the file."""
    port = free_port()
    command = [sys.executable, "-m", "tests.lookalikes.ris_live", str(FILE), "--speed", "0"]
    server = subprocess.Popen([*command, "--port", str(port), "--loops", str(loops)], stdout=subprocess.PIPE)
    try:
        assert server.stdout
        server.stdout.readline()  # it listens
        with Sender(broker) as sender:
            outlet = IntoKafka(sender, Dispatch(Run("live", "live"), ris_live.NAME, ris_live.FEED.signals))
            rules = Listening(("rrc00",), silence=2.0, late=float("inf"))
            client = RisLive(Scope(), Access(f"ws://127.0.0.1:{port}/v1/ws/"), Clock(START), rules)
            with suppress(FeedError):  # when nothing comes any more
                asyncio.run(client.listen(outlet))
        return outlet.rows
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def bench_ris_live(loops: int = 30) -> Iterator[Rate]:
    """Messages that a second of this process's CPU takes."""
    lines = load(FILE)
    began = time.process_time()
    rows = parsed_alone(lines)
    alone = Rate("RIS Live, parsing alone (CPU)", len(lines) / (time.process_time() - began), "messages")
    yield alone
    with embedded() as broker:
        create(broker, topics.every([ris_live.NAME]))
        began = time.process_time()
        assert received(broker, loops) == loops * rows
        each = loops * len(lines) / (time.process_time() - began)
        yield Rate("RIS Live, socket to Kafka (CPU)", each, "messages").to(alone)
