"""The text of ``signals.csv``, block by block, to columns of numbers.

Whole blocks go through Arrow; a block that holds anything unusual (a quote, an empty line, a cell that is no number)
is read again line by line, so that each bad row is one dead letter with its line, and the others are used.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from pipeline.errors import DecodeError
from pipeline.geo.countries import is_country
from pipeline.kinds import KINDS, SIGNAL
from pipeline.records import LATEST
from pipeline.settings.bounded import ENTITY_TYPES

NAME = "table"

COLUMNS = ("time", "signal", "entity_type", "entity", "value")

FORMS = {
    "country": (r"[A-Z]{2}", "bad-country"),  # of ISO 3166-1: others, such as UK, have neither a name nor a local time
    "asn": (r"AS(0|[1-9][0-9]{0,9})", "bad-asn"),
    "region": (r"[A-Z]{2}-.+", "bad-region"),
    "service": (r"[A-Z]{2}:.+", "bad-service"),
}
"""Form of a name by type of entity, and the reason of a dead letter."""

MAX_SIGNALS = 1000  # most signals of one table: each becomes a series in Prometheus
MAX_ENTITY = 200  # longest name of an entity [characters]
FIRST = 631_152_000  # no row is earlier [s]: 1990

WANTED = {
    "bad-time": "a time as 2024-02-08T01:45:00Z",
    "bad-signal": f"<kind>.<source>, as probing.ioda; kinds are {', '.join(KINDS)}",
    "bad-entity-type": ", ".join(ENTITY_TYPES), "bad-country": "a country's code of two capitals, as PK",
    "bad-asn": "a network's number, as AS59257", "bad-region": "its country's code, - and a name, as PK-SD",
    "bad-service": "its country's code, : and a name, as PK:whatsapp",
    "no-country": "a country's code of ISO 3166-1, as PK; Britain is GB, Greece is GR, Kosovo is XK",
    "bad-value": "a number, or nothing where it was not observed",
    "missing-column": ",".join(COLUMNS), "extra-column": ",".join(COLUMNS),
}  # fmt: skip
"""What is wanted in place of a bad cell, by reason."""

Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""time int64 [s], signal int32, entity int32, value float64, all ``(n,)``."""


@dataclass
class Names:
    """Numbers of signals and entities in the columns."""

    signals: dict[str, int] = field(default_factory=dict)
    entities: dict[tuple[str, str], int] = field(default_factory=dict)

    def signal(self, name: str) -> int:
        if not SIGNAL.fullmatch(name):
            raise ValueError("bad-signal")
        if name not in self.signals and len(self.signals) >= MAX_SIGNALS:
            raise ValueError("too-many-signals")
        return self.signals.setdefault(name, len(self.signals))

    def entity(self, kind: str, name: str) -> int:
        if kind not in ENTITY_TYPES:
            raise ValueError("bad-entity-type")
        if not 0 < len(name) <= MAX_ENTITY:
            raise ValueError("bad-entity")
        form, reason = FORMS[kind]
        if not re.fullmatch(form, name):
            raise ValueError(reason)
        if kind != "asn" and not is_country(name[:2]):
            raise ValueError("no-country")
        return self.entities.setdefault((kind, name), len(self.entities))


@lru_cache(maxsize=2**16)
def seconds(text: str) -> int:
    """An ISO time as seconds UTC; one without an offset is UTC.  ValueError with the reason."""
    try:
        time = dt.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError("bad-time") from error
    time = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time
    stamp = (time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1)
    if not FIRST <= stamp < LATEST:
        raise ValueError("bad-time")
    return stamp


