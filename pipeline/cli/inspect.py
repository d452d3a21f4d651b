"""What is in a recording: counted by reading it as a replay would."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.codec import iso
from pipeline.errors import DecodeError, gave_up, printable
from pipeline.feeds import Line, Recorded, UnreadableError, open_source, strangers
from pipeline.records import KINDS, Elements, Heartbeat, Peer, Rows

KEPT = 100
"""Places of damage that are remembered; all are counted."""

MAX_PEERS = 100_000
"""Peers that are counted; a recording with more is damaged."""


@dataclass
class Contents:
    """What is in one file; first and last event time [s], damage by reason, and where reading was given up."""

    path: str
    feed: str = ""
    elements: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    unobserved: Counter[str] = field(default_factory=Counter)
    beats: Counter[str] = field(default_factory=Counter)
    entities: set[tuple[str, str]] = field(default_factory=set)
    peers: set[Peer] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    damage: Counter[str] = field(default_factory=Counter)
    places: list[DecodeError] = field(default_factory=list)
    given_up: list[DecodeError] = field(default_factory=list)
    unmatched: tuple[Line, ...] = ()

    @property
    def damaged(self) -> bool:
        return bool(self.damage)

    def take(self, item: Recorded) -> None:
        if isinstance(item, DecodeError):
            self.damage[item.reason] += 1
            if gave_up(item.reason):
                self.given_up.append(item)
            if len(self.places) < KEPT:
                self.places.append(item)
        elif isinstance(item, Heartbeat):
            self.beats[item.status] += item.partition == 0
        elif len(item):
            first, last = int(item.time.min()), int(item.time.max())
            self.first = first if self.first is None else min(first, self.first)
            self.last = last if self.last is None else max(last, self.last)
            self._count(item)

    def _count(self, batch: Elements | Rows) -> None:
        if isinstance(batch, Elements):
            counts = np.bincount(batch.kind, minlength=len(KINDS))
            self.elements.update({kind: int(n) for kind, n in zip(KINDS, counts, strict=True) if n})
            used = np.unique(batch.peer)
            if len(self.peers) < MAX_PEERS:
                self.peers |= {batch.peers[i] for i in used if batch.peers[i].asn}
        else:
            self.rows[batch.signal] += len(batch)
            self.unobserved[batch.signal] += int(np.isnan(batch.value).sum())
            self.entities |= {entity[:2] for entity in batch.entities}

    def kinds(self) -> dict[str, int]:
        """Every dead letter is one ``error``."""
        counts = {**self.elements, "error": sum(self.damage.values())}
        return {kind: counts[kind] for kind in (*KINDS, "error") if counts.get(kind)}

    def plain(self) -> dict[str, Any]:
        return {
            "path": self.path, "feed": self.feed,
            "elements": self.kinds(),
            "rows": dict(sorted(self.rows.items())),
            "unobserved": {signal: n for signal, n in sorted(self.unobserved.items()) if n},
            "heartbeats": dict(sorted(self.beats.items())),
            "entities": len(self.entities), "peers": len(self.peers),
            "first": None if self.first is None else iso(self.first),
            "last": None if self.last is None else iso(self.last),
            "dead_letters": sum(self.damage.values()), "damage": dict(sorted(self.damage.items())),
            "damage_starts": self.places[0].place if self.places else None,
            "damage_places": [_plain(error) for error in self.places],
            "given_up": [_plain(error) for error in self.given_up],
            "unmatched": [{"entity_type": kind, "entity": name} for _, kind, name in self.unmatched],
        }  # fmt: skip


def inspect(paths: Iterable[str | Path]) -> list[Contents]:
    """Read these recordings to their ends; UserError where there is no such file."""
    return [_contents(path) for path in paths]


def _contents(path: str | Path) -> Contents:
    found = Contents(str(path))
    try:
        source = open_source(path)
    except UnreadableError as error:
        found.take(DecodeError("", error.reason, "byte 0", error.found))
        return found
    found.feed = source.feed.name
    found.unmatched = source.unmatched
    for item in source.items():
        found.take(item)
    return found


def _plain(error: DecodeError) -> dict[str, str]:
    return {"reason": error.reason, "place": error.place, "detail": error.detail}


def render(contents: Iterable[Contents]) -> RenderableType:
    """The same for a terminal: a table for each file, and where its damage starts."""
    parts: list[RenderableType] = []
    for found in contents:
        parts += [Text(found.path, "bold"), _table(found), *_damage(found)]
        parts += [Text(printable(sentence), "yellow") for sentence in strangers(found.unmatched)]
    return Group(*parts)


def _table(found: Contents) -> Table:
    table = Table(show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_row("feed", found.feed or "unknown")
    for kind, count in found.kinds().items():
        table.add_row(kind, f"{count:,}")
    for signal, rows in sorted(found.rows.items()):
        gaps = f" ({found.unobserved[signal]:,} not observed)" if found.unobserved[signal] else ""
        table.add_row(f"rows of {signal}", f"{rows:,}{gaps}")
    if found.feed == "table" and not found.rows:
        table.add_row("rows", "0")
    for status, beats in sorted(found.beats.items()):
        table.add_row(f"heartbeats, {status}", f"{beats:,}")
    for name, size in (("peers", len(found.peers)), ("entities", len(found.entities))):
        if size:
            table.add_row(name, f"{size:,}")
    if found.first is not None and found.last is not None:
        table.add_row("first", iso(found.first))
        table.add_row("last", iso(found.last))
    return table


def _damage(found: Contents) -> list[Text]:
    if not found.damaged:
        return []
    first = found.places[0]
    if not found.feed:
        return [Text(first.detail, "red")]
    there = ", and reading ends there" if first in found.given_up else ""
    lines = [Text(f"damage starts at {first.place} ({first.reason}){there}: {first.detail}", "red")]
    lines += [Text(f"  {count:,} × {reason}", "red") for reason, count in sorted(found.damage.items())]
    further = [error for error in found.given_up if error is not first]
    return lines + [Text(f"gave up at {error.place}: {error.detail}", "red") for error in further]
