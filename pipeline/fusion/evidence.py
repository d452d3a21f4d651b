"""What verdicts weigh: named, bounded log-odds terms, and the kind of an outage that they add up to."""

from collections.abc import Collection, Container, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN, Detector, is_low
from pipeline.kinds import ROUTES, kind_of
from pipeline.records import Entity, Term
from pipeline.settings import Fusing


def ratios(value: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Value as a share of what was expected; NaN where nothing (or nothing above zero) was."""
    with np.errstate(all="ignore"):
        return np.where(expected > 0, value / expected, np.nan)


def filled(values: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """The values, with another where nothing was observed."""
    return np.where(np.isnan(values), fill, values)


def rounded(value: float) -> float | None:
    """For JSON: three digits, None where there is no value."""
    return None if np.isnan(value) else round(value, 3)


def losses(ratio: np.ndarray) -> np.ndarray:
    """Share that is lost of what was expected [0-1], 0 where that is not known.

    Examples
    --------
    >>> losses(np.array([0.25, 1.5, np.nan])).tolist()
    [0.75, 0.0, 0.0]
    """
    return np.minimum(np.fmax(1 - ratio, 0), 1)


class Said(NamedTuple):
    """What is said of n entities in one bin of a signal that starts at ``start`` [s]; arrays ``(n,)``, in a `Block`
    ``(n, k)`` and in a `pipeline.fusion.spells.Spell` ``(t, n)``.

    By a detector beside the first where the ``signal`` has a `BESIDE`.
    """

    signal: str
    start: int
    entities: tuple[Entity, ...]
    value: np.ndarray
    expected: np.ndarray
    score: np.ndarray
    state: np.ndarray
    health: np.ndarray

    @property
    def observed(self) -> np.ndarray:
        """Of whom there is a value that counts, though the detector may say nothing of it."""
        return np.asarray((self.state != UNKNOWN) | ((self.value >= 0) & (self.health >= Detector.quorum)))

    def and_of(self, other: "Said") -> "Said":
        """This, and what is said of other entities in the same bin."""
        columns = (np.concatenate(pair) for pair in zip(self[3:], other[3:], strict=True))
        return Said(self.signal, self.start, self.entities + other.entities, *columns)


class Block(NamedTuple):
    """What k signals say of n entities in bins that begin and end together: the columns of ``said`` are ``(n, k)``.

    ``rows (n,)`` and ``signals``: where these stand; ``is_open (n, 1) bool``: who has an open outage.
    """

    said: Said
    rows: np.ndarray | slice
    signals: slice
    is_open: np.ndarray

    @classmethod
    def of(cls, each: Sequence[Said], rows: np.ndarray | slice, first: int, is_open: np.ndarray) -> "Block":
        """What each of these signals says, which stand one after the other from the ``first`` on."""
        columns = (np.array(column).T for column in zip(*(said[3:] for said in each), strict=True))
        said = Said("", each[0].start, each[0].entities, *columns)
        return cls(said, rows, slice(first, first + len(each)), is_open[:, None])

    @property
    def places(self) -> range:
        """Where each signal stands."""
        return range(self.signals.start, self.signals.stop)


NEARLY_ALL = 0.9
"""Routes of which more is left stand, though they look low: what is cut off lies elsewhere [0-1]."""

BESIDE = "/"
"""Stands between a signal and a detector beside the first, in the name of their term: ``traffic.radar/cusum``."""


AMISS = 50.0
"""So many times what is usual no place has: a feed that shows it has gone wrong, as into another unit [-]."""


def amiss(value: np.ndarray, expected: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Which values are `AMISS`, arrays of one shape.

    Examples
    --------
    >>> amiss(np.array([9.0, 60.0, 60.0]), np.array([1.0, 1.0, 0.0]), np.array([HIGH, HIGH, HIGH])).tolist()
    [False, True, False]
    """
    high = state == HIGH
    return high & (expected > 0) & (value / AMISS >= expected) if high.any() else high


NO_WITNESS = 2.0
"""What its noise alone does once in fifty bins does not show that all is well [robust standard deviations]."""


def weights(
    said: Said, lost: np.ndarray, says: np.ndarray, slow: np.ndarray, settings: Fusing
) -> np.ndarray:  # fmt: skip
    """Log-odds ``(..., n)``, or ``(n, k)`` of k signals, that a bin speaks for (positive) or against an outage; 0 where
    nothing is known.

    Parameters
    ----------
    lost
        See `losses`, as many [0-1].
    says, slow
        How much a signal says of a return [log-odds], and whether it is one of a detector beside the first: of one
        signal, or of each ``(k,)``.

    Notes
    -----
    A low verdict weighs its score [robust standard deviations], in proportion to its depth up to
    ``settings.full_depth``, and half while it is provisional; a verdict at or above normal weighs against, but for one
    that lacks ``settings.full_depth`` and is by `NO_WITNESS` deviations below, or is `AMISS`: that stands for nothing.
    One of a detector beside the first weighs no score, and nothing while it is not low, or where nothing is lost.
    """
    state = said.state
    full = settings.per_deviation * np.abs(filled(said.score)) * np.minimum(1, lost / settings.full_depth)
    low = np.minimum(settings.cap, np.where(state == LOW_PROVISIONAL, full / 2, full))
    mute = (state == UNKNOWN) | ((lost >= settings.full_depth) & (filled(said.score) <= -NO_WITNESS))
    mute |= amiss(said.value, said.expected, state)
    if slow.any():
        sure = np.minimum(settings.cap, np.where(state == LOW_CONFIRMED, settings.slow_confirmed, settings.slow_low))
        low, mute = np.where(slow & (lost > 0), sure, np.where(slow, 0.0, low)), mute | slow
    return np.where(is_low(state), low, np.where(mute, 0.0, -says))


def log_odds(
    prior: np.ndarray, terms: np.ndarray, signals: list[str], settings: Fusing, lifts: np.ndarray | float = np.inf
) -> np.ndarray:
    """Prior plus all terms ``(n, s)``; what signals of one kind say for an outage shares one cap, and what all say
    against it another one, which lifts the sum up to ``lifts (n,)`` [log-odds], see `pipeline.fusion.holding.lifted`.

    Examples
    --------
    >>> log_odds(np.array([-4.0]), np.array([[9.0, 8.0, -2.0]]), ["bgp.ris", "bgp.ioda", "traffic.radar"], Fusing())
    array([3.])
    >>> stand = ["probing.ioda", "probing.other", "ooni.web"]
    >>> log_odds(np.array([-4.0]), np.array([[9.0, -2.0, -2.0, -1.0]]), ["traffic.radar", *stand], Fusing())
    array([1.])
    """
    against, up = np.minimum(terms, 0).sum(axis=1), np.maximum(terms, 0)
    total, least = prior + against, np.maximum(against, settings.normal_most)
    for own in _by_kind(tuple(signals)):
        total = total + np.minimum(settings.cap, up[:, own[0]] if len(own) == 1 else up[:, own].sum(axis=1))
    return np.maximum(total, np.minimum(total - against + least, lifts))


@lru_cache(maxsize=64)
def _by_kind(signals: tuple[str, ...]) -> list[list[int]]:
    """The places of the signals of each kind."""
    kinds = [kind_of(signal) for signal in signals]
    return [[i for i, k in enumerate(kinds) if k == kind] for kind in sorted(set(kinds))]


def probability(odds: np.ndarray) -> np.ndarray:
    """Probability of log-odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -40, 40)))


def kind_of_outage(
    down: dict[str, float], up: Collection[str], severity: float, networks: Iterable[tuple[bool, bool]],
    only_networks: bool = False,
) -> str:  # fmt: skip
    """The kind of an outage (DESIGN section 5).

    Parameters
    ----------
    down
        Kind of signal -> share that is left, for those that are low [0-1].  Routes of which nearly all are left stand.
    up
        Kinds of signal that are normal.
    severity
        Share of the baseline lost [0-1].
    networks
        ``(is mobile, is out)`` of each network of the country that is watched.
    only_networks
        Nothing but these shows the country: where all of them are mobile, nobody knows of the fixed lines.

    Examples
    --------
    >>> kind_of_outage({"traffic": 0.4}, ["bgp"], 0.6, [(True, True), (False, False)])
    'mobile'
    >>> kind_of_outage({"bgp": 0.0, "traffic": 0.1}, [], 0.95, [])
    'blackout'
    >>> kind_of_outage({"probing": 0.1}, ["bgp"], 0.9, [])
    'stealth'
    >>> kind_of_outage({"probing": 0.1, "bgp": 0.97}, [], 0.9, [])
    'stealth'
    """
    networks = list(networks)
    out = [mobile for mobile, is_out in networks if is_out]
    fixed = [is_out for mobile, is_out in networks if not mobile]
    if out and all(out) and (not all(fixed) if fixed else only_networks):
        return "mobile"
    if severity < 0.5:
        return "partial"
    if ROUTES in down and not routes_stand(down, up):
        return "blackout" if not set(up) - {ROUTES} else "partial"
    if routes_stand(down, up):
        return "stealth" if severity >= 0.7 and down.keys() - {ROUTES} else "partial"
    return "unknown"


def routes_stand(down: dict[str, float], up: Container[str]) -> bool:
    """Whether routes are normal, or nearly all are left; `kind_of_outage` has the parameters."""
    return down[ROUTES] > NEARLY_ALL if ROUTES in down else ROUTES in up


class Evidence(NamedTuple):
    """What the signals say of one entity in one bin; lists are by signal.

    ``chance`` of an outage [0-1]; ``onset``: when the first of the strong witnesses fell [s], ``dated`` where it was
    judged just before; ``severity``: share of the baseline that the low ones lost [0-1]; ``confirmed``: one of them is
    confirmed low; ``gravity``: how heavy the evidence is times how much is lost.  Of the strong witnesses that the
    outage ever had: ``calm_from`` when the last one returned [s], 0 while none has, and ``width`` and ``finest``, the
    widest and the narrowest of their bins [s].  ``waits``: a witness was low when it was last observed;
    ``weight``: none against it of what was seen before the onset.
    """

    chance: float
    onset: int
    dated: bool
    severity: float
    confirmed: bool
    gravity: float
    calm_from: int
    width: int
    finest: int
    waits: bool
    weight: list[float]
    ratio: list[float]
    score: list[float]
    health: list[float]

    def with_told(self, told: Sequence[Term], signals: Sequence[str]) -> "Evidence":
        """The evidence in which what was told of a signal stands, and what was not is added."""
        known: dict[str, Term] = {term.signal: term for term in told}
        columns: dict[str, Any] = {}
        for name in ("weight", "ratio", "score", "health"):
            own = [
                getattr(known[s], name) if s in known else now
                for s, now in zip(signals, getattr(self, name), strict=True)
            ]
            columns[name] = [np.nan if value is None else value for value in own]
        return self._replace(**columns)

    def without(self, those: Container[str], signals: Sequence[str]) -> "Evidence":
        """The evidence in which ``those`` signals say nothing."""
        columns = zip(signals, self.weight, strict=True)
        return self._replace(weight=[0.0 if signal in those else weight for signal, weight in columns])

    def named(self, signals: Sequence[str]) -> list[Term]:
        """The terms that weigh."""
        columns = zip(signals, self.weight, self.ratio, self.score, self.health, strict=True)
        return [
            Term(signal, rounded(ratio), rounded(score), round(weight, 2), round(health, 3))
            for signal, weight, ratio, score, health in columns
            if weight
        ]


def strong_ones(weight: np.ndarray) -> np.ndarray:
    """The witnesses ``(n, s)`` that weigh at least half of the heaviest."""
    return (weight > 0) & (weight >= weight.max(axis=1, keepdims=True) / 2)


def speaking(terms: Iterable[Term]) -> list[Term]:
    """The terms that speak for an outage, the heaviest first; of a signal's detectors only the one that says most."""
    found: dict[str, Term] = {}
    for term in sorted(terms, key=lambda term: (-term.weight, term.signal)):
        if term.weight > 0:
            found.setdefault(term.signal.partition(BESIDE)[0], term)
    return list(found.values())
