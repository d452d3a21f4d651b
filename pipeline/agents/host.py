"""Hosts a stage of the engine between two topics.

Faust acknowledges a message even when its agent raised on it, and commits offsets whether or not state is safe.  So the
host acknowledges by itself, once a snapshot that contains the message is kept.  Recovery is replay: the
snapshot is loaded, Faust delivers again what was not acknowledged, and messages that the snapshot contains are passed
over.  Repeated outputs name the same source, by which readers know them.

After a failure (a stage raised, or the broker did not take an output) the state of a partition belongs to no offset: it
takes no more messages and is never saved, so that a restart begins before the failure.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from pipeline.agents.snapshots import Mark, SnapshotFiles, Snapshots
from pipeline.kafka.reader import Origins, origin
from pipeline.records import DeadLetter, Frame
from pipeline.topics import PATH, is_for

EVERY = 2.0  # least time between two snapshots of a partition [s]
SHARE = 20  # snapshots may take one second in so many: large states are saved less often [-]
RATE = 100_000  # state that one partition may write in the long run [bytes/s]: a RIB of 60 MB every ten minutes
UNSAVED = 2000  # messages of a partition that may wait for the next snapshot, before it is made at once [-]


class Stage(Protocol):
    """A stage of the engine."""

    def step(self, frame: Any) -> Iterable[Any]: ...
    def save(self) -> bytes: ...
    def load(self, state: bytes) -> None: ...


@dataclass
class Hosted:
    """One partition's stage and its offset."""

    stage: Any
    offset: int = -1
    origins: Origins = field(default_factory=Origins)
    going: bool = False
    failed: bool = False
    unsaved: list[Any] = field(default_factory=list)
    sending: list[Awaitable[Any]] = field(default_factory=list)
    due: float = 0.0
    stepping: asyncio.Lock = field(default_factory=asyncio.Lock)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)


Emit = Callable[[Any, Frame | None, bytes], Awaitable[list[Awaitable[Any]]]]
"""Sends one output, with its frame and origin (None for the frame itself); gives what to wait for."""

Accept = Callable[[bytes], Any]  # the frame of a message; ValueError where the stage cannot use it


