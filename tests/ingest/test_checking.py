"""``netvigil check`` asks each feed, and the broker what ingest told of it."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pipeline import topics
from pipeline.feeds.live.base import Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.registry import CLIENTS, Live
from pipeline.feeds.polled import Polled
from pipeline.feeds.registry import POLLED
from pipeline.ingest.checking import ask, heard
from pipeline.ingest.command import Options
from pipeline.kafka.create_topics import create
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import Sender
from pipeline.records import DEAD
from pipeline.signals.binning import FeedStatus
from tests.feeds.live.polling import DAY, given
from tests.ingest.scripted import START, Scripted
from tests.lookalikes import PUBLISHERS
from tests.lookalikes.http import Publisher
from tests.lookalikes.radar import TOKEN


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


@contextmanager
def served(publisher: Publisher) -> Iterator[str]:
    """A publisher beside a command that has a loop of its own; gives its address."""
    loop, address, over = asyncio.new_event_loop(), Future[str](), asyncio.Event()

    async def serve() -> None:
        async with publisher.running() as url:
            address.set_result(url)
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    yield address.result(10)
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
    loop.close()


@pytest.mark.sockets
@pytest.mark.parametrize("only", [("PK", "UG"), ()])
@pytest.mark.parametrize("polled", POLLED.values(), ids=POLLED)
def test_of_many_places_one_is_asked_for(polled: Polled, only: tuple[str, ...], tmp_path: Path) -> None:
    base, routes = PUBLISHERS[polled.name.partition("-")[0]]
    clock, scope = Clock(START, 20), Scope(only or ("US",), services=("whatsapp",))
    rows = given(polled, START - DAY, START + DAY, tuple(place.entity for place in polled.places(scope)))
    (tmp_path / "token").write_text(TOKEN)
    publisher = Publisher({polled.signal: rows}, clock.now, {polled.signal: 600}, routes=routes)
    with served(publisher) as url:
        options = Options(
            (polled.name,), (f"{polled.name}={url}{base}",), (f"{polled.name}={tmp_path / 'token'}",), only
        )
        ((is_well, said),) = ask(replace(options, clock=f"{START},20")).values()
    assert is_well, said
    assert len(publisher.asked) <= 2


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
