"""Messages from topics, and the origin by which a repeated one is known.

A stage that starts again from its snapshot repeats outputs.  Each names in the header ``source`` the stage, partition
and offset of the message that led to it, and its place among the outputs: ``bin-table/2/1047/0``.  These only grow, so
an older one is a repetition.  Readers have no group: they leave no trace on the broker.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from pipeline.errors import UserError
from pipeline.kafka.security import PLAIN, Security
from pipeline.kafka.transport import opened
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE

HEADER = "source"


def origin(stage: str, partition: int, offset: int, place: int) -> bytes:
    """The value of `HEADER`."""
    return f"{stage}/{partition}/{offset}/{place}".encode()


@dataclass
class Origins:
    """The newest ``(offset, place)`` of each partition of each stage.

    Examples
    --------
    >>> origins = Origins()
    >>> [origins.again({"source": origin("judge", 0, offset, 0)}) for offset in (7, 8, 7, 8, 9)]
    [False, False, True, True, False]
    """

    heard: dict[str, tuple[int, int]] = field(default_factory=dict)

    def again(self, headers: Mapping[str, bytes]) -> bool:
        """Whether a message with these headers is a repetition; one without an origin never is."""
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
    """The messages of one ``run`` (its id, which every message has in a header) from now on, without repetitions."""

    def __init__(self, bootstrap: str, topics: list[str], security: Security = PLAIN, run: str = "") -> None:
        self.run, self.place = run, bootstrap
        self.consumer: Any = assigned(bootstrap, topics, security)
        for part, end in self._ends().items():
            self.consumer.seek(part, end)
        self.last = time.monotonic()
        self.origins: dict[tuple[str, int], Origins] = {}
        self.goal: dict[Any, int] | None = None

    def _ends(self) -> dict[Any, int]:
        return dict(self.consumer.end_offsets(self.consumer.assignment()))

    def caught_up(self) -> bool:
        """Whether all is read that was there at the second call of this, which follows a poll: topics have no common
        order, and a message from before the end of one may come after it."""
        if self.goal is None:
            self.goal = {}
            return False
        if not self.goal:
            self.goal = self._ends()
        return all(self.consumer.position(part) >= end for part, end in self.goal.items())

    def poll(self, patience: float, silence: float, whose: str = "the workers") -> list[tuple[str, bytes]]:
        """Topic and value of what comes within ``patience`` [s]; UserError where nothing came for ``silence`` [s]."""
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
    """The offset of the next message in every partition of the topics."""
    with closing(assigned(bootstrap, topics, security)) as consumer:
        return dict(consumer.end_offsets(consumer.assignment()))


def assigned(bootstrap: str, topics: list[str], security: Security) -> Any:
    """A consumer of every partition of the topics."""
    consumer = opened(
        KafkaConsumer, bootstrap, security, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest",
        allow_auto_create_topics=False, max_partition_fetch_bytes=MAX_MESSAGE + BATCH_HEAD,
    )  # fmt: skip
    found = {topic: sorted(consumer.partitions_for_topic(topic) or ()) for topic in topics}
    if missing := [topic for topic, partitions in found.items() if not partitions]:
        consumer.close()
        raise UserError(f"there is no topic {' nor '.join(missing)} on {bootstrap}")
    consumer.assign([TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers])
    return consumer
