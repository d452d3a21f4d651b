"""Recorded files: recognised, opened and merged in order of event time."""

import dataclasses
import heapq
import io
import itertools
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.bins import DAY, NEVER
from pipeline.codec import iso
from pipeline.errors import CUT_LINE, CUT_RECORD, FEW, DecodeError, UserError
from pipeline.feeds import recorded, table
from pipeline.feeds.base import Feed, Item, Recorded, batched
from pipeline.feeds.case import ENTITIES, LABELS, TABLES, Line, inside, nearby, read_entities
from pipeline.feeds.registry import FEEDS
from pipeline.feeds.table import EntityRow
from pipeline.feeds.unpack import Unpacked, unpacked
from pipeline.geo.networks import networks
from pipeline.records import Elements, Entity, Heartbeat, Rows

HEAD = 4 * 1024  # content by which a file is recognised [bytes]

SIGNS = {
    b"\xff" * 16: "bare BGP messages", b"<": "a web page", b"\r\n<": "a web page", b"\n<": "a web page",
    b"%PDF": "a PDF", b"PK\3\4": "a zip archive", b"\x28\xb5\x2f\xfd": "Zstandard", b"SQLite": "a database",
    b"\xd4\xc3\xb2\xa1": "a packet capture", b"\xa1\xb2\xc3\xd4": "a packet capture",
    b"\n\r\r\n": "a packet capture", b"PAR1": "Parquet", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"\xff\xfe": "text in UTF-16, where UTF-8 is wanted", b"\xfe\xff": "text in UTF-16, where UTF-8 is wanted",
}  # fmt: skip
"""First bytes of files that people take for a recording."""

PARTS = {",".join(ENTITIES): "entities", ",".join(LABELS): "labels"}
"""Headers of the tables beside the signals of a case."""

MARKS = {";": "semicolons", "\t": "tabs"}  # separators of spreadsheets other than the comma
OF_ARCHIVE = re.compile(r"([\w.-]+)\.(?:bview|rib|updates)\.\d{8}\.\d{4}\.(?:gz|bz2)")
"""A file that ``netvigil fetch`` got from an MRT archive, with the collector."""

LONG_HEAD = 256 * 1024  # content that is searched for the first time of a recording [bytes]


class UnreadableError(UserError):
    """A file that is no recording: ``reason`` is a slug, ``found`` says what it is instead."""

    def __init__(self, path: Path, reason: str, found: str) -> None:
        super().__init__(f"{path}: {found}")
        self.reason, self.found = reason, found


@dataclass(frozen=True)
class Source:
    """One recorded file.

    ``first``: time of its first record [s], `NEVER` if none was found in its head; ``piece``: what a batch of rows may
    span [s]; ``entities``: the file beside a table; ``called``: its name in damage, if that is not the file's;
    ``archive``: the recorded frames of its feed.
    """

    path: Path
    feed: Feed
    first: int
    signals: tuple[str, ...]
    whole: table.Table | None = None
    piece: int = DAY
    entities: Path | None = None
    called: str = ""
    archive: recorded.Archive | None = None

    @property
    def end(self) -> int:
        if self.archive:
            return self.archive.last
        series = self.whole.series if self.whole else ()
        return max((int(rows.time[-1]) + rows.width for rows in series), default=NEVER)

    @property
    def unmatched(self) -> tuple[Line, ...]:
        """Lines of its ``entities.csv`` to which no row belongs."""
        return tuple((str(self.path.parent), *key) for key in self.whole.unmatched) if self.whole else ()

    def items(self) -> Iterator[Recorded]:
        """Batches and damage in order of the file; damage of the compression comes last."""
        for item in self._content():
            if isinstance(item, DecodeError):
                item = DecodeError(
                    self.feed.name, item.reason, f"{item.place} of {self.called or self.path.name}", item.detail
                )
            elif isinstance(item, Elements) and (fetched := OF_ARCHIVE.fullmatch(self.path.name)):
                peers = tuple(peer._replace(collector=fetched[1]) for peer in item.peers)
                item = dataclasses.replace(item, peers=peers)
            yield item

    def _content(self) -> Iterator[Recorded]:
        if self.archive is not None:
            with self.path.open("rb") as file:
                yield from self.archive.items(file)
            return
        if self.whole is not None:
            yield from self.whole.damage
            yield from table.chunks(self.whole.series, self.piece)
            return
        raw, stream = _opened(self.path)
        with stream:
            yield from batched(_to_the_break(self.feed.name, self.feed.items(stream), raw), self.piece)


