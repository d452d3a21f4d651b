"""What every signal last said of every entity, and the outages that follow from it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from detectors.base import LOW_CONFIRMED, UNKNOWN, is_low
from pipeline.almanac import Almanac
from pipeline.alone import alone
from pipeline.cells import Cells, explains
from pipeline.evidence import Block, Evidence, Said, filled, log_odds, losses, probability, ratios, strong_ones
from pipeline.holding import after, let_go, standing, unreturned, waits
from pipeline.lives import Lives
from pipeline.moments import begun, returned
from pipeline.naming import kind, named
from pipeline.outages import Life, Seen
from pipeline.prior import Prior
from pipeline.records import Entity, Outage, Term, Verdicts
from pipeline.roll import Frame, Roll
from pipeline.settings import Fusing
from pipeline.spells import Spell, counted, fold
from pipeline.turns import Heard, Turn, Weighed, alike, by_frame, together
from pipeline.usual import Usual
from pipeline.wholes import may_be_low, of_parts

ORDER = {"service": 0, "asn": 1, "region": 2}
"""Of entities that are no countries, those that are told first."""

AT_ONCE = 2**18
"""Most bins of entities that are taken in at once [-]: for five signals some 70 MB."""

HEARD = 1800
"""What a signal says for the first time in an outage, that all is well, it must have said for so long [s]."""


class Ledger:
    """The evidence on all entities of one run in one fusion partition, and their open outages."""

    def __init__(self, tense: str, settings: Fusing, almanac: Almanac) -> None:
        self.tense, self.settings, self.almanac = tense, settings, almanac
        self.roll = Roll(settings)
        self.cells = Cells(settings)
        self.usual = Usual(settings)
        self.lives = Lives(self.roll, self.cells, settings)
        self.prior = Prior(self.roll, settings, almanac)

    def see(self, turns: Sequence[Turn]) -> list[Heard]:
        """Take in bins in the order of their turns; returns what follows from each, or from those that are `alike`.

        Bins that begin and end together are weighed once, when all of them are put down: what a signal is called
        counts for nothing.  As long as nobody is out they are taken in at once, up to those with which one begins.
        """
        told: list[Heard] = []
        reach = len(turns)
        while (at := len(told)) < len(turns):
            most = max(1, AT_ONCE // max(len(self.roll), len(turns[at].verdicts.entities), 1))
            single = self.lives or self.usual.returned.any() or self.cells.recent(turns[at].end)
            calm = 0 if single else self._rest(turns[at : at + min(reach, most)])
            told += [Heard([])] * calm if calm else self._hear(*together(turns, at))
            reach = reach if single else max(32, 2 * calm)  # in vain no more is looked at than is of use
        return told

    def _rest(self, turns: Sequence[Turn]) -> int:
        """Take in bins while nobody is out; how many, until an outage begins."""
        turns, spells = turns[: self._of_one_frame(turns)], []
        for places in by_frame(turns):
            frame, signal = self._enter(turns[places[0]])
            spells.append(Spell.of(turns, places, frame, signal, self.cells, self.roll))
        calm = self._until_out(spells, turns)
        for spell in spells:
            if spell.places[0] < calm:
                fold(self.cells, spell.until(calm))
        return calm

    def _of_one_frame(self, turns: Sequence[Turn]) -> int:
        """How many turns from the first are of one frame a signal, with nobody in it who is not known yet, and with
        no country to be judged from parts that are low."""
        frames: dict[str, tuple[Verdicts, Frame]] = {}
        for place, turn in enumerate(turns):
            if turn.signal not in frames:
                if place and not (turn.signal in self.cells.signals and turn.verdicts.entities in self.roll.frames):
                    return place
                frames[turn.signal] = turn.verdicts, self._enter(turn)[0]
            verdicts, frame = frames[turn.signal]
            if verdicts is not turn.verdicts or may_be_low(self.cells, self.roll, frame, verdicts.state[turn.at]):
                return place
        return len(turns)

    def _until_out(self, spells: Sequence[Spell], turns: Sequence[Turn]) -> int:
        """How many turns it takes until an outage begins, or that there are."""
        low = [spell.rows[(spell.weight > 0).any(axis=0)] for spell in spells]
        rows = np.unique(np.concatenate([np.flatnonzero((self.cells["weight"] > 0).any(axis=1)), *low]))
        if not (len(rows) and turns):  # nothing is the matter with anybody
            return len(turns)
        last = [i - 1 for i in range(1, len(turns) + 1) if i == len(turns) or not alike(turns[i], turns[i - 1])]
        ends, middles = (np.array([getattr(turns[i], at) for i in last], np.int64) for at in ("end", "middle"))
        terms, word = counted(self.cells, spells, rows, ends, np.array(last))
        priors, flat = self.prior.at(rows, middles[:, None]).ravel(), terms.reshape(-1, terms.shape[2])
        odds = log_odds(priors, self.cells.loudest(flat), self.cells.signals, self.settings).reshape(word.shape)
        begins = (self._witnessed(odds, terms) & word).any(axis=1)
        return [0, *(i + 1 for i in last)][int(np.argmax(np.append(begins, True)))]

    def _witnessed(self, odds: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Where an outage begins: it is likely, and has a witness."""
        return (odds >= np.log(self.settings.suspect / (1 - self.settings.suspect))) & (terms > 0).any(axis=-1)

    def _hear(self, turns: Sequence[Turn], later: Sequence[Turn]) -> list[Heard]:
        """Take in bins that are alike, and end with ``later`` ones; parts are weighed before their countries."""
        self.usual.lapse(turns[0].end, self.lives.open)
        for turn in later:  # who is new in them is known before they are asked
            self._enter(turn)
        put = [self._put(turn) for turn in turns]
        self.usual.held()
        told, word = [Heard([], held) for *_, held in put], np.zeros(len(self.roll), bool)
        now = Weighed(turns[0], [signal for _, signal, *_ in put], later)
        self.cells.write(list(self._blocks(put)))
        for frame, *_ in put:
            word[frame.place] = True
        self.cells.at_plateau(np.flatnonzero(word & self.lives.open), now.signals, now.start)
        rows = np.flatnonzero(word & (self.lives.open | (self.cells["weight"] > 0).any(axis=1)))
        if len(rows):  # something is the matter with somebody
            whole = self.roll.is_country(rows)
            parts, wholes = self._weigh(rows[~whole], now), self._weigh(rows[whole], now, are_countries=True)
            parts = [self.lives.joined(outage) for outage in parts] if any(wholes) else parts
            told[-1].outages.extend(outage for outage in parts + wholes if outage is not None)
        return told

    def _put(self, turn: Turn) -> tuple[Frame, int, Said, Said | None]:
        """Where the entities of a bin and its signal stand, what is said of them and of the countries of which they are
        parts, and what it says, where that was held against what was before."""
        frame, signal = self._enter(turn)
        rows, parts = frame.rows, frame.parts
        self.cells.ends[signal] = turn.end
        said, n = turn.said, len(turn.verdicts.entities)
        held = all_ = self.usual.hold(said, rows[:n], signal, self.cells)
        if frame.own.size:  # who speaks himself lends no word any more
            self.cells["lent"][rows[frame.own[said.state[frame.own] != UNKNOWN]], signal] = False
        if parts.countries:  # also of what shows an outage that its detector has got used to
            made = of_parts(self.cells, self.roll, self.lives.open, held, frame, signal)
            all_ = held.and_of(made)
        return frame, signal, all_, None if held is said else held

    def _blocks(self, put: Sequence[tuple[Frame, int, Said, Said | None]]) -> Iterator[Block]:
        """What is said, of signals that stand one after the other and tell of the same entities at once."""
        first = 0
        for i in range(1, len(put) + 1):
            if i < len(put) and put[i][0] is put[first][0] and put[i][1] == put[i - 1][1] + 1:
                continue
            frame, signal, *_ = put[first]
            yield Block.of([said for _, _, said, _ in put[first:i]], frame.place, signal, self.lives.open[frame.rows])
            first = i

    def _enter(self, turn: Turn) -> tuple[Frame, int]:
        """Where its entities stand, and its signal."""
        signal, frame = self.cells.signal(turn.signal, turn.verdicts.width), self.roll.frame(turn.verdicts.entities)
        if len(self.roll) > len(self.lives.open):
            self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        return frame, signal

    def _weigh(self, rows: np.ndarray, now: Weighed, are_countries: bool = False) -> list[Outage | None]:
        """Go on with outages of entities with whom something is the matter, and of whom there is word."""
        if not len(rows):
            return []
        is_open, sure, end = self.lives.open[rows], self.lives.confirmed[rows], now.turn.end
        heard = terms = self._terms(rows, end, sure)
        if sure.any():
            heard = terms.copy()
            heard[sure] = unreturned(self.cells, rows[sure], terms[sure])
        middle = np.full((1, len(rows)), now.turn.middle)
        prior = self.prior.at(rows, middle, np.where(is_open, self.lives.day[rows], middle))[0]
        shares = self.lives.shares(rows) if are_countries else [0.0] * len(rows)
        prior = prior + self.settings.together * np.array(shares)
        odds = self._odds(prior, heard)
        if (begins := self._witnessed(odds, terms) & ~is_open).any():  # what counts only of an open outage does so now
            new = rows[begins]
            self.cells.at_plateau(new, now.signals, now.start)
            terms[begins] = heard[begins] = standing(self.cells, new, end, np.ones(len(new), bool), sure[begins])
            odds[begins] = self._odds(prior[begins], heard[begins])
        told = np.flatnonzero(begins | is_open).tolist()
        if not told:
            return []
        at = np.array(order := sorted(told, key=lambda i: self._rank(int(rows[i]))))
        evidence = self._evidence(rows[at], terms[at], probability(odds[at]), end)
        return [
            self._advance(row, seen, shares[i], now)
            for i, row, seen in zip(order, rows[at].tolist(), evidence, strict=True)
        ]

    def _odds(self, prior: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """What is against an outage before anything is seen, and terms ``(n, s)``, together ``(n,)`` [log-odds]."""
        return log_odds(prior, self.cells.loudest(terms), self.cells.signals, self.settings)

    def _terms(self, rows: np.ndarray, end: int, sure: np.ndarray) -> np.ndarray:
        """The terms ``(n, s)`` that count; witnesses that hold their outage no more are let go."""
        weight = standing(self.cells, rows, end, self.lives.open[rows], sure)
        gone = let_go(self.cells, rows, weight, end, self.lives.open[rows], sure)
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
        self.cells.hear(rows, for_it)
        onset, dated = begun(self.cells, rows, strong)
        severity = (losses(ratio) * for_it).sum(axis=1) / np.where(low.any(axis=1), for_it.sum(axis=1), 1)
        sure = ((state == LOW_CONFIRMED) & low).any(axis=1) & ~alone(self.cells, rows, weight, end)
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
        calm = now.turn.end - self.cells["calm_from"][row]
        columns = zip(signals, evidence.weight, calm.tolist(), self.cells.slow, strict=True)
        heard = [s for s, weight, lasts, slow in columns if not slow and (weight > 0 or (weight and lasts >= HEARD))]
        if later := not worst and life.adds(heard, evidence.gravity):
            evidence = evidence.with_told(life.terms, signals)._replace(severity=life.severity)
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

    def _grow(self) -> None:
        """Room for new entities."""
        self.cells.grow(len(self.roll))
        self.lives.grow()

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        head, arrays = self.cells.save()
        return (self.roll.entities, head, *self.lives.save()), arrays | self.usual.save()

    def load(self, head: Any, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, cells, lives, past = head
        self.cells.load(cells, arrays)
        for entity in entities:
            self.roll.enter(Entity(*entity))
        self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        self.usual.load(arrays)
        self.lives.load(lives, past)
        self.usual.out[[row for row, life in self.lives.items() if life.confirmed_at is not None]] = True
