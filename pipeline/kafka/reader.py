"""Messages from topics, and the origin by which a repeated one is known.

A stage that starts again from its snapshot repeats outputs.  Each names in the header ``source`` the stage, partition
and offset of the message that led to it, and its place among the outputs: ``bin-table/2/1047/0``.  These only grow, so
an older one is a repetition.  Readers have no group: they leave no trace on the broker.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from pipeline.errors import UserError
from pipeline.kafka.security import PLAIN, Security
from pipeline.kafka.transport import opened
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE

HEADER = "source"


def origin(stage: str, partition: int, offset: int, place: int) -> bytes:
    """The header's value."""
    return f"{stage}/{partition}/{offset}/{place}".encode()


@dataclass
class Origins:
    """How far each partition of each stage has been heard: ``(offset, place)`` of its newest message.

    Examples
    --------
    >>> origins = Origins()
    >>> [origins.again({"source": origin("judge", 0, offset, 0)}) for offset in (7, 8, 7, 8, 9)]
    [False, False, True, True, False]
    >>> origins.again({})
    False
    """

    heard: dict[str, tuple[int, int]] = field(default_factory=dict)

    def again(self, headers: Mapping[str, bytes]) -> bool:
        """Whether a message with these headers was heard before; one that names no origin never was."""
        try:
            stage, partition, offset, place = headers[HEADER].decode().rsplit("/", 3)
            at = int(offset), int(place)
        except (KeyError, ValueError):
            return False
        link = f"{stage}/{partition}"
        if at <= self.heard.get(link, (-1, -1)):
            return True
        self.heard[link] = at
        return False


class Reader:
    """The messages of one run, from the moment of this reader's making; what a stage says again is left out.

    ``run`` is the run's id, which agents put into every message's ``run`` header.
    """

    def __init__(self, bootstrap: str, topics: list[str], security: Security = PLAIN, run: str = "") -> None:
        self.run, self.place = run, bootstrap
        self.consumer: Any = _assigned(bootstrap, topics, security)
        for part, end in self.consumer.end_offsets(self.consumer.assignment()).items():
            self.consumer.seek(part, end)
        self.last = time.monotonic()
        self.origins: dict[tuple[str, int], Origins] = {}
        self.goal: dict[Any, int] | None = None

    def caught_up(self) -> bool:
        """Whether all is read that was there when this was asked for the second time, after a poll: topics keep no
        common order, and what was said before an end may come after it."""
        if self.goal is None:
            self.goal = {}
            return False
        if not self.goal:
            self.goal = dict(self.consumer.end_offsets(self.consumer.assignment()))
        return all(self.consumer.position(part) >= end for part, end in self.goal.items())

    def poll(self, patience: float, silence: float, whose: str = "the workers") -> list[tuple[str, bytes]]:
        """Topic and value of what has come within ``patience`` [s]; ``whose`` answers these are.

        Raises
        ------
        UserError
            Nothing has come for ``silence`` [s].
        """
        batches = self.consumer.poll(timeout_ms=int(patience * 1000))
        found = [(r.topic, r.value) for records in batches.values() for r in records if self._ours(r)]
        if found:
            self.last = time.monotonic()
        elif time.monotonic() - self.last > silence:
            raise UserError(f"nothing has come back from {whose} on {self.place} for {silence:g} s")
        return found

    def _ours(self, record: Any) -> bool:
        headers = dict(record.headers or ())
        if record.value is None or headers.get("run") != self.run.encode():
            return False
        return not self.origins.setdefault((record.topic, record.partition), Origins()).again(headers)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()


def ends(bootstrap: str, topics: list[str], security: Security = PLAIN) -> dict[Any, int]:
    """The offset that the next message will have, in every partition of the topics."""
    with closing(_assigned(bootstrap, topics, security)) as consumer:
        return dict(consumer.end_offsets(consumer.assignment()))


def follow(bootstrap: str, topic: str, security: Security = PLAIN, timeout: float = 60.0) -> Iterator[bytes]:
    """The messages of a topic from its beginning, as they come; in order within each partition.

    No group: it leaves no trace on the broker.  The connection is closed with the generator.

    Raises
    ------
    UserError
        There is no such topic, or nothing has come for ``timeout`` [s].
    """
    with _reading(bootstrap, topic, security) as consumer:
        for messages in _polled(consumer, timeout, f"{topic} on {bootstrap}"):
            yield from messages


def collect(
    bootstrap: str,
    topic: str,
    until: Callable[[list[bytes]], bool] | None = None,
    security: Security = PLAIN,
    timeout: float = 60.0,
) -> list[bytes]:
    """The messages of a topic from its beginning, until ``until`` of those so far is true; without it, to its end.

    Its end is where it was at the call.  ``until`` is asked after each poll, so a few more may be there.

    Raises
    ------
    UserError
        There is no such topic, or nothing has come for ``timeout`` [s] and it is not done: never a list that is
        shorter than what was asked for.
    """
    found: list[bytes] = []
    with _reading(bootstrap, topic, security) as consumer:
        done = _at_end(consumer) if until is None else partial(until, found)
        if done():
            return found
        for messages in _polled(consumer, timeout, f"{topic} on {bootstrap}"):
            found += messages
            if done():
                break
    return found


@contextmanager
def _reading(bootstrap: str, topic: str, security: Security) -> Iterator[Any]:
    """A consumer at the beginning of every partition of the topic."""
    with closing(_assigned(bootstrap, [topic], security)) as consumer:
        consumer.seek_to_beginning()
        yield consumer


def _assigned(bootstrap: str, topics: list[str], security: Security) -> Any:
    """A consumer of every partition of the topics."""
    consumer = opened(
        KafkaConsumer,
        bootstrap,
        security,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=MAX_MESSAGE + BATCH_HEAD,
    )
    found = {topic: sorted(consumer.partitions_for_topic(topic) or ()) for topic in topics}
    if missing := [topic for topic, partitions in found.items() if not partitions]:
        consumer.close()
        raise UserError(f"there is no topic {' nor '.join(missing)} on {bootstrap}")
    consumer.assign([TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers])
    return consumer


def _at_end(consumer: Any) -> Callable[[], bool]:
    ends = consumer.end_offsets(consumer.assignment())
    return lambda: all(consumer.position(partition) >= end for partition, end in ends.items())


def _polled(consumer: Any, timeout: float, place: str) -> Iterator[list[bytes]]:
    """What each poll brings; tombstones of compacted topics are no messages."""
    last = time.monotonic()
    while True:
        batches = consumer.poll(timeout_ms=200)
        if batches:
            yield [record.value for records in batches.values() for record in records if record.value is not None]
            last = time.monotonic()
        elif time.monotonic() - last > timeout:
            raise UserError(f"{place}: no message for {timeout:g} s")
