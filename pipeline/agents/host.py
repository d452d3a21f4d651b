"""Hosts a stage of the engine between two topics.

Faust acknowledges a message even when its agent raised on it, and commits offsets whether or not state is safe.  So the
host acknowledges by itself: a message counts as done once a snapshot that contains it is with the broker.  Recovery is
replay: the snapshot is loaded, Faust delivers again what was not acknowledged, and what the snapshot holds already is
passed over.  Outputs that so come twice carry the same keys, and whoever reads them knows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.agents.snapshots import Snapshots
from pipeline.records import DeadLetter, Frame, decode

EVERY = 2.0
"""Least time between two snapshots of a partition [s]."""

SHARE = 20
"""A snapshot may take one in so many seconds: large states are saved less often [-]."""


class Stage(Protocol):
    """A stage of the engine."""

    def step(self, frame: Any) -> Iterable[Any]: ...
    def save(self) -> bytes: ...
    def load(self, state: bytes) -> None: ...


@dataclass
class Hosted:
    """One partition's stage and how far it is."""

    stage: Stage
    offset: int = -1
    unsaved: list[Any] = field(default_factory=list)
    sending: list[Awaitable[Any]] = field(default_factory=list)
    due: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


Emit = Callable[[Any, Frame | None], Awaitable[list[Awaitable[Any]]]]
"""Sends one output (with the frame that it came from; None for the frame itself); gives what to wait for."""


class Host:
    """The stages of one agent, one for each partition that this worker owns."""

    def __init__(
        self, name: str, make: Callable[[int], Stage], snapshots: Snapshots, emit: Emit,
        resumed: Callable[[Stage], None] = lambda _: None, every: float = EVERY,
    ) -> None:  # fmt: skip
        self.name, self.make, self.snapshots, self.emit = name, make, snapshots, emit
        self.resumed, self.every = resumed, every
        self.hosted: dict[int, Hosted] = {}

    async def run(self, stream: Any) -> None:
        """The body of the agent."""
        async for event in stream.noack().events():
            await self.take(event)

    async def take(self, event: Any) -> None:
        """Pass one message through the stage of its partition."""
        partition, offset = event.message.partition, event.message.offset
        hosted = self.hosted.get(partition) or self._host(partition)
        async with hosted.lock:
            if offset > hosted.offset:
                await self._step(hosted, event.value, f"{event.message.topic}/{partition}/{offset}")
                hosted.offset = offset
            hosted.unsaved.append(event)
        await self.save(partition, hosted)

    async def _step(self, hosted: Hosted, message: bytes, place: str) -> None:
        try:
            frame = decode(message)
        except ValueError as error:
            letter = DeadLetter("", self.name, "bad-frame", place, str(error)[:500])
            hosted.sending += await self.emit(letter, None)
            return
        await self.emit(None, frame)
        for output in hosted.stage.step(frame):
            hosted.sending += await self.emit(output, frame)

    def _host(self, partition: int) -> Hosted:
        hosted = self.hosted[partition] = Hosted(self.make(partition))
        snapshot = self.snapshots.load(partition)
        if snapshot is not None:
            hosted.offset, state = snapshot
            hosted.stage.load(state)
            self.resumed(hosted.stage)
        return hosted

    async def save(self, partition: int, hosted: Hosted) -> None:
        """Write a snapshot if one is due, then acknowledge what it contains."""
        begun = time.monotonic()
        if begun < hosted.due or not hosted.unsaved:
            return
        async with hosted.lock:
            events, sending = hosted.unsaved, hosted.sending
            hosted.unsaved, hosted.sending = [], []
            state, offset = hosted.stage.save(), hosted.offset
            await asyncio.gather(*sending)
            if self.hosted.get(partition) is not hosted:
                return  # the partition went to another worker meanwhile: the state is its own now
            await self.snapshots.save(partition, offset, state)
            for event in events:
                event.ack()
        took = time.monotonic() - begun
        hosted.due = begun + max(self.every, SHARE * took)

    async def save_due(self) -> None:
        """Snapshots that are due although no message comes."""
        for partition, hosted in list(self.hosted.items()):
            await self.save(partition, hosted)

    def forget(self) -> None:
        """After a rebalance: every stage starts from its snapshot again."""
        self.hosted.clear()
