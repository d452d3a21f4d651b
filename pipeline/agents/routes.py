"""Where an output of a stage goes: topic, key, partition and bytes."""

from typing import NamedTuple

import msgspec

from pipeline import topics
from pipeline.codec import encode, outage_json
from pipeline.fusion import Beside, Fused, Missed
from pipeline.records import Bins, DeadLetter, Elements, Frame, Outage, Progress, Rows, Verdicts
from pipeline.signals.binning import FeedStatus, Late, Taken, Total
from pipeline.topics import Topic, partition_for

Output = Bins | Verdicts | Late | Outage | Progress | DeadLetter | Fused | Beside | Missed | Taken | Total | FeedStatus
Carried = Bins | Verdicts | Elements | Rows | Outage | Progress | DeadLetter | Total | FeedStatus


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
            return _keyed(topics.SIGNALS, output, run)
        case Bins():
            return _keyed(topics.PARTIALS, output, run)
        case Verdicts():
            return _keyed(topics.VERDICTS, output, run, output.partition)
        case Late():
            return _keyed(topics.LATE, output.records, run)
        case Outage():
            return _keyed(topics.OUTAGES, output, run, frame.partition if frame is not None else 0)
        case Progress():
            return _keyed(topics.PROGRESS, output, run)
        case FeedStatus():
            return _keyed(topics.STATUS, output, run)
        case Total():
            return _keyed(topics.TOTALS, output, run)
        case DeadLetter():
            return _keyed(topics.DEADLETTERS, output, run)
    return None


def _keyed(topic: Topic, output: Carried, run: str, partition: int | None = None) -> Message:
    """The message with the key that the topic's line in `pipeline.topics` says."""
    key = "/".join(str(getattr(output, name)) for name in topic.key.split("/"))
    place = partition_for(key, topic.partitions) if partition is None else partition
    return Message(topic, key, place, _value(output), run)


def _value(output: Carried) -> bytes:
    match output:
        case Outage():
            return outage_json(output)
        case Progress() | FeedStatus() | Total() | DeadLetter():
            return msgspec.json.encode(output)
        case _:
            return encode(output)
