"""A polled feed beside a look-alike of its publisher, by a clock that nothing waits for."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.errors import DecodeError
from pipeline.feeds.base import Item
from pipeline.feeds.live.base import Access, Clock, FeedError, Scope
from pipeline.feeds.live.polled import Poller
from pipeline.feeds.polled import Polled
from pipeline.ingest.outlet import Desk, Sent
from pipeline.kinds import kind_of
from pipeline.records import Entity, Heartbeat, Rows, Run
from tests.ingest.scripted import Sink
from tests.lookalikes import PUBLISHERS, radar
from tests.lookalikes.http import Publisher

START = 1_707_350_400
HOUR, DAY = 3600, 86_400
PAUSE = 300.0  # between a failure and the next attempt, unless the publisher wants a longer one [s]

PK, UG = Entity("country", "PK", "PK"), Entity("country", "UG", "UG")
SINDH = Entity("region", "PK-Sindh", "PK", title="Sindh")
ZONG = Entity("asn", "AS59257", "PK", True, "Zong")
SCOPE = Scope(("PK", "UG"), (ZONG,), ("whatsapp",))


class OverError(BaseException):
    """The story has come to its end."""


@dataclass(frozen=True)
class SteppedClock(Clock):
    """Each sleep is over at once; ``before``: what is done then.  The story ends at ``end``."""

    end: float = float("inf")
    before: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begun", self.start)

    def now(self) -> float:
        return self.begun

    async def sleep(self, seconds: float) -> None:
        object.__setattr__(self, "begun", self.begun + max(0.0, seconds))
        if self.begun >= self.end:
            raise OverError
        for change in self.before:
            change()
        await asyncio.sleep(0)


def given(polled: Polled, begin: int, end: int, entities: Sequence[Entity] = (), seed: int = 3) -> Rows:
    """Days with a shape and some noise, of what a scope has of a feed."""
    known = tuple(entities) or (*(place.entity for place in polled.places(SCOPE)), SINDH)
    rng = np.random.default_rng(seed)
    time = np.arange(begin // polled.width * polled.width, end, polled.width, dtype=np.int64)
    day = 1 + 0.3 * np.sin(2 * np.pi * time / DAY)
    values = [1000 * (i + 1) * day * rng.normal(1, 0.01, len(time)) for i in range(len(known))]
    if kind_of(polled.signal) == "ooni":
        values = [rng.binomial(50, 0.98, len(time)) / 50 for _ in known]
    head = (Run(), polled.name, 0, polled.signal, polled.width, (), 0, known)
    index = np.repeat(np.arange(len(known), dtype=np.int32), len(time))
    return Rows(*head, np.tile(time, len(known)), index, np.concatenate(values))


@dataclass
class Story:
    """A client that ``polled`` makes, followed until ``end``; ``sink`` has all that was sent.

    ``past``: how much of the past is asked for first [s]; ``fault``: what is wrong at a time of the clock; ``port``:
    another that the client is told; ``stride``: it polls so many times as seldom; ``beaten``: heartbeats, and when.
    """

    polled: Polled
    rows: Rows
    start: float
    end: float
    past: int = 0
    delay: int = 1800
    fault: Callable[[float], str] = lambda now: ""
    scope: Scope = SCOPE
    token: str = radar.TOKEN
    cache: Path | None = None
    largest: int = 2**24
    port: int | None = None
    stride: int = 1
    seed: int = 5
    beaten: list[tuple[float, Heartbeat]] = field(default_factory=list)
    sink: Sink = field(default_factory=Sink)
    history: list[Item] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SteppedClock(self.start, end=self.end)
        self.base, routes = PUBLISHERS[self.polled.name.partition("-")[0]]
        self.publisher = Publisher(
            {self.polled.signal: self.rows}, self.clock.now, {self.polled.signal: self.delay},
            lambda: self.fault(self.clock.now()), routes=routes,
        )  # fmt: skip
        run = Run("live", "live", (self.polled.signal,), int(self.start))
        self.desk = Desk(self.polled.name, run, (self.polled.signal,), self._send, self.clock)

    def _hurry(self, client: Poller) -> None:
        """Nothing really waits for long for a publisher that says nothing."""
        client.http.timeout = 0.1 if self.fault(self.clock.now()) == "stalls" else 30.0

    async def _send(self, frames: list[Sent]) -> None:
        self.beaten += [(self.clock.now(), f) for f in frames if isinstance(f, Heartbeat) and not f.partition]
        await self.sink(frames)

    def told(self) -> "Story":
        asyncio.run(self._tell())
        return self

    async def _tell(self) -> None:
        async with self.publisher.running() as url:
            url = url if self.port is None else f"http://127.0.0.1:{self.port}"
            polled = replace(self.polled, period=self.polled.period * self.stride)
            client = Poller(polled, self.scope, Access(url + self.base, self.token, self.cache), self.clock)
            client.http.largest, client.jitter = self.largest, random.Random(self.seed).random
            self.clock.before.append(lambda: self._hurry(client))
            try:
                if self.past:
                    now = int(self.clock.now())
                    async for item in client.history(now - self.past, now):
                        self.history.append(item)
                        if not isinstance(item, DecodeError):
                            await self.desk.reach(int(item.time.min()))
                        await self.desk.put([item])
                while True:
                    try:
                        await client.listen(self.desk)
                    except FeedError as error:
                        self.failures.append(str(error))
                        await self.desk.fail(str(error))
                        await self.clock.sleep(max(PAUSE, error.after or 0.0))
            except OverError:
                return

    def values(self) -> dict[tuple[str, int], float]:
        """The last value of each entity and bin that was sent."""
        found = {}
        for rows in self.sink.batches(self.polled.name):
            assert isinstance(rows, Rows)
            for time, entity, value in zip(rows.time.tolist(), rows.entity.tolist(), rows.value.tolist(), strict=True):
                found[rows.entities[entity].name, time] = value
        return found