def _to_the_break(feed: str, items: Iterable[Item], raw: Unpacked, until: str = "") -> Iterator[Item]:
    """The same, then the damage of the compression, with which a record or line that it cuts counts as one.

    ``until``: how far it was read, in words, where the items do not show it.
    """
    last, cut = NEVER, ""
    for item in items:
        if not isinstance(item, DecodeError):
            last = max([last, *item.time[-1:].tolist()])
        elif raw.damage and item.reason in (CUT_RECORD, CUT_LINE):
            cut = f"; {item.place}: {item.detail}"
            continue
        yield item
    if raw.damage:
        reason, place, detail = raw.damage
        until = f"read until {iso(last)}" if last > NEVER else until
        yield DecodeError(feed, reason, place, f"{detail}{cut}{'; ' * bool(until)}{until}")


@dataclass(frozen=True)
class Recording:
    """All files of one feed, merged; ``items`` can be read once, ``end`` [s] is `NEVER` where it is not known.

    ``unmatched``: lines of ``entities.csv`` to which no row belongs; ``networks``: those of known country;
    ``recorded``: with heartbeats of their own; ``only``: the countries that were watched, empty for all.
    """

    feed: str
    signals: tuple[str, ...]
    items: Iterator[Recorded]
    end: int = NEVER
    unmatched: tuple[Line, ...] = ()
    networks: tuple[Entity, ...] = ()
    recorded: bool = False
    only: tuple[str, ...] = ()


def open_source(path: str | Path, piece: int = DAY) -> Source:
    """The recording at a path: a file, or the folder of a case (``signals.csv[.gz]``, ``entities.csv``).

    A table is read whole, any other file when its time has come.  UserError where there is none; `UnreadableError`
    where it is of no feed.
    """
    path = _table_of(Path(path)) if Path(path).is_dir() else Path(path)
    raw, stream = _opened(path)
    with stream:
        head = stream.read(LONG_HEAD)
        if not head and raw.damage:
            raise UnreadableError(path, raw.damage[0], f"nothing of it can be read: {raw.damage[0]} at {raw.damage[1]}")
    if recorded.recognise(head):
        return _archive_source(path, raw)
    feed = _recognised(path, head)
    if feed.name == table.NAME:
        return _table_source(path, feed, piece)
    # the last record in the head is cut
    batches = (item for item in feed.items(io.BytesIO(head)) if not isinstance(item, DecodeError) and len(item))
    first = next((int(batch.time.min()) for batch in batches), NEVER)
    return Source(path, feed, first, feed.signals, piece=piece)


def _opened(path: Path) -> tuple[Unpacked, io.BufferedReader]:
    try:
        return unpacked(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}{nearby(path)}") from error


def _table_of(folder: Path) -> Path:
    found = [folder / name for name in TABLES if (folder / name).is_file()]
    if not found:
        raise UserError(f"{folder}: a folder without {' or '.join(TABLES)}{inside(folder, *TABLES)}")
    if len(found) > 1:
        raise UserError(f"{folder}: both {' and '.join(TABLES)}, which might differ; a case has one of them")
    return found[0]


def _recognised(path: Path, head: bytes) -> Feed:
    if not head and OF_ARCHIVE.fullmatch(path.name):
        return FEEDS["mrt"]  # of a collector without peers
    if not head:
        raise UnreadableError(path, "empty-file", "the file is empty")
    for feed in FEEDS.values():
        if feed.recognise(path.name, head[:HEAD]):
            return feed
    raise UnreadableError(path, "unknown-format", _looks_like(head))


