"""Who is known of one run in one fusion partition, and where each stands in its arrays."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from pipeline.parts import Parts, parts_of
from pipeline.records import Entity
from pipeline.settings import Fusing

FRAMES = 64
"""Frames whose places are kept [-]: looked up, and found anew where they are gone."""


class Frame(NamedTuple):
    """Where a frame's entities stand, ``rows (n,) intp``, those of the countries that it has only parts of behind them;
    ``place``: the rows, as a slice where they follow one another."""

    rows: np.ndarray
    parts: Parts
    place: np.ndarray | slice


class Roll:
    """Every entity in the order in which it came; ``parts``: the rows of a country's networks and of its regions;
    ``own``: the countries that have come themselves, by signal; ``changes``: how often anything was learnt of any."""

    def __init__(self, settings: Fusing | None = None) -> None:
        self.settings = settings or Fusing()
        self.changes = 0
        self.entities: list[Entity] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.parts: dict[tuple[str, str], list[int]] = {}
        self.own: dict[str, set[str]] = {}
        self.frames: dict[tuple[str, tuple[Entity, ...]], Frame] = {}

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, row: int) -> Entity:
        return self.entities[row]

    def frame(self, entities: tuple[Entity, ...], signal: str) -> Frame:
        """Where these stand; those that are not known yet get their rows."""
        found = self.frames.get((signal, entities))
        if found is None:
            for entity in entities:
                self.enter(entity)
            self._owns(signal, (entity.name for entity in entities if entity.type == "country"))
            parts = self._parts(entities, signal)
            every = entities + parts.countries
            for entity in parts.countries:
                self.enter(entity)
            if len(self.frames) > FRAMES:
                self.frames.clear()
            rows = np.array([self.rows[entity[:2]] for entity in every], np.intp)
            first, n = (int(rows[0]), len(rows)) if len(rows) else (0, 0)
            follow = np.array_equal(rows, np.arange(first, first + n))
            place = slice(first, first + n) if follow else rows
            found = self.frames[signal, entities] = Frame(rows, parts, place)
        return found

    def known(self, entities: tuple[Entity, ...], signal: str) -> Frame | None:
        """The same of what is still to come; None where anything in it is new."""
        own = self.own.get(signal, set())
        is_known = all(e[:2] in self.rows and (e.type != "country" or e.name in own) for e in entities)
        return self.frame(entities, signal) if is_known else None

    def _owns(self, signal: str, countries: Iterable[str]) -> None:
        """Countries have come themselves in a signal: no longer are they judged from parts."""
        own = self.own.setdefault(signal, set())
        before = len(own)
        own.update(countries)
        if len(own) > before:
            self.frames.clear()

    def _parts(self, entities: tuple[Entity, ...], signal: str) -> Parts:
        """From what of these which countries are judged."""
        ever = {country: len(rows) for (country, kind), rows in self.parts.items() if kind == "asn"}
        return parts_of(entities, self.settings, self.own[signal], set().union(*self.own.values()), ever)

    def has_only_networks(self, country: str) -> bool:
        """Whether nothing but networks ever told of a country."""
        return (country, "region") not in self.parts and not any(country in own for own in self.own.values())

    def enter(self, entity: Entity) -> None:
        """Give an entity its row; of one that has it is noted what was not known of it: not every signal says whose it
        is, what it is called, and whether it is mobile.  A country is its own, whatever is said of it."""
        row = self.rows.get(entity[:2])
        known = Entity(*entity[:2]) if row is None else self.entities[row]
        own = entity.name if entity.type == "country" else known.country
        country, title = own or entity.country, known.title or entity.title
        whole = Entity(*entity[:2], country, known.mobile or entity.mobile, title)
        if row is not None and whole == known:
            return
        self.changes += 1
        if row is None:
            row = self.rows[entity[:2]] = len(self.entities)
            self.entities.append(whole)
        self.entities[row] = whole
        if entity.type in ("asn", "region") and country != known.country:
            self.parts.setdefault((country, entity.type), []).append(row)
            self.frames.clear()  # of how many a country is judged may be another number

    def save(self) -> tuple[Any, Any]:
        """Who is known, and which countries came themselves."""
        return self.entities, [(signal, sorted(own)) for signal, own in self.own.items()]

    def load(self, entities: Any, own: Any) -> None:
        """Take over what was saved."""
        for entity in entities:
            self.enter(Entity(*entity))
        self.own = {signal: set(names) for signal, names in own}

    def is_country(self, rows: np.ndarray) -> np.ndarray:
        """Which of those at ``rows (n,)`` are countries ``(n,) bool``."""
        return np.array([self.entities[row].type == "country" for row in rows.tolist()], bool)
