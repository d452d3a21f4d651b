"""Tables and updates of the MRT archives, as records of the live feed that goes on from them."""

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DecodeError
from pipeline.feeds import mrt
from pipeline.feeds.archive import Source
from pipeline.feeds.base import Item, Recorded, sessions_down
from pipeline.feeds.live.archives import RIS, Archive, File, archive_of, tables, updates
from pipeline.feeds.live.base import Clock, FeedError
from pipeline.feeds.live.download import Downloads, MissingError
from pipeline.feeds.live.narrowed import Narrowed
from pipeline.feeds.mrt.sift import Sizes, peers_of, sift
from pipeline.feeds.unpack import unpacked
from pipeline.records import Elements

PUBLISHED = 2400
"""Longest time from the end of a file's window to its publication [s]; IODA waits as long."""

BACK = 3  # newest tables of which one must be there: the last may not be written yet

BEFORE = 600
"""How long before a table its sessions begin anew [s]: more than `Counting.rib_lag`, by which the table is older."""

Timed = tuple[int, Item]  # an item, and the event time that is reached before it [s]


@dataclass
class Tables:
    """The archive of ``collectors`` of a live ``feed``; of some countries alone where ``narrowed`` is given."""

    feed: str
    downloads: Downloads
    collectors: Sequence[str]
    narrowed: Narrowed | None = None
    archive: Archive = RIS

    async def until(self, cut: int) -> AsyncGenerator[Timed, None]:
        """The newest table of each collector, then all updates before ``cut`` [s], in order of event time.

        Waits for files that are not published yet.  FeedError where there is no table, or the archive gives nothing.
        """
        found = [await self._table(collector, cut) for collector in self.collectors]
        self._tidy({file.name for file, _ in found} | {f.name for file, _ in found for f in self._after(file, cut)})
        with tempfile.TemporaryDirectory(dir=self.downloads.folder) as folder:
            if self.narrowed:
                small = [Path(folder) / file.name for file, _ in found]
                pairs = zip(found, small, strict=True)
                sizes = [await asyncio.to_thread(self._sifted, file, path, sink) for (file, path), sink in pairs]
                self.narrowed.judge(sizes)
                for size in sizes:
                    for damage in size.damage:
                        yield found[0][0].start, damage
                found = [(file, path) for (file, _), path in zip(found, small, strict=True)]
            async for item in _merged([self._collector(file, path, cut) for file, path in found]):
                yield item

    async def between(self, start: int, end: int) -> AsyncIterator[Timed]:
        """The updates of ``[start, end)`` [s] of all collectors, in order, once all of them are published.

        FeedError where one is missing: then none is read.
        """
        files = [updates(self.archive, collector, start, end) for collector in self.collectors]
        for file in (file for some in files for file in some):
            await self.downloads.fetch(file.url, file.name, file.end + PUBLISHED)
        async for item in _merged([self._updates(some, start, end) for some in files]):
            yield item

    async def _table(self, collector: str, cut: int) -> tuple[File, Path]:
        for file in tables(self.archive, collector, cut - 1, BACK):
            try:
                return file, await self.downloads.fetch(file.url, file.name)
            except MissingError:
                continue
        hours = BACK * self.archive.table_step // 3600
        raise FeedError(f"the archive has no table of {collector} of the last {hours} hours")

    def _after(self, table: File, cut: int) -> list[File]:
        return updates(self.archive, table.collector, table.start, cut)

    async def _collector(self, table: File, path: Path, cut: int) -> AsyncIterator[Timed]:
        yield table.start - BEFORE, await asyncio.to_thread(self._anew, table, path)
        async for item in self._items(table, path):
            yield table.start, item
        async for timed in self._updates(self._after(table, cut), table.start, cut):
            yield timed

    def _anew(self, table: File, path: Path) -> Item:
        """The sessions of a table go down before it: a worker may have routes that were withdrawn unheard."""
        _, stream = unpacked(path)
        with stream:
            peers = tuple(peer._replace(collector=table.collector) for peer in peers_of(stream))
        return self._own(sessions_down(self.feed, peers, table.start - BEFORE))

    async def _updates(self, files: list[File], start: int, end: int) -> AsyncIterator[Timed]:
        time = start
        async for file, path in self._ahead(files):
            if isinstance(path, MissingError):
                yield time, DecodeError(self.feed, "missing-file", file.name, str(path))
                continue
            async for item in self._items(file, path):
                if not isinstance(item, DecodeError):
                    inside = (item.time >= start) & (item.time < end)
                    item = item if inside.all() else item.take(inside)
                    if not len(item):
                        continue
                    time = int(item.time.min())
                yield time, item

    async def _ahead(self, files: list[File]) -> AsyncIterator[tuple[File, Path | MissingError]]:
        """Each file where it is now, or that it is missing; the next one is fetched while one is read."""

        async def fetched(file: File) -> Path | MissingError:
            try:
                return await self.downloads.fetch(file.url, file.name, file.end + PUBLISHED)
            except MissingError as error:
                return error

        tasks: list[asyncio.Task[Path | MissingError]] = []
        try:
            for i, file in enumerate(files):
                tasks += [asyncio.create_task(fetched(more)) for more in files[len(tasks) : i + 2]]
                yield file, await tasks[i]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _items(self, file: File, path: Path) -> AsyncIterator[Item]:
        """The records of a file, read in a thread."""
        items = (self._own(item) for item in Source(path, mrt.FEED, file.start, ()).items())
        while (item := await asyncio.to_thread(next, items, None)) is not None:
            if isinstance(item, DecodeError) or len(item):
                yield item

    def _own(self, item: Recorded) -> Item:
        """The same as a record of the feed, and narrowed."""
        if isinstance(item, DecodeError):
            return DecodeError(self.feed, item.reason, item.place, item.detail)
        assert isinstance(item, Elements)
        own = dataclasses.replace(item, feed=self.feed)
        return self.narrowed.keep(own) if self.narrowed else own

    def _sifted(self, file: File, path: Path, small: Path) -> Sizes:
        """Write the records of a table that are wanted to a file of their own."""
        assert self.narrowed
        _, stream = unpacked(path)
        with stream, small.open("wb") as sink:
            sizes = sift(stream, self.narrowed.places.overlap, sink)
        peers = [peer._replace(collector=file.collector) for peer in sizes.peers]
        damage = [DecodeError(self.feed, d.reason, f"{d.place} of {file.name}", d.detail) for d in sizes.damage]
        return Sizes(peers, sizes.prefixes, damage)

    def _tidy(self, needed: set[str]) -> None:
        """Delete what an earlier start has fetched and this one does not need."""
        for path in self.downloads.folder.iterdir():
            own = path.name.startswith(tuple(f"{collector}." for collector in self.collectors))
            if own and not any(path.name.startswith(name) for name in needed):
                path.unlink()


async def _merged(streams: list[AsyncIterator[Timed]]) -> AsyncIterator[Timed]:
    """The items of several streams in order of time; one of each is held."""
    heads = [(head, stream) for stream in streams if (head := await anext(stream, None))]
    while heads:
        at = min(range(len(heads)), key=lambda i: heads[i][0][0])
        head, stream = heads.pop(at)
        yield head
        if more := await anext(stream, None):
            heads.insert(at, (more, stream))


async def fetch_mrt(
    start: int, end: int, collectors: Sequence[str], folder: Path, clock: Clock,
    progress: Callable[[str, int, int | None], None] = lambda name, done, total: None,
    archive: Callable[[str], Archive] = archive_of,
) -> list[str]:  # fmt: skip
    """Put the files of these collectors that cover ``[start, end)`` [s] into a folder; names of those that are missing.

    For each it is the last table at or before ``start``, and all updates from that table on.
    """
    downloads, missing = Downloads(folder, clock, progress), list[str]()
    for collector in collectors:
        (table,) = tables(archive(collector), collector, start)
        for file in [table, *updates(archive(collector), collector, table.start, end)]:
            try:
                await downloads.fetch(file.url, file.name)
            except MissingError:
                missing.append(file.name)
    return missing
