"""What the evidence on entities comes to, and how their outages go on."""

from collections.abc import Iterator

import numpy as np

from detectors.base import LOW_CONFIRMED, Detector, is_low
from pipeline.fusion.alone import alone, joining
from pipeline.fusion.cells import Cells, explains
from pipeline.fusion.columns import ALL, HALF, STILL_HALF
from pipeline.fusion.evidence import Evidence, filled, log_odds, losses, probability, ratios, strong_ones
from pipeline.fusion.holding import after, counts_nothing, let_go, lifted, standing, unreturned, waits
from pipeline.fusion.lives import Lives
from pipeline.fusion.moments import begun, returned
from pipeline.fusion.naming import kind, named
from pipeline.fusion.outages import CONFIRMED, SUSPECTED, Life, Seen
from pipeline.fusion.prior import Prior
from pipeline.fusion.roll import Roll
from pipeline.fusion.sags import at_home
from pipeline.fusion.turns import Turn, Weighed
from pipeline.fusion.usual import Usual
from pipeline.geo.calendar import Almanac
from pipeline.records import Outage, Term
from pipeline.settings import Fusing

ORDER = {"service": 0, "asn": 1, "region": 2}
"""Of entities that are no countries, those that are told first."""

HEARD = 1800
"""What a signal says for the first time in an outage, that all is well, it must have said for so long [s]."""

UNWELL = 5400
"""Who is known to have stood for less than this since the onset, because his feed was unwell then, or stuck, may not
have: he is not believed [s]."""