def columns(block: bytes, line: int, names: Names, room: int = 1000) -> tuple[Columns, list[DecodeError]]:
    """The rows of a block of whole lines from number ``line`` on, and damage; at most ``room`` bad rows are read.

    Examples
    --------
    >>> block = b"2024-02-08T00:00Z,bgp.ris,asn,AS17557,100" + bytes([10]) + b"2024-02-08T00:05Z,bgp.ris,asn,AS17557"
    >>> (time, signal, entity, value), damage = columns(block, 2, Names())
    >>> time.tolist(), value.tolist(), [(error.reason, error.place) for error in damage]
    ([1707350400], [100.0], [('missing-column', 'line 3')])
    """
    try:
        return _whole(block, names), []
    except (pa.ArrowException, ValueError):
        return _by_line(block, line, names, room)


def _whole(block: bytes, names: Names) -> Columns:
    """A clean block; ArrowException or ValueError where it is not."""
    if b'"' in block:
        raise ValueError("a quote")
    text = pa.dictionary(pa.int32(), pa.string())
    table = pacsv.read_csv(
        io.BytesIO(block),
        pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(COLUMNS)),
        pacsv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        pacsv.ConvertOptions(
            column_types={**dict.fromkeys(COLUMNS[:4], text), "value": pa.float64()},
            null_values=[""], strings_can_be_null=False,
        ),
    ).combine_chunks()  # fmt: skip
    if len(table) != block.count(b"\n") + (not block.endswith(b"\n")):
        raise ValueError("a line that ends within a row")
    time = _coded(table, "time", seconds, np.int64)
    signal = _coded(table, "signal", names.signal, np.int32)
    value = table["value"].to_numpy().astype(np.float64)
    return time, signal, _entities(table, names), value


def _coded(table: pa.Table, column: str, number: Callable[[str], int], dtype: type) -> np.ndarray:
    cells = table[column].chunk(0)
    return np.array([number(text) for text in cells.dictionary.to_pylist()], dtype)[cells.indices.to_numpy()]


def _entities(table: pa.Table, names: Names) -> np.ndarray:
    kinds, entities = table["entity_type"].chunk(0), table["entity"].chunk(0)
    size = len(entities.dictionary)
    pairs, row = np.unique(kinds.indices.to_numpy().astype(np.int64) * size + entities.indices, return_inverse=True)
    kind, entity = kinds.dictionary.to_pylist(), entities.dictionary.to_pylist()
    return np.array([names.entity(kind[p // size], entity[p % size]) for p in pairs.tolist()], np.int32)[row]


def _by_line(block: bytes, line: int, names: Names, room: int) -> tuple[Columns, list[DecodeError]]:
    rows, damage = [], []  # type: list[tuple[int, int, int, float]], list[DecodeError]
    for number, raw in enumerate(block.split(b"\n"), line):
        try:
            if raw.strip():
                rows.append(_row(raw, names))
        except ValueError as error:
            wanted = WANTED.get(str(error), "")
            detail = raw[:200].decode(errors="replace") + (f" (wanted {wanted})" if wanted else "")
            damage.append(DecodeError(NAME, str(error), f"line {number}", detail))
            if len(damage) >= room:
                break
    cells = list(zip(*rows, strict=True)) or [(), (), (), ()]
    dtypes = (np.int64, np.int32, np.int32, np.float64)
    time, signal, entity, value = (np.array(c, t) for c, t in zip(cells, dtypes, strict=True))
    return (time, signal, entity, value), damage


def _row(raw: bytes, names: Names) -> tuple[int, int, int, float]:
    try:
        (cells,) = csv.reader([raw.decode().rstrip("\r")], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ValueError("bad-text") from error
    if len(cells) != len(COLUMNS):
        raise ValueError("missing-column" if len(cells) < len(COLUMNS) else "extra-column")
    time, signal, kind, entity, value = cells
    return seconds(time), names.signal(signal), names.entity(kind, entity), _number(value)


def _number(text: str) -> float:
    if "_" in text:  # float() takes 1_000
        raise ValueError("bad-value")
    try:
        return float(text) if text.strip() else np.nan
    except ValueError as error:
        raise ValueError("bad-value") from error
