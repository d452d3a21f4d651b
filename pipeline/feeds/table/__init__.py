"""The plain table of given series: ``time,signal,entity_type,entity,value``, one series a signal."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

import numpy as np

from pipeline.bins import DAY, Cadence, used_of
from pipeline.codec import iso
from pipeline.errors import CUT_LINE, DecodeError
from pipeline.feeds.base import MAX_LINE, Feed, Item
from pipeline.feeds.table.cadence import infer_cadence, snapped
from pipeline.feeds.table.text import COLUMNS, NAME, Columns, Names, columns
from pipeline.feeds.timestamps import far_off
from pipeline.geo.homes import placed
from pipeline.kinds import impossible
from pipeline.records import Entity, Rows, Run

LF = b"\n"

BLOCK = 4 * 1024 * 1024  # text that is read at once [bytes]
MAX_BAD = 10_000  # bad rows after which the rest is not read
MAX_ROWS = 100_000_000  # most rows of one table, 2.4 GB: what follows is not read
OVERRULED = "overruled"  # reason of a row where a later one of its bin has another value, which counts

MAX_PIECE = 100_000
"""Most rows of one piece, 20 bytes each beside the names: it must fit a message, as a day of most feeds does."""


class EntityRow(NamedTuple):
    """What ``entities.csv`` has of an entity: its country, its name for people, mobile or not."""

    parent: str
    name: str = ""
    mobile: bool = False


Entities = Mapping[tuple[str, str], EntityRow]  # by ``(entity_type, entity)``


def entity_of(kind: str, name: str, entities: Entities) -> Entity:
    """The entity of that type and name, with its country.

    Without an entry, the name of a region or service begins with its country; that of an AS is in a table.
    """
    row = entities.get((kind, name), EntityRow(""))
    country = name if kind == "country" else row.parent or placed(kind, name).country
    return Entity(kind, name, country, row.mobile, row.name)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table that has been read.

    ``series``: the rows of each signal in order of time; signals in order of name.  ``damage``: rows that were not
    used.  ``unmatched``: keys of known entities without a row of their own or of a part.  ``until``: how far the file
    was read, in words.  ``networks``: those of its rows and those with a known country.
    """

    series: tuple[Rows, ...]
    damage: tuple[DecodeError, ...] = ()
    unmatched: tuple[tuple[str, str], ...] = ()
    until: str = ""
    networks: tuple[Entity, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        return tuple(rows.signal for rows in self.series)

    def with_entities(self, entities: Entities) -> "Table":
        """The same rows, with what ``entities`` has of each entity."""
        known = [tuple(entity_of(*entity[:2], entities) for entity in rows.entities) for rows in self.series]
        series = tuple(dataclasses.replace(rows, entities=own) for rows, own in zip(self.series, known, strict=True))
        named = {entity_of(*key, entities) for key, row in entities.items() if row.parent}.union(*known)
        networks = tuple(sorted(entity for entity in named if entity.type == "asn"))
        return dataclasses.replace(self, series=series, networks=networks)


def read_table(stream: BinaryIO, entities: Entities | None = None, most: int = MAX_ROWS) -> Table:
    """Read a whole table: 24 bytes of memory a row.  What follows the block with row ``most`` is not read.

    A row shortly before a bin belongs to that bin.  A row is damage where a later one of its bin has another value.  A
    last line without an end is not used: where a file breaks off, 86.414 may become 8.

    Examples
    --------
    >>> import io
    >>> text = "time,signal,entity_type,entity,value|2024-02-08T00:00Z,bgp.ris,region,PK-SD,7|"
    >>> table = read_table(io.BytesIO(text.replace("|", chr(10)).encode()))
    >>> table.signals, table.series[0].entities, table.series[0].value.tolist()
    (('bgp.ris',), (Entity(type='region', name='PK-SD', country='PK', mobile=False, title=''),), [7.0])
    """
    rows, parts = 0, []  # type: int, list[Columns]
    names, damage = Names(), _check_header(stream.readline(MAX_LINE))
    line, block, last = 1, LF, b""
    for line, block in _blocks(stream) if not damage else ():
        if rows > most:
            why = f"more than {most:,} rows, {_read_until(parts)}; what follows is not read"
            damage.append(DecodeError(NAME, "too-long", f"line {line}", why))
            break
        whole, end, last = block.rpartition(LF)
        part, bad = columns(whole + end, line, names, MAX_BAD - len(damage))
        parts.append(part)
        damage += bad
        if len(damage) >= MAX_BAD:
            why = f"{MAX_BAD:,} damaged rows, {_read_until(parts)}; what follows is not read"
            damage.append(DecodeError(NAME, "too-damaged", damage[-1].place, why))
            break
        rows += len(part[0])
    else:
        if last.strip():
            why = (
                f"the last line has no end, as where a file breaks off: not used: {last[:200].decode(errors='replace')}"
            )
            damage.append(DecodeError(NAME, CUT_LINE, f"line {line + block.count(LF)}", why))
    known = entities or {}
    parts_of = (entity_of(*key, known).country for key in names.entities if key[0] in ("asn", "region"))
    homes = {("country", home) for home in parts_of}  # judged from these parts
    unmatched = tuple(key for key in known if key not in names.entities and key not in homes)
    series, overruled = _series(parts, names, known, MAX_BAD - len(damage))
    return Table(series, (*damage, *overruled), unmatched, _read_until(parts))


def _read_until(parts: list[Columns]) -> str:
    last = next((int(time[-1]) for time, *_ in reversed(parts) if len(time)), None)
    return "no row was used" if last is None else f"the last row used is of {iso(last)}"


def _check_header(line: bytes) -> list[DecodeError]:
    text = line.decode("utf-8-sig", errors="replace").strip().replace('"', "")
    if text == ",".join(COLUMNS):
        return []
    return [DecodeError(NAME, "bad-header", "line 1", f"wanted {','.join(COLUMNS)}, found {text[:100]}")]


def _blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Whole lines, with the number of the first; the header has been read."""
    line = 2
    while block := stream.read(BLOCK):
        block += stream.readline(MAX_LINE)
        yield line, block
        line += block.count(LF)


def _series(
    parts: list[Columns], names: Names, entities: Entities, room: int
) -> tuple[tuple[Rows, ...], list[DecodeError]]:
    """The rows of each signal, and rows that are overruled or far off."""
    if not parts:
        return (), []
    time, signal, entity, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = [entity_of(kind, name, entities) for kind, name in names.entities]
    series, far, overruled = [], [], []  # type: list[Rows], list[DecodeError], list[DecodeError]
    for name in sorted(names.signals):
        rows = np.flatnonzero(signal == names.signals[name])
        if not len(rows):
            continue
        rows = rows[np.argsort(time[rows], kind="stable")]
        if 0 < np.count_nonzero(off := far_off(time[rows])) <= room - len(far):  # thousands are no typing error
            near = time[rows[~off]]
            far += [_far(name, names, int(time[row]), int(entity[row]), near) for row in rows[off].tolist()]
            rows = rows[~off]
        stamps = time[rows]
        cadence = infer_cadence(stamps, entity[rows])
        used, column = np.unique(entity[rows], return_inverse=True)
        given = Rows(
            Run(), NAME, 0, name, cadence.width, cadence.slots, cadence.phase, tuple(known[i] for i in used),
            snapped(stamps, cadence), column.astype(np.int32),
            np.where(impossible(name, value[rows]), np.nan, value[rows]),
        )  # fmt: skip
        by = _overruled(given, cadence)
        listed = by[: max(0, room - len(far) - len(overruled))]
        overruled += [_contradiction(given, stamps, row, other) for row, other in listed.tolist()]
        if len(listed) < len(by):
            why = f"{len(by) - len(listed):,} more rows have another value than the last one of their bin, which counts"
            overruled.append(DecodeError(NAME, OVERRULED, name, why))
        series.append(given.take(np.delete(np.arange(len(given)), listed[:, 0])) if len(listed) else given)
    return tuple(series), [*far, *overruled]


def _far(signal: str, names: Names, time: int, entity: int, near: np.ndarray) -> DecodeError:
    place = f"{iso(time)} in {signal} of {' '.join(list(names.entities)[entity])}"
    why = f"far from all other rows, {iso(int(near[0]))} to {iso(int(near[-1]))}, and less than a day: not used"
    return DecodeError(NAME, "bad-time", place, why)


def _overruled(rows: Rows, cadence: Cadence) -> np.ndarray:
    """Rows with another value than the last one of their bin and entity, and which that is ``(n, 2) int``."""
    start = cadence.floor(rows.time)
    key = start * len(rows.entities) + rows.entity
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    other = order[np.repeat(last, np.diff(first, append=len(order)))]
    value, last_value = rows.value[order], rows.value[other]
    return np.stack([order, other], axis=1)[(value != last_value) & ~(np.isnan(value) & np.isnan(last_value))]


def _contradiction(rows: Rows, stamps: np.ndarray, row: int, other: int) -> DecodeError:
    entity = rows.entities[rows.entity[row]]
    place = f"{iso(int(stamps[row]))} in {rows.signal} of {entity.type} {entity.name}"
    values = [f"{iso(int(stamps[i]))} says {rows.value[i]:.12g}" for i in (row, other)]
    return DecodeError(NAME, OVERRULED, place, f"two values of one bin: {values[0]}, then {values[1]}, which counts")


def chunks(series: Iterable[Rows], chunk: int = DAY) -> Iterator[Rows]:
    """The series cut at multiples of ``chunk`` [s], so that all signals move on together.

    Each piece has just the entities that it uses; pieces are in order of their first rows.
    """
    series = list(series)
    numbers = [rows.time // chunk for rows in series]
    for number in np.unique(np.concatenate(numbers)) if numbers else ():
        bounds = [np.searchsorted(at, [number, number + 1]).tolist() for at in numbers]
        pieces = [
            _piece(rows, slice(at, min(at + MAX_PIECE, end)))
            for rows, (begin, end) in zip(series, bounds, strict=True)
            for at in range(begin, end, MAX_PIECE)
        ]
        yield from sorted(pieces, key=lambda piece: int(piece.time[0]))


def _piece(rows: Rows, part: slice) -> Rows:
    used, column = used_of(rows.entity[part], len(rows.entities))
    return dataclasses.replace(
        rows, entities=tuple(rows.entities[i] for i in used), time=rows.time[part],
        entity=column.astype(np.int32), value=rows.value[part],
    )  # fmt: skip


def read(stream: BinaryIO) -> Iterator[Item]:
    """A table without the tables beside it: damage first, then the rows of each day."""
    table = read_table(stream)
    yield from table.damage
    yield from chunks(table.series)


def recognise(name: str, head: bytes) -> bool:
    """Whether a file begins with the header of a table."""
    return not _check_header(head.partition(LF)[0])


FEED = Feed(NAME, (), recognise, read)
