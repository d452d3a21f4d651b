"""What every signal last said of every entity, and the outages that follow from it."""

from typing import Any

import numpy as np

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN
from pipeline.evidence import kind_of, kind_of_outage, log_odds, probability, ratios, weights
from pipeline.outages import OPEN, Life, Seen
from pipeline.records import Entity, Outage, Term, Verdicts
from pipeline.settings import Fusing

COLUMNS = {"weight": np.float64, "ratio": np.float64, "score": np.float64, "health": np.float64,
           "low_from": np.int64, "calm_from": np.int64, "confirmed": np.bool_}  # fmt: skip
"""One ``(entities, signals)`` array each: the term's weight, what it rests on, when the signal fell or returned [s]."""

ORDER = {"service": 0, "asn": 1, "region": 2, "country": 3}
"""Parts before the whole: a country's kind depends on its networks."""


class Ledger:
    """The evidence on all entities of one run in one fusion partition, and their open outages."""

    def __init__(self, tense: str, settings: Fusing) -> None:
        self.tense, self.settings = tense, settings
        self.entities: list[Entity] = []
        self.signals: list[str] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.places: dict[tuple[Entity, ...], np.ndarray] = {}
        self.lives: dict[int, Life] = {}
        self.prior = np.empty(0)
        self.cells: dict[str, np.ndarray] = {name: np.zeros((0, 0), dtype) for name, dtype in COLUMNS.items()}

    def see(self, verdicts: Verdicts, i: int, end: int) -> list[Outage]:
        """Take in bin ``i`` of a frame, which ends at ``end`` [s]; returns the revisions that follow."""
        signal = self._signal(verdicts)
        rows = self._rows(verdicts.entities)
        self.ends[signal] = end
        self._write(verdicts, i, rows, signal)
        odds = log_odds(self.prior[rows], self._terms(rows, end), self.signals, self.settings)
        likely = rows[odds >= np.log(self.settings.suspect / (1 - self.settings.suspect))]
        concerned = set(likely.tolist()) | (set(rows.tolist()) & set(self.lives))
        order = sorted(concerned, key=lambda row: (ORDER.get(self.entities[row].type, 0), self.entities[row].name))
        chance = dict(zip(rows.tolist(), probability(odds).tolist(), strict=True))
        told = [self._advance(row, chance[row], end) for row in order]
        return [outage for outage in told if outage is not None]

    def _write(self, verdicts: Verdicts, i: int, rows: np.ndarray, signal: int) -> None:
        """Put a bin's verdicts down; a witness of an open outage keeps its word while it says nothing."""
        state = verdicts.state[i]
        low = (state == LOW_PROVISIONAL) | (state == LOW_CONFIRMED)
        was_low = self.cells["low_from"][rows, signal] > 0
        is_open = np.array([row in self.lives for row in rows.tolist()], bool)
        held = (state == UNKNOWN) & is_open & was_low
        start = int(verdicts.start[i])
        fresh = {
            "weight": weights(verdicts, i, self.settings),
            "ratio": ratios(verdicts.value[i], verdicts.expected[i]),
            "score": verdicts.score[i],
            "health": verdicts.health[i],
            "confirmed": state == LOW_CONFIRMED,
            "low_from": np.where(low, np.where(was_low, self.cells["low_from"][rows, signal], start), 0),
            "calm_from": np.where(low | (state == UNKNOWN), 0, start),
        }
        calm = self.cells["calm_from"][rows, signal]
        fresh["calm_from"] = np.where((fresh["calm_from"] > 0) & (calm > 0), calm, fresh["calm_from"])
        for name, values in fresh.items():
            self.cells[name][rows, signal] = np.where(held, self.cells[name][rows, signal], values)

    def _terms(self, rows: np.ndarray, now: int) -> np.ndarray:
        """Weights ``(n, s)`` that still count: a verdict goes stale, the witness of an open outage does not."""
        terms = self.cells["weight"][rows]
        stale = np.array([now > e + self.settings.stale * w for e, w in zip(self.ends, self.widths, strict=True)])
        if stale.any():
            is_open = np.array([row in self.lives for row in rows.tolist()], bool)
            terms[:, stale] = np.where(is_open[:, None] & (terms[:, stale] > 0), terms[:, stale], 0)
        return terms

    def _advance(self, row: int, chance: float, end: int) -> Outage | None:
        entity = self.entities[row]
        weight = self._terms(np.array([row]), end)[0]
        life = self.lives.get(row)
        if life is None:
            low_from = self._low_from(row, weight)
            life = self.lives[row] = Life(entity.type, entity.name, self.tense, low_from, end)
        life.witnesses |= {self.signals[s] for s in np.flatnonzero(weight > 0)}
        life.advance(self._seen(row, weight, chance, end, life.witnesses), self.settings)
        if life.state not in OPEN:
            del self.lives[row]
        return life.revise(self.settings)

    def _seen(self, row: int, weight: np.ndarray, chance: float, end: int, witnesses: set[str]) -> Seen:
        cells = {name: column[row] for name, column in self.cells.items()}
        low = weight > 0
        lost = 1 - np.clip(np.nan_to_num(cells["ratio"], nan=1.0), 0, 1)
        severity = float(np.average(lost[low], weights=weight[low])) if low.any() else 0.0
        returned = [int(cells["calm_from"][s]) for s, signal in enumerate(self.signals) if signal in witnesses]
        return Seen(
            at=end, probability=chance, confirmed=bool((cells["confirmed"] & low).any()),
            low_from=self._low_from(row, weight), calm_from=max(returned, default=0) or end,
            severity=severity, kind=self._kind(row, weight, severity), terms=self._named(row, weight),
        )  # fmt: skip

    def _low_from(self, row: int, weight: np.ndarray) -> int:
        """Onset: when the first of the strong witnesses fell [s]; a weak one, low for long, moves nothing."""
        strong = (weight > 0) & (weight >= weight.max(initial=0) / 2)
        return int(self.cells["low_from"][row][strong].min(initial=2**62))

    def _named(self, row: int, weight: np.ndarray) -> tuple[Term, ...]:
        """The terms that weigh, in order of signal."""
        cells = {name: column[row] for name, column in self.cells.items()}
        order = sorted(np.flatnonzero(weight).tolist(), key=self.signals.__getitem__)
        return tuple(
            Term(self.signals[s], _number(cells["ratio"][s]), _number(cells["score"][s]),
                 round(float(weight[s]), 2), round(float(np.nan_to_num(cells["health"][s])), 3))
            for s in order
        )  # fmt: skip

    def _kind(self, row: int, weight: np.ndarray, severity: float) -> str:
        entity, ratio = self.entities[row], self.cells["ratio"][row]
        down = {kind_of(s): float(ratio[j]) for j, s in enumerate(self.signals) if weight[j] > 0}
        up = [kind_of(s) for j, s in enumerate(self.signals) if weight[j] < 0]
        networks = [
            (e.mobile, r in self.lives)
            for r, e in enumerate(self.entities)
            if e.type == "asn" and e.country == entity.name and entity.type == "country"
        ]
        kind = kind_of_outage(down, up, severity, networks)
        # routes stand while the phones are dead: of a mobile network there is a better word for it than stealth
        stands = "bgp" in up and "bgp" not in down
        return "mobile" if entity.mobile and stands and severity >= 0.5 else kind

    def _signal(self, verdicts: Verdicts) -> int:
        if verdicts.signal not in self.signals:
            self.signals.append(verdicts.signal)
            self.ends.append(0)
            self.widths.append(verdicts.width)
            self._grow()
        return self.signals.index(verdicts.signal)

    def _rows(self, entities: tuple[Entity, ...]) -> np.ndarray:
        if entities not in self.places:
            for entity in entities:
                if entity[:2] not in self.rows:
                    self.rows[entity[:2]] = len(self.entities)
                    self.entities.append(entity)
            self._grow()
            if len(self.places) > 64:  # a cache of the frames' own lists, not state
                self.places.clear()
            self.places[entities] = np.array([self.rows[entity[:2]] for entity in entities], np.intp)
        return self.places[entities]

    def _grow(self) -> None:
        """Room for new entities and signals."""
        shape = (len(self.entities), len(self.signals))
        for name, column in self.cells.items():
            wider = np.zeros(shape, column.dtype)
            wider[: column.shape[0], : column.shape[1]] = column
            self.cells[name] = wider
        priors = self.settings.prior
        self.prior = np.array([priors.get(entity.type, min(priors.values())) for entity in self.entities])

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        lives = [(row, life.save()) for row, life in self.lives.items()]
        return (self.entities, self.signals, self.ends, self.widths, lives), dict(self.cells)

    def load(self, head: Any, cells: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, self.signals, self.ends, self.widths, lives = head
        self.entities = [Entity(*entity) for entity in entities]
        self.rows = {entity[:2]: i for i, entity in enumerate(self.entities)}
        self.cells = {name: cells[name].copy() for name in COLUMNS}
        self.lives = {row: Life.load(life) for row, life in lives}
        self._grow()


def _number(value: float) -> float | None:
    """For JSON: rounded, None where there is none."""
    return None if np.isnan(value) else round(float(value), 3)
