"""Common mode: what moves every series of a feed at once is the feed (a peer, a collector), not a country.

A collector that loses a peer, or a prober that loses a site, counts everybody lower in the same bin and by the same
share.  No shutdown does: it spares other countries, and inside of one it meets each network differently.  A small move
is divided out; a large one of many countries (half of the senders gone, another unit, zeros for all) is a feed of which
nothing can be said.
"""

from typing import NamedTuple

import numpy as np

from detectors.base import Verdict
from pipeline.kinds import ROUTES, kind_of
from pipeline.records import Entity
from pipeline.settings import Judging

MEDIAN_ERROR = 1.25
"""Standard error of a median of n values, in deviations over the root of n: sqrt(pi / 2) [-]."""

SPREAD = 3.0
"""Series that moved alike are within so many standard deviations of each other [-]."""

MANY, EXACTLY = 20, 0.02
"""Four fifths of so many countries never fall together but with their feed; of fewer all may hang on one cable, which
leaves each of them another share: their shares must be the same, but for noise or so much [countries], [0-1]."""


APART = 3
"""Of so many countries no cut takes the same share of every network's routes, unless it is all [countries]."""

NOBODY = Entity("", "", "")
"""Has no vote."""

NEVER_AGAIN = 2**62
"""Behind the last bin of any frame."""


class Votes(NamedTuple):
    """Who has a say: entity ``rows (m,) intp`` in order of their ``voter (m,) intp``, of which there are ``number``.

    ``countries``: whether the voters are countries, and not the networks of few; ``home (m,) intp``: of which country
    each entity is, -1 of none that is known.
    """

    rows: np.ndarray
    voter: np.ndarray
    number: int
    countries: bool
    home: np.ndarray

    @property
    def apart(self) -> bool:
        """Whether they are of countries enough that no cut makes all of them fall alike."""
        return self.countries or len(np.unique(self.home[self.home >= 0])) >= APART

    def by_country(self) -> "Votes":
        """The same, with one vote for each country."""
        order = np.argsort(self.home, kind="stable")
        order = order[self.home[order] >= 0]
        return self._replace(rows=self.rows[order], voter=self.home[order], home=self.home[order])

    def counts(self, known: np.ndarray) -> np.ndarray:
        """What each known entity counts, of ``known (m,) bool``: those of one voter add up to one."""
        voter = self.voter[known]
        return 1 / np.bincount(voter)[voter] if len(voter) else np.zeros(0)

    def voting(self, known: np.ndarray) -> int:
        """How many voters have anybody known."""
        return int(np.count_nonzero(np.bincount(self.voter[known])))

    def share(self, side: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Votes for a side ``(t,)`` and voters there are ``(t,)``, of ``side, known (t, m) bool``."""
        begins = np.flatnonzero(np.diff(self.voter, prepend=-1))
        those, all_ = (np.add.reduceat(a.astype(np.float64), begins, axis=1) for a in (side & known, known))
        return np.where(all_ > 0, those / np.maximum(all_, 1), 0.0).sum(axis=1), np.count_nonzero(all_, axis=1)


def votes(signal: str, entities: tuple[Entity, ...] | list[Entity], settings: Judging) -> Votes:
    """One vote for each country; where a feed covers only few, one for each network that it counts routes of.

    Routes are counted by the same peers for every network, so that even the networks of a single country show a lost
    peer.  Traffic and probes of one country have nothing in common but the country: they have no vote, and neither
    have regions, which are its parts.

    Examples
    --------
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(6)]
    >>> len(votes("bgp.routeviews", networks, Judging()).rows), len(votes("traffic.radar", networks, Judging()).rows)
    (6, 0)
    """
    homes = {e.country for e in entities if e.country and e.type != "service"}
    if len(homes) >= settings.common_voters:
        place = {home: i for i, home in enumerate(sorted(homes))}
        own = sorted((place[e.country], i) for i, e in enumerate(entities) if e.country and e.type != "service")
        voter, rows = np.array(own, np.intp).T
        return Votes(rows, voter, len(homes), countries=True, home=voter)
    networks = [i for i, e in enumerate(entities) if e.type == "asn"] if kind_of(signal) == ROUTES else []
    place = {home: i for i, home in enumerate(sorted({entities[i].country for i in networks} - {""}))}
    home = np.array([place.get(entities[i].country, -1) for i in networks], np.intp)
    return Votes(np.array(networks, np.intp), np.arange(len(networks)), len(networks), countries=False, home=home)


def votes_at(signal: str, entities: list[Entity], settings: Judging, begun: np.ndarray, at: int) -> tuple[Votes, int]:
    """Who votes at a bin of a frame, and at which one others may: of entities that have ``begun (n,)`` at these bins.

    Whoever comes later in a frame changes nothing before: what is common does not hang on how long frames are.  Once
    countries vote, one that is not there yet is one that is not observed.

    Examples
    --------
    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(6)] + [Entity("country", c, c) for c in "ABCDE"]
    >>> at = [votes_at("bgp.ris", networks, Judging(), np.arange(11), at) for at in (4, 8, 9)]
    >>> [(len(who.rows), who.countries, until < 11 and until) for who, until in at]
    [(5, False, 5), (6, False, 9), (11, True, False)]
    """
    if not (later := begun[begun > at]).size:
        return votes(signal, entities, settings), NEVER_AGAIN
    met = [entity if begun[i] <= at else NOBODY for i, entity in enumerate(entities)]
    who = votes(signal, met, settings)
    return (votes(signal, entities, settings), NEVER_AGAIN) if who.countries else (who, int(later.min()))


def before_first(health: np.ndarray) -> np.ndarray:
    """How many bins ``(n,)`` come before a series' first, of ``health (t, n)`` that is NaN before it."""
    return np.asarray(np.isnan(health).cumprod(axis=0).sum(axis=0))


