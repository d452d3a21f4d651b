"""How probable it is that each place is out: the chain over all signals, and the outages that follow from it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import exp, log
from typing import Any, NamedTuple

import numpy as np

from detectors.chain import QUIET_DAY, UP, Chain, leave_one_out
from detectors.levels import FINE, OUT
from detectors.model import YEAR, Model
from pipeline.fusion.kinds import HALF, Network, kind

from pipeline.fusion.life import BESIDE, CONFIRMED, DIGITS, NETWORKS, OPEN, PRIOR, SUSPECTED, TOLD  # isort: skip
from pipeline.fusion.life import Life, Seen, Turned, probability
from pipeline.fusion.likeness import DAYS, OF_DAY, OF_PARTS
from pipeline.fusion.places import Days, Places
from pipeline.kinds import ROUTES, kind_of
from pipeline.records import DAILY, PARTS, Entity, Left, Outage, Term, Verdicts
from pipeline.settings import Settings

SHUTDOWNS = 182 / (182 + 729)
"""Share of all outages of countries that were shutdowns [0-1] (SIGCOMM 2023, REFERENCE 2): of the others a day of the
calendar brings no more."""

REMEMBERED = 6 * 24 * 3600
"""How long an onset is [s]: a series of shutdowns goes on after one to four days."""

MOST = 8000
"""So many open outages are told of in the message that ends a run [-]: confirmed ones first, the deepest first."""

NONE = 1e-9
"""Rate of what does not happen [1/year]."""

FROM, TO = 0, 1

MOST_SURE = 20.0
"""Evidence of one network counts as at most that [log-odds]: its logarithm is taken."""

OFF_BY_ITSELF = 1
"""State of a signal in `Chain.signal`: the series fails, and not the place."""


def of_day(kind: str) -> float:
    """How much likelier an outage of a country begins on a day that matters [log-odds].

    Examples
    --------
    >>> [round(of_day(kind), 2) for kind in ("election", "protest", "coup")]
    [1.38, 0.96, 4.06]
    """
    return log(1 - SHUTDOWNS + SHUTDOWNS * exp(DAYS[kind]))


def throttling(model: Model) -> Model:
    """The model of a chain of daily means: a place is throttled, or it is not."""
    return replace(
        model, outage_rate=model.throttle_rate, outage_hours=model.throttle_hours,
        change_rate=NONE,
    )  # fmt: skip


class Turn(NamedTuple):
    """Bin ``at`` of a frame, which ends at ``end`` [s], and whose turn has come."""

    verdicts: Verdicts
    at: int
    end: int


class Signal(NamedTuple):
    """One signal by one detector: its name and bin width [s], and its place in the chain that takes it."""

    name: str
    detector: str
    width: int
    place: int

    @property
    def term(self) -> str:
        """The name of its term."""
        prefix, suffix = OF_PARTS * (self.detector == PARTS), (BESIDE + DAILY) * self.is_slow
        return prefix + self.name + suffix

    @property
    def is_slow(self) -> bool:
        """Whether it is of daily means."""
        return self.detector == DAILY


COLUMNS: dict[str, tuple[type, float, tuple[int, ...]]] = {
    "left": (np.float64, 1.0, ()),  # share of the expected: of this bin, or of all that was seen if that is more [-]
    "ratio": (np.float64, np.nan, ()),  # of the value and what was expected [-]
    "score": (np.float64, np.nan, ()),  # in robust standard deviations
    "health": (np.float64, np.nan, ()),  # share of healthy sources [0-1]
    "seen": (np.int64, 0, ()),  # end of the last bin that said anything [s]
    "young": (np.bool_, False, ()),  # whether it is observed, and not known long enough
    "fall": (np.float64, 0.0, ()),  # evidence that it fell, since there was none [log-odds]
    "fell": (np.int64, 0, (2,)),  # end of what was seen before the first bin of that, and of that bin [s]
    "rise": (np.float64, 0.0, ()),  # the same of a return
    "rose": (np.int64, 0, (2,)),
}


class Belief:
    """What is believed of all places of one run in one fusion partition, and their open outages.

    State changes by bins in order of their ends alone: how many of them come at once makes no difference.

    ``main``, ``slow``: the chain of all signals, and that of daily means; ``columns``: see `COLUMNS`, ``(n, k)``;
    ``pulls (n,)``: probability that a country has gone out, and not yet taken its parts along; ``over (n,)``: when the
    last confirmed outage of each place ended [s]; ``past``: by row, onsets of the last days [s].
    """

    def __init__(self, tense: str, settings: Settings) -> None:
        self.tense, self.settings, self.model = tense, settings, settings.model
        self.almanac = settings.calendar.almanac
        self.enough, self.suspect = (log(p / (1 - p)) for p in (self.model.confirm, self.model.suspect))
        self.places, self.signals = Places(), dict[tuple[str, str], int]()
        self.each: list[Signal] = []
        self.days = Days(self.almanac, {kind: of_day(kind) for kind in DAYS})
        self.main, self.slow = Chain(self.model), Chain(throttling(self.model))
        self.columns = dict[str, np.ndarray]()
        self._widen(0, 0)
        self.pulls, self.over = np.zeros(0), np.zeros(0, np.int64)
        self.lives: dict[int, Life] = {}
        self.past: dict[int, list[int]] = {}

    @property
    def entities(self) -> list[Entity]:
        """Every entity, in the order in which it came."""
        return self.places.entities

    def see(self, turns: Sequence[Turn]) -> list[list[Outage]]:
        """Take in bins in order of their ends; what follows from those that end together comes with the last one."""
        told: list[list[Outage]] = []
        for end, group in groupby(turns, key=lambda turn: turn.end):
            own = list(group)
            told += [[] for _ in own[1:]] + [self._see(end, own)]
        return told

    def _see(self, end: int, turns: Sequence[Turn]) -> list[Outage]:
        entered = [(self.places.frame(turn.verdicts.entities), self._signal(turn)) for turn in turns]
        self._grow()
        before, was = self.main.now, self.main.probability()
        for chain, is_slow in ((self.main, False), (self.slow, True)):
            widths = [self.each[j].width for _, j in entered if self.each[j].is_slow == is_slow]
            if widths:
                self._predict(chain, end, min(widths))
        observed = np.zeros(len(self.places), np.bool_)
        for turn, (rows, j) in zip(turns, entered, strict=True):
            observed[self._take(turn, rows, j)] = True
        self._pull(was, 0 if before is None or self.main.now is None else self.main.now - before)
        self.main.settle()
        self.slow.settle()
        return self._go_on(end, min(turn.verdicts.width for turn in turns), observed)

    def _signal(self, turn: Turn) -> int:
        """The column of a signal by a detector."""
        name, detector = turn.verdicts.signal, turn.verdicts.detector
        detector = detector if detector in (PARTS, DAILY) else ""
        if (name, detector) not in self.signals:
            chain = self.slow if detector == DAILY else self.main
            self.signals[name, detector] = len(self.each)
            self.each.append(Signal(name, detector, turn.verdicts.width, chain.add(kind_of(name))))
        return self.signals[name, detector]

    def _grow(self) -> None:
        """Room for new places and signals."""
        n, k = len(self.places), len(self.each)
        if self.columns["ratio"].shape == (n, k):
            return
        self.main.grow(n)
        self.slow.grow(n)
        self._widen(n, k)
        more_places = (0, n - len(self.pulls))
        self.pulls, self.over = np.pad(self.pulls, more_places), np.pad(self.over, more_places)

    def _widen(self, n: int, k: int) -> None:
        for name, (dtype, fill, more) in COLUMNS.items():
            had = self.columns.get(name)
            self.columns[name] = np.full((n, k, *more), fill, dtype)
            if had is not None:
                self.columns[name][: had.shape[0], : had.shape[1]] = had

    def _predict(self, chain: Chain, end: int, width: int) -> None:
        """Let time pass in a chain: what was seen of a place fades, as far as it may have changed since, and so do its
        terms."""
        was, usual = log_odds(chain), log(chain.model.outage_rate / YEAR)
        usual += log(chain.model.outage_hours)
        self._step(chain, end, width)
        with np.errstate(all="ignore"):
            left = np.clip((log_odds(chain) - usual) / (was - usual), 0.0, 1.0)
        chain.terms *= np.where(was > usual, left, 1.0)[:, None]

    def _step(self, chain: Chain, end: int, width: int) -> None:
        self.days.at(self.places, end - width // 2)
        if chain is self.slow:
            chain.predict(end, self.days.kind)
            return
        since = 0 if chain.now is None else end - chain.now
        share = self.model.fallen * (1 - exp(-since / 3600 / self.model.stagger_hours))
        pull = np.where(self.days.whole >= 0, self.pulls[self.days.whole], 0.0) * share
        chain.predict(end, self.days.kind, self.days.factor, pull)

    def _pull(self, was: np.ndarray, since: int) -> None:
        """Let what a country has taken along go, and what has gone out pull, after so long [s]."""
        now = self.main.probability()
        left = self.pulls * exp(-since / 3600 / self.model.stagger_hours)
        self.pulls = np.minimum(now, left + np.maximum(now - was, 0))

    def _take(self, turn: Turn, rows: np.ndarray, j: int) -> np.ndarray:
        """Take in a bin of a signal; the rows of those of which it says anything."""
        verdicts, at, signal = turn.verdicts, turn.at, self.each[j]
        likelihood = verdicts.likelihood[at]
        says = np.isfinite(likelihood[:, 0])
        self.columns["young"][rows, j] = ~says & (verdicts.value[at] > 0)
        if not says.any():
            return rows[:0]
        chosen = slice(None) if says.all() else says
        rows, likelihood = rows[chosen], likelihood[chosen].astype(np.float64)
        chain = self.slow if signal.is_slow else self.main
        chain.see(signal.place, rows, likelihood)
        with np.errstate(all="ignore"):
            expected = verdicts.expected[at][chosen]
            ratio = np.where(expected > 0, verdicts.value[at][chosen] / expected, np.nan)
        own = {"ratio": ratio, "score": verdicts.score[at][chosen], "health": verdicts.health[at][chosen]}
        own["left"] = np.fmax(ratio, verdicts.left[at][chosen])
        for name, values in own.items():
            self.columns[name][rows, j] = values
        with np.errstate(divide="ignore"):
            fell = np.log(likelihood[:, OUT]) - np.log(likelihood[:, FINE])
        before = np.maximum(self.columns["seen"][rows, j], 0)
        before = np.where(before > 0, np.minimum(before, turn.end - signal.width), turn.end - signal.width)
        for name, since, weight in (("fall", "fell", fell), ("rise", "rose", -fell)):
            was = self.columns[name][rows, j]
            self.columns[name][rows, j] = now = np.clip(was + weight, 0.0, self.enough)
            new = (was == 0) & (now > 0)
            self.columns[since][rows[new], j] = np.stack([before[new], np.full(int(new.sum()), turn.end)], 1)
        self.columns["seen"][rows, j] = turn.end
        return rows

    def _go_on(self, end: int, width: int, observed: np.ndarray) -> list[Outage]:
        """Let the outages go on of the places that were observed: those of parts before those of their countries, as
        the kind of these depends on them; then tell what is new, of countries first."""
        own = np.flatnonzero(observed)
        homes = self.days.whole[own] if len(self.days.whole) else own[:0]
        observed[homes[homes >= 0]] = True  # a country goes on with its networks
        moments = Moments(self, end, width)
        likely = np.maximum(moments.main.odds, moments.slow.odds) >= self.suspect
        rows = {*np.flatnonzero(observed & likely).tolist(), *(row for row in self.lives if observed[row])}
        if not rows:
            return []
        order = sorted(rows, key=lambda row: self.places[row][:2])
        wholes = [row for row in order if self.places[row].type == "country"]
        parts = [row for row in order if self.places[row].type != "country"]
        for row in parts + wholes:
            self._advance(row, moments)
        for row in parts:
            whole = self.places.whole(row)
            if whole is not None and self._is_sure(whole):
                self.lives[row].part_of = self.lives[whole].id
        told = [self.lives[row].revise(self.settings.telling, self.almanac) for row in wholes + parts]
        for row in rows:
            self._close(row)
        return [outage for outage in told if outage is not None]

    def networks(self) -> np.ndarray:
        """What the networks of each country say for its outage ``(n,)`` [log-odds], each by its own signals alone:

            sum_i log( f L_i + 1 - f ) - log( p L_i + 1 - p )        L_i Bayes factor of network i, p its base rate

        An outage of the country takes along a share f of them.  They never say that it is up: it may be out elsewhere.
        """
        told = np.zeros(len(self.places))
        rows = self.days.networks
        if not len(rows):
            return told
        factor = np.exp(np.clip(self.main.terms[rows].sum(1), -MOST_SURE, MOST_SURE))
        factor[self.main.probability()[rows] < self.model.suspect] = 0.0  # it is not out, whatever it was
        fallen, base = self.model.fallen, self.model.outage_rate * self.model.outage_hours / YEAR
        each = np.log(fallen * factor + 1 - fallen) - np.log(base * factor + 1 - base)
        seen = (self.columns["seen"][rows] > 0).any(1)
        np.add.at(told, self.days.whole[rows], np.where(seen, each, 0.0))
        return np.maximum(told, 0.0)

    def _is_sure(self, row: int) -> bool:
        """Whether a place has an outage that is confirmed, and not recovering."""
        return row in self.lives and self.lives[row].state == CONFIRMED

    def _advance(self, row: int, moments: "Moments") -> None:
        """Let the outage of a place go on, or begin."""
        main, slow = moments.main.odds[row], moments.slow.odds[row]
        by_main = main >= self.suspect
        if row not in self.lives:
            self.lives[row] = Life.begin(
                self.places[row], self.tense, moments.seen(row, not by_main), int(self.over[row]), slow=not by_main,
                day=self.days.matters.get(row, ""), before=tuple(self.past.get(row, ())),
            )  # fmt: skip
        life = self.lives[row]
        by_slow = bool(slow > main) and probability(slow) >= self.model.suspect
        seen = moments.seen(row, by_slow, life.terms)
        takes, worse = life.takes(seen.odds), life.advance(seen, self.model)
        life.networks = max(life.networks, self._networks(row, life))
        if life.state not in (SUSPECTED, CONFIRMED):
            return
        turns, life.slow = by_slow != life.slow, by_slow
        if takes or worse or turns:
            life.kind = self._kind(row, life, moments.slow if by_slow else moments.main)
        if takes or turns:
            terms = moments.terms(row, by_slow, life.day)
            life.explain(seen.odds, terms, moments.held_by(row, by_slow, terms))

    def _kind(self, row: int, life: Life, moment: "Moment") -> str:
        seen, slow, stealth = self.columns["seen"][row] > 0, moment.chain is self.slow, float(moment.stealth[row])
        heard = [s for j, s in enumerate(self.each) if s.is_slow == slow and seen[j]]
        weight = {s: moment.chain.terms[row, s.place] for s in heard}
        stays = {
            s for s in heard if kind_of(s.name) == ROUTES and stealth > HALF
        }  # though that is evidence for stealth
        down = [kind_of(s.name) for s in heard if s not in stays and weight[s] > 0]
        up = [kind_of(s.name) for s in heard if s in stays or weight[s] <= -TOLD]
        networks = [
            Network(
                self.places[part].mobile, part in self.lives and self.lives[part].state in OPEN, self._is_sure(part)
            )
            for part in self.places.of(row, "asn")
        ]
        return kind(
            self.places[row], down, up, life.severity, stealth,
            slow=life.slow and life.severity <= self.model.throttle_most, networks=networks,
            only_parts=all(signal.detector == PARTS for signal in heard),
        )  # fmt: skip

    def _networks(self, row: int, life: Life) -> float:
        """Share of a country's networks that went out with it, or were confirmed with it [0-1]; one by itself is no
        company."""
        near, parts = max(self.model.stagger_hours * 3600, life.finest), self.places.of(row, "asn")
        each = [self.lives[part] for part in parts if self._is_sure(part)]
        apart = [(one.start - life.start, (one.confirmed_at or 0) - (life.confirmed_at or 0)) for one in each]
        out = sum(min(map(abs, two)) <= near for two in apart)
        return out / len(parts) if out > 1 else 0.0

    def _close(self, row: int) -> None:
        """Let go of an outage that was told to be over."""
        life = self.lives[row]
        if life.state in OPEN:
            return
        del self.lives[row]
        if life.confirmed_at is None:
            return
        self.over[row] = life.end or life.at
        self.past[row] = [at for at in self.past.get(row, ()) if life.at - at < REMEMBERED] + [life.start]

    def left(self) -> tuple[Left, ...]:
        """The last bins of the signals that are evidence for each open outage, the heaviest first."""
        most = sorted(self.lives.items(), key=lambda one: (one[1].confirmed_at is None, -one[1].severity))[:MOST]
        return tuple(told for row, life in most for told in self._left(row, life))

    def _left(self, row: int, life: Life) -> Iterator[Left]:
        columns, told = {s.term: (j, s) for j, s in enumerate(self.each)}, set[str]()
        for term in sorted(life.terms, key=lambda term: (-term.weight, term.signal)):
            if term.weight > 0 and term.signal in columns:
                j, signal = columns[term.signal]
                own = columns.get(signal.name)  # its own series tells better than that of its parts
                if own and np.isfinite(self.columns["ratio"][row, own[0]]):
                    j, signal = own
                end, ratio = int(self.columns["seen"][row, j]), float(self.columns["ratio"][row, j])
                if signal.name not in told and np.isfinite(ratio):
                    told.add(signal.name)
                    yield Left(life.id, signal.name, end - signal.width, end, round(ratio, DIGITS))

    def copy(self) -> "Belief":
        """Another one that goes on from here, and leaves this one as it is."""
        other = Belief(self.tense, self.settings)
        other.places, other.signals, other.each = self.places.copy(), dict(self.signals), list(self.each)
        other.main, other.slow = self.main.copy(), self.slow.copy()
        other.columns = {name: column.copy() for name, column in self.columns.items()}
        other.pulls, other.over = self.pulls.copy(), self.over.copy()
        other.lives = {row: replace(life) for row, life in self.lives.items()}
        other.past = {row: list(starts) for row, starts in self.past.items()}
        return other

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        lives = [(row, life.save()) for row, life in self.lives.items()]
        head = (self.places.entities, self.each, self.main.save(), self.slow.save(), lives, list(self.past.items()))
        arrays = self.columns | {"pulls": self.pulls, "over": self.over}
        for name, chain in (("main", self.main), ("slow", self.slow)):
            arrays |= {f"{name}.{array}": getattr(chain, array) for array in Chain.ARRAYS}
        return head, arrays

    def load(self, head: Any, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, each, main, slow, lives, past = head
        for entity in entities:
            self.places.enter(Entity(*entity))
        self.each = [Signal(*signal) for signal in each]
        self.signals = {(signal.name, signal.detector): j for j, signal in enumerate(self.each)}
        for name, chain, own in (("main", self.main, main), ("slow", self.slow, slow)):
            chain.load(own, {array: arrays[f"{name}.{array}"] for array in Chain.ARRAYS})
        self.columns = {name: np.array(arrays[name]) for name in COLUMNS}
        self.pulls, self.over = np.array(arrays["pulls"]), np.array(arrays["over"])
        self.lives = {row: Life.load(life) for row, life in lives}
        self.past = {row: list(starts) for row, starts in past}


def log_odds(chain: Chain) -> np.ndarray:
    """Log-odds that each place is out ``(n,)``."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(chain.odds[:, 2:].sum(1)) - np.log(chain.odds[:, :2].sum(1)))


