"""The places of one run in one fusion partition: which row each has, and to which country it belongs."""

import numpy as np

from pipeline.geo.calendar import Almanac, Today
from pipeline.records import Entity

FRAMES = 64
"""Frames whose rows are kept [-]: looked up, and found anew where they are gone."""


class Places:
    """Every entity in the order in which it came; ``parts``: rows of a country's networks and regions, by its code and
    their type; ``changes``: how often anything was learnt of any of them."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.parts: dict[tuple[str, str], list[int]] = {}
        self.frames: dict[tuple[Entity, ...], np.ndarray] = {}
        self.changes = 0

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, row: int) -> Entity:
        return self.entities[row]

    def frame(self, entities: tuple[Entity, ...]) -> np.ndarray:
        """The rows of these ``(n,) intp``; those that are not known yet get one."""
        found = self.frames.get(entities)
        if found is None:
            for entity in entities:
                self.enter(entity)
            if len(self.frames) >= FRAMES:
                self.frames.clear()
            found = self.frames[entities] = np.array([self.rows[entity[:2]] for entity in entities], np.intp)
        return found

    def enter(self, entity: Entity) -> None:
        """Give an entity its row, or learn what was not known of it: not every signal says whose it is, what it is
        called, and whether it is mobile.  A country is its own, whatever is said of it."""
        row = self.rows.get(entity[:2])
        known = Entity(*entity[:2]) if row is None else self.entities[row]
        own = entity.name if entity.type == "country" else known.country
        whole = Entity(*entity[:2], own or entity.country, known.mobile or entity.mobile, known.title or entity.title)
        if row is not None and whole == known:
            return
        self.changes += 1
        if row is None:
            row = self.rows[entity[:2]] = len(self.entities)
            self.entities.append(whole)
        self.entities[row] = whole
        if entity.type in ("asn", "region") and whole.country != known.country:
            self.parts.setdefault((whole.country, entity.type), []).append(row)

    def of(self, row: int, *types: str) -> list[int]:
        """The rows of the parts of these types that a country has; none of anything else."""
        entity = self[row]
        return [part for kind in types if entity.type == "country" for part in self.parts.get((entity.name, kind), ())]

    def whole(self, row: int) -> int | None:
        """The row of the country that a place belongs to."""
        entity = self[row]
        return None if entity.type == "country" else self.rows.get(("country", entity.country))

    def copy(self) -> "Places":
        """Another one that goes on from here."""
        other = Places()
        other.entities, other.rows, other.frames = list(self.entities), dict(self.rows), dict(self.frames)
        other.parts, other.changes = {key: list(rows) for key, rows in self.parts.items()}, self.changes
        return other


class Days:
    """What the calendar says of each place of a list at a time.

    ``kind (n,) int8``: workday, weekend, holiday or long holiday; ``factor (n,)``: how much likelier an outage of a
    country begins than on other days; ``whole (n,) intp``: the row of the country of each network and region, -1 for
    anything else; ``networks``: rows of those of a known country; ``matters``: why the day matters, by row of a
    country.
    """

    def __init__(self, almanac: Almanac, weight: dict[str, float]) -> None:
        self.almanac, self.weight = almanac, weight
        self.changes, self.today = -1, dict[str, Today]()
        self.since, self.until = 0, 0
        self.kind, self.factor, self.whole = np.zeros(0, np.int8), np.ones(0), np.zeros(0, np.intp)
        self.networks = np.zeros(0, np.intp)
        self.matters: dict[int, str] = {}

    def at(self, places: Places, time: int) -> None:
        """Go to a time [s]: bins of different widths have theirs in turn."""
        if places.changes == self.changes and self.since <= time < self.until:
            return
        if places.changes != self.changes:
            own = [entity.country for entity in places.entities]
            self.codes = list(dict.fromkeys(own))
            index = {code: i for i, code in enumerate(self.codes)}
            self.home = np.array([index[code] for code in own], np.intp)
            whole = [places.whole(row) if e.type != "service" else None for row, e in enumerate(places.entities)]
            self.whole = np.array([-1 if row is None else row for row in whole], np.intp)
            is_network = np.array([entity.type == "asn" for entity in places.entities], np.bool_)
            self.networks = np.flatnonzero(is_network & (self.whole >= 0))
            self.changes = places.changes
        for code in self.codes:
            if code not in self.today or not self.today[code].start <= time < self.today[code].end:
                self.today[code] = self.almanac.today(code, time)
        today = [self.today[code] for code in self.codes]
        self.since, self.until = max(day.start for day in today), min(day.end for day in today)
        self.kind = np.array([day.kind for day in today], np.int8)[self.home]
        self.factor, self.matters = np.ones(len(places)), {}
        for day, code in zip(today, self.codes, strict=True):
            row = places.rows.get(("country", code))
            if day.matters and row is not None:
                self.factor[row] = np.exp(self.weight[day.matters])
                self.matters[row] = day.matters
