"""The open outages of one run in one fusion partition, and how those of a country's parts stand to its own."""

from collections import Counter
from typing import Any

import numpy as np

from pipeline.fusion.cells import Cells
from pipeline.fusion.outages import CONFIRMED, OPEN, Life
from pipeline.fusion.parts import together
from pipeline.fusion.roll import Roll
from pipeline.records import Outage
from pipeline.settings import Fusing

REMEMBERED = 6 * 24 * 3600  # how long an onset is: a series of shutdowns goes on after one to four days [s]


class Lives(dict[int, Life]):
    """The life of each open outage, by the row of its entity.

    ``open, confirmed (entities,) bool``: whose outage is; ``day (entities,) int64``: the middle of the bin in which it
    was first suspected [s]; ``start (entities,) int64``: when it began [s]; ``past``: by row, the onsets of those
    confirmed ones that are over and remembered [s].
    """

    def __init__(self, roll: Roll, cells: Cells, settings: Fusing) -> None:
        super().__init__()
        self.roll, self.cells, self.settings = roll, cells, settings
        self.open, self.confirmed = np.zeros(0, bool), np.zeros(0, bool)
        self.day, self.start = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.past: dict[int, list[int]] = {}

    def grow(self) -> None:
        """Room for new entities."""
        more = (0, len(self.roll) - len(self.open))
        self.open, self.confirmed = np.pad(self.open, more), np.pad(self.confirmed, more)
        self.day, self.start = np.pad(self.day, more), np.pad(self.start, more)

    def begin(self, row: int, tense: str, start: int, now: int, day: int) -> Life:
        """An outage is suspected ``now``, since ``start``, in a bin whose middle is at ``day`` [s]."""
        entity = self.roll[row]
        life = self[row] = Life(
            entity.type, entity.name, tense, start, now,
            country=entity.country or entity.name, before=tuple(self.past.get(row, ())), day=day,
        )  # fmt: skip
        self.day[row] = day
        return life

    def note(self, row: int, life: Life, now: int) -> bool:
        """How it stands ``now`` [s]; whether it is over."""
        self.open[row], self.confirmed[row] = life.state in OPEN, life.state == CONFIRMED
        self.start[row] = life.start
        if life.state in OPEN:
            return False
        del self[row]
        if life.confirmed_at is not None:
            self.past[row] = [at for at in self.past.get(row, []) if now - at < REMEMBERED] + [life.start]
        return True

    def shares(self, rows: np.ndarray) -> list[float]:
        """Share of each country's known parts that went out together [0-1]."""
        if not self:
            return [0.0] * len(rows)
        out = Counter(self.roll[row].country for row in self if self.confirmed[row])
        few = self.settings.together_least
        return [self.together(row) if out[self.roll[row].name] >= few else 0.0 for row in rows.tolist()]

    def together(self, row: int, types: tuple[str, ...] = ("asn", "region")) -> float:
        """Share of a country's known parts of some types that went out together [0-1]."""
        parts = np.array(
            [part for each in types for part in self.roll.parts.get((self.roll[row].name, each), ())], np.intp
        )
        out = parts[self.confirmed[parts]].tolist()
        if len(out) < self.settings.together_least:
            return 0.0
        lives = [self[part] for part in out]
        known = int((self.cells["state"][parts] > 0).any(axis=1).sum())
        return together([life.start for life in lives], [life.finest for life in lives], known, self.settings)

    def part_of(self, row: int) -> str:
        """The id of the confirmed outage of its country."""
        whole = self.roll.rows.get(("country", self.roll[row].country), row)
        return self[whole].id if whole != row and self.confirmed[whole] else ""

    def joined(self, outage: Outage | None) -> Outage | None:
        """The same revision, of a part whose country's outage was confirmed with it."""
        if outage is None:
            return None
        row = self.roll.rows[outage.entity_type, outage.entity]
        if row not in self or self[row].part_of or not (whole := self.part_of(row)):
            return outage
        return self[row].join(whole, self.settings)

    def networks(self, row: int, now: int) -> tuple[list[tuple[bool, bool]], bool]:
        """Of each network of a country whether it is mobile, and out; a fixed one that is only suspected is not yet.
        And whether nothing else has lately told of the country, ``now`` [s]."""
        entity = self.roll[row]
        own = self.roll.parts.get((entity.name, "asn"), []) if entity.type == "country" else []
        mobile = [self.roll[r].mobile for r in own]
        each = [(m, r in self if m else bool(self.confirmed[r])) for m, r in zip(mobile, own, strict=True)]
        lent, spoke = self.cells["lent"][row], self.cells["spoke"][row]
        others = ~lent & (spoke > 0) & (now - spoke <= self.settings.used_to)
        return each, bool(lent.any() and not others.any())

    def save(self) -> tuple[Any, Any]:
        """The lives, and the onsets of those that are over."""
        return [(row, life.save()) for row, life in self.items()], list(self.past.items())

    def load(self, lives: Any, past: Any) -> None:
        """Take over what was saved; there is room for it."""
        self.update({row: Life.load(life) for row, life in lives})
        self.past = {row: list(starts) for row, starts in past}
        self.open[list(self)] = True
        self.day[list(self)] = [life.day for life in self.values()]
        self.start[list(self)] = [life.start for life in self.values()]
        self.confirmed[[row for row, life in self.items() if life.state == CONFIRMED]] = True