class Scales:
    """Weighs what is put down in the cells of one run, and goes on with the outages that follow from it."""

    def __init__(
        self, tense: str, roll: Roll, cells: Cells, usual: Usual, lives: Lives, settings: Fusing, almanac: Almanac
    ) -> None:
        self.tense, self.settings, self.almanac = tense, settings, almanac
        self.roll, self.cells, self.usual, self.lives = roll, cells, usual, lives
        self.prior = Prior(roll, settings, almanac)
        self.suspect = np.log(settings.suspect / (1 - settings.suspect))

    def begins(self, rows: np.ndarray, middles: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Where an outage begins ``(k, m) bool``: of ``rows (m,)`` in bins with these middles ``(k,)`` [s], in which
        ``terms (k, m, s)`` count, and nobody is out."""
        prior, flat = self.prior.at(rows, middles[:, None]).ravel(), terms.reshape(-1, terms.shape[2])
        return self._begins(self._odds(prior, flat), flat).reshape(terms.shape[:2])

    def weigh(self, rows: np.ndarray, now: Weighed, are_countries: bool = False) -> list[Outage | None]:
        """Go on with outages of entities with whom something is the matter, and of whom there is word."""
        if not len(rows):
            return []
        is_open, sure, end = self.lives.open[rows], self.lives.confirmed[rows], now.turn.end
        self._count(rows[is_open])
        middle = np.full((1, len(rows)), now.turn.middle)
        since = np.where(is_open, self.lives.day[rows], middle)
        feared = self.prior.feared(rows, middle, since, sure)[0]
        heard = terms = self._terms(rows, end, sure, feared)
        if sure.any():
            heard = terms.copy()
            heard[sure] = unreturned(self.cells, rows[sure], terms[sure])
        prior = self.prior.at(rows, middle, since)[0]
        shares = self.lives.shares(rows) if are_countries else [0.0] * len(rows)
        prior = prior + self.settings.together * np.array(shares)
        odds = self._odds(prior, heard, lifts := lifted(self._deep(rows, heard), self.usual.out[rows], self.settings))
        if (begins := self._begins(odds, terms) & ~is_open).any():  # what counts only of an open outage does so now
            new = rows[begins]
            self.cells.at_plateau(new, now.signals, now.start)
            out = np.ones(len(new), bool)
            terms[begins] = heard[begins] = standing(self.cells, new, end, out, sure[begins], feared[begins])
            odds[begins] = self._odds(prior[begins], heard[begins], lifts[begins])
        told = np.flatnonzero(begins | is_open).tolist()
        if not told:
            return []
        at = np.array(order := sorted(told, key=lambda i: self._rank(int(rows[i]))))
        evidence = self._evidence(rows[at], terms[at], probability(odds[at]), end)
        return [
            self._advance(row, seen, shares[i], now)
            for i, row, seen in zip(order, rows[at].tolist(), evidence, strict=True)
        ]

    def _count(self, rows: np.ndarray) -> None:
        """Networks of which nothing is left are no feed that counts nothing, where they are several, and others of the
        country are counted: one it may have dropped."""
        cells, bare = self.cells, rows[(self.cells["bare"][rows] > 0).any(axis=1)].tolist()
        homes = {self.roll[row].country for row in bare if self.roll[row].type == "asn"} - {""}
        for home in sorted(homes):
            all_ = np.array(self.roll.parts[home, "asn"], np.intp)
            seen, nothing = cells["seen"][all_], cells["ratio"][all_] <= 1 - ALL
            last = np.where(nothing, seen, 0).max(axis=0)
            counts = ((cells["ratio"][all_] > 1 - ALL) & (seen >= last)).any(axis=0)
            several = (nothing & (seen >= last)).sum(axis=0) > 1
            own = all_[np.isin(all_, bare)]
            cells["bare"][own] = np.where(nothing[np.isin(all_, bare)] & counts & several, 0, cells["bare"][own])

    def _begins(self, odds: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Where an outage begins ``(n,) bool``: it is likely, and has a witness."""
        return (odds >= self.suspect) & (terms > 0).any(axis=1)

    def _deep(self, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Of how many kinds a signal that speaks for an outage has lost `HALF` or more ``(n,)``; once it is confirmed,
        what had lost it counts while it lacks `STILL_HALF`: at a plateau nothing shatters."""
        had = self.usual.out[rows][:, None] & (self.cells["depth"][rows] >= HALF)
        deep = (terms > 0) & (losses(self.cells["ratio"][rows]) >= np.where(had, STILL_HALF, HALF))
        return np.asarray(self.cells.of_kinds(deep).sum(axis=1))

    def _odds(self, prior: np.ndarray, terms: np.ndarray, lifts: np.ndarray | float = np.inf) -> np.ndarray:
        """What is against an outage before anything is seen, and terms ``(n, s)``, together ``(n,)`` [log-odds];
        ``lifts (n,)`` as in `pipeline.fusion.evidence.log_odds`."""
        return log_odds(prior, self.cells.loudest(terms), self.cells.signals, self.settings, lifts)

    def _terms(self, rows: np.ndarray, end: int, sure: np.ndarray, feared: np.ndarray) -> np.ndarray:
        """The terms ``(n, s)`` that count; witnesses that hold their outage no more are let go."""
        weight = standing(self.cells, rows, end, self.lives.open[rows], sure, feared)
        gone = let_go(self.cells, rows, weight, end, self.lives.open[rows], sure)
        gone |= at_home(self.cells, rows) > 0
        if self.cells.awaited:
            gone |= self.cells.overtaken(rows, weight)
        if (nothing := counts_nothing(self.cells, rows, weight, end, self.usual.out[rows])).any():
            self.cells.unhear(rows, nothing)
            gone |= nothing
        if gone.any():
            self.cells.let_go(rows, gone)
            weight = np.where(gone, 0.0, weight)
        return weight

    def _rank(self, row: int) -> tuple[int, str]:
        """Its place among those that are told at once: a network's kind depends on its services."""
        entity = self.roll[row]
        return ORDER.get(entity.type, 0), entity.name

    def _evidence(self, rows: np.ndarray, weight: np.ndarray, chance: np.ndarray, end: int) -> Iterator[Evidence]:
        """The evidence on each of these rows, read for all at once: on the worst day they are thousands."""
        ratio, score, health, state = (self.cells[name][rows] for name in ("ratio", "score", "health", "state"))
        low = weight > 0
        for_it = self.cells.once(np.where(low, weight, 0))
        # a weak witness, low for long, moves no onset, and one that flaps no end; a slow one tells no moment
        strong = self.cells.fast(strong_ones(for_it))
        joins = joining(self.cells, rows, weight, end)
        self.cells.hear(rows, np.where(joins, 0.0, for_it))
        onset, dated = begun(self.cells, rows, strong)
        severity = (losses(ratio) * for_it).sum(axis=1) / np.where(low.any(axis=1), for_it.sum(axis=1), 1)
        sure = ((state == LOW_CONFIRMED) & low).any(axis=1) & ~alone(self.cells, rows, weight, end, joins)
        gravity = (for_it * (1 - np.minimum(filled(ratio), 1))).sum(axis=1)
        weight = after(self.cells, rows, weight, onset)
        columns = (
            chance, onset, dated, severity, sure, gravity,
            *returned(self.cells, rows, self.cells.fast(strong_ones(self.cells["witness"][rows])), end),
            waits(self.cells, rows, end), weight, ratio, score, filled(health),
        )  # fmt: skip
        return map(Evidence, *(column.tolist() for column in columns))

    def _advance(self, row: int, evidence: Evidence, share: float, now: Weighed) -> Outage | None:
        lives, end = self.lives, now.turn.end
        life = lives.get(row) or lives.begin(row, self.tense, min(evidence.onset, end), end, now.turn.middle)
        life.advance(self._seen(row, life, evidence, share, now), self.settings)
        if lives.note(row, life, end):
            over, sure = life.end or end, life.confirmed_at is not None
            self.cells.forget(row, over if evidence.waits else end, over if sure else 0, now.start)
            if sure:
                self.usual.end(row, end - life.start, end)
        self.usual.out[row] = lives.open[row] and life.confirmed_at is not None
        return life.revise(self.settings, self.almanac)

    def _seen(self, row: int, life: Life, evidence: Evidence, share: float, now: Weighed) -> Seen:
        """What it means for an outage; its kind and its terms only where it never looked worse."""
        worst, signals = life.takes(evidence.gravity), self.cells.signals
        evidence = evidence.without(unwell := self._unwell(row, life, evidence), signals)
        calm = now.turn.end - self.cells["calm_from"][row]
        columns = zip(signals, evidence.weight, calm.tolist(), self.cells.slow, strict=True)
        heard = [s for s, weight, lasts, slow in columns if not slow and (weight > 0 or (weight and lasts >= HEARD))]
        told = [term for term in life.terms if term.weight > 0 or term.signal not in unwell]
        drops = len(told) < len(life.terms) and life.state in (SUSPECTED, CONFIRMED)
        if later := not worst and (drops or life.adds(heard, evidence.gravity)):
            evidence = evidence.with_told(told, signals)._replace(severity=life.severity)
        elif worst and self.cells.behind:  # what stood in it, and is late by now, is still known to have stood
            seen = dict(zip(signals, (self.cells["seen"][row] + self.cells.wide).tolist(), strict=True))
            late = {signal for signal in self.cells.behind if seen.get(signal, 0) > evidence.onset}
            evidence = evidence.with_told([term for term in told if term.weight < 0 and term.signal in late], signals)
        name, terms = "", tuple[Term, ...]()
        over = (life.end or evidence.calm_from) if life.confirmed_at is not None else 0
        if worst or later:
            name = kind(self.roll[row], evidence, signals, *self.lives.networks(row, now.turn.end))
            terms = named(evidence, signals, share, self.settings)
        return Seen(
            at=now.turn.end, probability=evidence.chance, confirmed=evidence.confirmed, onset=evidence.onset,
            dated=evidence.dated, calm_from=evidence.calm_from or now.turn.end, width=evidence.width,
            finest=evidence.finest, severity=evidence.severity, gravity=evidence.gravity, waits=evidence.waits,
            later=any(self._is_low_in(turn, row, over) for turn in now.later),
            kind=name, terms=terms, day=self.prior.term(row, now.turn.middle, life.day),
            part_of=life.part_of or self.lives.part_of(row),
            networks=self.lives.together(row, ("asn",)) if share else 0.0,
        )  # fmt: skip

    def _unwell(self, row: int, life: Life, evidence: Evidence) -> set[str]:
        """Which signals say, or were told, to have stood in an outage, and did for less than `UNWELL`."""
        cells = self.cells
        since = cells["spoke"][row] + cells.wide - life.start
        unwell = (cells["health"][row] < Detector.quorum) & (since < UNWELL)
        if not unwell.any():
            return set()
        told = {term.signal for term in life.terms if term.weight < 0}
        columns = zip(cells.signals, evidence.weight, unwell.tolist(), strict=True)
        return {signal for signal, weight, is_unwell in columns if is_unwell and (weight < 0 or signal in told)}

    def _is_low_in(self, turn: Turn, row: int, over: int) -> bool:
        """Whether a wider bin that is not put down yet is low, and not for an outage that was ``over`` then [s]: of a
        country that is judged from its parts, whether any of them is."""
        frame = self.roll.frame(turn.verdicts.entities)
        if row not in frame.rows:
            return False
        said, place = turn.said, int(np.flatnonzero(frame.rows == row)[0])
        if place >= len(said.state):
            return bool(is_low(said.state[frame.parts.rows[frame.parts.home == place - len(said.state)]]).any())
        lost = losses(ratios(said.value, said.expected))[place]
        return bool(is_low(said.state)[place] and not explains(over, said.start, turn.verdicts.width, lost))
