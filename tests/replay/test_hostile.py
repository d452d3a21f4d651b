"""What does not belong on the topics becomes dead letters, and the stream goes on."""

from dataclasses import replace

import msgspec
import pytest

from pipeline import topics
from pipeline.codec import encode
from pipeline.kafka.transport import Sender
from pipeline.records import DeadLetter, Rows
from tests.kafka.collected import collect
from tests.replay.runners import ThroughKafka, in_memory
from tests.replay.tapes import Tape, mosaic, pieces

pytestmark = pytest.mark.sockets
RUBBISH = (b"", b"rubbish", b"\xff\xff\xff\xff", b'{"json": true}')
READ = (topics.feed("table"), topics.PARTIALS, topics.SIGNALS, topics.VERDICTS)


def damaged(tape: Tape) -> list[bytes]:
    """Messages of a tape, cut, out of their senses, or of another kind."""
    rows = next(frame for frame in tape.sent if isinstance(frame, Rows))
    whole = encode(rows)
    wrong = [replace(rows, width=0), replace(rows, entity=rows.entity + 1000), replace(rows, feed="nobody")]
    return [*RUBBISH, whole[:-100], whole[:100], *(encode(frame) for frame in wrong)]


def test_rubbish_on_every_topic_ends_in_dead_letters(embedded_run: ThroughKafka) -> None:
    tape = pieces(mosaic(days=5), 6 * 3600)
    before = len(collect(embedded_run.broker, topics.DEADLETTERS.name))
    messages = damaged(tape)
    with Sender(embedded_run.broker) as sender:
        for topic in READ:
            for partition in range(topic.partitions):
                for message in messages:
                    sender.send(topic.name, message, partition)
        for topic in (topics.DEADLETTERS, topics.STATUS, topics.PROGRESS, topics.LATE, topics.TOTALS, topics.OUTAGES):
            for message in RUBBISH:
                sender.send(topic.name, message, 0)
    assert embedded_run(tape).lines() == in_memory(tape).lines()
    letters = collect(embedded_run.broker, topics.DEADLETTERS.name)[before:]
    told = [letter for letter in letters if b'"bad-frame"' in letter]
    assert len(told) == len(messages) * sum(topic.partitions for topic in READ)
    assert all(msgspec.json.decode(letter, type=DeadLetter).place for letter in told)
