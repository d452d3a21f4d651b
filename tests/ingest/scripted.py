"""A client that does what a test tells it, and what the supervisor makes of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from pipeline.bins import NEVER
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import Client, Clock, Outlet
from pipeline.ingest.outlet import Desk, Sent
from pipeline.ingest.supervisor import Pauses, Supervisor
from pipeline.records import DeadLetter, Elements, Entity, Heartbeat, Rows, Run

START = 1_707_350_400
RUN = Run("live", "live", ("probing.ioda",), START)
COUNTRIES = tuple(Entity("country", code, code) for code in ("IQ", "PK"))

Step = Callable[[Outlet], Awaitable[None]]


def rows(*times: int, value: float = 7.0, signal: str = "probing.ioda") -> Rows:
    """A row of each country at each time."""
    time = np.repeat(np.array(times, np.int64), len(COUNTRIES))
    entity = np.tile(np.arange(len(COUNTRIES), dtype=np.int32), len(times))
    return Rows(Run(), "", 0, signal, 600, (), 0, COUNTRIES, time, entity, np.full(len(time), value))


@dataclass
class Scripted:
    """Each call of `listen` does the next step of the script, the last one again and again."""

    feed: str
    script: list[Step]
    past: Callable[[int, int], Iterable[Item]] = lambda start, end: ()
    patience: float = 600.0
    listened: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        self.asked.append((start, end))
        for item in self.past(start, end):
            await asyncio.sleep(0)
            yield item

    async def listen(self, outlet: Outlet) -> None:
        step = self.script[min(self.listened, len(self.script) - 1)]
        self.listened += 1
        await step(outlet)


async def stays(outlet: Outlet) -> None:
    """Is up, and gives nothing more."""
    await outlet.beat(START - 600)
    await asyncio.sleep(3600)


@dataclass
class Sink:
    """What was sent, in order."""

    sent: list[Sent] = field(default_factory=list)

    async def __call__(self, frames: list[Sent]) -> None:
        self.sent += frames

    def beats(self, feed: str) -> list[Heartbeat]:
        """Those of the first partition."""
        return [f for f in self.sent if isinstance(f, Heartbeat) and f.feed == feed and f.partition == 0]

    def told(self, feed: str) -> list[tuple[str, str]]:
        """Status and reason, each change once."""
        found = [(beat.status, beat.reason) for beat in self.beats(feed)]
        return [one for one, before in zip(found, [None, *found[:-1]], strict=True) if one != before]

    def batches(self, feed: str) -> list[Elements | Rows]:
        return [f for f in self.sent if isinstance(f, Elements | Rows) and f.feed == feed]

    def letters(self, feed: str) -> list[DeadLetter]:
        return [f for f in self.sent if isinstance(f, DeadLetter) and f.feed == feed]


SPEED = 2000.0
"""Seconds of the clock in one of the machine's: a minute passes in 30 ms."""


def supervise(
    *clients: Client,
    minutes: float,
    sink: Sink | None = None,
    pauses: Pauses | None = None,
    history: int = 28 * 86_400,
    reached: int = NEVER,
) -> Sink:
    """What was sent when the clients had been supervised for so long by the clock; ``reached`` before, on Kafka [s]."""
    sink = sink or Sink()

    async def run() -> None:
        clock = Clock(START, SPEED)
        desks = {client.feed: Desk(client.feed, RUN, RUN.signals, sink, clock, time=reached) for client in clients}
        supervisor = Supervisor(
            desks, {c.feed: c for c in clients}, clock, history, pauses or Pauses(), jitter=lambda: 0.5
        )
        task = asyncio.create_task(supervisor.run())
        await asyncio.wait({task}, timeout=max(0.25, minutes * 60 / SPEED))
        if task.done():
            task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=5)

    asyncio.run(run())
    return sink
