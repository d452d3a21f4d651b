"""Messages of the topics: the frame that a stage takes from one, and the message that carries an output."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from pipeline import topics
from pipeline.codec import decode, encode, outage_json
from pipeline.feeds import FEEDS
from pipeline.fusion import Arrived, Beside, Fused, Missed, Provisional
from pipeline.records import Bins, DeadLetter, Elements, Frame, Heartbeat, Outage, Progress, Rows, Verdicts, wrong
from pipeline.signals.binning import FeedStatus, Late, Taken, Total
from pipeline.topics import Topic, partition_for


def accept(fits: Callable[[Frame], bool], message: bytes) -> Frame:
    """The frame of a message; ValueError where it is none, contradicts itself, or belongs on another topic."""
    frame = decode(message)
    if reason := wrong(frame):
        raise ValueError(f"{type(frame).__name__}: {reason}")
    if not fits(frame):
        raise ValueError(f"a {type(frame).__name__} of {getattr(frame, 'feed', '')!r} does not belong here")
    return frame


def of_feed(feed: str) -> Callable[[bytes], Frame]:
    """What the bin stage takes: records of its feed's kind, and heartbeats."""
    kind = Elements if feed in topics.BGP_FEEDS else Rows
    return partial(accept, lambda frame: isinstance(frame, kind | Heartbeat) and frame.feed == feed)


def _is_partial(frame: Frame) -> bool:
    partitions = topics.feed(frame.feed).partitions if frame.feed in FEEDS else 0
    return isinstance(frame, Bins) and 0 <= frame.partition < partitions


OF_STAGE = {
    "merge": partial(accept, _is_partial),
    "judge": partial(accept, lambda frame: isinstance(frame, Bins) and frame.partition == -1),
    "fuse": partial(
        accept, lambda frame: isinstance(frame, Verdicts) and 0 <= frame.partition < topics.VERDICTS.partitions
    ),
}
"""What the stages behind the bin stage take."""

Output = (
    Bins | Verdicts | Late | Outage | Provisional | Progress | DeadLetter | Fused | Arrived | Beside | Missed | Taken
    | Total | FeedStatus
)  # fmt: skip
AS_JSON: dict[type, Topic] = {
    Progress: topics.PROGRESS, FeedStatus: topics.STATUS, Total: topics.TOTALS, DeadLetter: topics.DEADLETTERS,
}  # fmt: skip


class Message(NamedTuple):
    """One message to Kafka; ``run`` is sent as a header."""

    topic: Topic
    key: str
    partition: int
    value: bytes
    run: str


def route(output: Output, frame: Frame | None) -> Message | None:
    """The message of an output that ``frame`` led to; None for what only metrics read."""
    run, partition = (frame.run.id, frame.partition) if frame is not None else ("", 0)
    match output:
        case Bins():
            return _keyed(topics.SIGNALS if output.partition == -1 else topics.PARTIALS, output, run, encode(output))
        case Verdicts():
            return _keyed(topics.VERDICTS, output, run, encode(output), output.partition)
        case Late(records=records):
            return _keyed(topics.LATE, records, run, encode(records))
        case Outage():
            return _keyed(topics.OUTAGES, output, run, outage_json(output), partition)
        case Provisional(outage=outage, settled=settled):
            return _keyed(topics.NOW, outage, run, outage_json(outage, settled=settled), partition)
    topic = AS_JSON.get(type(output))
    return _keyed(topic, output, run, msgspec.json.encode(output)) if topic is not None else None


def _keyed(topic: Topic, output: Any, run: str, value: bytes, partition: int | None = None) -> Message:
    """The message with the key that its topic names."""
    key = "/".join(str(getattr(output, name)) for name in topic.key.split("/"))
    return Message(topic, key, partition_for(key, topic.partitions) if partition is None else partition, value, run)
