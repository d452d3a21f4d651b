"""``netvigil check`` asks each feed, and the broker what ingest told of it."""

import asyncio

import msgspec
import pytest

from pipeline import topics
from pipeline.feeds.live.base import FeedError, Outlet
from pipeline.feeds.live.registry import CLIENTS, Live
from pipeline.ingest.checking import ask, heard
from pipeline.ingest.command import Options
from pipeline.kafka.create_topics import create
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import Sender
from pipeline.records import DEAD
from pipeline.signals.binning import FeedStatus
from tests.ingest.scripted import START, Scripted


async def answers(outlet: Outlet) -> None:
    await outlet.beat(START - 720)
    await asyncio.sleep(60)


async def is_old(outlet: Outlet) -> None:
    await outlet.beat(START - 90_000, DEAD, "its newest value is 25 hours old")


async def is_closed(outlet: Outlet) -> None:
    raise FeedError("a.example answers 403: it refuses the token")


async def hangs(outlet: Outlet) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (answers, (True, "it answers, and its newest value is 12 minutes old")),
        (is_old, (False, "its newest value is 25 hours old")),
        (is_closed, (False, "a.example answers 403: it refuses the token")),
        (hangs, (False, "it gave nothing within 30 s")),
    ],
)
def test_a_feed_is_asked_and_says_how_old_its_newest_value_is(step, told, monkeypatch) -> None:
    monkeypatch.setitem(CLIENTS, "a", Live(lambda *_: Scripted("a", [step]), "https://a.example"))
    assert ask(Options(("a",), clock=f"{START},100")) == {"a": told}


def test_what_ingest_told_last_is_on_the_broker(embedded_broker: str) -> None:
    create(embedded_broker, topics.every([]))
    told = [
        FeedStatus("live", "live", "radar", "dead", "2024-02-08T00:00:00Z", "it answers 500"),
        FeedStatus("live", "live", "radar", "up", "2024-02-08T00:15:00Z"),
        FeedStatus("live", "live", "ooni", "dead", None, "no answer"),
        FeedStatus("replay-1", "replay", "table", "up", None),
    ]
    with Sender(embedded_broker) as sender:
        for status in told:
            sender.send(topics.STATUS.name, msgspec.json.encode(status), 0)
    found = heard(embedded_broker, PLAIN)
    assert found == {"ooni": (False, "dead: no answer"), "radar": (True, "up, since 2024-02-08T00:15:00Z")}
