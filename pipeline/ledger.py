"""What every signal last said of every entity, and the outages that follow from it."""

from collections.abc import Iterator
from math import isnan
from typing import Any, NamedTuple

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


class Evidence(NamedTuple):
    """What the signals say of one entity in one bin; lists are by signal.

    ``chance`` of an outage [0-1]; ``low_from``: when the first of the strong witnesses fell [s]; ``severity``: share of
    the baseline that the low ones lost [0-1]; ``confirmed``: one of them is confirmed low.
    """

    chance: float
    low_from: int
    severity: float
    confirmed: bool
    weight: list[float]
    ratio: list[float]
    score: list[float]
    health: list[float]
    calm_from: list[int]


class Ledger:
    """The evidence on all entities of one run in one fusion partition, and their open outages."""

    def __init__(self, tense: str, settings: Fusing) -> None:
        self.tense, self.settings = tense, settings
        self.entities: list[Entity] = []
        self.signals: list[str] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.networks: dict[str, list[int]] = {}
        self.places: dict[tuple[Entity, ...], np.ndarray] = {}
        self.lives: dict[int, Life] = {}
        self.open = np.zeros(0, bool)
        self.prior = np.empty(0)
        self.cells: dict[str, np.ndarray] = {name: np.zeros((0, 0), dtype) for name, dtype in COLUMNS.items()}

    def see(self, verdicts: Verdicts, i: int, end: int) -> list[Outage]:
        """Take in bin ``i`` of a frame, which ends at ``end`` [s]; returns the revisions that follow."""
        signal = self._signal(verdicts)
        rows = self._rows(verdicts.entities)
        self.ends[signal] = end
        self._write(verdicts, i, rows, signal)
        terms = self._terms(rows, end)
        odds = log_odds(self.prior[rows], terms, self.signals, self.settings)
        likely = odds >= np.log(self.settings.suspect / (1 - self.settings.suspect))
        witnessed = likely & (terms > 0).any(axis=1)  # an outage begins where its first witness fell
        concerned = np.array(
            sorted(np.flatnonzero(witnessed | self.open[rows]), key=lambda i: self._turn(int(rows[i]))), np.intp
        )
        evidence = self._evidence(rows[concerned], terms[concerned], probability(odds[concerned]))
        told = [self._advance(row, seen, end) for row, seen in zip(rows[concerned].tolist(), evidence, strict=True)]
        return [outage for outage in told if outage is not None]

    def _turn(self, row: int) -> tuple[int, str]:
        entity = self.entities[row]
        return ORDER.get(entity.type, 0), entity.name

    def _write(self, verdicts: Verdicts, i: int, rows: np.ndarray, signal: int) -> None:
        """Put a bin's verdicts down; a witness of an open outage keeps its word while it says nothing."""
        state = verdicts.state[i]
        low = (state == LOW_PROVISIONAL) | (state == LOW_CONFIRMED)
        was_low = self.cells["low_from"][rows, signal] > 0
        held = (state == UNKNOWN) & self.open[rows] & was_low
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
            terms[:, stale] = np.where(self.open[rows, None] & (terms[:, stale] > 0), terms[:, stale], 0)
        return terms

    def _evidence(self, rows: np.ndarray, weight: np.ndarray, chance: np.ndarray) -> Iterator[Evidence]:
        """The evidence on each of these rows, read for all at once: on the worst day they are thousands."""
        cells = {name: column[rows] for name, column in self.cells.items()}
        low = weight > 0
        for_it = np.where(low, weight, 0)
        # a weak witness, low for long, moves no onset
        strong = low & (weight >= for_it.max(axis=1, keepdims=True) / 2)
        low_from = np.where(strong, cells["low_from"], 2**62).min(axis=1)
        lost = 1 - np.clip(np.nan_to_num(cells["ratio"], nan=1.0), 0, 1)
        severity = (lost * for_it).sum(axis=1) / np.where(low.any(axis=1), for_it.sum(axis=1), 1)
        columns = (
            chance, low_from, severity, (cells["confirmed"] & low).any(axis=1), weight,
            cells["ratio"], cells["score"], np.nan_to_num(cells["health"]), cells["calm_from"],
        )  # fmt: skip
        return map(Evidence, *(column.tolist() for column in columns))

    def _advance(self, row: int, evidence: Evidence, end: int) -> Outage | None:
        entity = self.entities[row]
        life = self.lives.get(row)
        if life is None:
            life = self.lives[row] = Life(entity.type, entity.name, self.tense, evidence.low_from, end)
            self.open[row] = True
        life.witnesses.update(signal for signal, w in zip(self.signals, evidence.weight, strict=True) if w > 0)
        life.advance(self._seen(row, evidence, end, life.witnesses), self.settings)
        if life.state not in OPEN:
            del self.lives[row]
            self.open[row] = False
        return life.revise(self.settings)

    def _seen(self, row: int, evidence: Evidence, end: int, witnesses: set[str]) -> Seen:
        by_signal = zip(self.signals, evidence.calm_from, strict=True)
        returned = max((calm for signal, calm in by_signal if signal in witnesses), default=0)
        return Seen(
            at=end, probability=evidence.chance, confirmed=evidence.confirmed,
            low_from=evidence.low_from, calm_from=returned or end,
            severity=evidence.severity, kind=self._kind(row, evidence), terms=self._named(evidence),
        )  # fmt: skip

    def _named(self, evidence: Evidence) -> tuple[Term, ...]:
        """The terms that weigh, in order of signal."""
        named = zip(self.signals, evidence.weight, evidence.ratio, evidence.score, evidence.health, strict=True)
        return tuple(
            Term(signal, _number(ratio), _number(score), round(weight, 2), round(health, 3))
            for signal, weight, ratio, score, health in sorted(named, key=lambda named: named[0])
            if weight
        )

    def _kind(self, row: int, evidence: Evidence) -> str:
        entity = self.entities[row]
        if entity.type == "service":
            return "platform"
        down = {kind_of(s): evidence.ratio[j] for j, s in enumerate(self.signals) if evidence.weight[j] > 0}
        up = [kind_of(s) for j, s in enumerate(self.signals) if evidence.weight[j] < 0]
        own = self.networks.get(entity.name, []) if entity.type == "country" else []
        networks = [(self.entities[r].mobile, r in self.lives) for r in own]
        kind = kind_of_outage(down, up, evidence.severity, networks)
        # routes stand while the phones are dead: of a mobile network there is a better word for it than stealth
        stands = "bgp" in up and "bgp" not in down
        return "mobile" if entity.mobile and stands and evidence.severity >= 0.5 else kind

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
                    self._enter(entity)
            self._grow()
            if len(self.places) > 64:  # a cache of the frames' own lists, not state
                self.places.clear()
            self.places[entities] = np.array([self.rows[entity[:2]] for entity in entities], np.intp)
        return self.places[entities]

    def _enter(self, entity: Entity) -> None:
        row = self.rows[entity[:2]] = len(self.entities)
        self.entities.append(entity)
        if entity.type == "asn":
            self.networks.setdefault(entity.country, []).append(row)

    def _grow(self) -> None:
        """Room for new entities and signals."""
        shape = (len(self.entities), len(self.signals))
        if self.cells["weight"].shape == shape:
            return
        for name, column in self.cells.items():
            wider = np.zeros(shape, column.dtype)
            wider[: column.shape[0], : column.shape[1]] = column
            self.cells[name] = wider
        self.open = np.concatenate([self.open, np.zeros(shape[0] - len(self.open), bool)])
        priors = self.settings.prior
        self.prior = np.array([priors.get(entity.type, min(priors.values())) for entity in self.entities])

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        lives = [(row, life.save()) for row, life in self.lives.items()]
        return (self.entities, self.signals, self.ends, self.widths, lives), dict(self.cells)

    def load(self, head: Any, cells: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, self.signals, self.ends, self.widths, lives = head
        for entity in entities:
            self._enter(Entity(*entity))
        self._grow()
        self.cells = {name: cells[name].copy() for name in COLUMNS}
        self.lives = {row: Life.load(life) for row, life in lives}
        self.open[list(self.lives)] = True


def _number(value: float) -> float | None:
    """For JSON: rounded, None where there is none."""
    return None if isnan(value) else round(value, 3)
