"""Where a client puts its records: they are stamped with the run, split by partition, and sent on."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Iterator

import numpy as np

from pipeline import topics
from pipeline.bins import NEVER
from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Item
from pipeline.feeds.live.base import Clock
from pipeline.feeds.timestamps import BATCH
from pipeline.records import DEAD, PAST, UP, DeadLetter, Elements, Entity, Heartbeat, Rows, Run, bounded, wrong

Sent = Elements | Rows | Heartbeat | DeadLetter
Send = Callable[[list[Sent]], Awaitable[None]]
"""Sends frames in order; waits while Kafka is behind."""


class SendError(UserError):
    """Kafka does not take what was read."""


@dataclasses.dataclass
class Desk:
    """The `Outlet` of one feed in a run.

    ``time``: event time that the feed has reached [s], never back; ``status`` and ``reason`` of its last heartbeat;
    ``heard``: when its client last put or said something, ``beaten``: when a heartbeat was last sent [s of the clock];
    ``read`` and ``dead``: records and damage that were put [-].
    """

    feed: str
    run: Run
    signals: tuple[str, ...]
    send: Send
    clock: Clock
    networks: tuple[Entity, ...] = ()
    say: Callable[[str], None] = lambda _: None
    time: int = NEVER
    status: str = ""
    reason: str = ""
    read: int = 0
    dead: int = 0
    ups: int = 0
    waiting: bool = False

    def __post_init__(self) -> None:
        self.partitions = topics.feed(self.feed).partitions
        self.heard = self.beaten = self.clock.now()

    async def put(self, items: Iterable[Item]) -> None:
        frames = [frame for item in items for frame in self._frames(item)]
        await self._pass_on(frames)

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        """An event time ahead of the clock would close bins whose records are still to come: it counts as now."""
        self.time = max(self.time, min(time, int(self.clock.now())))
        self.ups += status == UP
        if (status, bool(reason)) != (self.status, bool(self.reason)):
            self.say(f"{self.feed}: {status}{': ' if reason else ''}{reason}")
        self.status, self.reason = status, reason
        await self._pass_on(self._beats())

    async def reach(self, time: int) -> None:
        """The past is fetched up to an event time: what is before it has been put."""
        if time > self.time:
            await self.beat(time, PAST)

    async def again(self) -> None:
        """The last heartbeat once more, since a feed without one for minutes counts as dead."""
        if self.status:
            await self.send(self._beats())

    async def fail(self, reason: str) -> None:
        await self.beat(self.time, DEAD, reason)

    async def _pass_on(self, frames: list[Sent]) -> None:
        self.waiting = True
        try:
            await self.send(frames)
        finally:
            self.waiting = False
            self.heard = self.clock.now()

    def _frames(self, item: Item) -> Iterator[Sent]:
        if not isinstance(item, DecodeError) and (reason := wrong(item)):
            item = DecodeError(self.feed, "bad-batch", f"record {self.read + 1:,}", reason)
        if isinstance(item, DecodeError):
            self.dead += 1
            yield DeadLetter(self.run.id, self.feed, item.reason, item.place, item.detail)
            return
        self.read += len(item)
        batch = bounded(item) if isinstance(item, Rows) else item
        for begin in range(0, len(batch), BATCH):
            part = batch.take(np.arange(begin, min(begin + BATCH, len(batch)))) if len(batch) > BATCH else batch
            yield from topics.split(dataclasses.replace(part, run=self.run, feed=self.feed), self.partitions)

    def _beats(self) -> list[Sent]:
        self.beaten = self.clock.now()
        networks, self.networks = self.networks, ()
        head = (self.time, self.status, self.signals, networks, self.reason)
        return [Heartbeat(self.run, self.feed, partition, *head) for partition in range(self.partitions)]


class Lockstep:
    """Feeds send their past side by side: none is more than ``lead`` [s] ahead of another that is still fetched.

    Fusion takes the bins of all feeds in order of their ends; those of a feed that is far ahead would wait there.
    """

    def __init__(self, feeds: Iterable[str], lead: int) -> None:
        self.lead = lead
        self.reached = dict.fromkeys(feeds, NEVER)
        self.waiting: set[str] = set()
        self._moved = asyncio.Condition()

    async def turn(self, feed: str, time: int) -> None:
        """Wait until it is the turn of what begins at ``time``; a feed that has left waits for none."""
        async with self._moved:
            if feed in self.reached:
                self.reached[feed] = max(self.reached[feed], time)
                self._moved.notify_all()
            self.waiting.add(feed)
            await self._moved.wait_for(
                lambda: feed not in self.reached or time <= min(self.reached.values()) + self.lead
            )
            self.waiting.discard(feed)

    def slow(self) -> list[str]:
        """The feeds that hold the others."""
        return [feed for feed in self.reached if feed not in self.waiting]

    async def leave(self, *feeds: str) -> None:
        """The past of these feeds is fetched, or is waited for no longer."""
        async with self._moved:
            for feed in feeds:
                self.reached.pop(feed, None)
            self._moved.notify_all()

    async def over(self) -> None:
        """Wait until no feed is waited for."""
        async with self._moved:
            await self._moved.wait_for(lambda: not self.reached)
