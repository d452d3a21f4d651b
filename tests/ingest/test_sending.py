"""Frames of ingest on a real broker, and where a new ingest goes on."""

import asyncio

import msgspec

from pipeline import topics
from pipeline.codec import decode
from pipeline.errors import DecodeError
from pipeline.feeds.live.base import Clock
from pipeline.ingest.outlet import Desk
from pipeline.ingest.sending import LOOK_BACK, ToKafka, last_beats
from pipeline.kafka.create_topics import create
from pipeline.records import DEAD, DeadLetter, Heartbeat, Rows
from tests.ingest.scripted import RUN, START, rows
from tests.kafka.collected import collect


def test_what_a_client_puts_is_on_the_topics_and_the_last_heartbeat_is_found_again(embedded_broker: str) -> None:
    async def run() -> None:
        async with ToKafka(embedded_broker) as send:
            desk = Desk("sent", RUN, RUN.signals, send, Clock(START + 900.0))
            await desk.beat(START)
            await desk.put([rows(START), DecodeError("sent", "bad-json", "poll 1")])
            await desk.fail("no answer")
            for _ in range(LOOK_BACK * 2):  # many records between
                await desk.put([rows(START)])

    create(embedded_broker, topics.every(["sent"]))
    assert last_beats(embedded_broker, ["sent"]) == {}
    asyncio.run(run())
    frames = [decode(message) for message in collect(embedded_broker, topics.feed("sent").name)]
    assert sum(len(frame) for frame in frames if isinstance(frame, Rows)) == 2 * (LOOK_BACK * 2 + 1)
    letters = [msgspec.json.decode(m, type=DeadLetter) for m in collect(embedded_broker, topics.DEADLETTERS.name)]
    assert [(letter.run, letter.feed, letter.reason) for letter in letters] == [("live", "sent", "bad-json")]
    found = last_beats(embedded_broker, ["sent"])
    assert found == {"sent": Heartbeat(RUN, "sent", 0, START, DEAD, RUN.signals, reason="no answer")}
