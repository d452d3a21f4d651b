"""Keeps the clients of several feeds at work: fetches their past, listens, and starts one again without the others."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.bins import DAY
from pipeline.errors import DecodeError, UserError
from pipeline.explain.text import lasting
from pipeline.feeds.live.base import HEARTBEAT, Client, Clock, FeedError
from pipeline.ingest.outlet import Desk, Lockstep, SendError
from pipeline.records import UP
from pipeline.topics import BGP_FEEDS

log = logging.getLogger(__name__)

FETCHING = "its past is still being fetched"


class OverError(Exception):
    """What is watched has changed: the clients are of no use any more."""


@dataclass(frozen=True)
class Pauses:
    """How long is waited, and for what [s of the clock unless said otherwise]."""

    first: float = 2.0
    """After the first failure in a row; doubled after each further one, with jitter of a half."""

    longest: float = 120.0
    """Longest pause, unless the feed itself asks for a longer one."""

    grace: float = HEARTBEAT
    """A feed whose values can be asked again may fail for this long before it counts as dead: nothing is lost by then,
    and fusion would go on without what is only seconds late.  Of a stream what is missed is lost: dead at once."""

    past: float = 40.0
    """After this long, and then each half of it, a feed whose past is still fetched is no longer waited for [s of the
    machine]."""

    leaving: float = 3.0
    """What a client has for its end once it is cancelled [s of the machine]."""


@dataclass
class Supervisor:
    """Runs each client until it is cancelled.

    ``history``: how much of the past is fetched before a feed is listened to [s].  ``pulsed`` is called several times
    a minute; it may raise `OverError`.
    """

    desks: Mapping[str, Desk]
    clients: Mapping[str, Client]
    clock: Clock
    history: int = 28 * DAY
    pauses: Pauses = field(default_factory=Pauses)
    pulsed: Callable[[], None] = lambda: None
    jitter: Callable[[], float] = random.random

    async def run(self) -> None:
        """All feeds, side by side.  What Kafka refuses and `OverError` end this; an exception of a client does not."""
        self.lockstep, self.late = Lockstep(self.clients, DAY), set[str]()
        try:
            async with asyncio.TaskGroup() as group:
                for feed, client in self.clients.items():
                    group.create_task(self._keep(client, self.desks[feed]), name=feed)
                group.create_task(self._wait_no_longer())
                group.create_task(self._pulse())
        except* (SendError, OverError) as errors:
            raise errors.exceptions[0] from None

    async def _pulse(self) -> None:
        """Each feed's heartbeat again where none was sent for half the time that may pass between two."""
        while True:
            self.pulsed()
            await self.clock.sleep(HEARTBEAT / 4)
            for desk in self.desks.values():
                if self.clock.now() - desk.beaten >= HEARTBEAT / 2:
                    await desk.again()

    async def _wait_no_longer(self) -> None:
        pause = self.pauses.past
        while self.lockstep.reached:
            await asyncio.sleep(pause)
            pause = self.pauses.past / 2
            for feed in self.lockstep.slow():
                if feed not in BGP_FEEDS:  # what waits of routes is bounded
                    self.late.add(feed)
                await self.desks[feed].fail(FETCHING)
                await self.lockstep.leave(feed)

    async def _keep(self, client: Client, desk: Desk) -> None:
        attempts, failing, told, filled = 0, 0.0, False, False
        while True:
            ups, after = desk.ups, None
            try:
                if not filled:
                    await self._watched(client, desk, self._fetch(client, desk))
                    filled = True
                    await self.lockstep.leave(desk.feed)
                    await self.lockstep.over()
                await self._watched(client, desk, client.listen(desk))
                reason = "it has ended by itself"
            except FeedError as error:
                reason, after = str(error), error.after
            except SendError:
                raise
            except UserError as error:
                reason = str(error)
            except Exception as error:
                reason = f"its client has failed with {type(error).__name__}: a fault of netvigil, see its log"
                if not told:
                    log.exception("the client of %s failed", desk.feed)
                    told = True
            if desk.ups > ups or not attempts:
                attempts, failing = 0, self.clock.now()
            await self.lockstep.leave(desk.feed)
            attempts += 1
            pause = min(self.pauses.longest, self.pauses.first * 2.0 ** (attempts - 1)) * (0.5 + self.jitter())
            pause = max(pause, after or 0.0)
            grace = 0.0 if desk.feed in BGP_FEEDS or desk.status != UP else self.pauses.grace
            if self.clock.now() + pause - failing >= grace:
                await desk.fail(reason)
            await self.clock.sleep(pause)

    async def _fetch(self, client: Client, desk: Desk) -> None:
        """From where the feed's records reach to now; what comes twice after a failure is the same bin again.

        A feed that is late stays dead until all of it is there: fusion would wait for it.
        """
        now = int(self.clock.now())
        items = client.history(max(desk.time, now - self.history), now)
        async for item in items:
            if not isinstance(item, DecodeError) and len(item):
                first = int(item.time.min())
                await self.lockstep.turn(desk.feed, first)
                desk.heard = self.clock.now()
                if desk.feed not in self.late:
                    await desk.reach(first)
            await desk.put([item])

    async def _watched(self, client: Client, desk: Desk, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, unless the client neither puts nor says anything for its patience."""
        desk.heard = self.clock.now()
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                rest = max(1.0, desk.heard + client.patience - self.clock.now())
                await asyncio.wait({task}, timeout=rest / self.clock.speed)
                silent = self.clock.now() - desk.heard
                if silent >= client.patience and not (task.done() or desk.waiting or self._waits(desk)):
                    raise FeedError(f"nothing came for {lasting(int(silent))}")
            await task
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=self.pauses.leaving)

    def _waits(self, desk: Desk) -> bool:
        """Whether the feed waits for the past of another."""
        return desk.feed in self.lockstep.waiting
