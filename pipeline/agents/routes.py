"""Where an output of a stage goes: topic, key, partition and bytes."""

from typing import NamedTuple

import msgspec

from pipeline import topics
from pipeline.binning import FeedStatus, Late, Taken
from pipeline.codec import encode, outage_json
from pipeline.fusion import Fused, Missed
from pipeline.records import Bins, DeadLetter, Frame, Outage, Progress, Verdicts
from pipeline.topics import Topic, partition_for

Output = Bins | Verdicts | Late | Outage | Progress | DeadLetter | Fused | Missed | Taken | FeedStatus


class Message(NamedTuple):
    """One message to Kafka; ``run`` goes along as a header."""

    topic: Topic
    key: str
    partition: int
    value: bytes
    run: str


def route(output: Output, frame: Frame | None) -> Message | None:
    """The message of an output that ``frame`` led to; None for what only metrics read."""
    run = frame.run.id if frame is not None else ""
    match output:
        case Bins(partition=-1):
            return _keyed(topics.SIGNALS, output.signal, encode(output), run)
        case Bins():
            return _keyed(topics.PARTIALS, output.feed, encode(output), run)
        case Verdicts():
            return Message(topics.VERDICTS, output.signal, output.partition, encode(output), run)
        case Late():
            return _keyed(topics.LATE, output.records.feed, encode(output.records), run)
        case Outage():
            partition = frame.partition if frame is not None else 0
            return Message(topics.OUTAGES, output.entity, partition, outage_json(output), run)
        case Progress():
            key = f"{output.run}/{output.partition}"
            return Message(topics.PROGRESS, key, 0, msgspec.json.encode(output), run)
        case FeedStatus():
            return Message(topics.STATUS, f"{output.tense}/{output.feed}", 0, msgspec.json.encode(output), run)
        case DeadLetter():
            return _keyed(topics.DEADLETTERS, output.feed, msgspec.json.encode(output), run)
    return None


def _keyed(topic: Topic, key: str, value: bytes, run: str) -> Message:
    return Message(topic, key, partition_for(key, topic.partitions), value, run)