def votable(who: Votes, settings: Judging) -> bool:
    """Whether a feed's series have votes enough for anything to be common to them: of fewer nothing is known."""
    return bool(settings.common_most) and who.number >= settings.common_voters


def common_mode(x: np.ndarray, verdict: Verdict, who: Votes, settings: Judging) -> float:
    """What a feed's series have in common in one bin: a shift as a logarithm [-], 0 where they have nothing.

    It is the weighted median of ``log(x / expected)``, if it is no larger than ``settings.common_most``, stands out of
    the noise, and if the share ``settings.common_share`` of all votes moved to the same side and about as far.

    Parameters
    ----------
    x
        ``(n,) float64``, NaN = not observed: has no vote in this bin.
    verdict
        What the detector says of x, arrays ``(n,)``.

    Examples
    --------
    Ten networks; a peer is lost that carried a twentieth of each, and then one network alone goes down:

    >>> networks = [Entity("asn", f"AS{i}", "GB") for i in range(10)]
    >>> who, full = votes("bgp.routeviews", networks, Judging()), np.full(10, 100.0)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 0.2, np.ones(10, np.int8), np.ones(10, bool))
    >>> lost_peer, one_down = full * 0.95, np.where(np.arange(10) == 3, 0.0, full)
    >>> round(float(np.exp(common_mode(lost_peer, judged(lost_peer), who, Judging()))), 3)
    0.95
    >>> [common_mode(x, judged(x), who, Judging()) for x in (one_down, full * 0.5)]
    [0.0, 0.0]
    """
    expected, score = verdict.expected[who.rows], verdict.score[who.rows]
    with np.errstate(all="ignore"):
        share = x[who.rows] / expected
        known = np.isfinite(score) & np.isfinite(share)
        share, score, count = share[known], score[known], who.counts(known)
    voters = who.voting(known)
    if voters < settings.common_voters or not _one_side(share, count, settings.common_share * voters):
        return 0.0
    with np.errstate(all="ignore"):
        moved = np.log(share)
        noise = np.where(score == 0, 0.0, np.abs((share - 1) / score))
    middle = _middle(moved, count)
    error = MEDIAN_ERROR * _middle(noise, count) / np.sqrt(voters)
    if not max(settings.common_least, settings.common_clear * error) <= abs(middle) <= settings.common_most:
        return 0.0
    far = np.maximum(abs(middle) / 2, 2 * np.minimum(noise, abs(middle)))
    alike = (np.sign(moved) == np.sign(middle)) & (np.abs(moved - middle) <= far)
    return float(middle) if count[alike].sum() >= settings.common_share * voters * (1 - 1e-9) else 0.0


