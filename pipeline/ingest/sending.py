"""Frames of ingest to Kafka, by a thread of its own: the loop goes on while Kafka is behind."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import msgspec
from kafka import TopicPartition

from pipeline import topics
from pipeline.codec import decode, encode
from pipeline.errors import UserError
from pipeline.ingest.outlet import SendError, Sent
from pipeline.kafka.reader import assigned
from pipeline.kafka.security import PLAIN, Security
from pipeline.kafka.transport import Sender
from pipeline.records import DeadLetter, Heartbeat
from pipeline.state import LIVE

LANDING = 5.0
"""How long an ingest that ends waits for what Kafka has not acknowledged [s]."""


class ToKafka:
    """Sends frames in the order of the calls; a call waits for its own."""

    def __init__(self, bootstrap: str, security: Security = PLAIN) -> None:
        self.sender = Sender(bootstrap, security)
        self.thread = ThreadPoolExecutor(1, "sender")

    async def __call__(self, frames: list[Sent]) -> None:
        # shielded: frames of a client that is cancelled must not be missing between others
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self.thread, self._send, frames))

    def _send(self, frames: list[Sent]) -> None:
        try:
            for frame in frames:
                if isinstance(frame, DeadLetter):
                    headers = {"run": frame.run.encode()}
                    self.sender.send(topics.DEADLETTERS.name, msgspec.json.encode(frame), 0, frame.feed, headers)
                else:
                    self.sender.send(topics.feed(frame.feed).name, encode(frame), frame.partition)
        except UserError as error:
            raise SendError(str(error)) from error

    async def __aenter__(self) -> "ToKafka":
        return self

    async def __aexit__(self, *_: object) -> None:
        landed = asyncio.get_running_loop().run_in_executor(self.thread, self.sender.flush)
        await asyncio.wait({landed}, timeout=LANDING)
        self.sender.close()  # what is still under way fails, and the thread ends
        with contextlib.suppress(UserError):
            await landed
        self.thread.shutdown()


LOOK_BACK = 64
"""Messages of a topic's end that are read for its last heartbeat, at first; then four times as many, and so on [-]."""


def last_beats(bootstrap: str, feeds: list[str], security: Security = PLAIN) -> dict[str, Heartbeat]:
    """The last heartbeat of the live run on each feed's topic, where it has one."""
    names = {topics.feed(feed).name: feed for feed in feeds}
    found: dict[str, Heartbeat] = {}
    with closing(assigned(bootstrap, list(names), security)) as consumer:
        for name, feed in names.items():
            part = TopicPartition(name, 0)
            consumer.assign([part])
            first, end = consumer.beginning_offsets([part])[part], consumer.end_offsets([part])[part]
            begin, back = end, LOOK_BACK
            while feed not in found and begin > first:
                begin = max(first, end - back)
                beats = list(_beats(consumer, part, begin, end))
                found |= {feed: beats[-1]} if beats else {}
                back *= 4
    return found


def _beats(consumer: Any, part: TopicPartition, begin: int, end: int) -> Any:
    consumer.seek(part, begin)
    while consumer.position(part) < end:
        for records in consumer.poll(timeout_ms=1000).values():
            for record in records:
                with contextlib.suppress(ValueError):
                    frame = decode(record.value)
                    if isinstance(frame, Heartbeat) and frame.run.id == LIVE:
                        yield frame