def _looks_like(head: bytes) -> str:
    """What a file that is no recording looks like, in words."""
    line = head[:HEAD].decode("utf-8-sig", "replace").partition("\n")[0].strip().replace('"', "")
    if line in PARTS:
        return f"a case's {PARTS[line]}: inspect or replay its folder"
    for mark, word in MARKS.items():
        if line.replace(mark, ",") in (*PARTS, ",".join(table.COLUMNS)):
            return f"a table with {word} between its cells, where commas are wanted"
    if words := _wrong_header(line):
        return words
    like = next((words for sign, words in SIGNS.items() if head.startswith(sign)), "")
    begins = f"; it begins with {line[:16]!r}" if line.isprintable() and "\ufffd" not in line and not like else ""
    begins += f", a table begins with {','.join(table.COLUMNS)}" if begins and "," in line else ""
    return f"{like or 'unknown format'}, none of {', '.join(FEEDS)}{begins}"


def _wrong_header(line: str) -> str:
    """What is wrong with a first line that begins with ``time`` or has most columns of a table, in words; else ''."""
    found = line.split(",")
    known = [name for name in table.COLUMNS if name in found]
    if len(found) < 2 or (found[0] != table.COLUMNS[0] and 2 * len(known) <= len(table.COLUMNS)):
        return ""
    missing = [name for name in table.COLUMNS if name not in found]
    foreign = [repr(name[:30]) for name in dict.fromkeys(found) if name not in table.COLUMNS]
    more = f" and {len(foreign) - FEW:,} more" if len(foreign) > FEW else ""
    wrong = [f"without {', '.join(missing)}"] if missing else []
    wrong += [f"with {', '.join(foreign[:FEW])}{more}, which no table has"] if foreign else []
    if not wrong:
        wrong = ["with a column twice" if len(found) > len(table.COLUMNS) else "with its columns in another order"]
    return f"a table {', and '.join(wrong)}; wanted {','.join(table.COLUMNS)}"


def _table_source(path: Path, feed: Feed, piece: int) -> Source:
    beside = path.parent / "entities.csv"
    entities = beside if beside.is_file() else None
    raw, stream = _opened(path)
    with stream:
        read = table.read_table(stream, read_entities(entities) if entities else None)
    damage = (item for item in _to_the_break(feed.name, read.damage, raw, read.until) if isinstance(item, DecodeError))
    read = dataclasses.replace(read, damage=tuple(damage))
    first = min((int(rows.time[0]) for rows in read.series), default=NEVER)
    return Source(path, feed, first, read.signals, read, piece, entities)


def _archive_source(path: Path, raw: Unpacked) -> Source:
    """All feeds of an archive."""
    if raw.kind:
        raise UnreadableError(path, "packed-archive", f"recorded frames within {raw.kind}: unpack it first")
    with path.open("rb") as file:
        archive = recorded.contents(file)
    feeds = [own.feed for own in archive.by_feed()]
    if not feeds:
        lost = f": {archive.damage[0].detail}" if archive.damage else ""
        raise UnreadableError(path, "empty-file", f"no recorded frames can be read{lost}")
    if strange := [feed for feed in feeds if feed not in FEEDS]:
        raise UnreadableError(
            path, "unknown-feed", f"recorded frames of {strange[0][:100]!r}, none of {', '.join(FEEDS)}"
        )
    several = dataclasses.replace(FEEDS[feeds[0]], name=", ".join(feeds))
    return Source(path, several, archive.first, archive.signals, archive=archive)


def _by_feed(source: Source) -> list[Source]:
    """An archive as a source for each of its feeds; any other is of one."""
    if source.archive is None:
        return [source]
    return [
        dataclasses.replace(source, feed=FEEDS[own.feed], first=own.first, signals=own.signals, archive=own)
        for own in source.archive.by_feed()
    ]


def _named(entities: dict[tuple[str, str], EntityRow]) -> dict[tuple[str, str], EntityRow]:
    """The entities, with the country and name of networks of our own table where they have none; a network of which
    nothing is said is mobile if that says so."""
    known = {one[:2]: EntityRow(one.country, one.title, one.mobile) for one in networks()}
    for key, row in entities.items():
        ours = known.get(key, EntityRow(""))
        known[key] = EntityRow(row.parent or ours.parent, row.name or ours.name, row.mobile)
    return known