def broken(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, already: bool, who: Votes, settings: Judging
) -> float:  # fmt: skip
    """At which share of its level a feed's series stand in a bin of which nothing can be said, 1 where it can.

    Of all countries that were not low before, those of ``settings.common_share`` moved by more than
    ``settings.common_most``, and as far as each other, the fewer they are the more exactly; where only networks are
    counted, those of `APART` countries at least, each of which has one vote.  What is larger than a lost peer is not
    divided out: a feed that is halved is not halved alike everywhere, and the rest would be somebody's outage.

    Parameters
    ----------
    calm
        ``(n,) bool``: which series were not low when they were last judged.
    already
        Whether the bin before was such a one: then they stay alike within twice as much.

    Examples
    --------
    Seven countries: half of all is gone, then all, and then only that of three:

    >>> countries = [Entity("country", code, code) for code in ("BR", "DE", "IN", "KE", "PK", "US", "ZA")]
    >>> who, full, calm = votes("traffic.radar", countries, Judging()), np.full(7, 100.0), np.ones(7, bool)
    >>> def judged(x):
    ...     return Verdict(full, full, full, (x - full) / 3.0, np.ones(7, np.int8), np.ones(7, bool))
    >>> bins = full * 0.5, full * 0.0, np.where(np.arange(7) < 3, 0.0, full)
    >>> [broken(x, judged(x), calm, False, who, Judging()) for x in bins]
    [0.5, 0.0, 1.0]
    """
    if not (who.apart and votable(who, settings)):
        return 1.0
    who, least = (who, settings.common_voters) if who.countries else (who.by_country(), APART)
    expected, score = verdict.expected[who.rows], verdict.score[who.rows]
    with np.errstate(all="ignore"):
        share = x[who.rows] / expected
        known = np.isfinite(score) & np.isfinite(share) & verdict.settled[who.rows] & calm[who.rows]
        share, score, counts, voters = share[known], score[known], who.counts(known), who.voting(known)
        needed = settings.common_share * voters
        if voters < least or not _one_side(share, counts, needed):
            return 1.0
        middle = _middle(share, counts)
        if abs(np.log(middle)) <= settings.common_most or not (middle or who.countries):
            return 1.0
        noise = np.where(score == 0, 0.0, np.abs((share - 1) / score))
    gap = abs(middle - 1)
    if gap < settings.common_clear * MEDIAN_ERROR * _middle(noise, counts) / np.sqrt(voters):
        return 1.0
    if already:
        far = np.full(len(share), gap / 2)
    elif not who.countries:  # no cable takes about the same of every network of several countries
        far = np.full(len(share), min(gap, middle) / 4)
    elif voters >= MANY:
        far = np.clip(SPREAD * noise, gap / 4, gap / 2)
    else:
        far = np.clip(SPREAD * noise * np.maximum(share, middle), EXACTLY, gap / 4)
    alike = np.abs(share - middle) <= far
    # of a country with few networks these may be alike by chance: most of all are, too
    if not who.countries and alike.mean() < settings.common_share:
        return 1.0
    return middle if counts[alike].sum() >= needed * (1 - 1e-9) else 1.0


def may_have_moved(x: np.ndarray, verdict: Verdict, who: Votes, settings: Judging) -> np.ndarray:
    """In which bins ``(t,) bool`` so many votes are on one side that `common_mode` or `broken` may find something.

    x and the verdict's arrays are ``(t, n)``.
    """
    if not votable(who, settings):
        return np.zeros(len(x), bool)
    with np.errstate(all="ignore"):
        share = x[:, who.rows] / verdict.expected[:, who.rows]
        known = np.isfinite(verdict.score[:, who.rows]) & np.isfinite(share)
        (below, voters), (above, _) = who.share(share < 1, known), who.share(share > 1, known)
    return (voters >= settings.common_voters) & (
        np.maximum(below, above) >= settings.common_share * voters * (1 - 1e-6)
    )


def _one_side(share: np.ndarray, counts: np.ndarray, votes: float) -> bool:
    """Whether so many votes moved to one side, however far: mostly not, and then nothing more is asked."""
    least = votes * (1 - 1e-9)  # sums in another order differ by less
    return bool(counts[share < 1].sum() >= least or counts[share > 1].sum() >= least)


def _middle(values: np.ndarray, counts: np.ndarray) -> float:
    """The weighted median."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def without(x: np.ndarray, shift: float) -> np.ndarray:
    """x ``(n,)`` with a common shift (a logarithm) divided out; counts stay whole, as noise models want them.

    Examples
    --------
    >>> without(np.array([95.0, 0.0, np.nan, 47.5]), np.log(0.95)).round(1).tolist()
    [100.0, 0.0, nan, 50.0]
    """
    if not shift:
        return x
    own = x * np.exp(-shift)
    return np.where(x == np.rint(x), np.rint(own), own)


def shifted(verdict: Verdict, shift: float) -> Verdict:
    """What was expected of a feed that is whole, as this feed shows it."""
    if not shift:
        return verdict
    seen = np.exp(shift)
    return verdict._replace(expected=verdict.expected * seen, lower=verdict.lower * seen, upper=verdict.upper * seen)
