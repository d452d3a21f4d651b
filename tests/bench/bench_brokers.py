"""Frames a second through each broker, which shares the cores with the client: kafka-python, acks=all, 4 partitions."""

import os
import sys
from collections.abc import Iterator

from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.transport import Sender
from pipeline.topics import Topic
from tests.bench.rate import Rate, timed
from tests.kafka.collected import collect
from tests.live.apache import apache, missing

FRAMES = 4_000
SIZE = 80_000
"""Bytes of a frame: about 2,000 elements."""
TOPIC = Topic("netvigil.test.bench", "bytes", "any", 4, 3600)


def produced(address: str) -> int:
    frame = os.urandom(SIZE)
    with Sender(address) as sender:
        for number in range(FRAMES):
            sender.send(TOPIC.name, frame, number % TOPIC.partitions)
    return sender.sent


def rates(name: str, address: str) -> list[Rate]:
    create(address, [TOPIC])
    sent, read = timed(lambda: produced(address)), timed(lambda: len(collect(address, TOPIC.name)))
    unit = f"{SIZE // 1000} kB frames"
    return [Rate(f"{name}, produce", sent[1], unit), Rate(f"{name}, consume", read[1], unit)]


def bench_brokers() -> Iterator[Rate]:
    """The embedded broker beside Apache Kafka, where that runs."""
    theirs: list[Rate] = []
    if reason := missing():
        sys.stderr.write(f"{reason}\n")
    else:
        with apache() as address:
            theirs = rates("Apache", address)
    yield from theirs
    with embedded() as address:
        ours = rates("embedded", address)
    yield from (rate.to(other) for rate, other in zip(ours, theirs, strict=True)) if theirs else ours
