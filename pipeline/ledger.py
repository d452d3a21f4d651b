"""What every signal last said of every entity, and the outages that follow from it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from detectors.base import LOW_CONFIRMED, is_low
from pipeline.almanac import Almanac
from pipeline.cells import Cells
from pipeline.evidence import (
    Evidence,
    filled,
    log_odds,
    losses,
    probability,
    strong_ones,
)
from pipeline.holding import after, let_go, stands, terms, unreturned, waits
from pipeline.moments import begun, returned
from pipeline.naming import kind, named
from pipeline.outages import CONFIRMED, OPEN, Life, Seen
from pipeline.parts import countries, together
from pipeline.prior import Prior
from pipeline.records import Entity, Outage, Term, Verdicts
from pipeline.roll import Frame, Roll
from pipeline.settings import Fusing
from pipeline.spells import Spell, counted, fold
from pipeline.turns import Heard, Turn, by_frame
from pipeline.usual import Usual

ORDER = {"service": 0, "asn": 1, "region": 2, "country": 3}  # a country's kind depends on its networks

REMEMBERED = 6 * 24 * 3600  # how long an onset is: a series of shutdowns goes on after one to four days [s]

AT_ONCE = 2**18
"""Most bins of entities that are taken in at once [-]: for five signals some 70 MB."""


class Ledger:
    """The evidence on all entities of one run in one fusion partition, and their open outages."""

    def __init__(self, tense: str, settings: Fusing, almanac: Almanac) -> None:
        self.tense, self.settings, self.almanac = tense, settings, almanac
        self.roll = Roll()
        self.cells = Cells(settings)
        self.usual = Usual(settings)
        self.lives: dict[int, Life] = {}
        self.past: dict[int, list[int]] = {}
        self.prior = Prior(self.roll, settings, almanac)
        self.open, self.confirmed, self.day = np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, np.int64)

    def see(self, turns: Sequence[Turn]) -> list[Heard]:
        """Take in bins in the order of their turns; returns what follows from each.

        As long as nobody is out they are taken in at once, up to the one in which an outage begins.
        """
        told: list[Heard] = []
        reach = len(turns)
        while (at := len(told)) < len(turns):
            most = max(1, AT_ONCE // max(len(self.roll), len(turns[at].verdicts.entities), 1))
            single = self.lives or self.usual.returned.any() or self.cells.recent(turns[at].end)
            calm = 0 if single else self._rest(turns[at : at + min(reach, most)])
            told += [Heard([])] * calm if calm else [self._hear(turns[at])]
            reach = reach if single else max(32, 2 * calm)  # in vain no more is looked at than is of use
        return told

    def _rest(self, turns: Sequence[Turn]) -> int:
        """Take in bins while nobody is out; how many, until an outage begins."""
        turns, spells = turns[: self._alike(turns)], []
        for places in by_frame(turns):
            frame, signal = self._enter(turns[places[0]])
            spells.append(Spell.of(turns, places, frame, signal, self.cells))
        ends, middles = (np.array([getattr(turn, at) for turn in turns], np.int64) for at in ("end", "middle"))
        calm = self._until_out(spells, ends, middles)
        for spell in spells:
            if spell.places[0] < calm:
                fold(self.cells, spell.until(calm))
        return calm

    def _alike(self, turns: Sequence[Turn]) -> int:
        """How many turns from the first are of one frame a signal, with nobody in it who is not known yet, and with
        no country to be judged from parts that are low."""
        frames: dict[str, tuple[Verdicts, np.ndarray]] = {}
        for place, turn in enumerate(turns):
            if turn.signal not in frames:
                if place and not (turn.signal in self.cells.signals and turn.verdicts.entities in self.roll.frames):
                    return place
                frames[turn.signal] = turn.verdicts, self._enter(turn)[0].parts.rows
            verdicts, parts = frames[turn.signal]
            if verdicts is not turn.verdicts or (len(parts) and is_low(verdicts.state[turn.at, parts]).any()):
                return place
        return len(turns)

    def _until_out(self, spells: Sequence[Spell], ends: np.ndarray, middles: np.ndarray) -> int:
        """How many turns it takes until an outage begins, or that there are."""
        low = [spell.rows[(spell.weight > 0).any(axis=0)] for spell in spells]
        rows = np.unique(np.concatenate([np.flatnonzero((self.cells["weight"] > 0).any(axis=1)), *low]))
        if not len(rows):  # nothing is the matter with anybody
            return len(ends)
        terms, word = counted(self.cells, spells, rows, ends)
        priors, flat = self.prior.at(rows, middles[:, None]).ravel(), terms.reshape(-1, terms.shape[2])
        odds = log_odds(priors, self.cells.loudest(flat), self.cells.signals, self.settings).reshape(word.shape)
        return int(np.argmax(np.append((self._witnessed(odds, terms) & word).any(axis=1), True)))

    def _witnessed(self, odds: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Where an outage begins: it is likely, and has a witness."""
        return (odds >= np.log(self.settings.suspect / (1 - self.settings.suspect))) & (terms > 0).any(axis=-1)

    def _hear(self, turn: Turn) -> Heard:
        """Take in one bin."""
        (rows, parts, whole, rest, place), signal = self._enter(turn)
        self.cells.ends[signal] = turn.end
        self.usual.lapse(turn.end, self.open)
        said, n = turn.said, len(turn.verdicts.entities)
        held = all_ = self.usual.hold(said, rows[:n], signal, self.cells)
        if parts.countries:  # also of what shows an outage that its detector has got used to
            lately = stands(self.cells, self.cells["spoke"][rows[parts.rows], signal], signal, said.start)
            made = countries(held, parts, self.cells["state"][rows[n:], signal], self.settings, lately)
            all_ = held.and_of(self.usual.hold(made, rows[n:], signal, self.cells))
        self.cells.write(all_, place, signal, self.open[rows])
        told, wholes = self._weigh(rest, turn), self._weigh(whole, turn, are_countries=True)
        told = [self._joined(outage) for outage in told] if any(wholes) else told
        return Heard([outage for outage in told + wholes if outage is not None], None if held is said else held)

    def _enter(self, turn: Turn) -> tuple[Frame, int]:
        """Where its entities stand, and its signal."""
        signal, frame = self.cells.signal(turn.signal, turn.verdicts.width), self.roll.frame(turn.verdicts.entities)
        if len(self.roll) > len(self.open):
            self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        return frame, signal

    def _weigh(self, rows: np.ndarray, turn: Turn, are_countries: bool = False) -> list[Outage | None]:
        """Go on with the outages of entities of which there is word; parts come before their countries."""
        if len(rows):
            rows = rows[self.open[rows] | (self.cells["weight"][rows] > 0).any(axis=1)]
        if not len(rows):  # nothing is the matter with anybody
            return []
        sure = self.confirmed[rows]
        heard = terms = self._terms(rows, turn.end, sure)
        if sure.any():
            heard = terms.copy()
            heard[sure] = unreturned(self.cells, rows[sure], terms[sure])
        now = np.full((1, len(rows)), turn.middle)
        prior = self.prior.at(rows, now, np.where(self.open[rows], self.day[rows], now))[0]
        odds = log_odds(prior, self.cells.loudest(heard), self.cells.signals, self.settings)
        shares = self._shares(rows) if are_countries else [0.0] * len(rows)
        odds = odds + self.settings.together * np.array(shares)
        witnessed = self._witnessed(odds, terms)
        order = sorted(np.flatnonzero(witnessed | self.open[rows]).tolist(), key=lambda i: self._turn(int(rows[i])))
        if not (at := np.array(order, np.intp)).size:
            return []
        evidence = self._evidence(rows[at], terms[at], probability(odds[at]), turn.end)
        return [
            self._advance(row, seen, shares[i], turn)
            for i, row, seen in zip(order, rows[at].tolist(), evidence, strict=True)
        ]

    def _terms(self, rows: np.ndarray, end: int, sure: np.ndarray) -> np.ndarray:
        """The terms ``(n, s)`` that count; witnesses that hold their outage no more are let go."""
        weight = terms(self.cells, rows, end, self.open[rows])
        gone = let_go(self.cells, rows, weight, end, self.open[rows], sure)
        if gone.any():
            self.cells.let_go(rows, gone)
            weight = np.where(gone, 0.0, weight)
        return weight

    def _turn(self, row: int) -> tuple[int, str]:
        entity = self.roll[row]
        return ORDER.get(entity.type, 0), entity.name

    def _shares(self, rows: np.ndarray) -> list[float]:
        """Share of each country's known parts that went out together [0-1]."""
        if not self.lives:
            return [0.0] * len(rows)
        out = Counter(self.roll[row].country for row in self.lives if self.confirmed[row])
        few = self.settings.together_least
        return [self._together(row) if out[self.roll[row].name] >= few else 0.0 for row in rows.tolist()]

    def _together(self, row: int, types: tuple[str, ...] = ("asn", "region")) -> float:
        """Share of a country's known parts of some types that went out together [0-1]."""
        parts = np.array(
            [part for each in types for part in self.roll.parts.get((self.roll[row].name, each), ())], np.intp
        )
        out = parts[self.confirmed[parts]].tolist()
        if len(out) < self.settings.together_least:
            return 0.0
        lives = [self.lives[part] for part in out]
        known = int((self.cells["state"][parts] > 0).any(axis=1).sum())
        return together([life.start for life in lives], [life.finest for life in lives], known, self.settings)

    def _evidence(self, rows: np.ndarray, weight: np.ndarray, chance: np.ndarray, end: int) -> Iterator[Evidence]:
        """The evidence on each of these rows, read for all at once: on the worst day they are thousands."""
        ratio, score, health, state = (self.cells[name][rows] for name in ("ratio", "score", "health", "state"))
        low = weight > 0
        for_it = self.cells.once(np.where(low, weight, 0))
        # a weak witness, low for long, moves no onset, and one that flaps no end; a slow one tells no moment
        strong = self.cells.fast(strong_ones(for_it))
        self.cells.hear(rows, for_it)
        onset, dated = begun(self.cells, rows, strong)
        severity = (losses(ratio) * for_it).sum(axis=1) / np.where(low.any(axis=1), for_it.sum(axis=1), 1)
        gravity = (for_it * (1 - np.minimum(filled(ratio), 1))).sum(axis=1)
        weight = after(self.cells, rows, weight, onset)
        columns = (
            chance, onset, dated, severity, ((state == LOW_CONFIRMED) & low).any(axis=1), gravity,
            *returned(self.cells, rows, self.cells.fast(strong_ones(self.cells["witness"][rows])), end),
            waits(self.cells, rows, end), weight, ratio, score, filled(health),
        )  # fmt: skip
        return map(Evidence, *(column.tolist() for column in columns))

    def _advance(self, row: int, evidence: Evidence, share: float, turn: Turn) -> Outage | None:
        entity, end = self.roll[row], turn.end
        life = self.lives.get(row)
        if life is None:
            life = self.lives[row] = Life(
                entity.type, entity.name, self.tense, min(evidence.onset, end), end,
                country=entity.country or entity.name, before=tuple(self.past.get(row, ())), day=turn.middle,
            )  # fmt: skip
            self.day[row] = turn.middle
        life.advance(self._seen(row, life, evidence, share, turn), self.settings)
        if life.state not in OPEN:
            del self.lives[row]
            over = life.end or end
            self.cells.forget(row, over if evidence.waits else end, over if life.confirmed_at is not None else 0)
            if life.confirmed_at is not None:
                self.usual.end(row, end - life.start, end)
                self.past[row] = [at for at in self.past.get(row, []) if end - at < REMEMBERED] + [life.start]
        self.open[row] = life.state in OPEN
        self.confirmed[row] = life.state == CONFIRMED
        self.usual.out[row] = self.open[row] and life.confirmed_at is not None
        return life.revise(self.settings, self.almanac)

    def _seen(self, row: int, life: Life, evidence: Evidence, share: float, turn: Turn) -> Seen:
        """What it means for an outage; its kind and its terms only where it never looked worse."""
        worst, signals = life.takes(evidence.gravity), self.cells.signals
        heard = [
            s for s, weight, slow in zip(signals, evidence.weight, self.cells.slow, strict=True) if weight and not slow
        ]
        if later := not worst and life.adds(heard, evidence.gravity):
            evidence = evidence.with_told(life.terms, signals)._replace(severity=life.severity)
        name, terms = "", tuple[Term, ...]()
        if worst or later:
            name = kind(self.roll[row], evidence, signals, self._networks(row))
            terms = named(evidence, signals, share, self.settings)
        return Seen(
            at=turn.end, probability=evidence.chance, confirmed=evidence.confirmed, onset=evidence.onset,
            dated=evidence.dated, calm_from=evidence.calm_from or turn.end, width=evidence.width,
            finest=evidence.finest, severity=evidence.severity, gravity=evidence.gravity, waits=evidence.waits,
            kind=name, terms=terms, day=self.prior.term(row, turn.middle, life.day),
            part_of=life.part_of or self._part_of(row), networks=self._together(row, ("asn",)) if share else 0.0,
        )  # fmt: skip

    def _part_of(self, row: int) -> str:
        """The id of the confirmed outage of its country."""
        whole = self.roll.rows.get(("country", self.roll[row].country))
        return self.lives[whole].id if whole not in (None, row) and self.confirmed[whole] else ""

    def _joined(self, outage: Outage | None) -> Outage | None:
        """The same revision, of a part whose country's outage was confirmed with it."""
        row = self.roll.rows[outage.entity_type, outage.entity] if outage is not None else None
        if row not in self.lives or self.lives[row].part_of or not (whole := self._part_of(row)):
            return outage
        return self.lives[row].join(whole, self.settings)

    def _networks(self, row: int) -> list[tuple[bool, bool]]:
        """Of each network of a country whether it is mobile, and out; a fixed one that is only suspected is not yet."""
        entity = self.roll[row]
        own = self.roll.parts.get((entity.name, "asn"), []) if entity.type == "country" else []
        mobile = [self.roll[r].mobile for r in own]
        return [(m, r in self.lives if m else bool(self.confirmed[r])) for m, r in zip(mobile, own, strict=True)]

    def _grow(self) -> None:
        """Room for new entities."""
        self.cells.grow(len(self.roll))
        more = (0, len(self.roll) - len(self.open))
        self.open, self.confirmed, self.day = (np.pad(a, more) for a in (self.open, self.confirmed, self.day))

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        lives = [(row, life.save()) for row, life in self.lives.items()]
        head, arrays = self.cells.save()
        return (self.roll.entities, head, lives, list(self.past.items())), arrays | self.usual.save()

    def load(self, head: Any, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, cells, lives, past = head
        self.cells.load(cells, arrays)
        for entity in entities:
            self.roll.enter(Entity(*entity))
        self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        self.usual.load(arrays)
        self.lives = {row: Life.load(life) for row, life in lives}
        self.past = {row: list(starts) for row, starts in past}
        self.open[list(self.lives)] = True
        self.day[list(self.lives)] = [life.day for life in self.lives.values()]
        self.usual.out[[row for row, life in self.lives.items() if life.confirmed_at is not None]] = True
        self.confirmed[[row for row, life in self.lives.items() if life.state == CONFIRMED]] = True