class Host:
    """The stages of one agent, one for each partition of this worker."""

    def __init__(
        self, topic: str, name: str, make: Callable[[int], Stage], snapshots: Snapshots | SnapshotFiles,
        accept: Accept, emit: Emit,
        resumed: Callable[[Any], None] = lambda _: None, feed: str = PATH, every: float = EVERY,
        address: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.topic, self.name, self.make, self.snapshots, self.feed = topic, name, make, snapshots, feed
        self.accept, self.emit = accept, emit
        self.resumed, self.every, self.address = resumed, every, address
        self.hosted: dict[int, Hosted] = {}
        self.away = False

    async def run(self, stream: Any) -> None:
        async for event in stream.noack().events():
            await self.take(event)

    async def take(self, event: Any) -> None:
        """Pass one message through its stage.  During a rebalance messages are dropped: they come again."""
        if self.away:
            return
        partition = event.message.partition
        hosted = self.host(partition)
        async with hosted.stepping:
            if hosted.failed:
                return
            if event.message.offset > hosted.offset:
                with _failing(hosted):
                    await self._step(hosted, event)
            hosted.unsaved.append(event)
            event.value = event.message.value = None  # only its acknowledgement is needed
        if len(hosted.unsaved) >= UNSAVED:
            await self.save(partition, hosted)

    async def _step(self, hosted: Hosted, event: Any) -> None:
        message = event.message
        await self._note_gap(hosted, message)
        if is_for(event.headers, self.address) and not hosted.origins.again(event.headers):
            await self._pass_on(hosted, event)
        hosted.offset, hosted.going = message.offset, True  # not before: the state must contain this message

    async def _pass_on(self, hosted: Hosted, event: Any) -> None:
        message = event.message
        try:
            frame = self.accept(event.value)
        except ValueError as error:
            place = f"{message.topic}/{message.partition}/{message.offset}"
            await self._bury(hosted, "bad-frame", place, str(error), self._source(message, 0))
            return
        await self.emit(None, frame, b"")
        for i, output in enumerate(hosted.stage.step(frame)):
            hosted.sending += await self.emit(output, frame, self._source(message, i))

    def _source(self, message: Any, place: int) -> bytes:
        return origin(self.name, message.partition, message.offset, place)

    async def _note_gap(self, hosted: Hosted, message: Any) -> None:
        """Report messages between the state and this one as lost: the broker did not keep them long enough."""
        offset, place = message.offset, f"{message.topic}/{message.partition}"
        missing = offset - hosted.offset - 1
        if not missing or hosted.offset < 0:
            return
        lost = f"messages {hosted.offset + 1} to {offset - 1} of {place}"
        if hosted.going:  # a start from the snapshot may still find them
            raise RuntimeError(f"{lost} did not come")
        await self._bury(hosted, "lost-messages", place, lost, self._source(message, -1))  # before all outputs

    async def _bury(self, hosted: Hosted, reason: str, place: str, detail: str, source: bytes) -> None:
        letter = DeadLetter("", self.feed, reason, f"{place} in {self.name}", detail[:500])
        hosted.sending += await self.emit(letter, None, source)

    def host(self, partition: int) -> Hosted:
        """The stage of a partition, first loaded from its snapshot."""
        if partition in self.hosted:
            return self.hosted[partition]
        hosted = self.hosted[partition] = Hosted(self.make(partition))
        with _failing(hosted):
            snapshot = self.snapshots.load(partition)
            if snapshot is not None:
                mark, state = snapshot
                hosted.offset, hosted.origins = mark.offset, Origins(dict(mark.heard))
                hosted.stage.load(state)
                self.resumed(hosted.stage)
        return hosted

    async def save(self, partition: int, hosted: Hosted, acks: bool = True) -> None:
        """Write a snapshot, then acknowledge what it contains; messages are taken meanwhile."""
        async with hosted.saving:
            with _failing(hosted):
                await self._save(partition, hosted, acks)

    async def _save(self, partition: int, hosted: Hosted, acks: bool) -> None:
        begun = time.monotonic()
        async with hosted.stepping:
            if hosted.failed:
                return
            events, sending = hosted.unsaved, hosted.sending
            hosted.unsaved, hosted.sending = [], []
            mark, state = Mark(hosted.offset, dict(hosted.origins.heard)), hosted.stage.save()
        await asyncio.gather(*sending)
        # another worker may have the partition, and its state, by now
        owned = lambda: self.hosted.get(partition) is hosted  # noqa: E731
        if events and await self.snapshots.save(partition, mark, state, owned):
            for event in events if acks else ():
                event.ack()
        took = time.monotonic() - begun
        hosted.due = begun + max(self.every, SHARE * took, len(state) / RATE)

    async def save_due(self, anyway: bool = False, acks: bool = True) -> None:
        """Write the snapshots that are due; ``anyway``: of everything that is not saved.

        Without ``acks`` nothing is acknowledged: a broker may refuse offsets in a rebalance, and Faust then crashes.
        """
        now = time.monotonic()
        due = [(p, h) for p, h in self.hosted.items() if h.unsaved and (anyway or now >= h.due)]
        await asyncio.gather(*[self.save(partition, hosted, acks) for partition, hosted in due])

    def forget(self) -> None:
        """Drop all stages, until `begin`."""
        self.hosted.clear()
        self.away = True

    def begin(self, partitions: Iterable[int]) -> None:
        """Load the stages of these partitions; the tables have been read."""
        self.hosted.clear()
        self.away = False
        for partition in partitions:
            self.host(partition)


@contextmanager
def _failing(hosted: Hosted) -> Iterator[None]:
    """An exception in here means that the partition is not used any more."""
    try:
        yield
    except BaseException:
        hosted.failed = True
        raise
