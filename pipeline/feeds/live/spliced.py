"""Live BGP that begins with tables: archives up to a second, the live feed from it on, without a hole or a repeat."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import BinaryIO

from pipeline.bins import NEVER
from pipeline.codec import decode, encode
from pipeline.errors import DecodeError
from pipeline.feeds.base import Item
from pipeline.feeds.live.archives import RIS
from pipeline.feeds.live.base import HEARTBEAT, Access, Client, Clock, FeedError, Outlet, Scope
from pipeline.feeds.live.download import Downloads
from pipeline.feeds.live.narrowed import Narrowed
from pipeline.feeds.live.ris_live import RisLive
from pipeline.feeds.live.tables import PUBLISHED, Tables
from pipeline.files import keep_to_oneself
from pipeline.geo.places import Places, cache
from pipeline.records import DEAD, UP, Elements, Heartbeat, Run
from pipeline.settings import Counting

MARGIN = 60
"""How far the cut is ahead of the first live message [s]: clocks differ, and collectors are subscribed one by one."""

PAUSE = 10.0  # before the live feed is asked again while the tables are read [s of the clock]

FETCHED, READ = "its routing tables are being fetched", "its routing tables are being read"

LARGEST = 2 * 2**30  # live messages that wait on disk for the tables at most [bytes]


class Spliced:
    """The client ``live``, after the ``tables``.

    What ``live`` sends while the tables are read waits on disk.  All of the archives has times before the cut, all of
    ``live`` times from it on.  Later, its ``gaps`` are filled from the archives when these have all of them; where they
    still lack a part when the next table is there, the tables are loaded anew.
    """

    def __init__(self, live: Client, tables: Tables, clock: Clock) -> None:
        self.live, self.tables, self.clock = live, tables, clock
        self.feed, self.patience = live.feed, live.patience
        self.loaded = False
        self.said = (NEVER, DEAD, FETCHED)
        self.moved = clock.now()
        tables.downloads.progress = self._progress

    def history(self, start: int, end: int) -> AsyncIterator[Item]:
        return self.live.history(start, end)

    async def listen(self, outlet: Outlet) -> None:
        self.said = (self.said[0], DEAD, FETCHED)  # until it comes further than before
        folder = self.tables.downloads.folder
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as spool:
            held = Held(self.feed, outlet, spool, self.tables.narrowed, self.loaded)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._hear(held))
                    if not self.loaded:
                        beats = tasks.create_task(self._beats(outlet))
                        await self._load(outlet, held)
                        beats.cancel()
                    tasks.create_task(self._mend(outlet))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def _hear(self, held: "Held") -> None:
        """Listen; a break while the tables are read is a gap, and does not begin them anew."""
        while True:
            try:
                await self.live.listen(held)
            except FeedError as error:
                if held.released or not held.begun.is_set():
                    raise
                await held.beat(held.newest, DEAD, str(error))
                await self.clock.sleep(max(PAUSE, error.after or 0.0))

    async def _load(self, outlet: Outlet, held: "Held") -> None:
        await held.begun.wait()
        cut = held.cut = int(max(held.newest, self.clock.now())) + MARGIN
        gaps(self.live).clear()
        async with aclosing(self.tables.until(cut)) as items:
            async for time, item in items:
                await self._reach(outlet, time)
                await outlet.put([item])
        self.said = (cut, UP, "")
        await outlet.beat(*self.said)
        await held.release()
        self.loaded = True

    async def _reach(self, outlet: Outlet, time: int) -> None:
        self.moved = self.clock.now()
        if time > self.said[0]:
            self.said = (time, UP, READ)
            await outlet.beat(*self.said)

    async def _beats(self, outlet: Outlet) -> None:
        while True:
            time, status, reason = self.said
            if status == UP and self.clock.now() > self.moved + self.patience:
                status, reason = DEAD, "it waits for files of the archives, which are late"
            await outlet.beat(time, status, reason)
            await self.clock.sleep(HEARTBEAT / 2)

    def _progress(self, name: str, done: int, total: int | None) -> None:
        time, status, _ = self.said
        if status == DEAD:
            share = f": {done / 1e6:,.0f} of {total / 1e6:,.0f} MB of {name}" if total else ""
            self.said = (time, status, f"{FETCHED}{share}")

    async def _mend(self, outlet: Outlet) -> None:
        """Fill gaps as they become known."""
        while True:
            await self.clock.sleep(HEARTBEAT)
            while gaps(self.live):
                start, end = gaps(self.live)[0]
                try:
                    async for _, item in self.tables.between(start - MARGIN, end + MARGIN):
                        await outlet.put([item])
                except FeedError:  # asked again a minute later
                    if self.clock.now() > end + self.tables.archive.table_step + PUBLISHED:
                        self.loaded = False
                        raise FeedError("the archives lack what was missed in a break") from None
                    break
                gaps(self.live).remove((start, end))


def gaps(live: Client) -> list[tuple[int, int]]:
    """Event times ``[from, to)`` that the client did not hear [s]."""
    found: list[tuple[int, int]] = getattr(live, "gaps", [])
    return found


def ris(scope: Scope, access: Access, clock: Clock) -> Client:
    """RIS Live with its tables; without them where no archive is given."""
    live = RisLive(scope, access, clock)
    if not access.archive:
        return live
    narrowed = Narrowed(Places.load().of_countries(scope.countries), Counting()) if scope.countries else None
    downloads = Downloads((access.cache or cache().parent) / "archives", clock)
    keep_to_oneself(downloads.folder)
    archive = RIS._replace(url=access.archive)
    return Spliced(live, Tables(live.feed, downloads, live.rules.collectors, narrowed, archive), clock)


class Held:
    """What the live client puts: to a file until it is released, then on to the outlet, from ``cut`` on [s].

    ``newest``: newest event time [s]; ``begun`` is set with the first.
    """

    def __init__(self, feed: str, outlet: Outlet, file: BinaryIO, narrowed: Narrowed | None, released: bool) -> None:
        self.feed, self.outlet, self.file, self.narrowed, self.released = feed, outlet, file, narrowed, released
        self.begun = asyncio.Event()
        self.newest = self.cut = NEVER
        self.end = 0

    async def put(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, DecodeError):
                await self.outlet.put([item])
                continue
            assert isinstance(item, Elements)
            if self.released:
                await self._pass(item)
            elif len(item):
                self.newest = max(self.newest, int(item.time.max()))
                self.begun.set()
                self._hold(item)

    async def beat(self, time: int, status: str = UP, reason: str = "") -> None:
        if self.released:
            await self.outlet.beat(time, status, reason)
        else:
            self._hold(Heartbeat(Run(), self.feed, 0, time, status, reason=reason))

    async def release(self) -> None:
        """Pass on what was held, and from then on all that comes."""
        at = 0
        while at < self.end:
            self.file.seek(at)
            size = int.from_bytes(self.file.read(4))
            frame = decode(self.file.read(size))
            at += 4 + size
            if isinstance(frame, Elements):
                await self._pass(frame)
            elif isinstance(frame, Heartbeat) and (frame.time >= self.cut or frame.status == DEAD):
                await self.outlet.beat(max(frame.time, self.cut), frame.status, frame.reason)
        self.released = True
        self.file.truncate(0)

    async def _pass(self, batch: Elements) -> None:
        batch = self.narrowed.keep(batch) if self.narrowed else batch
        if len(batch) and batch.time.min() < self.cut:
            batch = batch.take(batch.time >= self.cut)
        if len(batch):
            await self.outlet.put([batch])

    def _hold(self, frame: Elements | Heartbeat) -> None:
        raw = encode(frame)
        self.file.seek(self.end)
        self.file.write(len(raw).to_bytes(4) + raw)
        self.end += 4 + len(raw)
        if self.end > LARGEST:
            raise FeedError(f"more than {LARGEST:,} bytes of live messages wait for the routing tables")
