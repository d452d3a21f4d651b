"""Who is known of one run in one fusion partition, and where each stands in its arrays."""

from typing import NamedTuple

import numpy as np

from pipeline.parts import Parts, parts_of
from pipeline.records import Entity

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
    ``changes``: how often anything was learnt of any of them."""

    def __init__(self) -> None:
        self.changes = 0
        self.entities: list[Entity] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.parts: dict[tuple[str, str], list[int]] = {}
        self.frames: dict[tuple[Entity, ...], Frame] = {}

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, row: int) -> Entity:
        return self.entities[row]

    def frame(self, entities: tuple[Entity, ...]) -> Frame:
        """Where these stand; those that are not known yet get their rows."""
        found = self.frames.get(entities)
        if found is None:
            parts = parts_of(entities)
            every = entities + parts.countries
            for entity in every:
                self.enter(entity)
            if len(self.frames) > FRAMES:
                self.frames.clear()
            rows = np.array([self.rows[entity[:2]] for entity in every], np.intp)
            first, n = (int(rows[0]), len(rows)) if len(rows) else (0, 0)
            follow = np.array_equal(rows, np.arange(first, first + n))
            place = slice(first, first + n) if follow else rows
            found = self.frames[entities] = Frame(rows, parts, place)
        return found

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

    def is_country(self, rows: np.ndarray) -> np.ndarray:
        """Which of those at ``rows (n,)`` are countries ``(n,) bool``."""
        return np.array([self.entities[row].type == "country" for row in rows.tolist()], bool)
