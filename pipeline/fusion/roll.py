"""Who is known of one run in one fusion partition, and where each stands in its arrays."""

from typing import NamedTuple

import numpy as np

from pipeline.fusion.parts import Parts, parts_of
from pipeline.records import Entity
from pipeline.settings import Fusing

FRAMES = 64
"""Frames whose places are kept [-]: looked up, and found anew where they are gone."""


class Frame(NamedTuple):
    """Where a frame's entities stand, ``rows (n,) intp``, those of the countries that it has only parts of behind them;
    ``place``: the rows, as a slice where they follow one another; ``own``: the places of its countries."""

    rows: np.ndarray
    parts: Parts
    place: np.ndarray | slice
    own: np.ndarray


class Roll:
    """Every entity in the order in which it came; ``parts``: the rows of a country's networks and of its regions;
    ``own``: the countries that came themselves; ``changes``: how often anything was learnt of any of them."""

    def __init__(self, settings: Fusing | None = None) -> None:
        self.settings = settings or Fusing()
        self.changes = 0
        self._networks = -1, np.zeros(0, np.intp), np.zeros(0, np.intp), dict[str, int]()
        self.entities: list[Entity] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.parts: dict[tuple[str, str], list[int]] = {}
        self.own: set[str] = set()
        self.frames: dict[tuple[Entity, ...], Frame] = {}

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, row: int) -> Entity:
        return self.entities[row]

    def frame(self, entities: tuple[Entity, ...]) -> Frame:
        """Where these stand; those that are not known yet get their rows."""
        found = self.frames.get(entities)
        if found is None:
            for entity in entities:
                self.enter(entity)
            ever = {country: len(rows) for (country, kind), rows in self.parts.items() if kind == "asn"}
            parts = parts_of(entities, self.settings, ever)
            every = entities + parts.countries
            for entity in parts.countries:
                self.enter(entity)
            if len(self.frames) > FRAMES:
                self.frames.clear()
            rows = np.array([self.rows[entity[:2]] for entity in every], np.intp)
            first, n = (int(rows[0]), len(rows)) if len(rows) else (0, 0)
            follow = np.array_equal(rows, np.arange(first, first + n))
            place = slice(first, first + n) if follow else rows
            own = np.array([i for i, entity in enumerate(entities) if entity.type == "country"], np.intp)
            self.own.update(entities[i].name for i in own)
            found = self.frames[entities] = Frame(rows, parts, place, own)
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
            parts = self.parts.setdefault((country, entity.type), [])
            parts.append(row)
            if len(parts) == self.settings.known_networks:  # from now on its country may be judged from them
                self.frames.clear()

    def has_others(self, country: str) -> bool:
        """Whether anybody but its networks ever came of a country."""
        return country in self.own or (country, "region") in self.parts

    def networks(self, countries: tuple[Entity, ...], which: np.ndarray) -> np.ndarray:
        """How many networks each country has ``(c,)``, of those that are ``which (entities,) bool``."""
        changes, rows, home, place = self._networks
        if changes != self.changes:
            of = {country: own for (country, kind), own in self.parts.items() if kind == "asn"}
            place = {country: i for i, country in enumerate(of)}
            rows = np.array([row for own in of.values() for row in own], np.intp)
            home = np.repeat(np.arange(len(of)), [len(own) for own in of.values()])
            self._networks = self.changes, rows, home, place
        many = np.append(np.bincount(home, which[rows], len(place)), 0)
        return np.asarray(many[[place.get(country.name, -1) for country in countries]])

    def is_country(self, rows: np.ndarray) -> np.ndarray:
        """Which of those at ``rows (n,)`` are countries ``(n,) bool``."""
        return np.array([self.entities[row].type == "country" for row in rows.tolist()], bool)