class Moment:
    """What one chain says of every place at a moment: ``odds`` that it is out, so much of it from its ``networks``
    [log-odds], and P(``stealth`` | out)."""

    def __init__(self, chain: Chain, networks: np.ndarray | None = None) -> None:
        self.networks = np.zeros(len(chain)) if networks is None else networks
        self.chain, self.odds = chain, log_odds(chain) + self.networks
        self.stealth = chain.stealth()


class Moments:
    """How places look in bins that end ``at`` and of which the narrowest has a ``width`` [s]."""

    def __init__(self, belief: Belief, at: int, width: int) -> None:
        self.belief, self.at, self.width = belief, at, width
        self.main, self.slow = Moment(belief.main, belief.networks()), Moment(belief.slow)

    def _evidence(self, row: int, slow: bool) -> list[tuple[int, Signal, float]]:
        """Columns and signals that said anything of a place, and the weight of each [log-odds]."""
        terms, seen = (self.slow if slow else self.main).chain.terms[row], self.belief.columns["seen"][row]
        each = enumerate(self.belief.each)
        return [(j, s, float(terms[s.place])) for j, s in each if s.is_slow == slow and seen[j]]

    def seen(self, row: int, slow: bool, told: Sequence[Term] = ()) -> Seen:
        """How a place looks, of which these terms were ``told`` last.

        The onset is where evidence began to add up in the signal that is the heaviest evidence; the end, where it began
        to do so against it in the one that was told as the heaviest (Page 1954: the change point of one signal).
        """
        moment, columns = self.slow if slow else self.main, self.belief.columns
        every = self._evidence(row, slow)
        its, names = (
            [one for one in every if one[2] > 0],
            {term.signal: term.weight for term in told if term.weight > 0},
        )
        fell = self._turn("fell", row, max(its, key=lambda one: one[2], default=None))
        back_ones = [one for one in every if one[1].term in names]
        rose = self._turn("rose", row, max(back_ones, key=lambda one: names[one[1].term], default=None))
        lost = [(min(weight, TOLD), max(1 - float(columns["left"][row, j]), 0.0)) for j, _, weight in its]
        whole = sum(weight for weight, _ in lost)
        loss = sum(weight * share for weight, share in lost) / whole if whole else 0.0
        networks = self.belief.places.of(row, "asn") if whole < TOLD else []
        if networks:  # they alone show it
            lives = [self.belief.lives[part] for part in networks if part in self.belief.lives]
            loss = max(loss, sum(life.depth for life in lives if life.state in OPEN) / len(networks))
        widths = [s.width for _, s, _ in its]
        return Seen(
            self.at, self.width, float(moment.odds[row]), fell, rose, float(loss), min(widths, default=0)
        )  # fmt: skip

    def _turn(self, name: str, row: int, one: tuple[int, Signal, float] | None) -> Turned:
        """When a signal fell or rose; where there is none, in the last bin."""
        if one is None or not (turn := self.belief.columns[name][row, one[0]])[TO]:
            return Turned(self.at - self.width, self.at - self.width, self.at)
        return Turned(int(turn[TO]) - one[1].width, int(turn[FROM]), int(turn[TO]))

    def terms(self, row: int, slow: bool, day: str) -> tuple[Term, ...]:
        """The terms of P(out) of a place, in order of their names; they add up to its log-odds.  A signal that was
        observed since the onset has one, though it may weigh nothing."""
        of = {name: self.belief.columns[name][row] for name in ("ratio", "score", "health", "seen")}
        since = max((self.belief.columns["fell"][row, j, TO] for j, *_ in self._evidence(row, slow)), default=0)
        found = [
            Term(s.term, _told(of["ratio"][j]), _told(of["score"][j]), round(weight, 2), _told(of["health"][j]) or 0.0)
            for j, s, weight in self._evidence(row, slow) if round(weight, 2) or of["seen"][j] > since
        ]  # fmt: skip
        if day and not slow:
            found.append(Term(OF_DAY + day, None, None, round(of_day(day), 2), 1.0))
        odds = float((self.slow if slow else self.main).odds[row])
        if not slow and (weight := round(float(self.main.networks[row]), 2)):
            found.append(Term(NETWORKS, None, None, weight, 1.0))
        rest = round(odds - sum(term.weight for term in found), 2)
        return tuple(sorted([*found, Term(PRIOR, None, None, rest, 1.0)], key=lambda term: term.signal))

    def held_by(self, row: int, slow: bool, terms: Sequence[Term]) -> str:
        """What holds back the confirmation of a suspicion; '' where nothing that can be named does."""
        model, moment = self.belief.model, self.slow if slow else self.main
        its = self._evidence(row, slow)
        for_it = [(j, s) for j, s, weight in its if weight > 0]
        kinds = {kind_of(s.name) for _, s in for_it}
        young = self.belief.columns["young"][row]
        if len(kinds) <= 1 and any(young[j] for j, s in enumerate(self.belief.each) if s.is_slow == slow):
            return "too little past"
        if moment.chain.odds[row, QUIET_DAY] > moment.chain.odds[row, UP]:
            return "quiet day"
        if any(self.belief.columns["health"][row, j] < 1 - model.least for j, _ in for_it):
            return "feed unhealthy"
        own = [term.weight for term in terms if not term.signal.startswith((PRIOR, NETWORKS, OF_DAY))]
        heaviest = max(own, default=0.0)
        if len(kinds) <= 1 or leave_one_out(probability(moment.odds[row]), [heaviest])[0] < model.suspect:
            return "one signal only"
        off = [moment.chain.signal[UP, OFF_BY_ITSELF, row, s.place] for _, s in for_it]
        return "feed unhealthy" if off and max(off) > HALF else ""


def _told(value: float) -> float | None:
    """For JSON: three digits, None where there is no value."""
    return None if np.isnan(value) else round(float(value), DIGITS)
