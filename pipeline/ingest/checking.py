"""What ``netvigil check`` asks: whether each live feed gives something now, and what the workers last heard of it."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from pipeline import topics
from pipeline.bins import NEVER
from pipeline.errors import DecodeError, UserError
from pipeline.explain.text import lasting
from pipeline.feeds import Item
from pipeline.feeds.live.base import Client, Clock, FeedError
from pipeline.ingest.command import Options
from pipeline.kafka.reader import assigned
from pipeline.kafka.security import Security
from pipeline.records import UP
from pipeline.signals.binning import FeedStatus

PATIENCE = 30.0
"""How long a feed may take to give something [s of the clock]."""

OBSERVED = "US"
"""A country of which each feed has values, asked for where none is named."""

Told = tuple[bool, str]  # whether it is well, and a sentence


@dataclass
class First:
    """An `Outlet` that waits for the first heartbeat."""

    damage: list[DecodeError] = field(default_factory=list)
    beat_: asyncio.Future[tuple[int, str, str]] = field(default_factory=lambda: asyncio.Future())

    async def put(self, items: Iterable[Item]) -> None:
        self.damage += [item for item in items if isinstance(item, DecodeError)]

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        if not self.beat_.done():
            self.beat_.set_result((time, status, reason))


def ask(options: Options) -> dict[str, Told]:
    """What each feed answers now."""
    options.check()
    clock = options.time()
    scope = options.scope(clock.now())
    scope = scope if scope.countries else replace(scope, countries=(OBSERVED,))
    clients = options.clients(scope, clock, os.environ, brief=True)

    async def all_of_them() -> list[Told]:
        return await asyncio.gather(*(_first(client, clock) for client in clients.values()))

    return dict(zip(clients, asyncio.run(all_of_them()), strict=True))


async def _first(client: Client, clock: Clock) -> Told:
    outlet = First()
    listening = asyncio.ensure_future(client.listen(outlet))
    try:
        either: list[asyncio.Future[Any]] = [listening, outlet.beat_]
        await asyncio.wait(either, timeout=PATIENCE / clock.speed, return_when=asyncio.FIRST_COMPLETED)
        if not outlet.beat_.done():
            if listening.done():
                listening.result()
            return False, f"it gave nothing within {PATIENCE:g} s"
        time, status, reason = outlet.beat_.result()
        age = f"it answers, and its newest value is {lasting(int(clock.now()) - time)} old" if time > NEVER else ""
        return status == UP, reason or age or "it answers, and has no value yet"
    except (FeedError, UserError) as error:
        return False, str(error)
    finally:
        listening.cancel()
        await asyncio.wait({listening}, timeout=2)


def heard(broker: str, security: Security) -> dict[str, Told]:
    """What the workers last heard of each live feed from ingest."""
    last: dict[str, FeedStatus] = {}
    with closing(assigned(broker, [topics.STATUS.name], security)) as consumer:
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(part) < end for part, end in ends.items()):
            for records in consumer.poll(timeout_ms=1000).values():
                for record in records:
                    status = msgspec.json.decode(record.value, type=FeedStatus)
                    if status.tense == "live":
                        last[status.feed] = status
    return {
        feed: (one.status == UP, one.status + (f": {one.reason}" if one.reason else f", since {one.since}"))
        for feed, one in sorted(last.items())
    }
