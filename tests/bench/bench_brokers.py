"""Frames a second through each broker, with kafka-python: ``python tests/bench/bench_brokers.py``.

The broker shares the machine's cores with the client.  acks=all, frames of 80 kB, 4 partitions.
"""

import os
import sys
import time
from collections.abc import Callable

from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.reader import collect
from pipeline.kafka.transport import Sender
from pipeline.topics import Topic
from tests.live.apache import apache, missing

FRAMES = 4_000
SIZE = 80_000  # bytes: about 2,000 elements
TOPIC = Topic("netvigil.test.bench", "bytes", "any", 4, 3600)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def produce(address: str) -> None:
    frame = os.urandom(SIZE)
    with Sender(address) as sender:
        for number in range(FRAMES):
            sender.send(TOPIC.name, frame, number % TOPIC.partitions)
    assert sender.sent == FRAMES


def consume(address: str) -> None:
    assert len(collect(address, TOPIC.name)) == FRAMES


def bench(name: str, address: str) -> str:
    create(address, [TOPIC])
    sent, read = timed(lambda: produce(address)), timed(lambda: consume(address))
    return f"{name}: produces {FRAMES / sent:,.0f} frames/s of {SIZE // 1000} kB, consumes {FRAMES / read:,.0f}/s\n"


def main() -> None:
    with embedded() as address:
        sys.stdout.write(bench("embedded", address))
    if reason := missing():
        sys.stdout.write(f"apache: {reason}\n")
        return
    with apache() as address:
        sys.stdout.write(bench("apache", address))


if __name__ == "__main__":
    main()
