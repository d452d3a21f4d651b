"""What a client of a live feed is given, and what it has to do."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.feeds.base import Item
from pipeline.records import UP, Entity

HEARTBEAT = 60.0
"""Longest time between two heartbeats of a feed [s of the clock]."""


class FeedError(Exception):
    """A feed gives nothing now: one sentence for a person, without secrets.

    ``after``: when to try again [s], where it is asked too often, or says so; ``alone``: whether another request may
    still be answered.
    """

    def __init__(self, reason: str, after: float | None = None, alone: bool = False) -> None:
        super().__init__(reason)
        self.after, self.alone = after, alone


@dataclass(frozen=True)
class Clock:
    """The time of day, UTC [s], of the machine, or from ``start`` on and ``speed`` times as fast: for rehearsals.

    ``ticks`` of the machine's time of day go on while it is suspended, which monotonic ones do not.

    Examples
    --------
    >>> ticks = iter([10.0, 12.0])
    >>> Clock(start=1707350400.0, speed=60.0, ticks=lambda: next(ticks)).now()
    1707350520.0
    """

    start: float = field(default_factory=time.time)
    speed: float = 1.0
    ticks: Callable[[], float] = time.time
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begun", self.ticks())

    def now(self) -> float:
        return self.start + (self.ticks() - self.begun) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep so many seconds of this clock."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


@dataclass(frozen=True)
class Scope:
    """What is watched, and so asked for and kept.

    ``countries``: ISO codes, empty for all.  ``networks``: ASes with country, name and mobile mark.  ``services``:
    names of OONI tests or domains.
    """

    countries: tuple[str, ...] = ()
    networks: tuple[Entity, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """How a client reaches its feed: base ``url``, ``token`` ("" for none), and a folder for what it may keep.

    ``archive``: base address of the MRT archive with which it begins, "" for none.
    """

    url: str
    token: str = field(default="", repr=False)
    cache: Path | None = None
    archive: str = ""


class Outlet(Protocol):
    """Where a client puts what it has read; ingest stamps it with the run and sends it to Kafka."""

    async def put(self, items: Iterable[Item]) -> None:
        """Records in order of arrival, and damage as `DecodeError`; waits while Kafka is behind."""
        ...

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        """The feed has reached an event time [s]; ``reason``: why it is not up, a sentence for a person."""
        ...


class Client(Protocol):
    """A client of one live feed.

    ``feed``: its name in `pipeline.feeds.FEEDS`.  ``patience``: how long it may neither put nor beat before it is
    restarted [s of the clock].
    """

    feed: str

    @property
    def patience(self) -> float: ...

    def history(self, start: int, end: int) -> AsyncIterator[Item]:
        """Records of ``[start, end)`` [s] in order of event time, as far as the feed keeps them; `FeedError`."""
        ...

    async def listen(self, outlet: Outlet) -> None:
        """Put what comes until it is cancelled, or raise `FeedError`: ingest says so, backs off and calls it again.

        What the client knows (values that it has sent, where it was) stays in the client between calls.
        """
        ...


MakeClient = Callable[[Scope, Access, Clock], Client]
