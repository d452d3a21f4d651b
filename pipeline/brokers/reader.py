"""Follows topics from where they end now: what one run leads to, while it goes on."""

import time
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from pipeline.brokers.security import PLAIN, Security
from pipeline.brokers.transport import opened
from pipeline.errors import UserError
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE


class Reader:
    """The messages of one run, from the moment of its making; without a group, it leaves no trace on the broker.

    ``run`` is the run's id, which agents put into every message's ``run`` header.
    """

    def __init__(self, bootstrap: str, topics: list[str], security: Security = PLAIN, run: str = "") -> None:
        self.run, self.place = run, bootstrap
        self.consumer: Any = opened(
            KafkaConsumer,
            bootstrap,
            security,
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=MAX_MESSAGE + BATCH_HEAD,
        )
        parts = [TopicPartition(t, p) for t in topics for p in sorted(self.consumer.partitions_for_topic(t) or ())]
        self.consumer.assign(parts)
        for part, end in self.consumer.end_offsets(parts).items():
            self.consumer.seek(part, end)
        self.last = time.monotonic()

    def poll(self, patience: float, silence: float) -> list[tuple[str, bytes]]:
        """Topic and value of what has come within ``patience`` [s].

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
            raise UserError(f"nothing has come back from the workers on {self.place} for {silence:g} s")
        return found

    def _ours(self, record: Any) -> bool:
        return record.value is not None and dict(record.headers or ()).get("run") == self.run.encode()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()