def sources(paths: Iterable[str | Path], piece: int = DAY) -> list[Source]:
    """The recordings at these paths, in order of their first time.

    UserError also where tables differ in the grid of a signal or in the country of an entity, or two feeds have one
    signal, or one feed was recorded with heartbeats and without.
    """
    parts = [part for path in paths for part in _parts(Path(path))]
    found = [source for part in parts for source in _by_feed(open_source(part, piece))]
    known = _named(read_entities(*sorted({source.entities for source in found if source.entities})))
    found = [dataclasses.replace(s, whole=s.whole.with_entities(known)) if s.whole else s for s in found]
    given: dict[str, Source] = {}
    for source in found:
        for signal in source.signals:
            other = given.setdefault(signal, source)
            if other.feed.name != source.feed.name:
                first, second = (f"{each.path} (feed {each.feed.name})" for each in (other, source))
                raise UserError(f"{signal} is in {first} and in {second}: replay them apart, a signal is of one feed")
    first_of: dict[str, Source] = {}
    for source in found:
        other = first_of.setdefault(source.feed.name, source)
        if (other.archive is None) != (source.archive is None):
            raise UserError(
                f"{other.path} and {source.path} are both of the feed {source.feed.name}, and one is an archive with "
                "its heartbeats: replay them apart"
            )
    shapes: dict[str, tuple[tuple[int, tuple[int, ...], int], Path]] = {}
    for source in found:
        for rows in source.whole.series if source.whole else ():
            shape = (rows.width, rows.slots, rows.phase)
            known_shape, path = shapes.setdefault(rows.signal, (shape, source.path))
            if known_shape != shape:
                raise UserError(
                    f"{rows.signal} has bins of {known_shape[0]} s from second {known_shape[2]} on in {path} and "
                    f"of {rows.width} s from {rows.phase} on in {source.path}: a signal has one grid of bins"
                )
    names = [path.name for path in {source.path for source in found}]
    found = [
        dataclasses.replace(source, called=str(source.path)) if names.count(source.path.name) > 1 else source
        for source in found
    ]
    return sorted(found, key=lambda source: (source.first, str(source.path)))


def _parts(path: Path) -> list[Path]:
    """The files of an MRT archive in a folder, and its table if it has one; any other path by itself."""
    fetched = sorted(file for file in path.iterdir() if OF_ARCHIVE.fullmatch(file.name)) if path.is_dir() else []
    return fetched + [path] * (not fetched or any((path / name).is_file() for name in TABLES))


def recordings(paths: Iterable[str | Path], piece: int = DAY) -> list[Recording]:
    """One recording for each feed of these paths, in order of name; ``piece``: what a batch of rows may span [s]."""
    feeds: dict[str, list[Source]] = {}
    found = sources(paths, piece)
    named = {network for source in found if source.whole for network in source.whole.networks} or {*networks()}
    for source in found:
        feeds.setdefault(source.feed.name, []).append(source)
    return [
        Recording(
            name,
            tuple(sorted({signal for source in group for signal in source.signals})),
            merged(group) if not group[0].archive else itertools.chain.from_iterable(map(Source.items, group)),
            max(source.end for source in group),
            tuple(line for source in group for line in source.unmatched),
            () if name == table.NAME else tuple(sorted(named)),
            recorded=any(source.archive for source in group),
            only=tuple(sorted({country for source in group if source.archive for country in source.archive.only})),
        )
        for name, group in sorted(feeds.items())
    ]


def merged(group: list[Source]) -> Iterator[Item]:
    """Batches of several recordings in order of their first times; a file is opened when its first time has come.

    Overlapping files are interleaved to within the span of a batch (300 s of a stream, a day of rows).
    """
    waiting = sorted(group, key=lambda source: (source.first, str(source.path)), reverse=True)
    heads: list[tuple[int, int, Elements | Rows, Iterator[Recorded]]] = []
    order = itertools.count()
    while waiting or heads:
        if waiting and (not heads or waiting[-1].first <= heads[0][0]):
            number, items = next(order), waiting.pop().items()
        else:
            _, number, batch, items = heapq.heappop(heads)
            yield batch
        upcoming = yield from _next_batch(items)
        if upcoming is not None:
            heapq.heappush(heads, (int(upcoming.time.min()), number, upcoming, items))


def _next_batch(items: Iterator[Recorded]) -> Generator[DecodeError, None, Elements | Rows | None]:
    for item in items:
        if isinstance(item, DecodeError):
            yield item
        elif not isinstance(item, Heartbeat) and len(item):
            return item
    return None
