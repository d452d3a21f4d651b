"""The tables beside the signals of a case: entities (country, name), and labels (what happened)."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TextIO, cast

import numpy as np

from pipeline.codec import iso
from pipeline.errors import FEW, UserError, few, printable
from pipeline.feeds.table import Entities, EntityRow
from pipeline.feeds.table.text import COLUMNS, WANTED, Names, seconds
from pipeline.geo.countries import is_country
from pipeline.records import Rows

TABLES = ("signals.csv", "signals.csv.gz")  # names of the table of a case: it has one of them

ENTITIES = ("entity_type", "entity", "parent", "name", "mobile")

LABELS = ("start", "end", "entity_type", "entity", "kind", "source")

MOBILE = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
"""Ways to write the flag."""

Line = tuple[str, str, str]  # a line of ``entities.csv``: its folder, ``entity_type`` and ``entity``


class Label(NamedTuple):
    """What happened, ``[start, end)`` [s]."""

    start: int
    end: int
    entity_type: str
    entity: str
    kind: str
    source: str


def read_entities(*paths: Path) -> dict[tuple[str, str], EntityRow]:
    """Country, name and mobile flag by ``(entity_type, entity)`` from these ``entities.csv`` together.

    What one file leaves out another may give; the first name counts.  UserError where an entity has two countries.
    """
    entities: dict[tuple[str, str], EntityRow] = {}
    places: dict[tuple[str, str], str] = {}
    for place, key, row in (line for path in paths for line in _entity_rows(path)):
        known = entities.get(key, EntityRow(""))
        if known.parent and row.parent not in ("", known.parent):
            other = f"{known.parent!r} in {places[key]}"
            raise UserError(f"{place}: parent of {key[1]} is {row.parent!r}, but {other}: it belongs to one country")
        if row.parent:
            places.setdefault(key, place)
        entities[key] = EntityRow(known.parent or row.parent, known.name or row.name, known.mobile or row.mobile)
    return entities


def _entity_rows(path: Path) -> Iterator[tuple[str, tuple[str, str], EntityRow]]:
    for place, row in rows_of(path, ENTITIES):
        mobile = row["mobile"].lower()
        if mobile not in MOBILE:
            raise UserError(f"{place}: mobile is {mobile!r}, wanted true, false or nothing")
        if row["parent"] and not is_country(row["parent"]):
            raise UserError(f"{place}: parent is {row['parent']!r}, wanted {WANTED['no-country']}, or nothing")
        yield place, (row["entity_type"], row["entity"]), EntityRow(row["parent"], row["name"], MOBILE[mobile])


def strangers(unmatched: Iterable[Line]) -> Iterator[str]:
    """A sentence a folder on the lines to which no row of the table belongs."""
    for folder, group in groupby(unmatched, key=lambda line: line[0]):
        names = [f"{kind} {name}" for _, kind, name in group]
        more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
        lines, are = ", ".join(names[:FEW]) + more, "is it" if len(names) == 1 else "are they"
        yield f"No row of the table is about {lines} of {Path(folder) / 'entities.csv'}: {are} written as in the table?"


def read_labels(path: Path) -> list[Label]:
    """Labels of a ``labels.csv`` in order of time; UserError where one is there twice."""
    found: dict[tuple[int, int, str, str], Label] = {}
    for place, row in rows_of(path, LABELS):
        label = _label(place, row)
        if found.setdefault(label[:4], label) is not label:
            raise UserError(f"{place}: {row['start']} to {row['end']} of {row['entity']} is a label already")
    return sorted(found.values())


def _label(place: str, row: dict[str, str]) -> Label:
    try:
        start, end = seconds(row["start"]), seconds(row["end"])
    except ValueError as error:
        open_ = "; of what is not over give the end of the recording" if not row["end"] else ""
        raise UserError(f"{place}: {row['start']!r} to {row['end']!r} are not two ISO times{open_}") from error
    if end <= start:
        raise UserError(f"{place}: the label ends at {row['end']}, which is not after its start {row['start']}")
    try:
        Names().entity(row["entity_type"], row["entity"])
    except ValueError as error:
        name = f"{row['entity_type']} {row['entity'][:100]!r}"
        raise UserError(f"{place}: {name} is no place, wanted {WANTED.get(str(error), 'a name')}") from None
    return Label(start, end, row["entity_type"], row["entity"], row["kind"], row["source"])


def inside(folder: Path, *names: str) -> str:
    """End of a message on a folder without any of these files: folders in it that have one; '' without any."""
    found = sorted({path.parent for name in names for path in folder.glob(f"*/{name}") if path.is_file()})
    return f"; folders in it have one ({folder}/*/): {few([printable(path.name) for path in found])}" if found else ""


def nearby(path: Path) -> str:
    """End of a message on a path that is not there: a path with nearly that name; '' without any."""
    beside = [other.name for other in path.parent.iterdir()] if not path.exists() and path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, 1)
    return f"; is it {path.parent / printable(near[0])}?" if near else ""


def rows_of(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Place and cells of every row; UserError where the file is no such table."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text)
            header = next(reader, [])
            if tuple(header) != columns:
                raise UserError(f"{path} line 1: wanted {','.join(columns)}, found {','.join(header)[:100]!r}")
            for cells in reader:
                place = f"{path} line {reader.line_num}"
                if cells and len(cells) != len(columns):
                    raise UserError(f"{place}: {len(cells)} cells, wanted {len(columns)}")
                if cells:
                    yield place, dict(zip(columns, cells, strict=True))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a table: {error}") from error


def write_case(
    folder: Path, series: Iterable[Rows], labels: Iterable[Label] | None, entities: Entities, table: str = TABLES[0]
) -> None:
    """Write series, labels (if any) and entities as the tables of a case; rows in order of time, then of series."""
    rows = ((*key, row.parent, row.name, "true" if row.mobile else "false") for key, row in entities.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / table, COLUMNS, _signal_rows(series))
        if labels is not None:
            _write(folder / "labels.csv", LABELS, ((iso(a), iso(b), *rest) for a, b, *rest in labels))
        _write(folder / "entities.csv", ENTITIES, rows)
    except OSError as error:
        raise UserError(f"cannot write the case to {folder}: {error.strerror}") from error


def _signal_rows(series: Iterable[Rows]) -> list[tuple[str, ...]]:
    timed = []
    for number, rows in enumerate(series):
        stamps = {int(t): iso(int(t)) for t in np.unique(rows.time)}
        cells = zip(rows.time.tolist(), rows.entity.tolist(), rows.value.tolist(), strict=True)
        for time, entity, value in cells:
            text = "" if np.isnan(value) else f"{value:.12g}"
            timed.append((time, number, (stamps[time], rows.signal, *rows.entities[entity][:2], text)))
    return [row for _, _, row in sorted(timed, key=lambda row: row[:2])]


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    opened = gzip.open if path.suffix == ".gz" else open
    with cast(TextIO, opened(path, "wt", newline="", encoding="utf-8")) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
