"""The messages that a topic holds."""

import time
from contextlib import closing

from pipeline.kafka.reader import assigned
from pipeline.kafka.security import PLAIN, Security


def collect(bootstrap: str, topic: str, security: Security = PLAIN, patience: float = 60.0) -> list[bytes]:
    """All of them up to the present end, in order within each partition; tombstones left out."""
    found: list[bytes] = []
    give_up = time.monotonic() + patience
    with closing(assigned(bootstrap, [topic], security)) as consumer:
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            assert time.monotonic() < give_up, f"{topic} on {bootstrap}: not read to its end"
            for records in consumer.poll(timeout_ms=200).values():
                found += [record.value for record in records if record.value is not None]
    return found
