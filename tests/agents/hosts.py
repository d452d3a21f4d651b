"""A host at work without a broker: what Faust gives it, and what it gives to Faust."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec

from pipeline.agents.host import Host
from pipeline.agents.snapshots import Snapshots


@dataclass
class Changelog:
    """A broker's side of a Faust table; fails from the ``broken``-th write on."""

    written: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    broken: int = 10**9

    async def send(self, key: bytes, value: bytes | None, **_: Any) -> Any:
        if len(self.written) >= self.broken:
            raise ConnectionError("killed")
        self.written.append((key, value))
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent

    def recovered(self) -> dict[bytes, bytes]:
        state: dict[bytes, bytes] = {}
        for key, value in self.written:
            state.pop(key, None)
            if value is not None:
                state[key] = value
        return state


def table(changelog: Changelog) -> Any:
    return SimpleNamespace(name="sums", changelog_topic=changelog, data=changelog.recovered())


@dataclass
class Sum:
    """A stage that adds up numbers, and says the sum each time; it has a bug with 1300."""

    total: int = 0

    def step(self, number: int) -> list[int]:
        self.total += number
        if number == 1300:
            raise ZeroDivisionError("a bug")
        return [self.total]

    def save(self) -> bytes:
        return msgspec.json.encode(self.total)

    def load(self, state: bytes) -> None:
        self.total = msgspec.json.decode(state)


@dataclass
class Event:
    """A message from Faust."""

    offset: int
    value: Any
    headers: dict[str, bytes] = field(default_factory=dict)
    acked: bool = False

    def __post_init__(self) -> None:
        self.message = SimpleNamespace(topic="numbers", partition=0, offset=self.offset, value=self.value)

    def ack(self) -> None:
        self.acked = True


@dataclass
class Worker:
    """A host at work on one changelog; what it says is kept with its origin.  The broker does not take ``lost``."""

    changelog: Changelog
    said: list[tuple[Any, bytes]] = field(default_factory=list)
    lost: int = -1

    def __post_init__(self) -> None:
        self.host = Host("numbers", "sum", lambda _: Sum(), Snapshots(table(self.changelog)), _number, self.emit)

    async def emit(self, output: Any, frame: Any, source: bytes) -> list[Any]:
        if output is None:
            return []
        if output == self.lost:
            return [_undelivered()]
        self.said.append((output, source))
        return []

    async def take(self, *events: Event) -> None:
        for event in events:
            await self.host.take(event)


async def _undelivered() -> None:
    raise ConnectionError("request timed out")


def _number(message: bytes) -> int:
    return int(message)


def numbers(first: int, last: int) -> list[Event]:
    return [Event(offset, b"%d" % (offset + 1)) for offset in range(first, last)]


def played(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """An asynchronous test as one that pytest runs."""

    @functools.wraps(story)
    def test(*given: Any, **named: Any) -> None:
        asyncio.run(story(*given, **named))

    return test
