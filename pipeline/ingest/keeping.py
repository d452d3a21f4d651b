"""What polled feeds gave is kept in a folder: an embedded broker forgets it, and it need not be asked again."""

import dataclasses
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Item
from pipeline.feeds.base import joined
from pipeline.feeds.live.base import Client, Outlet, Scope
from pipeline.feeds.recorded import Recorder, contents
from pipeline.files import written
from pipeline.records import UP, Heartbeat, Rows, Run

log = logging.getLogger(__name__)

TOO_OLD = 7 * DAY
"""How much more than is asked for may be in a file before it is written anew without it [s]."""


class Begun(msgspec.Struct):
    """What a file has: rows of a scope from ``start`` on [s]."""

    scope: Scope
    start: int


class Remembering:
    """The ``client`` of a feed of rows whose past begins with what the file at ``path`` has.

    The file is an archive of `pipeline.feeds.recorded`, with heartbeats where event time moved.  What is beside it says
    for which ``scope`` and from when on; for another scope or an earlier time all is asked for anew.
    """

    def __init__(self, client: Client, path: Path, scope: Scope) -> None:
        self.client, self.path = client, path
        self.scope, self.begun = scope, path.with_suffix(".json")
        self.feed = client.feed
        self.recorder: Recorder | None = None
        self.reached = NEVER

    @property
    def patience(self) -> float:
        return self.client.patience

    async def history(self, start: int, end: int) -> AsyncIterator[Item]:
        for kept in self._kept(start):
            yield kept
        async for item in self.client.history(max(start, min(self.reached, end)), end):
            self.keep_items([item])
            if not isinstance(item, DecodeError) and len(item):
                self.keep_beat(int(item.time.min()))
            yield item

    async def listen(self, outlet: Outlet) -> None:
        await self.client.listen(Keeping(self, outlet))

    def keep_items(self, items: Iterable[Item]) -> None:
        """Write rows to the file."""
        for item in items:
            if isinstance(item, Rows) and len(item):
                self._write(dataclasses.replace(item, run=Run(), feed=self.feed, partition=0))

    def keep_beat(self, time: int) -> None:
        """Write the event time to the file."""
        if self.recorder is not None and time > self.reached:
            self.reached = time
            self._write(Heartbeat(Run(), self.feed, 0, time))

    def flush(self) -> None:
        """Write what waits."""
        self._do(lambda recorder: recorder.flush())

    def close(self) -> None:
        """Write what waits, and no more."""
        self._do(lambda recorder: recorder.close())

    def _write(self, frame: Rows | Heartbeat) -> None:
        self._do(lambda recorder: recorder.write(frame))

    def _do(self, act: Callable[[Recorder], None]) -> None:
        """On a disk that takes nothing no more is kept: the next start asks for what is missing."""
        if self.recorder is not None:
            try:
                act(self.recorder)
            except UserError as error:
                log.warning("%s: nothing more is kept: %s", self.feed, error)
                self.recorder.file.close()
                self.recorder = None

    def _kept(self, start: int) -> Iterator[Rows]:
        """The rows of the file from a time on [s], in order of time, a day at a time; later ones of a bin win."""
        found: dict[tuple[str, int, tuple[int, ...], int], list[Rows]] = {}
        try:
            frames = self._frames(start)
        except UserError as error:  # of a full disk: all is asked for
            log.warning("%s: nothing is kept: %s", self.feed, error)
            frames = []
        for frame in frames:
            if isinstance(frame, Heartbeat):
                self.reached = max(self.reached, frame.time)
            else:
                found.setdefault((frame.signal, frame.width, frame.slots, frame.phase), []).append(frame)
        for batches in found.values():
            whole = joined(batches)
            assert isinstance(whole, Rows)
            order = np.argsort(whole.time, kind="stable")
            order = order[whole.time[order] >= start]
            for rows in np.split(order, np.flatnonzero(np.diff(whole.time[order] // DAY)) + 1):
                if len(rows):
                    yield whole.take(rows)

    def _frames(self, start: int) -> list[Heartbeat | Rows]:
        """The frames of the file, which is then open for more."""
        frames: list[Heartbeat | Rows] = []
        if self.recorder is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._covers(start):
                self.path.unlink(missing_ok=True)
                self._begin(start)
        else:
            self.flush()
        if self.path.exists():
            with self.path.open("rb") as file:
                archive = contents(file)
                frames = [f for f in archive.items(file, start) if isinstance(f, Heartbeat | Rows)]
            if self.recorder is None and archive.first < start - TOO_OLD:
                self._begin(start)
                self._write_anew(frames)
        if self.recorder is None:
            self.recorder = Recorder(self.path)
        return frames

    def _write_anew(self, frames: list[Heartbeat | Rows]) -> None:
        part = self.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        recorder = Recorder(part)
        for frame in frames:
            recorder.write(frame)
        recorder.close()
        os.replace(part, self.path)

    def _covers(self, start: int) -> bool:
        """Whether the file has what is asked for."""
        try:
            begun = msgspec.json.decode(self.begun.read_bytes(), type=Begun)
        except (OSError, msgspec.DecodeError):
            return False
        return begun.scope == self.scope and begun.start <= start

    def _begin(self, start: int) -> None:
        with written(self.begun) as file:
            file.write(msgspec.json.encode(Begun(self.scope, start)))


class Keeping:
    """The `Outlet` of a client whose rows are kept before they are put."""

    def __init__(self, keeper: Remembering, outlet: Outlet) -> None:
        self.keeper, self.outlet = keeper, outlet

    async def put(self, items: Iterable[Item]) -> None:
        items = list(items)
        self.keeper.keep_items(items)
        self.keeper.flush()  # the client does not give them again, even after a kill
        await self.outlet.put(items)

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        if status == UP:
            self.keeper.keep_beat(time)
        await self.outlet.beat(time, status, reason)
