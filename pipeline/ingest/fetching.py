"""The command ``netvigil fetch``: a past window of the feeds as the folder of a case, which can be replayed."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from pipeline.errors import DecodeError, UserError, few
from pipeline.explain.text import counted
from pipeline.feeds import EntityRow, atlas, seconds, write_case
from pipeline.feeds.live.base import Client, Clock, FeedError
from pipeline.feeds.live.ris_live import Listening
from pipeline.feeds.live.tables import fetch_mrt
from pipeline.ingest.command import ARCHIVE, Options, until_told
from pipeline.records import Rows
from pipeline.topics import BGP_FEEDS

TRIES = 5  # failures of a feed in a row, without a later record between them, after which it is given up [-]
PAUSE = 2.0  # after the first of them, twice as long after each further one [s]
TABLE = "signals.csv.gz"


@dataclass
class Fetched:
    """What a feed gave of the window, and ``trouble``, a sentence, if it did not give all."""

    rows: list[Rows] = field(default_factory=list)
    damage: Counter[str] = field(default_factory=Counter)
    trouble: str = ""

    def __len__(self) -> int:
        return sum(map(len, self.rows))


def window(text: str) -> tuple[int, int]:
    """``[start, end)`` [s] of ``2024-02-01/2024-02-10``, days or ISO times in UTC.

    Examples
    --------
    >>> window("2024-02-01/2024-02-02T06:00")
    (1706745600, 1706853600)
    """
    begin, _, end = text.partition("/")
    with suppress(ValueError):
        times = seconds(begin), seconds(end)
        if times[0] < times[1]:
            return times
    raise UserError(f"the window {text!r} is not START/END, two days or times in UTC, as 2024-02-01/2024-02-10")


async def fetch_rows(
    client: Client, start: int, end: int, clock: Clock, reached: Callable[[int], object] = lambda _: None
) -> Fetched:
    """The rows of a window.  After a failure it goes on from where it was, and gives up after some in a row."""
    found, tries, begin = Fetched(), 0, start
    while True:
        try:
            async for item in client.history(begin, end):
                if isinstance(item, DecodeError):
                    found.damage[item.reason] += 1
                elif isinstance(item, Rows) and len(item := item.take((item.time >= start) & (item.time < end))):
                    found.rows.append(item)
                    if (first := int(item.time.min())) > begin:
                        begin, tries = first, 0
                        reached(begin)
            return found
        except FeedError as error:
            tries += 1
            if tries == TRIES:
                found.trouble = str(error)
                return found
            await clock.sleep(max(PAUSE * 2.0 ** (tries - 1), error.after or 0.0))


def fetch(options: Options, between: str, collectors: list[str], folder: Path | None) -> int:
    """Fetch a window into a folder and say what came; 1 where something of it is missing."""
    start, end = window(between)
    options.check(ARCHIVE)
    feeds = [feed for feed in options.feeds if feed != ARCHIVE]
    for feed in feeds:
        if feed in BGP_FEEDS:
            raise UserError(f"{feed!r} keeps no past: fetch {ARCHIVE!r}, the archives of collectors")
        if feed == atlas.NAME:
            raise UserError(f"{feed!r} gives events, and a case has a table of values: write them with netvigil record")
    folder = folder or Path(re.sub("[^0-9A-Za-z_-]", "", between.replace("/", "_")))
    if feeds and (folder / TABLE).exists():
        raise UserError(f"{folder / TABLE} is there already: name another folder with --to")
    clock, console, told = options.time(), Console(stderr=True), dict[str, Fetched]()
    clients = options.clients(options.scope(start), clock, os.environ)
    collectors = collectors or list(Listening().collectors)

    async def run(progress: Progress) -> None:
        bars = {feed: progress.add_task(feed, total=end - start) for feed in feeds}

        async def of_feed(feed: str) -> None:
            told[feed] = await fetch_rows(
                clients[feed], start, end, clock, lambda time: progress.update(bars[feed], completed=time - start)
            )
            progress.update(bars[feed], completed=end - start)

        def has(name: str, done: int, total: int | None) -> None:
            bars[name] = bars[name] if name in bars else progress.add_task(name)
            progress.update(bars[name], completed=done, total=total)

        async def of_archive() -> None:
            told[ARCHIVE] = Fetched()
            try:
                missing = await fetch_mrt(start, end, collectors, folder, clock, has, options.archive)
                told[ARCHIVE].trouble = f"the archive does not have {few(missing)}" if missing else ""
            except FeedError as error:
                told[ARCHIVE].trouble = str(error)

        async with asyncio.TaskGroup() as group:
            for feed in feeds:
                group.create_task(of_feed(feed))
            if ARCHIVE in options.feeds:
                group.create_task(of_archive())

    with Progress(console=console) as progress:
        until_told(run(progress))
    series = [rows for fetched in told.values() for rows in fetched.rows]
    entities = {e[:2]: EntityRow(e.country, e.title, e.mobile) for rows in series for e in rows.entities}
    if series:
        write_case(folder, series, None, dict(sorted(entities.items())), TABLE)
    for line in _said(told):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    if series or ARCHIVE in told:
        console.print(f"to see what came of it: netvigil replay {folder}", soft_wrap=True, markup=False)
    is_whole = not any(fetched.trouble for fetched in told.values()) and len(told) == len(set(options.feeds))
    return int(not is_whole or not (series or ARCHIVE in told))


def _said(told: dict[str, Fetched]) -> Iterator[str]:
    for feed, fetched in told.items():
        if feed != ARCHIVE:
            yield f"{feed}: {counted(len(fetched), 'value') if len(fetched) else 'it has no value of the window'}"
        for reason, many in fetched.damage.items():
            yield f"{feed}: {counted(many, 'piece')} of no use: {reason}"
        if fetched.trouble:
            yield f"{feed}: not all of the window: {fetched.trouble}"
